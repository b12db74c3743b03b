package jobs

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"time"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/numeric"
	"github.com/perennial-clv/perennial/transforms/retention"
)

// Run is one execution of a job for one as-of day.
type Run struct {
	Job         *Job
	AsOf        calendar.Day
	RunID       string
	CodeVersion string
	Workers     int
	BatchRows   int // rows a batch; 0: the source's choice
	ShardBits   int // 2^ShardBits shards; 0: by the size of the input

	AcceptVolume  bool // publish although there are far fewer rows than before
	AcceptColumns bool // publish although columns that were published before break

	Now        func() time.Time        // the clock, for runs and the journal only
	OnStage    func(stage string)      // told when a stage begins; may be nil
	OnProgress func(pipeline.Progress) // told how far the stage has come, by several goroutines at once; may be nil
}

// Do runs the job: from the source to published tables, or to an error that
// leaves the previous result as it was. The summary is never nil and says how
// far the run came.
//
//  1. claim the as-of date in the sink
//  2. describe the source, bind the mapping to its columns, and compare the
//     tables' columns with those published before
//  3. read: rows to postings, dealt to shards by customer
//  4. check what was read
//  5. pass A, per shard: customer-days; sums per cohort and period; model cells
//  6. fit the models on the cells
//  7. pass B, per shard: value each customer; what ranks compare with
//  8. pass C: stage every table, customers shard by shard
//  9. check that everything ties out, stage what was checked
//  10. publish all tables together, the journal last; remove the dates that the
//     sink keeps no longer
func (r *Run) Do(ctx context.Context) (*Summary, error) {
	s := r.newSummary()
	err := r.do(ctx, s)
	if errors.Is(err, context.Canceled) {
		err = &pipeline.Error{
			Class: pipeline.ClassTemporary, Stage: s.Stage, Message: "interrupted; what was published before is as it was",
			Hint: "run it again", Err: err,
		}
	}
	s.finish(err)
	return s, err
}

func (r *Run) do(ctx context.Context, s *Summary) error {
	started := r.Now()
	r.stage(s, "claim")
	publication, err := r.Job.Sink.Begin(ctx, pipeline.RunKey{Job: r.Job.Name, AsOf: r.AsOf.String(), RunID: r.RunID})
	if err != nil {
		return err
	}
	// Discard does nothing after Publish; a failed run is reported for what
	// made it fail.
	defer func() { _ = publication.Discard(context.WithoutCancel(ctx)) }()

	in, err := r.read(ctx, s)
	if err != nil {
		return err
	}
	if err := r.checkInput(ctx, s, in); err != nil {
		return err
	}
	b, err := r.compute(ctx, s, in)
	if err != nil {
		return err
	}
	r.stage(s, "fit")
	if err := r.fit(ctx, b); err != nil {
		return err
	}
	if err := r.value(ctx, s, b); err != nil {
		return err
	}
	st := &stager{run: r, publication: publication, summary: s}
	if err := st.tables(ctx, in, b, started); err != nil {
		return err
	}
	r.stage(s, "publish")
	if err := publication.Publish(ctx, pipeline.Journal{
		ContractVersion: ContractVersion, Job: r.Job.Name, AsOf: r.AsOf.String(), RunID: r.RunID,
		CodeVersion: r.CodeVersion, ConfigHash: r.Job.ConfigHash, InputRows: in.tally.Rows,
		Fingerprint: fingerprint(in.tally.Fingerprint), PublishedAt: r.Now().UTC().Format(time.RFC3339),
	}); err != nil {
		return err
	}
	r.removeExpired(ctx, s)
	return nil
}

// removeExpired removes the dates that the sink keeps no longer. The run is
// published: what cannot be removed is a warning, and the next run's to do.
func (r *Run) removeExpired(ctx context.Context, s *Summary) {
	sink, ok := r.Job.Sink.(pipeline.Expiry)
	if !ok {
		return
	}
	var err error
	if s.Removed, err = sink.RemoveExpired(ctx, r.AsOf.String()); err != nil {
		s.Warnings = append(s.Warnings, "not every expired date was removed; the next run tries again: "+err.Error())
	}
}

func (r *Run) stage(s *Summary, name string) {
	s.Stage = name
	if r.OnStage != nil {
		r.OnStage(name)
	}
}

// meter begins a stage that may take long, of so much work, -1 if unknown.
func (r *Run) meter(s *Summary, name string, work int64) *pipeline.Meter {
	r.stage(s, name)
	return pipeline.NewMeter(work, r.OnProgress)
}

