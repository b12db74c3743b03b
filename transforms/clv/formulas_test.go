package clv

import (
	"cmp"
	"math"
	"testing"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// day returns a day of 1970; the as-of day of these tests is 30 September.
func day(month, day int) calendar.Day { return calendar.Date(1970, month, day) }

// formulas returns the rows of clv_formulas of a shard, by method, window,
// denominator and basis.
func formulas(v *Valuation, shard *ledger.Shard) map[string]Formula {
	f := &cohort.Frame{AsOf: asOf, Grains: []calendar.Grain{calendar.ByMonth}}
	var sums, other FormulaSums
	other.AddShard(f, cohort.NewView(f, shard))
	sums.Add(&other)
	first := numeric.Null[calendar.Day]{}
	for i, day := range shard.First {
		if least, ok := first.Get(); shard.HasPurchase(i) && (!ok || day < least) {
			first = numeric.Known(day)
		}
	}
	rows := map[string]Formula{}
	for _, row := range v.FormulaRows(f, &sums, first) {
		window := map[int]string{0: "0", 1: "1", 3: "3", 12: "12"}[row.Months]
		rows[row.Method.Name+" "+window+" "+string(row.Denominator)+" "+string(row.Basis)] = row
	}
	return rows
}

// newcomers: a bought in August and September, b in August only, c in
// September only; contribution is half of all.
func newcomers() *ledger.Shard {
	return baseOf(
		[]purchase{{day(8, 10), 100_0000, 0}, {day(9, 5), 60_0000, 0}},
		[]purchase{{day(8, 20), 40_0000, 0}},
		[]purchase{{day(9, 10), 20_0000, 0}},
	)
}

// By hand, of September and August: O 2, AOV 40, N 80, A 2 of 3 customers, B 2
// of which 1 came back: r ½, 2 months; of two orders one was followed: q ½.
func TestFormulasByHand(t *testing.T) {
	shard := newcomers()
	v, _, _ := valuationOf(testSettings(), shard, nil, models.Fit{})
	rows := formulas(v, shard)
	d := math.Pow(1.1, 1.0/12) - 1
	for key, want := range map[string]float64{
		"four_step 1 active net_revenue":         40 * 1 * 2,
		"four_step 1 all net_revenue":            40 * 2. / 3 * 2,
		"four_step 1 all contribution":           40 * 2. / 3 * 2 / 2,
		"customer_centred 1 active net_revenue":  80. / 2 * 2,
		"customer_centred 1 all net_revenue":     80. / 3 * 2,
		"transaction_based 1 active net_revenue": 40 / (1 - 0.5),
		"churn_discount 1 active net_revenue":    80. / 2 * 0.5 / (1 + d - 0.5),
		"historic 0 all net_revenue":             220. / 3,
		"historic 0 all contribution":            110. / 3,
	} {
		row := rows[key]
		wantMoney(t, key, row.Value, want)
		if isKnown(row.Model) {
			t.Errorf("%s: model_clv without a model: %v", key, row.Model)
		}
	}
	const rowsOfWindows, rowOfHistory = (2 + 2 + 1 + 1) * 3, 1
	if len(rows) != 2*(rowsOfWindows+rowOfHistory) {
		t.Errorf("%d rows", len(rows))
	}
	row := rows["four_step 1 all net_revenue"]
	if months, ok := row.factors.months.number(); months != 2 || !ok || row.Warning != repeatBuyingAsRetention || !row.factors.frequency.equals(quotient(2, 3)) {
		t.Errorf("%v months (%v), warning %q, f = %v", months, ok, row.Warning, row.factors.frequency.r)
	}
	if row := rows["transaction_based 1 active net_revenue"]; row.Warning != orderRepeatAsRetention || row.factors.months.isDefined() {
		t.Errorf("warning %q, %v months", row.Warning, row.factors.months.r)
	}
	if _, ok := row.margin(); ok {
		t.Error("net revenue has a margin")
	}
}

// July to September is there, April to June is before the first month.
func TestFormulasSayThatHistoryIsTooShort(t *testing.T) {
	shard := newcomers()
	v, _, _ := valuationOf(testSettings(), shard, nil, models.Fit{})
	row := formulas(v, shard)["four_step 3 active net_revenue"]
	if ok := row.factors.r.isDefined(); ok || isKnown(row.Value) || row.Warning != "repeat_buying_used_as_retention,history_too_short,no_previous_customers" {
		t.Errorf("retention known: %v, value %v, warning %q", ok, row.Value, row.Warning)
	}
	if row.sums.orders != 4 {
		t.Errorf("%d orders of July to September, want 4", row.sums.orders)
	}
}

// All came back: the months are without end, but what is discounted is not.
func TestFormulasWithoutChurn(t *testing.T) {
	shard := baseOf([]purchase{{day(8, 10), 100_0000, 0}, {day(9, 5), 60_0000, 0}})
	v, _, _ := valuationOf(testSettings(), shard, nil, models.Fit{})
	rows := formulas(v, shard)
	for _, key := range []string{"four_step 1 active net_revenue", "customer_centred 1 all net_revenue", "transaction_based 1 active net_revenue"} {
		row := rows[key]
		if ok := row.factors.months.isDefined(); ok || isKnown(row.Value) || row.Warning != row.warnings(false) || !row.factors.r.equals(whole(1)) {
			t.Errorf("%s: value %v, warning %q", key, row.Value, row.Warning)
		}
	}
	wantMoney(t, "discounted", rows["churn_discount 1 active net_revenue"].Value, 60/math.Expm1(math.Log(1.1)/12))
	if got := rows["four_step 1 active net_revenue"].Warning; got != "repeat_buying_used_as_retention,no_observed_churn" {
		t.Errorf("warning %q", got)
	}
}

// Nobody bought in the window and nobody before it: nothing is divided by 0.
func TestFormulasOfSilence(t *testing.T) {
	shard := baseOf([]purchase{{day(1, 10), 100_0000, 0}, {day(9, 5), 0, -100_0000}})
	v, _, _ := valuationOf(testSettings(), shard, nil, models.Fit{})
	for key, row := range formulas(v, shard) {
		if row.Months != 1 {
			continue
		}
		if ok := row.factors.frequency.isDefined(); isKnown(row.Value) || row.Denominator == ActiveCustomers && ok {
			t.Errorf("%s: value %v, f %v", key, row.Value, row.factors.frequency.r)
		}
		if row.sums.net != -100_0000 || row.sums.customers != 1 || row.sums.active != 0 {
			t.Errorf("%s: %+v", key, row.sums)
		}
	}
}

// Of several orders on a day all but the last are followed the same day; the
// last one is if the next day with an order is within w months, clamped to the
// month's end.
func TestFollowedOrders(t *testing.T) {
	for name, c := range map[string]struct {
		shard            *ledger.Shard
		orders, repeated int64
	}{
		"the last day that counts": {baseOf([]purchase{{day(8, 31), 1, 0}, {day(9, 30), 1, 0}}), 1, 1},
		"a day too late":           {baseOf([]purchase{{day(8, 5), 1, 0}, {day(9, 6), 1, 0}}), 1, 0},
		"within the window before": {baseOf([]purchase{{day(8, 1), 1, 0}, {day(8, 2), 1, 0}}), 2, 1},
		"a refund is no order":     {baseOf([]purchase{{day(8, 31), 2, 0}, {day(9, 2), 0, -1}}), 1, 0},
	} {
		f := &cohort.Frame{AsOf: asOf}
		var sums FormulaSums
		sums.AddShard(f, cohort.NewView(f, c.shard))
		if got := sums.Of(cohort.All).window(1); got.previousOrders != c.orders || got.repeated != c.repeated {
			t.Errorf("%s: %d of %d followed, want %d of %d", name, got.repeated, got.previousOrders, c.repeated, c.orders)
		}
	}
	shard := baseOf([]purchase{{day(8, 5), 3, 0}})
	shard.Days.Orders[0] = 3
	var sums FormulaSums
	sums.AddShard(&cohort.Frame{AsOf: asOf}, cohort.NewView(&cohort.Frame{AsOf: asOf}, shard))
	if got := sums.Of(cohort.All).window(1); got.previousOrders != 3 || got.repeated != 2 {
		t.Errorf("three orders of a day: %d of %d followed, want 2 of 3", got.repeated, got.previousOrders)
	}
}

// The model's value of a new customer is the first purchase and the discounted
// repeat purchases, each worth the population's mean × the net revenue factor;
// of the whole base only, and infinite without a discount.
func TestModelValueOfANewCustomer(t *testing.T) {
	chosen, spend := cdnowFits()
	shard := threeCustomers()
	v, _, _ := valuationOf(testSettings(), shard, &chosen, spend)
	model, _ := chosen.Purchases()
	// pγ/(q−1) = 6.25·15.44/2.74, 180 of 200 are net, half of that contribution.
	mean := 6.25 * 15.44 / 2.74 * 0.9
	repeats := models.At(model, 0, 0, 0).Discounted(math.Log(1.10)/365.25*7, math.Inf(1))
	rows := formulas(v, shard)
	wantMoney(t, "net revenue", rows["historic 0 all net_revenue"].Model, mean*(1+repeats))
	wantMoney(t, "contribution", rows["four_step 3 all contribution"].Model, mean*(1+repeats)/2)
	row := rows["historic 0 all net_revenue"]
	value, _ := row.Value.Get()
	amount, _ := row.Model.Get()
	if ratio, ok := row.ratio(); !ok || ratio != float64(value)/float64(amount) {
		t.Errorf("ratio %v (%v) of %d and %d", ratio, ok, value, amount)
	}
	s := testSettings()
	s.DiscountRate = 0
	v, _, _ = valuationOf(s, shard, &chosen, spend)
	if row := formulas(v, shard)["historic 0 all net_revenue"]; isKnown(row.Model) {
		t.Errorf("without a discount: %v", row.Model)
	}
}

// Rows come in the order of the key, whatever the order of the sums.
func TestFormulaRowsAreInTheOrderOfTheKey(t *testing.T) {
	var sums FormulaSums
	sums.Of(cohort.Dimension{Name: "first_country", Value: "FR"})
	sums.Of(cohort.Dimension{Name: "first_country", Value: "DE"})
	v := &Valuation{Settings: testSettings(), HasContribution: true}
	rows := v.FormulaRows(&cohort.Frame{AsOf: asOf}, &sums, numeric.Null[calendar.Day]{})
	if len(rows) != 3*2*19 {
		t.Fatalf("%d rows", len(rows))
	}
	for i := range rows[1:] {
		if a, b := &rows[i], &rows[i+1]; !isBefore(a, b) {
			t.Errorf("%v %s %d %s %s before %v %s %d %s %s", a.Dimension, a.Method.Name, a.Months, a.Denominator, a.Basis, b.Dimension, b.Method.Name, b.Months, b.Denominator, b.Basis)
		}
		if isKnown(rows[i].Model) || isKnown(rows[i].Value) {
			t.Errorf("a value of nobody: %+v", rows[i])
		}
	}
}

func isBefore(a, b *Formula) bool {
	order := a.Dimension.Compare(b.Dimension)
	for _, next := range []int{cmp.Compare(a.Method.Name, b.Method.Name), cmp.Compare(a.Months, b.Months), cmp.Compare(a.Denominator, b.Denominator), cmp.Compare(a.Basis, b.Basis)} {
		order = cmp.Or(order, next)
	}
	return order < 0
}

// Stretches are what lies between the starts of windows and of those before
// them: a window must not begin before the one that precedes the next shorter.
func TestWindowsDivideTimeIntoStretches(t *testing.T) {
	for i, months := range formulaMonths[2:] {
		if shorter := formulaMonths[i+1]; months < 2*shorter {
			t.Errorf("a window of %d months beside one of %d", months, shorter)
		}
	}
}
