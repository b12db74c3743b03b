package jobs_test

import (
	"fmt"
	"math"
	"math/rand"
	"reflect"
	"strings"
	"testing"
)

// naiveDraws is how many random sources the laws are tested on: enough for every situation to occur many times.
const naiveDraws = 100

// naiveDraw is one random source and what the naive implementation makes of it.
type naiveDraw struct {
	rows     []naiveRow
	settings naiveSettings
	book     *naiveBook
	tables   map[string][]map[string]any
}

func drawNaive(seed int64) naiveDraw {
	rows, s := randomRows(rand.New(rand.NewSource(seed)))
	return naiveDraw{rows, s, naiveRead(rows, s), naive(rows, s)}
}

// naiveColumns are columns with the values that a row must have.
type naiveColumns map[string]any

// naiveSelect returns the rows that match, in order.
func naiveSelect(table []map[string]any, where naiveColumns) []map[string]any {
	var rows []map[string]any
	for _, row := range table {
		matches := true
		for column, value := range where {
			matches = matches && row[column] == value
		}
		if matches {
			rows = append(rows, row)
		}
	}
	return rows
}

// naiveTotal sums a column over the rows that match. NULL counts as 0.
func naiveTotal(table []map[string]any, column string, where naiveColumns) int64 {
	var total int64
	for _, row := range naiveSelect(table, where) {
		if value, ok := row[column].(int64); ok {
			total += value
		}
	}
	return total
}

// naiveWant reports two numbers that a law calls equal.
func naiveWant(t *testing.T, what string, got, want int64) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %d, want %d", what, got, want)
	}
}

// The laws hold for any source; they are those of the contract and of the architecture, not properties of the draws.
func TestNaiveLaws(t *testing.T) {
	laws := []func(*testing.T, naiveDraw){
		lawSourceIsKeptPlusExcluded, lawTablesAddUpToCustomers, lawCustomersAreCountedOnce, lawSplitsAddUpToAll,
		lawCellsAreConsistent, lawRatesAreShares, lawSurvivalFallsFromOne, lawBusinessPeriodsAreConsistent,
		lawOrderOfRowsIsIrrelevant, lawNothingAfterAsOfIsUsed,
	}
	for seed := range int64(naiveDraws) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			draw := drawNaive(seed)
			for _, law := range laws {
				law(t, draw)
			}
		})
	}
}

// "Σ source = Σ business_periods.net_revenue + Σ run_exclusions" per month, and rows likewise.
func lawSourceIsKeptPlusExcluded(t *testing.T, d naiveDraw) {
	var kept int64
	source := map[string]int64{}
	for i, row := range d.rows {
		kept += naiveOne(d.book.fates[i] == naiveFateKept)
		if !row.Unreadable {
			source[naiveText(naivePeriod(row.Civil, "month", d.settings.WeekStart))] += row.Amount
		}
	}
	excluded := d.tables["run_exclusions"]
	naiveWant(t, "kept + excluded rows", kept+naiveTotal(excluded, "row_count", nil), int64(len(d.rows)))
	business := d.tables["business_periods"]
	for month, amount := range source {
		where := naiveColumns{"dimension_name": "all", "period_grain": "month", "period_start": month}
		got := naiveTotal(business, "net_revenue", where) +
			naiveTotal(excluded, "amount", naiveColumns{"period_start": month})
		naiveWant(t, "kept + excluded amount of "+month, got, amount)
		naiveWant(t, "unattributed amount of "+month, naiveTotal(business, "unattributed_net_revenue", where),
			naiveTotal(excluded, "amount", naiveColumns{"reason": "unattributed", "period_start": month}))
	}
}

