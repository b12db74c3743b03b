package sources

import (
	"context"
	"io"
	"slices"

	"github.com/perennial-clv/perennial/pipeline/cloud"
)

const (
	// firstBytes is how much is read of an object to begin with: the header of most
	// text files and nothing that would be thrown away.
	firstBytes = 64 << 10

	// looseBytes is how much is read at a place that nothing was planned for.
	looseBytes = 64 << 10
)

// within holds the context of the call that is being served. What reads bytes is
// an io.Reader, which has none among its arguments.
type within struct{ ctx context.Context }

// openObject is an open object: a stream, and bytes at any place.
type openObject struct {
	*object
	*within
	path      string
	stream    *cloud.Range // what Read reads next; nil before and after
	read      int64        // bytes that Read has read
	failed    error        // what Read has failed with; there is no reading on
	stretches []*stretch
	loose     stretch  // of what is in no other
	spare     [][]byte // memory of stretches that are past
}

// stretch is bytes of an object that are read one after the other, in requests of
// so many.
type stretch struct {
	from, to int64
	request  int64
	at       int64  // the place of held
	held     []byte // what has been read last
}

func (o *object) open(w *within, path string) *openObject {
	return &openObject{object: o, within: w, path: path, loose: stretch{to: o.version.Size, request: looseBytes}}
}

// Read implements io.Reader: the first bytes by a request of their own, since
// whoever looks at a header wants no more, and all others by one.
func (o *openObject) Read(p []byte) (int, error) {
	for {
		if o.failed != nil {
			return 0, o.failed
		}
		if o.stream == nil {
			left := o.version.Size - o.read
			if left == 0 {
				return 0, io.EOF
			}
			if o.read == 0 {
				left = min(left, firstBytes)
			}
			o.stream = o.version.Range(o.bucket, o.patience, o.read, left)
		}
		n, err := o.stream.Read(o.ctx, p)
		o.read += int64(n)
		if err == io.EOF {
			o.stream = nil
			continue
		}
		if err != nil && o.ctx.Err() == nil {
			o.failed = objectError(o.path, err)
			err = o.failed
		}
		return n, err
	}
}

// plan says which bytes ReadAt will be asked for, each stretch from its beginning
// to its end. It replaces the plan before, but for the stretches of both.
func (o *openObject) plan(stretches ...*stretch) {
	for _, s := range o.stretches {
		if !slices.Contains(stretches, s) {
			o.spare = append(o.spare, s.held[:0])
		}
	}
	o.stretches = stretches
}

// ReadAt implements io.ReaderAt.
func (o *openObject) ReadAt(p []byte, offset int64) (int, error) {
	n := 0
	for n < len(p) {
		if offset+int64(n) >= o.version.Size {
			return n, io.EOF
		}
		held, err := o.heldFrom(offset + int64(n))
		if err != nil {
			return n, objectError(o.path, err)
		}
		n += copy(p[n:], held)
	}
	return n, nil
}

// heldFrom returns bytes of the object from a place on, at least one: those that
// are held, or those of the next request.
func (o *openObject) heldFrom(place int64) ([]byte, error) {
	in := &o.loose
	for _, s := range o.stretches {
		if held := s.heldFrom(place); held != nil {
			return held, nil
		}
		if s.from <= place && place < s.to {
			in = s
		}
	}
	if held := in.heldFrom(place); held != nil {
		return held, nil
	}
	if err := o.fetch(in, place); err != nil {
		return nil, err
	}
	return in.held, nil
}

func (s *stretch) heldFrom(place int64) []byte {
	if i := place - s.at; i >= 0 && i < int64(len(s.held)) {
		return s.held[i:]
	}
	return nil
}

// fetch reads the next bytes of a stretch.
func (o *openObject) fetch(s *stretch, place int64) error {
	length := min(s.request, s.to-place)
	buffer := o.memory(s.held[:0], length)
	s.held, s.at = nil, place
	r := o.version.Range(o.bucket, o.patience, place, length)
	defer r.Close()
	if err := r.ReadFull(o.ctx, buffer); err != nil {
		return err
	}
	s.held = buffer
	return nil
}

// memory returns so many bytes: of own, if that has room, else of stretches that are
// past.
func (o *openObject) memory(own []byte, length int64) []byte {
	if int64(cap(own)) >= length {
		return own[:length]
	}
	for i, spare := range o.spare {
		if int64(cap(spare)) >= length {
			o.spare = append(o.spare[:i], o.spare[i+1:]...)
			return spare[:length]
		}
	}
	if len(o.spare) > 0 {
		o.spare = o.spare[1:] // what is made takes its place: there are never more than were needed at once
	}
	return make([]byte, length)
}

// Close implements io.Closer.
func (o *openObject) Close() error {
	if o.stream != nil {
		o.stream.Close()
		o.stream = nil
	}
	o.plan()
	return nil
}
