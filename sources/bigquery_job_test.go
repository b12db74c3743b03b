package sources

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"

	"github.com/perennial-clv/perennial/pipeline"
)

// describedBy returns the source of a service, described.
func describedBy(t *testing.T, f *fakeBigQuery, o BigQuery) *bigQuerySource {
	t.Helper()
	s := f.start(t, o)
	if _, err := s.Describe(t.Context(), "2024-03-31"); err != nil {
		t.Fatal(err)
	}
	return s
}

// opened returns the error of opening a source of two columns.
func opened(ctx context.Context, s *bigQuerySource, until *pipeline.Until) error {
	readers, err := s.Open(ctx, pipeline.Request{Columns: []string{"word", "id"}, Readers: 1, Until: until})
	for _, r := range readers {
		_ = r.Close()
	}
	return err
}

const someQuery = "SELECT id, word FROM shop.orders WHERE day <= @as_of"

// TestBigQueryJobThatFails: the state of a job decides, then its reason; a reason
// that may pass is tried again as another job, and a value that does not fit is
// not in the error.
func TestBigQueryJobThatFails(t *testing.T) {
	for _, c := range []struct {
		reason string
		always bool
		class  pipeline.Class // 0: none
		hint   string
	}{
		{"backendError", false, 0, ""},
		{"internalError", false, 0, ""},
		{"rateLimitExceeded", false, 0, ""},
		{"jobRateLimitExceeded", false, 0, ""},
		{"internalError", true, pipeline.ClassTemporary, "run it again"},
		{"invalidQuery", true, pipeline.ClassSource, "bq show -j perennial_"},
		{"accessDenied", true, pipeline.ClassPermission, "roles/bigquery.jobUser on the project billed"},
		{"billingNotEnabled", true, pipeline.ClassPermission, "enable billing"},
		{"notFound", true, pipeline.ClassSource, "check the name"},
		{"bytesBilledLimitExceeded", true, pipeline.ClassCost, "raise max_bytes_billed"},
		{"responseTooLarge", true, pipeline.ClassSource, "write its result to a table"},
		{"resourcesExceeded", true, pipeline.ClassSource, "simpler"},
		{"stopped", true, pipeline.ClassTemporary, "run it again"},
	} {
		f := fakeOf(letters(1, 5))
		jobs := 0
		f.at = func(_ int, step string) *fakeFault {
			if step == "jobs.insert" {
				if jobs++; jobs == 1 || c.always {
					return &fakeFault{reason: c.reason}
				}
			}
			return nil
		}
		_, err := readThem(t.Context(), f.start(t, BigQuery{Query: someQuery}))
		if c.class == 0 {
			if err != nil || jobs != 2 {
				t.Errorf("%s once: got %v after %d jobs, want none after 2", c.reason, err, jobs)
			}
			continue
		}
		if c.class != pipeline.ClassTemporary && jobs != 1 || jobs > 7 {
			t.Errorf("%s: %d jobs", c.reason, jobs)
		}
		wantError(t, err, c.class, c.reason, c.hint)
		if c.reason == "invalidQuery" && strings.Contains(err.Error(), "alice") {
			t.Errorf("%s: a value stands in %q", c.reason, err)
		}
	}
}

// TestBigQueryJobThatNeverEnds is cancelled.
func TestBigQueryJobThatNeverEnds(t *testing.T) {
	f := fakeOf(letters(1, 5))
	f.looks = 1 << 30
	s := describedBy(t, f, BigQuery{Query: someQuery})
	s.pace.job = 100 * time.Millisecond
	wantError(t, opened(t.Context(), s, nil), pipeline.ClassTemporary, "did not end within 100ms", "run it again")
	for _, job := range f.jobs {
		if !job.cancelled {
			t.Error("the job goes on")
		}
	}
}

// TestBigQueryJobThatIsNotHeardOf is cancelled: its start is answered by nobody,
// and it runs all the same.
func TestBigQueryJobThatIsNotHeardOf(t *testing.T) {
	f := fakeOf(letters(1, 5))
	f.looks = 1 << 30
	starts := 0
	f.at = func(_ int, step string) *fakeFault {
		if step != "jobs.insert" {
			return nil
		}
		if starts++; starts == 1 {
			return &fakeFault{drops: true, isLate: true}
		}
		return &fakeFault{waits: true}
	}
	s := describedBy(t, f, BigQuery{Query: someQuery})
	s.pace.call = 500 * time.Millisecond
	wantError(t, opened(t.Context(), s, nil), pipeline.ClassTemporary, "did not answer in time", "run it again")
	if len(f.jobs) != 1 {
		t.Errorf("there are %d jobs, want 1", len(f.jobs))
	}
	for _, job := range f.jobs {
		if !job.cancelled {
			t.Error("the job goes on")
		}
	}
}

