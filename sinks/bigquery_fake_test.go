package sinks

import (
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/api/bigquery/v2"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
)

// fakeBigQuery is as much of BigQuery's REST API as the sink uses, with its own
// clock and with faults on demand. It understands the sink's statements by their
// beginnings, in bigquery_fake_sql_test.go; that they mean in SQL what they mean
// here is for the tests against the emulator to show.
type fakeBigQuery struct {
	mu       sync.Mutex
	now      time.Time
	datasets map[string]*fakeDataset
	jobs     map[string]*bigquery.Job
	answers  map[string][][]any                            // of queries, by job id
	finish   func(*bigquery.Job) *bigquery.ErrorProto      // lets a job fail; nil lets none
	lose     func(name string, rows [][]string) [][]string // of a load; nil loses none
}

type fakeDataset struct {
	bigquery.Dataset
	tables map[string]*fakeTable
	runs   []*fakeRun // of _runs
}

// fakeTable has rows by partition. The first cell of a row is its date.
type fakeTable struct {
	bigquery.Table
	rows map[string][][]string
}

func newFakeBigQuery() *fakeBigQuery {
	return &fakeBigQuery{
		now:      time.Date(2024, 4, 1, 6, 0, 0, 0, time.UTC),
		datasets: map[string]*fakeDataset{}, jobs: map[string]*bigquery.Job{}, answers: map[string][][]any{},
	}
}

// mishap is what befalls one request.
type mishap int

const (
	faultNone  mishap = iota
	faultBusy         // 503 with Retry-After, before anything is done
	faultLimit        // 429, likewise
	faultTaken        // 409, likewise
	faultCut          // the connection is cut before anything is done
	faultLost         // everything is done and the connection cut before the answer
)

