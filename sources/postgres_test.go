package sources

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/conformance"
	"github.com/perennial-clv/perennial/pipeline/conformance/services"
)

// postgresShop is a database of one test.
type postgresShop struct {
	services.PostgresServer
	name string
}

// newPostgresShop makes a database, in which statements are run.
func newPostgresShop(t testing.TB, statements ...string) postgresShop {
	t.Helper()
	server := services.Postgres(t)
	s := postgresShop{server, server.NewDatabase(t)}
	s.sql(t, statements...)
	return s
}

func (s postgresShop) sql(t testing.TB, statements ...string) string {
	t.Helper()
	return s.SQL(t, s.name, strings.Join(statements, ";\n"))
}

// source is one of the database, whose options are completed by its address.
func (s postgresShop) source(t testing.TB, o Postgres) *postgresSource {
	t.Helper()
	if o.URL == "" {
		o.URL = s.URL(s.name)
	}
	source, err := NewPostgres(o)
	if err != nil {
		t.Fatal(err)
	}
	return source.(*postgresSource)
}

// postgresText is a text in SQL, or NULL.
func postgresText(cell conformance.Cell) string {
	if cell == nil {
		return "NULL"
	}
	return "'" + strings.ReplaceAll(*cell, "'", "''") + "'"
}

var filled atomic.Int64

// fill makes a table of rows and returns its name.
func (s postgresShop) fill(t testing.TB, rows conformance.Rows, definition string) string {
	t.Helper()
	name := fmt.Sprintf("filled_%d", filled.Add(1))
	statements := []string{fmt.Sprintf(definition, name, strings.Join(rows.Columns, " text, ")+" text")}
	var values []string
	for _, row := range slices.Concat(rows.Parts...) {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = postgresText(cell)
		}
		values = append(values, "("+strings.Join(cells, ", ")+")")
	}
	if len(values) > 0 {
		statements = append(statements, "INSERT INTO "+name+" VALUES "+strings.Join(values, ", "))
	}
	s.sql(t, statements...)
	return name
}

func TestPostgresConforms(t *testing.T) {
	s := newPostgresShop(t)
	for name, build := range map[string]func(*testing.T, conformance.Rows) pipeline.Source{
		"a table": func(t *testing.T, rows conformance.Rows) pipeline.Source {
			return s.source(t, Postgres{Table: s.fill(t, rows, "CREATE TABLE %s (%s)")})
		},
		// Every page is a part of its own. A row of a fifth of a page makes more of them.
		"a table of many parts": func(t *testing.T, rows conformance.Rows) pipeline.Source {
			table := s.fill(t, rows, "CREATE TABLE %s (%s, filler char(1500) DEFAULT 'x')")
			source := s.source(t, Postgres{Table: table})
			source.partPages = 1
			return source
		},
		"partitions": func(t *testing.T, rows conformance.Rows) pipeline.Source {
			const partitioned = "CREATE TABLE %[1]s (%[2]s) PARTITION BY HASH (id); CREATE TABLE %[1]s_a PARTITION OF %[1]s FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE %[1]s_b PARTITION OF %[1]s FOR VALUES WITH (MODULUS 2, REMAINDER 1)"
			source := s.source(t, Postgres{Table: s.fill(t, rows, partitioned)})
			source.partPages = 1
			return source
		},
		"a view": func(t *testing.T, rows conformance.Rows) pipeline.Source {
			table := s.fill(t, rows, "CREATE TABLE %s (%s)")
			s.sql(t, fmt.Sprintf("CREATE VIEW %[1]s_view AS SELECT * FROM %[1]s", table))
			return s.source(t, Postgres{Table: table + "_view"})
		},
		"a query": func(t *testing.T, rows conformance.Rows) pipeline.Source {
			return s.source(t, Postgres{Query: "SELECT * FROM " + s.fill(t, rows, "CREATE TABLE %s (%s)") + " -- all of it\n;"})
		},
	} {
		t.Run(name, func(t *testing.T) { conformance.SourceOfTables(t, build) })
	}
}

