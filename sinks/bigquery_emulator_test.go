package sinks

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
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
	"github.com/perennial-clv/perennial/pipeline/table"
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

// expire ends the claim of a run, as time would.
func (p datasetPlace) expire(t *testing.T, runID string) {
	t.Helper()
	if err := p.warehouseOf(t).renew(t.Context(), runID, 0); err != nil {
		t.Fatal(err)
	}
}

func (p datasetPlace) warehouseOf(t *testing.T) *warehouse {
	t.Helper()
	w, isThere, err := p.open(t).open(t.Context())
	if err != nil || !isThere {
		t.Fatalf("the dataset is there: %v, error %v", isThere, err)
	}
	return w
}

// publishOf publishes n rows of a small table as of a date.
func (p datasetPlace) publishOf(t *testing.T, date, runID string, n int) {
	t.Helper()
	pub := p.begin(t, date, runID)
	schema, next := small("a", n)
	if _, err := pub.Stage(t.Context(), schema, next); err != nil {
		t.Fatal(err)
	}
	if err := pub.Publish(t.Context(), pipeline.Journal{}); err != nil {
		t.Fatal(err)
	}
}

func (p datasetPlace) begin(t *testing.T, date, runID string) *bigQueryPublication {
	t.Helper()
	pub, err := p.open(t).Begin(t.Context(), pipeline.RunKey{Job: "shop", AsOf: date, RunID: runID})
	if err != nil {
		t.Fatal(err)
	}
	return pub.(*bigQueryPublication)
}

const dayBefore = "2024-03-30"

func TestBigQueryFinishesWhatWasCutShortBehindItsPointOfNoReturn(t *testing.T) {
	p := newDataset(t, services.BigQuery(t))
	p.publishOf(t, asOf, "r1", 2)
	p.publishOf(t, dayBefore, "r0", 5)
	cutShort := p.begin(t, asOf, "r2")
	schema, next := small("a", 3)
	if _, err := cutShort.Stage(t.Context(), schema, next); err != nil {
		t.Fatal(err)
	}
	if _, err := cutShort.commit(t.Context(), pipeline.Journal{Job: "shop", AsOf: asOf, RunID: "r2", Tables: cutShort.receipts}); err != nil {
		t.Fatal(err)
	}
	cutShort.stop()
	if _, err := p.open(t).Check(t.Context(), asOf); pipeline.ClassOf(err) != pipeline.ClassTemporary {
		t.Errorf("Check while it is publishing: got %v, want an error of class temporary", err)
	}
	latest, err := p.open(t).Latest(t.Context())
	if err != nil || latest.AsOf != dayBefore {
		t.Errorf("Latest while %s is publishing: got %+v, %v, want that of %s", asOf, latest, err, dayBefore)
	}
	p.wantView(t, "while the newest date is replaced", 5)
	p.expire(t, "r2")
	next3 := p.begin(t, asOf, "r3")
	j, err := p.open(t).Check(t.Context(), asOf)
	if err != nil || j.RunID != "r2" {
		t.Errorf("Check once the next run has begun: got %+v, %v, want the journal of r2", j, err)
	}
	p.wantView(t, "once it is finished", 3)
	if left := p.Staged(t); len(left) != 0 {
		t.Errorf("left staged: %v", left)
	}
	if err := next3.Discard(t.Context()); err != nil {
		t.Error(err)
	}
}

