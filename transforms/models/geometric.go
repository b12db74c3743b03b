package models

import (
	"math"

	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Geometric is the model of NBD, BG/NBD or MBG/NBD, with its parameters: buying
// at random, and dropping out after purchases only, as by the toss of a coin.
//
// While alive a customer buys at random at rate λ; λ differs between customers
// as Gamma(R, Alpha), mean R/Alpha. After a purchase a customer drops out for
// ever with probability p; p differs as Beta(A, B), mean A/(A+B). NBD has no
// dropout and leaves A and B 0. Alpha is a time; its unit is the unit of every
// time given to the methods, and rates are per that unit.
//
// Throughout, x is the number of repeat purchase days, tx the time from the
// first to the last purchase (0 if x = 0), T the time from the first purchase
// to the end of observation, 0 ≤ tx ≤ T. The methods are pure functions of the
// model and their arguments. Sources: Fader, Hardie & Lee (2005), "Counting
// Your Customers the Easy Way", Marketing Science 24(2) (BG/NBD); Batislam,
// Denizel & Filiztekin (2007), IJRM 24(3), and Hoppe & Wagner (2007),
// Marketing ZFP 29(3) (MBG/NBD); Ehrenberg (1959) (NBD).
type Geometric struct {
	Family         Family
	R, Alpha, A, B float64
}

// dropsOut says whether a customer who made x repeat purchases has had an
// occasion to drop out in this model.
func (m Geometric) dropsOut(x int) bool {
	return m.Family == MBGNBD || m.Family == BGNBD && x > 0
}

// occasions is the number of occasions to drop out that a customer alive at T
// has passed: the repeat purchases, and in MBG/NBD the first one too.
func (m Geometric) occasions(x int) float64 {
	if m.Family == MBGNBD {
		return float64(x + 1)
	}
	return float64(x)
}

// logOddsGone returns the log odds of having dropped out at the last purchase
// against being alive at T.
//
//	ln[ a/(b+n−1) ] + (r+x)·ln[ (α+T)/(α+tx) ]
//
// n is the number of occasions. −∞ where dropout is impossible. The quotient of
// times is log1p((T−tx)/(α+tx)), exact for tx near T.
func (m Geometric) logOddsGone(x int, tx, T float64) float64 {
	return m.logOdds(m.logOddsAtLast(x), x, tx, T)
}

// logOddsAtLast returns the part of logOddsGone that is known at the last
// purchase.
func (m Geometric) logOddsAtLast(x int) float64 {
	if !m.dropsOut(x) {
		return math.Inf(-1)
	}
	return math.Log(m.A / (m.B + m.occasions(x) - 1))
}

// logOdds returns logOddsGone from that part.
func (m Geometric) logOdds(atLast float64, x int, tx, T float64) float64 {
	return atLast + (m.R+float64(x))*math.Log1p((T-tx)/(m.Alpha+tx))
}

// LogLikelihood returns the logarithm of the likelihood of one customer.
//
//	ln Γ(r+x)/Γ(r) − r·ln(1+T/α) − x·ln(α+T) + ln B(a, b+n)/B(a, b) + ln(1 + e^L)
//
// L are the log odds of having dropped out, n the occasions to drop out; the
// last two terms are absent in NBD. It is the density of the ordered purchase
// times: the parameter-free t^(x−1)/Γ(x) is left out, as in all published
// figures, so families compare on the same data and one unit of time. Source:
// Fader, Hardie & Lee (2005), eq. (6). Computed in logs because both terms of
// the sum underflow for active customers. Agrees with 40-digit values to 1e-12
// relative (TestPointsAgree…, TestStressCells…).
func (m Geometric) LogLikelihood(x int, tx, T float64) float64 {
	times := -m.R*math.Log1p(T/m.Alpha) - float64(x)*math.Log(m.Alpha+T)
	value := numeric.LogRising(m.R, float64(x)) + times
	if m.Family == NBD {
		return value
	}
	n := m.occasions(x)
	stayed := numeric.LogRising(m.B, n) - numeric.LogRising(m.A+m.B, n)
	return value + stayed + numeric.LogAddExp(0, m.logOddsGone(x, tx, T))
}

// ProbabilityAlive returns the probability of being alive at T.
//
//	1 / (1 + e^L)
//
// L are the log odds of having dropped out. 1 for NBD, and for BG/NBD at x = 0.
// Within [0, 1]; 0 rather than NaN where it is below the smallest number.
// Source: as LogLikelihood, eq. (7.2) of Fader, Hardie & Lee (2008), "Computing
// P(alive) Using the BG/NBD Model". Agrees with 40-digit values to 1e-11
// relative down to 1e-21 (TestPointsAgree…, TestStressCells…).
func (m Geometric) ProbabilityAlive(x int, tx, T float64) float64 {
	return numeric.Logistic(-m.logOddsGone(x, tx, T))
}

// Expected returns the expected number of purchases in (T, T+h] of a customer.
//
//	P(alive)·E[X(h)] of the model that knows x and T
//
// (see future.expected). h ≥ 0; h = +Inf gives the limit, +Inf where it is
// infinite: in NBD always, else for a ≤ 1. 0 where P(alive) is 0.
func (m Geometric) Expected(x int, tx, T, h float64) float64 {
	return scale(m.ProbabilityAlive(x, tx, T), m.after(x, T).expected(h))
}

// ExpectedNew returns the expected number of repeat purchases in (0, t] of a
// customer who has just made the first one.
func (m Geometric) ExpectedNew(t float64) float64 { return m.Expected(0, 0, 0, t) }

// Discounted returns the expected number of purchases in (T, T+h], each
// discounted to T at the continuous rate delta per unit of time.
//
//	∫₀^h e^(−δu) dE[X(T, T+u]]
//
// delta ≥ 0, h ≥ 0, both may be at their ends: delta = 0 is Expected, h = +Inf
// the lifetime value (finite for delta > 0).
func (m Geometric) Discounted(x int, tx, T, delta, h float64) float64 {
	return scale(m.ProbabilityAlive(x, tx, T), m.after(x, T).discounted(delta, h))
}

// ProbabilityOfPurchase returns the probability of at least one purchase in
// (T, T+h].
//
//	P(alive)·[1 − ((α+T)/(α+T+h))^(r+x)]
//
// h ≥ 0; h = +Inf gives P(alive). Source: X(T, T+h] = 0 in the gamma mixture of
// Poisson processes; a customer who is alive cannot drop out before buying.
// Written with expm1 and log1p, exact for small h.
func (m Geometric) ProbabilityOfPurchase(x int, tx, T, h float64) float64 {
	return m.ProbabilityAlive(x, tx, T) * m.after(x, T).probabilityOfPurchase(h)
}

// MedianToPurchase returns the time after T by which a customer who is alive at
// T has bought again with probability ½.
//
//	(α+T)·(2^(1/(r+x)) − 1)
//
// It solves ((α+T)/(α+T+h))^(r+x) = ½, the probability of no purchase in
// (T, T+h] given alive at T, which is the same in all families: dropout follows
// purchases only. The mean is infinite for r+x ≤ 1, the median never. Written
// with expm1, exact for large r+x.
func (m Geometric) MedianToPurchase(x int, T float64) float64 {
	f := m.after(x, T)
	return f.alpha * math.Expm1(math.Ln2/f.r)
}

// RetainedNew returns the probability of at least one purchase in (from, to] of
// a customer who has just made the first one; from and to are times since then,
// 0 ≤ from ≤ to.
//
//	P(alive)·E_p[ (α/(α+p·from))^r − (α/(α+p·from+(to−from)))^r ]
//
// of the model that knows of the first purchase (see future.retained).
func (m Geometric) RetainedNew(from, to float64) float64 {
	return m.ProbabilityAlive(0, 0, 0) * m.after(0, 0).retained(from, to)
}

// Shape implements Purchases.
func (m Geometric) Shape() Shape { return Shape{Stages: 1, Alpha: m.Alpha, R: m.R} }

// Alive implements Past: ProbabilityAlive, in the only stage.
func (m Geometric) Alive(x int, tx, T float64, stages []float64) float64 {
	stages[0] = m.ProbabilityAlive(x, tx, T)
	return stages[0]
}

// Futures implements Purchases. The rules of quadrature are kept from age to age.
func (m Geometric) Futures(x float64, _ int) func(T float64) Future {
	rules := ruleCache{}
	return func(T float64) Future {
		f := m.after(0, T)
		f.r, f.rules = f.r+x, rules
		if m.Family != NBD {
			f.b += x
		}
		return f
	}
}

// geometricFamily is one of the three of Geometric, with the first so many of its
// parameters.
func geometricFamily(name Family, parameters int) family {
	return family{
		name: name, parameters: []string{"r", "alpha", "a", "b"}[:parameters], times: []bool{false, true, false, false}[:parameters],
		make: func(p []float64) Purchases {
			m := Geometric{Family: name, R: p[0], Alpha: p[1]}
			if parameters > 2 {
				m.A, m.B = p[2], p[3]
			}
			return m
		},
		likelihood: func(d Data, scaleDays float64, each Each) objective {
			return newPurchaseLikelihood(name, d.Cells, scaleDays, each).evaluate
		},
		starts: purchaseStarts,
	}
}
