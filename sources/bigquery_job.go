package sources

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"cloud.google.com/go/bigquery"

	"github.com/perennial-clv/perennial/pipeline/cloud"
)

// run runs a query to its end and returns its job. One that failed for now runs
// again, as another job.
func (j *bigQueryJobs) run(ctx context.Context, sql string) (job *bigquery.Job, err error) {
	again := j.source.pace.retry.Retry(ctx, func() error {
		if job, err = j.start(ctx, sql); err == nil {
			job, err = j.await(ctx, job)
		}
		if _, ended := errors.AsType[*jobError](err); ended {
			return err
		}
		return nil // no job ended: the calls have been tried again themselves
	})
	return job, cmp.Or(err, again)
}

// start starts a query. Its id is chosen here, so that an answer that is lost
// does not start it twice.
func (j *bigQueryJobs) start(ctx context.Context, sql string) (job *bigquery.Job, err error) {
	q := j.query(sql)
	q.JobID = "perennial_" + rand.Text()
	q.MaxBytesBilled = int64(j.source.options.MaxBytesBilled)
	q.JobTimeout = j.source.pace.job
	location := j.client.Location
	err = j.source.pace.try(ctx, func(ctx context.Context) (err error) {
		job, err = q.Run(ctx)
		if cloud.KindOf(err) == cloud.Exists {
			job, err = j.client.JobFromIDLocation(ctx, q.JobID, location)
		}
		return err
	})
	switch kind := cloud.KindOf(err); {
	case err != nil && ctx.Err() != nil, kind == cloud.Ended, kind == cloud.Unavailable:
		j.cancel(ctx, q.JobID, location) // it may have started without our hearing of it
	}
	return job, err
}

// await waits for a job's end: its state says when that is, and only then its
// errors say how. When the context ends, or the job has taken too long, the job
// is cancelled.
func (j *bigQueryJobs) await(ctx context.Context, job *bigquery.Job) (*bigquery.Job, error) {
	limited, stop := context.WithTimeout(ctx, j.source.pace.job)
	defer stop()
	var err error
	for looks := 0; err == nil; looks++ {
		if status := job.LastStatus(); status != nil && status.Done() {
			return job, endOf(job, status)
		}
		if err = j.source.pace.poll.Wait(limited, looks, nil); err == nil {
			job, err = j.look(limited, job)
		}
	}
	j.cancel(ctx, job.ID(), job.Location())
	if limited.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("job %s did not end within %v: %w", job.ID(), j.source.pace.job, context.DeadlineExceeded)
	}
	return nil, err
}

// look asks how far a job has come.
func (j *bigQueryJobs) look(ctx context.Context, job *bigquery.Job) (now *bigquery.Job, err error) {
	now = job
	err = j.source.pace.try(ctx, func(ctx context.Context) error {
		found, err := j.client.JobFromIDLocation(ctx, job.ID(), job.Location())
		if err == nil {
			now = found
		}
		return err
	})
	return now, err
}

// farewell is how long a job that nobody waits for is asked to end, after the
// context's end.
const farewell = 10 * time.Second

// cancel cancels a job if it runs. That it could not changes nothing any more:
// the job costs what its limit allows.
func (j *bigQueryJobs) cancel(ctx context.Context, id, location string) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer stop()
	job, err := j.client.JobFromIDLocation(ctx, id, location)
	if err == nil && !job.LastStatus().Done() {
		_ = job.Cancel(ctx)
	}
}

// jobError is the end of a job that did not succeed.
type jobError struct {
	id     string
	cause  *bigquery.Error
	errors []*bigquery.Error // what went wrong on the way, the cause among it
}

// endOf returns how a job that is done ended, nil if it succeeded.
func endOf(job *bigquery.Job, status *bigquery.JobStatus) error {
	cause, failed := errors.AsType[*bigquery.Error](status.Err())
	if !failed {
		return nil
	}
	return &jobError{id: job.ID(), cause: cause, errors: status.Errors}
}

// Error returns up to five reasons with their places. What BigQuery says of a
// value that does not fit has the value in it, and is left out.
func (e *jobError) Error() string {
	const most = 5
	all := e.errors
	if len(all) == 0 {
		all = []*bigquery.Error{e.cause}
	}
	var reasons []string
	for _, r := range all[:min(most, len(all))] {
		text := r.Reason
		if r.Location != "" {
			text += " at " + r.Location
		}
		if r.Reason != "invalidQuery" && r.Reason != "invalid" {
			text += " (" + r.Message + ")"
		}
		reasons = append(reasons, text)
	}
	if more := len(all) - most; more > 0 {
		reasons = append(reasons, fmt.Sprintf("%d more", more))
	}
	return fmt.Sprintf("job %s ended with %s", e.id, strings.Join(reasons, ", "))
}

// Unwrap returns the cause.
func (e *jobError) Unwrap() error { return e.cause }
