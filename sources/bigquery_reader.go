package sources

import (
	"context"
	"io"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/perennial-clv/perennial/pipeline"
)

// bigQueryReader delivers whole streams, one after the other.
type bigQueryReader struct {
	*bigQueryRead
	part   int
	stream *bigQueryStream // nil between streams

	rest   arrow.Record     // of the last answer; nil if all of it has been delivered
	faults []pipeline.Fault // of rest, all of whose rows they count
	cut    int64            // rows of rest that have been delivered
	row    int64            // rows of the stream that have been delivered
	closed bool
}

// leave frees what the reader holds.
func (r *bigQueryReader) leave() error {
	if r.closed {
		return nil
	}
	r.closed = true
	r.drop()
	if r.stream != nil {
		r.stream.hangUp()
	}
	return r.readerClosed()
}

// next returns the next batch of the current stream, or else of those after it.
func (r *bigQueryReader) next(ctx context.Context) (pipeline.Batch, error) {
	for {
		if err := ctx.Err(); err != nil {
			return pipeline.Batch{}, err
		}
		if r.rest != nil {
			return r.deliver(), nil
		}
		if r.stream == nil && !r.enter() {
			return pipeline.Batch{}, io.EOF
		}
		if err := r.receive(ctx); err != nil {
			return pipeline.Batch{}, err
		}
	}
}

// enter begins the next stream; false if there is none left.
func (r *bigQueryReader) enter() bool {
	unit, ok := r.work.take()
	if ok {
		r.part, r.row = unit, 0
		r.stream = &bigQueryStream{read: r.bigQueryRead, name: r.streams[unit], origin: r.origin(unit)}
	}
	return ok
}

// receive gets the next rows of the stream, or ends it.
func (r *bigQueryReader) receive(ctx context.Context) error {
	came, err := r.stream.next(ctx)
	if err == io.EOF {
		r.stream = nil
		return r.streamEnded(r.row)
	}
	if err != nil {
		return err
	}
	r.rest, r.faults = r.take(came)
	r.cut = 0
	came.Release()
	return nil
}

// deliver returns as many of the rows at hand as a batch may have.
func (r *bigQueryReader) deliver() pipeline.Batch {
	end := min(r.cut+int64(r.batch), r.rest.NumRows())
	n := end - r.cut
	batch := pipeline.Batch{
		Record: r.rest.NewSlice(r.cut, end), Origin: r.stream.origin, Part: r.part, FirstRow: r.row + 1,
		Faults: faultsWithin(r.faults, int(r.cut), int(end)), Bytes: r.bytesBefore(r.row+n) - r.bytesBefore(r.row),
	}
	r.cut, r.row = end, r.row+n
	if end == r.rest.NumRows() {
		r.drop()
	}
	return batch
}

// faultsWithin returns the faults of rows from one up to another, counted from
// the first of them.
func faultsWithin(faults []pipeline.Fault, from, to int) []pipeline.Fault {
	var within []pipeline.Fault
	for _, f := range faults {
		if f.Index >= from && f.Index < to {
			f.Index -= from
			within = append(within, f)
		}
	}
	return slices.Clip(within)
}

// drop lets go of the rows at hand.
func (r *bigQueryReader) drop() {
	if r.rest != nil {
		r.rest.Release()
		r.rest, r.faults = nil, nil
	}
}
