package sources

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-clv/perennial/pipeline"
)

// openPostgres describes a source and opens it with all columns.
func openPostgres(t testing.TB, source pipeline.Source, readers int) []pipeline.Reader {
	t.Helper()
	request := pipeline.Request{Readers: readers, Rows: 10}
	d, err := source.Describe(context.Background(), "2024-12-31")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range d.Columns.Fields() {
		request.Columns = append(request.Columns, f.Name)
	}
	opened, err := source.Open(context.Background(), request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, r := range opened {
			r.Close()
		}
	})
	return opened
}

// firstCells reads what is left of readers, one after the other, and returns the
// first column's cells.
func firstCells(t testing.TB, readers []pipeline.Reader) []string {
	t.Helper()
	var cells []string
	for _, r := range readers {
		for {
			b, err := r.Next(context.Background())
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for i := range int(b.Record.NumRows()) {
				cells = append(cells, cellsOf(b.Record, i)[0])
			}
			b.Record.Release()
		}
	}
	return cells
}

// wantIDs wants the numbers from 1 to n, in any order.
func wantIDs(t *testing.T, what string, got []string, n int) {
	t.Helper()
	want := make([]string, n)
	for i := range want {
		want[i] = fmt.Sprint(i + 1)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %d ids %.200v, want those from 1 to %d", what, len(got), got, n)
	}
}

func TestPostgresReadersSeeOneSnapshot(t *testing.T) {
	s := newPostgresShop(t, "CREATE TABLE t AS SELECT i AS id, repeat('x', 500) AS filler FROM generate_series(1, 400) i")
	source := s.source(t, Postgres{Table: "t"})
	source.partPages = 3
	readers := openPostgres(t, source, 3)
	if len(readers) != 3 {
		t.Fatalf("%d readers, want 3", len(readers))
	}
	b, err := readers[1].Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for i := range int(b.Record.NumRows()) {
		got = append(got, cellsOf(b.Record, i)[0])
	}
	b.Record.Release()
	s.sql(t, "INSERT INTO t SELECT i, 'new' FROM generate_series(401, 900) i", "UPDATE t SET filler = 'changed', id = -id WHERE id % 3 = 0", "DELETE FROM t WHERE id % 5 = 0", "VACUUM t")
	wantIDs(t, "after changes", append(got, firstCells(t, readers)...), 400)
}

// Partitions can be attached in spite of the lock, filled before the snapshot.
func TestPostgresPartitionsAttachedMeanwhileAreNotRead(t *testing.T) {
	s := newPostgresShop(t, "CREATE TABLE t (id int, filler text) PARTITION BY RANGE (id)", "CREATE TABLE low PARTITION OF t FOR VALUES FROM (1) TO (401)",
		"INSERT INTO t SELECT i, repeat('x', 500) FROM generate_series(1, 400) i", "CREATE TABLE high AS SELECT i AS id, repeat('y', 500) AS filler FROM generate_series(401, 800) i",
		"CREATE TABLE parent AS SELECT 1 AS id, repeat('x', 500) AS filler FROM generate_series(1, 400) i", "CREATE TABLE heir (LIKE high)", "INSERT INTO heir SELECT * FROM high")
	for table, attach := range map[string]string{"t": "ALTER TABLE t ATTACH PARTITION high FOR VALUES FROM (401) TO (801)", "parent": "ALTER TABLE heir INHERIT parent"} {
		source := s.source(t, Postgres{Table: table})
		source.partPages = 4
		readers := openPostgres(t, source, 1)
		b, err := readers[0].Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		rows := int(b.Record.NumRows())
		b.Record.Release()
		s.sql(t, attach)
		if rows += len(firstCells(t, readers)); rows != 400 {
			t.Errorf("%s: %d rows, want the 400 from before", table, rows)
		}
	}
}

func TestPostgresTableThatIsAlteredAfterItWasDescribedIsNotMisread(t *testing.T) {
	s := newPostgresShop(t, "CREATE TABLE t AS SELECT 7 AS id, 1.5::float8 AS amount, 'seven'::text AS note, '2024-01-01'::timestamp AS at")
	for _, c := range []struct{ column, alter, piece string }{
		{"amount", "ALTER TABLE t ALTER amount TYPE bigint", `column "amount" has changed`},
		{"note", "ALTER TABLE t ALTER note TYPE int USING 7", `column "note" has changed`},
		{"at", "ALTER TABLE t ALTER at TYPE timestamptz", `column "at" has changed`},
		{"id", "ALTER TABLE t DROP amount", ""},
		{"id", "ALTER TABLE t RENAME TO old; CREATE TABLE t AS SELECT * FROM old", "the table has changed"},
	} {
		source := s.source(t, Postgres{Table: "t"})
		if _, err := source.Describe(context.Background(), ""); err != nil {
			t.Fatal(err)
		}
		s.sql(t, c.alter)
		readers, err := source.Open(context.Background(), pipeline.Request{Columns: []string{c.column}, Readers: 1})
		if c.piece != "" {
			wantError(t, err, pipeline.ClassTemporary, c.piece)
		} else if err != nil {
			t.Errorf("%s: %v", c.alter, err)
		}
		for _, r := range readers {
			r.Close()
		}
	}
}

