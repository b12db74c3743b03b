//go:build duckdb

package sources

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perennial-clv/perennial/pipeline"
)

// openAll describes a source and opens it for all its columns.
func openAll(ctx context.Context, s pipeline.Source, asOf string, until *pipeline.Until) ([]pipeline.Reader, error) {
	d, err := s.Describe(ctx, asOf)
	if err != nil {
		return nil, err
	}
	r := pipeline.Request{Readers: 2, Until: until}
	for _, f := range d.Columns.Fields() {
		r.Columns = append(r.Columns, f.Name)
	}
	return s.Open(ctx, r)
}

// firstError describes, opens and reads a source until something fails.
func firstError(s pipeline.Source) error {
	readers, err := openAll(context.Background(), s, "2024-03-31", nil)
	for _, r := range readers {
		for err == nil {
			var b pipeline.Batch
			if b, err = r.Next(context.Background()); err == nil {
				b.Record.Release()
			}
		}
		r.Close()
	}
	return err
}

func TestDuckDBFailures(t *testing.T) {
	dir := write(t, map[string]string{
		"names.csv": "id,amount\n1,2\n2,Peter Smith\n",
		"text.db":   strings.Repeat("this is no database\n", 1000),
	})
	shop := makeDatabase(t, "CREATE TABLE orders (id BIGINT, name VARCHAR)", "INSERT INTO orders SELECT i, CASE WHEN i = 199999 THEN 'Peter Smith' ELSE '7' END FROM range(200000) t(i)")
	for _, test := range []struct {
		name   string
		o      DuckDB
		class  pipeline.Class
		pieces []string
	}{
		{"no such file", DuckDB{Path: filepath.Join(dir, "shop.duckdb"), Table: "t"}, pipeline.ClassSource, []string{"shop.duckdb", "check the path"}},
		{"a folder", DuckDB{Path: dir, Table: "t"}, pipeline.ClassSource, []string{"this is a folder"}},
		{"another file", DuckDB{Path: filepath.Join(dir, "text.db"), Table: "t"}, pipeline.ClassSource, []string{"text.db", "cannot open it", "DuckDB v1.5.3 or older"}},
		{"no such table", DuckDB{Path: shop, Table: "invoices"}, pipeline.ClassSource, []string{shop + " invoices: ", "invoices does not exist", "schema.table"}},
		{"no such schema", DuckDB{Path: shop, Table: "raw.orders"}, pipeline.ClassSource, []string{"does not exist"}},
		{"no such column", DuckDB{Path: shop, Query: "SELECT amount FROM orders"}, pipeline.ClassSource, []string{`"amount" not found`}},
		{"no SQL", DuckDB{Query: "SELEC 1"}, pipeline.ClassUsage, []string{"source.duckdb.query: ", `syntax error at or near "SELEC"`, "one SELECT"}},
		{"no query", DuckDB{Path: shop, Query: "DELETE FROM orders"}, pipeline.ClassUsage, []string{`syntax error at or near "DELETE"`}},
		{"two statements", DuckDB{Query: "SELECT 1; SELECT 2"}, pipeline.ClassUsage, []string{"2 statements"}},
		{"no such files", DuckDB{Query: "FROM 'nothing/*.parquet'"}, pipeline.ClassSource, []string{"nothing/*.parquet", "check the path"}},
		{"files elsewhere", DuckDB{Query: "FROM 'https://shop.example/orders.parquet'"}, pipeline.ClassUsage, []string{"httpfs", "nothing is fetched"}},
		{"too much for memory", DuckDB{Query: "SELECT i FROM range(30_000_000) t(i) ORDER BY hash(i)", Memory: "64MiB", Threads: 1}, pipeline.ClassUsage, []string{"more memory", "raise source.duckdb.memory"}},
		{"a cast that fails late", DuckDB{Path: shop, Query: "SELECT CAST(name AS BIGINT) AS n FROM orders"}, pipeline.ClassSource, []string{"cannot read it", "run the query in DuckDB"}},
		{"a file that cannot be read", DuckDB{Query: "FROM read_csv(" + duckQuoted(filepath.Join(dir, "names.csv")) + ", columns = {'id': 'INTEGER', 'amount': 'INTEGER'})"}, pipeline.ClassSource, []string{"cannot read it"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := firstError(duckDBOf(t, test.o))
			wantError(t, err, test.class, test.pieces...)
			if text := err.Error(); strings.Contains(text, "Peter") {
				t.Errorf("a customer's data in an error: %s", text)
			}
		})
	}
	if left, _ := filepath.Glob(".tmp*"); len(left) > 0 {
		t.Errorf("DuckDB has written to %v", left)
	}
}

// TestDuckDBHoldsADatabase is no test but the other process of the next one.
func TestDuckDBHoldsADatabase(t *testing.T) {
	path := os.Getenv("PERENNIAL_HOLD_DATABASE")
	if path == "" {
		t.Skip("runs only for another test")
	}
	holdDatabase(t, path)
}

func TestDuckDBDatabaseThatIsBeingWrittenIsTemporary(t *testing.T) {
	path := makeDatabase(t, "CREATE TABLE orders AS SELECT 1 AS id")
	other := exec.Command(os.Args[0], "-test.run=^TestDuckDBHoldsADatabase$")
	other.Env = append(os.Environ(), "PERENNIAL_HOLD_DATABASE="+path)
	in, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "open" {
	}
	wantError(t, firstError(duckDBOf(t, DuckDB{Path: path, Table: "orders"})), pipeline.ClassTemporary, path, "another process", "when it has closed the database")
	in.Close()
	if err := other.Wait(); err != nil {
		t.Error(err)
	}
	if err := firstError(duckDBOf(t, DuckDB{Path: path, Table: "orders"})); err == nil || err.Error() != "EOF" {
		t.Errorf("afterwards: got %v, want EOF", err)
	}
}

func TestDuckDBStopsWhenTheContextEnds(t *testing.T) {
	// Without an interruption this counts for hours.
	s := duckDBOf(t, DuckDB{Query: "SELECT count(*) AS n FROM range(1_000_000_000) a(i), range(1_000_000) b(j) WHERE hash(i, j) = 0"})
	ctx, cancel := context.WithCancel(context.Background())
	readers, err := openAll(ctx, s, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer readers[0].Close()
	timer := time.AfterFunc(100*time.Millisecond, cancel)
	defer timer.Stop()
	if _, err := readers[0].Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestDuckDBTableThatHasChangedSinceItWasDescribed(t *testing.T) {
	path := makeDatabase(t, "CREATE TABLE orders AS SELECT 1 AS id")
	s := duckDBOf(t, DuckDB{Path: path, Table: "orders"})
	if _, err := s.Describe(context.Background(), ""); err != nil {
		t.Fatal(err)
	}
	runDuckDB(t, path, "ALTER TABLE orders ALTER id TYPE VARCHAR")
	_, err := s.Open(context.Background(), pipeline.Request{Columns: []string{"id"}, Readers: 1})
	wantError(t, err, pipeline.ClassSource, "has changed")
}

func TestDuckDBRowsMustBeAsManyAsCounted(t *testing.T) {
	count := &duckCount{promised: 7}
	count.parts.Store(2)
	if err := count.end(4); err != nil {
		t.Errorf("before the last part: %v", err)
	}
	wantError(t, count.end(2), pipeline.ClassTemporary, "counts 7 rows and delivers 6")
}
