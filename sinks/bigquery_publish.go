package sinks

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/bigquery/v2"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// bigQueryPublication is one run's way into the dataset.
type bigQueryPublication struct {
	sink      *bigQuerySink
	warehouse *warehouse
	key       pipeline.RunKey
	number    int64     // of the run among those of its date
	expiry    time.Time // of what it stages
	stop      func()    // ends the renewal of the claim; nil once the date was freed
	tables    []table.Schema
	receipts  []pipeline.Receipt
}

// settleLocation takes over where a dataset is, or refuses it.
func (w *warehouse) settleLocation(location string) error {
	if w.location != "" && location != "" && !strings.EqualFold(w.location, location) {
		return pipeline.Errorf(pipeline.ClassUsage, w.project, "let sink.bigquery.location and both datasets agree", "a dataset is in %s, where %s was expected", location, w.location)
	}
	w.location = cmp.Or(w.location, location)
	return nil
}

// checkOwner refuses a dataset that belongs to another job.
func (w *warehouse) checkOwner(ctx context.Context, job string) error {
	other, err := w.otherJob(ctx, job)
	if err != nil || other == "" {
		return err
	}
	return pipeline.Errorf(pipeline.ClassUsage, w.project+"."+w.dataset, "one dataset belongs to one job: give this job another sink.bigquery.dataset", "the tables here are of job %q, not of %q", other, job)
}

// holder returns the number of a run that holds its date; if another does, it is
// busy.
func (w *warehouse) holder(rows []runRow, r pipeline.RunKey) (int64, error) {
	for _, row := range rows {
		if row.runID == r.RunID && row.state == stateClaimed && row.number == rows[len(rows)-1].number {
			return row.number, nil
		}
	}
	i := slices.IndexFunc(rows, runRow.holds)
	if i < 0 {
		return 0, w.lost(r)
	}
	return 0, pipeline.Errorf(pipeline.ClassBusy, w.project+"."+w.dataset, "try again when that run has ended; if it was killed, its claim ends at "+rows[i].until, "run %s holds %s", rows[i].runID, r.AsOf)
}

func (w *warehouse) lost(r pipeline.RunKey) error {
	return pipeline.Errorf(pipeline.ClassBusy, w.project+"."+w.dataset, "run it again once the other run has ended", "another run has taken %s over from %s", r.AsOf, r.RunID)
}

// settle brings what runs of a date have left to its end, for the run that holds
// the date: a publication that was cut short is finished, and what was staged
// is removed. It may be cut short anywhere and repeated.
func (w *warehouse) settle(ctx context.Context, rows []runRow, r pipeline.RunKey, number int64) error {
	isLeft := false
	for _, row := range rows {
		if row.pending == nil {
			isLeft = isLeft || row.state == stateClaimed && row.number < number
			continue
		}
		// Where what it staged has expired, its date stays unfinished until this
		// run, which has everything anew, is published in its place.
		if err := w.finish(ctx, *row.pending); err != nil && cloud.KindOf(err) != cloud.Missing {
			return err
		}
	}
	if err := w.removeStaged(ctx, r.AsOf, ""); err != nil || !isLeft {
		return err
	}
	return w.forget(ctx, r.AsOf, number-1)
}

// finish does all that follows the point of no return. Every job has an id that
// depends on the run alone: whoever finishes, and however often, each is done
// once, and none can be begun again once it is done, not even by a process that
// slept meanwhile.
func (w *warehouse) finish(ctx context.Context, p pending) error {
	r := pipeline.RunKey{AsOf: p.Journal.AsOf, RunID: p.Journal.RunID}
	var jobs []job
	for _, receipt := range p.Journal.Tables {
		if receipt.Rows == 0 {
			jobs = append(jobs, w.clearJob(r, receipt.Table))
			continue
		}
		if err := w.alignStaged(ctx, r, receipt.Table); err != nil {
			return inStage("publish", receipt.Table, err)
		}
		jobs = append(jobs, w.copyJob(r, receipt.Table))
	}
	for _, name := range p.Dropped {
		jobs = append(jobs, w.clearJob(r, name))
	}
	if err := w.doAll(ctx, jobs); err != nil {
		return inStage("publish", "", unfinished(err))
	}
	return inStage("publish", "", w.record(ctx, p.Journal))
}

