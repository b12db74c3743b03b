package sinks

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// bigQueryPublication is one run's way into the dataset.
type bigQueryPublication struct {
	sink      *bigQuerySink
	warehouse *warehouse
	key       pipeline.RunKey
	number    int64     // of the run among those of its date
	expiry    time.Time // of what it stages
	stop      func()    // ends the renewal of the claim; nil once the date was freed
	tables    []table.Schema
	receipts  []pipeline.Receipt
}

// Publish makes the staged tables visible and frees the date, also when it
// fails. Before its row of _runs is publishing a failure removes what was staged;
// after it, the context counts no more and a failure leaves the rest to the
// next run of the date.
func (p *bigQueryPublication) Publish(ctx context.Context, j pipeline.Journal) error {
	if p.stop == nil {
		return ended(p.key)
	}
	j.Job, j.AsOf, j.RunID = p.key.Job, p.key.AsOf, p.key.RunID
	j.Tables = slices.SortedFunc(slices.Values(p.receipts), func(a, b pipeline.Receipt) int { return cmp.Compare(a.Table, b.Table) })
	pend, err := p.commit(ctx, j)
	if err != nil {
		p.release(ctx)
		return inStage("publish", "", err)
	}
	ctx = context.WithoutCancel(ctx)
	w := p.warehouse
	err = w.finish(ctx, *pend)
	p.stop()
	p.stop = nil
	if err != nil {
		// The next run need not wait until the claim expires.
		_ = w.renew(ctx, p.key.RunID, 0)
		return inStage("publish", "", err)
	}
	// The date is published and whole. Views that look back too far cost more
	// and are right; what stays staged the next run of the date removes.
	_ = w.advanceViews(ctx, tablesOf(j.Tables))
	_ = w.removeStaged(ctx, p.key.AsOf, p.key.RunID)
	return nil
}

// commit decides the publication: it prepares every table, refusing before it
// changes any, and writes into _runs what is needed to finish.
func (p *bigQueryPublication) commit(ctx context.Context, j pipeline.Journal) (*pending, error) {
	w := p.warehouse
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := w.checkOwner(ctx, j.Job); err != nil {
		return nil, err
	}
	rows, err := w.runsOf(ctx, j.AsOf)
	if err != nil {
		return nil, err
	}
	if _, err := w.holder(rows, p.key); err != nil {
		return nil, err
	}
	if err := p.prepareTables(ctx); err != nil {
		return nil, err
	}
	pend := pending{Journal: j, Dropped: droppedBy(rows, j.Tables)}
	failure := w.commit(ctx, pend)
	if rows, err = w.runsOf(context.WithoutCancel(ctx), j.AsOf); err != nil {
		return nil, cmp.Or(failure, err)
	}
	for _, row := range rows {
		if row.runID == j.RunID && row.state != stateClaimed {
			return &pend, nil // also where the answer was lost, or another run has finished it meanwhile
		}
	}
	if failure != nil {
		return nil, failure
	}
	return nil, w.lost(p.key)
}

// prepareTables looks at all tables before it changes any.
func (p *bigQueryPublication) prepareTables(ctx context.Context) error {
	for _, t := range p.tables {
		if _, _, err := p.warehouse.design(ctx, t); err != nil {
			return inStage("publish", t.Name, err)
		}
	}
	for _, t := range p.tables {
		if _, err := p.warehouse.prepareTable(ctx, t); err != nil {
			return inStage("publish", t.Name, err)
		}
		if err := p.warehouse.prepareView(ctx, t); err != nil {
			return inStage("publish", t.Name, err)
		}
	}
	return nil
}

// droppedBy returns, in order, the tables of a date that its runs before have
// and a new one lacks.
func droppedBy(rows []runRow, tables []pipeline.Receipt) []string {
	var all []string
	for _, row := range rows {
		all = append(all, dropped(row.journal, tables)...)
		if row.pending != nil {
			all = append(all, dropped(&row.pending.Journal, tables)...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Discard removes what was staged and frees the date. A context that has
// ended does not keep it from cleaning up.
func (p *bigQueryPublication) Discard(ctx context.Context) error {
	if p.stop == nil {
		return nil
	}
	return inStage("discard", "", p.release(ctx))
}

// release gives the date back and removes what was staged: first the row, so
// that the run cannot be published any more. One that is, after all, behind its
// point of no return keeps what it has staged.
func (p *bigQueryPublication) release(ctx context.Context) error {
	p.stop()
	p.stop = nil
	const limit = 5 * time.Minute
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	w := p.warehouse
	if err := w.forget(ctx, p.key.AsOf, p.number); err != nil {
		return err
	}
	rows, err := w.runsOf(ctx, p.key.AsOf)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(rows, func(r runRow) bool { return r.runID == p.key.RunID }) {
		return w.renew(ctx, p.key.RunID, 0)
	}
	return w.removeStaged(ctx, p.key.AsOf, p.key.RunID)
}
