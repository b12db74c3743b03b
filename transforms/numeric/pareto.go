package numeric

import "math"

const (
	// seriesUpTo is the z up to which the series of ParetoFirst is summed: some
	// 170 terms there, 16 at a tenth.
	seriesUpTo = 0.8
	// seriesAgainAt is the z at which it goes on where an integral comes first.
	seriesAgainAt = 0.5
	// paretoPanel is the width of the panels of that integral, in which the
	// integrand is analytic within π of the real line.
	paretoPanel = 2
)

// The variables of the jets of ParetoFirst.
const (
	jetR = iota
	jetA
	jetS
	jetB
)

// ParetoFirst returns the probability that Y is less than X for independent
// Pareto variables of the second kind (Lomax), with P(X > w) = (1 + w/a)^−r and
// P(Y > w) = (1 + w/b)^−s, and its derivatives by (r, a, s, b).
//
//	∫₀^∞ (1+w/a)^−r·(s/b)·(1+w/b)^(−s−1) dw
//	  = s/(r+s)·₂F₁(1, r; r+s+1; 1−b/a)          b ≤ a
//	  = s/(r+s)·(a/b)·₂F₁(1, s+1; r+s+1; 1−a/b)  b > a
//
// r, a, s, b > 0; the probability is in (0, 1), s/(r+s) for a = b. With the
// roles exchanged it is the probability of the contrary. Source: Euler's
// integral and Pfaff's transformation, Abramowitz & Stegun 15.3.1 and 15.3.4.
// All terms of both series are positive, and so the probability keeps its
// digits however small. Where a series would be long, for a and b far apart,
// the integral is taken by panels up to a w from where on its tail, the same
// function of a+w and b+w, has a short one. Agrees with 30-digit values to
// 2e-15 relative, its derivatives by logarithms to 1e-13 of it, over r and s in
// 1e-6..1e6, b/a in 1e-12..1e12 (TestParetoFirstAgreesWithHighPrecision).
func ParetoFirst(r, a, s, b float64) Jet {
	near, far := min(a, b), max(a, b)
	if z := (far - near) / far; z <= seriesUpTo {
		return paretoSeries(r, a, s, b)
	}
	end := (far-near)/seriesAgainAt - far
	total := paretoUpTo(end, r, a, s, b)
	logSilent := logSilence(end, r, a, s, b)
	var silent Jet
	silent.addExp(&logSilent, 1)
	rest := paretoSeries(r, a+end, s, b+end)
	rest = rest.times(&silent)
	total.add(&rest)
	return total
}

// logSilence is the logarithm of the probability that both variables exceed w,
//
//	−r·ln(1+w/a) − s·ln(1+w/b)
func logSilence(w, r, a, s, b float64) (j Jet) {
	ra, rb := w/(a*(a+w)), w/(b*(b+w)) // 1/a − 1/(a+w), and of b
	j.Gradient = [jetSize]float64{-math.Log1p(w / a), r * ra, -math.Log1p(w / b), s * rb}
	j.Value = r*j.Gradient[jetR] + s*j.Gradient[jetS]
	h := &j.Hessian
	h[jetR][jetA], h[jetS][jetB] = ra, rb
	h[jetA][jetA] = -r * ra * (1/a + 1/(a+w))
	h[jetB][jetB] = -s * rb * (1/b + 1/(b+w))
	return j
}

// paretoUpTo is the integral of ParetoFirst from 0 to `end`, in y = ln(1 + w/c):
// c is the time in which the integrand first changes, and no more than a and b,
// so that y has no singularity nearer than π. The integrand falls from panel to
// panel at last, and what no longer counts is left out.
func paretoUpTo(end, r, a, s, b float64) (total Jet) {
	const counts = 1e-18
	c := min(a, 1/(r/a+(s+1)/b))
	stop := math.Log1p(end / c)
	panels := math.Ceil(stop / paretoPanel)
	width := stop / panels
	for left := 0.0; left < panels; left++ {
		before := total.Value
		for i, node := range legendrePanel.Nodes {
			w := c * math.Expm1((left+node)*width)
			perB := 1 / (b + w)
			j := logSilence(w, r, a, s, b)
			j.Gradient[jetS] += 1 / s
			j.Gradient[jetB] -= perB
			j.Hessian[jetS][jetS] -= 1 / (s * s)
			j.Hessian[jetB][jetB] += perB * perB
			total.addExp(&j, legendrePanel.Weights[i]*width*(c+w)*s*perB)
		}
		if total.Value-before < counts*before {
			break
		}
	}
	return total
}

