package models

import "math"

// discrete is a future of opportunities.
type discrete interface {
	Future
	// next returns the future of who survives the next opportunity, of whom it is not
	// known whether they took it, and the probability to survive it.
	next() (Future, float64)
	// first returns the function of the probability that the next purchase is at
	// opportunity j, to be asked for j = 1, 2, …
	first() func(j float64) float64
}

// running is a discrete model whose predictions begin within a period, of which a
// share is over.
type running struct {
	Purchases
	elapsed float64
}

// Futures implements Purchases.
func (m running) Futures(x float64, stage int) func(T float64) Future {
	at := m.Purchases.Futures(x, stage)
	return func(T float64) Future { return shifted{at(T).(discrete), m.elapsed} }
}

// shifted is a future that begins so much later, 0 < by < 1, without knowing what
// was until then.
type shifted struct {
	discrete
	by float64
}

// Expected implements Demand. Where that of a lifetime is infinite it is so here.
func (f shifted) Expected(h float64) float64 {
	return f.discrete.Expected(f.by+h) - f.discrete.Expected(f.by)
}

// Discounted implements Demand.
func (f shifted) Discounted(delta, h float64) float64 {
	return math.Exp(delta*f.by) * (f.discrete.Discounted(delta, f.by+h) - f.discrete.Discounted(delta, f.by))
}

// Retained implements Future.
func (f shifted) Retained(from, to float64) float64 { return f.discrete.Retained(f.by+from, f.by+to) }

// PMF implements Future: the opportunity that is running is still to come with
// probability 1 − by.
func (f shifted) PMF(h float64, into []float64) {
	if f.by+h < 1 {
		f.discrete.PMF(1, into)
		mix(into, h, 1-h)
		return
	}
	after, survives := f.next()
	passed := make([]float64, len(into))
	after.PMF(f.by+h-1, passed)
	f.discrete.PMF(f.by+h, into)
	mix(into, 1-f.by, f.by*(1-survives))
	for n, p := range passed {
		into[n] += f.by * survives * p
	}
}

// timeToPurchase returns the time by which a customer has bought with probability
// q: what is left of the running period counts by its share.
func (f shifted) timeToPurchase(q float64) float64 {
	after, survives := f.next()
	now, later := f.first(), after.(discrete).first()
	t := waitFor(q, func(j float64) float64 {
		p := (1 - f.by) * now(j)
		if j > 1 {
			p += f.by * survives * later(j-1)
		}
		return p
	})
	if t < 1 {
		return t * (1 - f.by)
	}
	return t - f.by
}

// mix multiplies probabilities of numbers of purchases by a weight, and adds one
// of none.
func mix(pmf []float64, weight, none float64) {
	for n := range pmf {
		pmf[n] *= weight
	}
	if len(pmf) > 0 {
		pmf[0] += none
	}
}

// Acquired returns what a model expects of a customer who has just made the first
// purchase.
//
// In discrete models time begins with the period after that of the first purchase.
// That period begins half a period later on average, which is when the model
// begins here; contracts are renewed at whole periods after the first purchase,
// at the day. Elapsed parts of periods do not matter.
func Acquired(m Purchases) Customer {
	if r, ok := m.(running); ok {
		m = r.Purchases
	}
	c := At(m, 0, 0, 0)
	for i, f := range c.futures {
		switch shape := m.Shape(); {
		case shape.IsContractual:
			c.futures[i] = anniversaries{f}
		case shape.IsDiscrete:
			c.futures[i] = delayed{f, 0.5}
		}
	}
	return c
}

// delayed is a future that begins so much later, with nothing before.
type delayed struct {
	Future
	by float64
}

// Expected implements Demand.
func (f delayed) Expected(h float64) float64 { return f.Future.Expected(max(0, h-f.by)) }

// Discounted implements Demand.
func (f delayed) Discounted(delta, h float64) float64 {
	return math.Exp(-delta*f.by) * f.Future.Discounted(delta, max(0, h-f.by))
}

// Retained implements Future.
func (f delayed) Retained(from, to float64) float64 {
	return f.Future.Retained(max(0, from-f.by), max(0, to-f.by))
}

// PMF implements Future.
func (f delayed) PMF(h float64, into []float64) { f.Future.PMF(max(0, h-f.by), into) }

// timeToPurchase is later by as much.
func (f delayed) timeToPurchase(q float64) float64 { return f.by + TimeToPurchase(f.Future, q) }

// anniversaries is a future whose opportunities are at whole times.
type anniversaries struct{ Future }

// Expected implements Demand.
func (f anniversaries) Expected(h float64) float64 { return f.Future.Expected(math.Floor(h)) }

// Discounted implements Demand.
func (f anniversaries) Discounted(delta, h float64) float64 {
	return f.Future.Discounted(delta, math.Floor(h))
}

// Retained implements Future: in [from, to), as periods are that begin with an
// anniversary.
func (f anniversaries) Retained(from, to float64) float64 {
	return f.Future.Retained(max(0, math.Ceil(from)-1), max(0, math.Ceil(to)-1))
}

// PMF implements Future.
func (f anniversaries) PMF(h float64, into []float64) { f.Future.PMF(math.Floor(h), into) }

// timeToPurchase is at the anniversary.
func (f anniversaries) timeToPurchase(q float64) float64 {
	return math.Ceil(TimeToPurchase(f.Future, q))
}