// TestBigQueryLimit: what would cost more than it may is refused before anything
// is paid for. 6 TiB at 6.25 USD are 37.50 USD; at 1.10 USD read and at 6.25
// counted, 44.10 USD.
func TestBigQueryLimit(t *testing.T) {
	const bytes = 6 << 40 // 6597069766656
	for _, c := range []struct {
		options BigQuery
		text    string
	}{
		{BigQuery{Query: someQuery}, "reading takes 6597069766656 bytes, about 37.50 USD"},
		{BigQuery{}, "reading takes 13194139533312 bytes, about 44.10 USD"},
	} {
		c.options.MaxBytesBilled = bytes - 1
		f := fakeOf(letters(1, 5))
		f.bytes = bytes
		s := describedBy(t, f, c.options)
		_, err := s.Estimate(t.Context(), pipeline.Request{Columns: []string{"word", "id"}, Readers: 1})
		wantError(t, err, pipeline.ClassCost, c.text, "max_bytes_billed allows 6597069766655", "set max_bytes_billed to")
		wantError(t, opened(t.Context(), s, nil), pipeline.ClassCost, c.text)
		if len(f.queries) > 0 {
			t.Errorf("%v ran", f.queries)
		}
	}
}

// TestBigQueryJobsSayWhoseTheyAre: labels, the limit and the as-of day go with
// each job.
func TestBigQueryJobsSayWhoseTheyAre(t *testing.T) {
	labels := map[string]string{"team": "crm", "pipeline": "clv-daily"}
	for _, c := range []struct {
		options BigQuery
		day     string
	}{
		{BigQuery{Query: someQuery}, "as_of DATE 2024-03-31"},
		{BigQuery{}, ""},
	} {
		c.options.Labels, c.options.MaxBytesBilled = labels, 1000
		f := fakeOf(letters(1, 5))
		if err := opened(t.Context(), describedBy(t, f, c.options), nil); err != nil {
			t.Fatal(err)
		}
		if f.labels["team"] != "crm" || f.labels["pipeline"] != "clv-daily" || f.limit != "1000" || f.day != c.day {
			t.Errorf("%+v: labels %v, limit %s, day %q, want %q", c.options, f.labels, f.limit, f.day, c.day)
		}
	}
}

// TestBigQueryTableIsReadAtOneMoment: the service's own, of the dry run before, or
// the one asked for; what is counted is what is read.
func TestBigQueryTableIsReadAtOneMoment(t *testing.T) {
	day := time.Date(2024, 4, 1, 0, 0, 0, 0, time.UTC)
	until := &pipeline.Until{Column: "day", Instant: day, Civil: day, Day: day}
	for _, c := range []struct {
		options BigQuery
		until   *pipeline.Until
		at      time.Time
		count   string
		rows    string // restriction
	}{
		{BigQuery{}, nil, time.UnixMilli(1700000000123), // creationTime of the fake's dry run, 2023-11-14 22:13:20.123 UTC
			"SELECT COUNT(*) FROM `billed.shop.orders` FOR SYSTEM_TIME AS OF TIMESTAMP '2023-11-14 22:13:20.123+00'", ""},
		{BigQuery{SnapshotTime: "2024-04-02T03:00:00+02:00"}, until, time.Date(2024, 4, 2, 1, 0, 0, 0, time.UTC),
			"SELECT COUNT(*) FROM `billed.shop.orders` FOR SYSTEM_TIME AS OF TIMESTAMP '2024-04-02 01:00:00+00' WHERE (`day` < DATE '2024-04-01' OR `day` IS NULL)",
			"(`day` < DATE '2024-04-01' OR `day` IS NULL)"},
	} {
		f := fakeOf(letters(2, 5))
		f.fields = append(f.fields, fakeField{Name: "day", Type: "DATE"})
		if err := opened(t.Context(), describedBy(t, f, c.options), c.until); err != nil {
			t.Fatal(err)
		}
		session := f.sessions[0].ReadSession
		if got := session.TableModifiers.SnapshotTime.AsTime(); !got.Equal(c.at) {
			t.Errorf("snapshot of %v, want %v", got, c.at)
		}
		if !slices.Equal(f.queries, []string{c.count}) || session.ReadOptions.RowRestriction != c.rows {
			t.Errorf("counted %q, read %q;\nwant %q and %q", f.queries, session.ReadOptions.RowRestriction, c.count, c.rows)
		}
		if f.sessions[0].Parent != "projects/billed" || session.Table != "projects/billed/datasets/shop/tables/orders" {
			t.Errorf("session of %s on %s", f.sessions[0].Parent, session.Table)
		}
		options := session.ReadOptions.GetArrowSerializationOptions()
		if !slices.Equal(session.ReadOptions.SelectedFields, []string{"word", "id"}) || options.GetBufferCompression() != storagepb.ArrowSerializationOptions_LZ4_FRAME {
			t.Errorf("reads %v, compressed %v", session.ReadOptions.SelectedFields, options.GetBufferCompression())
		}
	}
}

