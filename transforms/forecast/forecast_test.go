package forecast

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Three customers by hand, as of 2023-12-31, by an NBD with r = 1 and alpha = 10
// days: a came on 2023-12-01 and bought three times more, so the rate is (1+3)/
// (10+30) = 0.1 a day; b came on 2023-11-21 and did not, 1/50; c has no purchase.
// A purchase is worth 50, of which 0.9 are kept: 45. January, of 31 days: a 3.1
// purchases, 139.50; b 0.62, 27.90. P(a purchase) is 1 − (40/71)^4 and 1 − 50/81.
// The rest of the lifetime value, 0.1·45/δ for a, is in the terminal row.
func TestForecastByHand(t *testing.T) {
	asOf := calendar.Date(2023, 12, 31)
	w := newWorld(choices{
		asOf: asOf, purchases: fitOf(models.NBD, 0, 1, 10), factors: factorsOf(0.9, 50), discountRate: 0.10, hasContribution: true,
	}, []person{
		{first: asOf - 30, last: asOf - 5, x: 3, firstValue: 40_0000, repeatValue: 150_0000},
		{first: asOf - 40, last: asOf - 40, firstValue: 60_0000},
		{x: -1},
	})
	f := w.forecast(1, nil)
	delta := math.Log(1.1) / 365.25
	january := f.find(t, cohort.All, ByCohort, Existing, calendar.Date(2023, 12, 1), calendar.Date(2024, 1, 1))
	wantNear(t, "purchases", january.line.purchases, 3.1, 1e-9)
	wantNear(t, "active", january.line.active, 1-math.Pow(40.0/71, 4), 1e-9)
	wantAmount(t, "net revenue", january.line.net, 139_5000)
	wantAmount(t, "value of purchases", january.line.amounts.purchases, 155_0000)
	wantAmount(t, "contribution", january.line.contribution, 55_8000)
	wantAmount(t, "discounted", january.line.discounted, int64(math.Round(139_5000*math.Exp(-delta*15.5))))
	november := f.find(t, cohort.All, ByCohort, Existing, calendar.Date(2023, 11, 1), calendar.Date(2024, 2, 1))
	wantAmount(t, "net revenue of February", november.line.net, 26_1000)
	sum := f.find(t, cohort.All, ByVintage, Existing, 0, calendar.Date(2024, 1, 1))
	wantAmount(t, "net revenue of all", sum.line.net, 167_4000)
	if orders, _ := sum.ordersOf(sum.line.purchases, sum.perOrder); !near(orders, 3.72*1.5, 1e-9) {
		t.Errorf("%v orders, want 1.5 of each of 3.72 purchases", orders)
	}
	rest := int64(math.RoundToEven(0.1 * 45 / delta * 1e4))
	for _, m := range f.horizon.months {
		rest -= units(t, f.find(t, cohort.All, ByCohort, Existing, calendar.Date(2023, 12, 1), m.Start).line.discounted)
	}
	last := f.find(t, cohort.All, ByCohort, Existing, calendar.Date(2023, 12, 1), 0)
	wantAmount(t, "rest of the lifetime value", last.line.discounted, rest)
	if _, ok := last.line.net.Get(); ok || !strings.Contains(last.Warning, lifetimeInfinite) {
		t.Errorf("undiscounted %v, warning %q", last.line.net, last.Warning)
	}
	// Of those to come: November and December brought one customer each, with a
	// first purchase of 50 on average, so each month brings one and 45.
	next := f.find(t, cohort.All, ByCohort, Future, calendar.Date(2024, 1, 1), calendar.Date(2024, 1, 1))
	wantNear(t, "acquired", next.line.acquired, 1, 1e-15)
	wantNear(t, "purchases in the month of the first", next.line.purchases, 1+15.5/10, 1e-9)
	wantAmount(t, "net revenue", next.line.net, 45_0000+69_7500)
	if !strings.Contains(next.Warning, noAcquisitionError) || next.band != (band{}) {
		t.Errorf("warning %q, interval %v", next.Warning, next.band)
	}
}