// "Σ customers = Σ cohorts = Σ cohort_periods (*so far* columns) = Σ business_periods, per grain and dimension". A grain
// with a cut offset is left out of cohort_periods.
func lawTablesAddUpToCustomers(t *testing.T, d naiveDraw) {
	customers := d.tables["customers"]
	for _, dimension := range naiveDimensionNames(d) {
		for _, grain := range d.book.grains() {
			for _, column := range []string{"orders", "purchase_days", "gross_sales", "refunds", "net_revenue", "contribution"} {
				want := naiveTotal(customers, column, nil)
				check := func(table string, where naiveColumns) {
					t.Helper()
					where["dimension_name"] = dimension
					what := fmt.Sprintf("Σ %s.%s where %v", table, column, where)
					naiveWant(t, what, naiveTotal(d.tables[table], column, where), want)
				}
				check("business_periods", naiveColumns{"period_grain": grain})
				if column != "orders" && column != "purchase_days" { // cohorts does not have them
					check("cohorts", naiveColumns{"cohort_grain": grain})
				}
				if _, cut := d.settings.MaxOffset[grain]; !cut {
					check("cohort_periods", naiveColumns{"cohort_grain": grain, "offset_mode": "calendar"})
					check("cohort_periods", naiveColumns{"cohort_grain": grain, "offset_mode": "rolling"})
				}
			}
		}
	}
}

func naiveDimensionNames(d naiveDraw) []string {
	names := []string{"all"}
	for _, attribute := range d.settings.SplitBy {
		names = append(names, "first_"+attribute)
	}
	return names
}

// "First purchase = acquisition; the cohort is its period", and "No customer is dropped".
func lawCustomersAreCountedOnce(t *testing.T, d naiveDraw) {
	buyers := int64(len(d.book.buyers()))
	var firstOrders, firstValues int64
	for _, row := range d.tables["customers"] {
		naiveWant(t, "gross_sales + refunds", row["gross_sales"].(int64)+row["refunds"].(int64), row["net_revenue"].(int64))
		if row["orders"].(int64) < row["purchase_days"].(int64) {
			t.Errorf("orders %d are fewer than purchase days %d", row["orders"], row["purchase_days"])
		}
		if value, ok := row["first_purchase_value"].(int64); ok {
			firstValues += value
		}
	}
	for _, c := range d.book.buyers() {
		firstOrders += c.firstOrders()
	}
	for _, dimension := range naiveDimensionNames(d) {
		for _, grain := range d.book.grains() {
			cohort := naiveColumns{"dimension_name": dimension, "cohort_grain": grain}
			period := naiveColumns{"dimension_name": dimension, "period_grain": grain}
			naiveWant(t, "Σ cohort_size", naiveTotal(d.tables["cohorts"], "cohort_size", cohort), buyers)
			naiveWant(t, "Σ first_purchase_revenue",
				naiveTotal(d.tables["cohorts"], "first_purchase_revenue", cohort), firstValues)
			naiveWant(t, "Σ new_customers", naiveTotal(d.tables["business_periods"], "new_customers", period), buyers)
			naiveWant(t, "Σ first_orders", naiveTotal(d.tables["business_periods"], "first_orders", period), firstOrders)
			for _, mode := range naiveOffsetModes {
				start := naiveColumns{"dimension_name": dimension, "cohort_grain": grain, "offset_mode": mode,
					"period_offset": int64(0)}
				naiveWant(t, "Σ active_customers at offset 0",
					naiveTotal(d.tables["cohort_periods"], "active_customers", start), buyers)
			}
		}
	}
}

// Every buyer has one value of each attribute, so the parts of a split are the whole in every period.
func lawSplitsAddUpToAll(t *testing.T, d naiveDraw) {
	columns := []string{"active_customers", "new_customers", "orders", "gross_sales", "net_revenue",
		"existing_customer_gross_sales", "retained_customers", "customers_ever", "repeat_customers_ever"}
	for _, row := range naiveSelect(d.tables["business_periods"], naiveColumns{"dimension_name": "all"}) {
		for _, dimension := range naiveDimensionNames(d) {
			part := naiveColumns{"dimension_name": dimension, "period_grain": row["period_grain"],
				"period_start": row["period_start"]}
			for _, column := range columns {
				what := fmt.Sprintf("Σ %s where %v", column, part)
				naiveWant(t, what, naiveTotal(d.tables["business_periods"], column, part), row[column].(int64))
			}
		}
	}
}

