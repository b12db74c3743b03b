package jobs

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"time"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/ledger"
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

	Models    *EarlierModels             // to predict with, in the place of fitting any; may be nil
	StartFrom *EarlierModels             // where the searches of the fits begin; may be nil
	OnModels  func(content []byte) error // told the model file of what was fitted, once it is published; may be nil

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
//  6. fit the models on the cells; grade them by what they would have predicted
//     at earlier days; choose the one to predict with. Or take the models of an
//     earlier run
//  7. pass B, per shard: value each customer; what ranks compare with
//  8. pass C: stage every table, customers shard by shard
//  9. check that everything ties out, stage what was checked
//  10. publish all tables together, the journal last; remove the dates that the
//     sink keeps no longer; hand over the model file
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
	publication, err := r.Job.Sink.Begin(ctx, pipeline.RunKey{Job: r.Job.Name, AsOf: r.AsOf.String(), RunID: r.RunID, Workers: r.Workers, WorkDir: r.WorkDir})
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
	if err := r.model(ctx, s, b); err != nil {
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
	return r.saveModels(in, b)
}

// model makes what customers are valued with.
func (r *Run) model(ctx context.Context, s *Summary, b *base) error {
	type step struct {
		stage string
		do    func(context.Context, *base) error
	}
	steps := []step{{"fit", r.fit}, {"grade", r.grade}, {"choose", r.choose}}
	if r.Models != nil {
		steps = []step{{"models", r.useModels}}
	}
	for _, step := range steps {
		r.stage(s, step.stage)
		if err := step.do(ctx, b); err != nil {
			return err
		}
	}
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
	readers, err := r.Job.Source.Open(ctx, r.request(in.bound))
	if err != nil {
		return nil, err
	}
	intakes := make([]*intake, len(readers))
	admissions := make([]pipeline.Admission, len(readers))
	for i := range readers {
		intakes[i] = &intake{ledger.NewIntake(in.bound, i), in.description, meter}
		admissions[i] = intakes[i]
	}
	in.store, err = pipeline.Scatter(ctx, space, readers, admissions, r.Workers, r.shardBits(in.description, in.bound))
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
// it: a shard should fit the cache, and be far smaller than the largest that
// memory allows.
func (r *Run) shardBits(d pipeline.Description, bound *ledger.Binding) int {
	const rowsPerShard, margin, most = 1 << 16, 4, 12
	const many = 1 << 24 // rows of a source that does not know its size, as a query: more shards than needed cost little, too few do not fit
	if r.ShardBits > 0 {
		return r.ShardBits
	}
	rows := estimatedRows(d)
	if workOf(d) < 0 {
		rows = many
	}
	byCache := rows / rowsPerShard
	byMemory := rows * int64(bound.RowBytes()) * margin / r.largestShard()
	return min(most, bits.Len64(uint64(max(byCache, byMemory))))
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

func fingerprint(f ledger.Fingerprint) string { return fmt.Sprintf("%016x%016x", f.Hi, f.Lo) }