// find returns the row of a month, or what follows the last (month 0), of a
// cohort or of all (cohort 0).
func (f *Forecast) find(t *testing.T, d cohort.Dimension, g Grain, v Vintage, first, month calendar.Day) Row {
	t.Helper()
	for _, r := range f.rows() {
		own, _ := r.Cohort.Get()
		at := calendar.Day(0)
		if r.Month != nil {
			at = r.Month.Start
		}
		if r.Dimension == d && r.Grain == g && r.Vintage == v && own == first && at == month {
			return r
		}
	}
	t.Fatalf("no row of %v %v %v %v %v", d, Grains[g].Name, Vintages[v].Name, first, month)
	return Row{}
}

func wantNear(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !near(got, want, tolerance) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func wantAmount(t *testing.T, what string, got amount, want int64) {
	t.Helper()
	if units, ok := got.Get(); !ok || units != want {
		t.Errorf("%s: %v, want %d", what, got, want)
	}
}

func units(t *testing.T, a amount) int64 {
	t.Helper()
	v, ok := a.Get()
	if !ok {
		t.Fatal("an amount is null")
	}
	return v
}

// randomWorld is a base of random people and models: with and without a model of
// spend, standard errors, contribution, a discount rate and a plan.
func randomWorld(seed uint64) *world {
	random := rand.New(rand.NewPCG(seed, 5))
	c := choices{
		asOf: calendar.Date(2023, 1+random.IntN(12), 1+random.IntN(28)), factors: factorsOf(0.5+random.Float64(), 30),
		discountRate: 0.2 * random.Float64(), hasContribution: random.IntN(2) == 0,
		purchases: fitOf(models.MBGNBD, 0.05, truthMBG.R, truthMBG.Alpha, 0.5+2*random.Float64(), truthMBG.B),
	}
	if random.IntN(2) == 0 {
		c.spend = fitOf(models.GammaGamma, 0, truthSpend.P, 1.5+3*random.Float64(), truthSpend.Gamma)
	}
	if random.IntN(2) == 0 {
		c.plan = []Planned{{calendar.Date(2024, 2, 1), 5}, {calendar.Date(2024, 3, 1), 0}}
	}
	people := make([]person, 1+random.IntN(400))
	for i := range people {
		p := person{x: int32(random.IntN(4) * random.IntN(4)), firstValue: 1 + random.Int64N(100_0000)}
		p.first = c.asOf - calendar.Day(random.IntN(900))
		if p.last = p.first; p.x > 0 {
			p.last += calendar.Day(random.IntN(int(c.asOf-p.first) + 1))
			p.repeatValue = random.Int64N(200_0000)
		}
		p.attributes = [2]int32{int32(random.IntN(3)), int32(random.IntN(2))}
		people[i] = p
	}
	return newWorld(c, people)
}

// Money adds up to the last unit: cohorts to their vintage, vintages to the
// total, the values of each split to the whole base; and over months and what
// follows to the customers' residual values. Nothing is beyond its bounds.
func TestMoneyAddsUpExactly(t *testing.T) {
	for seed := range uint64(6) {
		w := randomWorld(seed)
		f := w.forecast(1, nil)
		checkTable(f)
		rows := f.rows()
		parts, wholes := laws{}, laws{}
		for i := range rows {
			checkRow(t, &rows[i])
			rows[i].enterLaws(parts, wholes)
		}
		for of, residual := range w.residuals() {
			wholes.add("residual of "+of, numeric.Known(residual))
		}
		for law, sum := range parts {
			if sum != wholes[law] {
				t.Fatalf("seed %d: %s adds up to %v, want %v", seed, law, sum, wholes[law])
			}
		}
		if len(parts) != len(wholes) {
			t.Fatalf("%d sums of parts, %d wholes", len(parts), len(wholes))
		}
	}
}

// laws are sums by what they are of; null where a part is.
type laws map[string]amount

func (l laws) add(law string, a amount) {
	sum, ok := l[law]
	if !ok {
		sum = numeric.Known(int64(0))
	}
	l[law] = plus(sum, a)
}

// enterLaws enters a row where it is a part, and where it is a whole.
func (r *Row) enterLaws(parts, wholes laws) {
	at := "what follows"
	if r.Month != nil {
		at = r.Month.Start.String()
	}
	first, _ := r.Cohort.Get()
	isAll, isExisting := r.Dimension == cohort.All, r.Vintage == Existing
	for n, field := range r.line.fields() {
		month := fmt.Sprint(" ", at, " amount ", n)
		switch {
		case r.Grain == ByCohort && isAll:
			parts.add(fmt.Sprint("vintage ", r.Vintage, month), *field)
			if isExisting {
				wholes.add(fmt.Sprint("first_one ", first, month), *field)
				wholes.add(fmt.Sprint("first_two ", first, month), *field)
			}
		case r.Grain == ByCohort:
			parts.add(fmt.Sprint(r.Dimension.Name, " ", first, month), *field)
		case r.Grain == ByVintage && isAll:
			wholes.add(fmt.Sprint("vintage ", r.Vintage, month), *field)
			parts.add("total"+month, *field)
		case r.Grain == InTotal:
			wholes.add("total"+month, *field)
		}
	}
	if r.Grain == ByCohort && isExisting {
		parts.add(fmt.Sprint("residual of ", r.Dimension, first), r.line.discounted)
	}
}

// residuals returns the residual values of the people by part and cohort, added
// up from what each is worth.
func (w *world) residuals() map[string]int64 {
	sums := map[string]int64{}
	c := customersOf(w.people)
	found := w.valuation.Values(nil, c, w.frame.AsOf)
	for i, p := range w.people {
		prospect, _ := w.valuation.Prospect(&found[i], c, i, w.frame.AsOf)
		residual, _ := prospect.Residual.Get()
		first := calendar.Calendar{}.Start(calendar.ByMonth, calendar.Calendar{}.Index(calendar.ByMonth, p.first))
		for _, d := range []cohort.Dimension{cohort.All, {Name: "first_one", Value: values[p.attributes[0]]}, {Name: "first_two", Value: values[p.attributes[1]]}} {
			sums[fmt.Sprint(d, first)] += residual
		}
	}
	return sums
}

// checkRow fails the test where a number of a row is beyond its bounds.
func checkRow(t *testing.T, r *Row) {
	t.Helper()
	low, hasBand := r.band.low.Get()
	middle, _ := r.band.middle.Get()
	high, _ := r.band.high.Get()
	if hasBand && !(0 <= low && low <= middle && middle <= high) {
		t.Fatalf("interval %d %d %d", low, middle, high)
	}
	if r.Month == nil {
		return
	}
	l := r.line
	for _, v := range []float64{l.purchases, l.active, l.acquired, l.value, l.process, l.parameter} {
		if !(v >= 0) || math.IsInf(v, 0) {
			t.Fatalf("%+v", *l)
		}
	}
	if l.active > l.purchases*(1+1e-9) || l.acquired > l.active {
		t.Fatalf("%v acquired, %v active, %v purchases", l.acquired, l.active, l.purchases)
	}
}

// The bytes of the table are the same however the customers are dealt to
// workers, and however many of these there are.
func TestForecastDoesNotDependOnWorkers(t *testing.T) {
	concurrently := func(n int, task func(i int)) {
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() { task(i) })
		}
		all.Wait()
	}
	for seed := range uint64(3) {
		w := randomWorld(seed)
		want := CohortForecasts.Record(w.forecast(1, nil).rows())
		defer want.Release()
		for _, parts := range []int{2, 16} {
			got := CohortForecasts.Record(w.forecast(parts, concurrently).rows())
			defer got.Release()
			if !array.RecordEqual(got, want) {
				t.Fatalf("seed %d: %d parts make another table", seed, parts)
			}
		}
	}
}

