package sources

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"github.com/apache/arrow/go/v17/arrow"
	"google.golang.org/grpc"

	"github.com/perennial-clv/perennial/pipeline/cloud"
)

// fakeBigQuery is BigQuery in this process, for what no emulator does: to fail,
// at any step. It has one table, which is the result of every query too.
type fakeBigQuery struct {
	// What it has. The fields are set before it starts.
	kind     string // of the table; TABLE unless set
	location string // US unless set
	fields   []fakeField
	streams  [][]arrow.Record // the table's rows, as they are sent
	counted  int64            // what COUNT(*) says; -1 is the truth
	bytes    int64            // that a dry run and a session say they would read
	lz4      bool
	rewinds  bool // ReadRows ignores its offset
	looks    int  // a job is done when it has been looked at so often

	// at may spoil a step: the n-th call of all, from 1. Answers of streams are
	// calls of their own, named "answer".
	at func(n int, step string) *fakeFault

	mu       sync.Mutex
	calls    []string
	jobs     map[string]*fakeJob
	queries  []string // texts of the jobs that ran
	labels   map[string]string
	limit    string // maximumBytesBilled of the last job
	cached   bool   // a dry run did not ask for what it takes without results of before
	day      string // @as_of of the last job
	sessions []*storagepb.CreateReadSessionRequest
	offsets  []int64 // of ReadRows, in order
	active   int     // calls of ReadRows that have not ended

	rest    *httptest.Server
	storage string
}

type fakeField struct {
	Name      string `json:"name"`
	Type      string `json:"type"`
	Mode      string `json:"mode,omitempty"`
	Precision string `json:"precision,omitempty"`
	Scale     string `json:"scale,omitempty"`
}

type fakeJob struct {
	query     string
	looks     int
	cancelled bool
	failure   *fakeFault
}

// fakeFault is what goes wrong at a step.
type fakeFault struct {
	code   int    // of HTTP
	reason string // of BigQuery, with code; without it the job ends so
	after  string // Retry-After, of HTTP
	status error  // of gRPC
	drops  bool   // the connection ends
	isLate bool   // what was asked has been done, and the answer is lost
	clean  bool   // the stream ends as if all was well
	waits  bool   // until the caller goes
	tamper func(*storagepb.ReadRowsResponse)
}

// start starts the service and returns a source of its table, in a hurry.
func (f *fakeBigQuery) start(t testing.TB, o BigQuery) *bigQuerySource {
	t.Helper()
	f.jobs = map[string]*fakeJob{}
	f.rest = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.rest.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.storage = listener.Addr().String()
	server := grpc.NewServer(grpc.MaxSendMsgSize(256 << 20))
	storagepb.RegisterBigQueryReadServer(server, &fakeStorage{fake: f})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return f.source(t, o)
}

// source returns a source of the service, of the table unless there is a query.
func (f *fakeBigQuery) source(t testing.TB, o BigQuery) *bigQuerySource {
	t.Helper()
	o.Project, o.Endpoint, o.StorageEndpoint = "billed", f.rest.URL, f.storage
	if o.Query == "" {
		o.Table = "shop.orders"
	}
	source, err := NewBigQuery(o)
	if err != nil {
		t.Fatal(err)
	}
	s := source.(*bigQuerySource)
	s.pace = bigQueryPace{
		retry: cloud.Patience{First: time.Millisecond, Most: 5 * time.Millisecond},
		poll:  cloud.Patience{First: time.Millisecond, Most: time.Millisecond},
		call:  20 * time.Second, job: 20 * time.Second, stall: 20 * time.Second,
	}
	return s
}

// step counts a call and returns what goes wrong at it, nil if nothing does.
func (f *fakeBigQuery) step(name string) *fakeFault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, name)
	if f.at == nil {
		return nil
	}
	return f.at(len(f.calls), name)
}

// steps returns the calls so far.
func (f *fakeBigQuery) steps() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

func (f *fakeBigQuery) rows() (n int64) {
	for _, stream := range f.streams {
		for _, r := range stream {
			n += r.NumRows()
		}
	}
	return n
}