// doAll begins all jobs before it waits for any, so that the date is
// half-published as short as can be. From a table that is not there nothing need
// be cleared.
func (w *warehouse) doAll(ctx context.Context, jobs []job) error {
	var begun []attempt
	for _, j := range jobs {
		a, err := w.start(ctx, j)
		if err != nil {
			return err
		}
		begun = append(begun, a)
	}
	for _, a := range begun {
		_, err := w.end(ctx, a)
		if err != nil && (cloud.KindOf(err) != cloud.Missing || a.job.config.Query == nil) {
			return err
		}
	}
	return nil
}

// unfinished says of a table that went missing behind the point of no return
// that another run helps: it makes everything anew.
func unfinished(err error) error {
	if cloud.KindOf(err) != cloud.Missing {
		return err
	}
	return pipeline.Errorf(pipeline.ClassTemporary, "", "run the date again", "a table was removed while the date was published: %w", err)
}

// alignStaged gives a staged table the columns that the published one has got
// since, of another date's run: a copy wants them equal.
func (w *warehouse) alignStaged(ctx context.Context, r pipeline.RunKey, name string) error {
	live, err := w.tableOf(ctx, w.dataset, name)
	if err != nil {
		return err
	}
	staged, err := w.tableOf(ctx, w.staging, w.stagedName(r, name))
	if err != nil {
		return err
	}
	if live == nil || staged == nil || isSameFields(live.Schema.Fields, staged.Schema.Fields) {
		return nil // what is missing the copy says
	}
	return w.changeTable(ctx, w.staging, w.stagedName(r, name), &bigquery.Table{Schema: live.Schema})
}

// copyJob replaces a date of a table by the staged rows, in one step.
func (w *warehouse) copyJob(r pipeline.RunKey, name string) job {
	return job{id: jobID("copy", w.project, w.dataset, r.RunID, name), place: w.table(w.dataset, partitionOf(name, r.AsOf)), config: &bigquery.JobConfiguration{Copy: &bigquery.JobConfigurationTableCopy{
		SourceTable:       w.reference(w.staging, partitionOf(w.stagedName(r, name), r.AsOf)),
		DestinationTable:  w.reference(w.dataset, partitionOf(name, r.AsOf)),
		CreateDisposition: "CREATE_NEVER", WriteDisposition: "WRITE_TRUNCATE",
	}}}
}

// clearJob takes a date out of a table, also for a table without rows: of no
// rows there is no partition to copy.
func (w *warehouse) clearJob(r pipeline.RunKey, name string) job {
	j := statement(jobID("clear", w.project, w.dataset, r.RunID, name), w.table(w.dataset, partitionOf(name, r.AsOf)),
		"DELETE FROM "+w.quoted(w.dataset, name)+" WHERE "+asOfColumn.Name+" = DATE '"+r.AsOf+"'")
	j.collides = true
	return j
}

// Publish makes the staged tables visible and frees the date, also when it
// fails. Before its row of _runs is publishing a failure removes what was staged;
// after it, the context counts no more and a failure leaves the rest to the
// next run of the date.
func (p *bigQueryPublication) Publish(ctx context.Context, j pipeline.Journal) error {
	if p.stop == nil {
		return ended(p.key)
	}
	j.Job, j.AsOf, j.RunID = p.key.Job, p.key.AsOf, p.key.RunID
	j.Tables = slices.SortedFunc(slices.Values(p.receipts), func(a, b pipeline.Receipt) int { return cmp.Compare(a.Table, b.Table) })
	pend, err := p.commit(ctx, j)
	if err != nil {
		p.release(ctx)
		return inStage("publish", "", err)
	}
	ctx = context.WithoutCancel(ctx)
	w := p.warehouse
	err = w.finish(ctx, *pend)
	p.stop()
	p.stop = nil
	if err != nil {
		// The next run need not wait until the claim expires.
		_ = w.renew(ctx, p.key.RunID, 0)
		return inStage("publish", "", err)
	}
	// The date is published and whole. Views that look back too far cost more
	// and are right; what stays staged the next run of the date removes.
	_ = w.advanceViews(ctx, names(j.Tables))
	_ = w.removeStaged(ctx, p.key.AsOf, p.key.RunID)
	return nil
}

