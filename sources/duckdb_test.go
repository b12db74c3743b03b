//go:build duckdb

package sources

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/conformance"
)

// makeDatabase makes a database by SQL and returns its path.
func makeDatabase(t testing.TB, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shop.duckdb")
	runDuckDB(t, path, statements...)
	return path
}

// runDuckDB runs SQL in a database that may be written to.
func runDuckDB(t testing.TB, path string, statements ...string) {
	t.Helper()
	db, c := writable(t, path)
	defer duckdb.Close(&db)
	defer duckdb.Disconnect(&c)
	for _, statement := range statements {
		var result duckdb.Result
		if duckdb.Query(c, statement, &result) == duckdb.StateError {
			t.Fatalf("%s: %s", statement, duckdb.ResultError(&result))
		}
		duckdb.DestroyResult(&result)
	}
}

// writable opens a database to write to.
func writable(t testing.TB, path string) (db duckdb.Database, c duckdb.Connection) {
	t.Helper()
	var config duckdb.Config
	duckdb.CreateConfig(&config)
	defer duckdb.DestroyConfig(&config)
	var message string
	if duckdb.OpenExt(path, &db, config, &message) == duckdb.StateError {
		t.Fatal(message)
	}
	duckdb.Connect(db, &c)
	return db, c
}

// duckDBOf returns a source, with parts of few rows.
func duckDBOf(t testing.TB, o DuckDB) *duckSource {
	t.Helper()
	source, err := NewDuckDB(o)
	if err != nil {
		t.Fatal(err)
	}
	s := source.(*duckSource)
	s.partRows = 64
	return s
}

// tableOf returns the statements that make a table of rows.
func tableOf(rows conformance.Rows) []string {
	var columns, values []string
	for _, name := range rows.Columns {
		columns = append(columns, duckDBDialect.name(name)+" VARCHAR")
	}
	for _, part := range rows.Parts {
		for _, row := range part {
			var cells []string
			for _, cell := range row {
				if cell == nil {
					cells = append(cells, "NULL")
				} else {
					cells = append(cells, duckQuoted(*cell))
				}
			}
			values = append(values, "("+strings.Join(cells, ", ")+")")
		}
	}
	statements := []string{"CREATE TABLE orders (" + strings.Join(columns, ", ") + ")"}
	if len(values) > 0 {
		statements = append(statements, "INSERT INTO orders VALUES "+strings.Join(values, ", "))
	}
	return statements
}

func TestDuckDBTableConforms(t *testing.T) {
	conformance.SourceOfTables(t, func(t *testing.T, rows conformance.Rows) pipeline.Source {
		return duckDBOf(t, DuckDB{Path: makeDatabase(t, tableOf(rows)...), Table: "orders"})
	})
}

func TestDuckDBViewConforms(t *testing.T) {
	conformance.SourceOfTables(t, func(t *testing.T, rows conformance.Rows) pipeline.Source {
		statements := append(tableOf(rows), "CREATE SCHEMA clean", "CREATE VIEW clean.orders AS SELECT * FROM main.orders")
		return duckDBOf(t, DuckDB{Path: makeDatabase(t, statements...), Table: "clean.orders"})
	})
}

func TestDuckDBQueryOfParquetConforms(t *testing.T) {
	conformance.SourceOfTables(t, func(t *testing.T, rows conformance.Rows) pipeline.Source {
		file := filepath.Join(t.TempDir(), "orders.parquet")
		makeDatabase(t, append(tableOf(rows), "COPY orders TO "+duckQuoted(file))...)
		return duckDBOf(t, DuckDB{Query: "FROM " + duckQuoted(file) + "; -- all of it"})
	})
}