// checkTable makes the table, which panics where a number is not finite.
func checkTable(f *Forecast) { CohortForecasts.Record(f.rows()).Release() }

// Without a model, and of nobody, there are no rows; of one customer there are
// those of one cohort, its vintage and the total.
func TestForecastOfFew(t *testing.T) {
	asOf := calendar.Date(2023, 12, 31)
	c := choices{asOf: asOf, factors: factorsOf(1, 20), purchases: fitOf(models.MBGNBD, 0.1, .8, 48, .9, 2.2)}
	if rows := newWorld(c, nil).forecast(1, nil).rows(); len(rows) != 0 {
		t.Errorf("of nobody: %d rows", len(rows))
	}
	one := []person{{first: asOf, last: asOf, firstValue: 1}}
	if rows := newWorld(choices{asOf: asOf}, one).forecast(1, nil).rows(); len(rows) != 0 {
		t.Errorf("without a model: %d rows", len(rows))
	}
	f := newWorld(c, one).forecast(1, nil)
	if got := f.Parts(); got != 3 {
		t.Errorf("%d parts, want the whole base and a value of each split", got)
	}
	if got := units(t, f.find(t, cohort.All, ByCohort, Existing, calendar.Date(2023, 12, 1), calendar.Date(2024, 1, 1)).line.net); got <= 0 {
		t.Errorf("net revenue %d", got)
	}
	checkTable(f)
}

