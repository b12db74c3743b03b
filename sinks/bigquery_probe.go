package sinks

import (
	"cmp"
	"context"
	"crypto/rand"
	"strings"
	"time"

	"google.golang.org/api/bigquery/v2"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// probeTable is the table of one row that Probe publishes.
var probeTable = table.Definition[int64]{
	Name: "perennial_probe", Doc: "Made by perennial doctor, and removed at once.", Key: []string{"id"},
	Columns: []table.Field[int64]{
		table.Integers("id", "A number.", func(v *int64) int64 { return *v }),
		table.Amounts("amount", "An amount.", func(v *int64) int64 { return *v }),
	},
}

// Probe implements pipeline.Prober: it stages, publishes, reads, clears and
// removes a table of one row in the dataset, or, where there is none yet, in one
// that it makes and removes.
func (s *bigQuerySink) Probe(ctx context.Context) (pipeline.Probe, error) {
	p := pipeline.Probe{Place: s.options.Project + "." + s.options.Dataset, Free: -1, Exchanges: true}
	w, isThere, err := s.open(ctx)
	if err != nil {
		return p, inStage("probe", "", err)
	}
	p.IsNew = !isThere
	trial := *w
	if isThere {
		err = s.try(ctx, &trial)
	} else {
		err = s.tryAnew(ctx, &trial)
	}
	if trial.location != "" {
		p.Place += " in " + trial.location
	}
	return p, inStage("probe", "", err)
}

// tryAnew does what a run does in a dataset of its own, made and removed for it.
func (s *bigQuerySink) tryAnew(ctx context.Context, w *warehouse) error {
	w.dataset = probeTable.Name + "_" + strings.ToLower(rand.Text())
	w.staging = w.dataset
	if err := w.createDataset(ctx, w.dataset); err != nil {
		return err
	}
	err := s.try(ctx, w)
	return cmp.Or(err, w.removeDataset(context.WithoutCancel(ctx), w.dataset))
}

// removeDataset removes a dataset with all that is in it.
func (w *warehouse) removeDataset(ctx context.Context, name string) error {
	return w.call(ctx, w.project+"."+name, func(ctx context.Context) error {
		return w.service.Datasets.Delete(w.project, name).DeleteContents(true).Context(ctx).Do()
	})
}

// try publishes a table of one row as a run does, but for the journal, and
// removes every trace of it.
func (s *bigQuerySink) try(ctx context.Context, w *warehouse) (err error) {
	if err := w.checkKept(); err != nil {
		return err
	}
	if err := w.settleStaging(ctx); err != nil {
		return err
	}
	now, err := w.now(ctx)
	if err != nil {
		return err
	}
	t := probeTable.Schema()
	t.Name += "_" + strings.ToLower(rand.Text()) // nobody's yet
	key := pipeline.RunKey{AsOf: now.Format(time.DateOnly), RunID: t.Name}
	defer func() { err = cmp.Or(err, w.removeTrial(context.WithoutCancel(ctx), key, t)) }()
	if err := s.tryTable(ctx, w, key, t, now.Add(time.Hour)); err != nil {
		return err
	}
	return w.makeTable(ctx, w.dataset, t.Name+latestSuffix, &bigquery.Table{Description: t.Doc, View: &bigquery.ViewDefinition{
		Query:        "SELECT * FROM " + w.quoted(w.dataset, t.Name) + " WHERE " + asOfColumn.Name + " = DATE '" + key.AsOf + "'",
		UseLegacySql: false, ForceSendFields: []string{"UseLegacySql"},
	}})
}

// settleStaging stages in the dataset itself while the other one is not there:
// a run would make it.
func (w *warehouse) settleStaging(ctx context.Context) error {
	d, err := w.datasetOf(ctx, w.staging)
	switch {
	case err != nil:
		return err
	case d == nil:
		w.staging = w.dataset
		return nil
	default:
		return w.settleLocation(d.Location)
	}
}

func (s *bigQuerySink) tryTable(ctx context.Context, w *warehouse, key pipeline.RunKey, t table.Schema, expiry time.Time) error {
	rows := probeTable.Record([]int64{1})
	defer rows.Release()
	p := &bigQueryPublication{sink: s, warehouse: w, key: key, expiry: expiry}
	r, err := p.stage(ctx, t, once(rows))
	if err != nil {
		return err
	}
	if _, err := w.prepareTable(ctx, t); err != nil {
		return err
	}
	if err := w.doSoon(ctx, w.copyJob(key, t.Name)); err != nil {
		return err
	}
	if err := w.compare(ctx, w.dataset, t.Name, key.AsOf, r, pipeline.ClassTemporary); err != nil {
		return err
	}
	_, err = w.do(ctx, w.clearJob(key, t.Name))
	return err
}

// removeTrial removes what try has made.
func (w *warehouse) removeTrial(ctx context.Context, key pipeline.RunKey, t table.Schema) error {
	return cmp.Or(
		w.removeStaged(ctx, key.AsOf, key.RunID),
		w.removeTable(ctx, w.dataset, t.Name+latestSuffix),
		w.removeTable(ctx, w.dataset, t.Name),
	)
}
