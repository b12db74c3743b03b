package models

import (
	"math"

	"github.com/perennial-clv/perennial/transforms/numeric"
)

// erlangFuture is what a customer known to be alive, and some stages past the
// last purchase, does from now on: a BG/CNBD-k that starts there.
//
// Stages are passed as purchases in an NBD with (r, α), whatever becomes of the
// customer. The n-th purchase from now is the passing of stage nk − j, for which
// n−1 tosses of the coin have to go well. Two ways of adding that up serve all
// functions: over the numbers of stages passed, of which few enough are likely
// (cnbd_counts.go), else over the dropout probability p by quadrature, the
// stages being added up in closed form (cnbd_waves.go).
type erlangFuture struct {
	r, alpha, a, b float64
	k, stage       int                // stage < k is j
	waves          map[ruleKey]*waves // of one a and b; nil: none are kept
}

// Expected implements Demand.
//
//	Σₙ P(N(h) ≥ nk−j)·E[(1−p)^(n−1)],   p ~ Beta(a, b), N(h) ~ NBD(r, α)
//
// h = +Inf: (a+b−1)/(a−1) for a > 1, else +Inf. Reutterer, Platzer & Schröder
// (2021) approximate it. Agrees with 30-digit sums to 1e-12 relative
// (TestErlangFutures…).
func (f erlangFuture) Expected(h float64) float64 {
	switch {
	case h <= 0:
		return 0
	case math.IsInf(h, 1):
		return future{r: f.r, alpha: f.alpha, a: f.a, b: f.b}.expected(h)
	}
	return f.expectedBefore(h)(h)
}

// expectedBefore returns Expected of any time up to h, finite.
func (f erlangFuture) expectedBefore(h float64) func(u float64) float64 {
	var waves *waves
	return func(u float64) float64 {
		if counts, ok := newStageCounts(f.r, u/f.alpha, f.k-f.stage); ok {
			return f.expectedBy(counts)
		}
		if waves == nil {
			waves = f.wavesOf(h)
		}
		return waves.expected(f.r, u/f.alpha)
	}
}

// Discounted implements Demand.
//
//	h = ∞    E[ φ^(k−j) / (1 − (1−p)·φ^k) ],   φ = λ/(λ+δ), λ ~ Gamma(r, α), p ~ Beta(a, b)
//	h < ∞    e^(−δh)·E[X(h)] + δ·∫₀^h e^(−δu)·E[X(u)] du
//
// φ is the discount for the time of one stage; the first line is the sum over
// purchases, a geometric series, and the second is that of future.discounted.
// Agrees with 30-digit values to 1e-12 relative (TestErlangFutures…).
func (f erlangFuture) Discounted(delta, h float64) float64 {
	switch {
	case h <= 0:
		return 0
	case delta == 0:
		return f.Expected(h)
	case delta*h > forever:
		return f.discountedForever(delta)
	}
	// Purchases come in waves of kα/r, which fade after a few.
	const panelWidth = 2
	c := f.alpha * float64(f.k) / max(float64(f.k), f.r)
	expected, waiting := f.expectedBefore(h), 0.0
	times := numeric.Panels(0, math.Log1p(h/c), panelWidth)
	for i, s := range times.Nodes {
		u := c * math.Expm1(s)
		waiting += times.Weights[i] * (c + u) * math.Exp(-delta*u) * expected(u)
	}
	return math.Exp(-delta*h)*expected(h) + delta*waiting
}

// discountedForever is Discounted(δ, ∞) for δ > 0.
//
//	E_λ[ (1+δ/λ)^j·E_p[ 1/(C + p) ] ],   C = (1+δ/λ)^k − 1
//
// which is φ^(k−j)/(1 − (1−p)φ^k) written without differences. As a function of
// λ it rises as λ^(k−j) up to about δ, and its nearest singularities are at
// −δ/(1−ω), ω the k-th roots of unity: at least ¾π away from the positive axis.
func (f erlangFuture) discountedForever(delta float64) float64 {
	rates := numeric.GradedGamma(f.r, f.k-f.stage, delta*f.alpha)
	per := func(y float64) float64 { return delta * f.alpha / y } // δ/λ
	least := math.Expm1(float64(f.k) * math.Log1p(per(rates.Nodes[len(rates.Nodes)-1])))
	rule := future{r: 1, alpha: 1, a: f.a, b: f.b}.dropoutRule(1 / least)
	return rates.Integrate(func(y float64) float64 {
		stage := math.Log1p(per(y))
		c := math.Expm1(float64(f.k) * stage)
		sum := 0.0
		for i, p := range rule.Nodes {
			sum += rule.Weights[i] / (c + p)
		}
		return math.Exp(float64(f.stage)*stage) * sum
	})
}

// Retained implements Future.
//
//	from = 0   P(N(to) ≥ k−j)
//	from > 0   Σᵢ P(N(from) = i)·E[(1−p)^n]·P(N′(to−from) ≥ k−l),   i + j = nk + l, N′ ~ NBD(r+i, α+from)
//
// i are the stages passed until `from`, n the purchases that they make, l the
// stage then; given i, the rate is Gamma(r+i, α+from). Own derivation, checked
// by simulation (TestErlangAgreesWithSimulation). Agrees with 40-digit sums to
// 1e-12 relative (TestErlangFutures…); where waves serve, a probability below 1e-15
// of customers all but gone may be less exact.
func (f erlangFuture) Retained(from, to float64) float64 {
	if from == 0 {
		return reached(f.k-f.stage, f.r, to/f.alpha)
	}
	if counts, ok := newStageCounts(f.r, from/f.alpha, 1); ok {
		return f.retainedBy(counts, (to-from)/(f.alpha+from))
	}
	return max(0, f.wavesOf(from).retained(f.r, from/f.alpha, (to-from)/f.alpha))
}

// PMF implements Future.
//
//	P(n) = B(a, b+n)/B(a, b)·P(nk−j ≤ N(h) < (n+1)k−j) + [n > 0]·B(a+1, b+n−1)/B(a, b)·P(N(h) ≥ nk−j)
//
// Either all of n tosses went well, or the n-th did not. P(N ≥ nk−j) is 1 less
// the terms before, exact to 1e-15 of 1, and so is P(n).
func (f erlangFuture) PMF(h float64, into []float64) {
	passed := newPassing(f.r, h/f.alpha)
	atLeast, stayed := 1.0, 1.0 // P(N ≥ nk−j), B(a, b+n)/B(a, b)
	for n := range into {
		last := (n+1)*f.k - f.stage - 1
		own := passed.upTo(last)
		left := stayed
		if n > 0 {
			left = stayed * (f.b + float64(n) - 1) / (f.a + f.b + float64(n) - 1)
			into[n] = left*own + (stayed-left)*max(0, atLeast)
		} else {
			into[n] = own
		}
		atLeast -= own
		stayed = left
	}
}

// wavesOf returns the waves for times up to h. Customers of dropout p are lost as
// (1 + ph/(kα))^−r, for a purchase takes k stages.
func (f erlangFuture) wavesOf(h float64) *waves {
	lost := future{r: f.r, a: f.a, b: f.b}
	key := lost.ruleKey(h / (float64(f.k) * f.alpha))
	w, ok := f.waves[key]
	if !ok {
		w = f.newWaves(lost.newRule(key))
		if f.waves != nil {
			f.waves[key] = w
		}
	}
	return w
}
