package sinks

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/bigquery"
	"cloud.google.com/go/civil"
	"google.golang.org/api/iterator"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
	"github.com/perennial-clv/perennial/pipeline/conformance"
	"github.com/perennial-clv/perennial/pipeline/conformance/services"
)

// TestBigQueryConformance runs the suite against SQL that is executed: an
// emulator, or a real project; see services.BigQuery. The emulator does not show
// that statements of two runs exclude each other, how long a table that was just
// made is not found, what BigQuery bills, what views and partitions keep it from
// reading, quotas, permissions, and locations.
func TestBigQueryConformance(t *testing.T) {
	warehouse := services.BigQuery(t)
	conformance.TestSink(t, func(t *testing.T) conformance.Place { return newDataset(t, warehouse) })
}

// datasetPlace is a dataset under test.
type datasetPlace struct {
	warehouse services.Warehouse
	name      string
	client    *bigquery.Client
}

func newDataset(t *testing.T, w services.Warehouse) datasetPlace {
	t.Helper()
	return datasetPlace{w, w.NewDataset(t), w.Client(t)}
}

func (p datasetPlace) open(t *testing.T) *bigQuerySink {
	t.Helper()
	s, err := NewBigQuery(BigQuery{Project: p.warehouse.Project, Dataset: p.name, Location: p.warehouse.Location, Endpoint: p.warehouse.Endpoint})
	if err != nil {
		t.Fatal(err)
	}
	return s.(*bigQuerySink)
}

// Open opens the dataset.
func (p datasetPlace) Open(t *testing.T) pipeline.Sink { return p.open(t) }

// Rows returns the rows of a date by id. Of a table without rows a reader knows
// by the journal that it is there.
func (p datasetPlace) Rows(t *testing.T, table, asOf string) []string {
	t.Helper()
	rows, err := p.query(t, "SELECT * EXCEPT (as_of_date) FROM "+p.table(table)+" WHERE as_of_date = DATE '"+asOf+"' ORDER BY id")
	if cloud.KindOf(err) == cloud.Missing {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) > 0 {
		return rows
	}
	published, err := p.query(t, "SELECT COUNT(*) FROM "+p.table(runsDir)+" WHERE state = 'published' AND as_of_date = DATE '"+asOf+"' AND journal LIKE '%\"table\":\""+table+"\"%'")
	if err != nil || published[0] == "0" {
		return nil
	}
	return []string{}
}

func (p datasetPlace) table(name string) string {
	return "`" + p.warehouse.Project + "." + p.name + "." + name + "`"
}

// query returns the rows of a statement as the conformance suite writes values.
func (p datasetPlace) query(t *testing.T, text string) ([]string, error) {
	t.Helper()
	rows, err := p.client.Query(text).Read(t.Context())
	if err != nil {
		return nil, err
	}
	var lines []string
	for {
		var values []bigquery.Value
		err := rows.Next(&values)
		if errors.Is(err, iterator.Done) {
			return lines, nil
		}
		if err != nil {
			return nil, err
		}
		cells := make([]string, len(values))
		for i, v := range values {
			cells[i] = renderCell(v)
		}
		lines = append(lines, strings.Join(cells, "|"))
	}
}

func renderCell(v bigquery.Value) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case *big.Rat:
		return v.FloatString(4)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case civil.Date:
		return v.String()
	default:
		return fmt.Sprint(v)
	}
}

// Staged returns the tables of runs that have not been taken away.
func (p datasetPlace) Staged(t *testing.T) []string {
	t.Helper()
	var staged []string
	for tables := p.client.Dataset(p.name).Tables(t.Context()); ; {
		table, err := tables.Next()
		if errors.Is(err, iterator.Done) {
			return staged
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(table.TableID, stagingDir) {
			staged = append(staged, table.TableID)
		}
	}
}
