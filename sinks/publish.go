package sinks

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// publication is one run's way into the sink's folder.
type publication struct {
	sink     *parquetSink
	key      pipeline.RunKey
	claim    *claim // nil once the date was freed
	dir      string // the run's staging folder
	receipts []pipeline.Receipt
}

// Stage writes one table into the staging folder and reads its files back.
// What a failed Stage has written is removed at once, for the disk may be full.
func (p *publication) Stage(ctx context.Context, t table.Schema, next func() (arrow.Record, error)) (pipeline.Receipt, error) {
	if p.claim == nil {
		return pipeline.Receipt{}, ended(p.key)
	}
	if err := checkNew(p.receipts, t); err != nil {
		return pipeline.Receipt{}, err
	}
	r, err := p.stage(ctx, t, next)
	if err != nil {
		p.sink.disk.removeAll(filepath.Join(p.dir, t.Name))
		return pipeline.Receipt{}, stageError(t.Name, err)
	}
	p.receipts = append(p.receipts, r)
	return r, nil
}

// checkNew refuses a table that cannot be stored, or that is staged already.
func checkNew(staged []pipeline.Receipt, t table.Schema) error {
	if err := checkTable(t); err != nil {
		return err
	}
	if slices.ContainsFunc(staged, func(r pipeline.Receipt) bool { return r.Table == t.Name }) {
		return pipeline.Errorf(pipeline.ClassInternal, "", "", "table %s is staged twice", t.Name)
	}
	return nil
}

// stageError returns an error of next as it is, any other with its table.
func stageError(table string, err error) error {
	if foreign, ok := errors.AsType[nextError](err); ok {
		return foreign.error
	}
	return inStage("stage", table, err)
}

// stage writes the parts of a table and makes them durable.
func (p *publication) stage(ctx context.Context, t table.Schema, next func() (arrow.Record, error)) (pipeline.Receipt, error) {
	d := p.sink.disk
	dir := partition(p.dir, t.Name, p.key.AsOf)
	if err := d.mkdirAll(dir); err != nil {
		return pipeline.Receipt{}, err
	}
	r, err := newTableWriter(partFolder{d, dir}, t, p.sink.cut).write(ctx, p.key.Workers, next)
	if err != nil {
		return r, err
	}
	for i := range r.Files {
		r.Files[i].Path = filepath.ToSlash(filepath.Join(partition("", t.Name, p.key.AsOf), r.Files[i].Path))
	}
	for _, dir := range []string{dir, filepath.Dir(dir), p.dir, filepath.Dir(p.dir)} {
		if err := d.syncDir(dir); err != nil {
			return r, err
		}
	}
	return r, nil
}

// Publish makes the staged tables visible and frees the date, also when it
// fails. Before publish.json is there a failure removes what was staged;
// after it, the context counts no more and a failure leaves the rest to the
// next run of the date.
func (p *publication) Publish(ctx context.Context, j pipeline.Journal) error {
	if p.claim == nil {
		return ended(p.key)
	}
	if err := p.commit(ctx, journalOf(p.key, j, p.receipts)); err != nil {
		if !exists(pendingPath(p.dir)) {
			err = cmp.Or(err, p.discard())
		}
		p.end()
		return inStage("publish", "", err)
	}
	err := p.sink.finish(p.dir)
	if err == nil {
		// The date is published and whole. If the staging folder cannot be
		// deleted, the next run will: the claim still names this one.
		p.discard()
	}
	p.end()
	return inStage("publish", "", err)
}

// journalOf completes a run's journal.
func journalOf(r pipeline.RunKey, j pipeline.Journal, staged []pipeline.Receipt) pipeline.Journal {
	j.Job, j.AsOf, j.RunID = r.Job, r.AsOf, r.RunID
	j.Tables = slices.SortedFunc(slices.Values(staged), func(a, b pipeline.Receipt) int { return cmp.Compare(a.Table, b.Table) })
	return j
}

// commit decides the publication: it writes publish.json, in which the
// journal and the superseded tables stand.
func (p *publication) commit(ctx context.Context, j pipeline.Journal) error {
	s := p.sink
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.checkOwner(ctx, j.Job); err != nil {
		return err
	}
	old, err := s.journal(j.AsOf)
	if err != nil {
		return err
	}
	pend := pending{Journal: j, Dropped: dropped(old, j.Tables)}
	for _, r := range j.Tables {
		if err := s.checkPlace(r.Table, j.AsOf); err != nil {
			return err
		}
	}
	return s.writeJSON(pendingPath(p.dir), pend)
}

// dropped returns the tables of a superseded journal that a new one lacks.
func dropped(old *pipeline.Journal, tables []pipeline.Receipt) []string {
	if old == nil {
		return nil
	}
	var names []string
	for _, r := range old.Tables {
		if !slices.ContainsFunc(tables, func(t pipeline.Receipt) bool { return t.Table == r.Table }) {
			names = append(names, r.Table)
		}
	}
	return names
}

// checkPlace refuses a table whose place is taken by what is no folder, while
// nothing is lost by refusing.
func (s *parquetSink) checkPlace(table, asOf string) error {
	live := partition(s.root, table, asOf)
	for _, path := range []string{filepath.Dir(live), live} {
		if info, err := os.Lstat(path); err == nil && !info.IsDir() {
			return pipeline.Errorf(pipeline.ClassUsage, path, "move it away; a table needs the place", "is no folder")
		}
	}
	return nil
}

// Discard removes what was staged and frees the date. A context that has
// ended does not keep it from cleaning up.
func (p *publication) Discard(context.Context) error {
	if p.claim == nil {
		return nil
	}
	err := p.discard()
	p.end()
	return inStage("discard", "", err)
}

func (p *publication) discard() error {
	if err := p.sink.disk.removeAll(p.dir); err != nil {
		return err
	}
	return p.claim.clear()
}

// end frees the date.
func (p *publication) end() {
	p.claim.free()
	p.claim = nil
}

func ended(r pipeline.RunKey) error {
	return pipeline.Errorf(pipeline.ClassInternal, "", "", "the publication of run %s has ended", r.RunID)
}
