package models

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

var forEver = math.Inf(1)

// lawCells are customers of every kind: new, one-time, active, silent, huge.
var lawCells = []struct {
	x     int
	tx, T float64
}{
	{0, 0, 0}, {0, 0, 1.0 / 7}, {0, 0, 39}, {0, 0, 2000}, {1, 0.1, 39}, {1, 39, 39}, {2, 30.4, 38.9}, {26, 30.9, 31},
	{60, 100, 104}, {300, 100, 104}, {1500, 104, 104}, {1500, 1, 104}, {20000, 3000, 3000}, {20000, 10, 3000},
}

// lawModels span dropout from none to nearly certain and rates from spread to equal.
var lawModels = []Geometric{
	publishedBG, publishedMBG,
	{Family: NBD, R: 0.385, Alpha: 12.07},
	{BGNBD, 0.11, 2.24, 0.31, 0.5}, {BGNBD, 1, 5, 1, 1}, {MBGNBD, 1, 5, 1, 3}, {MBGNBD, 2, 20, 1e-6, 1},
	{MBGNBD, 3, 20, 1e5, 4e5}, {BGNBD, 1e6, 3e6, 0.8, 2.4}, {MBGNBD, 1e-3, 0.1, 15, 0.1},
}

func TestPredictionsAreNumbersAndRiseWithTheHorizon(t *testing.T) {
	horizons := []float64{0, 1e-3, 1.0 / 7, 1, 13, 52, 520, 5000, forEver}
	for _, m := range lawModels {
		for _, c := range lawCells {
			alive := m.ProbabilityAlive(c.x, c.tx, c.T)
			if !(alive >= 0 && alive <= 1) {
				t.Errorf("%+v %+v: P(alive) = %v", m, c, alive)
			}
			expected, discounted, probability := 0.0, 0.0, 0.0
			for _, h := range horizons {
				e, d := m.Expected(c.x, c.tx, c.T, h), m.Discounted(c.x, c.tx, c.T, 0.0018, h)
				p := m.ProbabilityOfPurchase(c.x, c.tx, c.T, h)
				// 1e-11 is the accuracy of the quadratures, which differ by horizon.
				const rounding = 1e-11
				if !(e >= expected*(1-rounding)) || !(d >= discounted*(1-rounding)) || !(p >= probability) {
					t.Errorf("%+v %+v horizon %v: expected %v after %v, discounted %v after %v, probability %v after %v",
						m, c, h, e, expected, d, discounted, p, probability)
				}
				if !(d <= e*(1+rounding)) || !(p <= e*(1+rounding)) || !(p <= alive) || math.IsInf(d, 0) {
					t.Errorf("%+v %+v horizon %v: discounted %v, expected %v, probability %v, P(alive) %v", m, c, h, d, e, p, alive)
				}
				expected, discounted, probability = e, d, p
			}
		}
	}
}

func TestCustomerWhoIsCertainlyGoneHasZerosNotNaN(t *testing.T) {
	// The odds of being alive are about ((4.4+10)/(4.4+3000))^20000: e^−100000.
	for _, h := range []float64{52, forEver} {
		if alive, e := publishedBG.ProbabilityAlive(20000, 10, 3000), publishedBG.Expected(20000, 10, 3000, h); alive != 0 || e != 0 {
			t.Errorf("horizon %v: P(alive) = %v, expected = %v, want 0, 0", h, alive, e)
		}
	}
}

func TestOneTimeBuyerFadesInMBGAndNeverInBG(t *testing.T) {
	before := 1.0
	for age := 0.0; age < 500; age += 7 {
		alive := publishedMBG.ProbabilityAlive(0, 0, age)
		if !(alive < before) {
			t.Errorf("mbg_nbd at age %v: P(alive) = %v after %v, want less", age, alive, before)
		}
		before = alive
		if alive := publishedBG.ProbabilityAlive(0, 0, age); alive != 1 {
			t.Errorf("bg_nbd at age %v: P(alive) = %v, want 1", age, alive)
		}
	}
}

func TestDiscountedBecomesUndiscountedAsTheRateVanishes(t *testing.T) {
	for _, m := range lawModels {
		for _, h := range []float64{1.0 / 7, 52, 5000} {
			want := m.Expected(7, 30, 39, h)
			// e^(−δh) differs from 1 by at most 1e-12·5000.
			wantClose(t, string(m.Family), m.Discounted(7, 30, 39, 1e-12, h), want, 1e-8)
			if got := m.Discounted(7, 30, 39, 0, h); got != want {
				t.Errorf("%+v horizon %v: at no discount %v, want %v", m, h, got, want)
			}
		}
	}
}

func TestUndiscountedLifetimeIsFiniteOnlyWhereDropoutIsFrequent(t *testing.T) {
	// By hand: E[1/p] of Beta(a, b) is (a+b−1)/(a−1) for a > 1.
	m := Geometric{BGNBD, 10, 3, 3, 5}
	if got := m.Expected(0, 0, 10, forEver); got != 3.5 {
		t.Errorf("a = 3, b = 5: %v purchases without end, want 7/2", got)
	}
	// 1e9 weeks with a = 3 are without end to (1e8)^−2.
	wantClose(t, "a very long horizon", m.Expected(0, 0, 10, 1e9), 3.5, 1e-9)
	for _, m := range []Geometric{publishedBG, publishedMBG, {BGNBD, 1, 1, 1, 1}, {Family: NBD, R: 1, Alpha: 1}} {
		if got := m.Expected(2, 30, 39, forEver); !math.IsInf(got, 1) {
			t.Errorf("%+v: %v purchases without end, want +Inf", m, got)
		}
	}
}

