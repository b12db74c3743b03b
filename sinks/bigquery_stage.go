package sinks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"google.golang.org/api/bigquery/v2"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// stagedFor is how long a staged table lives that nobody removes. A publication
// that was cut short can be finished so long.
const stagedFor = 7 * 24 * time.Hour

// stagedPrefix begins the names of all that runs of a date have staged, and
// stagedName is that of one table of one run. Their ids stand in them as hashes
// of one length, so that no prefix is another's.
func (w *warehouse) stagedPrefix(asOf string) string {
	return stagingDir + "_" + shortHash(w.project, w.dataset, asOf) + "_"
}

func (w *warehouse) stagedName(r pipeline.RunKey, name string) string {
	return w.stagedPrefix(r.AsOf) + shortHash(r.RunID) + "_" + name
}

func shortHash(parts ...string) string {
	const digits = 12
	id := jobID("", parts...)
	return id[len(id)-digits:]
}

// removeStaged removes what runs of a date have staged: those of one run, or of
// all with "".
func (w *warehouse) removeStaged(ctx context.Context, asOf, runID string) error {
	prefix := w.stagedPrefix(asOf)
	if runID != "" {
		prefix += shortHash(runID) + "_"
	}
	names, err := w.tablesWith(ctx, w.staging, prefix)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := w.removeTable(ctx, w.staging, name); err != nil {
			return err
		}
	}
	return nil
}

// Stage loads one table where no reader looks.
func (p *bigQueryPublication) Stage(ctx context.Context, t table.Schema, next func() (arrow.Record, error)) (pipeline.Receipt, error) {
	if p.stop == nil {
		return pipeline.Receipt{}, ended(p.key)
	}
	if err := cmp.Or(checkTable(t), checkColumns(t)); err != nil {
		return pipeline.Receipt{}, err
	}
	if slices.ContainsFunc(p.tables, func(have table.Schema) bool { return have.Name == t.Name }) {
		return pipeline.Receipt{}, pipeline.Errorf(pipeline.ClassInternal, "", "", "table %s is staged twice", t.Name)
	}
	r, err := p.stage(ctx, t, next)
	if foreign, ok := errors.AsType[nextError](err); ok {
		return pipeline.Receipt{}, foreign.error
	}
	if err != nil {
		return pipeline.Receipt{}, inStage("stage", t.Name, p.unlessLost(ctx, err))
	}
	p.tables = append(p.tables, t)
	p.receipts = append(p.receipts, r)
	return r, nil
}

// stage writes a table as Parquet files of its own, loads them into a staged
// table, and compares what is there with what was written.
func (p *bigQueryPublication) stage(ctx context.Context, t table.Schema, next func() (arrow.Record, error)) (pipeline.Receipt, error) {
	w := p.warehouse
	_, staged, err := w.design(ctx, t)
	if err != nil {
		return pipeline.Receipt{}, err
	}
	dir, err := os.MkdirTemp(p.key.WorkDir, "perennial-"+t.Name+"-")
	if err != nil {
		return pipeline.Receipt{}, diskError(p.key.WorkDir, err)
	}
	defer os.RemoveAll(dir)
	place := w.table(w.dataset, t.Name)
	r, err := writeStored(ctx, dir, p.sink.cut, p.key.Workers, place, p.key.AsOf, t, staged.Schema.Fields, next)
	if err != nil {
		return r, err
	}
	if r.Rows > 0 {
		if err := p.load(ctx, dir, staged, r); err != nil {
			return r, err
		}
	}
	for i, f := range r.Files {
		r.Files[i].Path = partitionOf(t.Name, p.key.AsOf) + "/" + f.Path
	}
	return r, nil
}

// load makes the staged table and fills it from the files of a receipt.
func (p *bigQueryPublication) load(ctx context.Context, dir string, staged *bigquery.Table, r pipeline.Receipt) error {
	w, name := p.warehouse, p.warehouse.stagedName(p.key, r.Table)
	staged.Description = "Staged by run " + p.key.RunID + " of " + p.key.AsOf + "; removed when it ends."
	staged.ExpirationTime = p.expiry.UnixMilli()
	if err := w.makeTable(ctx, w.staging, name, staged); err != nil {
		return err
	}
	for _, f := range r.Files {
		// The table is the run's own and begins empty, and a job is done once:
		// so nothing need be truncated, and a load that comes late, when the
		// table has been removed, makes no other.
		id := jobID("load", w.project, w.dataset, p.key.RunID, name, f.Path)
		if err := w.doSoon(ctx, w.loadJob(id, w.staging, name, "WRITE_APPEND", filepath.Join(dir, f.Path), staged.Schema)); err != nil {
			return err
		}
	}
	return w.compare(ctx, w.staging, name, p.key.AsOf, r, pipeline.ClassTemporary)
}