// paretoSeries is ParetoFirst by its series.
func paretoSeries(r, a, s, b float64) Jet {
	omega := r + s
	var factor Jet // the derivatives of ln[s/(r+s)], and of ln(a/b)
	factor.Gradient = [jetSize]float64{-1 / omega, 0, 1/s - 1/omega, 0}
	h := &factor.Hessian
	h[jetR][jetR], h[jetR][jetS], h[jetS][jetS] = 1/(omega*omega), 1/(omega*omega), 1/(omega*omega)-1/(s*s)
	value := s / omega
	var f gauss
	var u, z [jetSize]float64 // derivatives of the upper parameter and of z
	var second [jetSize][jetSize]float64
	if b <= a {
		f = newGauss(r, omega+1, (a-b)/a)
		u[jetR] = 1
		z[jetA], z[jetB] = b/(a*a), -1/a
		second[jetA][jetA], second[jetA][jetB] = -2*b/(a*a*a), 1/(a*a)
	} else {
		f = newGauss(s+1, omega+1, (b-a)/b)
		u[jetS] = 1
		z[jetA], z[jetB] = -1/b, a/(b*b)
		second[jetB][jetB], second[jetA][jetB] = -2*a/(b*b*b), 1/(b*b)
		value *= a / b
		factor.Gradient[jetA], factor.Gradient[jetB] = 1/a, -1/b
		h[jetA][jetA], h[jetB][jetB] = -1/(a*a), 1/(b*b)
	}
	var product Jet
	product.addExp(&factor, value)
	series := f.of(u, [jetSize]float64{jetR: 1, jetS: 1}, z, second)
	return product.times(&series)
}

// gauss is Gauss' hypergeometric function with an upper parameter of 1 and its
// derivatives, by the other upper parameter u, the lower c, and z.
//
//	₂F₁(1, u; c; z) = Σ (u)ₙ/(c)ₙ·zⁿ
type gauss struct {
	value, byU, byC, byZ   float64
	uu, uc, cc, uz, cz, zz float64
}

// newGauss sums the series, for c > u > 0 and 0 ≤ z < 1. The derivatives of a
// term by u and c are sums of 1/(u+k) and 1/(c+k) over k < n times the term;
// those by z are taken from the next terms, so that z = 0 is no exception.
// Source: Abramowitz & Stegun 15.1.1.
func newGauss(u, c, z float64) (f gauss) {
	const counts = 1e-17
	term, perU, perC := 1.0, 1/u, 1/c // of n−1: the term, 1/(u+n−1), 1/(c+n−1)
	var byU, byC, uu, cc float64      // Σ 1/(u+k), Σ 1/(c+k), and of the squares
	for n := 1.0; ; n++ {
		f.value += term
		f.byU += term * byU
		f.byC -= term * byC
		f.uu += term * (byU*byU - uu)
		f.uc -= term * byU * byC
		f.cc += term * (byC*byC + cc)
		byU += perU
		byC += perC
		uu += perU * perU
		cc += perC * perC
		next := term * (u + n - 1) * perC // without its last z
		perU, perC = 1/(u+n), 1/(c+n)
		f.byZ += n * next
		f.uz += n * next * byU
		f.cz -= n * next * byC
		f.zz += n * (n + 1) * next * (u + n) * perC
		term = next * z
		if !(term*n*n > counts*f.value*(1-z)) {
			return f
		}
	}
}

// of returns the function of variables of which u, c and z are functions, by
// the chain rule: their derivatives are given, and the second ones of z; u and
// c have none.
func (f *gauss) of(u, c, z [jetSize]float64, second [jetSize][jetSize]float64) (j Jet) {
	j.Value = f.value
	for i := range jetSize {
		j.Gradient[i] = f.byU*u[i] + f.byC*c[i] + f.byZ*z[i]
		byU := f.uu*u[i] + f.uc*c[i] + f.uz*z[i]
		byC := f.uc*u[i] + f.cc*c[i] + f.cz*z[i]
		byZ := f.uz*u[i] + f.cz*c[i] + f.zz*z[i]
		for l := i; l < jetSize; l++ {
			j.Hessian[i][l] = byU*u[l] + byC*c[l] + byZ*z[l] + f.byZ*second[i][l]
		}
	}
	return j
}
