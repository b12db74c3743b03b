package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/ledger"
)

// Machine is what the machine gives a run.
type Machine struct {
	Memory    int64  // bytes that a run may take; 0 if unknown
	Limit     string // what sets that limit, for people
	GoLimit   bool   // the program keeps to a limit of its own (GOMEMLIMIT)
	Workers   int    // goroutines that compute
	Processor int    // processors that there are
}

// Unset returns the environment variables that a job file names with a default
// and that are not set, in order. Those without a default are problems of the
// job file.
func Unset(content []byte, lookup func(string) (string, bool)) []string {
	var names []string
	for _, match := range variable.FindAllSubmatch(content, -1) {
		name := string(match[1])
		if _, ok := lookup(name); !ok && len(match[2]) > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Examine notes whether the run can reach and read its source, write where its
// tables go, and fits the machine. It publishes nothing and leaves nothing
// behind.
func (r *Run) Examine(ctx context.Context, m Machine, d *Diagnosis) {
	isReadable := r.examineSource(ctx, d)
	r.examineSink(ctx, d)
	if isReadable {
		r.examineMachine(ctx, m, d)
	}
}

// examineSource binds the columns and reads the first rows of each reader.
func (r *Run) examineSource(ctx context.Context, d *Diagnosis) bool {
	description, bound, err := r.Bind(ctx)
	if err != nil {
		d.Fail("source", err)
		return false
	}
	d.OK("source", "%s: %d files, %s bytes", description.Name, len(description.Files), text(known(description.Bytes)))
	tally, err := r.firstRows(ctx, len(description.Files), bound)
	switch {
	case err != nil:
		d.Fail("rows", err)
		return false
	case tally.Rows == 0:
		d.Fail("rows", quality("check the paths and the export", "the source has no rows"))
	case tally.Unreadable == tally.Rows:
		d.Fail("rows", quality("check the mapping of "+faultyColumn(tally)+" and its format", "none of the first %d rows can be read: %s", tally.Rows, tally.Quarantine[0].Reason))
	case tally.Unreadable > 0:
		d.Warn("rows", "a run keeps them in quarantine, and fails above rules.max_rejected_rate", "%d of the first %d rows cannot be read: %s", tally.Unreadable, tally.Rows, tally.Quarantine[0].Reason)
	default:
		d.OK("rows", "the first %d rows can be read", tally.Rows)
	}
	return true
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
func (r *Run) firstRows(ctx context.Context, files int, bound *ledger.Binding) (*ledger.Tally, error) {
	readers, err := r.Job.Source.Open(ctx, pipeline.Request{Columns: bound.Columns, Rows: examinedRows, Readers: max(1, files)})
	if err != nil {
		return nil, err
	}
	in := &intake{ledger.NewIntake(bound)}
	for _, reader := range readers {
		if err := in.admitFirst(ctx, reader); err != nil {
			return nil, err
		}
	}
	return &in.Tally, nil
}

// admitFirst admits the first batch of a reader and closes it.
func (i *intake) admitFirst(ctx context.Context, reader pipeline.Reader) error {
	// What is of interest has been read: that closing failed says nothing.
	defer func() { _ = reader.Close() }()
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
func (r *Run) examineSink(ctx context.Context, d *Diagnosis) {
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
		r.examineDisk(ctx, probe.Free, latest, d)
	}
}

// publishedPerRow is how many bytes of tables a source row makes at most: those
// of a customer who is in no other row, measured on orders with short keys.
const publishedPerRow = 130

// examineDisk compares the free space with what the tables take: as much as
// last time, as the old ones stay until the new ones are whole.
func (r *Run) examineDisk(ctx context.Context, free int64, latest *pipeline.Journal, d *Diagnosis) {
	var need int64
	if latest != nil {
		for _, t := range latest.Tables {
			need += t.Bytes
		}
	} else if description, err := r.Job.Source.Describe(ctx); err == nil {
		need = estimatedRows(description) * publishedPerRow
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

// examineMachine compares the plan with the machine.
func (r *Run) examineMachine(ctx context.Context, m Machine, d *Diagnosis) {
	d.OK("processors", "%d workers on %d processors", m.Workers, m.Processor)
	plan, err := r.Plan(ctx)
	if err != nil { // of the sink, which is noted already
		return
	}
	switch {
	case m.Memory == 0:
		d.OK("memory", "a run takes about %s; how much there is this machine does not say", mebibytes(plan.Memory))
	case plan.Memory > m.Memory:
		d.Warn("memory", "give it more, or leave out short grains, splits and columns", "a run takes about %s, more than the %s of %s", mebibytes(plan.Memory), mebibytes(m.Memory), m.Limit)
	case !m.GoLimit:
		d.OK("memory", "a run takes about %s of the %s of %s; GOMEMLIMIT is not set, about 85 %% of them would be right", mebibytes(plan.Memory), mebibytes(m.Memory), m.Limit)
	default:
		d.OK("memory", "a run takes about %s of the %s of %s", mebibytes(plan.Memory), mebibytes(m.Memory), m.Limit)
	}
}

func mebibytes(n int64) string { return fmt.Sprintf("%d MiB", (n+1<<20-1)>>20) }