// Walks each cohort along its offsets. In a complete cell the columns of the exposed cover the same members as those
// that are so far.
func lawCellsAreConsistent(t *testing.T, d naiveDraw) {
	var previous map[string]any
	var soFarNet, soFarContribution, offset0Net int64
	for _, cell := range d.tables["cohort_periods"] {
		offset := cell["period_offset"].(int64)
		place := fmt.Sprint(cell["dimension_value"], cell["cohort_grain"], cell["cohort_start"], cell["offset_mode"], offset)
		if offset == 0 {
			soFarNet, soFarContribution, offset0Net, previous = 0, 0, cell["net_revenue"].(int64), nil
		}
		soFarNet += cell["net_revenue"].(int64)
		contribution, _ := cell["contribution"].(int64) // NULL counts as 0
		soFarContribution += contribution
		exposed, size := cell["exposed_customers"].(int64), cell["cohort_size"].(int64)
		retained, later := cell["retained_customers"].(int64), cell["retained_or_later_customers"].(int64)
		repeated := cell["repeated_customers"].(int64)
		if retained > later || later > exposed || retained > repeated || repeated > exposed || exposed > size {
			t.Errorf("%s: retained %d, or later %d, repeated %d, exposed %d, size %d", place, retained, later, repeated, exposed, size)
		}
		if (cell["retention_rate"] == nil) != (exposed == 0) || (cell["repurchase_rate"] == nil) != (exposed == 0) {
			t.Errorf("%s: a rate must be NULL exactly when nobody is exposed (%d)", place, exposed)
		}
		if cell["cell_state"] == "complete" {
			naiveWant(t, place+": exposed customers of a complete cell", exposed, size)
			naiveWant(t, place+": exposed net", cell["exposed_net_revenue"].(int64), cell["net_revenue"].(int64))
			naiveWant(t, place+": net of offset 0", cell["exposed_offset_0_net_revenue"].(int64), offset0Net)
			naiveWant(t, place+": cumulative net", cell["exposed_cumulative_net_revenue"].(int64), soFarNet)
			cumulative, _ := cell["exposed_cumulative_contribution"].(int64)
			naiveWant(t, place+": cumulative contribution", cumulative, soFarContribution)
			if previous != nil && (repeated < previous["repeated_customers"].(int64) ||
				later > previous["retained_or_later_customers"].(int64)) {
				t.Errorf("%s: repeated fell or retained_or_later rose", place)
			}
		}
		if previous != nil && exposed > previous["exposed_customers"].(int64) {
			t.Errorf("%s: exposure rose to %d", place, exposed)
		}
		previous = cell
	}
}

// Every rate lies in [0, 1], inside its bounds, and is a number.
func lawRatesAreShares(t *testing.T, d naiveDraw) {
	for name, table := range d.tables {
		for _, row := range table {
			for column, value := range row {
				number, isFloat := value.(float64)
				isShare := strings.Contains(column, "rate") || strings.Contains(column, "share") || column == "hazard"
				if isFloat && (math.IsNaN(number) || number < 0 || isShare && number > 1) {
					t.Errorf("%s.%s is %v", name, column, number)
				}
			}
			lawBoundsHold(t, row, "rate")
			lawBoundsHold(t, row, "retention_rate")
		}
	}
}

// A rate of clv_formulas has no bounds.
func lawBoundsHold(t *testing.T, row map[string]any, column string) {
	rate, ok := row[column].(float64)
	if _, hasBounds := row[column+"_low"]; !ok || !hasBounds {
		return
	}
	// At 0 and at 1 a Wilson bound is the rate itself, up to one rounding of a number near 1.
	const rounding = 1e-15
	if low, high := row[column+"_low"].(float64), row[column+"_high"].(float64); low > rate+rounding || high < rate-rounding {
		t.Errorf("%s %v outside [%v, %v]", column, rate, low, high)
	}
}

