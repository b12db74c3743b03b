package models

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

func TestVarianceIsThatOfThePoissonMixture(t *testing.T) {
	// An NBD has variance r·z(1+z) with z = h/alpha: the negative binomial by hand.
	m := Geometric{Family: NBD, R: 0.4, Alpha: 12}
	x, T, h := 3, 30.0, 52.0
	r, z := m.R+float64(x), h/(m.Alpha+T)
	wantClose(t, "variance", At(m, x, 20, T).Variance(h), r*z*(1+z), 1e-6)
	// Who is certainly gone varies by nothing.
	if got := At(publishedMBG, 400, 1, 300).Variance(h); got != 0 {
		t.Errorf("variance of a customer who is gone = %g, want 0", got)
	}
}

// discountedPurchases simulates what is counted of a customer alive now with
// rates and dropout as given, each purchase discounted.
func discountedPurchases(random *rand.Rand, f future, delta, h float64) float64 {
	rate := distuv.Gamma{Alpha: f.r, Beta: f.alpha, Src: random}.Rand()
	leaves := distuv.Beta{Alpha: f.a, Beta: f.b, Src: random}.Rand()
	sum := 0.0
	for u := random.ExpFloat64() / rate; u < h && delta*u < forever; u += random.ExpFloat64() / rate {
		sum += math.Exp(-delta * u)
		if random.Float64() < leaves {
			break
		}
	}
	return sum
}

func TestDiscountedVarianceIsThatOfSimulatedCustomers(t *testing.T) {
	// 20,000 customers each, PCG seed 1: the standard deviation is known to about
	// 1 %. What is claimed of the approximation is 6 %, with that for chance.
	random := rand.New(rand.NewPCG(1, 1))
	const week = 7 / 365.25
	for _, c := range []struct {
		x       int
		tx, T   float64
		perYear float64
		h       float64
	}{
		{0, 0, 39, 0.1, math.Inf(1)}, {2, 30, 39, 0.1, math.Inf(1)}, {7, 20, 20, 0.3, math.Inf(1)}, {26, 30, 31, 0.1, math.Inf(1)},
		{0, 0, 4, 0.3, math.Inf(1)}, {2, 30, 39, 0.3, 52}, {7, 20, 20, 0.1, 520},
	} {
		delta := math.Log1p(c.perYear) * week
		f := publishedMBG.after(c.x, c.T)
		alive := publishedMBG.ProbabilityAlive(c.x, c.tx, c.T)
		const customers = 20_000
		sum, square := 0.0, 0.0
		for range customers {
			if random.Float64() < alive {
				d := discountedPurchases(random, f, delta, c.h)
				sum, square = sum+d, square+d*d
			}
		}
		want := math.Sqrt(square/customers - sum/customers*sum/customers)
		got := math.Sqrt(At(publishedMBG, c.x, c.tx, c.T).DiscountedVariance(delta, c.h))
		if relative(got, want) > 0.07 {
			t.Errorf("x=%d T=%g, %g a year within %g: standard deviation %.3f, simulated %.3f", c.x, c.T, c.perYear, c.h, got, want)
		}
	}
}

func TestSumIntervalIsThatOfTheGammaDistribution(t *testing.T) {
	// scipy 1.17.1: gamma.ppf([.1, .9], mean²/variance, scale=variance/mean). The
	// last is taken for a normal distribution, which is good to 1e-7 there.
	for _, c := range []struct{ mean, parameter, process, widening, low, high float64 }{
		{100, 0.01, 0, 0, 87.4176365, 113.01052386},
		{100, 0, 2500, 0, 43.61923907, 167.01957671},
		{100, 0.02, 100, 0.3, 58.96049913, 146.16453183},
		{2e6, 1e-7, 0, 0, 1999189.51845981, 2000810.56719011},
	} {
		low, high := SumInterval(c.mean, c.parameter, c.process, c.widening)
		wantClose(t, "low", low, c.low, 1e-7)
		wantClose(t, "high", high, c.high, 1e-7)
	}
	if low, high := SumInterval(7, 0, 0, 0); low != 7 || high != 7 {
		t.Errorf("without a spread the interval is (%g, %g), want (7, 7)", low, high)
	}
	if low, high := SumInterval(0, 1, 1, 1); low != 0 || high != 0 {
		t.Errorf("of nothing the interval is (%g, %g), want (0, 0)", low, high)
	}
}
