package jobs_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/calendar"
)

// runRows runs a job on a few rows of CSV, with more YAML at its end, as of
// 2024-06-30.
func runRows(t *testing.T, dir, rows, more string) (*jobs.Summary, error) {
	t.Helper()
	path := filepath.Join(dir, "orders.csv")
	if err := os.WriteFile(path, []byte(rows), 0o644); err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("orders.csv", path, "path: out", "path: "+filepath.Join(dir, "out")).Replace(smallest)
	job := load(t, text+more, nil)
	return newRun(job, calendar.Date(2024, 6, 30)).Do(context.Background())
}

// TestGates: what stops a run, and that what was published before stays.
func TestGates(t *testing.T) {
	const good = "customer_id,occurred_at,amount\na,2024-06-01,5\n"
	cases := []struct{ rule, rows, more, want string }{
		{"no rows", "customer_id,occurred_at,amount\n", "", "the source has no rows"},
		{"nothing counts", good, "rules: {max_staleness: 60d, exclude: [{name: all, column: amount, greater_than: 0}]}\n", "no row counts"},
		{"nobody's rows", "customer_id,occurred_at,amount\n,2024-06-29,5\n", "", "no row counts"},
		{"before the first row", "customer_id,occurred_at,amount\na,2024-07-01,5\n", "", "the as-of day 2024-06-30 is before the first row, of 2024-07-01"},
		{"stale", "customer_id,occurred_at,amount\na,2024-06-01,5\n", "rules: {max_staleness: 7d}\n", "the data end on 2024-06-01, 29 days before"},
		{"unreadable", "customer_id,occurred_at,amount\na,2024-06-30,5\na,2024-06-30,x\n", "", "1 of 2 rows cannot be read"},
		{"days missing at the end", dailyRows(asOfJune-1, 100, func(calendar.Day) bool { return true }), "rules: {missing_days: fail}\n", "the data end on 2024-06-29: 1 day up to the as-of day 2024-06-30 without rows, though their weekdays usually have some"},
		{"some costs", "customer_id,occurred_at,amount,cost\na,2024-06-30,5,2\na,2024-06-30,5,\n", "", "1 of 2 rows that count have no cost"},
		{"more money than a column holds", "customer_id,occurred_at,amount\na,2024-06-30,50000000000000\nb,2024-06-30,50000000000000\n", "", "the amounts add up to more than a money column holds"},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			dir := t.TempDir()
			if _, err := runRows(t, dir, good, "rules: {max_staleness: 60d}\n"); err != nil {
				t.Fatal(err)
			}
			before := dataFiles(t, filepath.Join(dir, "out"))
			summary, err := runRows(t, dir, c.rows, pick(strings.Contains(c.more, "rules"), c.more, "rules: {max_staleness: 20d}\n"))
			if err == nil || !strings.Contains(err.Error(), c.want) || pipeline.ClassOf(err) != pipeline.ClassQuality {
				t.Errorf("got %v, want %q of class quality", err, c.want)
			}
			if summary.Status != "failed" || summary.ExitCode != 5 || summary.Hint == "" {
				t.Errorf("summary %+v", summary)
			}
			wantSameFiles(t, "after the failure", dataFiles(t, filepath.Join(dir, "out")), before)
		})
	}
}

// Far fewer rows than the last time are refused unless accepted.
func TestVolumeGate(t *testing.T) {
	dir := t.TempDir()
	many := "customer_id,occurred_at,amount\n" + strings.Repeat("a,2024-06-29,5\n", 10)
	few := "customer_id,occurred_at,amount\na,2024-06-29,5\n"
	if _, err := runRows(t, dir, many, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := runRows(t, dir, few, ""); pipeline.ClassOf(err) != pipeline.ClassQuality {
		t.Errorf("got %v, want class quality", err)
	}
	if _, err := runRows(t, dir, few, "rules: {min_volume: 0}\n"); err != nil {
		t.Errorf("without a limit: %v", err)
	}
}

// An attribute with more than 1,000 values is an identifier, not a dimension.
func TestSplitLimit(t *testing.T) {
	var b strings.Builder
	b.WriteString("customer_id,occurred_at,amount,city\n")
	for i := range 1001 {
		name := string(rune('a'+i%26)) + strings.Repeat("x", i/26)
		b.WriteString(name + ",2024-06-29,5," + name + "\n")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "orders.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("{paths: [orders.csv]}", "{paths: ["+path+"]}\n  attributes: {city: city}", "path: out", "path: "+filepath.Join(dir, "out")).Replace(smallest)
	_, err := newRun(load(t, text+"cohorts: {split_by: [city]}\n", nil), calendar.Date(2024, 6, 30)).Do(context.Background())
	if pipeline.ClassOf(err) != pipeline.ClassQuality || !strings.Contains(err.Error(), "first_city has more than 1000 values") {
		t.Errorf("got %v, want a quality error", err)
	}
}

// Every table is checked whatever the job publishes: customers, orders and
// money of cohorts, cohort_periods and business_periods.
func TestASubsetOfTablesIsCheckedAsWell(t *testing.T) {
	dir := t.TempDir()
	_, err := runRows(t, dir, "customer_id,occurred_at,amount\na,2024-06-01,5\na,2024-06-29,7\nb,2024-06-29,-2\n", "tables: [models, run_checks]\ncohorts: {max_offset: 0, grains: [day]}\n")
	if err != nil {
		t.Fatal(err)
	}
	names := map[any]int{}
	for _, row := range tableRows(t, filepath.Join(dir, "out"), "run_checks") {
		names[row["check_name"]]++
		if row["status"] == "fail" {
			t.Errorf("failed: %v", row)
		}
	}
	// Of day and month: cohorts, business_periods, and cohort_periods in two modes.
	for name, want := range map[string]int{"customers_tie_out": 8, "orders_tie_out": 6, "gross_sales_tie_out": 8, "refunds_tie_out": 8, "net_revenue_beyond_max_offset": 2} {
		if names[name] != want {
			t.Errorf("%s: %d rows, want %d", name, names[name], want)
		}
	}
}

// A cancelled context is an interruption, not a failure of the data.
func TestInterruption(t *testing.T) {
	dir := t.TempDir()
	if _, err := runRows(t, dir, "customer_id,occurred_at,amount\na,2024-06-29,5\n", ""); err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("orders.csv", filepath.Join(dir, "orders.csv"), "path: out", "path: "+filepath.Join(dir, "out")).Replace(smallest)
	ctx, cancel := context.WithCancel(context.Background())
	run := newRun(load(t, text, nil), calendar.Date(2024, 6, 30))
	run.OnStage = func(stage string) {
		if stage == "fit" {
			cancel()
		}
	}
	summary, err := run.Do(ctx)
	if !errors.Is(err, context.Canceled) || !strings.Contains(summary.Message, "interrupted") || pipeline.ClassOf(err) != pipeline.ClassTemporary {
		t.Errorf("got %v, summary %+v", err, summary)
	}
}
