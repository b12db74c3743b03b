package models

import (
	"math"

	"github.com/perennial-clv/perennial/transforms/numeric"
)

// BGBB buys or not at each of a row of opportunities, and may drop out before
// each.
const BGBB Family = "bg_bb"

// BetaBinomial is the model BG/BB, with its parameters: buying at opportunities,
// and dropping out before them.
//
// Before each opportunity a customer who is alive drops out for ever with
// probability θ, which differs between customers as Beta(Gamma, Delta), and who
// is still alive takes it with probability p, which differs as Beta(Alpha, Beta).
//
// Throughout, T is the number of opportunities since the first purchase, x how
// many of them were taken, tx which was the last, counted from 1 (0 if x = 0);
// x ≤ tx ≤ T. Source: Fader, Hardie & Shang (2010), "Customer-Base Analysis in a
// Discrete-Time Noncontractual Setting", Marketing Science 29(6), whose n is T.
type BetaBinomial struct{ Alpha, Beta, Gamma, Delta float64 }

// LogLikelihood implements Past.
//
//	ln[ B(α+x, β+tx−x)/B(α, β)·B(γ, δ+tx)/B(γ, δ) ] + ln R
//
// R is the probability of what was since tx, of one alive then (see silence).
// Source: Fader, Hardie & Shang (2010), eq. (5), with what its terms have in
// common taken out: nothing overflows or vanishes for thousands of opportunities.
// Agrees with 30-digit values to 1e-11 relative (TestDiscreteModelsAgree…).
func (m BetaBinomial) LogLikelihood(x int, tx, T float64) float64 {
	n, k := float64(x), tx-float64(x)
	taken := numeric.LogRising(m.Alpha, n) + numeric.LogRising(m.Beta, k) - numeric.LogRising(m.Alpha+m.Beta, tx)
	_, all := m.silence(x, tx, T)
	return taken + logStay(m.Gamma, m.Delta, tx) + math.Log(all)
}

// silence returns the probabilities that a customer who was alive at tx takes no
// opportunity up to T and is alive there, and that they take none, alive or not.
//
//	v(T),  v(T) + Σ_{tx ≤ m < T} v(m)·γ/(γ+δ+m)
//	v(m) = Π_{tx ≤ k < m} (β+k−x)/(α+β+k) · (δ+k)/(γ+δ+k)
//
// The second is at least the probability to drop out at once, γ/(γ+δ+tx).
func (m BetaBinomial) silence(x int, tx, T float64) (alive, all float64) {
	alive = 1
	for k := tx; k < T; k++ {
		hazard := m.Gamma / (m.Gamma + m.Delta + k)
		all += alive * hazard
		alive *= (m.Beta + k - float64(x)) / (m.Alpha + m.Beta + k) * (1 - hazard)
	}
	return alive, all + alive
}

// Alive implements Past: the probability of being alive at opportunity T.
//
//	v(T) ÷ [v(T) + Σ_m v(m)·γ/(γ+δ+m)]
//
// of silence. 1 where the last opportunity was taken. Source: Fader, Hardie &
// Shang (2010), eq. (7) with m = 0; BTYD's is for the opportunity after,
// m = 1.
func (m BetaBinomial) Alive(x int, tx, T float64, stages []float64) float64 {
	alive, all := m.silence(x, tx, T)
	stages[0] = alive / all
	return stages[0]
}

// Shape implements Purchases.
func (m BetaBinomial) Shape() Shape { return Shape{Stages: 1, R: 1, IsDiscrete: true} }

// Futures implements Purchases: given alive at T the model is the same with
// (α+x, β+T−x, γ, δ+T).
func (m BetaBinomial) Futures(x float64, _ int) func(T float64) Future {
	return func(T float64) Future {
		return opportunities{m.Alpha + x, m.Beta + max(0, T-x), staying{m.Gamma, m.Delta, 1, T}}
	}
}

// opportunities is what a customer known to be alive does at those to come: they
// take each with probability p ~ Beta(alpha, beta) as long as they stay.
type opportunities struct {
	alpha, beta float64
	staying     staying
}

// Expected implements Demand.
//
//	α/(α+β)·Σ_{j ≤ h} S(j)
//
// S is the probability to survive j opportunities. Between whole h it is linear;
// α/(α+β)·δ/(γ−1) for h = +Inf and γ > 1, else +Inf. Source: Fader, Hardie &
// Shang (2010), eq. (9), whose difference of gamma functions is singular at
// γ = 1 where the sum is not.
func (f opportunities) Expected(h float64) float64 { return f.Discounted(0, h) }

// Discounted implements Demand.
//
//	α/(α+β)·Σ_{j ≤ h} e^(−δj)·S(j)
//
// Opportunity j is discounted over j whole periods. For h = +Inf it is eq. (14) of
// Fader, Hardie & Shang (2010), with 1 + d = e^δ.
func (f opportunities) Discounted(delta, h float64) float64 {
	return f.alpha / (f.alpha + f.beta) * f.staying.total(delta, h)
}

