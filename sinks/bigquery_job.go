package sinks

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"time"

	"google.golang.org/api/bigquery/v2"
	"google.golang.org/api/googleapi"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
)

const (
	// jobLimit bounds the wait for a job. Loads and copies of a part take
	// seconds to minutes; a queue in a busy project longer.
	jobLimit = time.Hour
	// uploadLimit bounds the upload of one part: some hundred megabytes.
	uploadLimit = time.Hour
)

// job is a job to be done once, whatever happens to requests and answers. Its
// attempts are <id>_1, <id>_2, …: an attempt is made only after the one before
// it has failed for good, so whoever knows the id, another process too, comes to
// the same attempt, and no attempt can follow one that succeeded.
type job struct {
	id     string
	place  string // for errors: the table concerned
	config *bigquery.JobConfiguration
	upload string // the file that is loaded; "" if none
	// collides: the job is a statement that fails as an invalid query where it
	// meets another of the same table. Nothing but a text tells the two
	// apart, so such a failure is worth another attempt.
	collides bool
}

// jobID returns an id that only the same parts have. It begins with what the
// job is for, so that people find it in the list of jobs.
func jobID(what string, parts ...string) string {
	const digits = 32
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return "perennial_" + what + "_" + hex.EncodeToString(sum[:])[:digits]
}

// onceID returns an id that no other job has.
func onceID(what string) string { return jobID(what, rand.Text()) }

// failedJob is a job that has ended with an error: nothing of it was done.
type failedJob struct{ err *googleapi.Error }

func (f failedJob) Error() string { return said(f.err) }
func (f failedJob) Unwrap() error { return f.err }

// do runs a job to its end.
func (w *warehouse) do(ctx context.Context, j job) (*bigquery.Job, error) {
	a, err := w.start(ctx, j)
	if err != nil {
		return nil, err
	}
	return w.end(ctx, a)
}

// doSoon runs a job on tables of which one was made a moment ago: BigQuery may
// not find it for up to a minute.
func (w *warehouse) doSoon(ctx context.Context, j job) error {
	const tries = 7 // a second, then twice as long each time: a minute in all
	for failed := 0; ; failed++ {
		_, err := w.do(ctx, j)
		if cloud.KindOf(err) != cloud.Missing || failed+1 == tries {
			return err
		}
		if err := w.patience.Wait(ctx, failed, nil); err != nil {
			return err
		}
	}
}

// attempt is an attempt of a job that BigQuery has begun.
type attempt struct {
	job       job
	number    int // from 1
	submitted *bigquery.Job
}

// start begins the first attempt of a job that has not failed for good: those
// that have are of a run before, and whatever made them fail may be mended.
func (w *warehouse) start(ctx context.Context, j job) (attempt, error) {
	for number := 1; ; number++ {
		submitted, isNew, err := w.submit(ctx, j, number)
		if err != nil || isNew || submitted.Status == nil || submitted.Status.ErrorResult == nil {
			return attempt{j, number, submitted}, err
		}
	}
}

// maxAttempts bounds the attempts of one job that one process makes.
const maxAttempts = 5

// end waits until a job has ended. What fails for now is attempted again.
func (w *warehouse) end(ctx context.Context, a attempt) (*bigquery.Job, error) {
	bounded, cancel := context.WithTimeout(ctx, jobLimit)
	defer cancel()
	for made := 1; ; made++ {
		done, err := w.await(bounded, a)
		if err == nil {
			err = jobError(done.Status)
		}
		if _, failed := errors.AsType[failedJob](err); failed && made < maxAttempts && a.job.isWorthAnother(err) {
			a.number++
			if err = w.patience.Wait(bounded, made-1, err); err == nil {
				a.submitted, _, err = w.submit(bounded, a.job, a.number)
			}
			if err == nil {
				continue
			}
		}
		if bounded.Err() != nil && ctx.Err() == nil {
			err = pipeline.Errorf(pipeline.ClassTemporary, a.job.place, "look at the job in BigQuery: it may still wait for slots", "job %s has not ended within %v", a.job.id, jobLimit)
		}
		if a.job.collides && cloud.KindOf(err) == cloud.Invalid {
			err = pipeline.Errorf(pipeline.ClassTemporary, a.job.place, "run it again when fewer statements change the table", "%d attempts in vain: %w", made, answer{err})
		}
		return done, warehouseError(a.job.place, err)
	}
}