func lawSurvivalFallsFromOne(t *testing.T, d naiveDraw) {
	previous := map[string]any{}
	for _, row := range naiveSelect(d.tables["retention_curves"], naiveColumns{"curve_type": "survival_to_second"}) {
		if row["period_offset"] == int64(0) {
			previous = map[string]any{"rate": 1.0, "exposed_customers": row["exposed_customers"], "events": int64(0)}
			if row["rate"] != 1.0 {
				t.Errorf("survival starts at %v, want 1: a second purchase is on a later day", row["rate"])
			}
		}
		if row["rate"].(float64) > previous["rate"].(float64) {
			t.Errorf("survival rose from %v to %v", previous["rate"], row["rate"])
		}
		if row["exposed_customers"].(int64) > previous["exposed_customers"].(int64)-previous["events"].(int64) {
			t.Errorf("day %d: at risk %d after %d at risk and %d events", row["period_offset"],
				row["exposed_customers"], previous["exposed_customers"], previous["events"])
		}
		previous = row
	}
}

func lawBusinessPeriodsAreConsistent(t *testing.T, d naiveDraw) {
	var previous map[string]any
	for _, row := range d.tables["business_periods"] {
		number := func(column string) int64 { return row[column].(int64) }
		naiveWant(t, "new + returning", number("new_customers")+number("returning_customers"), number("active_customers"))
		naiveWant(t, "first + repeat orders", number("first_orders")+number("repeat_orders"), number("orders"))
		isNext := previous != nil && previous["dimension_value"] == row["dimension_value"] &&
			previous["dimension_name"] == row["dimension_name"] && previous["period_grain"] == row["period_grain"]
		if isNext {
			naiveWant(t, "previous active", number("previous_active_customers"), previous["active_customers"].(int64))
			naiveWant(t, "ever", number("customers_ever"), previous["customers_ever"].(int64)+number("new_customers"))
		} else {
			naiveWant(t, "previous active of the first period", number("previous_active_customers"), 0)
			naiveWant(t, "ever in the first period", number("customers_ever"), number("new_customers"))
		}
		previous = row
	}
}

// "any shuffle of the input rows" gives the same tables.
func lawOrderOfRowsIsIrrelevant(t *testing.T, d naiveDraw) {
	var backwards []naiveRow
	for i := range d.rows {
		backwards = append(backwards, d.rows[len(d.rows)-1-i])
	}
	if got := naive(backwards, d.settings); !reflect.DeepEqual(got, d.tables) {
		t.Error("the tables depend on the order of the rows")
	}
}

// "Rows after it are counted (`after_as_of`) and not used."
func lawNothingAfterAsOfIsUsed(t *testing.T, d naiveDraw) {
	var before []naiveRow
	for i, row := range d.rows {
		if d.book.fates[i] != "after_as_of" {
			before = append(before, row)
		}
	}
	got := naive(before, d.settings)
	for name := range d.tables {
		if name != "run_exclusions" && !reflect.DeepEqual(got[name], d.tables[name]) {
			t.Errorf("%s depends on rows after as_of", name)
		}
	}
}

// A generator that never draws a situation would let every law about it pass.
func TestRandomRowsReachEverySituation(t *testing.T) {
	seen := map[string]int{}
	for seed := range int64(naiveDraws) {
		for situation := range naiveSituations(drawNaive(seed)) {
			seen[situation]++
		}
	}
	situations := []string{"unreadable", "after_as_of", "rule", "exact_duplicate", "unattributed", "refund_ignored",
		"before_first_purchase", "kept", "no purchase", "second purchase", "cancelled day", "purchase of zero",
		"order on two days", "group of rows", "money without purchase", "contribution", "left-truncated", "empty cohort",
		"partly exposed", "clamped anniversary", "value of every method", "history_too_short", "no_previous_customers",
		"no_observed_churn", "q without churn", "orders of a day followed"}
	const often = naiveDraws / 20
	for _, situation := range situations {
		if seen[situation] < often {
			t.Errorf("%q occurs in %d of %d draws, want at least %d", situation, seen[situation], naiveDraws, often)
		}
	}
	t.Log(seen)
}

