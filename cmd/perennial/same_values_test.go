//go:build unix

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/bigquery"
	"google.golang.org/api/iterator"
)

// sameValues holds that the views of the newest date in a data set show, of each
// table but runs and run_inputs, the rows of the Parquet files, to the last
// digit. Both are read by others: DuckDB, and BigQuery's own client.
func (r *retail) sameValues(t *testing.T, client *bigquery.Client, dataset string) {
	t.Helper()
	tables := slices.Sorted(maps.Keys(publishedFiles(t, r.tables)))
	tables = slices.DeleteFunc(tables, func(table string) bool { return table == "runs" || table == "run_inputs" })
	if len(tables) < 12 {
		t.Fatalf("got the tables %v", tables)
	}
	for _, table := range tables {
		schema, got := inWarehouse(t, client, dataset+"."+table+"_latest")
		var want []string
		for _, row := range readRows(t, r.tables, "SELECT * FROM '"+table+"/*/*.parquet'", r.duckdb) {
			want = append(want, shownAs(t, schema, row))
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d rows in BigQuery, %d in Parquet; the first that differ are\n%s", table, len(got), len(want), firstDifference(got, want))
		}
	}
}

// inWarehouse returns the rows of a view, each as one text, in the order of
// those texts.
func inWarehouse(t *testing.T, client *bigquery.Client, view string) (bigquery.Schema, []string) {
	t.Helper()
	rows, err := client.Query("SELECT * FROM `" + view + "`").Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	for {
		var values []bigquery.Value
		err := rows.Next(&values)
		if errors.Is(err, iterator.Done) {
			slices.Sort(shown)
			return rows.Schema, shown
		}
		if err != nil {
			t.Fatal(err)
		}
		var row strings.Builder
		for i, field := range rows.Schema {
			fmt.Fprintf(&row, "%s=%s ", field.Name, shownValue(values[i]))
		}
		shown = append(shown, row.String())
	}
}

// shownAs shows a row that DuckDB read as inWarehouse shows one of that schema.
func shownAs(t *testing.T, schema bigquery.Schema, r row) string {
	t.Helper()
	if len(r) != len(schema) {
		t.Fatalf("a row has %d columns in Parquet and %d in BigQuery", len(r), len(schema))
	}
	var shown strings.Builder
	for _, field := range schema {
		value, ok := r[field.Name]
		if !ok {
			t.Fatalf("the column %s is not in Parquet", field.Name)
		}
		fmt.Fprintf(&shown, "%s=%s ", field.Name, shownValue(typed(field.Type, value)))
	}
	return shown.String()
}

// typed returns a value that DuckDB printed as BigQuery's client returns one of
// that type, where the two are not shown alike.
func typed(kind bigquery.FieldType, value any) any {
	switch value := value.(type) {
	case string:
		if amount, ok := new(big.Rat).SetString(value); ok && kind == bigquery.NumericFieldType {
			return amount
		}
	case json.Number:
		if number, err := value.Float64(); err == nil && kind == bigquery.FloatFieldType {
			return number
		}
	}
	return value
}

func shownValue(value any) string {
	switch value := value.(type) {
	case nil:
		return "NULL"
	case *big.Rat:
		return value.RatString()
	case float64:
		return strconv.FormatFloat(value, 'g', -1, 64)
	case time.Time:
		return value.UTC().Format(time.RFC3339Nano)
	default:
		return fmt.Sprint(value)
	}
}

func firstDifference(got, want []string) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return got[i] + "\n" + want[i]
		}
	}
	return "at the end of one"
}
