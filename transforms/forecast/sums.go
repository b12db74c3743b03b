package forecast

import (
	"cmp"
	"math"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
)

// key is what the demand of customers who are alive depends on, the model among
// Assumptions.Models with it, and their cohort: the month of the first purchase.
type key struct{ model, x, T, cohort int32 }

func (k key) compare(o key) int {
	return cmp.Or(cmp.Compare(k.model, o.model), cmp.Compare(k.x, o.x), cmp.Compare(k.T, o.T), cmp.Compare(k.cohort, o.cohort))
}

// The units in which parts of customers are counted, so that sums are of
// integers and do not depend on the order: fine enough that the rounding of a
// customer is a billionth, coarse enough for ten billion of them. Values are in
// multiples of the population's mean purchase.
const (
	aliveUnit  = 1 << 30
	valueUnit  = 1 << 24
	squareUnit = 1 << 16
	mostSquare = 1 << 48 // of one customer: 65,536 mean purchases, squared
)

// held are the customers of one key in a part of the base, added up.
type held struct {
	stages [models.MaxStages]struct {
		alive int64 // Σ P(alive and in the stage), in aliveUnit
		value int64 // the same × expected value of a purchase, in valueUnit
	}
	second int64 // Σ P(alive) × expected square of the customer's mean purchase, in squareUnit
	square int64 // Σ (P(alive) × expected value of a purchase)², in squareUnit

	residual, contribution lifetime
}

// lifetime is the residual value of customers.
type lifetime struct {
	amount  int64
	unknown int64 // customers without one
}

func (l *lifetime) enter(amount int64, isKnown bool) {
	if isKnown {
		l.amount += amount
	} else {
		l.unknown++
	}
}

func (l *lifetime) add(o *lifetime) {
	l.amount += o.amount
	l.unknown += o.unknown
}

func (h *held) add(o *held) {
	for s := range h.stages {
		h.stages[s].alive += o.stages[s].alive
		h.stages[s].value += o.stages[s].value
	}
	h.second += o.second
	h.square += o.square
	h.residual.add(&o.residual)
	h.contribution.add(&o.contribution)
}

// enter enters a customer, whose purchases are worth so many mean ones.
func (h *held) enter(p *clv.Prospect, worth float64) {
	alive := 0.0
	for s, probability := range p.Stages {
		h.stages[s].alive += int64(math.RoundToEven(probability * aliveUnit))
		h.stages[s].value += int64(math.RoundToEven(bounded(probability*worth*valueUnit, mostSquare)))
		alive += probability
	}
	h.second += int64(math.RoundToEven(bounded(alive*worth*worth*(1+p.OwnSpread)*squareUnit, mostSquare)))
	h.square += int64(math.RoundToEven(bounded(alive*worth*alive*worth*squareUnit, mostSquare)))
	residual, ok := p.Residual.Get()
	h.residual.enter(residual, ok)
	contribution, ok := p.Contribution.Get()
	h.contribution.enter(contribution, ok)
}

func bounded(v, most float64) float64 { return max(-most, min(v, most)) }

// Sums accumulates what forecasts are made of, per dimension: as many entries
// as there are pairs (x, T) in it, for T tells the cohort.
type Sums struct {
	cohort.Split[map[key]*held]
}

// Enter enters customers with what they are worth. Those without a prediction
// are left out.
func (s *Sums) Enter(f *cohort.Frame, v *clv.Valuation, c *ledger.Customers, values []clv.Value) {
	assumptions, ok := v.Assumptions()
	if !ok {
		return
	}
	unit := unitOf(&assumptions)
	parts := s.Each(f.Dimensions(c))
	for _, part := range parts {
		if *part == nil {
			*part = map[key]*held{}
		}
	}
	for m := range f.Members(c) {
		prospect, ok := v.Prospect(&values[m.Customer], c, m.Customer, f.AsOf)
		if !ok {
			continue
		}
		k := key{int32(prospect.Model), prospect.X, prospect.T, f.Period(calendar.ByMonth, m.First)}
		for _, p := range m.Parts {
			of(*parts[p], k).enter(&prospect, prospect.Purchase/unit)
		}
	}
}

// unitOf returns the value of purchases that sums are in multiples of.
func unitOf(a *clv.Assumptions) float64 {
	if a.Purchase == 0 {
		return 1
	}
	return math.Abs(a.Purchase)
}

func of(part map[key]*held, k key) *held {
	h, ok := part[k]
	if !ok {
		h = new(held)
		part[k] = h
	}
	return h
}

// Add adds other sums.
func (s *Sums) Add(o *Sums) {
	s.Merge(&o.Split, func(to, from *map[key]*held) {
		if *to == nil {
			*to = map[key]*held{}
		}
		for k, h := range *from {
			of(*to, k).add(h)
		}
	})
}
