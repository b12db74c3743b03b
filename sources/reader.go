package sources

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/perennial-clv/perennial/pipeline"
)

// batches delivers the batches of one format.
type batches interface {
	next(ctx context.Context) (pipeline.Batch, error) // io.EOF after the last
	leave() error                                     // frees what is open; may be called twice
}

// isEnded reports whether an error is that of a context which has ended.
func isEnded(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// reader is a pipeline.Reader of any format: it closes early and twice, and
// stays closed after an error.
type reader struct {
	batches
	closed bool
}

// errClosed says that a reader was used after Close, or after its error.
var errClosed = errors.New("sources: reader used after Close or after an error")

// Next implements pipeline.Reader.
func (r *reader) Next(ctx context.Context) (pipeline.Batch, error) {
	if r.closed {
		return pipeline.Batch{}, errClosed
	}
	batch, err := r.next(ctx)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err() // whatever else came of it
	}
	if err != nil && err != io.EOF {
		// The error says what went wrong; that closing failed as well adds nothing.
		_ = r.Close()
	}
	return batch, err
}

// Close implements pipeline.Reader.
func (r *reader) Close() error {
	r.closed = true
	return r.leave()
}

// queue deals units of work, as row groups or streams, to the readers of one
// Open: whoever is free takes the next, so that a large one does not leave the
// others waiting. Readers on different goroutines share it.
type queue struct {
	units int
	taken atomic.Int64
}

// take returns the index of the next unit, and false if there is none left.
func (q *queue) take() (int, bool) {
	i := int(q.taken.Add(1)) - 1
	return i, i < q.units
}
