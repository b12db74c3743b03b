package jobs

import (
	"context"
	"errors"
	"io"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/ledger"
)

// Machine is what the machine gives a run.
type Machine struct {
	Memory     int64  // bytes that there are; 0 if unknown
	Limit      string // what sets that limit, for people
	Processors int    // that there are
}

// Examine notes whether the run can reach and read its source, write where its
// tables go, and fits the machine. It publishes nothing and leaves nothing
// behind.
func (r *Run) Examine(ctx context.Context, m Machine, d *Diagnosis) {
	// A source is described once and opened once.
	description, bound, err := r.Bind(ctx)
	if err != nil {
		d.Fail("source", err)
		description.Rows, description.Bytes = -1, -1
	} else {
		r.examineSource(ctx, description, bound, d)
	}
	r.examineSink(ctx, estimatedRows(description), d)
	d.OK("processors", "%d workers on %d processors", r.Workers, m.Processors)
	if err != nil {
		return
	}
	f := r.footprint(description, bound)
	r.examineMemory(f, m, d)
	r.examineWorkDir(f, d)
}

// ExamineJob notes what a job file leaves open, and a day that it fixes.
func (r *Run) ExamineJob(d *Diagnosis) {
	if open := r.Job.OpenQuestions(); open != "" {
		d.Warn("questions", "", "%s", open)
	}
	if r.isAsOfFixed() {
		d.Warn("as of", "delete as_of before you schedule the job", "the job file fixes the day %s, so that every run is of it", r.AsOf)
	}
	for _, e := range []*EarlierModels{r.Models, r.StartFrom} {
		if e != nil {
			d.OK("models", "%s", e.Text())
		}
		for _, warning := range e.warnings(r.Job, r.AsOf) {
			d.Warn("models", "fit the models again with a run that saves them", "%s", warning)
		}
	}
}

// examineSource reads the first rows of each reader.
func (r *Run) examineSource(ctx context.Context, description pipeline.Description, bound *ledger.Binding, d *Diagnosis) {
	d.OK("source", "%s: %s", description.Name, size(len(description.Files), known(description.Rows), known(description.Bytes)))
	r.examineCost(ctx, bound, d)
	tally, err := r.firstRows(ctx, description, bound)
	switch {
	case err != nil:
		d.Fail("rows", err)
	case tally.Rows == 0:
		d.Fail("rows", quality("check the paths and the export", "the source has no rows"))
	case tally.Unreadable == tally.Rows:
		d.Fail("rows", quality("check the mapping of "+faultyColumn(tally)+" and its format", "none of the first %d rows can be read: %s", tally.Rows, tally.Quarantine[0].Reason))
	case tally.Unreadable > 0:
		d.Warn("rows", "a run keeps them in quarantine, and fails above rules.max_rejected_rate", "%d of the first %d rows cannot be read: %s", tally.Unreadable, tally.Rows, tally.Quarantine[0].Reason)
	default:
		d.OK("rows", "the first %d rows can be read", tally.Rows)
	}
}

// examineCost says what reading costs, or that it is more than it may.
func (r *Run) examineCost(ctx context.Context, bound *ledger.Binding, d *Diagnosis) {
	source, ok := r.Job.Source.(pipeline.Estimator)
	if !ok {
		return
	}
	e, err := source.Estimate(ctx, r.request(bound))
	switch {
	case err != nil:
		d.Fail("cost", err)
	case e.Price != nil:
		d.OK("cost", "reading costs %s", costText(&e.Price.USD, e.Price.Basis))
	}
}

func faultyColumn(t *ledger.Tally) string {
	if column := t.Quarantine[0].Column; column != "" {
		return "the column " + column
	}
	return "the columns"
}

// examinedRows is how many rows of each reader are read.
const examinedRows = 1_000

// firstRows reads the first batch of as many readers as the source has for its
// files, one after the other, as a run would.
func (r *Run) firstRows(ctx context.Context, description pipeline.Description, bound *ledger.Binding) (*ledger.Tally, error) {
	readers, err := r.Job.Source.Open(ctx, pipeline.Request{Columns: bound.Columns, Rows: examinedRows, Readers: max(1, len(description.Files)), Until: r.until(bound)})
	if err != nil {
		return nil, err
	}
	in := &intake{ledger.NewIntake(bound, 0), description, pipeline.NewMeter(-1, nil)}
	for _, reader := range readers {
		if err == nil {
			err = in.admitFirst(ctx, reader)
		}
		// What is of interest has been read: that closing failed says nothing.
		_ = reader.Close()
	}
	return &in.Tally, err
}

