package models

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Variance returns the variance of the number of purchases in (T, T+h], h finite:
// what is left to chance once the parameters are known. 0 where P(alive) is 0.
//
//	E[X²] − E[X]²,   both from the probabilities of PMF
//
// Customers of different cells are independent given the parameters, so the
// variances of a sum over customers add up.
func (c Customer) Variance(h float64) float64 {
	return c.spread(h, 1, c.Expected(h))
}

// DiscountedVariance returns the variance of the purchases in (T, T+h], each
// discounted to T at the continuous rate delta ≥ 0 per unit of time; delta and h
// are not 0 and +Inf at once.
//
//	Var(c·X(H)),   H = (1 − e^(−δh))/δ,   c = E[discounted purchases] / E[X(H)]
//
// It is an approximation: purchases are counted in the time H that h is worth
// today, and each counts as one discounted purchase on average. Exact for δ = 0.
// Its square root is within 6 % of what simulated customers give, new and old,
// for rates of 10 % and 30 % a year without end (TestDiscountedVariance…).
func (c Customer) DiscountedVariance(delta, h float64) float64 {
	worth := presentTime(delta, h)
	expected, discounted := c.Expected(worth), c.Discounted(delta, h)
	if !(expected > 0) {
		return 0
	}
	return c.spread(worth, discounted/expected, discounted)
}

// presentTime returns the time that h is worth today at a rate of discount:
// ∫₀^h e^(−δu) du.
func presentTime(delta, h float64) float64 {
	if delta == 0 {
		return h
	}
	return -math.Expm1(-delta*h) / delta
}

// spread returns the variance of c·X(h) around a mean.
func (c Customer) spread(h, each, mean float64) float64 {
	square := c.mean(func(f Future) float64 { return MeanSquare(f, h) })
	return max(0, each*each*square-mean*mean)
}

// MeanSquare returns E[X(h)²] of who is alive now, h finite.
//
// The probabilities are summed until what is left of them is leastTail, which
// bounds the relative error by some 1e-6: their tails fall geometrically.
func MeanSquare(f Future, h float64) float64 {
	square := 0.0
	for n, p := range distribution(f, h, leastTail) {
		square += float64(n) * float64(n) * p
	}
	return square
}

// leastTail is the probability of the purchases that moments may leave out.
const leastTail = 1e-10

// SumInterval returns the interval of IntervalLevel for a sum of independent
// amounts of many customers, of a mean ≥ 0.
//
//	the quantiles (1 ∓ level)/2 of the gamma distribution of this mean and of the
//	variance  mean²·(parameterVariance + widening²) + processVariance
//
// parameterVariance is that of the logarithm of the mean, as of
// Fit.ParameterVariance; processVariance that of the sum at known parameters, the
// sum of the customers' own; widening a relative standard deviation of Widening, 0
// for none. All are finite and ≥ 0. They vary independently, and a gamma distribution
// is the simplest that is positive and as good as normal where the
// spread is small. The interval is (mean, mean) where the variance is 0.
func SumInterval(mean, parameterVariance, processVariance, widening float64) (low, high float64) {
	variance := mean*mean*(parameterVariance+widening*widening) + processVariance
	return SumQuantile(mean, variance, (1-IntervalLevel)/2), SumQuantile(mean, variance, (1+IntervalLevel)/2)
}

// SumQuantile returns the quantile q, 0 < q < 1, of the gamma distribution of a
// mean ≥ 0 and a finite variance ≥ 0; the mean where either is 0.
func SumQuantile(mean, variance, q float64) float64 {
	if !(mean > 0) || !(variance > 0) {
		return mean
	}
	shape := mean * mean / variance
	if shape > nearlyNormal {
		return mean + math.Sqrt(variance)*distuv.UnitNormal.Quantile(q)
	}
	return numeric.GammaQuantile(shape, q) * (variance / mean)
}

// nearlyNormal is the shape from which a gamma distribution's quantiles are those
// of the normal one to 1e-6 of the mean, a thousandth of the standard deviation.
const nearlyNormal = 1e6
