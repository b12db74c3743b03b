package sinks

import (
	"context"
	"path"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// bucketPublication is one run's way into a place in an object store.
type bucketPublication struct {
	sink      *bucketSink
	objects   *objects
	key       pipeline.RunKey
	lease     *lease // nil once the date was freed
	base      head   // of the date's log when the run began: what it commits must follow that
	receipts  []pipeline.Receipt
	md5       map[string]string // of the staged files, in hex, by the path they get
	hasCopied bool              // some files may be where readers look
}

// Stage uploads one table under the run's staging prefix.
func (p *bucketPublication) Stage(ctx context.Context, t table.Schema, next func() (arrow.Record, error)) (pipeline.Receipt, error) {
	if p.lease == nil {
		return pipeline.Receipt{}, ended(p.key)
	}
	if err := checkNew(p.receipts, t); err != nil {
		return pipeline.Receipt{}, err
	}
	prefix := &partPrefix{ctx: ctx, objects: p.objects, run: p.key, table: t.Name, lease: p.lease}
	r, err := newTableWriter(prefix, t, p.sink.cut).write(ctx, p.key.Workers, next)
	if err != nil {
		_ = p.objects.removeAll(context.WithoutCancel(ctx), path.Join(stagingDir, p.key.RunID, t.Name)+"/") // or Discard does
		return pipeline.Receipt{}, stageError(t.Name, err)
	}
	for i := range r.Files {
		r.Files[i].Path = partitionKey(t.Name, p.key.AsOf) + r.Files[i].Path
		p.md5[r.Files[i].Path] = prefix.md5[i]
	}
	p.receipts = append(p.receipts, r)
	return r, nil
}

// Publish makes the staged tables visible and frees the date, also when it fails.
// Before its entry is in the date's log a failure removes what was staged; after
// it the context counts no more and a failure leaves the rest to the next run of
// the date. Where the store's answer to the entry was lost for good, nobody knows
// which, so everything is left to the next run.
func (p *bucketPublication) Publish(ctx context.Context, j pipeline.Journal) error {
	if p.lease == nil {
		return ended(p.key)
	}
	j = journalOf(p.key, j, p.receipts)
	lasting := context.WithoutCancel(ctx)
	if err := p.copyStaged(ctx, j); err != nil {
		_ = p.discard(lasting) // or the next run of the date
		return inStage("publish", "", err)
	}
	err := p.commit(lasting, j)
	p.end(lasting)
	return inStage("publish", "", err)
}

// copyStaged puts the staged files under their names, which are those of their
// content: nobody's rows are replaced by others. The journal has none of them yet.
func (p *bucketPublication) copyStaged(ctx context.Context, j pipeline.Journal) error {
	if err := p.sink.checkOwner(ctx, j.Job); err != nil {
		return err
	}
	for _, r := range j.Tables {
		for i, f := range r.Files {
			if err := p.place(ctx, stagedPart(p.key, r.Table, i), f); err != nil {
				return inStage("publish", r.Table, err)
			}
		}
	}
	return p.lease.check(ctx)
}

// place copies one file, while the date is still the run's: beside a run that has
// taken over, its tables would get files of this one.
func (p *bucketPublication) place(ctx context.Context, staged string, f pipeline.File) error {
	if err := p.lease.check(ctx); err != nil {
		return err
	}
	p.hasCopied = true
	at, err := p.objects.place(ctx, staged, f, p.md5[f.Path])
	if err != nil {
		return p.lease.blamed(ctx, err)
	}
	return p.lease.renew(ctx, at)
}

// commit writes the entry that decides, then does what follows from it.
func (p *bucketPublication) commit(ctx context.Context, j pipeline.Journal) error {
	h, won, err := p.objects.append(ctx, p.key.AsOf, p.base, entry{
		RunID: p.key.RunID, Journal: &j, MD5: p.md5, Tables: dropped(p.base.Journal, j.Tables),
	})
	if err == nil && !won {
		err = superseded(p.objects, p.key.AsOf)
	}
	if err != nil {
		if pipeline.ClassOf(err) != pipeline.ClassTemporary { // refused, so it is not there
			_ = p.discard(ctx) // or the next run of the date
		}
		return err
	}
	if err := p.sink.finish(ctx, p.objects, p.key.AsOf, h); err != nil {
		return err
	}
	// The date is published and whole. If something staged cannot be removed,
	// the next run will.
	_ = p.removeStaged(ctx)
	return nil
}

// Discard removes what was staged and frees the date. A context that has ended
// does not keep it from cleaning up.
func (p *bucketPublication) Discard(ctx context.Context) error {
	if p.lease == nil {
		return nil
	}
	return inStage("discard", "", p.discard(context.WithoutCancel(ctx)))
}

// discard removes what was copied already, then what was staged, and frees the date.
func (p *bucketPublication) discard(ctx context.Context) error {
	defer p.end(ctx)
	if p.hasCopied {
		if err := p.removeCopied(ctx); err != nil {
			return err // what is staged tells the next run that there is more
		}
	}
	return p.removeStaged(ctx)
}

// removeCopied removes files that are where readers look and in no journal, but
// only holding the date, and behind a fence: equal rows have equal names, and
// another run may count on them. While another holds the date it is for that run
// to do, when it publishes.
func (p *bucketPublication) removeCopied(ctx context.Context) error {
	l, err := p.sink.claim(ctx, p.objects, p.key.AsOf, p.key.RunID)
	if pipeline.ClassOf(err) == pipeline.ClassBusy {
		return nil
	}
	if err != nil {
		return err
	}
	p.lease = l
	h, err := p.objects.newest(ctx, p.key.AsOf)
	if err != nil {
		return err
	}
	if h, err = p.sink.fence(ctx, p.objects, l, h, tablesOf(p.receipts)); err != nil {
		return err
	}
	return p.sink.finish(ctx, p.objects, p.key.AsOf, h)
}

func (p *bucketPublication) removeStaged(ctx context.Context) error {
	return p.objects.removeAll(ctx, path.Join(stagingDir, p.key.RunID)+"/")
}

// end frees the date; a lease that cannot be removed expires.
func (p *bucketPublication) end(ctx context.Context) {
	if p.lease != nil {
		_ = p.lease.free(ctx)
		p.lease = nil
	}
}
