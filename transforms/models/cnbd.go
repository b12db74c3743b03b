package models

import (
	"math"

	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Purchases more regular than at random, by the number of stages to each.
const (
	// BGCNBD2, BGCNBD3 and BGCNBD4 are BGNBD with times between purchases that vary
	// less than at random: Erlang of 2, 3 and 4 stages.
	BGCNBD2 Family = "bg_cnbd_2"
	BGCNBD3 Family = "bg_cnbd_3"
	BGCNBD4 Family = "bg_cnbd_4"
	// MBGCNBD2, MBGCNBD3 and MBGCNBD4 are MBGNBD with such times.
	MBGCNBD2 Family = "mbg_cnbd_2"
	MBGCNBD3 Family = "mbg_cnbd_3"
	MBGCNBD4 Family = "mbg_cnbd_4"
)

// Erlang is the model of BG/CNBD-k or MBG/CNBD-k, with its parameters: buying
// more regularly than at random, and dropping out after purchases only, as by
// the toss of a coin.
//
// While alive a customer walks through K stages to each purchase, at rate λ from
// each to the next: the time between purchases is Erlang-K, of mean K/λ and a
// standard deviation of 1/√K of it. λ differs between customers as
// Gamma(R, Alpha); it is the rate of stages, so R and Alpha do not compare with
// those of another K. After a purchase a customer drops out for ever with
// probability p, which differs as Beta(A, B): after the repeat purchases only in
// BG/CNBD-k, after the first purchase too in MBG/CNBD-k. K = 1 would be Geometric.
//
// x, tx and T are as there. Sources: Platzer & Reutterer (2016), "Ticking Away
// the Moments", Marketing Science 35(5) (regularity); Reutterer, Platzer &
// Schröder (2021), "Leveraging purchase regularity for predicting customer
// behavior the easy way", IJRM 38(1) (these models); Chatfield & Goodhardt
// (1973) (CNBD). Their predictions for k > 1 are approximate; those here are not.
type Erlang struct {
	Family         Family
	K              int // 2 to MaxStages
	R, Alpha, A, B float64
}

// dropout returns the model with the same dropout and purchases at random.
func (m Erlang) dropout() Geometric {
	return Geometric{Family: dropoutOf(m.Family), R: m.R, Alpha: m.Alpha, A: m.A, B: m.B}
}

// dropoutOf returns the family of purchases at random with the same dropout.
func dropoutOf(f Family) Family {
	switch f {
	case BGNBD, BGCNBD2, BGCNBD3, BGCNBD4:
		return BGNBD
	default:
		return MBGNBD
	}
}

// passed returns r + k·x: the stages passed until the last purchase, and r.
func (m Erlang) passed(x int) float64 { return m.R + float64(m.K)*float64(x) }

// stageWeights sets c[j] to the weight of being alive at T and j stages past the
// last purchase, against that of the first stage, and returns their sum.
//
//	cⱼ = (ρ)ⱼ/j!·dʲ,   ρ = r + kx, d = (T−tx)/(α+T)
//
// (ρ)ⱼ is the rising factorial. 1, 0, 0 … where tx = T.
func (m Erlang) stageWeights(x int, tx, T float64, c []float64) float64 {
	passed, d := m.passed(x), (T-tx)/(m.Alpha+T)
	sum, weight := 0.0, 1.0
	for j := range m.K {
		c[j] = weight
		sum += weight
		weight *= (passed + float64(j)) / float64(j+1) * d
	}
	return sum
}

// logOddsGone returns the log odds of having dropped out at the last purchase
// against being alive at T in the first stage.
//
//	ln[ a/(b+n−1) ] + (r+kx)·ln[ (α+T)/(α+tx) ]
//
// n is the number of occasions; −∞ where dropout is impossible.
func (m Erlang) logOddsGone(x int, tx, T float64) float64 {
	return m.dropout().logOddsAtLast(x) + m.passed(x)*math.Log1p((T-tx)/(m.Alpha+tx))
}

// LogLikelihood returns the logarithm of the likelihood of one customer, without
// the term (k−1)·Σ ln(gap) over the times between their purchases, which holds no
// parameter but k and is no function of x, tx and T. FitPurchases adds it up
// over customers (Data.LogGaps), so that fits of different k compare.
//
//	ln Γ(r+kx)/Γ(r) − r·ln(1+T/α) − kx·ln(α+T) − x·ln (k−1)! + ln B(a, b+n)/B(a, b) + ln(Σⱼ cⱼ + e^L)
//
// cⱼ are the weights of the stages, L the log odds of having dropped out, n the
// occasions to. Source: Reutterer, Platzer & Schröder (2021), with the Poisson
// sum over the k stages of the last, unfinished gap written out. The terms of
// the sum are powers of (α+T) of each other, which underflow together, hence
// the logs. Agrees with 40-digit values to 1e-12 relative (TestErlangPoints…).
func (m Erlang) LogLikelihood(x int, tx, T float64) float64 {
	var c [MaxStages]float64
	alive := math.Log(m.stageWeights(x, tx, T, c[:m.K]))
	k, purchases, n := float64(m.K), float64(x), m.dropout().occasions(x)
	times := -m.R*math.Log1p(T/m.Alpha) - k*purchases*math.Log(m.Alpha+T) - purchases*logFactorial(m.K-1)
	stayed := numeric.LogRising(m.B, n) - numeric.LogRising(m.A+m.B, n)
	return numeric.LogRising(m.R, k*purchases) + times + stayed + numeric.LogAddExp(alive, m.logOddsGone(x, tx, T))
}

// logFactorial returns ln n! of a small n.
func logFactorial(n int) float64 { return numeric.LogRising(1, float64(n)) }

// Alive implements Past.
//
//	cⱼ / (Σᵢ cᵢ + e^L)
//
// in stage j. 0 rather than NaN where it is below the smallest number. Agrees
// with 40-digit values to 1e-12 relative (TestErlangPoints…).
func (m Erlang) Alive(x int, tx, T float64, stages []float64) float64 {
	sum := m.stageWeights(x, tx, T, stages)
	alive := numeric.Logistic(math.Log(sum) - m.logOddsGone(x, tx, T))
	for j := range stages {
		stages[j] *= alive / sum
	}
	return alive
}

// Shape implements Purchases: futures are functions of r + kx.
func (m Erlang) Shape() Shape {
	return Shape{Stages: m.K, Alpha: m.Alpha, R: m.R / float64(m.K)}
}

// Futures implements Purchases. What takes quadrature is kept from age to age.
//
// Given alive at T and in stage j, the posterior is the same model, j stages on
// its way, with (r+kx+j, α+T, a, b+n).
func (m Erlang) Futures(x float64, stage int) func(T float64) Future {
	dropout := m.dropout()
	f := erlangFuture{
		r: m.R + float64(m.K)*x + float64(stage), a: m.A, b: m.B + dropout.occasions(0) + x,
		k: m.K, stage: stage, waves: map[ruleKey]*waves{},
	}
	return func(T float64) Future {
		f.alpha = m.Alpha + T
		return f
	}
}

// erlangFamilies are the six of Erlang.
func erlangFamilies() []family {
	of := func(name Family, k int) family {
		return family{
			name: name, parameters: []string{"r", "alpha", "a", "b"}, times: []bool{false, true, false, false},
			make: func(p []float64) Purchases {
				return Erlang{Family: name, K: k, R: p[0], Alpha: p[1], A: p[2], B: p[3]}
			},
			likelihood: func(d Data, scaleDays float64, each Each) objective {
				return newErlangLikelihood(name, k, d, scaleDays, each).evaluate
			},
			starts: func(t cellTotals) []vector { return erlangStarts(t, k) },
		}
	}
	return []family{of(BGCNBD2, 2), of(BGCNBD3, 3), of(BGCNBD4, 4), of(MBGCNBD2, 2), of(MBGCNBD3, 3), of(MBGCNBD4, 4)}
}
