package pipeline

import (
	"context"

	"github.com/zeebo/xxh3"
)

// runWriter writes runs of bytes to a file one after the other, in large
// pieces, with the checksum of each run.
type runWriter struct {
	file  *spillFile
	at    int64  // where piece goes
	piece []byte // not yet written
	hash  xxh3.Hasher
}

// pieceBytes is how much is written at once: enough that a disk need not seek
// between the pieces of several workers.
const pieceBytes = 1 << 20

// writerAt returns a writer from an offset on.
func (f *spillFile) writerAt(at int64) *runWriter {
	w, ok := f.space.writers.Get().(*runWriter)
	if !ok {
		w = &runWriter{piece: make([]byte, 0, pieceBytes)}
	}
	w.file, w.at, w.piece = f, at, w.piece[:0]
	w.hash.Reset()
	return w
}

// end writes what is not yet written. The writer is of no use any more.
func (w *runWriter) end(ctx context.Context) error {
	err := w.flush(ctx)
	w.file.space.writers.Put(w)
	return err
}

// next begins a run and returns where.
func (w *runWriter) next() int64 {
	w.hash.Reset()
	return w.at + int64(len(w.piece))
}

// sum returns the checksum of the run since next.
func (w *runWriter) sum() uint64 { return w.hash.Sum64() }

// add adds bytes to the run.
func (w *runWriter) add(ctx context.Context, p []byte) error {
	if len(p) == 0 {
		return nil
	}
	_, _ = w.hash.Write(p) // never fails
	for len(p) > 0 {
		n := min(len(p), pieceBytes-len(w.piece))
		w.piece = append(w.piece, p[:n]...)
		p = p[n:]
		if len(w.piece) == pieceBytes {
			if err := w.flush(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush writes what is not yet written.
func (w *runWriter) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := w.file.write(w.piece, w.at)
	w.at += int64(len(w.piece))
	w.piece = w.piece[:0]
	return err
}