// input is what was read.
type input struct {
	description pipeline.Description
	bound       *ledger.Binding
	previous    *pipeline.Journal // of the newest published date; nil if there is none
	accepted    []string          // columns of that date that this run breaks, as it may
	store       *pipeline.Store
	tally       ledger.Tally
}

// read binds the mapping to the source and deals its rows to shards.
func (r *Run) read(ctx context.Context, s *Summary) (*input, error) {
	r.stage(s, "describe")
	in := &input{}
	var err error
	if in.description, in.bound, err = r.Bind(ctx); err != nil {
		return nil, err
	}
	if in.previous, err = r.Job.Sink.Latest(ctx); err != nil {
		return nil, err
	}
	if s.Dropped, in.accepted, err = r.checkContract(in.previous, in.bound); err != nil {
		return nil, err
	}
	meter := r.meter(s, "read", workOf(in.description))
	readers, err := r.Job.Source.Open(ctx, pipeline.Request{Columns: in.bound.Columns, Rows: r.BatchRows, Readers: r.Workers})
	if err != nil {
		return nil, err
	}
	intakes := make([]*intake, len(readers))
	admissions := make([]pipeline.Admission, len(readers))
	for i := range readers {
		intakes[i] = &intake{ledger.NewIntake(in.bound), in.description, meter}
		admissions[i] = intakes[i]
	}
	in.store, err = pipeline.Scatter(ctx, readers, admissions, r.Workers, r.shardBits(in.description))
	for _, i := range intakes {
		in.tally.Add(&i.Tally)
	}
	s.setInput(r, in)
	return in, err
}

// shardBits chooses how many shards there are. The result does not depend on
// it: a shard should fit the cache, and there should be some for every worker.
func (r *Run) shardBits(d pipeline.Description) int {
	const rowsPerShard, most = 1 << 16, 12
	if r.ShardBits > 0 {
		return r.ShardBits
	}
	return min(most, bits.Len64(uint64(estimatedRows(d))/rowsPerShard))
}

// workOf returns how much there is to read: rows where the source knows them,
// else bytes, -1 if it knows neither.
func workOf(d pipeline.Description) int64 {
	if d.Rows >= 0 {
		return d.Rows
	}
	return d.Bytes
}

// intake is a ledger.Intake as the pipeline's Admission.
type intake struct {
	*ledger.Intake
	description pipeline.Description
	meter       *pipeline.Meter
}

func (i *intake) Admit(b pipeline.Batch) (pipeline.Deal, error) {
	origin := ledger.Origin{Name: b.Origin, Part: b.Part, FirstRow: b.FirstRow}
	for _, f := range b.Faults {
		origin.Faults = append(origin.Faults, ledger.Rejected{
			Origin: b.Origin, Part: b.Part, Row: b.FirstRow + int64(f.Index), Reason: f.Reason, Raw: f.Raw,
		})
	}
	rows, err := i.Intake.Admit(b.Record, origin)
	if err != nil {
		return pipeline.Deal{}, currencyFailure(err)
	}
	i.count(b)
	return pipeline.Deal(rows), nil
}

// count notes a batch in the unit of workOf.
func (i *intake) count(b pipeline.Batch) {
	done, rows := b.Bytes, b.Record.NumRows()
	if i.description.Rows >= 0 {
		done = rows
	}
	i.meter.Add(done, rows)
}

// checkInput keeps unreadable rows in quarantine and holds the gates. The
// quarantine is written first, for it is wanted most when a gate fails.
func (r *Run) checkInput(ctx context.Context, s *Summary, in *input) error {
	r.stage(s, "check")
	if q, ok := r.Job.Sink.(pipeline.Quarantine); ok {
		rows := ledger.QuarantineRows.Record(in.tally.Quarantine)
		defer rows.Release()
		if err := q.Keep(ctx, r.AsOf.String(), ledger.QuarantineRows.Schema(), rows); err != nil {
			return err
		}
	}
	return r.Job.Gates.checkInput(&in.tally, r.Job.Settings.Zone, r.AsOf, in.previous, r.AcceptVolume)
}

// partial is what one worker adds up over its shards.
type partial struct {
	totals   ledger.Totals
	cohorts  cohort.Cohorts
	business cohort.Business
	grid     retention.Grid
	survival retention.Survival
	cells    clv.Cells
	gaps     clv.Gaps
	formulas clv.FormulaSums
}

func (p *partial) addShard(f *cohort.Frame, s *ledger.Shard) {
	p.totals.Add(s.Totals)
	p.cohorts.AddShard(f, s)
	p.business.AddShard(f, s)
	p.grid.AddShard(f, s)
	p.survival.AddShard(f, s)
	p.cells.Enter(&s.Customers, f.AsOf)
	p.gaps.AddShard(s)
	p.formulas.AddShard(f, s)
}

