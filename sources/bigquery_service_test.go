package sources

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/bigquery"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/conformance"
	"github.com/perennial-clv/perennial/pipeline/conformance/services"
)

// load makes a table of rows that are given as JSON, one a line.
func load(t testing.TB, table *bigquery.Table, schema bigquery.Schema, rows []byte) {
	t.Helper()
	ctx := context.Background()
	if err := table.Create(ctx, &bigquery.TableMetadata{Schema: schema}); err != nil {
		t.Fatal(err)
	}
	if len(rows) == 0 {
		return
	}
	content := bigquery.NewReaderSource(bytes.NewReader(rows))
	content.SourceFormat, content.Schema = bigquery.JSON, schema
	job, err := table.LoaderFrom(content).Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ended, err := job.Wait(ctx)
	if err == nil {
		err = ended.Err()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestBigQueryServicePassesTheSuite runs against the emulator, or the real
// BigQuery. The emulator makes one stream of a table this small, and reads the
// table as it is now, whatever the moment asked for: streams in parallel, cuts
// and moments are the other tests'.
func TestBigQueryServicePassesTheSuite(t *testing.T) {
	warehouse := services.BigQuery(t)
	dataset := warehouse.NewDataset(t)
	client := warehouse.Client(t)
	loaded := map[string]bool{}
	conformance.SourceOfTables(t, func(t *testing.T, rows conformance.Rows) pipeline.Source {
		schema, lines := jsonOf(t, rows)
		hash := fnv.New64()
		_, _ = hash.Write(lines)
		name := fmt.Sprintf("rows_%d_%x", len(rows.Columns), hash.Sum64())
		if !loaded[name] {
			load(t, client.Dataset(dataset).Table(name), schema, lines)
			loaded[name] = true
		}
		return serviceSource(t, warehouse, BigQuery{Table: dataset + "." + name})
	})
}

// serviceSource returns a source of the service's table or query.
func serviceSource(t testing.TB, w services.Warehouse, o BigQuery) pipeline.Source {
	t.Helper()
	o.Project, o.Location, o.Endpoint, o.StorageEndpoint = w.Project, w.Location, w.Endpoint, w.StorageEndpoint
	source, err := NewBigQuery(o)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// TestBigQueryServiceTypes: what was loaded comes back, to the last digit. The
// ranges are those of GoogleSQL's data types.
func TestBigQueryServiceTypes(t *testing.T) {
	warehouse := services.BigQuery(t)
	table := warehouse.Client(t).Dataset(warehouse.NewDataset(t)).Table("types")
	schema := bigquery.Schema{
		{Name: "i", Type: bigquery.IntegerFieldType, Required: true}, {Name: "f", Type: bigquery.FloatFieldType},
		{Name: "b", Type: bigquery.BooleanFieldType}, {Name: "s", Type: bigquery.StringFieldType},
		{Name: "n", Type: bigquery.NumericFieldType}, {Name: "n184", Type: bigquery.NumericFieldType, Precision: 18, Scale: 4},
		{Name: "big", Type: bigquery.BigNumericFieldType}, {Name: "d", Type: bigquery.DateFieldType},
		{Name: "dt", Type: bigquery.DateTimeFieldType}, {Name: "ts", Type: bigquery.TimestampFieldType},
		{Name: "time", Type: bigquery.TimeFieldType}, {Name: "json", Type: bigquery.JSONFieldType},
		{Name: "list", Type: bigquery.StringFieldType, Repeated: true},
	}
	load(t, table, schema, []byte(`
{"i": -9223372036854775808, "f": 0.1, "b": true, "s": "Zoë, \"ok\"", "n": "-99999999999999999999999999999.999999999", "n184": "-12.34", "big": "0.000000000000000001", "d": "0001-01-01", "dt": "2024-03-31T02:30:00.000001", "ts": "2024-03-31T02:30:00.000001Z", "time": "10:00:00", "json": {"a": 1}, "list": ["a"]}
{"i": 1}
{"i": 9223372036854775807, "f": -2.5, "b": false, "s": "", "n": "0.000000001", "n184": "99999999999999.9999", "big": "-99999999999999999999.5", "d": "9999-12-31", "dt": "1969-12-31T23:59:59.999999", "ts": "1969-12-31T23:59:59.999999Z"}
`))
	want := strings.Join([]string{
		`-9223372036854775808|0.1|true|Zoë, "ok"|-99999999999999999999999999999.999999999|-12.340000000|0.000000000000000001|0001-01-01|2024-03-31 02:30:00.000001Z|2024-03-31 02:30:00.000001Z`,
		"1|null|null|null|null|null|null|null|null|null",
		"9223372036854775807|-2.5|false||0.000000001|99999999999999.999900000|-99999999999999999999.500000000000000000|9999-12-31|1969-12-31 23:59:59.999999Z|1969-12-31 23:59:59.999999Z",
	}, "\n")
	types := "[int64 float64 bool utf8 decimal(38, 9) decimal(38, 9) decimal(38, 18) date32 timestamp[us] timestamp[us, tz=UTC]]"
	for _, o := range []BigQuery{{Table: table.DatasetID + ".types"}, {Query: "SELECT * FROM `" + table.DatasetID + ".types`"}} {
		got, err := read(serviceSource(t, warehouse, o), 0)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(got.rows, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
		if fmt.Sprint(got.types) != types || lines(got.rows) != want {
			t.Errorf("%+v: got\n%v\n%s\nwant\n%s\n%s", o, got.types, lines(got.rows), types, want)
		}
	}
}

// TestBigQueryServiceLeavesLaterRows: rows at or after the bound stay where they
// are, those without a time are read; a query has the as-of day.
func TestBigQueryServiceLeavesLaterRows(t *testing.T) {
	warehouse := services.BigQuery(t)
	table := warehouse.Client(t).Dataset(warehouse.NewDataset(t)).Table("times")
	load(t, table, bigquery.Schema{
		{Name: "id", Type: bigquery.IntegerFieldType}, {Name: "d", Type: bigquery.DateFieldType},
		{Name: "dt", Type: bigquery.DateTimeFieldType}, {Name: "ts", Type: bigquery.TimestampFieldType},
	}, []byte(`
{"id": 1, "d": "2024-03-31", "dt": "2024-03-31T23:59:59.999999", "ts": "2024-03-31T21:59:59.999999Z"}
{"id": 2, "d": "2024-04-01", "dt": "2024-04-01T00:00:00", "ts": "2024-03-31T22:00:00Z"}
{"id": 3}
`))
	// The day after 2024-03-31 began at 22:00 UTC in Berlin.
	day := time.Date(2024, 4, 1, 0, 0, 0, 0, time.UTC)
	until := pipeline.Until{Instant: time.Date(2024, 3, 31, 22, 0, 0, 0, time.UTC), Civil: day, Day: day}
	ids := func(o BigQuery, column string) string {
		source := serviceSource(t, warehouse, o)
		if _, err := source.Describe(t.Context(), "2024-03-31"); err != nil {
			t.Fatal(err)
		}
		bound := until
		bound.Column = column
		readers, err := source.Open(t.Context(), pipeline.Request{Columns: []string{"id"}, Readers: 1, Until: &bound})
		if err != nil {
			t.Fatal(err)
		}
		rows, err := readRows(t.Context(), readers[0])
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(rows)
		return strings.Join(rows, " ")
	}
	for _, column := range []string{"d", "dt", "ts"} {
		if got := ids(BigQuery{Table: table.DatasetID + ".times"}, column); got != "1 3" {
			t.Errorf("bound by %s: rows %s, want 1 3", column, got)
		}
	}
	query := "SELECT id, d, dt, ts FROM `" + table.DatasetID + ".times` WHERE d <= @as_of -- not @as_of"
	if got := ids(BigQuery{Query: query}, "d"); got != "1" {
		t.Errorf("query: rows %s, want 1", got)
	}
}

// jsonOf returns rows as BigQuery loads them.
func jsonOf(t testing.TB, rows conformance.Rows) (bigquery.Schema, []byte) {
	t.Helper()
	var schema bigquery.Schema
	for _, name := range rows.Columns {
		schema = append(schema, &bigquery.FieldSchema{Name: name, Type: bigquery.StringFieldType})
	}
	var lines bytes.Buffer
	for _, part := range rows.Parts {
		for _, row := range part {
			line := map[string]conformance.Cell{}
			for i, name := range rows.Columns {
				line[name] = row[i]
			}
			if err := json.NewEncoder(&lines).Encode(line); err != nil {
				t.Fatal(err)
			}
		}
	}
	return schema, lines.Bytes()
}
