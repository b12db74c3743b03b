package jobs_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/money"
)

var asOfJune = calendar.Date(2024, 6, 30)

// changeJournal rewrites a published journal.
func changeJournal(t *testing.T, path string, change func(*pipeline.Journal)) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var j pipeline.Journal
	if err := json.Unmarshal(content, &j); err != nil {
		t.Fatal(err)
	}
	change(&j)
	if content, err = json.Marshal(j); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// writeSample writes a simulated log as orders.csv.
func writeSample(t *testing.T, dir string, customers int) *jobs.Sample {
	t.Helper()
	sample, err := jobs.NewSample(jobs.SampleOptions{Customers: customers})
	if err != nil {
		t.Fatal(err)
	}
	orders, err := os.Create(filepath.Join(dir, "orders.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(sample.WriteCSV(t.Context(), 2, orders), orders.Close()); err != nil {
		t.Fatal(err)
	}
	return sample
}

func demoJob(dir string) string { return jobs.DemoJob(filepath.ToSlash(dir)) }

// TestTheValueOfAYearIsThatOfTheTables: both figures of the summary, recomputed
// from the published tables with exact fractions.
func TestTheValueOfAYearIsThatOfTheTables(t *testing.T) {
	dir := t.TempDir()
	sample := writeSample(t, dir, 800)
	// With a left-truncated cohort, which must not count.
	text := strings.Replace(demoJob(dir), "cohorts:\n", "cohorts:\n  from: 2023-02-01\n", 1)
	run := newRun(load(t, text, nil), sample.LastDay())
	run.ShardBits = 3
	summary, err := run.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")

	var predicted, customers int64
	for _, row := range tableRows(t, out, "customers") {
		if value, ok := row["predicted_value_365d"].(int64); ok {
			predicted, customers = predicted+value, customers+1
		}
	}
	if got, want := summary.Result.Predicted365D, meanText(predicted, customers); got != want || customers != summary.Result.Customers {
		t.Errorf("predicted value of a year: got %s of %d customers, want %s of %d", got, summary.Result.Customers, want, customers)
	}
	var net, exposed int64
	for _, row := range tableRows(t, out, "cohort_periods") {
		if row["dimension_name"] == "all" && row["cohort_grain"] == "month" && row["offset_mode"] == "rolling" &&
			row["period_offset"] == int64(11) && row["is_left_truncated"] == false {
			net += row["exposed_cumulative_net_revenue"].(int64)
			exposed += row["exposed_customers"].(int64)
		}
	}
	if got, want := summary.Result.Realised12Months, meanText(net, exposed); got != want || exposed == 0 || summary.Result.Exposed12Months != exposed {
		t.Errorf("realised value of 12 months: got %s of %d customers, want %s of %d", got, summary.Result.Exposed12Months, want, exposed)
	}
	for _, want := range []string{" EUR a customer expected in the next 365 days (mbg_nbd × gamma_gamma)\n", fmt.Sprintf(", of %d observed so long\n", exposed)} {
		if !strings.Contains(summary.Text(), want) {
			t.Errorf("the summary lacks %q:\n%s", want, summary.Text())
		}
	}
}

// meanText returns amount ÷ count to 4 decimals. FloatString rounds halves away
// from zero, where the summary rounds half to even: no half arises here.
func meanText(amount, count int64) string {
	if count == 0 {
		return ""
	}
	text := big.NewRat(amount, count*money.Scale).FloatString(4)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// TestWhatCannotBeObservedIsNotInTheSummary: no model and no customer of
// twelve months.
func TestWhatCannotBeObservedIsNotInTheSummary(t *testing.T) {
	summary, err := runRows(t, t.TempDir(), "customer_id,occurred_at,amount\na,2024-06-29,5\n", "")
	if err != nil {
		t.Fatal(err)
	}
	r := summary.Result
	if r.Predicted365D != "" || r.Realised12Months != "" || r.Exposed12Months != 0 || r.ResidualCLV != "" {
		t.Errorf("got %+v, want no value", r)
	}
	if strings.Contains(summary.Text(), "value  ") {
		t.Errorf("the text has a value:\n%s", summary.Text())
	}
}

// TestTheSummaryFitsAScreen: 24 lines of 100 columns, also with more reasons of
// exclusion, tables and warnings than there are today.
func TestTheSummaryFitsAScreen(t *testing.T) {
	amount := "-147614.08"
	s := &jobs.Summary{
		Job: "online_retail", AsOf: "2011-12-09", Status: "succeeded", Currency: "GBP",
		Source: &jobs.SourceSummary{Rows: 1_067_370, Amount: "19287232.57", NaiveZone: "Europe/London"},
		Result: &jobs.ResultSummary{
			KeptRows: 797_098, NetRevenue: "16387416.398", Customers: 5864, Cohorts: 25, RepeatRate: 0.713, Checks: 96,
			Predicted365D: "1464.4673", Realised12Months: "1331.8785", Exposed12Months: 2594, ResidualCLV: "75171620.3724",
		},
		Models: []jobs.ModelSummary{{ID: "gamma_gamma/all/all", Status: "ok", IsChosen: true}, {ID: "mbg_nbd/all/all", Status: "boundary", IsChosen: true}},
	}
	for i := range 9 {
		s.Excluded = append(s.Excluded, jobs.ExcludedTotal{Reason: fmt.Sprint("rule:number_", i), Rows: int64(100 + i*37%7), Amount: &amount})
	}
	for i := range 16 {
		s.Tables = append(s.Tables, jobs.TableSummary{Name: fmt.Sprintf("table_number_%03d", i), Rows: 123_456_789})
	}
	for i := range 5 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("warning %d: %s", i, strings.Repeat("some words ", 12)))
	}
	text := s.Text()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) > 24 {
		t.Errorf("%d lines, want at most 24:\n%s", len(lines), text)
	}
	for _, line := range lines {
		if n := utf8.RuneCountInString(line); n > 100 {
			t.Errorf("%d columns, want at most 100: %s", n, line)
		}
	}
	for _, want := range []string{"more reasons", "warning 0", "warning 2", "and 2 more"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "warning 3") {
		t.Errorf("the text has a fourth warning:\n%s", text)
	}
}