// postgresTypes are columns of every type that has a rule, with edge values as
// SQL writes them. What the server itself casts to text is what must come out.
var postgresTypes = []struct {
	column, arrow string
	values        []string
}{
	{"smallint", "int64", []string{"0", "-32768", "32767"}},
	{"integer", "int64", []string{"0", "-2147483648", "2147483647"}},
	{"bigint", "int64", []string{"0", "-9223372036854775808", "9223372036854775807"}},
	{"numeric(4,2)", "decimal(4, 2)", []string{"0", "0.01", "-0.01", "99.99", "-99.99", "10.10", "1"}},
	{"numeric(38,0)", "decimal(38, 0)", []string{"0", "99999999999999999999999999999999999999", "-99999999999999999999999999999999999999", "10000"}},
	{"numeric(38,38)", "decimal(38, 38)", []string{"0", "0.99999999999999999999999999999999999999", "-0.00000000000000000000000000000000000001"}},
	{"numeric(19,4)", "decimal(19, 4)", []string{"100000000000000.0001", "10000", "0.0001", "123456789.5"}},
	{"numeric", "utf8", []string{"0", "1.500", "1e-30", "12345678901234567890123456789012345678901234567890.5", "'NaN'", "'-Infinity'"}},
	{"numeric(40,2)", "utf8", []string{"1.5", "-12345678901234567890123456789012345678.25"}},
	{"numeric(5,-2)", "utf8", []string{"1234567", "0"}},
	{"money", "utf8", []string{"'1234.50'", "'-0.01'", "0"}},
	{"real", "float64", []string{"0", "1.5", "-0.25", "1048576"}},
	{"double precision", "float64", []string{"0", "0.1", "-123456.789", "1.5"}},
	{"boolean", "bool", []string{"true", "false"}},
	{"text", "utf8", []string{"''", "'Zoë'", "'a|b'", "'日本🙂'", "repeat('x', 100000)"}},
	{"varchar(5)", "utf8", []string{"''", "'abcde'"}},
	{"char(5)", "utf8", []string{"''", "'abc'"}},
	{"name", "utf8", []string{"'orders'"}},
	{"citext", "utf8", []string{"'Zoë'"}},
	{"mood", "utf8", []string{"'happy'", "'not so'"}},
	{"price", "decimal(10, 2)", []string{"1.25"}},
	{"uuid", "utf8", []string{"'00112233-4455-6677-8899-aabbccddeeff'"}},
	{"jsonb", "utf8", []string{`'{"a": [1, null]}'`}},
	{"integer[]", "utf8", []string{"'{1,NULL,3}'"}},
	{"bytea", "utf8", []string{`'\x00ff'`}},
	{"interval", "utf8", []string{"'1 day 02:03'"}},
	{"oid", "utf8", []string{"4294967295"}},
}

func TestPostgresTypesKeepEveryValue(t *testing.T) {
	s := newPostgresShop(t, "CREATE EXTENSION citext", "CREATE TYPE mood AS ENUM ('happy', 'not so')", "CREATE DOMAIN price AS numeric(10,2) CHECK (VALUE >= 0)")
	for i, c := range postgresTypes {
		t.Run(c.column, func(t *testing.T) {
			table := fmt.Sprintf("typed_%d", i)
			s.sql(t, fmt.Sprintf("CREATE TABLE %s (v %s)", table, c.column), fmt.Sprintf("INSERT INTO %s VALUES (NULL), (%s), (NULL)", table, strings.Join(c.values, "), (")))
			got, err := read(s.source(t, Postgres{Table: table}), 0)
			if err != nil {
				t.Fatal(err)
			}
			shown := "v::text"
			if c.column == "money" {
				shown = "v::numeric::text"
			}
			want := s.sql(t, "SELECT coalesce("+shown+", 'null') FROM "+table)
			if got.types[0] != c.arrow || lines(got.rows) != want {
				t.Errorf("got %s:\n%s\nwant %s:\n%s", got.types[0], lines(got.rows), c.arrow, want)
			}
		})
	}
}