// TestBigQueryEstimate shows what a person can run, and the list price: 2^40
// bytes are one unit of it.
func TestBigQueryEstimate(t *testing.T) {
	day := time.Date(2024, 4, 1, 0, 0, 0, 0, time.UTC)
	f := fakeOf(letters(1, 5))
	f.fields = append(f.fields, fakeField{Name: "day", Type: "DATE"})
	f.bytes = 1 << 40
	for _, c := range []struct {
		options BigQuery
		sql     []string
		bytes   int64
		usd     float64
		basis   string
	}{
		{BigQuery{}, []string{
			"SELECT `word`, `id` FROM `billed.shop.orders` WHERE (`day` < DATE '2024-04-01' OR `day` IS NULL)",
			"SELECT COUNT(*) FROM `billed.shop.orders` WHERE (`day` < DATE '2024-04-01' OR `day` IS NULL)",
		}, 2 << 40, 7.35, "1.10 USD per TiB that is read, and 6.25 per TiB for counting the rows"},
		{BigQuery{Query: someQuery}, []string{"SELECT id, word FROM shop.orders WHERE day <= DATE '2024-03-31'"},
			1 << 40, 6.25, "6.25 USD per TiB that a query reads"},
	} {
		s := describedBy(t, f, c.options)
		f.calls = nil
		got, err := s.Estimate(t.Context(), pipeline.Request{Columns: []string{"word", "id"}, Readers: 1, Until: &pipeline.Until{Column: "day", Instant: day, Civil: day, Day: day}})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.SQL, c.sql) || got.Bytes != c.bytes || got.Price == nil || got.Price.USD != c.usd || got.Price.Basis != c.basis {
			t.Errorf("got %+v, %+v\nwant %+v", got, got.Price, c)
		}
		for _, step := range f.calls {
			if step != "dry run" {
				t.Errorf("an estimate calls %s", step)
			}
		}
		if f.cached {
			t.Error("a dry run takes a cached result for what is read")
		}
	}
}

