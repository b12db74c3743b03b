package jobs

import (
	"cmp"
	"context"
	"math/bits"
	"slices"
	"sync/atomic"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/backtest"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/forecast"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/numeric"
	"github.com/perennial-clv/perennial/transforms/retention"
)

// partial is what one worker adds up over its shards. What only a table needs
// that is not published is left out.
type partial struct {
	hasModels, hasSurvival, hasFormulas, hasTracking bool // what is needed

	totals   ledger.Totals
	excluded ledger.Exclusions
	cohorts  cohort.Cohorts
	business cohort.Business
	grid     retention.Grid
	survival retention.Survival
	cells    clv.Cells
	gaps     clv.Gaps
	formulas clv.FormulaSums
	daily    backtest.Daily
}

func (p *partial) addShard(f *cohort.Frame, v *cohort.View) {
	p.totals.Add(v.Totals)
	p.excluded.Add(&v.Exclusions)
	p.cohorts.AddShard(f, v)
	p.business.AddShard(f, v)
	p.grid.AddShard(f, v)
	p.gaps.AddShard(v)
	if p.hasModels {
		p.cells.Enter(&v.Customers, f.AsOf)
	}
	if p.hasSurvival {
		p.survival.AddShard(f, v)
	}
	if p.hasFormulas {
		p.formulas.AddShard(f, v)
	}
	if p.hasTracking {
		p.daily.AddShard(v)
	}
}

func (p *partial) add(o *partial) {
	p.totals.Add(o.totals)
	p.excluded.Add(&o.excluded)
	p.cohorts.Add(&o.cohorts)
	p.business.Add(&o.business)
	p.grid.Add(&o.grid)
	p.survival.Add(&o.survival)
	p.cells.Add(&o.cells)
	p.gaps.Add(&o.gaps)
	p.formulas.Add(&o.formulas)
	p.daily.Add(&o.daily)
}

// base is the customer base, and what it adds up to.
type base struct {
	frame           *cohort.Frame
	customers       *customers
	kept            *historyShelf
	sums            *partial
	hasContribution bool
	exclusions      []ledger.Exclusion

	backtests backtest.Results
	fits      clv.Fits
	fitted    clv.Fitted
	valuation *clv.Valuation
	ranks     clv.Ranks
	lifecycle clv.Lifecycle
	residuals clv.Residuals
	sample    *forecast.Sample // of customers; nil where no forecast is published
	demand    forecast.Sums

	hasResiduals bool                // every customer with a purchase has a residual value
	residual     int64               // what they add up to
	interval     clv.Interval        // of that
	year         numeric.Null[int64] // what each is expected to bring within a year, on average
}

// customers are all customers by shard, as they wait for the next pass.
type customers struct {
	shelf      *pipeline.Shelf
	shards     int
	count      atomic.Int64
	vocabulary *ledger.Vocabulary
}

func (c *customers) put(ctx context.Context, shard int, own *ledger.Customers, w *worker) error {
	c.count.Add(int64(own.Len()))
	w.encoded = own.Append(w.encoded[:0])
	return c.shelf.Put(ctx, shard, w.encoded)
}

// desk is what one worker has of customers, shard after shard in the same
// memory.
type desk struct {
	encoded []byte
	own     ledger.Customers
	values  []clv.Value // of the customers
}

// get puts the customers of a shard on the desk, and what they are worth.
func (b *base) get(ctx context.Context, shard int, d *desk) (err error) {
	if d.encoded, err = b.customers.shelf.Get(ctx, shard, d.encoded); err != nil {
		return err
	}
	d.own.Decode(d.encoded, b.customers.vocabulary)
	d.values = b.valuation.Values(d.values, &d.own, b.frame.AsOf)
	return nil
}

// worker is what one worker of pass A adds up and works with.
type worker struct {
	partial
	builder *ledger.Builder
	view    cohort.View
	encoded []byte
}

