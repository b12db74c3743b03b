package models

import "math"

// perOpportunity returns a discrete model whose opportunities taken are so many
// purchases on average, > 0; 1 changes nothing.
//
// More than one: a customer who takes an opportunity makes one purchase, and
// another with the same probability after each. Fewer, as where contracts are
// renewed that miss payments: a purchase comes with each by chance.
func perOpportunity(m Purchases, purchases float64) Purchases {
	contract, isContract := m.(Contract)
	switch {
	case purchases == 1:
		return m
	case purchases > 1:
		return bundling{m, purchases}
	case isContract:
		contract.Paid = purchases
		return contract
	default:
		panic("models: an opportunity is taken by a purchase at least")
	}
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

// timeToPurchase is that of the opportunities.
func (f bundles) timeToPurchase(q float64) float64 { return TimeToPurchase(f.Future, q) }
