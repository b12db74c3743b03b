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
	moved := f.Moved()
	tables := make([][]float64, len(moved))
	for i, m := range moved {
		tables[i] = make([]float64, n)
		fill(m, tables[i])
	}
	variances, values := make([]float64, n), make([]float64, len(moved))
	for v := range variances {
		for i := range tables {
			values[i] = tables[i][v]
		}
		variances[v] = f.VarianceOf(values)
	}
	return variances
}

// parameterStep is by how much the logarithms of parameters are moved.
const parameterStep = 0.01

// Moved returns what ParameterVariance looks at: the model with the logarithm of
// one parameter moved up, then down, for each parameter. Empty without a
// covariance. It and VarianceOf are for many values of which one is as costly as
// all.
func (f Fit) Moved() []Purchases {
	var moved []Purchases
	for i := range f.Covariance {
		moved = append(moved, f.moved(i, parameterStep), f.moved(i, -parameterStep))
	}
	return moved
}

// VarianceOf is ParameterVariance of a value given by those of the models of Moved.
func (f Fit) VarianceOf(values []float64) float64 {
	gradient := make([]float64, len(f.Covariance))
	for i := range gradient {
		up, down := values[2*i], values[2*i+1]
		if !(up > 0) || !(down > 0) || math.IsInf(up, 1) || math.IsInf(down, 1) {
			return 0
		}
		gradient[i] = math.Log(up/down) / (2 * parameterStep)
	}
	return f.varianceAlong(gradient)
}

// varianceAlong returns the variance of what has a gradient by the logarithms of
// the parameters, 0 without a covariance.
func (f Fit) varianceAlong(gradient []float64) float64 {
	variance := 0.0
	for i, own := range f.Covariance {
		for j, covariance := range own {
			variance += gradient[i] * covariance * gradient[j]
		}
	}
	return max(0, variance)
}

// meanError returns the standard deviation, as a share, of the expected mean
// purchase of customers with x repeat purchases that is due to the parameters of
// the model of spend. 0 without a covariance.
//
//	(q−1)/(px+q−1)·σ,   σ² = ∇ᵀ·Σ·∇,  ∇ = (1, −q/(q−1), 1)
//
// σ is that of the population's mean pγ/(q−1), and the first factor its weight in
// the expected mean of a customer.
func (f Fit) meanError(x float64) float64 {
	s, ok := f.Spend()
	if !ok {
		return 0
	}
	return (s.Q - 1) / (s.P*x + s.Q - 1) * math.Sqrt(f.varianceAlong([]float64{1, -s.Q / (s.Q - 1), 1}))
}

// SpendError returns the standard deviation, as a share, of the expected purchase
// of customers with x repeat purchases that is due to the parameters of the model
// of spend.
func (in *Intervals) SpendError(x int32) float64 {
	if int(x) < len(in.spendErrors) {
		return in.spendErrors[x]
	}
	return in.spreads.settings.Spend(int(x)).meanError(float64(x))
}

// spendOf returns the model of spend of a fit. Where it has none that may be used,
// the purchases of a customer are taken to vary as exponential ones around a mean
// that is known.
func spendOf(f Fit) Spend {
	if s, ok := f.Spend(); ok {
		return s
	}
	return Spend{P: 1, Q: largestShape, Gamma: largestShape}
}

// moved returns the model with the logarithm of a parameter moved by a step.
func (f Fit) moved(parameter int, step float64) Purchases {
	values := make([]float64, len(f.Parameters))
	for i, p := range f.Parameters {
		values[i] = p.Estimate
	}
	values[parameter] *= math.Exp(step)
	return f.model(values)
}

// Widening is how intervals are widened by what they covered in backtests. The
// zero value is not one: start from NoWidening.
type Widening struct {
	// Level is the nominal level at which the intervals of customers are taken so
	// that they cover as many as they claim.
	Level float64
	// Cohort and Total are relative standard deviations, ≥ 0, of what no model knows
	// of: seasons, prices, competitors, all that moves many customers at once. Their
	// squares are added to the relative variances of sums over a cohort and over all
	// customers.
	Cohort, Total float64
}

// IntervalLevel is the level that intervals claim: from p10 to p90.
const IntervalLevel = 0.8

// NoWidening widens nothing: where there is no backtest.
func NoWidening() Widening { return Widening{Level: IntervalLevel, Cohort: 0, Total: 0} }
