package sources

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"testing"

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
	build := func(t *testing.T, rows conformance.Rows, isQuery bool) pipeline.Source {
		schema, lines := jsonOf(t, rows)
		hash := fnv.New64()
		_, _ = hash.Write(lines)
		name := fmt.Sprintf("rows_%d_%x", len(rows.Columns), hash.Sum64())
		if !loaded[name] {
			load(t, client.Dataset(dataset).Table(name), schema, lines)
			loaded[name] = true
		}
		o := BigQuery{Project: warehouse.Project, Location: warehouse.Location, Endpoint: warehouse.Endpoint, StorageEndpoint: warehouse.StorageEndpoint}
		if isQuery {
			o.Query = "SELECT * FROM `" + dataset + "." + name + "`"
		} else {
			o.Table = dataset + "." + name
		}
		source, err := NewBigQuery(o)
		if err != nil {
			t.Fatal(err)
		}
		return source
	}
	for _, isQuery := range []bool{false, true} {
		t.Run(fmt.Sprintf("query %v", isQuery), func(t *testing.T) {
			conformance.SourceOfTables(t, func(t *testing.T, rows conformance.Rows) pipeline.Source { return build(t, rows, isQuery) })
		})
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
