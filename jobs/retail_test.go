package jobs_test

import (
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/transforms/money"
)

// units returns an amount written as a decimal in units of 10^-4.
func units(t *testing.T, text string) int64 {
	t.Helper()
	amount, fault := money.Parse(text, 4)
	if fault != money.NoFault {
		t.Fatalf("amount %q: %v", text, fault)
	}
	return amount
}

// retailMonths is what Online Retail II holds of each month: rows, and the sum
// of quantity × price. Computed from the file with Python's decimal.
const retailMonths = `
2009-12 45228 799847.110
2010-01 31555 624032.892
2010-02 29388 533091.426
2010-03 41511 765848.761
2010-04 34057 590580.432
2010-05 35323 615322.830
2010-06 39983 679786.610
2010-07 33383 575236.360
2010-08 33306 656776.340
2010-09 42091 853650.431
2010-10 59098 1045168.350
2010-11 78015 1422654.642
2010-12 65004 1126445.470
2011-01 35147 560000.260
2011-02 27707 498062.650
2011-03 36748 683267.080
2011-04 29916 493207.121
2011-05 37030 723333.510
2011-06 36874 691123.120
2011-07 39518 681300.111
2011-08 35284 682680.510
2011-09 50226 1019687.622
2011-10 60742 1070704.670
2011-11 84711 1461756.250
2011-12 25525 433668.010`

// TestOnlineRetail runs the job once and looks at its tables from all sides.
// Numbers were computed from the file by an independent program, by the
// definitions of docs/concepts.md.
func TestOnlineRetail(t *testing.T) {
	out, summary := runJob(t, "online_retail.yaml", "", "")
	t.Run("ties out", func(t *testing.T) { retailTiesOut(t, out, summary) })
	t.Run("exclusions", func(t *testing.T) { retailExclusions(t, out, summary) })
	t.Run("numbers", func(t *testing.T) { retailNumbers(t, out) })
	t.Run("formulas", func(t *testing.T) { retailFormulas(t, out) })
	t.Run("giant cancellation", func(t *testing.T) { retailGiantCancellation(t, out) })
}

// retailTiesOut: every row and every penny is accounted for, per month: the
// file's sum is the ledger's and the exclusions'.
func retailTiesOut(t *testing.T, out string, summary *jobs.Summary) {
	t.Helper()
	naiveWant(t, "source rows", summary.Source.Rows, 1067370)
	checks := tableRows(t, out, "run_checks")
	periods, exclusions := tableRows(t, out, "business_periods"), tableRows(t, out, "run_exclusions")
	months := strings.Split(strings.TrimSpace(retailMonths), "\n")
	for _, line := range months {
		var month, sum string
		var rows int64
		if _, err := fmt.Sscan(line, &month, &rows, &sum); err != nil {
			t.Fatal(err)
		}
		want := units(t, sum)
		naiveWant(t, month+" observed", rowBy(t, checks, "check_name", "source_ties_out", "scope", month)["observed"].(int64), want)
		kept := rowBy(t, periods, "dimension_name", "all", "period_grain", "month", "period_start", month+"-01")["net_revenue"].(int64)
		excluded := naiveTotal(exclusions, "amount", naiveColumns{"period_start": month + "-01"})
		naiveWant(t, month+" kept and excluded", kept+excluded, want)
	}
	naiveWant(t, "months", int64(len(naiveSelect(checks, naiveColumns{"check_name": "source_ties_out"}))), int64(len(months)))
}

// retailExclusions: the fates of rows, as counted from the file and as its
// README has them: 34,335 exact copies, 235,151 rows without a customer of which
// 6 are bad debt.
func retailExclusions(t *testing.T, out string, summary *jobs.Summary) {
	t.Helper()
	exclusions := tableRows(t, out, "run_exclusions")
	for reason, want := range map[string]struct {
		rows   int64
		amount string
	}{
		"rule:bad_debt":         {6, "-147614.08"},
		"exact_duplicate":       {34335, "431716.87"},
		"unattributed":          {235145, "2713156.49"},
		"before_first_purchase": {786, "-97443.11"},
	} {
		naiveWant(t, reason+" rows", naiveTotal(exclusions, "row_count", naiveColumns{"reason": reason}), want.rows)
		naiveWant(t, reason+" amount", naiveTotal(exclusions, "amount", naiveColumns{"reason": reason}), units(t, want.amount))
	}
	naiveWant(t, "kept rows", summary.Result.KeptRows, 797098)
	naiveWant(t, "kept amount", units(t, summary.Result.NetRevenue), units(t, "16387416.398"))
	december := rowBy(t, exclusions, "reason", "exact_duplicate", "period_start", "2010-12-01")
	naiveWant(t, "copies of the nine days", december["row_count"].(int64), 23023)
	naiveWant(t, "customers among them", december["customers"].(int64), 662)
}

