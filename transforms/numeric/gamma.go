package numeric

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

const (
	// stirlingFrom is the argument from which Stirling's series with the terms
	// below is exact to the last bit: the first term left out is under 4e-16.
	stirlingFrom = 10
	// shortProduct is the longest product of a rising factorial that is taken
	// factor by factor: it has no cancellation at all and is still cheap.
	shortProduct = 32
)

// LogRising returns ln Γ(z+d) − ln Γ(z), the logarithm of the rising factorial
// z(z+1)…(z+d−1) where d is whole.
//
//	(y − ½)·log1p(d/y) + d·(ln(y+d) − 1) + S(y+d) − S(y) − Σ_{k<m} log1p(d/(z+k)),   y = z + m
//
// z > 0, d ≥ 0; S is the tail of Stirling's series, m the least number that
// takes y to 10. 0 for d = 0. Source: Abramowitz & Stegun 6.1.41 and 6.1.15. A
// difference of two log-gammas loses the digits in which they agree, all of
// them for z ≫ d; here the large terms cancel on paper. Short products are
// summed factor by factor. Agrees with 40-digit values to 1e-13 relative over
// z in 1e-6..1e9, d in 1e-3..1e6 (TestLogarithmsAgreeWithHighPrecision).
func LogRising(z, d float64) float64 {
	var s Sum
	if isShortProduct(d) {
		for k := range int(d) {
			s.Add(math.Log(z + float64(k)))
		}
		return s.Value()
	}
	for ; z < stirlingFrom; z++ {
		s.Add(-math.Log1p(d / z))
	}
	s.Add((z - 0.5) * math.Log1p(d/z))
	s.Add(d * (math.Log(z+d) - 1))
	s.Add(stirlingTail(z+d) - stirlingTail(z))
	return s.Value()
}

// isShortProduct says whether d is a small whole number.
func isShortProduct(d float64) bool { return d <= shortProduct && d == math.Trunc(d) }

// stirlingTail is ln Γ(y) − [(y−½)·ln y − y + ½·ln 2π] for y ≥ stirlingFrom,
// the series of Bernoulli numbers of Abramowitz & Stegun 6.1.41.
func stirlingTail(y float64) float64 {
	u := 1 / (y * y)
	return (1.0/12 - u*(1.0/360-u*(1.0/1260-u*(1.0/1680-u*(1.0/1188-u*(691.0/360360-u/156)))))) / y
}

// DigammaRise returns ψ(z+d) − ψ(z), the derivative of LogRising by z.
//
//	log1p(d/y) + d/(2y(y+d)) + A(y+d) − A(y) + Σ_{k<m} d/((z+k)(z+k+d)),   y = z + m
//
// z > 0, d ≥ 0; A is the tail of the asymptotic series of ψ, m as in LogRising.
// 0 for d = 0. Source: Abramowitz & Stegun 6.3.18 and 6.3.6. No term cancels
// another. (mathext.Digamma is good to 1e-11 only.) Agrees with 40-digit values
// to 1e-14 relative over the same range (TestLogarithmsAgreeWithHighPrecision).
func DigammaRise(z, d float64) float64 {
	var s Sum
	if isShortProduct(d) {
		for k := range int(d) {
			s.Add(1 / (z + float64(k)))
		}
		return s.Value()
	}
	for ; z < stirlingFrom; z++ {
		s.Add(d / (z * (z + d)))
	}
	s.Add(math.Log1p(d / z))
	s.Add(d / (2 * z * (z + d)))
	s.Add(digammaTail(z+d) - digammaTail(z))
	return s.Value()
}

// digammaTail is ψ(y) − ln y + 1/(2y) for y ≥ stirlingFrom.
func digammaTail(y float64) float64 {
	u := 1 / (y * y)
	return -u * (1.0/12 - u*(1.0/120-u*(1.0/252-u*(1.0/240-u*(1.0/132-u*(691.0/32760-u/12))))))
}

// Trigamma returns ψ′(z) for z > 0, which is Hurwitz' zeta function at 2.
func Trigamma(z float64) float64 { return mathext.Zeta(2, z) }

// LogBeta returns ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a+b) for a, b > 0. The
// two large terms are taken together by LogRising, so that a ≫ b loses
// nothing. Agrees with 40-digit values to 1e-13 relative
// (TestLogarithmsAgreeWithHighPrecision).
func LogBeta(a, b float64) float64 {
	small, large := min(a, b), max(a, b)
	lg, _ := math.Lgamma(small)
	return lg - LogRising(large, small)
}
