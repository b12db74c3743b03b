package models

import "math"

// Quantile returns the least n of which P(X(T, T+h] ≤ n) is at least q, 0 < q < 1,
// for a finite h.
func (c Customer) Quantile(h, q float64) int {
	for length := 16; ; length *= 4 {
		pmf := make([]float64, length)
		c.PMF(h, pmf)
		sum := 0.0
		for n, p := range pmf {
			if sum += p; sum >= q {
				return n
			}
		}
		if length > mostPurchases {
			return length
		}
	}
}

// mostPurchases bounds the search for a quantile: nobody buys as often.
const mostPurchases = 1 << 20

// ParameterVariance returns the variance of the logarithm of value(model) that
// is due to the uncertainty of the fit's parameters, to first order.
//
//	∇ᵀ·Σ·∇,  ∇ the derivatives of ln value by the logarithms of the parameters
//
// by central differences of a hundredth. Null in the sense of 0: 0 without a
// covariance, as at a bound, and where value is not positive. Known as the delta
// method.
func (f Fit) ParameterVariance(value func(m Purchases) float64) float64 {
	return f.ParameterVariances(1, func(m Purchases, values []float64) { values[0] = value(m) })[0]
}

// ParameterVariances returns the same of n values, which fill computes of a
// model all at once.
func (f Fit) ParameterVariances(n int, fill func(m Purchases, values []float64)) []float64 {
	const step = 0.01
	dim := len(f.Covariance)
	gradients, isKnown := make([][]float64, n), make([]bool, n)
	for v := range gradients {
		gradients[v], isKnown[v] = make([]float64, dim), true
	}
	up, down := make([]float64, n), make([]float64, n)
	for i := range dim {
		fill(f.moved(i, step), up)
		fill(f.moved(i, -step), down)
		for v := range gradients {
			isKnown[v] = isKnown[v] && up[v] > 0 && down[v] > 0 && !math.IsInf(up[v], 1) && !math.IsInf(down[v], 1)
			gradients[v][i] = math.Log(up[v]/down[v]) / (2 * step)
		}
	}
	variances := make([]float64, n)
	for v, gradient := range gradients {
		if isKnown[v] {
			variances[v] = f.quadratic(gradient)
		}
	}
	return variances
}

// quadratic returns ∇ᵀ·Σ·∇.
func (f Fit) quadratic(gradient []float64) float64 {
	sum := 0.0
	for i, own := range gradient {
		for j, other := range gradient {
			sum += own * f.Covariance[i][j] * other
		}
	}
	return sum
}

// moved returns the model with the logarithm of a parameter moved by a step.
func (f Fit) moved(parameter int, step float64) Purchases {
	values := make([]float64, len(f.Parameters))
	for i, p := range f.Parameters {
		values[i] = p.Estimate
	}
	values[parameter] *= math.Exp(step)
	return familyOf(f.Family).make(values)
}

// Widening is how intervals are widened by what they covered in backtests. The
// zero value is not one: start from NoWidening.
type Widening struct {
	// Level is the nominal level at which the intervals of customers are taken so
	// that they cover as many as they claim.
	Level float64
	// Cohort and Total multiply the standard deviations of sums over a cohort and
	// over all customers, ≥ 1.
	Cohort, Total float64
}

// IntervalLevel is the level that intervals claim: from p10 to p90.
const IntervalLevel = 0.8

// NoWidening widens nothing: where there is no backtest.
func NoWidening() Widening { return Widening{Level: IntervalLevel, Cohort: 1, Total: 1} }