// Busy draws are there for the quantiles of gaps, for stages by them, for windows of twelve months and for the first cohort.
func TestRandomBusyRowsReachQuantiles(t *testing.T) {
	seen := map[any]int{}
	for seed := int64(40); seed < 50; seed++ { // those that TestTablesAgreeWithNaiveImplementation compares
		rows, s := randomBusyRows(rand.New(rand.NewSource(seed)))
		tables, book := naive(rows, s), naiveRead(rows, s)
		if active, _, _ := book.lifecycle(); active != 90 {
			seen["quantiles"]++
		}
		if _, size, most, isThere := book.firstCohortSize(); isThere {
			seen[pick(size > most, "first cohort too large", "first cohort")]++
		}
		for _, row := range tables["customers"] {
			seen[row["lifecycle_stage"]]++
		}
		for _, row := range tables["clv_formulas"] {
			if row["window_months"] == int64(12) && row["clv"] != nil {
				seen["twelve months"]++
			}
		}
	}
	for _, situation := range []string{"quantiles", "new", "active", "at_risk", "dormant", "lost", "twelve months", "first cohort", "first cohort too large"} {
		if seen[situation] == 0 {
			t.Errorf("%q never occurs", situation)
		}
	}
	t.Log(seen)
}

// naiveSituations names what occurs in the draw.
func naiveSituations(d naiveDraw) map[string]bool {
	found := map[string]bool{}
	note := func(situation string, holds bool) {
		if holds {
			found[situation] = true
		}
	}
	b := d.book
	places := map[string][]int{}
	for i, row := range d.rows {
		found[strings.SplitN(b.fates[i], ":", 2)[0]] = true
		if b.fates[i] == naiveFateKept {
			places[row.Customer] = append(places[row.Customer], i)
		}
	}
	for _, kept := range places {
		for _, i := range kept {
			note("order on two days", b.soldBefore(i, kept))
			note("group of rows", len(b.group(i, kept)) > 1)
		}
	}
	for _, c := range b.customers {
		note("no purchase", len(c.purchases) == 0)
		note("second purchase", len(c.purchases) > 1)
		for _, day := range c.days {
			note("cancelled day", day.orders > 0 && !day.isPurchase)
			note("money without purchase", day.orders == 0 && day.net != 0)
			note("purchase of zero", day.isPurchase && day.net == 0)
			note("clamped anniversary", naiveAfter(day.day, "month", 1).Day() != day.day.Day())
		}
	}
	note("contribution", b.hasContribution)
	methods := map[any]bool{}
	for _, row := range d.tables["clv_formulas"] {
		methods[row["method"]] = methods[row["method"]] || row["clv"] != nil
		warning, _ := row["warning"].(string)
		for word := range strings.SplitSeq(warning, ",") {
			found[word] = true
		}
		isOfOrders := row["method"] == "transaction_based"
		note("q without churn", isOfOrders && row["retention_rate"] == 1.0)
		note("orders of a day followed", isOfOrders && row["retention_rate"] != nil && row["retention_rate"] != 1.0 && row["repeated_orders"].(int64) > 0)
	}
	note("value of every method", methods["four_step"] && methods["customer_centred"] && methods["transaction_based"] &&
		methods["churn_discount"] && methods["historic"])
	for _, cohort := range d.tables["cohorts"] {
		note("empty cohort", cohort["cohort_size"] == int64(0))
	}
	for _, cell := range d.tables["cohort_periods"] {
		exposed, size := cell["exposed_customers"].(int64), cell["cohort_size"].(int64)
		note("left-truncated", cell["is_left_truncated"] == true && size > 0)
		note("partly exposed", exposed > 0 && exposed < size)
	}
	return found
}
