//go:build duckdb

package sources

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-clv/perennial/pipeline"
)

// readWith reads all columns as of a day with two readers, one after the other.
func readWith(t *testing.T, s pipeline.Source, asOf string, until *pipeline.Until) result {
	t.Helper()
	ctx := context.Background()
	readers, err := openAll(ctx, s, asOf, until)
	if err != nil {
		t.Fatal(err)
	}
	var got result
	for _, r := range readers {
		for {
			b, err := r.Next(ctx)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got.add(b)
			b.Record.Release()
		}
		r.Close()
	}
	return got
}

func TestDuckDBLeavesRowsAfterTheBoundInTheTable(t *testing.T) {
	day := time.Date(2024, 4, 1, 0, 0, 0, 0, time.UTC)
	until := &pipeline.Until{Column: "paid_at", Instant: day.Add(-2 * time.Hour), Civil: day, Day: day}
	for _, c := range []struct{ name, values, want string }{
		{"DATE", "'2024-03-31', '2024-04-01', NULL, '-infinity', 'infinity'", `2024-03-31 null fault: column paid_at: a date is infinite: paid_at="-infinity"`},
		{"TIMESTAMP", "'2024-03-31 23:59:59.999999', '2024-04-01 00:00:00', NULL", "2024-03-31 23:59:59.999999Z null"},
		{"TIMESTAMP_NS", "'2024-03-31 23:59:59.999999', '2024-04-01 00:00:00', NULL", "2024-03-31 23:59:59.999999Z null"},
		{"TIMESTAMPTZ", "'2024-03-31 21:59:59+00', '2024-03-31 22:00:00+00', NULL", "2024-03-31 21:59:59Z null"},
		{"VARCHAR", "'2024-03-31', '2024-04-01'", "2024-03-31 2024-04-01"},
	} {
		path := makeDatabase(t, "CREATE TABLE t (paid_at "+c.name+")", "INSERT INTO t VALUES ("+strings.ReplaceAll(c.values, ", ", "), (")+")")
		got := readWith(t, duckDBOf(t, DuckDB{Path: path, Table: "t"}), "2024-03-31", until)
		if text := strings.ReplaceAll(lines(got.rows), "\n", " "); text != c.want {
			t.Errorf("%s: got %s, want %s", c.name, text, c.want)
		}
	}
}

func TestDuckDBQueryKnowsTheAsOfDay(t *testing.T) {
	query := "SELECT d, '@as_of' AS text FROM (VALUES (DATE '2024-03-30'), ('2024-03-31'), ('2024-04-01')) t(d) WHERE d <= @as_of"
	for asOf, want := range map[string]string{"2024-03-31": "2024-03-30|@as_of 2024-03-31|@as_of", "": ""} {
		got := readWith(t, duckDBOf(t, DuckDB{Query: query}), asOf, nil)
		if text := strings.ReplaceAll(lines(got.rows), "\n", " "); text != want {
			t.Errorf("as of %q: got %s, want %s", asOf, text, want)
		}
	}
}

// TestDuckDBQueryIsInUTC: the machine's zone must not show in what a query makes
// of instants.
func TestDuckDBQueryIsInUTC(t *testing.T) {
	t.Setenv("TZ", "Asia/Tokyo")
	got := readWith(t, duckDBOf(t, DuckDB{Query: "SELECT CAST(TIMESTAMPTZ '2024-03-31 20:00:00+00' AS DATE) AS day"}), "", nil)
	if want := "2024-03-31"; lines(got.rows) != want {
		t.Errorf("got %s, want %s", lines(got.rows), want)
	}
}