func (p *partial) add(o *partial) {
	p.totals.Add(o.totals)
	p.cohorts.Add(&o.cohorts)
	p.business.Add(&o.business)
	p.grid.Add(&o.grid)
	p.survival.Add(&o.survival)
	p.cells.Add(&o.cells)
	p.gaps.Add(&o.gaps)
	p.formulas.Add(&o.formulas)
}

// base is the customer base: the shards, and what they add up to.
type base struct {
	frame           *cohort.Frame
	shards          []*ledger.Shard
	sums            *partial
	hasContribution bool
	exclusions      []ledger.Exclusion

	models    []clv.Model
	valuation *clv.Valuation
	values    [][]clv.Value // by shard
	ranks     clv.Ranks
	lifecycle clv.Lifecycle
	residuals clv.Residuals

	hasResiduals bool                // every customer with a purchase has a residual value
	residual     int64               // what they add up to
	year         numeric.Null[int64] // what each is expected to bring within a year, on average
}

// compute is pass A. Workers add up over the shards they happen to get; all
// sums are of integers, so the result does not depend on it.
func (r *Run) compute(ctx context.Context, s *Summary, in *input) (*base, error) {
	meter := r.meter(s, "compute", int64(in.store.Shards()))
	b := &base{frame: r.frame(in.bound), shards: make([]*ledger.Shard, in.store.Shards())}
	partials := make([]partial, r.Workers)
	for i := range partials {
		partials[i].grid.MaxOffset = r.Job.MaxOffset
	}
	err := pipeline.Each(ctx, r.Workers, len(b.shards), func(_ context.Context, worker, i int) error {
		b.shards[i] = ledger.Build(in.bound, in.store.Shard(i))
		partials[worker].addShard(b.frame, b.shards[i])
		meter.Add(1, b.shards[i].Totals.KeptRows)
		return checkSize(b.frame, &partials[worker])
	})
	if err != nil {
		return nil, err
	}
	in.store = nil // the shards hold all that is needed of it
	b.sums = &partials[0]
	for i := range partials[1:] {
		b.sums.add(&partials[i+1])
	}
	b.sums.cells.Compact()
	b.lifecycle = b.sums.gaps.Lifecycle()
	b.exclusions = ledger.MergeExclusions(b.shards, r.Job.Settings.Rules)
	if err := checkSize(b.frame, b.sums); err != nil {
		return nil, err
	}
	if err := checkKept(&b.sums.totals); err != nil {
		return nil, err
	}
	b.hasContribution, err = contribution(&b.sums.totals)
	return b, err
}

// fit fits the models. A fit that fails is a published fact, not an error.
func (r *Run) fit(ctx context.Context, b *base) error {
	var failed error
	each := func(n int, task func(i int)) {
		if failed == nil {
			failed = pipeline.Each(ctx, r.Workers, n, func(_ context.Context, _, i int) error { task(i); return nil })
		}
	}
	stop := func() bool { return failed != nil || ctx.Err() != nil }
	cells, totals := &b.sums.cells, &b.sums.totals
	models, chosen, spend := clv.FitAll(r.Job.Value, cells, totals, cells.First(r.AsOf), r.AsOf, stop, each)
	b.models = models
	b.valuation = clv.NewValuation(r.Job.Value, chosen, spend, cells, totals, b.hasContribution, each)
	return failed
}

// value is pass B.
func (r *Run) value(ctx context.Context, s *Summary, b *base) error {
	meter := r.meter(s, "value", int64(len(b.shards)))
	b.values = make([][]clv.Value, len(b.shards))
	bases := make([]clv.Base, r.Workers)
	residuals := make([]clv.Residuals, r.Workers)
	err := pipeline.Each(ctx, r.Workers, len(b.shards), func(_ context.Context, worker, i int) error {
		b.values[i] = b.valuation.Values(&b.shards[i].Customers, r.AsOf)
		bases[worker].Enter(b.valuation, &b.shards[i].Customers, b.values[i])
		residuals[worker].Enter(b.valuation, b.frame, &b.shards[i].Customers, b.values[i])
		meter.Add(1, int64(b.shards[i].Len()))
		return nil
	})
	if err != nil {
		return err
	}
	var all clv.Base
	for i := range bases {
		all.Add(&bases[i])
		b.residuals.Add(&residuals[i])
	}
	b.residual, b.hasResiduals = all.Residual()
	b.year = all.YearPerCustomer()
	b.ranks = all.Rank()
	return checkResidual(&all)
}

func fingerprint(f ledger.Fingerprint) string { return fmt.Sprintf("%016x%016x", f.Hi, f.Lo) }