// The expected instants are by hand: Kolkata, the server's zone, is five and a
// half hours ahead of UTC, New York was five hours behind it that day.
func TestPostgresInstantsDoNotDependOnTheServersZone(t *testing.T) {
	s := newPostgresShop(t, "CREATE TABLE t (instant timestamptz, civil timestamp, day date)",
		"INSERT INTO t VALUES ('2024-12-31 23:59:59.999999-05', '2024-12-31 23:59:59.999999', '2024-12-31'), ('1969-12-31 23:59:59.999999+00', '0001-01-01 00:00:00', '0001-01-01'), ('2000-01-01 05:30', '2000-01-01', '2000-01-01')")
	// Arrow prints civil times with a Z as well; the types say what they are.
	const want = "2025-01-01 04:59:59.999999Z|2024-12-31 23:59:59.999999Z|2024-12-31\n" +
		"1969-12-31 23:59:59.999999Z|0001-01-01 00:00:00Z|0001-01-01\n" +
		"2000-01-01 00:00:00Z|2000-01-01 00:00:00Z|2000-01-01"
	for _, zone := range []string{"Asia/Kolkata", "UTC", "America/New_York"} {
		if zone != "Asia/Kolkata" {
			s.sql(t, fmt.Sprintf("ALTER DATABASE %s SET timezone = '%s'", s.name, zone))
		}
		got, err := read(s.source(t, Postgres{Table: "t"}), 0)
		if err != nil {
			t.Fatal(err)
		}
		if wantTypes := []string{"timestamp[us, tz=UTC]", "timestamp[us]", "date32"}; !slices.Equal(got.types, wantTypes) || lines(got.rows) != want {
			t.Errorf("%s: got %v\n%s\nwant %v\n%s", zone, got.types, lines(got.rows), wantTypes, want)
		}
	}
}

func TestPostgresValuesThatCannotBeHeldAreFaults(t *testing.T) {
	s := newPostgresShop(t, "CREATE TABLE t (id text, n bigint, at timestamptz, civil timestamp, day date, amount numeric(6,2), ok boolean)",
		`INSERT INTO t VALUES ('a', 1, 'infinity', '2024-01-01', '2024-01-01', 1, true),
		('b', 2, '2024-01-01', '-infinity', '2024-01-01', 1, true), ('c', NULL, '2024-01-01', '2024-01-01', 'infinity', 1, true),
		(NULL, NULL, NULL, NULL, NULL, 'NaN', true), ('d', 5, '294276-12-31', '2024-01-01', '2024-01-01', 1, false),
		('e', 6, '2024-01-01 00:00+00', '2024-01-01', '2024-01-01', 1.5, true)`)
	got, err := read(s.source(t, Postgres{Table: "t"}), 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`fault: column "at": the time is infinite: id=a, n=1`,
		`fault: column "civil": the time is infinite: id=b, n=2`,
		`fault: column "day": the date is infinite: id=c`,
		`fault: column "amount": the number is NaN: `,
		`fault: column "at": the time is too far in the future: id=d, n=5`,
		`e|6|2024-01-01 00:00:00Z|2024-01-01 00:00:00Z|2024-01-01|1.50|true`,
	}
	if lines(got.rows) != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", lines(got.rows), strings.Join(want, "\n"))
	}
	ascii := "ascii_" + s.name
	s.sql(t, "CREATE DATABASE "+ascii+" ENCODING 'SQL_ASCII' TEMPLATE template0")
	s.SQL(t, ascii, `SET client_encoding = 'SQL_ASCII'; CREATE TABLE t AS SELECT 'a' AS id, E'caf\351' AS name UNION ALL SELECT 'b', 'Zoë'`)
	got, err = read(s.source(t, Postgres{URL: s.URL(ascii), Table: "t"}), 0)
	if want := "fault: column \"name\": the text is not UTF-8: id=a, name=caf\uFFFD\nb|Zoë"; err != nil || lines(got.rows) != want {
		t.Errorf("of a database without an encoding: got %q, %v; want %q", lines(got.rows), err, want)
	}
	// A fault keeps its place as a row of nulls.
	source := s.source(t, Postgres{Table: "t"})
	d, err := source.Describe(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	request := pipeline.Request{Readers: 1}
	for _, f := range d.Columns.Fields() {
		request.Columns = append(request.Columns, f.Name)
	}
	readers, err := source.Open(context.Background(), request)
	if err != nil {
		t.Fatal(err)
	}
	defer readers[0].Close()
	b, err := readers[0].Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Record.Release()
	for _, f := range b.Faults {
		if cells := cellsOf(b.Record, f.Index); strings.Trim(strings.Join(cells, ""), "nul") != "" {
			t.Errorf("row %d is a fault with values: %v", f.Index, cells)
		}
	}
}
