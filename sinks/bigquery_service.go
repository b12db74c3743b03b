package sinks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"google.golang.org/api/bigquery/v2"
	"google.golang.org/api/googleapi"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
)

// callLimit bounds one request that carries no file: BigQuery answers within
// seconds, or the connection is dead.
const callLimit = 2 * time.Minute

// warehouse makes every request to BigQuery: each is bounded in time, made again
// a few times where that may help, and its errors have a class.
type warehouse struct {
	service  *bigquery.Service
	project  string
	dataset  string            // of the tables
	staging  string            // the dataset of what is staged; often the same
	location string            // where the dataset is, and jobs run
	expiring time.Duration     // after which tables of the dataset end by themselves; 0 is never
	labels   map[string]string // of every job and table
	patience cloud.Patience    // with a request
	poll     cloud.Patience    // between two looks at a job
}

// call makes a request until it is answered, as often as the patience allows.
func (w *warehouse) call(ctx context.Context, place string, request func(context.Context) error) error {
	return w.callWithin(ctx, callLimit, place, request)
}

func (w *warehouse) callWithin(ctx context.Context, limit time.Duration, place string, request func(context.Context) error) error {
	err := w.patience.Retry(ctx, func() error {
		bounded, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		err := request(bounded)
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			return fmt.Errorf("no answer within %v: %w", limit, io.ErrUnexpectedEOF)
		}
		return err
	})
	return warehouseError(place, err)
}

// table returns the name of a table as errors and people write it.
func (w *warehouse) table(dataset, name string) string {
	return w.project + "." + dataset + "." + name
}

// quoted returns the name of a table as statements write it. checkTable and
// NewBigQuery let no quote pass.
func (w *warehouse) quoted(dataset, name string) string {
	return "`" + w.table(dataset, name) + "`"
}

// datasetOf returns a dataset, nil if there is none.
func (w *warehouse) datasetOf(ctx context.Context, name string) (*bigquery.Dataset, error) {
	var d *bigquery.Dataset
	err := w.call(ctx, w.project+"."+name, func(ctx context.Context) (err error) {
		d, err = w.service.Datasets.Get(w.project, name).Context(ctx).Do()
		return err
	})
	return orNil(d, err)
}

// makeDataset makes a dataset. One that is there already is left as it is.
func (w *warehouse) makeDataset(ctx context.Context, name, location string) error {
	d := &bigquery.Dataset{
		DatasetReference: &bigquery.DatasetReference{ProjectId: w.project, DatasetId: name},
		Location:         location, Labels: w.labels,
	}
	err := w.call(ctx, w.project+"."+name, func(ctx context.Context) error {
		_, err := w.service.Datasets.Insert(w.project, d).Context(ctx).Do()
		return err
	})
	return unlessKind(cloud.Exists, err)
}

// tableOf returns what a table or view is, nil if there is none.
func (w *warehouse) tableOf(ctx context.Context, dataset, name string) (*bigquery.Table, error) {
	var t *bigquery.Table
	err := w.call(ctx, w.table(dataset, name), func(ctx context.Context) (err error) {
		t, err = w.service.Tables.Get(w.project, dataset, name).Context(ctx).Do()
		return err
	})
	return orNil(t, err)
}

// makeTable makes a table or view. One that is there already is left as it is.
func (w *warehouse) makeTable(ctx context.Context, dataset, name string, t *bigquery.Table) error {
	t.TableReference = &bigquery.TableReference{ProjectId: w.project, DatasetId: dataset, TableId: name}
	t.Labels = w.labels
	err := w.call(ctx, w.table(dataset, name), func(ctx context.Context) error {
		_, err := w.service.Tables.Insert(w.project, dataset, t).Context(ctx).Do()
		return err
	})
	return unlessKind(cloud.Exists, err)
}

// changeTable changes what t says of a table or view.
func (w *warehouse) changeTable(ctx context.Context, dataset, name string, t *bigquery.Table) error {
	return w.call(ctx, w.table(dataset, name), func(ctx context.Context) error {
		_, err := w.service.Tables.Patch(w.project, dataset, name, t).Context(ctx).Do()
		return err
	})
}

// removeTable removes a table or view, if it is there.
func (w *warehouse) removeTable(ctx context.Context, dataset, name string) error {
	err := w.call(ctx, w.table(dataset, name), func(ctx context.Context) error {
		return w.service.Tables.Delete(w.project, dataset, name).Context(ctx).Do()
	})
	return unlessKind(cloud.Missing, err)
}

// tablesWith returns the names of a dataset's tables that begin with a prefix.
func (w *warehouse) tablesWith(ctx context.Context, dataset, prefix string) ([]string, error) {
	const page = 1000 // the most that one answer holds
	var names []string
	for token := ""; ; {
		var list *bigquery.TableList
		err := w.call(ctx, w.project+"."+dataset, func(ctx context.Context) (err error) {
			list, err = w.service.Tables.List(w.project, dataset).MaxResults(page).PageToken(token).Context(ctx).Do()
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, t := range list.Tables {
			if strings.HasPrefix(t.TableReference.TableId, prefix) {
				names = append(names, t.TableReference.TableId)
			}
		}
		if token = list.NextPageToken; token == "" {
			return names, nil
		}
	}
}

// orNil makes of what is missing nil.
func orNil[T any](value *T, err error) (*T, error) {
	if cloud.KindOf(err) == cloud.Missing {
		return nil, nil
	}
	return value, err
}

// unlessKind returns err, but nothing of an error of that kind.
func unlessKind(kind cloud.Kind, err error) error {
	if err != nil && cloud.KindOf(err) == kind {
		return nil
	}
	return err
}

// warehouseError gives an error of BigQuery its class and says what to grant or
// change. An error that has a class, and a context's, stay as they are.
func warehouseError(place string, err error) error {
	if _, ok := errors.AsType[*pipeline.Error](err); ok || err == nil {
		return err
	}
	kind := cloud.KindOf(err)
	hint := ""
	switch kind {
	case cloud.Ended:
		return err
	case cloud.Denied:
		hint = "grant the job's identity roles/bigquery.dataEditor on the datasets of sink.bigquery and roles/bigquery.jobUser on its project"
	case cloud.Missing:
		hint = "compare project, dataset and location of sink.bigquery with what is there; a run makes what it needs but the project"
	case cloud.Unavailable:
		hint = "run it again; if it lasts, look at the quotas of the project and at the status of Google Cloud"
	}
	return pipeline.Errorf(kind.Class(pipeline.ClassUsage), place, hint, "%w", answer{err})
}

// answer is an error of a service, said as a person would: without addresses.
type answer struct{ err error }

func (a answer) Unwrap() error { return a.err }

func (a answer) Error() string {
	if e, ok := errors.AsType[*googleapi.Error](a.err); ok {
		return said(e)
	}
	if e, ok := errors.AsType[*url.Error](a.err); ok {
		return e.Err.Error()
	}
	return a.err.Error()
}

// said returns the message of an error and, of at most five that it lists, the
// reason and the place.
func said(e *googleapi.Error) string {
	const most = 5
	text := e.Message
	if text == "" {
		text = fmt.Sprint("status ", e.Code)
	}
	var listed []string
	for _, item := range e.Errors[:min(most, len(e.Errors))] {
		what := item.Reason
		if item.Message != "" && item.Message != e.Message {
			what += " at " + item.Message
		}
		if what != "" {
			listed = append(listed, what)
		}
	}
	if len(listed) == 0 {
		return text
	}
	return text + " (" + strings.Join(listed, ", ") + ")"
}