// loadJob loads a Parquet file into a table that is there, of these columns.
func (w *warehouse) loadJob(id, dataset, name, disposition, path string, columns *bigquery.TableSchema) job {
	return job{id: id, place: w.table(dataset, name), upload: path, config: &bigquery.JobConfiguration{Load: &bigquery.JobConfigurationLoad{
		DestinationTable: w.reference(dataset, name), Schema: columns,
		SourceFormat: "PARQUET", CreateDisposition: "CREATE_NEVER", WriteDisposition: disposition,
	}}}
}

func (w *warehouse) reference(dataset, name string) *bigquery.TableReference {
	return &bigquery.TableReference{ProjectId: w.project, DatasetId: dataset, TableId: name}
}

// partitionOf returns the name of a date's partition of a table.
func partitionOf(name, asOf string) string { return name + "$" + strings.ReplaceAll(asOf, "-", "") }

// compare holds the rows of a date of a table, and the sums of its money
// columns, against a receipt.
func (w *warehouse) compare(ctx context.Context, dataset, name, asOf string, r pipeline.Receipt, class pipeline.Class) error {
	sums := slices.Sorted(maps.Keys(r.Sums))
	text := "SELECT COUNT(*)"
	for _, column := range sums {
		text += ", CAST(SUM(`" + column + "`) AS STRING)"
	}
	place := w.table(dataset, name)
	text += " FROM " + w.quoted(dataset, name) + " WHERE " + asOfColumn.Name + " = @as_of"
	rows, err := w.query(ctx, statement(onceID("compare"), place, text, asOfParameter(asOf)))
	if err != nil {
		return err
	}
	if len(rows) != 1 || len(rows[0]) != 1+len(sums) {
		return pipeline.Errorf(class, place, "run it again", "cannot be counted")
	}
	wrong := func(what string, got any, want int64) error {
		return pipeline.Errorf(class, place, "run "+asOf+" again to replace it", "%s of %s: %v, where %d were written", what, asOf, got, want)
	}
	if got := rows[0][0]; got != fmt.Sprint(r.Rows) {
		return wrong("rows", got, r.Rows)
	}
	for i, column := range sums {
		if got := rows[0][1+i]; !isUnits(got, r.Sums[column]) {
			return wrong("the sum of "+column+" in units of 0.0001", got, r.Sums[column])
		}
	}
	return nil
}

// isUnits reports whether a decimal, NULL as 0, is so many units of 10^-4.
func isUnits(decimal any, units int64) bool {
	text, ok := decimal.(string)
	if !ok {
		return decimal == nil && units == 0
	}
	sum, ok := new(big.Rat).SetString(text)
	return ok && sum.Cmp(big.NewRat(units, 1e4)) == 0
}

// unlessLost returns err, unless what it misses another run has removed, who has
// taken the date over.
func (p *bigQueryPublication) unlessLost(ctx context.Context, err error) error {
	if cloud.KindOf(err) != cloud.Missing {
		return err
	}
	rows, unknown := p.warehouse.runsOf(ctx, p.key.AsOf)
	if unknown != nil {
		return err
	}
	if _, busy := p.warehouse.holder(rows, p.key); busy != nil {
		return busy
	}
	return err
}

// checkColumns refuses names that BigQuery or this sink needs: a programmer's
// mistake.
func checkColumns(t table.Schema) error {
	if strings.HasSuffix(t.Name, latestSuffix) {
		return pipeline.Errorf(pipeline.ClassInternal, "", "", "table name %q is that of a view", t.Name)
	}
	for _, c := range t.Columns {
		if !isName(c.Name) || equalNames(c.Name, asOfColumn.Name) {
			return pipeline.Errorf(pipeline.ClassInternal, "", "", "table %s: column name %q cannot be stored", t.Name, c.Name)
		}
	}
	return nil
}
