package numeric

import "math"

const (
	// fractionFrom is the w from which the continued fraction of TricomiU needs
	// fewer operations than the quadrature.
	fractionFrom = 1
	// fractionFromPower: for such r the fraction is short at every w.
	fractionFromPower = 12
	// fractionTerms bounds the fraction: at w = fractionFrom it needs about 70.
	fractionTerms = 1000
	// negligible is where e^−x is below half a unit in the last place.
	negligible = 40
)

// TricomiU returns Tricomi's confluent hypergeometric function U(1, 1−r, w),
// which is what discounting at a constant rate makes of a rate of purchases
// that falls as a power of time.
//
//	U(1, 1−r, w) = ∫₀^∞ e^(−wu)·(1+u)^(−r−1) du = e^w·w^r·Γ(−r, w)
//
// r > 0, w ≥ 0; at w = 0 it is 1/r. Source: Abramowitz & Stegun 13.2.5; the
// continued fraction is Legendre's for the incomplete gamma function,
// Abramowitz & Stegun 6.5.31, by Lentz' method. The integrand is positive and
// has no singularity at whole r, where the usual sum of two confluent series
// has one. Agrees with 40-digit values to 1e-13 relative over r in 0.01..2000,
// w in 1e-8..1e8 (TestTricomiUAgreesWithHighPrecision).
func TricomiU(r, w float64) float64 {
	switch {
	case w == 0:
		return 1 / r
	case w >= fractionFrom || r >= fractionFromPower:
		return tricomiFraction(r, w)
	default:
		return tricomiIntegral(r, w)
	}
}

// tricomiFraction is 1/(w+r+1 − 1(r+1)/(w+r+3 − 2(r+2)/(w+r+5 − …))).
func tricomiFraction(r, w float64) float64 {
	denominator := w + r + 1
	d := 1 / denominator
	value, c := d, math.Inf(1)
	for k := 1.0; k <= fractionTerms; k++ {
		numerator := -k * (r + k)
		denominator += 2
		d = 1 / (denominator + numerator*d)
		c = denominator + numerator/c
		step := c * d
		value *= step
		if math.Abs(step-1) < 1e-16 {
			break
		}
	}
	return value
}

// growth is e^s − 1 at the nodes of a panel of width 1.
var growth = func() (g [panelNodes]float64) {
	for i, s := range legendrePanel.Nodes {
		g[i] = math.Expm1(s)
	}
	return g
}()

// tricomiIntegral is the integral with 1 + u = e^s, up to where the integrand
// has fallen to e^−40, in panels of width 1, on each of which it falls by no
// more than e^−16 where it still counts.
func tricomiIntegral(r, w float64) float64 {
	end := min(negligible/r, math.Log1p(negligible/w))
	total := 0.0
	for left := 0.0; left < end; left++ {
		start, base := math.Exp(left), math.Expm1(left)
		for i, node := range legendrePanel.Nodes {
			u := base + start*growth[i]
			total += legendrePanel.Weights[i] * math.Exp(-w*u-r*(left+node))
		}
	}
	return total
}
