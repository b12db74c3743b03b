package models

import "math"

// Opportunity is what an opportunity of a discrete model is, in purchases and in
// time. The zero value is one purchase, and the beginning of a period.
type Opportunity struct {
	// Purchases is the mean number of purchases of an opportunity taken, > 0; 0 stands
	// for 1. More than one: who takes it makes one purchase, and another with the same
	// probability after each. Less, as where contracts are renewed that miss
	// payments: a purchase comes with each by chance.
	Purchases float64
	// Elapsed is the share of the running period that is over at the as-of day,
	// 0 ≤ Elapsed < 1. What happened in it is not known to the model, so that the
	// other share is expected of everybody.
	Elapsed float64
}

// of returns a discrete model with such opportunities.
func (o Opportunity) of(m Purchases) Purchases {
	contract, isContract := m.(Contract)
	switch {
	case o.Purchases > 1:
		m = bundling{m, o.Purchases}
	case o.Purchases > 0 && isContract:
		contract.Paid = o.Purchases
		m = contract
	}
	if o.Elapsed > 0 {
		m = running{m, o.Elapsed}
	}
	return m
}

// bundling is a model whose opportunities taken are more than one purchase on
// average.
type bundling struct {
	Purchases
	size float64
}

// Futures implements Purchases.
func (m bundling) Futures(x float64, stage int) func(T float64) Future {
	at := m.Purchases.Futures(x, stage)
	return func(T float64) Future { return bundles{at(T), m.size} }
}

// bundles is a future whose opportunities taken are more than one purchase on
// average. Retained is that of the opportunities.
type bundles struct {
	Future
	size float64
}

// Expected implements Demand.
func (f bundles) Expected(h float64) float64 { return f.size * f.Future.Expected(h) }

// Discounted implements Demand.
func (f bundles) Discounted(delta, h float64) float64 { return f.size * f.Future.Discounted(delta, h) }

// PMF implements Future.
//
//	P(n) = Σ_{1 ≤ k ≤ n} P(k taken)·C(n−1, k−1)·π^k·(1−π)^(n−k),   π = 1/size
func (f bundles) PMF(h float64, into []float64) {
	taken := make([]float64, len(into))
	f.Future.PMF(h, taken)
	clear(into)
	last, more := math.Log(1/f.size), math.Log1p(-1/f.size)
	for k, p := range taken {
		if k == 0 {
			into[0] = p
			continue
		}
		if p == 0 {
			continue
		}
		log := math.Log(p) + float64(k)*last
		for n := k; n < len(into); n++ {
			into[n] += math.Exp(log)
			log += more + math.Log(float64(n)/float64(n+1-k))
		}
	}
}

// first implements discrete.
func (f bundles) first() func(j float64) float64 { return f.Future.(discrete).first() }

// next implements discrete.
func (f bundles) next() (Future, float64) {
	after, survives := f.Future.(discrete).next()
	return bundles{after, f.size}, survives
}

// timeToPurchase is that of the opportunities.
func (f bundles) timeToPurchase(q float64) float64 { return TimeToPurchase(f.Future, q) }