// wantView fails unless the view of table a shows n rows. It runs the view's
// statement: the emulator goes on with the one that a view was made with.
func (p datasetPlace) wantView(t *testing.T, when string, n int) {
	t.Helper()
	view, err := p.client.Dataset(p.name).Table("a_latest").Metadata(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.query(t, "SELECT COUNT(*) FROM ("+view.ViewQuery+")")
	if err != nil || got[0] != fmt.Sprint(n) {
		t.Errorf("%s the view a_latest has %v rows, error %v, want %d", when, got, err, n)
	}
}

func TestBigQueryGivesAnExpiredDateToTheNextRun(t *testing.T) {
	p := newDataset(t, services.BigQuery(t))
	lost := p.begin(t, asOf, "r1")
	schema, next := small("a", 3)
	if _, err := lost.Stage(t.Context(), schema, next); err != nil {
		t.Fatal(err)
	}
	_, err := p.open(t).Begin(t.Context(), pipeline.RunKey{Job: "shop", AsOf: asOf, RunID: "r2"})
	if pipeline.ClassOf(err) != pipeline.ClassBusy || !strings.Contains(pipeline.HintOf(err), " UTC") {
		t.Errorf("Begin of a held date: got %v with hint %q, want an error of class busy and when the claim ends", err, pipeline.HintOf(err))
	}
	p.expire(t, "r1")
	p.publishOf(t, asOf, "r2", 2)
	if err := lost.Publish(t.Context(), pipeline.Journal{}); pipeline.ClassOf(err) != pipeline.ClassBusy {
		t.Errorf("Publish of the run that lost the date: got %v, want an error of class busy", err)
	}
	if j, err := p.open(t).Check(t.Context(), asOf); err != nil || j.RunID != "r2" {
		t.Errorf("Check: got %+v, %v, want the journal of r2", j, err)
	}
	if left := p.Staged(t); len(left) != 0 {
		t.Errorf("left staged: %v", left)
	}
}

func TestBigQuerySaysWhatIsDamaged(t *testing.T) {
	p := newDataset(t, services.BigQuery(t))
	for _, damage := range []string{
		"DELETE FROM " + p.table("a") + " WHERE id = 1",
		"UPDATE " + p.table("a") + " SET amount = amount + NUMERIC '0.0001' WHERE id = 1",
		"DROP TABLE " + p.table("a"),
	} {
		p.publishOf(t, asOf, "r-"+fmt.Sprint(len(damage)), 3)
		if _, err := p.query(t, damage); err != nil {
			t.Fatalf("%s: %v", damage, err)
		}
		if _, err := p.open(t).Check(t.Context(), asOf); pipeline.ClassOf(err) != pipeline.ClassQuality {
			t.Errorf("%s: Check: got %v, want an error of class quality", damage, err)
		}
	}
}

// versioned stages and publishes a table of the given columns, whose values do
// not matter.
func (p datasetPlace) versioned(t *testing.T, date, runID string, fields ...table.Field[cents]) error {
	t.Helper()
	d := table.Definition[cents]{Name: "a", Doc: "one row per id", Key: []string{"id"}, Columns: append([]table.Field[cents]{
		table.Integers("id", "number", func(c *cents) int64 { return c.id }),
	}, fields...)}
	pub := p.begin(t, date, runID)
	record := d.Record([]cents{{id: 1, amount: 20_000}})
	defer record.Release()
	if _, err := pub.Stage(t.Context(), d.Schema(), once(record)); err != nil {
		return errors.Join(err, pub.Discard(t.Context()))
	}
	return pub.Publish(t.Context(), pipeline.Journal{})
}

func TestBigQueryColumnsAreAddedAndRelaxedAndNeverRetyped(t *testing.T) {
	p := newDataset(t, services.BigQuery(t))
	amount := table.Amounts("amount", "an amount", func(c *cents) int64 { return c.amount })
	text := table.Texts("note", "a text", func(*cents) string { return "n" })
	if err := p.versioned(t, dayBefore, "r1", amount, text); err != nil {
		t.Fatal(err)
	}
	// note comes no more, amount may be null, extra is new.
	null := table.NullAmounts("amount", "an amount", "never", func(c *cents) (int64, bool) { return c.amount, false })
	extra := table.Flags("extra", "a flag", func(*cents) bool { return true })
	if err := p.versioned(t, asOf, "r2", null, extra); err != nil {
		t.Fatal(err)
	}
	got, err := p.query(t, "SELECT as_of_date, id, amount, note, extra FROM "+p.table("a")+" ORDER BY as_of_date")
	want := []string{dayBefore + "|1|2.0000|n|null", asOf + "|1|null|null|true"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("rows are %q, %v, want %q", got, err, want)
	}
	// The first version again: amounts are whole, and their column stays as it is.
	if err := p.versioned(t, dayBefore, "r3", amount, text); err != nil {
		t.Error(err)
	}
	err = p.versioned(t, asOf, "r4", table.Texts("amount", "a text", func(*cents) string { return "" }))
	if pipeline.ClassOf(err) != pipeline.ClassSource || !strings.Contains(fmt.Sprint(err), "column amount is NUMERIC and would become STRING") {
		t.Errorf("another type: got %v, want an error of class source that names column and types", err)
	}
	if j, err := p.open(t).Check(t.Context(), asOf); err != nil || j.RunID != "r2" {
		t.Errorf("Check after the refusal: got %+v, %v, want the journal of r2", j, err)
	}
}

func TestBigQueryQuarantineIsReplacedAndCleared(t *testing.T) {
	p := newDataset(t, services.BigQuery(t))
	keeper := p.open(t)
	for _, n := range []int{0, 3, 2, 0} {
		d := ledgerOf("quarantine")
		rows := make([]cents, n)
		for i := range rows {
			rows[i].id = int64(i)
		}
		record := d.Record(rows)
		if err := keeper.Keep(t.Context(), asOf, d.Schema(), record); err != nil {
			t.Fatal(err)
		}
		record.Release()
		got := p.Rows(t, quarantineDir, asOf)
		if len(got) != n {
			t.Errorf("the quarantine has rows %q, want %d", got, n)
		}
	}
}

func TestBigQueryProbeLeavesNothing(t *testing.T) {
	p := newDataset(t, services.BigQuery(t))
	probe, err := p.open(t).Probe(t.Context())
	if err != nil || probe.IsNew || !strings.HasPrefix(probe.Place, p.warehouse.Project+"."+p.name) {
		t.Errorf("Probe: got %+v, %v, want the dataset, which is not new", probe, err)
	}
	tables := p.client.Dataset(p.name).Tables(t.Context())
	if left, err := tables.Next(); !errors.Is(err, iterator.Done) {
		t.Errorf("Probe has left %v, %v", left, err)
	}
}