// The settings make the server's planner choose workers for a table this small.
func TestPostgresRowsKeepTheOrderOfTheTable(t *testing.T) {
	s := newPostgresShop(t, "CREATE TABLE t AS SELECT i AS id, DATE '2024-01-01' AS day, repeat('x', 500) AS filler FROM generate_series(1, 20000) i", "ANALYZE t")
	for _, setting := range []string{"parallel_setup_cost", "parallel_tuple_cost", "min_parallel_table_scan_size"} {
		s.sql(t, fmt.Sprintf("ALTER DATABASE %s SET %s = 0", s.name, setting))
	}
	if plan := s.sql(t, "EXPLAIN SELECT id FROM t"); !strings.Contains(plan, "Parallel Seq Scan") {
		t.Fatalf("workers are not what the server chooses:\n%s", plan)
	}
	want := make([]string, 20000)
	for i := range want {
		want[i] = fmt.Sprint(i + 1)
	}
	if got := firstCells(t, openPostgres(t, s.source(t, Postgres{Table: "t"}), 1)); !slices.Equal(got, want) {
		t.Errorf("%d rows do not come in the order of the table", len(got))
	}
}

func TestPostgresTableCannotBeEmptiedWhileItIsRead(t *testing.T) {
	s := newPostgresShop(t, "CREATE TABLE t AS SELECT i AS id, repeat('x', 500) AS filler FROM generate_series(1, 100) i")
	for name, o := range map[string]Postgres{"a table": {Table: "t"}, "a query": {Query: "SELECT * FROM t"}} {
		source := s.source(t, o)
		source.partPages = 2
		readers := openPostgres(t, source, 2)
		const refused = "DO $$ BEGIN SET lock_timeout = 50; TRUNCATE t; RAISE 'emptied'; EXCEPTION WHEN lock_not_available THEN NULL; END $$"
		s.sql(t, refused)
		wantIDs(t, name, firstCells(t, readers), 100)
		s.sql(t, "BEGIN", "TRUNCATE t", "ROLLBACK") // nobody holds it any more
	}
}

func TestPostgresPartsAreOfEveryShapeOfTable(t *testing.T) {
	const rows = "SELECT i AS id, repeat('x', 400) AS filler FROM generate_series(1, 300) i"
	s := newPostgresShop(t,
		"CREATE TABLE gone AS "+rows, "INSERT INTO gone SELECT 1000 + i, repeat('y', 400) FROM generate_series(1, 3000) i", "DELETE FROM gone WHERE id > 300",
		"CREATE TABLE parent AS SELECT 1 AS id, 'x' AS filler", "CREATE TABLE child () INHERITS (parent)", "INSERT INTO child "+rows+" OFFSET 1",
		"CREATE TABLE ranges (id int, filler text) PARTITION BY RANGE (id)", "CREATE TABLE low PARTITION OF ranges FOR VALUES FROM (1) TO (20)",
		"CREATE TABLE high PARTITION OF ranges FOR VALUES FROM (20) TO (1000) PARTITION BY LIST (id)", "CREATE TABLE rest PARTITION OF high DEFAULT", "INSERT INTO ranges "+rows,
		"CREATE MATERIALIZED VIEW stored AS "+rows, `CREATE SCHEMA "Old ""Shop"""`, `CREATE TABLE "Old ""Shop"""."Orders" AS `+rows,
		"CREATE TABLE wide (id int, filler text)", "INSERT INTO wide SELECT i, repeat(md5(i::text), 1000) FROM generate_series(1, 300) i")
	for name, parts := range map[string]int{"gone": 9, "parent": 5, "ranges": 5, "stored": 9, `"Old ""Shop""" . "Orders"`: 9, "wide": 1} {
		source := s.source(t, Postgres{Table: name})
		source.partPages = 2
		readers := openPostgres(t, source, 3)
		if name != "wide" && len(readers) != 3 {
			t.Errorf("%s: %d readers, want 3", name, len(readers))
		}
		wantIDs(t, fmt.Sprintf("%s, of at least %d parts", name, parts), firstCells(t, readers), 300)
	}
}

func TestPostgresEstimatesAreThoseOfTheServer(t *testing.T) {
	s := newPostgresShop(t, "CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 1000) i", "CREATE TABLE fresh AS SELECT 1 AS id", "CREATE TABLE empty (id int)", "CREATE VIEW v AS SELECT * FROM t", "ANALYZE t")
	for name, want := range map[string][2]string{"t": {"1000", "t"}, "fresh": {"-1", "fresh"}, "empty": {"0", "empty"}, "v": {"-1", ""}} {
		d, err := s.source(t, Postgres{Table: name}).Describe(context.Background(), "")
		if err != nil {
			t.Fatal(err)
		}
		bytes := "-1"
		if want[1] != "" {
			bytes = s.sql(t, "SELECT pg_table_size('"+want[1]+"')")
		}
		if fmt.Sprint(d.Rows) != want[0] || fmt.Sprint(d.Bytes) != bytes || len(d.Files) > 0 {
			t.Errorf("%s: got %d rows, %d bytes, files %v; want %s rows, %s bytes, no files", name, d.Rows, d.Bytes, d.Files, want[0], bytes)
		}
		if !strings.HasSuffix(d.Name, fmt.Sprintf(":%d/%s %s", s.Port, s.name, name)) {
			t.Errorf("%s: the source is named %q", name, d.Name)
		}
	}
}

