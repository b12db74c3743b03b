package sinks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/api/bigquery/v2"
	"google.golang.org/api/googleapi"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/conformance"
)

func TestBigQueryConformanceOfTheFake(t *testing.T) {
	conformance.TestSink(t, func(t *testing.T) conformance.Place {
		fake := newFakeBigQuery()
		return bigQueryPlace{fake, fake.serve(t, nil)}
	})
}

func TestNewBigQueryRefusesNamesThatBigQueryDoes(t *testing.T) {
	good := BigQuery{Project: "my-project", Dataset: "tables_1", StagingDataset: "aside", Labels: map[string]string{"team": "growth", "empty": ""}}
	if _, err := NewBigQuery(good); err != nil {
		t.Errorf("%+v: %v", good, err)
	}
	for _, c := range []struct {
		option string
		change func(*BigQuery)
	}{
		{"project", func(o *BigQuery) { o.Project = "" }},
		{"project", func(o *BigQuery) { o.Project = "My Project" }},
		{"dataset", func(o *BigQuery) { o.Dataset = "" }},
		{"dataset", func(o *BigQuery) { o.Dataset = "a.b" }},
		{"dataset", func(o *BigQuery) { o.Dataset = "a`b" }},
		{"staging_dataset", func(o *BigQuery) { o.StagingDataset = "a-b" }},
		{"labels", func(o *BigQuery) { o.Labels = map[string]string{"Team": "growth"} }},
		{"labels", func(o *BigQuery) { o.Labels = map[string]string{"team": "Growth"} }},
		{"endpoint", func(o *BigQuery) { o.Endpoint = "localhost:9050" }},
	} {
		bad := good
		c.change(&bad)
		_, err := NewBigQuery(bad)
		if e, ok := errors.AsType[*pipeline.Error](err); !ok || e.Class != pipeline.ClassUsage || e.Place != c.option {
			t.Errorf("%+v: got %v, want an error of class usage at %s", bad, err, c.option)
		}
	}
}

// at returns a sink with other options at a fake.
func (p bigQueryPlace) at(t *testing.T, change func(*BigQuery)) *bigQuerySink {
	t.Helper()
	s := sinkAt(t, p.server)
	change(&s.options)
	return s
}

func TestADatasetIsMadeOnlyWhereTheJobSays(t *testing.T) {
	fake := newFakeBigQuery()
	p := bigQueryPlace{fake, fake.serve(t, nil)}
	err := tryRun(t.Context(), p.at(t, func(o *BigQuery) { o.Location = "" }), "r1", newTables)
	if pipeline.ClassOf(err) != pipeline.ClassUsage || !strings.Contains(pipeline.HintOf(err), "location") {
		t.Errorf("without a location: got %v, want an error of class usage and a hint at the location", err)
	}
	if err := tryRun(t.Context(), p.at(t, func(o *BigQuery) { o.StagingDataset = "aside" }), "r2", newTables); err != nil {
		t.Fatal(err)
	}
	if got := fake.datasets["tables"].Location; got != "EU" {
		t.Errorf("the dataset was made in %s, want EU", got)
	}
	if len(fake.datasets["aside"].tables) != 0 || p.Staged(t) != nil {
		t.Errorf("left staged: %v and %v", sortedNames(fake.datasets["aside"].tables), p.Staged(t))
	}
	err = tryRun(t.Context(), p.at(t, func(o *BigQuery) { o.Location = "US" }), "r3", newTables)
	if pipeline.ClassOf(err) != pipeline.ClassUsage {
		t.Errorf("in another location: got %v, want an error of class usage", err)
	}
	// Where it is, it need not be said.
	if err := tryRun(t.Context(), p.at(t, func(o *BigQuery) { o.Location = "" }), "r4", newTables); err != nil {
		t.Error(err)
	}
}

func TestBigQueryErrorsSayWhatToGrant(t *testing.T) {
	fake := newFakeBigQuery()
	server := fake.serve(t, nil)
	denied := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusForbidden, "accessDenied") })
	server.Config.Handler = denied
	s := sinkAt(t, server)
	for what, err := range map[string]error{
		"Begin":  tryRun(t.Context(), s, "r1", newTables),
		"Latest": func() error { _, err := s.Latest(t.Context()); return err }(),
		"Check":  func() error { _, err := s.Check(t.Context(), asOf); return err }(),
		"Probe":  func() error { _, err := s.Probe(t.Context()); return err }(),
	} {
		if pipeline.ClassOf(err) != pipeline.ClassPermission || !strings.Contains(pipeline.HintOf(err), "roles/bigquery.") {
			t.Errorf("%s: got %v with hint %q, want an error of class permission that names roles", what, err, pipeline.HintOf(err))
		}
	}
}

func TestErrorsOfJobsListAtMostFiveWithoutTheirTexts(t *testing.T) {
	s := &bigquery.JobStatus{ErrorResult: &bigquery.ErrorProto{Reason: "invalid", Message: "the file is damaged"}}
	for i := range 7 {
		s.Errors = append(s.Errors, &bigquery.ErrorProto{Reason: "invalid", Location: fmt.Sprint("column ", i), Message: "value 'Zoe Smith'"})
	}
	const want = "the file is damaged (invalid, invalid at column 0, invalid at column 1, invalid at column 2, invalid at column 3)"
	if got := jobError(s).Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if jobError(&bigquery.JobStatus{State: "DONE"}) != nil {
		t.Error("a job without an error result has an error")
	}
}

func TestErrorsOfTheServiceCarryNoAddress(t *testing.T) {
	server := newFakeBigQuery().serve(t, func(int, *http.Request) mishap { return faultCut })
	_, err := sinkAt(t, server).Latest(t.Context())
	if pipeline.ClassOf(err) != pipeline.ClassTemporary || strings.Contains(fmt.Sprint(err), "http://") {
		t.Errorf("got %v, want an error of class temporary without an address", err)
	}
}