func retailNumbers(t *testing.T, out string) {
	t.Helper()
	customers := tableRows(t, out, "customers")
	naiveWant(t, "customers", int64(len(customers)), 5942)
	for status, n := range map[string]int64{"predicted": 4181, "population_mean": 1683, "no_purchase": 78} {
		naiveWant(t, status, int64(len(naiveSelect(customers, naiveColumns{"prediction_status": status}))), n)
	}
	for column, want := range map[string]int64{"orders": 36938, "purchase_days": 32786, "frequency": 26922,
		"gross_sales": units(t, "17343706.048"), "refunds": units(t, "-956289.65")} {
		naiveWant(t, "Σ "+column, naiveTotal(customers, column, nil), want)
	}
	country := naiveColumns{"first_country": "United Kingdom"}
	naiveWant(t, "British customers", int64(len(naiveSelect(customers, country))), 5337)
	naiveWant(t, "British revenue", naiveTotal(customers, "net_revenue", country), units(t, "13570845.387"))

	retailCohorts(t, tableRows(t, out, "cohorts"))
	retailCells(t, tableRows(t, out, "cohort_periods"))
	month := rowBy(t, tableRows(t, out, "business_periods"), "dimension_name", "all", "period_grain", "month", "period_start", "2011-11-01")
	for column, want := range map[string]int64{"active_customers": 1661, "new_customers": 191, "orders": 2657, "first_orders": 204, "purchase_days": 2373,
		"previous_active_customers": 1360, "retained_customers": 620, "customers_ever": 5836, "repeat_customers_ever": 4123, "existing_customer_gross_sales": units(t, "1075518.17")} {
		naiveWant(t, "November 2011: "+column, month[column].(int64), want)
	}
	curve := rowBy(t, tableRows(t, out, "retention_curves"), "dimension_name", "all", "curve_type", "bounded", "offset_mode", "rolling", "period_grain", "month", "period_offset", int64(12))
	for column, want := range map[string]int64{"cohorts_included": 9, "exposed_customers": 2335, "events": 404} {
		naiveWant(t, "rolling retention after 12 months: "+column, curve[column].(int64), want)
	}
	model := rowBy(t, tableRows(t, out, "models"), "family", "mbg_nbd")
	// The log-likelihood is that of 30-digit arithmetic at the estimates.
	if got := model["log_likelihood"].(float64); math.Abs(got - -85392.12429765533) > 1e-6 {
		t.Errorf("log-likelihood %.9f", got)
	}
}

// retailFormulas: rows of clv_formulas, the limits of stages and how many are in
// each.
func retailFormulas(t *testing.T, out string) {
	t.Helper()
	formulas := naiveSelect(tableRows(t, out, "clv_formulas"), naiveColumns{"dimension_name": "all"})
	for key, want := range map[string]string{
		"four_step 12 active": "5372.4135", "four_step 12 all": "3951.9827", "customer_centred 3 all": "1631.2259",
		"transaction_based 3 active": "2036.8050", "churn_discount 12 active": "2544.8330", "historic 0 all": "2794.5799",
	} {
		var method, denominator string
		var months int64
		fmt.Sscan(key, &method, &months, &denominator)
		row := rowBy(t, formulas, "method", method, "window_months", months, "customer_denominator", denominator)
		naiveWant(t, key, row["clv"].(int64), units(t, want))
	}
	row := rowBy(t, formulas, "method", "transaction_based", "window_months", int64(3))
	for column, want := range map[string]int64{"orders": 6341, "active_customers": 2849, "total_customers": 5836, "previous_customers": 1942,
		"retained_customers": 1324, "previous_orders": 4003, "repeated_orders": 3029} {
		naiveWant(t, "September to November 2011: "+column, row[column].(int64), want)
	}
	checks, customers := tableRows(t, out, "run_checks"), tableRows(t, out, "customers")
	for name, days := range map[string]int64{"lifecycle_active_days": 71, "lifecycle_at_risk_days": 148, "lifecycle_dormant_days": 312, "purchase_gaps": 26922} {
		naiveWant(t, name, rowBy(t, checks, "check_name", name)["observed"].(int64), days*naiveUnit)
	}
	for stage, n := range map[string]int64{"new": 315, "active": 2291, "at_risk": 678, "dormant": 840, "lost": 1740} {
		naiveWant(t, stage, int64(len(naiveSelect(customers, naiveColumns{"lifecycle_stage": stage}))), n)
	}
}