// compute is pass A. Workers add up over the shards they happen to get; all
// sums are of integers, so the result does not depend on it.
func (r *Run) compute(ctx context.Context, s *Summary, in *input) (*base, error) {
	segments, err := r.segmentation(in)
	if err != nil {
		return nil, err
	}
	meter := r.meter(s, "compute", in.tally.Rows)
	shards := in.store.Shards()
	b := &base{frame: r.frame(in.bound), customers: &customers{shelf: pipeline.NewShelf(in.space, shards), shards: shards, vocabulary: in.vocabulary}}
	if r.Job.hasModels() && r.Models == nil && r.Job.Backtests > 0 { // what is not fitted is not graded
		b.kept = newHistoryShelf(in.space, shards)
	}
	workers := make([]worker, r.Workers)
	rows := make([]pipeline.Taken, r.Workers) // apart from workers, whose first lives on as the sums: they hold on to the store's blocks
	for i := range workers {
		workers[i].builder = ledger.NewBuilder(in.bound, in.vocabulary, bits.Len(uint(shards))-1)
		workers[i].grid.MaxOffset = r.Job.MaxOffset
		workers[i].hasModels, workers[i].cells.By = r.Job.hasModels(), segments
		workers[i].hasSurvival = r.Job.Tables[retention.RetentionCurves.Name]
		workers[i].hasFormulas = r.Job.Tables[clv.Formulas.Name]
		workers[i].hasTracking = r.Job.hasModels() && r.Job.Tables[backtest.ModelTracking.Name]
	}
	order := largestFirst(in.store)
	err = pipeline.Each(ctx, r.Workers, shards, func(ctx context.Context, n, i int) (err error) {
		w := &workers[n]
		if err = in.store.Take(ctx, order[i], &rows[n]); err != nil {
			return err
		}
		shard, count := w.builder.Build(rows[n].Runs...)
		if r.Job.Value.HasDiscrete() {
			shard.Take(r.settings().Opportunities, w.cells.EnterTaken)
		}
		w.view.Look(b.frame, shard)
		w.addShard(b.frame, &w.view)
		if err := b.customers.put(ctx, order[i], &shard.Customers, w); err != nil {
			return err
		}
		if err := b.kept.put(ctx, order[i], &w.view, &w.encoded); err != nil {
			return err
		}
		meter.Add(count, count)
		return checkSize(b.frame, &w.partial)
	})
	if err != nil {
		return nil, err
	}
	b.sums = &workers[0].partial
	for i := range workers[1:] {
		b.sums.add(&workers[i+1].partial)
	}
	b.sums.cells.Compact()
	b.lifecycle = b.sums.gaps.Lifecycle()
	b.exclusions = b.sums.excluded.Rows(r.Job.Settings.Rules)
	if err := checkSize(b.frame, b.sums); err != nil {
		return nil, err
	}
	if err := checkKept(&b.sums.totals); err != nil {
		return nil, err
	}
	b.hasContribution, err = contribution(&b.sums.totals)
	return b, err
}

// segmentation returns what divides the customers for models of their own; nil
// where the job asks for none.
func (r *Run) segmentation(in *input) (*clv.Segmentation, error) {
	attribute := slices.Index(in.bound.Attributes(), r.Job.SegmentBy)
	if attribute < 0 || !r.Job.hasModels() {
		return nil, nil
	}
	s := &clv.Segmentation{Attribute: attribute, Name: "first_" + r.Job.SegmentBy, Values: in.vocabulary.Values(attribute)}
	if len(s.Values) > clv.MaxSegments {
		return nil, quality("leave models.segment_by out, or group the attribute's values in the source", "%s has more than %d values", s.Name, clv.MaxSegments)
	}
	return s, nil
}

// largestFirst returns the shards in the order of their sizes, so that one
// with a giant customer does not keep a worker busy when all others are done.
func largestFirst(s *pipeline.Store) []int {
	order := make([]int, s.Shards())
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(s.Size(b), s.Size(a)) })
	return order
}

// settings returns the job's choices about value, with opportunities as of the
// run's day.
func (r *Run) settings() *clv.Settings {
	s := r.Job.Value
	s.Opportunities = s.Opportunities.AsOf(r.AsOf)
	return &s
}

// modelling is how the models are worked on: several tasks at once, until the run
// is interrupted.
type modelling struct {
	each   models.Each
	stop   func() bool
	failed error
}

func (r *Run) modelling(ctx context.Context) *modelling {
	m := new(modelling)
	m.each = func(n int, task func(i int)) {
		if m.failed == nil {
			m.failed = pipeline.Each(ctx, r.Workers, n, func(_ context.Context, _, i int) error { task(i); return nil })
		}
	}
	m.stop = func() bool { return m.failed != nil || ctx.Err() != nil }
	return m
}

