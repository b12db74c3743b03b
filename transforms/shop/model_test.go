package shop

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mathext"
)

// history is what a customer of a clean log has done.
type history struct {
	first   int // day, from 0
	repeats int
	values  []float64 // of the purchases, in order
}

// histories simulates a clean shop with a season.
func histories(t *testing.T, season [12]float64) (*Shop, []history) {
	t.Helper()
	shop := newShop(t, Settings{Customers: 40_000, Clean: true, IntegerKeys: true})
	shop.truth.Season = season
	all := make([]history, shop.settings.Customers)
	for batch := range shop.Batches(8192) {
		for _, r := range batch {
			h := &all[r.CustomerKey-1]
			if h.values == nil {
				h.first = int(r.day() - shop.settings.From)
			} else {
				h.repeats++
			}
			h.values = append(h.values, float64(r.Amount)/1e4)
		}
	}
	return shop, all
}

var seasons = map[string][12]float64{"no season": truth(true).Season, "season": season()}

// The number of purchases of the process, those of the same day included, has
// the mean that the MBG/NBD says for the customer's time, in the season's
// clock. The standard error is that of the sample.
func TestRepeatPurchasesHaveTheMeanOfTheModel(t *testing.T) {
	for name, season := range seasons {
		shop, all := histories(t, season)
		clock := newTimeline(shop.settings, shop.truth).clock
		expected := make([]float64, len(clock))
		for day := range clock {
			expected[day] = shop.truth.expectedPurchases((clock[len(clock)-1] - clock[day]) / 7)
		}
		excess, squares := float64(shop.Report().SameDay), 0.0
		for _, h := range all {
			d := float64(h.repeats) - expected[h.first]
			excess += d
			squares += d * d
		}
		if se := math.Sqrt(squares); math.Abs(excess) > 4*se {
			t.Errorf("%s: %v repeat purchases more than expected, want 0 ± 4·%v", name, excess, se)
		}
	}
}

// expectedPurchases returns E[X(t)] of the MBG/NBD, t in weeks:
//
//	b/(a+b) · ∫ (1 − (α/(α+pt))^r) / p dBeta(p; a, b+1)
func (t Truth) expectedPurchases(weeks float64) float64 {
	return t.B / (t.A + t.B) * expectedBG(t.R, t.Alpha, t.A, t.B+1, weeks)
}

// expectedBG is E[X(t)] of the BG/NBD by the midpoint rule in u = p^a, which
// takes the density's singularity at p = 0 away.
func expectedBG(r, alpha, a, b, weeks float64) float64 {
	const nodes = 1000
	sum := 0.0
	for i := range nodes {
		p := math.Pow((float64(i)+0.5)/nodes, 1/a)
		sum += -math.Expm1(-r*math.Log1p(p*weeks/alpha)) / p * math.Pow(1-p, b-1)
	}
	return sum / nodes / (a * math.Exp(mathext.Lbeta(a, b)))
}

// Origin: mpmath 1.3.0, 15 digits, the integral and the closed form with ₂F₁
// alike. The midpoint rule is good to six digits, far more than
// a simulation needs.
func TestExpectationOfTheTestItself(t *testing.T) {
	got := expectedBG(.2425945, 4.4136019, .7929199, 2.4258881, 52)
	if want := 1.44401062798; math.Abs(got-want) > 1e-5 {
		t.Errorf("E[X(52)] = %.9f, want %v", got, want)
	}
}

// P(X(t) = 0) = a/(a+b) + b/(a+b)·(α/(α+t))^r: dropout after the first
// purchase, and the purchase rates' Laplace transform, which knows r apart
// from its mean. Same-day purchases don't touch it.
func TestOneTimeBuyersAreAsManyAsTheModelSays(t *testing.T) {
	for name, season := range seasons {
		shop, all := histories(t, season)
		truth, clock := shop.truth, newTimeline(shop.settings, shop.truth).clock
		got, want, variance := 0.0, 0.0, 0.0
		for _, h := range all {
			if h.repeats == 0 {
				got++
			}
			weeks := (clock[len(clock)-1] - clock[h.first]) / 7
			p := (truth.A + truth.B*math.Pow(truth.Alpha/(truth.Alpha+weeks), truth.R)) / (truth.A + truth.B)
			want += p
			variance += p * (1 - p)
		}
		if se := math.Sqrt(variance); math.Abs(got-want) > 4*se {
			t.Errorf("%s: %v one-time buyers of %d, want %.1f ± 4·%.1f", name, got, len(all), want, se)
		}
	}
}

// Z/(Z+gamma) is Beta(p, q) for a single purchase's value Z, and two of the
// same customer share the rate ν: cov(ln Z1, ln Z2) = var(ln ν) = ψ'(q).
func TestPurchaseValuesAreGammaGamma(t *testing.T) {
	shop, all := histories(t, seasons["no season"])
	truth, n := shop.truth, float64(len(all))
	for _, value := range []float64{10, 25, 60} {
		got := 0.0
		for _, h := range all {
			if h.values[0] < value {
				got++
			}
		}
		want := mathext.RegIncBeta(truth.P, truth.Q, value/(value+truth.Gamma))
		// Rounding to cents moves the share by less than 10^-3 of it, well below the standard error.
		if se := math.Sqrt(want * (1 - want) / n); math.Abs(got/n-want) > 4*se {
			t.Errorf("share of values below %v = %.4f, want %.4f ± 4·%.4f", value, got/n, want, se)
		}
	}
	trigamma4 := math.Pi*math.Pi/6 - 1 - 1./4 - 1./9
	mean := mathext.Digamma(truth.P) - mathext.Digamma(truth.Q) + math.Log(truth.Gamma)
	sum, squares, pairs := 0.0, 0.0, 0.0
	for _, h := range all {
		if h.repeats > 0 {
			product := (math.Log(h.values[0]) - mean) * (math.Log(h.values[1]) - mean)
			sum += product
			squares += product * product
			pairs++
		}
	}
	got, se := sum/pairs, math.Sqrt(squares)/pairs
	if truth.Q != 4 || math.Abs(got-trigamma4) > 4*se {
		t.Errorf("covariance of the logs of two values = %.4f, want %.4f ± 4·%.4f", got, trigamma4, se)
	}
}

func TestSeasonGainsNothingInAYear(t *testing.T) {
	settings := Settings{}.withDefaults()
	clock := newTimeline(settings, truth(false)).clock
	// 28.25 days of February stand for 28 and 29: at most 0.75 days times a factor of which 0.15 is missing.
	for _, days := range []int{365, 365 + 366} {
		if got := clock[days-1]; math.Abs(got-float64(days)) > 0.15 {
			t.Errorf("clock after %d days = %v, want within 0.15 of it", days, got)
		}
	}
}