// A job that BigQuery has under our id and that does something else is not ours.
func TestAJobUnderOurIDMustBeOurs(t *testing.T) {
	p, s := withOld(t, nil)
	for _, name := range []string{"a", "c"} {
		id := jobID("copy", "p", "tables", "new", name) + "_1"
		p.fake.jobs[id] = &bigquery.Job{
			JobReference: &bigquery.JobReference{ProjectId: "p", JobId: id}, Status: &bigquery.JobStatus{State: "DONE"},
			Configuration: &bigquery.JobConfiguration{Copy: &bigquery.JobConfigurationTableCopy{SourceTable: &bigquery.TableReference{TableId: "other"}}},
		}
	}
	if err := tryRun(t.Context(), s, "new", newTables); pipeline.ClassOf(err) != pipeline.ClassInternal {
		t.Errorf("got %v, want an error of class internal", err)
	}
}

// The wait for a job ends with the context, and the load is cancelled.
func TestALoadIsCancelledWithItsRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var cancelled noted
	_, s := withOld(t, func(_ int, r *http.Request) mishap {
		switch {
		case strings.HasPrefix(r.URL.Path, "/upload/"):
			// The answer says that the load is running.
		case r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/jobs/perennial_load_"):
			cancel()
			<-r.Context().Done() // no answer is faster than the end of the run
		case strings.HasSuffix(r.URL.Path, "/cancel"):
			cancelled.note(r)
		}
		return faultNone
	})
	if err := tryRun(ctx, s, "new", newTables); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if cancelled.text() == "" {
		t.Error("the load was not cancelled")
	}
}

// Sums are compared as numbers, exactly.
func TestSumsAreComparedToTheUnit(t *testing.T) {
	for _, c := range []struct {
		decimal any
		units   int64
		want    bool
	}{
		{"-12.34", -123_400, true},
		{"-12.340000000", -123_400, true},
		{"99999999999999.9999", 999_999_999_999_999_999, true},
		{"0", 0, true},
		{nil, 0, true},
		{nil, 1, false},
		{"1.00001", 10_000, false},
		{"1.0001", 10_000, false},
		{"x", 0, false},
	} {
		if got := isUnits(c.decimal, c.units); got != c.want {
			t.Errorf("%v is %d units: %v, want %v", c.decimal, c.units, got, c.want)
		}
	}
}

func TestMergedColumnsKeepWhatOthersHaveSet(t *testing.T) {
	field := func(name, kind, mode string) *bigquery.TableFieldSchema {
		return &bigquery.TableFieldSchema{Name: name, Type: kind, Mode: mode}
	}
	have := []*bigquery.TableFieldSchema{field("id", "INT64", required), field("gone", "STRING", required), field("loose", "FLOAT", nullable), field("Strict", "DATE", "")}
	have[0].PolicyTags = &bigquery.TableFieldSchemaPolicyTags{Names: []string{"pii"}}
	come := []*bigquery.TableFieldSchema{field("id", "INTEGER", required), field("new", "BOOLEAN", required), field("loose", "FLOAT", required), field("strict", "DATE", required)}
	got, err := mergeFields("p.d.t", have, come)
	if err != nil {
		t.Fatal(err)
	}
	var text []string
	for _, f := range got {
		text = append(text, f.Name+" "+f.Type+" "+f.Mode)
	}
	want := []string{"id INT64 REQUIRED", "gone STRING NULLABLE", "loose FLOAT NULLABLE", "Strict DATE ", "new BOOLEAN NULLABLE"}
	if !slices.Equal(text, want) || got[0].PolicyTags == nil {
		t.Errorf("got %q, policy tags %v, want %q and the tags", text, got[0].PolicyTags, want)
	}
}

// What BigQuery says of its own limits is data of the service, and an error of
// the wrapped kind stays one.
func TestAnswersKeepTheirCause(t *testing.T) {
	cause := &googleapi.Error{Code: http.StatusBadRequest, Message: "no"}
	err := warehouseError("p.d", cause)
	if got, ok := errors.AsType[*googleapi.Error](err); !ok || got != cause || err.Error() != "p.d: no" {
		t.Errorf("got %v, want the cause and p.d: no", err)
	}
}

// The journal and the tables must not end by themselves; what is staged may, and
// says itself when.
func TestADatasetWhoseTablesExpireIsRefused(t *testing.T) {
	p, _ := withOld(t, nil)
	p.fake.datasets["aside"] = &fakeDataset{tables: map[string]*fakeTable{}}
	p.fake.datasets["aside"].DefaultTableExpirationMs = 3600_000
	if err := tryRun(t.Context(), p.at(t, func(o *BigQuery) { o.StagingDataset = "aside" }), "new", newTables); err != nil {
		t.Errorf("staged where tables expire: %v", err)
	}
	p.fake.datasets["tables"].DefaultTableExpirationMs = 60 * 24 * 3600_000
	s := p.at(t, func(*BigQuery) {})
	if err := tryRun(t.Context(), s, "last", newTables); pipeline.ClassOf(err) != pipeline.ClassUsage || pipeline.HintOf(err) == "" {
		t.Errorf("run: got %v, want a hint and class usage", err)
	}
	if _, err := s.Probe(t.Context()); pipeline.ClassOf(err) != pipeline.ClassUsage {
		t.Errorf("doctor: got %v, want class usage", err)
	}
	if _, err := s.Check(t.Context(), asOf); err != nil {
		t.Errorf("what is published can still be checked: %v", err)
	}
}
