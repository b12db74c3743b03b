package jobs_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/money"
)

// hardBase is a base that models cannot be fitted to, or hardly.
type hardBase struct {
	name string
	rows []hardRow
	asOf calendar.Day
	more string // of the job file

	refused  pipeline.Class // of the error; 0 where tables are published
	statuses string         // the prediction statuses of customers, each once, in their order
	spend    string         // the status of gamma_gamma
	warning  string         // how one of the summary's begins
}

// hardRow is a sale or a refund, in units of 10⁻⁴.
type hardRow struct {
	customer string
	day      calendar.Day
	amount   int64
}

// start is the day from which the hard bases' days count.
var start = calendar.Date(2023, 1, 2)

// buyers are n customers of a shop that models describe: acquired on the first
// days, they buy at intervals of their own, and drop out after a number of
// purchases. Both are spread as quantiles of a heavy-tailed and of a geometric
// distribution, and combined so that neither depends on the other.
func buyers(n int) (rows []hardRow) {
	for i := range n {
		u, v := (float64(i)+0.5)/float64(n), math.Mod(float64(i)*math.Phi+0.25, 1)
		gap, repeats := 5*math.Pow(u, -1.2), int(math.Log(v)/math.Log(0.7))
		for k := range 1 + repeats {
			day := start + calendar.Day(i*37%90) + calendar.Day(math.Ceil(float64(k)*gap))
			rows = append(rows, hardRow{fmt.Sprintf("c%05d", i), day, int64(10+i*53%71+17*(k*i%5)) * money.Scale})
		}
	}
	return rows
}

// changed returns the rows with something of each changed.
func changed(rows []hardRow, change func(r *hardRow)) []hardRow {
	for i := range rows {
		change(&rows[i])
	}
	return rows
}

// hardBases are the bases. What is wanted of each follows from docs/models.md:
// fewer than 50 customers with a repeat purchase (of positive value, for spend)
// are insufficient data, and then nothing is predicted; where the model of spend
// alone cannot be used, the base's mean purchase stands in.
func hardBases() []hardBase {
	once := func(n, days int) (rows []hardRow) {
		for i := range n {
			rows = append(rows, hardRow{fmt.Sprint("o", i), start + calendar.Day(i%days), int64(10+i%40) * money.Scale})
		}
		return rows
	}
	daily := func(customer string, days int, amount int64) (rows []hardRow) {
		for day := range days {
			rows = append(rows, hardRow{customer, start + calendar.Day(day), amount})
		}
		return rows
	}
	return []hardBase{
		{name: "nobody buys again", rows: once(300, 90), asOf: start + 400, statuses: "insufficient_data", spend: "insufficient_data"},
		{name: "everybody buys once on the same day", rows: once(300, 1), asOf: start + 100, statuses: "insufficient_data", spend: "insufficient_data"},
		{name: "T is 0", rows: once(300, 1), asOf: start, statuses: "insufficient_data", spend: "insufficient_data"},
		{
			name: "one cell", rows: slices.Concat(once(200, 1), changed(once(200, 1), func(r *hardRow) { r.day += 30 })), asOf: start + 100,
			statuses: "predicted", spend: "boundary",
		},
		{
			name: "one customer buys every day for six years", rows: slices.Concat(buyers(300), daily("giant", 2200, 5*money.Scale)), asOf: start + 2200,
			statuses: "population_mean predicted", spend: "ok",
		},
		{
			name: "repeat purchases are free", rows: changed(buyers(300), func(r *hardRow) {
				if r.day > start+90 {
					r.amount = 0
				}
			}), asOf: start + 500, more: "rules: {max_staleness: 36500d, zero_amounts: purchase}", statuses: "population_mean predicted", spend: "ok",
		},
		{
			name: "all purchases are free", rows: changed(buyers(300), func(r *hardRow) { r.amount = 0 }), asOf: start + 500,
			more: "rules: {max_staleness: 36500d, zero_amounts: purchase}", statuses: "population_mean", spend: "insufficient_data",
		},
		{
			name: "refunds exceed sales", rows: slices.Concat(buyers(300), changed(buyers(300), func(r *hardRow) { r.day, r.amount = r.day+3, -2*r.amount })),
			asOf: start + 500, statuses: "population_mean predicted", spend: "ok", warning: "refunds exceed sales: predicted values are negative",
		},
		{
			name: "one reseller brings nearly all", rows: slices.Concat(buyers(300), daily("reseller", 300, 5_000_000*money.Scale)), asOf: start + 500,
			statuses: "population_mean predicted", spend: "ok",
		},
		{
			name: "the mean purchase is infinite", asOf: start + 500, statuses: "population_mean", spend: "boundary",
			warning: "model gamma_gamma/all/all: boundary: q is",
			rows: changed(buyers(500), func(r *hardRow) { // values of a customer of rank u are 1/u², the mean of which is infinite
				i, _ := strconv.Atoi(r.customer[1:])
				u := float64(1+i*617%500) / 501
				r.amount = int64(money.Scale / (u * u))
			}),
		},
		{name: "the data end years before", rows: buyers(300), asOf: start + 6_000, statuses: "population_mean predicted", spend: "ok"},
		{name: "most data come later", rows: buyers(300), asOf: start + 20, statuses: "insufficient_data", spend: "insufficient_data", warning: "no model of purchases predicts (models says why)"},
		{
			name: "two cohorts of very different age", asOf: start + 3_000, statuses: "population_mean predicted", spend: "ok",
			rows: slices.Concat(buyers(300), changed(buyers(300), func(r *hardRow) { r.customer, r.day = "n"+r.customer, r.day+2_700 })),
		},
		{name: "all data come later", rows: buyers(300), asOf: start - 1, refused: pipeline.ClassQuality},
	}
}

