package models

import (
	"math"

	"github.com/perennial-clv/perennial/transforms/numeric"
)

// staying is how long customers stay, counted in opportunities, from now on. At
// each opportunity a customer leaves for ever with probability θ, which differs
// between customers as Beta(alpha, beta); after n opportunities survived it is
// Beta(alpha, beta + n^c) of those who are left, where c ≠ 1 lets a customer's
// own θ rise (c > 1) or fall with time.
//
//	S(t) = B(alpha, beta + (n+t)^c) / B(alpha, beta + n^c)
//
// is the probability to survive t more. Source: Fader & Hardie (2007), "How to
// Project Customer Retention", Journal of Interactive Marketing 21(1), eq. (6);
// with c Fader, Hardie, Liu, Davin & Steenburgh (2018), "How to Project Customer
// Retention Revisited", Journal of Interactive Marketing 43.
type staying struct {
	alpha, beta, c float64
	n              float64 // opportunities survived
}

// logSurvival returns ln S(t). t ≥ 0.
func (s staying) logSurvival(t float64) float64 {
	if t == 0 {
		return 0
	}
	if s.c == 1 {
		return logStay(s.alpha, s.beta+s.n, t)
	}
	passed := math.Pow(s.n, s.c)
	more := math.Pow(t, s.c)
	if s.n > 0 { // the difference of the powers without cancellation
		more = passed * math.Expm1(s.c*math.Log1p(t/s.n))
	}
	return logStay(s.alpha, s.beta+passed, more)
}

// logStay returns ln B(a, b+d)/B(a, b): the logarithm of the probability to
// survive d opportunities of one who leaves at each with probability
// θ ~ Beta(a, b).
//
//	Σ_{k<d} ln[(b+k)/(a+b+k)] = ln Γ(b+d)/Γ(b) − ln Γ(a+b+d)/Γ(a+b)
//
// a, b > 0, d ≥ 0. −Inf rather than NaN where d is beyond all numbers. The sum
// where d is small and whole, for it has no cancellation; else the difference of
// two numeric.LogRising, of d factors or, as a and d may change places, of a,
// whichever are fewer: they are what cancels.
func logStay(a, b, d float64) float64 {
	const short = 32
	if math.IsInf(d, 1) {
		return math.Inf(-1)
	}
	switch {
	case d <= short && d == math.Trunc(d):
	case a < d:
		return min(0, numeric.LogRising(b, a)-numeric.LogRising(b+d, a))
	default:
		return min(0, numeric.LogRising(b, d)-numeric.LogRising(a+b, d))
	}
	sum := 0.0
	for k := range int(d) {
		sum -= math.Log1p(a / (b + float64(k)))
	}
	return sum
}

// stays returns the probability to survive one more opportunity after t more.
func (s staying) stays(t float64) float64 {
	if s.c == 1 {
		return (s.beta + s.n + t) / (s.alpha + s.beta + s.n + t)
	}
	later := s
	later.n += t
	return math.Exp(later.logSurvival(1))
}

// leastShape is the c below which the opportunities that a customer survives on
// average, if finite, are so many that nobody will see them.
const leastShape = 0.05

// total returns Σ e^(−δj)·S(j) over the opportunities j = 1 to h, and of one that
// lies partly within h that part.
//
// δ ≥ 0, h ≥ 0. h = +Inf: by numeric.Falling; for δ = 0 it is (β+n)/(α−1) where
// c = 1, and +Inf where the sum does not converge, α·c ≤ 1, or has a c below
// 0.05. Source: Fader & Hardie (2010), "Customer-Base Valuation in a Contractual
// Setting", Marketing Science 29(1), eq. (5), for c = 1, whose
// hypergeometric function it agrees with to 1e-11 (TestDiscreteModelsAgree…).
func (s staying) total(delta, h float64) float64 {
	if math.IsInf(h, 1) {
		return s.totalForever(delta)
	}
	sum, survival := 0.0, 1.0
	for j := 1.0; j-1 < h; j++ {
		if survival *= s.stays(j - 1); survival == 0 {
			break
		}
		sum += min(1, h-(j-1)) * survival * math.Exp(-delta*j)
	}
	return sum
}

func (s staying) totalForever(delta float64) float64 {
	switch {
	case delta == 0 && (s.alpha*s.c <= 1 || s.c < leastShape):
		return math.Inf(1)
	case delta == 0 && s.c == 1:
		return (s.beta + s.n) / (s.alpha - 1)
	}
	terms := numeric.Falling{
		At:    func(t float64) float64 { return math.Exp(s.logSurvival(t) - delta*t) },
		Bend:  s.c,
		Power: s.alpha * s.c,
		Scale: math.Pow(1+s.alpha+s.beta, 1/s.c) + s.n,
	}
	if delta > 0 {
		terms.Power = math.Inf(1)
	}
	return terms.Sum()
}
