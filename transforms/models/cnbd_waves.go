package models

import (
	"math"
	"math/cmplx"

	"github.com/perennial-clv/perennial/transforms/numeric"
)

// waves are what erlangFuture expects over the dropout probabilities p of a rule,
// the stages passed being added up in closed form.
//
// Between purchases the stages form a circle of k, which a customer leaves with
// probability p where it closes. Of who starts in stage j at rate λ,
//
//	P(alive and in stage l after t) = 1/k·Σ_ω ρ^(j−l)·e^(−λt·(1−ρ)),   ρ = ω·(1−p)^(1/k)
//
// over the k-th roots of unity ω; over λ ~ Gamma(r, α) the exponential becomes
// (1 + u(1−ρ))^−r, u = t/α. Purchases come at rate λ in stage k−1. The root 1 is
// the decay by dropout, the others are waves that fade as customers get out of
// step. Source: the eigenvalues of the circulant matrix of the rates, Davis
// (1979), "Circulant Matrices".
type waves struct {
	k, stage int
	roots    []wave
	few      [fewPurchases]float64 // Σ weight·(1−p)ⁿ over the p where roots would cancel
}

// wave is one ρ, or both of a conjugate pair, of one p.
type wave struct {
	root, rest complex128 // ρ, 1−ρ
	factor     complex128 // weight/k·ρ^(j−k+1)
}

const (
	// fewStay is the 1−p below which the powers of it are added up, one for each
	// purchase: there the roots, divided by their powers, cancel.
	fewStay = 0.05
	// fewPurchases is the number of purchases that 1e-18 of such customers exceed.
	fewPurchases = 14
)

// newWaves returns the waves of a rule over p.
func (f erlangFuture) newWaves(rule numeric.Rule) *waves {
	w := &waves{k: f.k, stage: f.stage}
	for i, p := range rule.Nodes {
		weight := rule.Weights[i]
		if 1-p < fewStay {
			for n := range w.few {
				w.few[n] += weight
				weight *= 1 - p
			}
			continue
		}
		w.addRoots(p, weight)
	}
	return w
}

// addRoots adds the k-th roots of 1−p, one for each conjugate pair.
func (w *waves) addRoots(p, weight float64) {
	log := math.Log1p(-p) / float64(w.k)
	add := func(root, rest complex128, count float64) {
		factor := complex(count*weight/float64(w.k), 0)
		for range w.k - 1 - w.stage {
			factor /= root
		}
		w.roots = append(w.roots, wave{root, rest, factor})
	}
	size := math.Exp(log)
	add(complex(size, 0), complex(-math.Expm1(log), 0), 1)
	for _, unit := range unitRoots[w.k] {
		count := 2.0
		if imag(unit) == 0 {
			count = 1
		}
		root := complex(size, 0) * unit
		add(root, 1-root, count)
	}
}

// unitRoots are the k-th roots of unity but 1, by k, one of each conjugate pair.
var unitRoots = [MaxStages + 1][]complex128{2: {-1}, 3: {complex(-0.5, math.Sqrt(3)/2)}, 4: {1i, -1}}

// expected returns the expected number of purchases within u times α.
//
//	Σ_p weight·1/k·Σ_ω ρ^(j−k+1)·[1 − (1 + u(1−ρ))^−r]/(1−ρ)
func (w *waves) expected(r, u float64) float64 {
	total := 0.0
	for i := range w.roots {
		wave := &w.roots[i]
		total += real(wave.factor / wave.rest * fallen(r, scaled(u, wave.rest)))
	}
	left, passed := reached(1, r, u), newPassing(r, u)
	passed.upTo(0)
	for i, few := range w.few {
		// left is the probability of passing as many stages as take n purchases.
		left -= passed.upTo((i+1)*w.k - w.stage - 1)
		total += few * max(0, left)
	}
	return total
}

// retained returns the probability of a purchase in the v times α that follow u
// times α.
//
//	Σ_p weight·1/k·Σ_ω Σ_l ρ^(j−l)·(1 + u(1−ρ))^−r·P(N ≥ k−l),   N ~ NBD(r, 1 + u(1−ρ)) within v
//
// The probabilities are rational functions and powers, which hold for complex
// times too.
func (w *waves) retained(r, u, v float64) float64 {
	total := 0.0
	for i := range w.roots {
		wave := &w.roots[i]
		left := scaled(u, wave.rest)
		total += real(wave.factor * (1 - fallen(r, left)) * w.next(r, wave.root, complex(v, 0)/(1+left)))
	}
	passed := newPassing(r, u)
	for i := range fewPurchases*w.k - w.stage {
		n := (i + w.stage) / w.k
		total += w.few[n] * passed.upTo(i) * reached((n+1)*w.k-w.stage-i, r+float64(i), v/(1+u))
	}
	return total
}

// next returns Σ_l ρ^(k−1−l)·P(N(v) ≥ k−l).
func (w *waves) next(r float64, root, v complex128) complex128 {
	reached, term, z := complex(1, 0), complex(0, 0), complex(1, 0)
	if !cmplx.IsInf(v) {
		reached, z = fallen(r, v), v/(1+v)
		term = (1 - reached) * scaled(r, z)
	}
	factor, sum := complex(1, 0), complex(0, 0)
	for m := 1; m <= w.k; m++ {
		sum += factor * reached
		factor *= root
		reached -= term
		term *= scaled((r+float64(m))/float64(m+1), z)
	}
	return sum
}

// fallen returns 1 − (1+x)^−r of a complex x with a real part ≥ 0, exact for
// small x: −expm1(−r·log1p(x)), with e^(a+ib) − 1 = expm1(a)·cos b − 2·sin²(b/2) + i·e^a·sin b.
func fallen(r float64, x complex128) complex128 {
	re, im := real(x), imag(x)
	if im == 0 {
		return complex(-math.Expm1(-r*math.Log1p(re)), 0)
	}
	a, b := -r/2*math.Log1p(re*(2+re)+im*im), -r*math.Atan2(im, 1+re)
	half := math.Sin(b / 2)
	sin, cos := math.Sincos(b)
	return complex(2*half*half-math.Expm1(a)*cos, -math.Exp(a)*sin)
}

// scaled returns a real multiple.
func scaled(by float64, x complex128) complex128 { return complex(by*real(x), by*imag(x)) }
