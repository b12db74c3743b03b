package sinks

import (
	"context"
	"slices"

	"google.golang.org/api/bigquery/v2"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
)

// finish does all that follows the point of no return. Every job has an id that
// depends on the run alone: whoever finishes, and however often, each is done
// once, and none can be begun again once it is done, not even by a process that
// slept meanwhile.
func (w *warehouse) finish(ctx context.Context, p pending) error {
	r := pipeline.RunKey{AsOf: p.Journal.AsOf, RunID: p.Journal.RunID}
	// What is cleared comes first: where a copy cannot be begun any more, no
	// sleeping process has anything left to clear.
	var clears, copies []job
	for _, name := range p.Dropped {
		clears = append(clears, w.clearJob(r, name))
	}
	for _, receipt := range p.Journal.Tables {
		if receipt.Rows == 0 {
			clears = append(clears, w.clearJob(r, receipt.Table))
			continue
		}
		if err := w.alignStaged(ctx, r, receipt.Table); err != nil {
			return inStage("publish", receipt.Table, err)
		}
		copies = append(copies, w.copyJob(r, receipt.Table))
	}
	if err := w.doAll(ctx, slices.Concat(clears, copies)); err != nil {
		return inStage("publish", "", unfinished(err))
	}
	return inStage("publish", "", w.record(ctx, p.Journal))
}

// doAll begins all jobs before it waits for any, so that the date is
// half-published as short as can be. From a table that is not there nothing need
// be cleared; one that is copied into may have been made a moment ago.
func (w *warehouse) doAll(ctx context.Context, jobs []job) error {
	begun, missed := make([]attempt, len(jobs)), make([]error, len(jobs))
	for i, j := range jobs {
		if begun[i], missed[i] = w.start(ctx, j); missed[i] != nil && cloud.KindOf(missed[i]) != cloud.Missing {
			return missed[i]
		}
	}
	for i, j := range jobs {
		err := missed[i]
		if err == nil {
			_, err = w.end(ctx, begun[i])
		}
		if cloud.KindOf(err) == cloud.Missing {
			if err = nil; j.config.Copy != nil {
				err = w.doSoon(ctx, j)
			}
		}
		if err != nil {
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
		SourceTables:      []*bigquery.TableReference{w.reference(w.staging, partitionOf(w.stagedName(r, name), r.AsOf))},
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