// Without discount the lifetime value of a base with a ≤ 1 is infinite: what
// follows the months is null, and the months are worth what they bring.
func TestLifetimeWithoutDiscountIsNull(t *testing.T) {
	asOf := calendar.Date(2023, 12, 15)
	w := newWorld(choices{asOf: asOf, factors: factorsOf(1, 20), purchases: fitOf(models.MBGNBD, 0.1, .8, 48, .9, 2.2)},
		[]person{{first: asOf - 20, last: asOf - 20, firstValue: 1}})
	f := w.forecast(1, nil)
	last := f.find(t, cohort.All, InTotal, AllVintages, 0, 0)
	if last.line.discounted != (amount{}) || last.line.net != (amount{}) || !strings.Contains(last.Warning, lifetimeInfinite) {
		t.Errorf("%v %v %q", last.line.discounted, last.line.net, last.Warning)
	}
	month := f.find(t, cohort.All, InTotal, AllVintages, 0, calendar.Date(2024, 1, 1))
	if month.line.discounted != month.line.net || month.line.net == (amount{}) {
		t.Errorf("%v is worth %v", month.line.net, month.line.discounted)
	}
	if running := f.find(t, cohort.All, ByVintage, Existing, 0, calendar.Date(2023, 12, 1)); running.Month.Ahead != 0 || running.Month.Days() != 16 {
		t.Errorf("what is left of the month: %+v", running.Month)
	}
	checkTable(f)
}

// The months of a forecast expect what the model does: interpolated between ages
// or not, their sum over three years is At's expectation, to 1e-8.
func TestDemandIsTheModels(t *testing.T) {
	h := horizon{months: Months(calendar.Date(2023, 12, 31), DefaultMonths), daysPerUnit: 7}
	var ages []int32
	for T := int32(0); T < 3000; T += 10 {
		ages = append(ages, T)
	}
	d, end := newDemand(DefaultMonths), h.months[DefaultMonths-1].To/7
	for _, m := range []models.Geometric{
		{Family: models.MBGNBD, R: .525, Alpha: 6.183, A: .891, B: 1.614},
		{Family: models.BGNBD, R: .243, Alpha: 4.414, A: .793, B: 2.426},
		{Family: models.NBD, R: .385, Alpha: 12.07},
	} {
		for _, x := range []int32{0, 3, 200} {
			interpolated, direct := h.byAge(m, x, 0, ages), h.byAge(m, x, 0, ages[:2])
			for _, T := range []int32{0, 10, 1230, 2990} {
				now := m.Futures(float64(x), 0)(float64(T) / 7)
				for _, at := range []func(int32, demand){interpolated, direct} {
					at(T, d)
					if got, want := total(d.purchases[:DefaultMonths]), now.Expected(end); !near(got, want, 1e-8) {
						t.Errorf("%+v x %d T %d: %v purchases, want %v", m, x, T, got, want)
					}
					if got, want := d.active[5], now.Retained(h.months[5].From/7, h.months[5].To/7); !near(got, want, 1e-8) {
						t.Errorf("%+v x %d T %d: active %v, want %v", m, x, T, got, want)
					}
				}
			}
		}
	}
}