func TestPostgresLeavesLaterRowsInTheDatabase(t *testing.T) {
	s := newPostgresShop(t, "CREATE TABLE t (id int, instant timestamptz, civil timestamp, day date, note text)",
		`INSERT INTO t VALUES (1, '2024-12-31 22:59:59.999999+00', '2024-12-31 23:59:59.999999', '2024-12-31', '2024'), (2, NULL, NULL, NULL, NULL),
		(3, '2024-12-31 23:00:00+00', '2025-01-01 00:00:00', '2025-01-01', '2025'), (4, 'infinity', 'infinity', 'infinity', 'never')`)
	until := pipeline.Until{Instant: time.Date(2024, 12, 31, 23, 0, 0, 0, time.UTC), Civil: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), Day: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)}
	for column, want := range map[string]string{"instant": "1 2", "civil": "1 2", "day": "1 2", "note": "1 2 3 4"} {
		source := s.source(t, Postgres{Table: "t"})
		if _, err := source.Describe(context.Background(), ""); err != nil {
			t.Fatal(err)
		}
		until.Column = column
		request := pipeline.Request{Columns: []string{"id"}, Readers: 1, Until: &until}
		readers, err := source.Open(context.Background(), request)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(firstCells(t, readers), " "); got != want {
			t.Errorf("%s: got rows %s, want %s", column, got, want)
		}
		// What the estimate says is what a person can run.
		estimate, err := source.Estimate(context.Background(), request)
		if err != nil || len(estimate.SQL) != 1 || estimate.Price != nil {
			t.Fatalf("estimate %+v, %v", estimate, err)
		}
		if got := strings.ReplaceAll(s.sql(t, estimate.SQL[0]), "\n", " "); got != want {
			t.Errorf("%s: psql reads rows %s, want %s:\n%s", column, got, want, estimate.SQL[0])
		}
	}
}

func TestPostgresQueryHasTheAsOfDay(t *testing.T) {
	s := newPostgresShop(t, "CREATE TABLE t AS SELECT DATE '2024-12-01' + i AS day FROM generate_series(0, 60) i")
	query := "SELECT max(day), '@as_of' AS note, 'a;b' FROM t WHERE day <= @as_of -- up to @as_of\n ; "
	for asOf, want := range map[string]string{"2024-12-31": "2024-12-31|@as_of|a;b", "": "2025-01-30|@as_of|a;b"} {
		source := s.source(t, Postgres{Query: query})
		d, err := source.Describe(context.Background(), asOf)
		if err != nil {
			t.Fatal(err)
		}
		readers, err := source.Open(context.Background(), pipeline.Request{Columns: []string{"max", "note", "?column?"}, Readers: 3})
		if err != nil || len(readers) != 1 || d.Rows != -1 || d.Bytes != -1 {
			t.Fatalf("%d readers, %d rows, %d bytes: %v", len(readers), d.Rows, d.Bytes, err)
		}
		b, err := readers[0].Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(cellsOf(b.Record, 0), "|"); got != want {
			t.Errorf("as of %q: got %s, want %s", asOf, got, want)
		}
		b.Record.Release()
		readers[0].Close()
	}
}

// The numbers are of random precision, scale, length and zeros; what the server
// casts to text is what must come out.
func TestPostgresNumericsAreExact(t *testing.T) {
	s := newPostgresShop(t)
	random := rand.New(rand.NewPCG(1, 2))
	for range 25 {
		precision := 1 + random.IntN(38)
		scale := random.IntN(precision + 1)
		values := make([]string, 40)
		for i := range values {
			digits := make([]byte, 1+random.IntN(precision))
			for j := range digits {
				digits[j] = '0' + byte(random.IntN(10)*random.IntN(2)) // many zeros
			}
			sign := []string{"", "-"}[random.IntN(2)]
			values[i] = fmt.Sprintf("(%s%se-%d)", sign, digits, scale)
		}
		statements := []string{"DROP TABLE IF EXISTS t", fmt.Sprintf("CREATE TABLE t (v numeric(%d, %d))", precision, scale), "INSERT INTO t VALUES " + strings.Join(values, ", ")}
		s.sql(t, statements...)
		got, err := read(s.source(t, Postgres{Table: "t"}), 0)
		if err != nil {
			t.Fatal(err)
		}
		if want := s.sql(t, "SELECT v FROM t"); lines(got.rows) != want {
			t.Errorf("numeric(%d, %d): got\n%s\nwant\n%s", precision, scale, lines(got.rows), want)
		}
	}
}
