package sources

import (
	"context"
	"errors"
	"io"

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
