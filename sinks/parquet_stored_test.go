package sinks

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// A stored frame is read as any other: of nothing, of one block to its last
// byte, of several. It is longer than its content by nine bytes and three a
// block.
func TestStoredFramesAreZstd(t *testing.T) {
	reader, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	random := rand.NewChaCha8([32]byte{})
	for _, n := range []int{0, 1, 1000, mostOfBlock - 1, mostOfBlock, mostOfBlock + 1, 3*mostOfBlock + 7} {
		content := make([]byte, n)
		random.Read(content)
		frame := appendStored([]byte("before"), content)[len("before"):]
		if blocks := max(1, (n+mostOfBlock-1)/mostOfBlock); len(frame) != n+9+3*blocks {
			t.Errorf("%d bytes are a frame of %d", n, len(frame))
		}
		if got, err := reader.DecodeAll(frame, nil); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes: read %d, %v", n, len(got), err)
		}
	}
}
