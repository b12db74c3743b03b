package sinks

import (
	"cmp"
	"context"
	"math"
	"os"
	"path/filepath"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// Keep replaces a date of the table _quarantine by rows; without rows it clears
// it. The rows stay the caller's.
func (s *bigQuerySink) Keep(ctx context.Context, asOf string, t table.Schema, rows arrow.Record) error {
	if err := cmp.Or(checkDate(asOf), checkTable(t), checkColumns(t)); err != nil {
		return err
	}
	return inStage("quarantine", t.Name, s.keep(ctx, asOf, t, rows))
}

func (s *bigQuerySink) keep(ctx context.Context, asOf string, t table.Schema, rows arrow.Record) error {
	w, err := s.prepare(ctx)
	if err != nil {
		return err
	}
	t.Name = quarantineDir
	if rows.NumRows() == 0 {
		return w.clearQuarantine(ctx, asOf)
	}
	columns, err := w.prepareTable(ctx, t)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "perennial-quarantine-")
	if err != nil {
		return diskError("", err)
	}
	defer os.RemoveAll(dir)
	one := cut{s.cut.groupRows, math.MaxInt32} // one file, hence one job that replaces
	r, err := writeStored(ctx, dir, one, 1, w.table(w.dataset, t.Name), asOf, t, columns.Fields, once(rows))
	if err != nil {
		return err
	}
	path := filepath.Join(dir, r.Files[0].Path)
	return w.doSoon(ctx, w.loadJob(onceID("quarantine"), w.dataset, partitionOf(quarantineDir, asOf), "WRITE_TRUNCATE", path, columns))
}

// clearQuarantine takes a date out of the quarantine, if there is one.
func (w *warehouse) clearQuarantine(ctx context.Context, asOf string) error {
	have, err := w.tableOf(ctx, w.dataset, quarantineDir)
	if err != nil || have == nil {
		return err
	}
	j := w.clearJob(pipeline.RunKey{AsOf: asOf}, quarantineDir)
	j.id = onceID("quarantine") // no run publishes it, so each time is another
	_, err = w.do(ctx, j)
	return err
}