// serve answers the REST API, as far as the source asks it.
func (f *fakeBigQuery) serve(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/bigquery/v2/projects/")
	parts := strings.Split(path, "/")[1:] // without the project
	var body fakeInsert
	if r.Method == http.MethodPost {
		_ = json.NewDecoder(r.Body).Decode(&body)
	}
	name := fakeStepName(r.Method, parts, body.Configuration.DryRun)
	fault := f.step(name)
	switch {
	case fault == nil:
	case fault.waits && !fault.isLate:
		<-r.Context().Done()
		return
	case fault.code != 0:
		fault.answer(w)
		return
	case fault.drops && !fault.isLate:
		fault.drop(w)
		return
	}
	answer := f.answer(name, parts, body, fault)
	switch {
	case fault != nil && fault.waits:
		<-r.Context().Done()
		return
	case fault != nil && fault.isLate:
		fault.drop(w)
		return
	}
	if code, failed := answer.(int); failed {
		(&fakeFault{code: code, reason: map[int]string{404: "notFound", 409: "duplicate"}[code]}).answer(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// fakeStepName names a call of the REST API.
func fakeStepName(method string, parts []string, isDry bool) string {
	switch {
	case parts[0] == "datasets":
		return "tables.get"
	case parts[0] == "queries":
		return "getQueryResults"
	case method == http.MethodPost && len(parts) == 1 && isDry:
		return "dry run"
	case method == http.MethodPost && len(parts) == 1:
		return "jobs.insert"
	case method == http.MethodPost:
		return "jobs.cancel"
	default:
		return "jobs.get"
	}
}

// fakeInsert is the body of jobs.insert.
type fakeInsert struct {
	JobReference  struct{ JobID string }
	Configuration struct {
		DryRun bool
		Labels map[string]string
		Query  struct {
			Query              string
			MaximumBytesBilled string
			UseQueryCache      *bool
			QueryParameters    []struct {
				Name           string
				ParameterType  struct{ Type string }
				ParameterValue struct{ Value string }
			}
		}
	}
}

func (f *fakeBigQuery) answer(name string, parts []string, body fakeInsert, fault *fakeFault) any {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch name {
	case "tables.get":
		return f.table(parts[1], parts[3])
	case "dry run":
		f.cached = f.cached || body.Configuration.Query.UseQueryCache == nil || *body.Configuration.Query.UseQueryCache
		return f.job("", body, nil)
	case "jobs.insert":
		id := body.JobReference.JobID
		if f.jobs[id] != nil {
			return 409
		}
		f.jobs[id] = &fakeJob{query: body.Configuration.Query.Query, failure: fault}
		f.queries = append(f.queries, body.Configuration.Query.Query)
		return f.job(id, body, f.jobs[id])
	case "getQueryResults":
		count := f.counted
		if count < 0 {
			count = f.rows()
		}
		return map[string]any{
			"jobComplete": true, "totalRows": "1", "jobReference": f.reference(parts[1]),
			"schema": map[string]any{"fields": []any{map[string]any{"name": "f0_", "type": "INTEGER"}}},
			"rows":   []any{map[string]any{"f": []any{map[string]any{"v": fmt.Sprint(count)}}}},
		}
	case "jobs.cancel":
		f.jobs[parts[1]].cancelled = true
		return map[string]any{}
	default:
		job := f.jobs[parts[1]]
		if job == nil {
			return 404
		}
		job.looks++
		return f.job(parts[1], fakeInsert{}, job)
	}
}

func (f *fakeBigQuery) reference(id string) any {
	return map[string]any{"projectId": "billed", "jobId": id, "location": f.where()}
}

func (f *fakeBigQuery) where() string {
	if f.location == "" {
		return "US"
	}
	return f.location
}

// table is the metadata of the table, and of every result.
func (f *fakeBigQuery) table(dataset, table string) any {
	kind := f.kind
	if kind == "" {
		kind = "TABLE"
	}
	return map[string]any{
		"tableReference": map[string]any{"projectId": "billed", "datasetId": dataset, "tableId": table}, "type": kind, "location": f.where(),
		"schema": map[string]any{"fields": f.fields}, "numRows": fmt.Sprint(f.rows()), "numBytes": fmt.Sprint(100 * f.rows()),
	}
}

// job is a job as it stands; a dry run if it is nil.
func (f *fakeBigQuery) job(id string, body fakeInsert, job *fakeJob) any {
	query := map[string]any{"query": body.Configuration.Query.Query, "useLegacySql": false}
	status := map[string]any{"state": "DONE"}
	if job == nil {
		statement := "SELECT"
		if !strings.HasPrefix(query["query"].(string), "SELECT") {
			statement = "INSERT"
		}
		return map[string]any{
			"jobReference": f.reference(id), "configuration": map[string]any{"dryRun": true, "query": query}, "status": status,
			"statistics": map[string]any{
				"creationTime": "1700000000123", "totalBytesProcessed": fmt.Sprint(f.bytes),
				"query": map[string]any{"statementType": statement, "schema": map[string]any{"fields": f.fields}},
			},
		}
	}
	if c := body.Configuration; c.Query.Query != "" {
		f.labels, f.limit, f.day = c.Labels, c.Query.MaximumBytesBilled, ""
		for _, p := range c.Query.QueryParameters {
			f.day = p.Name + " " + p.ParameterType.Type + " " + p.ParameterValue.Value
		}
	}
	query["query"] = job.query
	query["destinationTable"] = map[string]any{"projectId": "billed", "datasetId": "_results", "tableId": "anon" + id}
	switch {
	case job.cancelled:
		status["errorResult"] = map[string]any{"reason": "stopped", "message": "cancelled"}
	case job.looks < f.looks:
		status["state"] = "RUNNING"
	case job.failure != nil && job.failure.reason != "":
		failed := map[string]any{"reason": job.failure.reason, "message": "Bad value: alice@example.com", "location": "query"}
		status["errorResult"], status["errors"] = failed, []any{failed}
	}
	return map[string]any{"jobReference": f.reference(id), "configuration": map[string]any{"query": query}, "status": status, "statistics": map[string]any{}}
}

// answer answers HTTP with the fault.
func (fault *fakeFault) answer(w http.ResponseWriter) {
	if fault.after != "" {
		w.Header().Set("Retry-After", fault.after)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(fault.code)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{
		"code": fault.code, "message": "it fails", "errors": []any{map[string]any{"reason": fault.reason, "message": "it fails"}},
	}})
}

// drop ends the connection without an answer.
func (fault *fakeFault) drop(w http.ResponseWriter) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = connection.Close()
	}
}
