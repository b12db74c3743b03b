package models

import "math"

// Purchases is a model of when customers buy, with its parameters, whatever its
// family.
//
// Throughout, x is the number of repeat purchases, tx the time from the first
// purchase to the last (0 if x = 0), T the time from the first purchase to the
// end of observation, 0 ≤ tx ≤ T. Times are in the unit of the parameters. In the
// discrete families purchases are opportunities taken, and times are counts of
// opportunities after the first. Implementations are pure functions of their
// parameters and arguments, safe for any number of goroutines.
type Purchases interface {
	Past
	// Shape says what scoring many customers has to know of the model.
	Shape() Shape
	// Futures returns what a customer with x repeat purchases who is alive at T
	// and in a stage does from then on, as a function of T. x need not be whole.
	// The function is for one goroutine.
	Futures(x float64, stage int) func(T float64) Future
}

// Past is what a model says of what customers did.
type Past interface {
	// LogLikelihood returns the log-density of a customer's purchases, without
	// factors that hold no parameter.
	LogLikelihood(x int, tx, T float64) float64
	// Alive sets stages to the probabilities of being alive at T and in each
	// stage, and returns their sum, the probability of being alive.
	Alive(x int, tx, T float64, stages []float64) float64
}

// Future is what a customer known to be alive does from now on.
type Future interface {
	Demand
	// Retained returns the probability of at least one purchase in (from, to], 0 ≤ from ≤ to.
	Retained(from, to float64) float64
	// PMF sets into[n] to the probability of n purchases within h.
	PMF(h float64, into []float64)
}

// Demand is how many purchases are expected.
type Demand interface {
	// Expected returns the expected number of purchases within h ≥ 0; +Inf where
	// that of a lifetime, h = +Inf, is infinite.
	Expected(h float64) float64
	// Discounted returns the same with each purchase discounted to now at the
	// continuous rate delta ≥ 0 per unit of time.
	Discounted(delta, h float64) float64
}

// MaxStages is the largest number of stages of a model.
const MaxStages = 4

// Shape is what scoring many customers has to know of a model.
type Shape struct {
	// Stages is how many there are that customers alive may be in, 1 to MaxStages:
	// how far they are on the way to their next purchase. 1 where buying has no memory.
	Stages int
	// Alpha is the time for which futures are smooth functions of ln(Alpha+T); 0 if
	// they are not, as where time is counted in opportunities.
	Alpha float64
	// R is the number for which futures are smooth functions of ln(R+x), > 0.
	R float64
	// IsDiscrete says that cells count opportunities, the model's units, instead of
	// days.
	IsDiscrete bool
	// IsContractual says that opportunities are renewals, at whole units after the
	// first purchase.
	IsContractual bool
}

// CellsUnit returns how much of what cells count makes a unit of the model's time
// of so many days.
func (s Shape) CellsUnit(daysPerUnit float64) float64 {
	if s.IsDiscrete {
		return 1
	}
	return daysPerUnit
}

// Customer is what a model of purchases expects of one customer.
type Customer struct {
	alive   float64
	weights [MaxStages]float64 // of being alive and in each stage
	futures []Future           // by stage
}

// At returns what a model expects of a customer.
func At(m Purchases, x int, tx, T float64) Customer {
	var c Customer
	stages := m.Shape().Stages
	c.alive = m.Alive(x, tx, T, c.weights[:stages])
	for stage := range stages {
		c.futures = append(c.futures, m.Futures(float64(x), stage)(T))
	}
	return c
}

// ProbabilityAlive returns the probability of being alive at T.
func (c Customer) ProbabilityAlive() float64 { return c.alive }

// Expected returns the expected number of purchases in (T, T+h]. 0 where P(alive) is 0.
func (c Customer) Expected(h float64) float64 {
	return c.mean(func(f Future) float64 { return f.Expected(h) })
}

// Discounted returns the same with each purchase discounted to T at the
// continuous rate delta per unit of time.
//
//	∫₀^h e^(−δu) dE[X(T, T+u]]
func (c Customer) Discounted(delta, h float64) float64 {
	return c.mean(func(f Future) float64 { return f.Discounted(delta, h) })
}

// Retained returns the probability of a purchase in (T+from, T+to].
func (c Customer) Retained(from, to float64) float64 {
	return c.mean(func(f Future) float64 { return f.Retained(from, to) })
}

// PMF sets into[n] to the probability of n purchases in (T, T+h]. Customers who
// have dropped out make none.
func (c Customer) PMF(h float64, into []float64) {
	clear(into)
	own := make([]float64, len(into))
	for stage, f := range c.futures {
		f.PMF(h, own)
		for n, p := range own {
			into[n] += c.weights[stage] * p
		}
	}
	if len(into) > 0 {
		into[0] += 1 - c.alive
	}
}

// TimeToPurchase returns the time after T by which the customer, if alive, has
// bought with probability q, 0 < q < 1; +Inf where that never is. Not for who
// certainly is not.
func (c Customer) TimeToPurchase(q float64) float64 {
	if len(c.futures) == 1 {
		return TimeToPurchase(c.futures[0], q)
	}
	return c.futures[0].(staged).timeToPurchaseAmong(c.weights[:len(c.futures)], q)
}

// staged is a future of a model of several stages.
type staged interface {
	// timeToPurchaseAmong returns the time by which customers with these weights of
	// being alive and in each stage, not all 0, have bought with probability q if
	// alive.
	timeToPurchaseAmong(weights []float64, q float64) float64
}

// mean returns the sum of a value over stages, weighted by their probabilities.
func (c Customer) mean(value func(Future) float64) float64 {
	sum := 0.0
	for stage, f := range c.futures {
		sum += scale(c.weights[stage], value(f))
	}
	return sum
}

// scale returns alive·value where an infinite value of a customer who is
// certainly gone counts as nothing.
func scale(alive, value float64) float64 {
	if alive == 0 {
		return 0
	}
	return alive * value
}

// TimeToPurchase returns the time by which a customer who is alive now has
// bought with probability q, 0 < q < 1; +Inf where that never is, for they may
// drop out before.
func TimeToPurchase(f Future, q float64) float64 {
	if closed, ok := f.(interface{ timeToPurchase(q float64) float64 }); ok {
		return closed.timeToPurchase(q)
	}
	if !(f.Retained(0, math.Inf(1)) > q) {
		return math.Inf(1)
	}
	low, high := 0.0, 1.0
	for f.Retained(0, high) < q {
		low, high = high, 2*high
	}
	for range 200 {
		middle := low + (high-low)/2
		if middle == low || middle == high {
			break
		}
		if f.Retained(0, middle) < q {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}
