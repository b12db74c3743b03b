package sinks

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
)

// Begin makes the dataset if it may, claims r.AsOf by a row of _runs, and
// settles what killed runs of that date have left.
func (s *bigQuerySink) Begin(ctx context.Context, r pipeline.RunKey) (pipeline.Publication, error) {
	if err := checkKey(r); err != nil {
		return nil, err
	}
	p, err := s.begin(ctx, r)
	if err != nil {
		return nil, inStage("begin", "", err)
	}
	return p, nil
}

func (s *bigQuerySink) begin(ctx context.Context, r pipeline.RunKey) (*bigQueryPublication, error) {
	w, err := s.prepare(ctx)
	if err != nil {
		return nil, err
	}
	if err := w.checkOwner(ctx, r.Job); err != nil {
		return nil, err
	}
	rows, err := s.claim(ctx, w, r)
	if err != nil {
		return nil, err
	}
	own, err := w.holder(rows, r)
	if err != nil {
		return nil, err
	}
	// The claim's end is the service's time: no machine's clock counts here.
	p := &bigQueryPublication{sink: s, warehouse: w, key: r, number: own.number, expiry: own.expires.Add(stagedFor)}
	p.stop = pipeline.Meanwhile(context.WithoutCancel(ctx), s.lease/renewals, func(ctx context.Context) {
		// What cannot be renewed now is tried again; what is lost, Publish finds out.
		_ = w.renew(ctx, r.RunID, s.lease)
	})
	if err := w.settle(ctx, rows, own); err != nil {
		_ = p.release(ctx) // what it leaves, the next run settles
		return nil, err
	}
	return p, nil
}

// claim claims a date and returns its rows. Where it does not come to know
// whether it has the date, it gives it back.
func (s *bigQuerySink) claim(ctx context.Context, w *warehouse, r pipeline.RunKey) ([]runRow, error) {
	err := w.claim(ctx, r, s.lease)
	var rows []runRow
	if err == nil {
		rows, err = w.runsOf(ctx, r.AsOf)
	}
	if err != nil {
		const limit = 10 * time.Second
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
		defer cancel()
		_ = w.renew(ctx, r.RunID, 0) // else the claim ends by itself
	}
	return rows, err
}

// checkOwner refuses a dataset that belongs to another job.
func (w *warehouse) checkOwner(ctx context.Context, job string) error {
	other, err := w.otherJob(ctx, job)
	if err != nil || other == "" {
		return err
	}
	return pipeline.Errorf(pipeline.ClassUsage, w.project+"."+w.dataset, "one dataset belongs to one job: give this job another sink.bigquery.dataset", "the tables here are of job %q, not of %q", other, job)
}

// holder returns the row of a run that holds its date; if another does, it is
// busy.
func (w *warehouse) holder(rows []runRow, r pipeline.RunKey) (runRow, error) {
	if len(rows) > 0 {
		if last := rows[len(rows)-1]; last.runID == r.RunID && last.state == stateClaimed {
			return last, nil
		}
	}
	i := slices.IndexFunc(rows, runRow.holds)
	if i < 0 {
		return runRow{}, w.lost(r)
	}
	return runRow{}, pipeline.Errorf(pipeline.ClassBusy, w.project+"."+w.dataset, "try again when that run has ended; if it was killed, its claim ends at "+rows[i].expires.Format("15:04:05 MST"), "run %s holds %s", rows[i].runID, r.AsOf)
}

func (w *warehouse) lost(r pipeline.RunKey) error {
	return pipeline.Errorf(pipeline.ClassBusy, w.project+"."+w.dataset, "run it again once the other run has ended", "another run has taken %s over from %s", r.AsOf, r.RunID)
}

// settle brings what runs of a date have left to its end, for the run that holds
// the date: a publication that was cut short is finished, and what was staged
// is removed. It may be cut short anywhere and repeated.
func (w *warehouse) settle(ctx context.Context, rows []runRow, own runRow) error {
	isLeft := false
	var last *pending
	for _, row := range rows {
		isLeft = isLeft || row.state == stateClaimed && row.number < own.number
		// An earlier one could not be finished when a later run settled the date.
		// Begun again, it would clear what the later one has copied.
		last = cmp.Or(row.pending, last)
	}
	if last != nil {
		if err := w.finish(ctx, *last); err != nil && mayPass(err) {
			return err
		}
		// What cannot be finished any more, because what it staged has expired or
		// a table was changed by others, stays unfinished until this run is
		// published in its place.
	}
	if err := w.removeStaged(ctx, own.asOf, ""); err != nil || !isLeft {
		return err
	}
	return w.forget(ctx, own.asOf, own.number-1)
}

// mayPass reports whether what failed may succeed later, or once somebody is
// permitted to do it.
func mayPass(err error) bool {
	switch cloud.KindOf(err) {
	case cloud.Unavailable, cloud.Ended, cloud.Denied:
		return true
	case cloud.Unknown: // as a job that has not ended yet
		return pipeline.ClassOf(err) == pipeline.ClassTemporary
	default:
		return false
	}
}
