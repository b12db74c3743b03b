package clv

import (
	"math"

	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Outlook is what a model of purchases expects of one customer until one
// horizon h.
type Outlook struct {
	Expected              float64 // purchases in (T, T+h]; +Inf only where h is
	Discounted            float64 // the same, each discounted to T
	ProbabilityOfPurchase float64 // of at least one
}

// Scorer scores many customers with one model and a list of horizons.
//
// Beside P(alive), what a model says of a customer depends on (x, T) alone;
// that is computed once for each (x, T) among the cells that it is made with. A
// Scorer does not change after NewScorer: make one for all customers, any
// number of goroutines may use it.
//
// Its numbers are those of the methods of Purchases: P(alive), the probability
// of a purchase and the median to the last bit, the purchases expected and
// discounted to 1e-12 relative, which is how well the methods are known
// (TestScorerAgreesWithTheModel…): those of an x of many ages are interpolated
// between a few ages, and many large x between a few. Of customers outside the
// cells all numbers are the methods' to the last bit.
type Scorer struct {
	model       Purchases
	daysPerUnit float64
	delta       float64     // discount rate per unit
	horizons    []float64   // in units
	ages        ages        // where curves meet the model
	byX         []frequency // as far as the cells go
}

// frequency is what is known of the customers of one x. There may be as many x
// as days, each with customers of few ages far apart: a day between them takes
// the four bytes of its place and no prospects.
type frequency struct {
	oddsAtLast float64 // Purchases.logOddsAtLast
	first      int32   // the least age of a cell
	places     []int32 // by age − first: the place in prospects, counted from 1; 0 where no cell has the age
	prospects  []Prospects
}

// Prospects are what is expected of the customers of one x and T who are alive.
type Prospects struct {
	outlooks  []Outlook // by horizon
	untilNext float64   // median days to the next purchase
}

// Score is what is expected of one customer.
type Score struct {
	Alive     float64    // the probability of being alive
	prospects *Prospects // if alive
}

// Outlook returns what is expected until a horizon, by its index.
func (s *Score) Outlook(horizon int) Outlook {
	o := &s.prospects.outlooks[horizon]
	return Outlook{scale(s.Alive, o.Expected), scale(s.Alive, o.Discounted), s.Alive * o.ProbabilityOfPurchase}
}

// NewScorer returns a Scorer of model, whose unit of time is daysPerUnit days,
// for a continuous discount rate per day ≥ 0 and horizons in days > 0, +Inf for
// the lifetime. cells are those that the model was fitted to, sorted by X first;
// a customer outside them costs about a thousand times as much.
func NewScorer(model Purchases, daysPerUnit, discountPerDay float64, horizonDays []float64, cells []Cell, each Each) *Scorer {
	s := &Scorer{model: model, daysPerUnit: daysPerUnit, delta: discountPerDay * daysPerUnit}
	for _, days := range horizonDays {
		s.horizons = append(s.horizons, days/daysPerUnit)
	}
	oldest := int32(0)
	for _, c := range cells {
		oldest = max(oldest, c.T)
	}
	s.ages = newAges(model.Alpha, float64(oldest)/daysPerUnit)
	runs := cellsByX(cells)
	if len(runs) > 0 {
		s.byX = make([]frequency, runs[len(runs)-1][0].X+1)
	}
	bands := s.bandsWorth(runs, each)
	each.run(len(runs), func(i int) {
		x := runs[i][0].X
		s.byX[x] = s.frequency(int(x), runs[i], bands)
	})
	return s
}

// frequency computes the prospects at all ages of the cells, which have the
// same x.
func (s *Scorer) frequency(x int, cells []Cell, bands []*band) frequency {
	first, last := cells[0].T, cells[0].T
	for _, c := range cells {
		first, last = min(first, c.T), max(last, c.T)
	}
	places, known := make([]int32, last-first+1), int32(0)
	for _, c := range cells {
		if place := &places[c.T-first]; *place == 0 {
			known++
			*place = known
		}
	}
	f := frequency{s.model.logOddsAtLast(x), first, places, make([]Prospects, known)}
	rules := ruleCache{} // a rule depends on x, and on T by a few steps only
	c := s.curvesFor(x, int(known), bands, rules)
	for i, place := range places {
		if place > 0 {
			f.prospects[place-1] = s.prospectsOf(x, first+int32(i), c, rules)
		}
	}
	return f
}

// curvesFor returns curves for an x of a number of ages: those of its band, else
// its own; nil where neither is there or the ages are few.
func (s *Scorer) curvesFor(x, ages int, bands []*band, rules ruleCache) *curves {
	for _, b := range bands {
		if b.has(x) {
			return b.at(math.Log(s.model.R + float64(x)))
		}
	}
	if ages < worthCurves {
		return nil
	}
	return s.curvesOf(float64(x), rules)
}

// prospectsOf computes the prospects of customers alive at T days, by curves
// unless they are nil.
func (s *Scorer) prospectsOf(x int, T int32, c *curves, rules ruleCache) Prospects {
	age := float64(T) / s.daysPerUnit
	f := s.model.after(x, age)
	f.rules = rules
	demand := make([]float64, s.demands())
	if c == nil {
		s.demand(f, demand)
	} else {
		c.demandAt(f.alpha, demand)
	}
	p := Prospects{make([]Outlook, len(s.horizons)), s.model.MedianToPurchase(x, age) * s.daysPerUnit}
	for i, h := range s.horizons {
		p.outlooks[i] = Outlook{demand[2*i], demand[2*i+1], f.probabilityOfPurchase(h)}
	}
	return p
}

// demands is the number of what demand computes.
func (s *Scorer) demands() int { return 2 * len(s.horizons) }

// demand computes what takes quadrature in the outlooks of customers who are
// alive: by horizon the purchases expected, and the same discounted.
func (s *Scorer) demand(f future, demand []float64) {
	for i, h := range s.horizons {
		demand[2*i], demand[2*i+1] = f.expected(h), f.discounted(s.delta, h)
	}
}

// Score scores a customer with x repeat purchase days, the last of them tx days
// after the first purchase, which was T days before the end of observation.
func (s *Scorer) Score(x, tx, T int32) Score {
	if int(x) < len(s.byX) {
		f := &s.byX[x]
		if i := int(T - f.first); uint(i) < uint(len(f.places)) && f.places[i] > 0 {
			p := &f.prospects[f.places[i]-1]
			odds := s.model.logOdds(f.oddsAtLast, int(x), float64(tx)/s.daysPerUnit, float64(T)/s.daysPerUnit)
			return Score{numeric.Logistic(-odds), p}
		}
	}
	p := s.prospectsOf(int(x), T, nil, nil)
	return Score{s.model.ProbabilityAlive(int(x), float64(tx)/s.daysPerUnit, float64(T)/s.daysPerUnit), &p}
}
