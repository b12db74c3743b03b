package jobs

import (
	"context"
	"time"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
	"github.com/perennial-clv/perennial/transforms/backtest"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/forecast"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/numeric"
	"github.com/perennial-clv/perennial/transforms/retention"
)

// outputs are the rows of the tables that are small, and what those of
// cohort_periods, which need not be, add up to.
type outputs struct {
	cohorts         []clv.Cohort
	businessPeriods []cohort.BusinessPeriod
	cohortPeriods   periodSums
	future          *forecast.Forecast
}

// periodSums is what rows of cohort_periods add up to.
type periodSums struct {
	pools  retention.Pools
	totals totals
}

// stager stages the tables of a run that the job asks for.
type stager struct {
	run         *Run
	publication pipeline.Publication
	summary     *Summary
	meter       *pipeline.Meter // of the parts of tables
	receipts    map[string]pipeline.Receipt
}

// tables is pass C: it stages every table, checks that all of them tie out,
// and stages the record of the run last.
func (st *stager) tables(ctx context.Context, in *input, b *base, started time.Time) error {
	periods := b.sums.grid.Parts(b.frame)
	st.receipts = map[string]pipeline.Receipt{}
	o := &outputs{
		cohorts:         b.valuation.CohortRows(b.frame, &b.sums.cohorts, &b.residuals),
		businessPeriods: b.sums.business.Periods(b.frame, b.hasContribution),
	}
	var err error
	if o.future, err = st.run.forecast(ctx, b, o); err != nil {
		return err
	}
	st.meter = st.run.meter(st.summary, "stage", st.count(b, len(periods), o.future.Parts()))
	if err := firstError(
		func() error { return st.customers(ctx, in, b) },
		stageRows(ctx, st, clv.Cohorts, o.cohorts),
		func() error { return st.cohortPeriods(ctx, b, o, periods) },
	); err != nil {
		return err
	}
	expected := b.valuation.Retention(st.run.Job.MaxOffset)
	curves := retention.Curves(b.frame, &o.cohortPeriods.pools, &b.sums.survival, &expected)
	if err := firstError(
		stageRows(ctx, st, retention.RetentionCurves, curves),
		stageRows(ctx, st, cohort.BusinessPeriods, o.businessPeriods),
		stageRows(ctx, st, clv.Formulas, b.valuation.FormulaRows(b.frame, &b.sums.formulas, b.sums.totals.First)),
		func() error { return st.forecasts(ctx, o.future) },
		stageRows(ctx, st, clv.Models, b.fitted.Models),
		stageRows(ctx, st, clv.ModelParameters, clv.Parameters(b.fitted.Models)),
		stageRows(ctx, st, backtest.Backtests, b.backtests.Rows),
		stageRows(ctx, st, backtest.ModelTracking, b.sums.daily.Track(b.frame, backtest.TrackedModels(b.fitted.Models), b.backtests.Tracking)),
		stageRows(ctx, st, ledger.RunExclusions, b.exclusions),
	); err != nil {
		return err
	}
	c := st.checks(in, b, o)
	st.summary.setResult(st.run, in, b, o, c)
	if err := c.err(); err != nil {
		return err
	}
	return firstError(
		stageRows(ctx, st, Runs, []RunRow{st.run.runRow(in, started)}),
		stageRows(ctx, st, RunInputs, []InputRow{inputRow(in)}),
		stageRows(ctx, st, RunChecks, c.sorted()),
		stageRows(ctx, st, TableColumns, columnRows(st.run.published(in.bound))),
	)
}

// count returns how many parts the tables have that are published: those of
// the tables that may be large, cohort_periods among them, and one of each other.
func (st *stager) count(b *base, periods, forecasts int) int64 {
	sum := 0
	for name, isPublished := range st.run.Job.Tables {
		switch {
		case !isPublished:
		case name == customersTable, name == customerValuesTable:
			sum += b.customers.shards
		case name == retention.CohortPeriods.Name:
			sum += periods
		case name == forecast.CohortForecasts.Name:
			sum += forecasts
		default:
			sum++
		}
	}
	return int64(sum)
}

func (st *stager) checks(in *input, b *base, o *outputs) *checks {
	c := &checks{}
	c.input(st.run, in, b)
	c.sourceTiesOut(&in.tally, b.exclusions, o.businessPeriods)
	c.tablesTieOut(st.run, b, o)
	c.lifecycle(b)
	c.interval(b)
	c.contracts(st.run, b)
	c.firstCohort(b.frame, o.cohorts)
	c.fresh(&in.tally, st.run.Job.Settings.Zone, st.run.AsOf)
	if receipt, ok := st.receipts[customersTable]; ok {
		c.customersTieOut(b, receipt)
	}
	return c
}

