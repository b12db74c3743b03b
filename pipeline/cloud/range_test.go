package cloud

import (
	"io"
	"strings"
	"testing"
)

// closing is a body that says its end only when it is asked again, as one over
// HTTP/2 does, and remembers that it was closed.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error {
	c.closed = true
	return nil
}

func TestBytesThatAreReadLeaveNoBodyOpen(t *testing.T) {
	content := &closing{Reader: strings.NewReader("abc")}
	r := &Range{left: 3, body: newBody(t.Context())}
	r.body.content = content
	if n, err := r.Read(t.Context(), nil); n != 0 || err != nil {
		t.Errorf("no bytes: got %d, %v", n, err)
	}
	if n, err := r.Read(t.Context(), make([]byte, 8)); n != 3 || err != nil {
		t.Errorf("the bytes: got %d, %v", n, err)
	}
	if n, err := r.Read(t.Context(), make([]byte, 8)); n != 0 || err != io.EOF {
		t.Errorf("the end: got %d, %v", n, err)
	}
	if !content.closed {
		t.Error("the body is open")
	}
}
