package models

import "math"

// Contract is the model of sBG or BdW, with its parameters: customers under
// contract, who renew it at the end of each period or leave for ever, so that it
// is known of everyone whether they are there.
//
// At each opportunity to renew a customer leaves with probability θ, which
// differs between customers as Beta(Alpha, Beta), mean Alpha/(Alpha+Beta). In
// sBG, the shifted beta-geometric, that is all: C is 1, and retention rises with
// age because those who easily leave have left. In BdW, the beta-discrete-
// Weibull, a customer's own θ rises with age too (C > 1) or falls (C < 1).
//
// Throughout, T is the number of opportunities that a customer has had to renew,
// x how many of them were taken, all of them at first: x = T is a customer who
// is there, x < T one who left at opportunity x+1. tx is x. Sources: see staying.
type Contract struct {
	Family         Family
	Alpha, Beta, C float64
	Paid           float64 // purchases of a renewal, on average: 1, or less where some are missed
}

// after returns how long those stay who have renewed n times.
func (m Contract) after(n float64) staying { return staying{m.Alpha, m.Beta, m.C, n} }

// LogLikelihood implements Past.
//
//	ln S(T) for x = T, else ln[S(x) − S(x+1)]
//
// Source: Fader & Hardie (2007), eq. (B3). The difference is written as
// S(x)·(1 − S(x+1)/S(x)), which loses nothing where few leave.
func (m Contract) LogLikelihood(x int, _, T float64) float64 {
	n := float64(x)
	if n >= T {
		return m.after(0).logSurvival(T)
	}
	return m.after(0).logSurvival(n) + math.Log(m.leaves(n))
}

// leaves returns the probability to leave after n renewals.
func (m Contract) leaves(n float64) float64 {
	if m.C == 1 {
		return m.Alpha / (m.Alpha + m.Beta + n)
	}
	return -math.Expm1(m.after(n).logSurvival(1))
}

// Alive implements Past: 1 or 0, for the contract says it.
func (m Contract) Alive(x int, _, T float64, stages []float64) float64 {
	stages[0] = 0
	if float64(x) >= T {
		stages[0] = 1
	}
	return stages[0]
}

// Shape implements Purchases.
func (m Contract) Shape() Shape { return Shape{Stages: 1, R: 1, IsDiscrete: true, IsContractual: true} }

// Futures implements Purchases. Of those who left nothing is to come.
func (m Contract) Futures(x float64, _ int) func(T float64) Future {
	return func(T float64) Future {
		if x < T {
			return gone{}
		}
		return renewals{m.after(T), m.Paid}
	}
}

// renewals is what a customer under contract does from now on: they renew as
// long as they stay, and make a purchase with each with probability paid.
type renewals struct {
	staying
	paid float64
}

// Expected implements Demand.
//
//	paid·Σ_{j ≤ h} S(j)
//
// Between whole h it is linear. (β+T)/(α−1) in sBG for h = +Inf; +Inf where that
// is infinite (see staying.total).
func (f renewals) Expected(h float64) float64 { return f.paid * f.total(0, h) }

// Discounted implements Demand.
//
//	paid·Σ_{j ≤ h} e^(−δj)·S(j)
//
// Renewal j is discounted over j whole periods. For h = +Inf it is the expected
// residual lifetime DERL of Fader & Hardie (2010), eq. (5), divided by 1 + d =
// e^δ, for theirs is taken just before the next renewal and ours a period ahead
// of it.
func (f renewals) Discounted(delta, h float64) float64 { return f.paid * f.total(delta, h) }

// Retained implements Future: for whole from and to
//
//	Σ_{from < j ≤ to} S(j)·paid·(1−paid)^(j−from−1)
//
// which is S(from + 1) where all renewals are paid.
func (f renewals) Retained(from, to float64) float64 {
	return bothEnds(from, to, func(from, to float64) float64 {
		sum, first := 0.0, f.paid*math.Exp(f.logSurvival(from))
		for j := from + 1; j <= to && first > 0; j++ {
			first *= f.stays(j - 1)
			sum += first
			if first *= 1 - f.paid; first <= seldom*sum {
				break
			}
		}
		return min(1, sum)
	})
}

