package pipeline

import (
	"context"
)

// Shelf keeps one blob for each index below n, in memory or in a file: what is
// computed of a shard in one pass and read in the next ones. Any goroutine puts
// a blob once; when it is there, any may read it, any number of times.
type Shelf struct {
	space *Space
	blobs []blob
	file  lateFile
}

// blob is in memory, or in the file from an offset on.
type blob struct {
	isPut bool
	bytes []byte
	from  int64
	to    int64
	sum   uint64
}

// NewShelf returns a shelf for n blobs.
func NewShelf(space *Space, n int) *Shelf {
	return &Shelf{space: space, blobs: make([]blob, n), file: lateFile{space: space}}
}

// Put copies the parts, one after the other, as the blob of index i.
func (s *Shelf) Put(ctx context.Context, i int, parts ...[]byte) error {
	if s.blobs[i].isPut {
		panic("pipeline: a blob is put twice")
	}
	var size int
	for _, p := range parts {
		size += len(p)
	}
	b := blob{isPut: true}
	if bytes, ok := s.space.acquire(size); ok {
		b.bytes = bytes[:0]
		for _, p := range parts {
			b.bytes = append(b.bytes, p...)
		}
	} else if err := s.write(ctx, &b, size, parts); err != nil {
		return err
	}
	s.blobs[i] = b
	return nil
}

// write writes the parts to the shelf's file.
func (s *Shelf) write(ctx context.Context, b *blob, size int, parts [][]byte) error {
	file, err := s.file.get()
	if err != nil {
		return err
	}
	if b.from, err = file.reserve(int64(size)); err != nil {
		return err
	}
	b.to = b.from + int64(size)
	w := file.writerAt(b.from)
	for _, p := range parts {
		if err := w.add(ctx, p); err != nil {
			return err
		}
	}
	b.sum = w.sum()
	return w.end(ctx)
}

// Get returns the blob of index i, in the memory of into as far as it
// suffices. It panics where none was put.
func (s *Shelf) Get(ctx context.Context, i int, into []byte) ([]byte, error) {
	b := &s.blobs[i]
	if !b.isPut {
		panic("pipeline: a blob is got that was not put")
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if b.to == b.from {
		return append(into[:0], b.bytes...), nil
	}
	return s.file.made().appendRun(into[:0], b.from, b.to, b.sum)
}

// Close gives back the memory and the file. Nobody may be using the shelf.
func (s *Shelf) Close() {
	for _, b := range s.blobs {
		s.space.drop(b.bytes)
	}
	s.blobs = nil
	s.file.close()
}
