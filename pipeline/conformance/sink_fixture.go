package conformance

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// visit is the row of the suite's table: one column of each kind, required
// and nullable.
type visit struct {
	id      int64
	name    string
	amount  int64
	rate    float64
	day     int32
	at      int64
	flag    bool
	unknown bool // the nullable columns are null
}

// visits declares a table of the given name.
func visits(name string) table.Definition[visit] {
	return table.Definition[visit]{
		Name: name, Doc: "one row per visit, by id", Key: []string{"id"},
		Columns: []table.Field[visit]{
			// Not in the order of their names, which a sink might sort by.
			table.Integers("id", "number of the visit", func(v *visit) int64 { return v.id }),
			table.Texts("name", "a text", func(v *visit) string { return v.name }),
			table.Amounts("amount", "an amount", func(v *visit) int64 { return v.amount }),
			table.Numbers("rate", "a number", func(v *visit) float64 { return v.rate }),
			table.Dates("day", "a day", func(v *visit) int32 { return v.day }),
			table.Times("at", "an instant", func(v *visit) int64 { return v.at }),
			table.Flags("flag", "a flag", func(v *visit) bool { return v.flag }),
			table.NullTexts("null_name", "a text", "where unknown", func(v *visit) (string, bool) { return v.name, !v.unknown }),
			table.NullIntegers("null_id", "a count", "where unknown", func(v *visit) (int64, bool) { return v.id, !v.unknown }),
			table.NullAmounts("null_amount", "an amount", "where unknown", func(v *visit) (int64, bool) { return v.amount, !v.unknown }),
			table.NullNumbers("null_rate", "a number", "where unknown", func(v *visit) (float64, bool) { return v.rate, !v.unknown }),
			table.NullDates("null_day", "a day", "where unknown", func(v *visit) (int32, bool) { return v.day, !v.unknown }),
			table.NullTimes("null_at", "an instant", "where unknown", func(v *visit) (int64, bool) { return v.at, !v.unknown }),
		},
	}
}

// counted returns n visits with ids 1 to n and amounts of as many cents.
func counted(n int) []visit {
	rows := make([]visit, n)
	for i := range rows {
		rows[i] = visit{id: int64(i + 1), name: fmt.Sprint("n", i%7), amount: int64(i+1) * 100, unknown: i%3 == 0}
	}
	return rows
}

// batches delivers rows in records of size rows.
func batches(d table.Definition[visit], rows []visit, size int) func() (arrow.Record, error) {
	return func() (arrow.Record, error) {
		if len(rows) == 0 {
			return nil, io.EOF
		}
		n := min(size, len(rows))
		r := d.Record(rows[:n])
		rows = rows[n:]
		return r, nil
	}
}

const (
	day1 = "2024-03-30"
	day2 = "2024-03-31"
)

func key(asOf, runID string) pipeline.RunKey {
	return pipeline.RunKey{Job: "shop", AsOf: asOf, RunID: runID}
}

// begin claims a date or ends the test.
func begin(t *testing.T, s pipeline.Sink, k pipeline.RunKey) pipeline.Publication {
	t.Helper()
	p, err := s.Begin(context.Background(), k)
	if err != nil {
		t.Fatalf("Begin(%+v): %v", k, err)
	}
	return p
}

// stage stages rows as a table or ends the test.
func stage(t *testing.T, p pipeline.Publication, name string, rows []visit) pipeline.Receipt {
	t.Helper()
	d := visits(name)
	r, err := p.Stage(context.Background(), d.Schema(), batches(d, rows, 100))
	if err != nil {
		t.Fatalf("Stage(%s): %v", name, err)
	}
	return r
}

// publish publishes tables, each with as many counted rows, in one run.
func publish(t *testing.T, s pipeline.Sink, k pipeline.RunKey, tables map[string]int) {
	t.Helper()
	p := begin(t, s, k)
	for name, rows := range tables {
		stage(t, p, name, counted(rows))
	}
	if err := p.Publish(context.Background(), pipeline.Journal{ContractVersion: 1, InputRows: 7}); err != nil {
		t.Fatalf("Publish(%+v): %v", k, err)
	}
}

// check returns the journal of a date that must be whole.
func check(t *testing.T, s pipeline.Sink, asOf string) *pipeline.Journal {
	t.Helper()
	j, err := s.Check(context.Background(), asOf)
	if err != nil {
		t.Fatalf("Check(%s): %v", asOf, err)
	}
	return j
}

// latestDate returns the date of the newest journal, "" if there is none.
func latestDate(t *testing.T, s pipeline.Sink) string {
	t.Helper()
	j, err := s.Latest(context.Background())
	if err != nil {
		t.Fatalf("Latest: %v", err)
	}
	if j == nil {
		return ""
	}
	return j.AsOf
}

// wantClass fails unless err has a class.
func wantClass(t *testing.T, what string, err error, want pipeline.Class) {
	t.Helper()
	if err == nil || pipeline.ClassOf(err) != want {
		t.Errorf("%s: got error %v, want one of class %v", what, err, want)
	}
}

// wantRows fails unless a table of a date has counted rows up to n.
func wantRows(t *testing.T, p Place, name, asOf string, n int) {
	t.Helper()
	if got := p.Rows(t, name, asOf); got == nil || len(got) != n {
		t.Errorf("%s of %s has %d rows (nil: %v), want %d", name, asOf, len(got), got == nil, n)
	}
}

func wantNothingStaged(t *testing.T, p Place) {
	t.Helper()
	if left := p.Staged(t); len(left) != 0 {
		t.Errorf("staged and left: %v, want nothing", left)
	}
}
