package clv

import (
	"math"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// purchase is one customer-day of a test base: value is the sale, refund ≤ 0
// what came back on that day; a day of value 0 is no purchase.
type purchase struct {
	day           calendar.Day
	value, refund int64
}

// baseOf makes a shard of customers given by their days, in order; a customer
// without days has no purchase.
func baseOf(customers ...[]purchase) *ledger.Shard {
	s := &ledger.Shard{Customers: ledger.Customers{Attributes: []ledger.Coded{{Values: []string{"x"}}}}}
	for i, days := range customers {
		for _, d := range days {
			orders := int32(0)
			if d.value > 0 {
				orders = 1
			}
			s.Days.Day = append(s.Days.Day, d.day)
			s.Days.Orders = append(s.Days.Orders, orders)
			s.Days.GrossSales = append(s.Days.GrossSales, d.value)
			s.Days.Refunds = append(s.Days.Refunds, d.refund)
			s.Days.Contribution = append(s.Days.Contribution, (d.value+d.refund)/2)
			s.Days.IsPurchase = append(s.Days.IsPurchase, d.value > 0)
			s.Totals.GrossSales += d.value
			s.Totals.Refunds += d.refund
			s.Totals.Contribution += (d.value + d.refund) / 2
			if d.value > 0 {
				s.Totals.PurchaseDays++
				s.Totals.PurchaseValue += d.value + d.refund
			}
		}
		s.Attributes[0].Codes = append(s.Attributes[0].Codes, 0)
		s.End(ledger.Key{byte('a' + i)})
	}
	return s
}

// The published parameters of CDNOW (docs of the models: MBG/NBD and
// Gamma–Gamma to three decimals), as fits.
func cdnowFits() (purchases, spend models.Fit) {
	fit := func(f models.Family, names []string, values ...float64) models.Fit {
		out := models.Fit{Family: f, Status: models.FitOK}
		for i, n := range names {
			out.Parameters = append(out.Parameters, models.Parameter{Name: n, Estimate: values[i]})
		}
		return out
	}
	return fit(models.MBGNBD, []string{"r", "alpha", "a", "b"}, .525, 6.183, .891, 1.614),
		fit(models.GammaGamma, []string{"p", "q", "gamma"}, 6.25, 3.74, 15.44)
}

const asOf = calendar.Day(272) // customers below buy first on day 0

// threeCustomers: a bought on day 0 and twice more, the last time on day 213
// (30.43 weeks), with a refund of 10 % of all afterwards; b bought once; c never.
func threeCustomers() *ledger.Shard {
	return baseOf(
		[]purchase{{0, 100_0000, 0}, {100, 20_0000, 0}, {213, 30_0000, 0}, {220, 0, -20_0000}},
		[]purchase{{0, 50_0000, 0}},
		nil,
	)
}

func valuationOf(s Settings, shard *ledger.Shard, chosen *models.Fit, spend models.Fit) (*Valuation, []Value, ledger.Totals) {
	var cells Cells
	cells.Enter(&shard.Customers, asOf)
	cells.Compact()
	v := NewValuation(s, fittedOf(chosen, spend, &shard.Totals), &cells, true, nil)
	return v, v.Values(nil, &shard.Customers, asOf), shard.Totals
}

// fittedOf is what predictions rest on with two fits, of which purchases may be
// nil, and the factors of a base.
func fittedOf(purchases *models.Fit, spend models.Fit, base *ledger.Totals) *Fitted {
	f := &Fitted{Factors: FactorsOf(base), Widening: models.NoWidening()}
	if purchases != nil {
		f.Models = append(f.Models, Model{Fit: *purchases, Part: cohort.All, Role: ForPurchases, IsChosen: true})
	}
	_, usable := spend.Spend()
	f.Models = append(f.Models, Model{Fit: spend, Part: cohort.All, Role: ForSpend, IsChosen: usable})
	return f
}

func testSettings() Settings {
	return Settings{Horizons: []Horizon{HorizonOf(30), Year, Lifetime}, DiscountRate: 0.10, Candidates: []models.Family{models.MBGNBD}, TimeUnit: Week}
}

// A prediction is expected purchases × expected value of a purchase × the net
// revenue factor, the residual value the same discounted, each rounded once.
func TestValueIsPurchasesTimesSpendTimesNetRevenueFactor(t *testing.T) {
	chosen, spend := cdnowFits()
	shard := threeCustomers()
	v, values, m := valuationOf(testSettings(), shard, &chosen, spend)
	if m.NetRevenue() != 180_0000 || m.PurchaseValue != 200_0000 || m.PurchaseDays != 4 || m.Contribution != 90_0000 {
		t.Fatalf("totals %+v", m)
	}
	model, _ := chosen.Purchases()
	gamma, _ := spend.Spend()
	delta := math.Log(1.10) / 365.25 * 7
	for i, c := range []struct {
		x        int
		tx, mean float64
		status   Status
		historic int64
	}{{2, 213, 25, Predicted, 130_0000}, {0, 0, 0, PopulationMean, 50_0000}} {
		purchaseValue, _ := gamma.Expected(c.x, c.mean).Get()
		purchaseValue *= 0.9 // 180 ÷ 200
		tx, T := c.tx/7, float64(asOf)/7
		if values[i].Status != c.status {
			t.Errorf("customer %d: status %s, want %s", i, values[i].Status, c.status)
		}
		for h, days := range []float64{30, 365, math.Inf(1)} {
			p := v.predict(&values[i], h, NetRevenue)
			expected := models.At(model, c.x, tx, T).Expected(days / 7)
			wantMoney(t, "predicted value", p.Value, expected*purchaseValue)
			wantMoney(t, "residual value", p.Residual, models.At(model, c.x, tx, T).Discounted(delta, days/7)*purchaseValue)
			wantMoney(t, "value of a purchase", p.PurchaseValue, purchaseValue)
			half := v.predict(&values[i], h, Contribution)
			wantMoney(t, "residual contribution", half.Residual, models.At(model, c.x, tx, T).Discounted(delta, days/7)*purchaseValue/2)
		}
	}
	rows := filled(v.CustomerValues(&shard.Customers, values))
	if len(rows) != 3*3*2 || rows[1].Historic != 130_0000 || rows[0].Historic != 65_0000 || rows[0].Basis != Contribution {
		t.Errorf("%d rows, the first two %+v", len(rows), rows[:2])
	}
}

// filled returns n rows.
func filled[R any](n int, fill func(from int, into []R)) []R {
	rows := make([]R, n)
	fill(0, rows)
	return rows
}

// wantMoney compares an amount with currency rounded half-even to 10^-4; null
// stands for infinity.
func wantMoney(t *testing.T, what string, got numeric.Null[int64], want float64) {
	t.Helper()
	amount, ok := got.Get()
	if math.IsInf(want, 0) {
		if ok {
			t.Errorf("%s is %d, want null for infinity", what, amount)
		}
		return
	}
	if !ok || amount != int64(math.RoundToEven(want*1e4)) {
		t.Errorf("%s is %d (%v), want %.4f", what, amount, ok, want)
	}
}

// MBG/NBD with a < 1 expects infinitely many purchases in a lifetime: the
// undiscounted value is null, the discounted one is not, unless nothing is
// discounted.
func TestLifetimeWithoutDiscountIsNull(t *testing.T) {
	chosen, spend := cdnowFits()
	v, values, _ := valuationOf(testSettings(), threeCustomers(), &chosen, spend)
	if p := lifetime(v, &values[0]); isKnown(p.Value) || isKnown(p.Purchases) || !isKnown(p.Residual) {
		t.Errorf("with a discount: %+v", p)
	}
	s := testSettings()
	s.DiscountRate = 0
	v, values, _ = valuationOf(s, threeCustomers(), &chosen, spend)
	if p := lifetime(v, &values[0]); isKnown(p.Residual) {
		t.Errorf("without one: %+v", p)
	}
}

// lifetime predicts without end, in net revenue.
func lifetime(v *Valuation, value *Value) Prediction {
	return v.predict(value, len(v.Settings.Horizons)-1, NetRevenue)
}

func isKnown[T any](n numeric.Null[T]) bool { _, ok := n.Get(); return ok }

// Without a usable model everything predicted is null, with a status; without
// a model of spend the mean purchase stands in.
func TestWithoutAModel(t *testing.T) {
	chosen, _ := cdnowFits()
	none := models.Fit{Family: models.GammaGamma, Status: models.FitInsufficientData}
	v, values, _ := valuationOf(testSettings(), threeCustomers(), nil, none)
	for i, want := range []Status{InsufficientData, InsufficientData, NoPurchase} {
		if p := lifetime(v, &values[i]); values[i].Status != want || isKnown(p.Residual) || values[i].isScored() {
			t.Errorf("customer %d: %s, %+v; want %s and nulls", i, values[i].Status, p, want)
		}
	}
	unasked := testSettings()
	unasked.Candidates = nil
	_, values, _ = valuationOf(unasked, threeCustomers(), nil, models.Fit{})
	if values[0].Status != NotModelled || values[2].Status != NoPurchase {
		t.Errorf("no candidates: %s and %s", values[0].Status, values[2].Status)
	}
	v, values, _ = valuationOf(testSettings(), threeCustomers(), &chosen, none)
	wantMoney(t, "value of a purchase", lifetime(v, &values[0]).PurchaseValue, 200./4*0.9)
	if id, spendID := v.purchasesID, v.spendID(0); values[0].Status != PopulationMean || id != "mbg_nbd/all/all" || spendID != "" {
		t.Errorf("status %s, models %q and %q", values[0].Status, id, spendID)
	}
}

// Customers and cohorts add up to the same residual value, to the last unit.
func TestResidualsOfCohortsAreThoseOfCustomers(t *testing.T) {
	chosen, spend := cdnowFits()
	shard := threeCustomers()
	v, values, _ := valuationOf(testSettings(), shard, &chosen, spend)
	f := &cohort.Frame{AsOf: asOf, Grains: []calendar.Grain{calendar.ByMonth}}
	var b Base
	b.Enter(&shard.Customers, values)
	ranks := b.Rank()
	var residuals Residuals
	residuals.Enter(f, &shard.Customers, v, values)
	var cohorts cohort.Cohorts
	cohorts.AddShard(f, cohort.NewView(f, shard))
	var fromCustomers, fromCohorts int64
	var rows CustomerBlock
	v.Customers(f, &shard.Customers, values, &ranks, usualLifecycle)(0, shard.Customers.Len(), &rows)
	for i := range shard.Customers.Len() {
		fromCustomers += rows.residual[i] * int64(rows.hasResidual[i])
	}
	for _, c := range v.CohortRows(f, &cohorts, &residuals) {
		residual, ok := c.Residual.Get()
		if !ok {
			t.Errorf("cohort %v has no residual value", c.Start)
		}
		fromCohorts += residual
	}
	if fromCustomers == 0 || fromCustomers != fromCohorts {
		t.Errorf("customers %d, cohorts %d", fromCustomers, fromCohorts)
	}
}

// The share of values strictly below, times the classes: ties share a score,
// the least value is 1, and all equal values are 1.
func TestRankingScores(t *testing.T) {
	values := []int64{10, 20, 20, 20, 50}
	r, percentiles := newRanking(amountsOf(values...), 5), newRanking(amountsOf(values...), 100)
	for value, want := range map[int64]int64{10: 1, 20: 2, 50: 5} {
		if got := r.score(value); got != want {
			t.Errorf("score of %d is %d, want %d", value, got, want)
		}
	}
	if got := percentiles.score(50); got != 81 { // 1 + floor(100 × 4/5)
		t.Errorf("percentile %d, want 81", got)
	}
	equal := newRanking(amountsOf(7, 7, 7), 5)
	if got := equal.score(7); got != 1 {
		t.Errorf("score among equals is %d, want 1", got)
	}
}

func TestTimeUnits(t *testing.T) {
	for name, days := range map[string]float64{"day": 1, "week": 7, "month": 30.4375, "year": 365.25} {
		if unit, ok := ParseTimeUnit(name); !ok || unit.Days != days {
			t.Errorf("%s is %v days, want %v", name, unit.Days, days)
		}
	}
	if _, ok := ParseTimeUnit("fortnight"); ok {
		t.Error("fortnight is a unit")
	}
}

// Every family that is asked for or always there has a row, in the order of the
// key, with its role; one model of purchases at most is chosen, and each says why.
func TestFitAllSaysWhatWasChosen(t *testing.T) {
	var cells Cells
	for i := range int32(400) { // half of them buy again, after 1 to 50 days, in a year
		cells.EnterOne(i%2*(1+i%7), i%2*(1+i%50), 100+i, int64(1+i%7)*int64(100_000+i*517%90_000))
	}
	cells.Compact()
	for candidate, stands := range map[models.Family]string{models.MBGNBD: "bg_nbd gamma_gamma mbg_nbd nbd", models.NBD: "bg_nbd gamma_gamma nbd"} {
		s := testSettings()
		s.Candidates = []models.Family{candidate}
		fits := FitAll(&s, &cells, &Gaps{}, nil, nil)
		choice := Choose(&s, &fits, &cells, Grades{})
		rows := ModelRows(&s, &fits, Grades{}, choice, &cells, &ledger.Totals{First: numeric.Known(calendar.Day(50)), GrossSales: 90, PurchaseValue: 100}, 600)
		var names []string
		for _, row := range rows {
			names = append(names, string(row.Family))
			if row.Reason == "" || row.IsChosen != (row.Family == choice.Family || row.Role == "spend") {
				t.Errorf("candidate %s: %+v", candidate, row)
			}
			if factor, ok := row.NetRevenueFactor.Get(); ok != (row.Role == "spend") || ok && factor != 0.9 {
				t.Errorf("net revenue factor of %s is %v, %v", row.Family, factor, ok)
			}
		}
		if got := strings.Join(names, " "); got != stands || fits.Of(choice.Family) == nil || choice.Family == models.BGNBD {
			t.Errorf("candidate %s: models %q, want %q; chosen %+v", candidate, got, stands, choice)
		}
	}
	s := testSettings()
	fits := FitAll(&s, &Cells{}, &Gaps{}, nil, nil)
	choice := Choose(&s, &fits, &Cells{}, Grades{})
	rows := ModelRows(&s, &fits, Grades{}, choice, &Cells{}, &ledger.Totals{}, 600)
	if choice.Family != "" || len(rows) != 4 || isKnown(rows[0].Start) || rows[0].Fit.Status != models.FitInsufficientData {
		t.Errorf("of nobody: chosen %v, %+v", choice, rows)
	}
}