// Whatever the base: a run publishes tables or says why not; what cannot be
// predicted is NULL with a status, and no number is NaN or infinite.
func TestHardBasesAreValuedOrSaidNotToBe(t *testing.T) {
	for _, h := range hardBases() {
		t.Run(h.name, func(t *testing.T) {

			out, summary, err := h.run(t)
			if h.refused != 0 {
				if pipeline.ClassOf(err) != h.refused {
					t.Fatalf("got %v, want class %v", err, h.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, table := range jobs.TableNames() {
				wantFinite(t, table, tableRows(t, out, table))
			}
			h.wantSaid(t, out, summary.Warnings)
		})
	}
}

// run runs a job of the base.
func (h *hardBase) run(t *testing.T) (out string, s *jobs.Summary, err error) {
	t.Helper()
	dir := t.TempDir()
	var b strings.Builder
	b.WriteString("customer_id,occurred_at,amount\n")
	for _, r := range h.rows {
		fmt.Fprintf(&b, "%s,%s,%s\n", r.customer, r.day, money.Format(r.amount))
	}
	if err := os.WriteFile(filepath.Join(dir, "rows.csv"), []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	more := h.more
	if more == "" {
		more = "rules: {max_staleness: 36500d}"
	}
	out = filepath.Join(dir, "out")
	job := load(t, fmt.Sprintf("timezone: UTC\ncurrency: EUR\nsource: {csv: {paths: [%q]}}\nsink: {parquet: {path: %q}}\n%s\n",
		filepath.Join(dir, "rows.csv"), out, more), nil)
	s, err = newRun(job, h.asOf).Do(context.Background())
	return out, s, err
}

// wantFinite walks the numbers of a table, those that are probabilities or
// shares of time among them.
func wantFinite(t *testing.T, table string, rows []map[string]any) {
	t.Helper()
	for i, r := range rows {
		for column, value := range r {
			number, ok := value.(float64)
			switch {
			case !ok:
			case math.IsNaN(number) || math.IsInf(number, 0):
				t.Errorf("%s row %d: %s is %v", table, i, column, number)
			case strings.HasPrefix(column, "probability") && (number < 0 || number > 1):
				t.Errorf("%s row %d: %s is %v", table, i, column, number)
			case strings.HasPrefix(column, "expected_purchases") && number < 0:
				t.Errorf("%s row %d: %s is %v", table, i, column, number)
			}
		}
	}
}

// wantSaid compares what customers, models and the summary say of themselves:
// predictions are NULL exactly where the status has none.
func (h *hardBase) wantSaid(t *testing.T, out string, warnings []string) {
	t.Helper()
	var statuses []string
	for i, r := range tableRows(t, out, "customers") {
		status := r["prediction_status"].(string)
		statuses = append(statuses, status)
		isPredicted := status == "predicted" || status == "population_mean"
		for _, column := range []string{"probability_alive", "expected_purchases_365d", "predicted_value_365d", "residual_clv", "total_clv", "value_percentile", "model_id"} {
			if (r[column] != nil) != isPredicted {
				t.Errorf("customer %d is %s, and %s %v", i, status, column, r[column])
			}
		}
	}
	slices.Sort(statuses)
	if got := strings.Join(slices.Compact(statuses), " "); got != h.statuses {
		t.Errorf("customers are %q, want %q", got, h.statuses)
	}
	for _, r := range tableRows(t, out, "models") {
		if r["reason"] == "" || r["family"] == "gamma_gamma" && r["status"] != h.spend {
			t.Errorf("%v is %v (%v), gamma_gamma should be %s", r["model_id"], r["status"], r["reason"], h.spend)
		}
	}
	if h.warning != "" && !slices.ContainsFunc(warnings, func(w string) bool { return strings.HasPrefix(w, h.warning) }) {
		t.Errorf("no warning begins with %q: %q", h.warning, warnings)
	}
}