// TestBigQueryRefusals: what is asked of a person when the service refuses, or
// has something else than a table.
func TestBigQueryRefusals(t *testing.T) {
	denied := func(step string) func(int, string) *fakeFault {
		return func(_ int, at string) *fakeFault {
			if at == step {
				return &fakeFault{code: http.StatusForbidden, reason: "accessDenied"}
			}
			return nil
		}
	}
	invalidAt := func(step string) func(*fakeBigQuery) {
		return func(f *fakeBigQuery) {
			f.at = func(_ int, at string) *fakeFault {
				if at == step {
					return &fakeFault{code: http.StatusBadRequest, reason: "invalidQuery"}
				}
				return nil
			}
		}
	}
	for _, c := range []struct {
		name    string
		fake    func(*fakeBigQuery)
		options BigQuery
		class   pipeline.Class
		hint    string
	}{
		{"the table may not be seen", func(f *fakeBigQuery) { f.at = denied("tables.get") }, BigQuery{}, pipeline.ClassPermission, "roles/bigquery.dataViewer on the table"},
		{"no jobs", func(f *fakeBigQuery) { f.at = denied("dry run") }, BigQuery{}, pipeline.ClassPermission, "roles/bigquery.jobUser on the project billed"},
		{"no sessions", func(f *fakeBigQuery) { f.at = denied("CreateReadSession") }, BigQuery{}, pipeline.ClassPermission, "roles/bigquery.readSessionUser (bigquery.readsessions.create) on the project billed"},
		{"a filter is required", invalidAt("dry run"), BigQuery{}, pipeline.ClassSource, "read the table by a query"},
		{"a moment long ago", invalidAt("dry run"), BigQuery{SnapshotTime: "2001-01-01T00:00:00Z"}, pipeline.ClassSource, "check snapshot_time"},
		{"a query that is wrong", invalidAt("dry run"), BigQuery{Query: someQuery}, pipeline.ClassSource, "correct the query"},
		{"a view", func(f *fakeBigQuery) { f.kind = "VIEW" }, BigQuery{}, pipeline.ClassSource, "SELECT columns FROM `billed.shop.orders`"},
		{"an external table", func(f *fakeBigQuery) { f.kind = "EXTERNAL" }, BigQuery{}, pipeline.ClassSource, "give a query instead"},
		{"another location", func(f *fakeBigQuery) { f.location = "europe-west2" }, BigQuery{Location: "EU"}, pipeline.ClassSource, "set location to europe-west2"},
		{"no SELECT", func(*fakeBigQuery) {}, BigQuery{Query: "DELETE FROM shop.orders WHERE true"}, pipeline.ClassSource, "give one SELECT"},
		{"no such table", func(f *fakeBigQuery) {
			f.at = func(int, string) *fakeFault { return &fakeFault{code: http.StatusNotFound, reason: "notFound"} }
		}, BigQuery{Location: "EU"}, pipeline.ClassSource, "EU is where it is looked for"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := fakeOf(letters(1, 5))
			c.fake(f)
			_, err := readThem(t.Context(), f.start(t, c.options))
			wantError(t, err, c.class, c.hint)
		})
	}
}

func TestBigQueryOptions(t *testing.T) {
	for _, c := range []struct {
		options BigQuery
		option  string // at fault; "" if none is
	}{
		{BigQuery{Project: "p", Table: "d.t"}, ""},
		{BigQuery{Project: "p", Table: "example.com:q.d.t", SnapshotTime: "2024-03-31T00:00:00Z"}, ""},
		{BigQuery{Project: "p", Query: "SELECT 1", Labels: map[string]string{"team": "", "größe_1": "ß-9"}}, ""},
		{BigQuery{Table: "d.t"}, "project"},
		{BigQuery{Project: "p"}, "table"},
		{BigQuery{Project: "p", Table: "d.t", Query: "SELECT 1"}, "table"},
		{BigQuery{Project: "p", Table: "t"}, "table"},
		{BigQuery{Project: "p", Table: "d."}, "table"},
		{BigQuery{Project: "p", Table: "d.t`"}, "table"},
		{BigQuery{Project: "p", Table: "d.t_*"}, "table"},
		{BigQuery{Project: "p", Table: "d.t$20240331"}, "table"},
		{BigQuery{Project: "p", Table: "d.t", MaxBytesBilled: -1}, "max_bytes_billed"},
		{BigQuery{Project: "p", Table: "d.t", Labels: map[string]string{"Team": "a"}}, "labels"},
		{BigQuery{Project: "p", Table: "d.t", Labels: map[string]string{"team": "a b"}}, "labels"},
		{BigQuery{Project: "p", Table: "d.t", Labels: map[string]string{"1st": "a"}}, "labels"},
		{BigQuery{Project: "p", Table: "d.t", SnapshotTime: "2024-03-31"}, "snapshot_time"},
		{BigQuery{Project: "p", Query: "SELECT 1", SnapshotTime: "2024-03-31T00:00:00Z"}, "snapshot_time"},
		{BigQuery{Project: "p", Table: "d.t", Endpoint: "localhost"}, "endpoint"},
	} {
		_, err := NewBigQuery(c.options)
		if c.option == "" {
			if err != nil {
				t.Errorf("%+v: %v", c.options, err)
			}
			continue
		}
		wantError(t, err, pipeline.ClassUsage, c.option)
	}
}