func names(receipts []pipeline.Receipt) []string {
	var names []string
	for _, r := range receipts {
		names = append(names, r.Table)
	}
	return names
}

// commit decides the publication: it prepares every table, refusing before it
// changes any, and writes into _runs what is needed to finish.
func (p *bigQueryPublication) commit(ctx context.Context, j pipeline.Journal) (*pending, error) {
	w := p.warehouse
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := w.checkOwner(ctx, j.Job); err != nil {
		return nil, err
	}
	rows, err := w.runsOf(ctx, j.AsOf)
	if err != nil {
		return nil, err
	}
	if _, err := w.holder(rows, p.key); err != nil {
		return nil, err
	}
	if err := p.prepareTables(ctx); err != nil {
		return nil, err
	}
	pend := pending{Journal: j, Dropped: droppedBy(rows, j.Tables)}
	failure := w.commit(ctx, pend)
	if rows, err = w.runsOf(context.WithoutCancel(ctx), j.AsOf); err != nil {
		return nil, cmp.Or(failure, err)
	}
	for _, row := range rows {
		if row.runID == j.RunID && row.state == statePublishing {
			return &pend, nil // also where the statement was done and its answer lost
		}
	}
	if failure != nil {
		return nil, failure
	}
	return nil, w.lost(p.key)
}

// prepareTables looks at all tables before it changes any.
func (p *bigQueryPublication) prepareTables(ctx context.Context) error {
	for _, t := range p.tables {
		if _, _, err := p.warehouse.design(ctx, t); err != nil {
			return inStage("publish", t.Name, err)
		}
	}
	for _, t := range p.tables {
		if _, err := p.warehouse.prepareTable(ctx, t); err != nil {
			return inStage("publish", t.Name, err)
		}
		if err := p.warehouse.prepareView(ctx, t, p.key.AsOf); err != nil {
			return inStage("publish", t.Name, err)
		}
	}
	return nil
}

// droppedBy returns, in order, the tables of a date that its runs before have
// and a new one lacks.
func droppedBy(rows []runRow, tables []pipeline.Receipt) []string {
	var all []string
	for _, row := range rows {
		all = append(all, dropped(row.journal, tables)...)
		if row.pending != nil {
			all = append(all, dropped(&row.pending.Journal, tables)...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Discard removes what was staged and frees the date. A context that has
// ended does not keep it from cleaning up.
func (p *bigQueryPublication) Discard(ctx context.Context) error {
	if p.stop == nil {
		return nil
	}
	return inStage("discard", "", p.release(ctx))
}

// release gives the date back and removes what was staged: first the row, so
// that the run cannot be published any more. One that is, after all, behind its
// point of no return keeps what it has staged.
func (p *bigQueryPublication) release(ctx context.Context) error {
	p.stop()
	p.stop = nil
	const limit = 5 * time.Minute
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	w := p.warehouse
	if err := w.forget(ctx, p.key.AsOf, p.number); err != nil {
		return err
	}
	rows, err := w.runsOf(ctx, p.key.AsOf)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(rows, func(r runRow) bool { return r.runID == p.key.RunID }) {
		return w.renew(ctx, p.key.RunID, 0)
	}
	return w.removeStaged(ctx, p.key.AsOf, p.key.RunID)
}