// fit fits the models. A fit that fails is a published fact, not an error.
func (r *Run) fit(ctx context.Context, b *base) error {
	m := r.modelling(ctx)
	settings := r.settings()
	settings.StartFrom = r.StartFrom.fits()
	b.fits = clv.FitAll(settings, &b.sums.cells, &b.sums.gaps, m.stop, m.each)
	return m.failed
}

// grade compares what the models would have predicted with what came.
func (r *Run) grade(ctx context.Context, b *base) error {
	histories, err := b.kept.read(ctx)
	if err != nil || histories == nil {
		return err
	}
	m := r.modelling(ctx)
	b.backtests = backtest.Run(r.settings(), b.frame, histories, b.sums.totals.First, r.Job.Backtests, m.stop, m.each)
	return cmp.Or(m.failed, ctx.Err())
}

// choose chooses the model to predict with.
func (r *Run) choose(ctx context.Context, b *base) error {
	cells, totals, grades := &b.sums.cells, &b.sums.totals, b.backtests.Grades
	choice := clv.Choose(r.settings(), &b.fits, cells, grades)
	b.backtests.Choose(choice.Family)
	b.fitted = clv.Fitted{
		Models:   clv.ModelRows(r.settings(), &b.fits, grades, choice, cells, totals, r.AsOf),
		Factors:  clv.FactorsOf(totals),
		Widening: grades.Widening(choice),
	}
	if err := r.fitSegments(ctx, b); err != nil {
		return err
	}
	return r.putTogether(ctx, b)
}

// fitSegments fits the models that predict to the segments, if there are any.
func (r *Run) fitSegments(ctx context.Context, b *base) error {
	m := r.modelling(ctx)
	if cells := &b.sums.cells; cells.By != nil {
		b.fitted.AddSegments(clv.FitSegments(r.settings(), &b.fitted, cells, r.AsOf, m.stop, m.each))
	}
	return m.failed
}

// putTogether makes what customers are valued with of what was fitted.
func (r *Run) putTogether(ctx context.Context, b *base) error {
	m, cells := r.modelling(ctx), &b.sums.cells
	b.valuation = clv.NewValuation(*r.settings(), &b.fitted, cells, b.hasContribution, m.each)
	if r.Job.Tables[forecast.CohortForecasts.Name] {
		b.sample = forecast.NewSample(b.valuation, b.valuation.Cells(cells))
	}
	cells.Purchases, cells.Spend, cells.Taken, cells.Segments = nil, nil, nil, nil // only the models are made of them
	return m.failed
}

// forecast computes what the base is expected to bring month by month; of no
// customers where it is not published.
func (r *Run) forecast(ctx context.Context, b *base, o *outputs) (*forecast.Forecast, error) {
	if b.sample == nil {
		return new(forecast.Forecast), nil
	}
	m := r.modelling(ctx)
	f := forecast.New(b.valuation, &forecast.Base{
		AsOf: r.AsOf, Sums: &b.demand, Sample: b.sample, Past: forecast.History(o.cohorts, o.businessPeriods),
		Totals: &b.sums.totals, Plan: r.Job.Plan,
	}, m.each)
	b.demand = forecast.Sums{} // only the forecast is made of it
	return f, m.failed
}

// value is pass B.
func (r *Run) value(ctx context.Context, s *Summary, b *base) error {
	meter := r.meter(s, "value", b.customers.count.Load())
	desks := make([]desk, r.Workers)
	bases := make([]clv.Base, r.Workers)
	residuals := make([]clv.Residuals, r.Workers)
	demands := make([]forecast.Sums, r.Workers)
	err := pipeline.Each(ctx, r.Workers, b.customers.shards, func(ctx context.Context, worker, i int) error {
		d := &desks[worker]
		if err := b.get(ctx, i, d); err != nil {
			return err
		}
		bases[worker].Enter(&d.own, d.values)
		residuals[worker].Enter(b.frame, &d.own, b.valuation, d.values)
		if b.sample != nil {
			demands[worker].Enter(b.frame, b.valuation, &d.own, d.values)
		}
		meter.Add(int64(d.own.Len()), int64(d.own.Len()))
		return nil
	})
	if err != nil {
		return err
	}
	var all clv.Base
	for i := range bases {
		all.Add(&bases[i])
		b.residuals.Add(&residuals[i])
		b.demand.Add(&demands[i])
	}
	b.residual, b.hasResiduals = all.Residual()
	b.interval = b.valuation.TotalInterval(b.frame, &b.residuals)
	b.year = all.YearPerCustomer()
	b.ranks = all.Rank()
	return checkResidual(&all)
}