// retailCohorts checks the cohort of March 2010, the first that is not
// left-truncated.
func retailCohorts(t *testing.T, cohorts []map[string]any) {
	t.Helper()
	row := rowBy(t, cohorts, "dimension_name", "all", "cohort_grain", "month", "cohort_start", "2010-03-01")
	for column, want := range map[string]int64{"cohort_size": 441, "repeated_90d": 182, "exposed_90d": 441, "repeated_365d": 335, "max_complete_offset": 20,
		"first_purchase_revenue": units(t, "181547.141"), "net_revenue": units(t, "1178357.801")} {
		naiveWant(t, "cohort of March 2010: "+column, row[column].(int64), want)
	}
	truncated := naiveSelect(cohorts, naiveColumns{"dimension_name": "all", "is_left_truncated": true})
	var starts []string
	for _, row := range truncated {
		starts = append(starts, fmt.Sprint(row["cohort_grain"], " ", row["cohort_start"]))
	}
	if want := []string{"month 2009-12-01", "month 2010-01-01", "month 2010-02-01", "quarter 2009-10-01", "quarter 2010-01-01"}; !slices.Equal(starts, want) {
		t.Errorf("left-truncated are %v, want %v", starts, want)
	}
}

// retailCells checks cells of the same cohort: exposed, retained, retained or
// later, repeated, cumulative net revenue.
func retailCells(t *testing.T, cells []map[string]any) {
	t.Helper()
	for key, want := range map[string][]string{
		"calendar 0": {"441", "26", "360", "26", "206348.951"}, "calendar 1": {"441", "84", "360", "96", "255198.361"},
		"calendar 12": {"441", "88", "267", "341", "792448.081"}, "calendar 20": {"441", "93", "106", "360", "1161777.021"},
		"rolling 0": {"441", "53", "360", "53", "215811.491"}, "rolling 1": {"441", "106", "360", "133", "274349.131"},
		"rolling 20": {"172", "32", "34", "147", "555058.88"},
	} {
		mode, offset, _ := strings.Cut(key, " ")
		var k int64
		fmt.Sscan(offset, &k)
		row := rowBy(t, cells, "dimension_name", "all", "cohort_grain", "month", "cohort_start", "2010-03-01", "offset_mode", mode, "period_offset", k)
		got := []string{fmt.Sprint(row["exposed_customers"]), fmt.Sprint(row["retained_customers"]), fmt.Sprint(row["retained_or_later_customers"]),
			fmt.Sprint(row["repeated_customers"]), money.Format(row["exposed_cumulative_net_revenue"].(int64))}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", key, got, want)
		}
	}
}

// retailGiantCancellation: customer 16446 bought for 168,469.60 on
// the last day and cancelled 12 minutes later. What remains is one purchase of
// 2.90 in May, and the value of any customer who bought once then.
func retailGiantCancellation(t *testing.T, out string) {
	t.Helper()
	customers := tableRows(t, out, "customers")
	row := rowBy(t, customers, "customer_id", "16446")
	for column, want := range map[string]int64{"frequency": 0, "purchase_days": 1, "net_revenue": units(t, "2.90"), "first_purchase_value": units(t, "2.90"), "refunds": units(t, "-168469.60")} {
		naiveWant(t, column, row[column].(int64), want)
	}
	if row["prediction_status"] != "population_mean" || row["value_percentile"].(int64) > 40 || row["rfm_monetary"] != int64(1) {
		t.Errorf("status %v, percentile %v, monetary score %v", row["prediction_status"], row["value_percentile"], row["rfm_monetary"])
	}
	// Whoever bought once on the same day is worth the same.
	same := naiveSelect(customers, naiveColumns{"first_purchase_date": row["first_purchase_date"], "frequency": int64(0)})
	values := map[any]bool{}
	for _, other := range same {
		values[other["residual_clv"]] = true
	}
	if len(values) != 1 {
		t.Errorf("one-time buyers of that day are worth %v", slices.Collect(maps.Keys(values)))
	}
}

// TestOnlineRetailCompletedSales: counts that the file's README gives for
// another set of rules.
func TestOnlineRetailCompletedSales(t *testing.T) {
	// Completed sales: 19,494 cancellation lines, 805,548 lines and
	// 17,743,411.178 of 5,878 customers, duplicates kept.
	completed := strings.NewReplacer(
		"    - {name: bad_debt, column: Invoice, starts_with: A}\n", `    - {name: bad_debt, column: Invoice, starts_with: A}
    - {name: cancellation, column: Invoice, starts_with: C}
    - {name: no_quantity, column: Quantity, less_than: 1}
    - {name: no_price, column: Price, less_than: 0.0005}
`, "exact_duplicates: drop", "exact_duplicates: keep")
	content, err := os.ReadFile("online_retail.yaml")
	if err != nil {
		t.Fatal(err)
	}
	out, summary := runText(t, "online_retail.yaml", completed.Replace(string(content)), "")
	exclusions := tableRows(t, out, "run_exclusions")
	naiveWant(t, "cancellations", naiveTotal(exclusions, "row_count", naiveColumns{"reason": "rule:cancellation"}), 19494)
	naiveWant(t, "lines of completed sales", summary.Result.KeptRows, 805548)
	naiveWant(t, "their sum", units(t, summary.Result.NetRevenue), units(t, "17743411.178"))
	naiveWant(t, "customers with a completed sale", summary.Result.Customers, 5878)
}