// cohortPeriods stages cohort_periods part by part, and adds up its rows on
// the way, also if the job does not publish it.
func (st *stager) cohortPeriods(ctx context.Context, b *base, o *outputs, parts []retention.Part) error {
	added := make([]periodSums, len(parts))
	rows := func(i int) []retention.CohortPeriod {
		rows := b.sums.grid.Periods(b.frame, parts[i], b.hasContribution)
		added[i] = sumPeriods(rows)
		return rows
	}
	var err error
	if st.run.Job.Tables[retention.CohortPeriods.Name] {
		err = st.parts(ctx, retention.CohortPeriods.Schema(), len(parts), func(_ context.Context, _ *table.Memory, _, i int) (table.Record, error) {
			return retention.CohortPeriods.Record(rows(i)), nil
		})
	} else {
		err = pipeline.Each(ctx, st.run.Workers, len(parts), func(_ context.Context, _, i int) error { rows(i); return nil })
	}
	o.cohortPeriods.totals = totals{}
	for i := range added {
		o.cohortPeriods.pools.Add(&added[i].pools)
		o.cohortPeriods.totals.merge(added[i].totals)
	}
	return err
}

// forecasts stages cohort_forecasts part by part.
func (st *stager) forecasts(ctx context.Context, f *forecast.Forecast) error {
	return st.parts(ctx, forecast.CohortForecasts.Schema(), f.Parts(), func(_ context.Context, _ *table.Memory, _, i int) (table.Record, error) {
		return forecast.CohortForecasts.Record(f.Rows(i)), nil
	})
}

// customers stages the tables with a row per customer, shard by shard.
func (st *stager) customers(ctx context.Context, in *input, b *base) error {
	defer b.customers.shelf.Close() // no later table looks at a customer
	desks := make([]desk, max(1, st.run.Workers))
	customers, values := clv.Customers(in.bound.HasIntegerKeys(), in.bound.Attributes()), clv.CustomerValues(in.bound.HasIntegerKeys())
	if b.valuation.HasManyModels() {
		customers, values = clv.CustomersOfManyModels(in.bound.HasIntegerKeys(), in.bound.Attributes()), clv.CustomerValuesOfManyModels(in.bound.HasIntegerKeys())
	}
	err := st.parts(ctx, customers.Schema(), b.customers.shards, func(ctx context.Context, m *table.Memory, worker, i int) (table.Record, error) {
		d := &desks[worker]
		if err := b.get(ctx, i, d); err != nil {
			return nil, err
		}
		return customers.RecordOfBlocks(m, d.own.Len(), b.valuation.Customers(b.frame, &d.own, d.values, &b.ranks, b.lifecycle)), nil
	})
	if err != nil {
		return err
	}
	return st.parts(ctx, values.Schema(), b.customers.shards, func(ctx context.Context, m *table.Memory, worker, i int) (table.Record, error) {
		d := &desks[worker]
		if err := b.get(ctx, i, d); err != nil {
			return nil, err
		}
		n, fill := b.valuation.CustomerValues(&d.own, d.values)
		return values.RecordOf(m, n, fill), nil
	})
}

// parts stages a table that record makes part by part, in their order, in
// memory that the parts share.
func (st *stager) parts(ctx context.Context, schema table.Schema, parts int, record func(ctx context.Context, m *table.Memory, worker, part int) (table.Record, error)) error {
	if !st.run.Job.Tables[schema.Name] {
		return nil
	}
	var memory table.Memory
	return st.stage(ctx, schema, pipeline.Ahead(ctx, st.run.Workers, parts, func(ctx context.Context, worker, i int) (table.Record, error) {
		return record(ctx, &memory, worker, i)
	}))
}

// stageRows returns the step that stages a table whose rows are at hand.
func stageRows[R any](ctx context.Context, st *stager, d table.Definition[R], rows []R) func() error {
	return func() error {
		if !st.run.Job.Tables[d.Name] {
			return nil
		}
		return st.stage(ctx, d.Schema(), pipeline.Ahead(ctx, 1, 1, func(context.Context, int, int) (table.Record, error) { return d.Record(rows), nil }))
	}
}

func (st *stager) stage(ctx context.Context, schema table.Schema, next func() (table.Record, error)) error {
	counted := func() (table.Record, error) {
		record, err := next()
		if err == nil {
			st.meter.Add(1, record.NumRows())
		}
		return record, err
	}
	receipt, err := st.publication.Stage(ctx, schema, counted)
	if err != nil {
		return err
	}
	st.receipts[schema.Name] = receipt
	st.summary.addTable(receipt)
	return nil
}

// firstError runs steps until one fails.
func firstError(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (r *Run) runRow(in *input, started time.Time) RunRow {
	return RunRow{
		RunID: r.RunID, Job: r.Job.Name, StartedAt: started.UnixMicro(), FinishedAt: r.Now().UnixMicro(),
		Status: "succeeded", CodeVersion: r.CodeVersion, ConfigHash: r.Job.ConfigHash,
		Fingerprint: fingerprint(in.tally.Fingerprint), Timezone: r.Job.Settings.Zone.String(), Currency: r.Job.Settings.Currency,
	}
}

func inputRow(in *input) InputRow {
	row := InputRow{
		Source: in.description.Name, Rows: in.tally.Rows, Amount: in.tally.Amount(),
		Fingerprint: fingerprint(in.tally.Fingerprint),
	}
	if in.description.Bytes >= 0 {
		row.Bytes = numeric.Known(in.description.Bytes)
	}
	if v, ok := in.tally.Instants.Min(); ok {
		row.Min = numeric.Known(v)
	}
	if v, ok := in.tally.Instants.Max(); ok {
		row.Max = numeric.Known(v)
	}
	return row
}
