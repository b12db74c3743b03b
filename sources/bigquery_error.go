package sources

import (
	"context"
	"errors"

	"cloud.google.com/go/bigquery"
	"google.golang.org/api/googleapi"
	"google.golang.org/grpc/status"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
)

// bigQueryNeed is what a call needs: for which a role must be granted.
type bigQueryNeed int

const (
	needsTable   bigQueryNeed = iota // the table's metadata
	needsQuery                       // a query's job, and the tables in it
	needsSession                     // reading through the storage API
)

// failure gives an error of the service its class, place and hint; the end of the
// caller's context stays what it is.
func (s *bigQuerySource) failure(ctx context.Context, err error, needs bigQueryNeed) error {
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	kind := cloud.KindOf(err)
	class, hint := kind.Class(pipeline.ClassSource), s.hint(kind, needs)
	switch reasonOf(err) {
	case "bytesBilledLimitExceeded":
		class, hint = pipeline.ClassCost, "raise max_bytes_billed, or read less: fewer columns, or fewer partitions"
	case "billingNotEnabled":
		hint = "enable billing for the project " + s.options.Project
	case "responseTooLarge":
		hint = "select fewer columns or rows, or let another query write its result to a table, and name that one as table"
	case "resourcesExceeded":
		hint = "make the query simpler, or let another one prepare a table for it: trying again would fail again"
	case "stopped", "timeout":
		class, hint = pipeline.ClassTemporary, "somebody or some limit stopped the job; run it again"
	}
	var ended *jobError
	if errors.As(err, &ended) && kind == cloud.Invalid && hint == "" {
		hint = "see the job for what BigQuery says of it: bq show -j " + ended.id
	}
	if kind == cloud.Invalid && hint == "" {
		hint = s.correction()
	}
	if kind == cloud.Ended { // a limit of ours, which must not look like the end of the run
		return pipeline.Errorf(class, s.name(), hint, "BigQuery did not answer in time: %v", shorter(err))
	}
	return pipeline.Errorf(class, s.name(), hint, "%w", shorter(err))
}

// hint says what a person can do about a kind of error, "" if nothing.
func (s *bigQuerySource) hint(kind cloud.Kind, needs bigQueryNeed) string {
	project := " on the project " + s.options.Project
	switch kind {
	case cloud.Denied:
		switch needs {
		case needsTable:
			return "grant roles/bigquery.dataViewer on the table, or on its dataset"
		case needsQuery:
			return "grant roles/bigquery.jobUser" + project + ", and roles/bigquery.dataViewer on the tables that are read"
		default:
			return "grant roles/bigquery.readSessionUser (bigquery.readsessions.create)" + project + ", and roles/bigquery.dataViewer on the table; one with row-level access policies is read by a query"
		}
	case cloud.Missing:
		if s.options.Location != "" {
			return "check the name, and whether location is that of the dataset: " + s.options.Location + " is where it is looked for"
		}
		return "check the name of project, dataset and table"
	case cloud.Unavailable, cloud.Ended:
		return "run it again"
	default:
		return ""
	}
}

// correction says what a person can do about a request that is wrong. Of a table
// that can only be what the table asks for, as a filter by its partitions, or the
// moment.
func (s *bigQuerySource) correction() string {
	switch {
	case s.options.Query != "":
		return "correct the query"
	case !s.snapshot.IsZero():
		return "check snapshot_time: BigQuery knows the last seven days, where the dataset does not say fewer; or read the table by a query"
	default:
		return "read the table by a query, which can do what BigQuery asks for"
	}
}

// reasonOf returns BigQuery's word for why something failed, "" if it has none.
func reasonOf(err error) string {
	if e, ok := errors.AsType[*bigquery.Error](err); ok {
		return e.Reason
	}
	if e, ok := errors.AsType[*googleapi.Error](err); ok && len(e.Errors) > 0 {
		return e.Errors[0].Reason
	}
	return ""
}

// shortError is an error in the service's own words.
type shortError struct {
	text  string
	cause error
}

func (e *shortError) Error() string { return e.text }
func (e *shortError) Unwrap() error { return e.cause }

// shorter takes from an error what its protocol adds to what the service says.
func shorter(err error) error {
	if e, ok := errors.AsType[*googleapi.Error](err); ok && e.Message != "" {
		return &shortError{e.Message, err}
	}
	if s, ok := status.FromError(err); ok {
		return &shortError{s.Message(), err}
	}
	return err
}