// serve lets a client reach the fake; fault says what befalls its n-th request,
// from 1.
func (f *fakeBigQuery) serve(t *testing.T, fault func(n int, r *http.Request) mishap) *httptest.Server {
	var mu sync.Mutex
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		n++
		which := n
		mu.Unlock()
		befalls := faultNone
		if fault != nil {
			befalls = fault(which, r)
		}
		switch befalls {
		case faultBusy:
			w.Header().Set("Retry-After", "0")
			refuse(w, http.StatusServiceUnavailable, "backendError")
		case faultLimit:
			refuse(w, http.StatusTooManyRequests, "rateLimitExceeded")
		case faultTaken:
			refuse(w, http.StatusConflict, "duplicate")
		case faultCut:
			panic(http.ErrAbortHandler)
		case faultLost:
			f.answer(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		default:
			f.answer(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// sinkAt returns a sink that reaches the fake through a server, and loses no
// time waiting.
func sinkAt(t *testing.T, server *httptest.Server) *bigQuerySink {
	t.Helper()
	s, err := NewBigQuery(BigQuery{Project: "p", Dataset: "tables", Location: "EU", Endpoint: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	sink := s.(*bigQuerySink)
	sink.patience = cloud.Patience{Attempts: 3, First: time.Nanosecond, Most: time.Nanosecond}
	sink.poll = sink.patience
	return sink
}

func refuse(w http.ResponseWriter, code int, reason string) {
	w.WriteHeader(code)
	reply(w, map[string]any{"error": map[string]any{"code": code, "message": reason, "errors": []map[string]any{{"reason": reason, "message": reason}}}})
}

func reply(w io.Writer, v any) {
	if err := json.NewEncoder(w).Encode(v); err != nil {
		panic(err)
	}
}

func decode[T any](body io.Reader) T {
	var v T
	if err := json.NewDecoder(body).Decode(&v); err != nil {
		panic(err)
	}
	return v
}

// answer does one request.
func (f *fakeBigQuery) answer(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, path, _ := strings.Cut(r.URL.Path, "/bigquery/v2/projects/p/")
	parts := strings.Split(path, "/")
	switch {
	case path == "jobs" && r.Method == http.MethodPost:
		f.insertJob(w, r)
	case parts[0] == "jobs" && len(parts) == 2:
		if j, ok := f.jobs[parts[1]]; ok {
			reply(w, j)
		} else {
			refuse(w, http.StatusNotFound, "notFound")
		}
	case parts[0] == "jobs": // cancel
		reply(w, bigquery.JobCancelResponse{})
	case parts[0] == "queries":
		f.answerQuery(w, parts[1])
	case path == "datasets":
		d := decode[bigquery.Dataset](r.Body)
		name := d.DatasetReference.DatasetId
		if f.datasets[name] != nil {
			refuse(w, http.StatusConflict, "duplicate")
			return
		}
		f.datasets[name] = &fakeDataset{Dataset: d, tables: map[string]*fakeTable{}}
		reply(w, d)
	case f.datasets[parts[1]] == nil:
		refuse(w, http.StatusNotFound, "notFound")
	case len(parts) == 2 && r.Method == http.MethodDelete:
		delete(f.datasets, parts[1])
	case len(parts) == 2:
		reply(w, f.datasets[parts[1]].Dataset)
	case len(parts) == 3:
		f.datasets[parts[1]].answerTables(w, r)
	default:
		f.datasets[parts[1]].answerTable(w, r, parts[3])
	}
}

func (d *fakeDataset) answerTables(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		list := bigquery.TableList{}
		for _, name := range sortedNames(d.tables) {
			list.Tables = append(list.Tables, &bigquery.TableListTables{TableReference: &bigquery.TableReference{TableId: name}})
		}
		reply(w, list)
		return
	}
	t := decode[bigquery.Table](r.Body)
	name := t.TableReference.TableId
	if d.tables[name] != nil {
		refuse(w, http.StatusConflict, "duplicate")
		return
	}
	d.tables[name] = &fakeTable{Table: t, rows: map[string][][]string{}}
	reply(w, t)
}

func (d *fakeDataset) answerTable(w http.ResponseWriter, r *http.Request, name string) {
	t := d.tables[name]
	switch {
	case t == nil:
		refuse(w, http.StatusNotFound, "notFound")
	case r.Method == http.MethodDelete:
		delete(d.tables, name)
	case r.Method == http.MethodPatch:
		change := decode[bigquery.Table](r.Body)
		if change.Description != "" {
			t.Description = change.Description
		}
		if change.Schema != nil {
			t.Schema = change.Schema
		}
		if change.View != nil {
			t.View = change.View
		}
		reply(w, t.Table)
	default:
		reply(w, t.Table)
	}
}

// insertJob does a job at once and says that it is running: who asks again finds
// it done.
func (f *fakeBigQuery) insertJob(w http.ResponseWriter, r *http.Request) {
	j, upload := readJob(r)
	if f.jobs[j.JobReference.JobId] != nil {
		refuse(w, http.StatusConflict, "duplicate")
		return
	}
	f.jobs[j.JobReference.JobId] = j
	j.Status = &bigquery.JobStatus{State: "DONE"}
	if f.finish != nil {
		j.Status.ErrorResult = f.finish(j)
	}
	if j.Status.ErrorResult == nil {
		j.Status.ErrorResult = f.run(j, upload)
	}
	running := *j
	running.Status = &bigquery.JobStatus{State: "RUNNING"}
	reply(w, running)
}

// readJob returns a job and, of a load, the file that comes with it.
func readJob(r *http.Request) (*bigquery.Job, []byte) {
	if !strings.HasPrefix(r.URL.Path, "/upload/") {
		j := decode[bigquery.Job](r.Body)
		return &j, nil
	}
	_, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		panic(err)
	}
	parts := multipart.NewReader(r.Body, parameters["boundary"])
	first, err := parts.NextPart()
	if err != nil {
		panic(err)
	}
	j := decode[bigquery.Job](first)
	second, err := parts.NextPart()
	if err != nil {
		panic(err)
	}
	content, err := io.ReadAll(second)
	if err != nil {
		panic(err)
	}
	return &j, content
}

// run does a job, and says why it cannot.
func (f *fakeBigQuery) run(j *bigquery.Job, upload []byte) *bigquery.ErrorProto {
	switch c := j.Configuration; {
	case c.Load != nil:
		return f.load(c.Load, upload)
	case c.Copy != nil:
		return f.copy(c.Copy)
	default:
		rows, failure := f.query(c.Query)
		f.answers[j.JobReference.JobId] = rows
		return failure
	}
}

func (f *fakeBigQuery) answerQuery(w http.ResponseWriter, id string) {
	page := bigquery.GetQueryResultsResponse{JobComplete: true}
	for _, row := range f.answers[id] {
		cells := &bigquery.TableRow{}
		for _, v := range row {
			cells.F = append(cells.F, &bigquery.TableCell{V: v})
		}
		page.Rows = append(page.Rows, cells)
	}
	reply(w, page)
}

// table returns a table and the partition that its name asks for, "" if none.
func (f *fakeBigQuery) table(r *bigquery.TableReference) (*fakeTable, string) {
	name, partition, _ := strings.Cut(r.TableId, "$")
	if d := f.datasets[r.DatasetId]; d != nil {
		return d.tables[name], partition
	}
	return nil, partition
}

var fakeNotFound = &bigquery.ErrorProto{Reason: "notFound", Message: "not found"}

// load takes a file's rows into the partitions that their dates name.
func (f *fakeBigQuery) load(c *bigquery.JobConfigurationLoad, upload []byte) *bigquery.ErrorProto {
	t, partition := f.table(c.DestinationTable)
	if t == nil {
		return fakeNotFound
	}
	columns, rows, err := readCells(upload)
	if err != nil {
		return &bigquery.ErrorProto{Reason: "invalid", Message: err.Error()}
	}
	if c.WriteDisposition == "WRITE_TRUNCATE" {
		delete(t.rows, partition)
	}
	if f.lose != nil {
		rows = f.lose(c.DestinationTable.TableId, rows)
	}
	for _, row := range rows {
		cells := make([]string, len(t.Schema.Fields))
		for i, field := range t.Schema.Fields {
			cells[i] = "null"
			if k := slices.Index(columns, field.Name); k >= 0 {
				cells[i] = row[k]
			}
		}
		day := strings.ReplaceAll(cells[0], "-", "")
		t.rows[day] = append(t.rows[day], cells)
	}
	return nil
}

// copy replaces a partition, of a table of the same columns.
func (f *fakeBigQuery) copy(c *bigquery.JobConfigurationTableCopy) *bigquery.ErrorProto {
	from, day := f.table(c.SourceTables[0])
	to, into := f.table(c.DestinationTable)
	switch {
	case from == nil || to == nil || from.rows[day] == nil:
		return fakeNotFound
	case day != into || !isSameFields(from.Schema.Fields, to.Schema.Fields):
		return &bigquery.ErrorProto{Reason: "invalid", Message: "the tables differ"}
	}
	to.rows[into] = slices.Clone(from.rows[day])
	return nil
}

// bigQueryPlace is the fake's dataset under test.
type bigQueryPlace struct {
	fake   *fakeBigQuery
	server *httptest.Server
}

// Open opens the dataset.
func (p bigQueryPlace) Open(t *testing.T) pipeline.Sink { return sinkAt(t, p.server) }

// Rows returns what stands in the partition. Of a table without rows a reader
// knows by the journal that it is there.
func (p bigQueryPlace) Rows(t *testing.T, table, asOf string) []string {
	t.Helper()
	p.fake.mu.Lock()
	defer p.fake.mu.Unlock()
	d := p.fake.datasets["tables"]
	if d == nil || d.tables[table] == nil {
		return nil
	}
	var lines []string
	for _, row := range d.tables[table].rows[strings.ReplaceAll(asOf, "-", "")] {
		lines = append(lines, strings.Join(row[1:], "|"))
	}
	if lines == nil && d.isInJournal(table, asOf) {
		return []string{}
	}
	return lines
}

func (d *fakeDataset) isInJournal(table, asOf string) bool {
	for _, r := range d.runs {
		if r.asOf != asOf || r.state != statePublished {
			continue
		}
		j, err := fromJSON[pipeline.Journal](r.journal)
		return err == nil && slices.ContainsFunc(j.Tables, func(have pipeline.Receipt) bool { return have.Table == table })
	}
	return false
}

// Staged returns the tables of runs that have not been taken away.
func (p bigQueryPlace) Staged(t *testing.T) []string {
	t.Helper()
	p.fake.mu.Lock()
	defer p.fake.mu.Unlock()
	var staged []string
	if d := p.fake.datasets["tables"]; d != nil {
		for name := range d.tables {
			if strings.HasPrefix(name, stagingDir) {
				staged = append(staged, name)
			}
		}
	}
	return staged
}