// admitFirst admits the first batch of a reader.
func (i *intake) admitFirst(ctx context.Context, reader pipeline.Reader) error {
	batch, err := reader.Next(ctx)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	defer batch.Record.Release()
	_, err = i.Admit(batch)
	return err
}

// examineSink tries where the tables go, and says what is published there.
// rows is how many the source is expected to have, 0 if that is not known.
func (r *Run) examineSink(ctx context.Context, rows int64, d *Diagnosis) {
	latest, err := r.Job.Sink.Latest(ctx)
	if err == nil {
		err = r.Job.CheckOwner(latest)
	}
	switch {
	case err != nil:
		d.Fail("published", err)
	case latest == nil:
		d.OK("published", "nothing yet")
	default:
		d.OK("published", "%s is the newest date, by run %s of this job", latest.AsOf, latest.RunID)
	}
	sink, ok := r.Job.Sink.(pipeline.Prober)
	if !ok {
		return
	}
	probe, err := sink.Probe(ctx)
	if err != nil {
		d.Fail("sink", err)
		return
	}
	place := probe.Place
	if probe.IsNew {
		place += ", which the first run makes,"
	}
	exchanges := "a table is replaced in one step"
	if !probe.Exchanges {
		exchanges = "while a table is replaced there is a moment without it: the file system cannot exchange folders"
	}
	d.OK("sink", "%s can be written; %s", place, exchanges)
	if probe.Free >= 0 {
		examineDisk(probe.Free, rows, latest, d)
	}
}

// publishedPerRow is how many bytes of tables a source row makes at most: those
// of a customer who is in no other row, measured on orders with short keys.
const publishedPerRow = 130

// examineDisk compares the free space with what the tables take: as much as
// last time, as the old ones stay until the new ones are whole.
func examineDisk(free, rows int64, latest *pipeline.Journal, d *Diagnosis) {
	need := rows * publishedPerRow
	if latest != nil {
		need = 0
		for _, t := range latest.Tables {
			need += t.Bytes
		}
	}
	switch {
	case need > free:
		d.Warn("disk", "free some space, or publish fewer tables", "%s free, and the tables may take %s", mebibytes(free), mebibytes(need))
	case need == 0: // the source cannot be described, which is noted already
		d.OK("disk", "%s free", mebibytes(free))
	default:
		d.OK("disk", "%s free, the tables take at most about %s", mebibytes(free), mebibytes(need))
	}
}

// examineMemory compares what a run takes with what it may take, and that with
// what there is.
func (r *Run) examineMemory(f footprint, m Machine, d *Diagnosis) {
	switch {
	case r.Memory == 0:
		d.OK("memory", "a run takes about %s; how much there is this machine does not say, but --memory sets a limit", mebibytes(f.memory))
	case m.Memory > 0 && m.Memory < LeastMemory:
		d.Warn("memory", "give it more", "a run takes at least %s, more than the %s of %s", mebibytes(LeastMemory), mebibytes(m.Memory), m.Limit)
	case m.Memory > 0 && r.Memory > m.Memory:
		d.Warn("memory", "lower --memory, or leave it out", "a run may take %s, more than the %s of %s", mebibytes(r.Memory), mebibytes(m.Memory), m.Limit)
	case f.memory > r.Memory:
		d.Warn("memory", "give it more, or fewer workers", "a run takes about %s, more than the %s that it may take", mebibytes(f.memory), mebibytes(r.Memory))
	case m.Memory == 0:
		d.OK("memory", "a run takes about %s of the %s that it may take", mebibytes(f.memory), mebibytes(r.Memory))
	default:
		d.OK("memory", "a run takes about %s of the %s that it may take, of %s of %s", mebibytes(f.memory), mebibytes(r.Memory), mebibytes(m.Memory), m.Limit)
	}
}

// examineWorkDir tries where a run keeps what memory does not hold.
func (r *Run) examineWorkDir(f footprint, d *Diagnosis) {
	free, err := r.space().Probe()
	switch {
	case err != nil && f.spilled == 0:
		d.Warn("work dir", pipeline.HintOf(err), "memory holds all rows; more could not be kept: %s", err)
	case err != nil:
		d.Fail("work dir", err)
	case f.spilled > free:
		d.Warn("work dir", "name a folder on a larger disk with --work-dir, or give the run more memory with --memory",
			"%s has room for %s, and a run may write %s there", r.WorkDir, mebibytes(free), mebibytes(f.spilled))
	case f.spilled > 0:
		d.OK("work dir", "%s has room for %s, a run writes about %s there", r.WorkDir, mebibytes(free), mebibytes(f.spilled))
	default:
		d.OK("work dir", "%s has room for %s, of which a run needs nothing: memory holds all rows", r.WorkDir, mebibytes(free))
	}
}
