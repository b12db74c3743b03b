package jobs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/calendar"
)

// tableKeys are the keys of the tables that naive computes; customers has more
// columns there, so the key alone finds a row.
func tableKeys() map[string][]string {
	keys := map[string][]string{}
	for _, schema := range jobs.Catalogue(false, nil) {
		keys[schema.Name] = schema.Key
	}
	return keys
}

// runDraw runs the real job on a draw and returns the folder of its tables; ok
// is false where a gate refuses the draw (no rows, nothing before the as-of day).
func runDraw(t *testing.T, rows []naiveRow, s naiveSettings, change func(*jobs.Run)) (out string, ok bool) {
	t.Helper()
	dir := t.TempDir()
	attributes := []string{"channel", "country"}
	path := filepath.Join(dir, "rows.csv")
	naiveCSV(t, path, rows, attributes)
	out = filepath.Join(dir, "out")
	run := newRun(naiveJob(t, []string{path}, out, rows, attributes, s), dayOf(t, s))
	if change != nil {
		change(run)
	}
	_, err := run.Do(context.Background())
	var e *pipeline.Error
	if errors.As(err, &e) && e.Class == pipeline.ClassQuality {
		return "", false
	}
	if err != nil {
		t.Fatal(err)
	}
	return out, true
}

func dayOf(t *testing.T, s naiveSettings) calendar.Day {
	t.Helper()
	day, ok := calendar.ParseDay(naiveText(s.AsOf))
	if !ok {
		t.Fatalf("as of %v", s.AsOf)
	}
	return day
}

// TestTablesAgreeWithNaiveImplementation: on random messy logs, every cell of
// every observed table is what the naive second implementation computes from
// the contract's text; money to the last unit of 10^-4.
func TestTablesAgreeWithNaiveImplementation(t *testing.T) {
	compared := 0
	for seed := range int64(50) {
		draw := randomRows
		if seed >= 40 {
			draw = randomBusyRows
		}
		rows, s := draw(rand.New(rand.NewSource(seed)))
		out, ok := runDraw(t, rows, s, func(r *jobs.Run) { r.ShardBits = int(seed%3) + 1 })
		if !ok {
			continue
		}
		for table, want := range naive(rows, s) {
			compared += compareTable(t, fmt.Sprintf("seed %d", seed), table, tableRows(t, out, table), want)
		}
		compareChecks(t, tableRows(t, out, "run_checks"), naiveRead(rows, s))
		if t.Failed() {
			t.Fatalf("seed %d: as of %s, settings %+v", seed, naiveText(s.AsOf), s)
		}
	}
	const enough = 100_000 // cells; far fewer would mean that the draws are empty
	if compared < enough {
		t.Errorf("only %d cells compared", compared)
	}
}

// compareChecks compares the rows of run_checks that naive knows.
func compareChecks(t *testing.T, checks []map[string]any, book *naiveBook) {
	t.Helper()
	active, atRisk, dormant := book.lifecycle()
	for name, days := range map[string]int64{"lifecycle_active_days": active, "lifecycle_at_risk_days": atRisk, "lifecycle_dormant_days": dormant} {
		naiveWant(t, name, rowBy(t, checks, "check_name", name)["observed"].(int64), days*naiveUnit)
	}
	month, size, most, isThere := book.firstCohortSize()
	found := naiveSelect(checks, naiveColumns{"check_name": "first_cohort_size"})
	if isThere != (len(found) == 1) {
		t.Errorf("first_cohort_size has %d rows, want %v", len(found), isThere)
		return
	}
	if isThere {
		naiveHas(t, found, naiveColumns{"scope": month}, naiveColumns{"observed": size * naiveUnit, "expected": most * naiveUnit,
			"status": pick(size > most, "warn", "pass"), "severity": "warning"})
	}
}

// TestWorkedExample: the tables of the contract's worked example, whose numbers
// the tests of naive check by hand.
func TestWorkedExample(t *testing.T) {
	rows, s := naiveExampleRows(t)
	out, ok := runDraw(t, rows, s, nil)
	if !ok {
		t.Fatal("the worked example was refused")
	}
	for table, want := range naive(rows, s) {
		compareTable(t, "worked example", table, tableRows(t, out, table), want)
	}
	for _, row := range tableRows(t, out, "customers") {
		want := map[any]string{"a": "insufficient_data", "b": "insufficient_data", "c": "no_purchase"}[row["customer_id"]]
		if row["prediction_status"] != want || row["residual_clv"] != nil {
			t.Errorf("customer %v: status %v, residual %v; want %s and NULL", row["customer_id"], row["prediction_status"], row["residual_clv"], want)
		}
	}
}