// TestDuckDBTypes has one column each. Expected texts are worked out by hand.
func TestDuckDBTypes(t *testing.T) {
	for _, test := range []struct{ duck, values, arrow, want string }{
		{"BOOLEAN", "true; false", "bool", "true false"},
		{"TINYINT", "-128; 127", "int64", "-128 127"},
		{"SMALLINT", "-32768", "int64", "-32768"},
		{"INTEGER", "-2147483648; 7", "int64", "-2147483648 7"},
		{"BIGINT", "-9223372036854775808; 9223372036854775807", "int64", "-9223372036854775808 9223372036854775807"},
		{"UTINYINT", "255", "int64", "255"},
		{"USMALLINT", "65535", "int64", "65535"},
		{"UINTEGER", "4294967295", "int64", "4294967295"},
		{"UBIGINT", "9223372036854775807; 9223372036854775808", "int64", `9223372036854775807 fault: column a: an integer does not fit 64 bits: a="9223372036854775808"`},
		{"HUGEINT", "-9223372036854775808; 9223372036854775807", "int64", "-9223372036854775808 9223372036854775807"},
		{"HUGEINT", "9223372036854775808; -9223372036854775809; -1", "int64", `fault: column a: an integer does not fit 64 bits: a="9223372036854775808" fault: column a: an integer does not fit 64 bits: a="-9223372036854775809" -1`},
		{"UHUGEINT", "170141183460469231731687303715884105728", "utf8", "170141183460469231731687303715884105728"},
		{"FLOAT", "1.5", "float64", "1.5"},
		{"DOUBLE", "-0.25; 2", "float64", "-0.25 2"},
		{"DECIMAL(4, 2)", "-12.34; 0.05", "decimal(4, 2)", "-12.34 0.05"},
		{"DECIMAL(9, 2)", "-123.45", "decimal(9, 2)", "-123.45"},
		{"DECIMAL(18, 4)", "-1.0001; 2", "decimal(18, 4)", "-1.0001 2.0000"},
		{"DECIMAL(38, 9)", "-0.000000001; 12345678901234567890123456789.123456789", "decimal(38, 9)", "-0.000000001 12345678901234567890123456789.123456789"},
		{"DATE", "'1969-12-31'; '1971-01-01'", "date32", "1969-12-31 1971-01-01"},
		{"DATE", "'infinity'; '-infinity'", "date32", `fault: column a: a date is infinite: a="infinity" fault: column a: a date is infinite: a="-infinity"`},
		{"TIMESTAMP", "'2001-09-09 01:46:40.000007'", "timestamp[us]", "2001-09-09 01:46:40.000007Z"},
		{"TIMESTAMP", "'infinity'; '-infinity'", "timestamp[us]", `fault: column a: a time is infinite: a="infinity" fault: column a: a time is infinite: a="-infinity"`},
		{"TIMESTAMP_S", "'2001-09-09 01:46:40'", "timestamp[us]", "2001-09-09 01:46:40Z"},
		{"TIMESTAMP_MS", "'1969-12-31 23:59:59.999'; 'infinity'", "timestamp[us]", `1969-12-31 23:59:59.999Z fault: column a: a time is infinite: a="infinity"`},
		{"TIMESTAMP_NS", "'2001-09-09 01:46:40.000007'; '1969-12-31 23:59:59.999999999'; 'infinity'", "timestamp[us]", `2001-09-09 01:46:40.000007Z fault: column a: a time is finer than microseconds: a="1969-12-31 23:59:59.999999999" fault: column a: a time is infinite: a="infinity"`},
		{"TIMESTAMPTZ", "'2001-09-09 03:46:40+02'", "timestamp[us, tz=UTC]", "2001-09-09 01:46:40Z"},
		{"VARCHAR", "'é'; ''; 'twelve bytes'; 'thirteen byte'; 'x' || repeat('yz', 500)", "utf8", "é  twelve bytes thirteen byte x" + strings.Repeat("yz", 500)},
		{"ENUM('UK', 'FR')", "'FR'; 'UK'", "utf8", "FR UK"},
		{"UUID", "'00112233-4455-6677-8899-aabbccddeeff'", "utf8", "00112233-4455-6677-8899-aabbccddeeff"},
		{"JSON", `'{"a": 1}'`, "utf8", `{"a": 1}`},
		{"TIME", "'01:02:03'", "utf8", "01:02:03"},
		{"INTERVAL", "INTERVAL 3 DAY", "utf8", "3 days"},
		{"BLOB", `'\xAB'`, "utf8", `\xAB`},
		{"INTEGER[]", "[1, 2]", "utf8", "[1, 2]"},
		{"STRUCT(x INTEGER)", "{'x': 1}", "utf8", "{'x': 1}"},
	} {
		for _, nulls := range []bool{false, true} {
			values, want := test.values, test.want
			if nulls {
				values, want = "NULL; "+values+"; NULL", "null "+want+" null"
			}
			path := makeDatabase(t, "CREATE TABLE t (a "+test.duck+")", "INSERT INTO t VALUES ("+strings.ReplaceAll(values, "; ", "), (")+")")
			got, err := read(duckDBOf(t, DuckDB{Path: path, Table: "t"}), 0)
			if err != nil {
				t.Errorf("%s, nulls %t: %v", test.duck, nulls, err)
				continue
			}
			if text := strings.ReplaceAll(lines(got.rows), "\n", " "); text != want || got.types[0] != test.arrow {
				t.Errorf("%s, nulls %t: got %q as %s, want %q as %s", test.duck, nulls, text, got.types[0], want, test.arrow)
			}
		}
	}
}

// holdDatabase opens a database to write to, says so, and closes it when
// standard input ends.
func holdDatabase(t *testing.T, path string) {
	t.Helper()
	db, c := writable(t, path)
	defer duckdb.Close(&db)
	defer duckdb.Disconnect(&c)
	fmt.Println("open")
	_, _ = io.Copy(io.Discard, os.Stdin)
}