func (j job) isWorthAnother(err error) bool {
	kind := cloud.KindOf(err)
	return kind == cloud.Unavailable || kind == cloud.Invalid && j.collides
}

// submit makes BigQuery begin an attempt of a job. Where its answer is lost it
// is asked again under the same id, and says that it has the job already, which
// is not new then.
func (w *warehouse) submit(ctx context.Context, j job, number int) (submitted *bigquery.Job, isNew bool, err error) {
	j.config.Labels = w.labels
	request := &bigquery.Job{
		JobReference:  &bigquery.JobReference{ProjectId: w.project, JobId: fmt.Sprintf("%s_%d", j.id, number), Location: w.location},
		Configuration: j.config,
	}
	limit := callLimit
	if j.upload != "" {
		limit = uploadLimit
	}
	err = w.callWithin(ctx, limit, j.place, func(ctx context.Context) (err error) {
		submitted, err = w.insert(ctx, request, j.upload)
		return err
	})
	if cloud.KindOf(err) != cloud.Exists {
		return submitted, true, err
	}
	if submitted, err = w.jobOf(ctx, request.JobReference, j.place); err != nil {
		return nil, false, err
	}
	if !isSameJob(submitted.Configuration, j.config) {
		return nil, false, pipeline.Errorf(pipeline.ClassInternal, j.place, "", "job %s is another job", request.JobReference.JobId)
	}
	return submitted, false, nil
}

