package jobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"sync/atomic"
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
	HeldBytes   int // of rows and customers that are kept in memory, the others in files; 0: by Memory

	Memory     int64        // bytes that the process may take; 0: not limited
	WorkDir    string       // the folder of what memory does not hold
	PeakMemory func() int64 // bytes that the process took at most so far, 0 if that is not known; may be nil

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
	space := r.space()
	err := r.do(ctx, s, space)
	s.setMemory(r, space)
	space.Close()
	if errors.Is(err, context.Canceled) {
		err = &pipeline.Error{
			Class: pipeline.ClassTemporary, Stage: s.Stage, Message: "interrupted; what was published before is as it was",
			Hint: "run it again", Err: err,
		}
	}
	s.finish(err)
	return s, err
}

func (r *Run) do(ctx context.Context, s *Summary, space *pipeline.Space) error {
	started := r.Now()
	r.stage(s, "claim")
	publication, err := r.Job.Sink.Begin(ctx, pipeline.RunKey{Job: r.Job.Name, AsOf: r.AsOf.String(), RunID: r.RunID, Workers: r.Workers})
	if err != nil {
		return err
	}
	// Discard does nothing after Publish; a failed run is reported for what
	// made it fail.
	defer func() { _ = publication.Discard(context.WithoutCancel(ctx)) }()

	in, err := r.read(ctx, s, space)
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
	space       *pipeline.Space
	store       *pipeline.Store
	tally       ledger.Tally
	vocabulary  *ledger.Vocabulary // of the attributes
}

// read binds the mapping to the source and deals its rows to shards.
func (r *Run) read(ctx context.Context, s *Summary, space *pipeline.Space) (*input, error) {
	r.stage(s, "describe")
	in := &input{space: space}
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
		intakes[i] = &intake{ledger.NewIntake(in.bound, i), in.description, meter}
		admissions[i] = intakes[i]
	}
	in.store, err = pipeline.Scatter(ctx, space, readers, admissions, r.Workers, r.shardBits(in.description))
	words := make([]*ledger.Intake, len(intakes))
	for i := range intakes {
		in.tally.Add(&intakes[i].Tally)
		words[i] = intakes[i].Intake
	}
	if err == nil {
		in.vocabulary, err = ledger.NewVocabulary(in.bound, words...)
		err = rowFailure(err)
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
		return pipeline.Deal{}, rowFailure(err)
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
	if err := r.checkShards(in.store); err != nil {
		return err
	}
	return r.Job.Gates.checkInput(&in.tally, r.Job.Settings.Zone, r.AsOf, in.previous, r.AcceptVolume)
}

// partial is what one worker adds up over its shards.
type partial struct {
	totals   ledger.Totals
	excluded ledger.Exclusions
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
	p.excluded.Add(&s.Exclusions)
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
	p.excluded.Add(&o.excluded)
	p.cohorts.Add(&o.cohorts)
	p.business.Add(&o.business)
	p.grid.Add(&o.grid)
	p.survival.Add(&o.survival)
	p.cells.Add(&o.cells)
	p.gaps.Add(&o.gaps)
	p.formulas.Add(&o.formulas)
}

// base is the customer base, and what it adds up to.
type base struct {
	frame           *cohort.Frame
	customers       *customers
	sums            *partial
	hasContribution bool
	exclusions      []ledger.Exclusion

	models    []clv.Model
	valuation *clv.Valuation
	ranks     clv.Ranks
	lifecycle clv.Lifecycle
	residuals clv.Residuals

	hasResiduals bool                // every customer with a purchase has a residual value
	residual     int64               // what they add up to
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
	builder       *ledger.Builder
	rows, encoded []byte
}

// compute is pass A. Workers add up over the shards they happen to get; all
// sums are of integers, so the result does not depend on it.
func (r *Run) compute(ctx context.Context, s *Summary, in *input) (*base, error) {
	meter := r.meter(s, "compute", in.tally.Rows)
	shards := in.store.Shards()
	b := &base{frame: r.frame(in.bound), customers: &customers{shelf: pipeline.NewShelf(in.space, shards), shards: shards, vocabulary: in.vocabulary}}
	workers := make([]worker, r.Workers)
	for i := range workers {
		workers[i].builder = ledger.NewBuilder(in.bound, in.vocabulary, bits.Len(uint(shards))-1)
		workers[i].grid.MaxOffset = r.Job.MaxOffset
	}
	order := largestFirst(in.store)
	err := pipeline.Each(ctx, r.Workers, shards, func(ctx context.Context, n, i int) (err error) {
		w := &workers[n]
		if w.rows, err = in.store.Take(ctx, order[i], w.rows); err != nil {
			return err
		}
		shard, rows := w.builder.Build(w.rows)
		w.addShard(b.frame, shard)
		if err := b.customers.put(ctx, order[i], &shard.Customers, w); err != nil {
			return err
		}
		meter.Add(rows, rows)
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
	cells.Purchases, cells.Spend = nil, nil // only the models are made of them
	return failed
}

// value is pass B.
func (r *Run) value(ctx context.Context, s *Summary, b *base) error {
	meter := r.meter(s, "value", b.customers.count.Load())
	desks := make([]desk, r.Workers)
	bases := make([]clv.Base, r.Workers)
	residuals := make([]clv.Residuals, r.Workers)
	err := pipeline.Each(ctx, r.Workers, b.customers.shards, func(ctx context.Context, worker, i int) error {
		d := &desks[worker]
		if err := b.get(ctx, i, d); err != nil {
			return err
		}
		bases[worker].Enter(b.valuation, &d.own, d.values)
		residuals[worker].Enter(b.frame, &d.own, d.values)
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
	}
	b.residual, b.hasResiduals = all.Residual()
	b.year = all.YearPerCustomer()
	b.ranks = all.Rank()
	return checkResidual(&all)
}

func fingerprint(f ledger.Fingerprint) string { return fmt.Sprintf("%016x%016x", f.Hi, f.Lo) }
