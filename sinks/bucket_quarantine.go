package sinks

import (
	"context"
	"path"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// Keep replaces the quarantine of a date, one file in _quarantine/<as_of>/, by
// rows; without rows it removes it. The rows stay the caller's. For a moment the
// old file and the new one are there.
func (s *bucketSink) Keep(ctx context.Context, asOf string, t table.Schema, rows arrow.Record) error {
	if err := checkDate(asOf); err != nil {
		return err
	}
	if err := checkTable(t); err != nil {
		return err
	}
	o, err := s.objects(ctx)
	if err == nil {
		err = s.keep(ctx, o, asOf, t, rows)
	}
	return inStage("quarantine", t.Name, err)
}

func (s *bucketSink) keep(ctx context.Context, o *objects, asOf string, t table.Schema, rows arrow.Record) error {
	folder := quarantineDir + "/" + asOf + "/"
	kept := map[string]bool{}
	if rows.NumRows() > 0 {
		// Staged as a table of a run of that name: what a killed one leaves there
		// the next run of the date removes too.
		run := pipeline.RunKey{AsOf: asOf, RunID: "quarantine-" + asOf}
		staging := path.Join(stagingDir, run.RunID) + "/"
		if err := o.removeAll(ctx, staging); err != nil {
			return err
		}
		err := s.keepRows(ctx, o, run, folder, t, rows, kept)
		if removal := o.removeAll(context.WithoutCancel(ctx), staging); err == nil {
			err = removal
		}
		if err != nil {
			return err
		}
	}
	found, err := o.list(ctx, folder)
	if err != nil {
		return err
	}
	for _, f := range found {
		if kept[f.key] {
			continue
		}
		if err := o.remove(ctx, f.key); err != nil {
			return err
		}
	}
	return nil
}

// keepRows writes rows into a folder and notes the files in kept.
func (s *bucketSink) keepRows(ctx context.Context, o *objects, run pipeline.RunKey, folder string, t table.Schema, rows arrow.Record, kept map[string]bool) error {
	prefix := &partPrefix{ctx: ctx, objects: o, run: run, table: t.Name}
	r, err := newTableWriter(prefix, t, s.cut).write(ctx, 1, once(rows))
	if err != nil {
		return err
	}
	for i, f := range r.Files {
		f.Path = folder + f.Path
		kept[f.Path] = true
		if _, err := o.place(ctx, stagedPart(run, t.Name, i), f, prefix.md5[i]); err != nil {
			return err
		}
	}
	return nil
}