// insert sends a job, with the file that it loads.
func (w *warehouse) insert(ctx context.Context, request *bigquery.Job, upload string) (*bigquery.Job, error) {
	call := w.service.Jobs.Insert(w.project, request).Context(ctx)
	if upload == "" {
		return call.Do()
	}
	f, err := os.Open(upload)
	if err != nil {
		return nil, diskError(upload, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, diskError(upload, err)
	}
	// A chunk is held in memory, and sent again where the connection breaks. What
	// fits into one goes in the request itself.
	chunk := min(info.Size()+1, googleapi.DefaultUploadChunkSize)
	return call.Media(f, googleapi.ContentType("application/octet-stream"), googleapi.ChunkSize(int(chunk))).Do()
}

// jobOf returns a job that has been submitted. That it is not there is another
// matter than that a table is not: it may pass.
func (w *warehouse) jobOf(ctx context.Context, r *bigquery.JobReference, place string) (*bigquery.Job, error) {
	var found *bigquery.Job
	err := w.call(ctx, place, func(ctx context.Context) (err error) {
		found, err = w.service.Jobs.Get(w.project, r.JobId).Location(r.Location).Context(ctx).Do()
		return err
	})
	if cloud.KindOf(err) == cloud.Missing {
		return nil, pipeline.Errorf(pipeline.ClassTemporary, place, "run it again", "BigQuery has job %s, and cannot find it", r.JobId)
	}
	return found, err
}

// isSameJob reports whether two jobs are of one kind, from and to the same
// tables, or of the same text.
func isSameJob(a, b *bigquery.JobConfiguration) bool {
	return reflect.DeepEqual(essence(a), essence(b))
}

// essence is what a job does, without what the service adds to its description.
func essence(c *bigquery.JobConfiguration) []string {
	name := func(t *bigquery.TableReference) string {
		if t == nil {
			return ""
		}
		return t.ProjectId + "." + t.DatasetId + "." + t.TableId
	}
	switch {
	case c == nil:
		return nil
	case c.Load != nil:
		return []string{"load", name(c.Load.DestinationTable)}
	case c.Copy != nil:
		does := []string{"copy", name(c.Copy.DestinationTable)}
		for _, from := range c.Copy.SourceTables {
			does = append(does, name(from))
		}
		return does
	case c.Query != nil:
		return []string{"query", c.Query.Query}
	default:
		return nil
	}
}

// await looks at a job until it has ended. Its state alone says that it has:
// a job that has ended may have failed for a reason by which others go on.
func (w *warehouse) await(ctx context.Context, a attempt) (*bigquery.Job, error) {
	j := a.submitted
	for looks := 0; j.Status == nil || j.Status.State != "DONE"; looks++ {
		err := w.poll.Wait(ctx, looks, nil)
		if err == nil {
			j, err = w.jobOf(ctx, j.JobReference, a.job.place)
		}
		if err != nil {
			w.cancel(ctx, a)
			return nil, err
		}
	}
	return j, nil
}

// cancel asks BigQuery to give up a load whose run has ended. A copy or a
// statement is seen through: they are short and part of a publication.
func (w *warehouse) cancel(ctx context.Context, a attempt) {
	if ctx.Err() == nil || a.job.config.Load == nil {
		return
	}
	const limit = 10 * time.Second
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer stop()
	r := a.submitted.JobReference
	// Uncancelled, it fails or fills a table that is removed.
	_, _ = w.service.Jobs.Cancel(w.project, r.JobId).Location(r.Location).Context(ctx).Do()
}

// codes are the statuses that the reasons of jobs would have as answers.
var codes = map[string]int{
	"accessDenied": http.StatusForbidden, "billingNotEnabled": http.StatusForbidden, "notFound": http.StatusNotFound,
	"duplicate": http.StatusConflict, "backendError": http.StatusServiceUnavailable, "jobBackendError": http.StatusServiceUnavailable,
	"internalError": http.StatusInternalServerError, "jobInternalError": http.StatusInternalServerError, "stopped": http.StatusServiceUnavailable,
}

// jobError returns why a job that has ended has failed, as the error that an
// answer with its reason would be; nil if it has not.
func jobError(s *bigquery.JobStatus) error {
	if s == nil || s.ErrorResult == nil {
		return nil
	}
	e := &googleapi.Error{Code: cmp.Or(codes[s.ErrorResult.Reason], http.StatusBadRequest), Message: s.ErrorResult.Message}
	e.Errors = append(e.Errors, googleapi.ErrorItem{Reason: s.ErrorResult.Reason, Message: s.ErrorResult.Location})
	for _, item := range s.Errors {
		// The messages may quote rows: reason and place are enough.
		listed := googleapi.ErrorItem{Reason: item.Reason, Message: item.Location}
		if listed != e.Errors[0] {
			e.Errors = append(e.Errors, listed)
		}
	}
	return failedJob{e}
}

// parameter is a named parameter of a statement.
type parameter struct{ name, kind, value string }

// statement is a query, with its parameters, as a job.
func statement(id, place, text string, parameters ...parameter) job {
	q := &bigquery.JobConfigurationQuery{Query: text, UseLegacySql: new(bool), ParameterMode: "NAMED"}
	for _, p := range parameters {
		q.QueryParameters = append(q.QueryParameters, &bigquery.QueryParameter{
			Name: p.name, ParameterType: &bigquery.QueryParameterType{Type: p.kind},
			ParameterValue: &bigquery.QueryParameterValue{Value: p.value, ForceSendFields: []string{"Value"}},
		})
	}
	return job{id: id, place: place, config: &bigquery.JobConfiguration{Query: q}}
}

// query returns the rows of a statement, of which there are few: as texts, nil
// for NULL.
func (w *warehouse) query(ctx context.Context, j job) ([][]any, error) {
	done, err := w.do(ctx, j)
	if err != nil {
		return nil, err
	}
	var rows [][]any
	for token := ""; ; {
		var page *bigquery.GetQueryResultsResponse
		err := w.call(ctx, j.place, func(ctx context.Context) (err error) {
			r := done.JobReference
			page, err = w.service.Jobs.GetQueryResults(w.project, r.JobId).Location(r.Location).PageToken(token).Context(ctx).Do()
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			cells := make([]any, len(row.F))
			for i, cell := range row.F {
				cells[i] = cell.V
			}
			rows = append(rows, cells)
		}
		if token = page.PageToken; token == "" {
			return rows, nil
		}
	}
}