// compareTable compares a published table with naive's rows and returns how
// many cells it compared. Columns that naive leaves out are not compared.
func compareTable(t *testing.T, what, table string, got, want []map[string]any) int {
	t.Helper()
	keys := tableKeys()[table]
	keyOf := func(row map[string]any) string {
		text := ""
		for _, k := range keys {
			text += fmt.Sprint(row[k], "|")
		}
		return text
	}
	byKey := map[string]map[string]any{}
	for _, row := range got {
		byKey[keyOf(row)] = row
	}
	if len(got) != len(want) || len(byKey) != len(got) {
		t.Errorf("%s: %s has %d rows with %d keys, want %d", what, table, len(got), len(byKey), len(want))
	}
	cells := 0
	for _, row := range want {
		real, ok := byKey[keyOf(row)]
		if !ok {
			t.Errorf("%s: %s has no row %s", what, table, keyOf(row))
			continue
		}
		for _, column := range slices.Sorted(maps.Keys(row)) {
			value, exists := real[column]
			if cells++; !exists || !sameValue(value, row[column]) {
				t.Errorf("%s: %s[%s].%s is %v, want %v", what, table, keyOf(row), column, value, row[column])
			}
		}
	}
	return cells
}

// TestSameBytes: the same rows give the same bytes for any number of workers,
// any batch size, any number of shards, any memory, and any order of the rows.
func TestSameBytes(t *testing.T) {
	for seed := range int64(8) {
		rng := rand.New(rand.NewSource(1000 + seed))
		rows, s := randomRows(rng)
		out, ok := runDraw(t, rows, s, nil)
		if !ok {
			continue
		}
		want := dataFiles(t, out)
		changes := map[string]func(*jobs.Run){
			"1 worker":       func(r *jobs.Run) { r.Workers = 1 },
			"16 workers":     func(r *jobs.Run) { r.Workers = 16 },
			"batches of 1":   func(r *jobs.Run) { r.BatchRows = 1 },
			"batches of 7":   func(r *jobs.Run) { r.BatchRows = 7 },
			"16 shards":      func(r *jobs.Run) { r.ShardBits = 4 },
			"256 shards":     func(r *jobs.Run) { r.ShardBits = 8 },
			"in files":       func(r *jobs.Run) { r.HeldBytes, r.WorkDir = 1, t.TempDir() },
			"all of it at 3": func(r *jobs.Run) { r.Workers, r.BatchRows, r.ShardBits = 3, 3, 3 },
		}
		for name, change := range changes {
			other, _ := runDraw(t, rows, s, change)
			wantSameFiles(t, fmt.Sprintf("seed %d, %s", seed, name), dataFiles(t, other), want)
		}
		rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		other, _ := runDraw(t, rows, s, nil)
		wantSameFiles(t, fmt.Sprintf("seed %d, shuffled", seed), dataFiles(t, other), want)
	}
}

// TestSameBytesWithModels: the same on a base that is large enough for fits
// and scores, with everything that a real log has.
func TestSameBytesWithModels(t *testing.T) {
	sample, err := jobs.NewSample(jobs.SampleOptions{Customers: 1500, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	if err := sample.WriteCSV(context.Background(), 2, &log); err != nil {
		t.Fatal(err)
	}
	header, body, _ := strings.Cut(log.String(), "\n")
	lines := strings.Split(strings.TrimSpace(body), "\n")
	runSample := func(change func(*jobs.Run)) map[string]string {
		dir := t.TempDir()
		text := header + "\n" + strings.Join(lines, "\n") + "\n"
		if err := os.WriteFile(filepath.Join(dir, "orders.csv"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		run := newRun(load(t, jobs.DemoJob(filepath.ToSlash(dir)), nil), sample.LastDay())
		change(run)
		if _, err := run.Do(context.Background()); err != nil {
			t.Fatal(err)
		}
		return dataFiles(t, filepath.Join(dir, "out"))
	}
	want := runSample(func(r *jobs.Run) { r.Workers = 1 })
	wantSameFiles(t, "16 workers, 64 shards, small batches", runSample(func(r *jobs.Run) { r.Workers, r.ShardBits, r.BatchRows = 16, 6, 100 }), want)
	wantSameFiles(t, "64 shards, a part of them in files", runSample(func(r *jobs.Run) { r.ShardBits, r.HeldBytes, r.WorkDir = 6, 100_000, t.TempDir() }), want)
	rand.New(rand.NewSource(3)).Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	wantSameFiles(t, "shuffled", runSample(func(*jobs.Run) {}), want)
}

// TestSameBytesOverFiles: dividing the rows into several files changes nothing.
func TestSameBytesOverFiles(t *testing.T) {
	rows, s := randomRows(rand.New(rand.NewSource(5)))
	out, ok := runDraw(t, rows, s, nil)
	if !ok || len(rows) < 3 {
		t.Fatalf("choose another seed: %d rows", len(rows))
	}
	dir := t.TempDir()
	attributes := []string{"channel", "country"}
	var paths []string
	for i := range 3 {
		path := filepath.Join(dir, fmt.Sprintf("part%d.csv", i))
		naiveCSV(t, path, rows[i*len(rows)/3:(i+1)*len(rows)/3], attributes)
		paths = append(paths, path)
	}
	other := filepath.Join(dir, "out")
	if _, err := newRun(naiveJob(t, paths, other, rows, attributes, s), dayOf(t, s)).Do(context.Background()); err != nil {
		t.Fatal(err)
	}
	wantSameFiles(t, "three files", dataFiles(t, other), dataFiles(t, out))
}