func TestDuckDBRowWithAFaultIsNullAsAWhole(t *testing.T) {
	path := makeDatabase(t, "CREATE TABLE t (id BIGINT, word ENUM('a', 'b'), paid_at DATE, amount HUGEINT, price DECIMAL(9, 2))",
		"INSERT INTO t VALUES (1, 'a', '2024-01-01', 5, 0.50), (2, 'b', 'infinity', 170141183460469231731687303715884105727, 1.25), (3, NULL, '2024-01-03', 6, 2)")
	s := duckDBOf(t, DuckDB{Path: path, Table: "t"})
	readers, err := openAll(context.Background(), s, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer readers[0].Close()
	b, err := readers[0].Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Record.Release()
	want := []string{"1|a|2024-01-01|5|0.50", "null|null|null|null|null", "3|null|2024-01-03|6|2.00"}
	for i := range want {
		if got := strings.Join(cellsOf(b.Record, i), "|"); got != want[i] {
			t.Errorf("row %d: got %s, want %s", i, got, want[i])
		}
	}
	fault := pipeline.Fault{Index: 1, Reason: "column paid_at: a date is infinite", Raw: `id="2" word="b" paid_at="infinity" amount="170141183460469231731687303715884105727" price="1.25"`}
	if !slices.Equal(b.Faults, []pipeline.Fault{fault}) {
		t.Errorf("got faults %v, want %v", b.Faults, fault)
	}
}

// TestDuckDBPartsAreThoseOfTheTable: which rows are of a part does not depend on
// who reads, nor on how many are left in it.
func TestDuckDBPartsAreThoseOfTheTable(t *testing.T) {
	path := makeDatabase(t, "CREATE TABLE t AS SELECT i AS id FROM range(200) t(i)", "DELETE FROM t WHERE id % 10 = 0")
	s := duckDBOf(t, DuckDB{Path: path, Table: "t"})
	readers, err := openAll(context.Background(), s, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(readers) != 2 {
		t.Fatalf("got %d readers, want 2", len(readers))
	}
	rows := map[string]int64{}
	for _, r := range readers {
		for {
			b, err := r.Next(context.Background())
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			rows[b.Origin] += b.Record.NumRows()
			b.Record.Release()
		}
		r.Close()
	}
	// Of the ids 0 to 63, 64 to 127, 128 to 191 and 192 to 199 these are no multiples of ten.
	for origin, want := range map[string]int64{path + " t from rowid 0": 57, path + " t from rowid 64": 58, path + " t from rowid 128": 57, path + " t from rowid 192": 8} {
		if rows[origin] != want {
			t.Errorf("%s: got %d rows, want %d; all: %v", origin, rows[origin], want, rows)
		}
	}
}

// A column of the name of the row ids stands before them.
func TestDuckDBColumnNamedAsTheRowIDsIsReadAsAColumn(t *testing.T) {
	path := makeDatabase(t, `CREATE TABLE t AS SELECT CASE WHEN i % 2 = 0 THEN -i END AS "RowID", i AS id FROM range(300) r(i)`)
	if got, err := read(duckDBOf(t, DuckDB{Path: path, Table: "t"}), 0, "id", "RowID"); err != nil || len(got.rows) != 300 || strings.Join(got.rows[2], "|") != "2|-2" {
		t.Errorf("got %d rows, %v, want 300", len(got.rows), err)
	}
}

func TestDuckDBEstimateSaysTheSQL(t *testing.T) {
	path := makeDatabase(t, `CREATE TABLE "Order lines" ("Customer ""ID""" UUID, paid_at DATE, total DECIMAL(18, 2))`)
	day := time.Date(2024, 4, 1, 0, 0, 0, 0, time.UTC)
	r := pipeline.Request{Columns: []string{`Customer "ID"`, "paid_at"}, Readers: 1, Until: &pipeline.Until{Column: "paid_at", Day: day}}
	for _, c := range []struct {
		o    DuckDB
		want []string
	}{
		{DuckDB{Path: path, Table: "Order lines"}, []string{`SELECT CAST("Customer ""ID""" AS VARCHAR) AS "Customer ""ID""", "paid_at" FROM "Order lines" WHERE ("paid_at" < DATE '2024-04-01' OR "paid_at" IS NULL)`}},
		{DuckDB{Path: path, Query: `FROM "Order lines" WHERE paid_at <= @as_of`}, []string{
			"CREATE TEMP VIEW perennial_source AS\nFROM \"Order lines\" WHERE paid_at <= DATE '2024-03-31'",
			`SELECT CAST("Customer ""ID""" AS VARCHAR) AS "Customer ""ID""", "paid_at" FROM perennial_source`,
		}},
	} {
		s := duckDBOf(t, c.o)
		if _, err := s.Describe(context.Background(), "2024-03-31"); err != nil {
			t.Fatal(err)
		}
		e, err := s.Estimate(context.Background(), r)
		if err != nil || e.Bytes != -1 || e.Price != nil || !slices.Equal(e.SQL, c.want) {
			t.Errorf("got %+v, %v, want %q", e, err, c.want)
		}
	}
}