// Of the first month the square is that of the model's probabilities: exact for
// an exponential rate without dropout, and within 3 % in these shops.
func TestSecondMomentIsThatOfTheModel(t *testing.T) {
	for _, c := range []struct {
		model     models.Geometric
		tolerance float64
	}{
		{models.Geometric{Family: models.NBD, R: 1, Alpha: 60}, 1e-9},
		{models.Geometric{Family: models.MBGNBD, R: 3, Alpha: 60, A: .9, B: 2.2}, 0.03},
		{models.Geometric{Family: models.MBGNBD, R: .3, Alpha: 20, A: .9, B: 2.2}, 0.03},
	} {
		now := c.model.Futures(0, 0)(30)
		pmf := make([]float64, 400)
		now.PMF(31, pmf)
		want := 0.0
		for n, p := range pmf {
			want += float64(n*n) * p
		}
		if got := secondMoment(now.Expected(31), now.Retained(0, 31)); !near(got, want, c.tolerance) {
			t.Errorf("%+v: %v, want %v", c.model, got, want)
		}
	}
}

// The uncertainty of parameters is carried to sums by a sample: of a base of one
// kind of customer it is the model's own.
func TestParametersMoveSumsAsTheyMoveTheModel(t *testing.T) {
	fit := fitOf(models.MBGNBD, 0.1, .8, 48, .9, 2.2)
	asOf := calendar.Date(2023, 12, 31)
	people := make([]person, 300)
	for i := range people {
		people[i] = person{first: asOf - 200, last: asOf - 100, x: 2, firstValue: 1, repeatValue: 1}
	}
	w := newWorld(choices{asOf: asOf, purchases: fit, factors: factorsOf(1, 20)}, people)
	f := w.forecast(1, nil)
	got := f.find(t, cohort.All, ByVintage, Existing, 0, calendar.Date(2024, 1, 1)).line
	want := fit.ParameterVariance(func(m models.Purchases) float64 { return models.At(m, 2, 100, 200).Expected(31) })
	wantNear(t, "variance of the logarithm", (got.parameter/got.value)*(got.parameter/got.value), want, 1e-9)
}

// Of a total the interval is that of its own variance: two cohorts of equal
// chance are less uncertain together than apart, equally uncertain parameters
// are not; how many will come adds to it.
func TestVariancesOfSums(t *testing.T) {
	one := variances{parameter: 3, process: 16}
	var both variances
	both.add(&one)
	both.add(&one)
	if both.parameter != 6 || both.process != 32 {
		t.Errorf("%+v", both)
	}
	a := acquisition{isPlanned: []bool{false}, relative: 0.04, errors: leastErrors}
	future := variances{worth: []float64{100}}
	b := future.interval(100, 0, &a)
	for _, c := range []struct {
		got amount
		q   float64
	}{{b.low, 0.1}, {b.middle, 0.5}, {b.high, 0.9}} {
		if v, _ := c.got.Get(); !near(float64(v), models.SumQuantile(100, 400, c.q)*1e4, 1e-6) {
			t.Errorf("quantile %v: %d", c.q, v)
		}
	}
	if b := one.interval(-5, 0, &a); b != (band{}) {
		t.Errorf("of a negative mean: %v", b)
	}
	if b := (&variances{}).interval(0, 0, &a); b.high != numeric.Known(int64(0)) {
		t.Errorf("of nothing: %v", b)
	}
}