// seldom is the share of a probability from which further terms do not count.
const seldom = 1e-17

// PMF implements Future: S(n) − S(n+1) for n < h, and S(h) for n = h, where all
// renewals are paid; else a binomial share of them.
func (f renewals) PMF(h float64, into []float64) {
	wholePMFs(h, into, func(h int, into []float64) {
		clear(into)
		survival := 1.0
		for n := 0; n <= h && survival > 0; n++ {
			stays := f.stays(float64(n))
			ends := survival * (1 - stays)
			if n == h {
				ends = survival
			}
			addBinomial(into, n, f.paid, ends)
			survival *= stays
		}
	})
}

// addBinomial adds to into[k] a weight times the probability of k of n, each
// with probability p.
func addBinomial(into []float64, n int, p, weight float64) {
	if p == 1 {
		if n < len(into) {
			into[n] += weight
		}
		return
	}
	log := float64(n) * math.Log1p(-p)
	for k := range min(n+1, len(into)) {
		into[k] += weight * math.Exp(log)
		log += math.Log(p/(1-p)) + math.Log(float64(n-k)/float64(k+1))
	}
}

// timeToPurchase returns the time by which there was a purchase with probability
// q: where all renewals are paid, within the period or never.
func (f renewals) timeToPurchase(q float64) float64 {
	return waitFor(q, f.first())
}

// first implements discrete.
func (f renewals) first() func(j float64) float64 {
	missed, survival := 1.0, 1.0
	return func(j float64) float64 {
		survival *= f.stays(j - 1)
		first := survival * missed * f.paid
		missed *= 1 - f.paid
		return first
	}
}

// next implements discrete.
func (f renewals) next() (Future, float64) {
	survives := f.stays(0)
	f.n++
	return f, survives
}

// gone is what a customer does who has left: nothing.
type gone struct{}

// Expected implements Demand.
func (gone) Expected(float64) float64 { return 0 }

// Discounted implements Demand.
func (gone) Discounted(_, _ float64) float64 { return 0 }

// Retained implements Future.
func (gone) Retained(_, _ float64) float64 { return 0 }

// PMF implements Future.
func (gone) PMF(_ float64, into []float64) {
	clear(into)
	if len(into) > 0 {
		into[0] = 1
	}
}

// first implements discrete.
func (gone) first() func(j float64) float64 { return func(float64) float64 { return 0 } }

// next implements discrete.
func (gone) next() (Future, float64) { return gone{}, 1 }

// timeToPurchase returns +Inf.
func (gone) timeToPurchase(float64) float64 { return math.Inf(1) }

// contractFamily is one of the two of Contract, with the first so many of its
// parameters. starts are given by the probability to leave.
func contractFamily(name Family, parameters int, starts func(leave float64) []vector) family {
	return family{
		name: name, parameters: []string{"alpha", "beta", "c"}[:parameters], times: make([]bool, parameters), isDiscrete: true,
		make: func(p []float64) Purchases {
			m := Contract{Family: name, Alpha: p[0], Beta: p[1], C: 1, Paid: 1}
			if parameters > 2 {
				m.C = p[2]
			}
			return m
		},
		likelihood: func(d Data, _ float64, _ Each) objective {
			return newContractLikelihood(d.Cells, parameters > 2).evaluate
		},
		starts: func(t cellTotals) []vector {
			// Of who renews with the same probability each time, x+1 is the mean number
			// of opportunities to the one at which they leave.
			return starts(1 / (1 + t.purchases/float64(t.customers)))
		},
	}
}

// contractStart returns the logarithms of (α, β, c) of a mean probability to
// leave; the smaller α+β, the more customers differ.
func contractStart(both, leave, c float64) vector {
	return vector{math.Log(both * leave), math.Log(both * (1 - leave)), math.Log(c)}
}