// takesFirst returns the function of the probability that the first opportunity
// taken of those after from is opportunity from+j, to be asked for j = 1, 2, …
//
//	S(from+j) · Π_{k<j−1} (β+k)/(α+β+k) · α/(α+β+j−1)
func (f opportunities) takesFirst(from float64) func(j float64) float64 {
	survival, passed := math.Exp(f.staying.logSurvival(from)), 1.0
	return func(j float64) float64 {
		survival *= f.staying.stays(from + j - 1)
		p := f.alpha / (f.alpha + f.beta + j - 1)
		first := survival * passed * p
		passed *= 1 - p
		return first
	}
}

// Retained implements Future: Σ of takesFirst over the opportunities of a whole
// stretch, all of its terms positive. Source: own derivation, checked by
// simulation (TestBetaBinomialAgreesWithSimulation).
func (f opportunities) Retained(from, to float64) float64 {
	return bothEnds(from, to, func(from, to float64) float64 {
		if math.IsInf(to, 1) {
			return f.everFrom(from)
		}
		first, sum := f.takesFirst(from), 0.0
		for j := 1.0; j <= to-from; j++ {
			sum += first(j)
		}
		return min(1, sum)
	})
}

// everFrom is Retained(from, ∞) for a whole from.
func (f opportunities) everFrom(from float64) float64 {
	later := f.staying
	later.n += from
	terms := numeric.Falling{
		At: func(t float64) float64 {
			return math.Exp(later.logSurvival(t)+logStay(f.alpha, f.beta, t-1)) * f.alpha / (f.alpha + f.beta + t - 1)
		},
		Bend:  1,
		Power: 1 + f.alpha + later.alpha,
		Scale: 1 + f.alpha + f.beta + later.alpha + later.beta + later.n,
	}
	return min(1, math.Exp(f.staying.logSurvival(from))*terms.Sum())
}

// first implements discrete.
func (f opportunities) first() func(j float64) float64 { return f.takesFirst(0) }

// next implements discrete.
func (f opportunities) next() (Future, float64) {
	survives := f.staying.stays(0)
	f.staying.n++
	return f, survives
}

// timeToPurchase returns the time by which a customer who is alive now has
// taken an opportunity with probability q.
func (f opportunities) timeToPurchase(q float64) float64 {
	if q >= f.everFrom(0) {
		return math.Inf(1)
	}
	return waitFor(q, f.takesFirst(0))
}

// PMF implements Future.
//
//	P(n) = BB(n; h)·S(h) + Σ_{n ≤ i < h} BB(n; i)·[S(i) − S(i+1)]
//
// BB(n; i) are the probabilities of n of i opportunities, C(i, n)·B(α+n, β+i−n)/
// B(α, β): who stays for i of them takes n. Source: Fader, Hardie & Shang (2010),
// eq. (8) of the updated model. In logs, each term from the one before.
func (f opportunities) PMF(h float64, into []float64) {
	wholePMFs(h, into, f.pmf)
}

func (f opportunities) pmf(h int, into []float64) {
	clear(into)
	last := make([]float64, h+1) // ln of the probability that i are survived, of h
	for i, stayed := 0, 0.0; i <= h; i++ {
		last[i] = stayed
		if stays := f.staying.stays(float64(i)); i < h {
			last[i] += math.Log1p(-stays)
			stayed += math.Log(stays)
		}
	}
	taken := 0.0 // ln BB(n; n)
	for n := range min(h+1, len(into)) {
		log, k := taken, float64(n)
		sum := 0.0
		for i := n; i <= h; i++ {
			sum += math.Exp(log + last[i])
			own := float64(i)
			log += math.Log((own + 1) / (own + 1 - k) * (f.beta + own - k) / (f.alpha + f.beta + own))
		}
		into[n] = sum
		taken += math.Log((f.alpha + k) / (f.alpha + f.beta + k))
	}
}

func bgBBFamily() family {
	return family{
		name: BGBB, parameters: []string{"alpha", "beta", "gamma", "delta"}, times: make([]bool, 4), isDiscrete: true,
		make: func(p []float64) Purchases { return BetaBinomial{p[0], p[1], p[2], p[3]} },
		likelihood: func(d Data, _ float64, each Each) objective {
			return newOpportunityLikelihood(d.Cells, each).evaluate
		},
		starts: opportunityStarts, besides: besidesOpportunityStarts,
	}
}

// opportunityStarts are the logarithms of (α, β, γ, δ) to start from: the share
// of opportunities taken of all that there were is less than p, for some
// customers were gone.
func opportunityStarts(t cellTotals) []vector {
	return []vector{t.opportunityStart(2, 1.5, 0.7, 3), t.opportunityStart(1, 1.2, 0.2, 4), t.opportunityStart(5, 3, 1, 4)}
}

// besidesOpportunityStarts are where customers take every opportunity or none, and
// where many drop out at once: of who takes none after the first purchase it cannot
// be seen whether they dropped out, so that there may be one maximum for either
// account of them.
func besidesOpportunityStarts(t cellTotals) []vector {
	return []vector{t.opportunityStart(0.05, 1.5, 1.1, 6), t.opportunityStart(1.5, 3, 0.3, 0.1)}
}

// opportunityStart returns a start by the precision α+β, and by how many times the
// share p is.
func (t cellTotals) opportunityStart(precision, times, gamma, delta float64) vector {
	share := t.purchases / max(t.ageDays, t.purchases+1)
	p := min(times*share, (1+share)/2)
	return vector{math.Log(precision * p), math.Log(precision * (1 - p)), math.Log(gamma), math.Log(delta)}
}