func TestNBDHasItsClosedForms(t *testing.T) {
	m := Geometric{Family: NBD, R: 0.5, Alpha: 11}
	// By hand: (r+x)/(α+T)·h = 2.5/50·10 and 2.5/50·(1−e^(−0.1·10))/0.1.
	wantClose(t, "expected", m.Expected(2, 30, 39, 10), 0.5, 1e-15)
	wantClose(t, "discounted", m.Discounted(2, 30, 39, 0.1, 10), 0.5*(1-math.Exp(-1)), 1e-15)
	wantClose(t, "discounted for ever", m.Discounted(2, 30, 39, 0.1, forEver), 0.5, 1e-15)
	wantClose(t, "any purchase", m.ProbabilityOfPurchase(2, 30, 39, 10), 1-math.Pow(50.0/60, 2.5), 1e-14)
	if got := m.ProbabilityAlive(0, 0, 1e6); got != 1 {
		t.Errorf("P(alive) = %v, want 1", got)
	}
}

func TestNewMBGCustomerIsABGCustomerWhoSurvivedTheFirstPurchase(t *testing.T) {
	// E_MBG[X(t)] = b/(a+b)·E_BG[X(t)] at b+1.
	m := publishedMBG
	bg := Geometric{BGNBD, m.R, m.Alpha, m.A, m.B + 1}
	for _, weeks := range []float64{1, 52, 520} {
		wantClose(t, "new customer", m.ExpectedNew(weeks), m.B/(m.A+m.B)*bg.ExpectedNew(weeks), 1e-13)
	}
}

func TestProbabilityOfNoPurchaseMatchesTheLikelihoodOfNone(t *testing.T) {
	// P(X(h) = 0) of a new customer is the likelihood of x = 0 at T = h.
	for _, m := range lawModels {
		for _, h := range []float64{0.1, 10, 400} {
			none, want := 1-m.ProbabilityOfPurchase(0, 0, 0, h), math.Exp(m.LogLikelihood(0, 0, h))
			if math.Abs(none-want) > 1e-14 { // of numbers up to 1
				t.Errorf("%+v: P(no purchase in %v) = %v, likelihood of none %v", m, h, none, want)
			}
		}
	}
}

func TestLifetimeIsTheLimitOfFiniteHorizons(t *testing.T) {
	// Two different integrals, over random models and customers, seed fixed. At
	// δh = 44.9 what is left is e^−44.9; 1e-11 is the accuracy of the quadratures.
	random := rand.New(rand.NewPCG(5, 5))
	between := func(low, high float64) float64 { return low * math.Pow(high/low, random.Float64()) }
	for range 500 {
		x := math.Floor(between(0.5, 1000))
		f := future{r: between(0.05, 5) + x, alpha: between(0.5, 300), a: between(0.02, 30), b: between(0.1, 20) + x}
		delta := between(1e-4, 0.05)
		if finite, lifetime := f.discounted(delta, 44.9/delta), f.discounted(delta, forEver); relative(finite, lifetime) > 1e-11 {
			t.Errorf("%+v at δ = %v: %v until δh = 44.9, %v for ever", f, delta, finite, lifetime)
		}
	}
}

func TestPurchasesOfTheBusiestAddUp(t *testing.T) {
	// After 1500 purchases in half a year the probability of none in a year, 10^−690, is
	// below the smallest number.
	const x, age, year = 1500, 26.0, 52.0
	for _, m := range []Geometric{
		{Family: NBD, R: 0.9, Alpha: 1.6}, {Family: BGNBD, R: 0.9, Alpha: 1.6, A: 0.01, B: 5}, {Family: MBGNBD, R: 0.9, Alpha: 1.6, A: 2, B: 90},
	} {
		c := At(m, x, age, age)
		pmf := make([]float64, 1<<13)
		c.PMF(year, pmf)
		sum, mean := 0.0, 0.0
		for n, p := range pmf {
			sum, mean = sum+p, mean+float64(n)*p
		}
		wantClose(t, string(m.Family)+": sum", sum, 1, 1e-12)
		wantClose(t, string(m.Family)+": mean", mean, c.Expected(year), 1e-11)
	}
	// The NBD's is a bell: the median is a third of a purchase below the mean, or less.
	if c := At(Geometric{Family: NBD, R: 0.9, Alpha: 1.6}, x, age, age); math.Abs(float64(c.Quantile(year, 0.5))-c.Expected(year)) > 3 {
		t.Errorf("the median of %.0f purchases is %d", c.Expected(year), c.Quantile(year, 0.5))
	}
}

func TestParetoPurchasesAddUpWhereAllBuyAtOneRate(t *testing.T) {
	// Shapes without bound are the limit of one rate of buying, of dropping out, or of
	// both; the bells that are summed over do not get narrower with them.
	for _, f := range []paretoFuture{
		{r: 1e7, alpha: 4e7, s: 0.6, beta: 12}, {r: 0.5, alpha: 10, s: 1e7, beta: 4e8}, {r: 1e7, alpha: 4e7, s: 1e7, beta: 4e8}, {r: 60, alpha: 240, s: 2, beta: 30},
	} {
		for _, h := range []float64{0.1, 13, 52, 520} {
			pmf := make([]float64, 1024)
			f.PMF(h, pmf)
			sum, mean := 0.0, 0.0
			for n, p := range pmf {
				sum, mean = sum+p, mean+float64(n)*p
			}
			what := fmt.Sprintf("%+v in %v weeks: ", f, h)
			wantClose(t, what+"sum", sum, 1, 1e-10)
			wantClose(t, what+"mean", mean, f.Expected(h), 1e-9)
			few := make([]float64, 4)
			f.PMF(h, few)
			for n, p := range few {
				if math.Abs(p-pmf[n]) > 1e-10 {
					t.Errorf("%sP(%d) is %v among few, %v among many", what, n, p, pmf[n])
				}
			}
		}
	}
}
