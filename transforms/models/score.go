package models

import (
	"math"
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
// Beside the probabilities of being alive in each stage, what a model says of a
// customer depends on (x, T) alone; that is computed once for each (x, T) among
// the cells that it is made with. A Scorer does not change after NewScorer: make
// one for all customers, any number of goroutines may use it.
//
// Its numbers are those of the model: P(alive) to the last bit, the probability
// of a purchase likewise, the purchases expected and discounted to 1e-12
// relative, which is how well the models are known
// (TestScorerAgreesWithTheModel…): those of an x of many ages are interpolated
// between a few ages, and many large x between a few. Of customers outside the
// cells all numbers are the model's to the last bit.
type Scorer struct {
	model       Purchases
	shape       Shape
	alive       func(x, tx, T int32, stages []float64) float64
	daysPerUnit float64
	cellsUnit   float64            // days, or opportunities, of a cell that are a unit
	delta       float64            // discount rate per unit
	horizons    []float64          // in units
	ages        ages               // where curves meet the model
	byX         []byAge[Prospects] // as far as the cells go
}

// byAge is what is known of the customers of one x, by their age. There may be as
// many x as days, each with customers of few ages far apart: a day between them
// takes the four bytes of its place and no item.
type byAge[P any] struct {
	first  int32   // the least age of a cell
	places []int32 // by age − first: the place in items, counted from 1; 0 where no cell has the age
	items  []P
}

// newByAge makes room for an item for each age of cells, which have the same x.
func newByAge[P any](cells []Cell) byAge[P] {
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
	return byAge[P]{first, places, make([]P, known)}
}

// fill computes the items.
func (b *byAge[P]) fill(item func(T int32) P) {
	for i, place := range b.places {
		if place > 0 {
			b.items[place-1] = item(b.first + int32(i))
		}
	}
}

// at returns the item of an age, nil where there is none.
func (b *byAge[P]) at(T int32) *P {
	if i := int(T - b.first); uint(i) < uint(len(b.places)) && b.places[i] > 0 {
		return &b.items[b.places[i]-1]
	}
	return nil
}

// Prospects are what is expected of the customers of one x and T who are alive.
type Prospects struct {
	outlooks  []Outlook // by stage, and by horizon in each
	untilNext []Wait    // by stage
	staged    staged    // of several stages, whose mixture has quantiles of its own
	unitDays  float64   // in which its times are
}

// Score is what is expected of one customer.
type Score struct {
	Alive     float64            // the probability of being alive
	stages    [MaxStages]float64 // of being alive and in each stage
	prospects *Prospects         // if alive, nil of a Score that is none
}

// IsScored reports whether the score is one.
func (s *Score) IsScored() bool { return s.prospects != nil }

// Stage returns the probability of being alive and in a stage.
func (s *Score) Stage(stage int) float64 { return s.stages[stage] }

// Outlook returns what is expected until a horizon, by its index.
func (s *Score) Outlook(horizon int) (o Outlook) {
	horizons := s.prospects.horizons()
	for stage := range s.prospects.untilNext {
		own, weight := &s.prospects.outlooks[stage*horizons+horizon], s.stages[stage]
		o.Expected += scale(weight, own.Expected)
		o.Discounted += scale(weight, own.Discounted)
		o.ProbabilityOfPurchase += weight * own.ProbabilityOfPurchase
	}
	return o
}

func (p *Prospects) horizons() int { return len(p.outlooks) / len(p.untilNext) }

// quick is a model that says faster who is alive, having seen the cells.
type quick interface {
	aliveAmong(cells []Cell, daysPerUnit float64, each Each) func(x, tx, T int32, stages []float64) float64
}

// NewScorer returns a Scorer of model, whose unit of time is daysPerUnit days,
// those of an opportunity where it is discrete, for a continuous discount rate per day ≥ 0 and horizons in days > 0, +Inf for
// the lifetime. cells are those that the model was fitted to, sorted by X first;
// a customer outside them costs about a thousand times as much.
func NewScorer(model Purchases, daysPerUnit, discountPerDay float64, horizonDays []float64, cells []Cell, each Each) *Scorer {
	s := &Scorer{model: model, shape: model.Shape(), daysPerUnit: daysPerUnit, delta: discountPerDay * daysPerUnit}
	s.cellsUnit = s.shape.CellsUnit(daysPerUnit)
	for _, days := range horizonDays {
		s.horizons = append(s.horizons, days/daysPerUnit)
	}
	s.alive = func(x, tx, T int32, stages []float64) float64 {
		return model.Alive(int(x), float64(tx)/s.cellsUnit, float64(T)/s.cellsUnit, stages)
	}
	if q, ok := model.(quick); ok {
		s.alive = q.aliveAmong(cells, daysPerUnit, each)
	}
	oldest := int32(0)
	for _, c := range cells {
		oldest = max(oldest, c.T)
	}
	if s.shape.Alpha > 0 {
		s.ages = newAges(s.shape.Alpha, float64(oldest)/s.cellsUnit)
	}
	runs := cellsByX(cells)
	if len(runs) > 0 {
		s.byX = make([]byAge[Prospects], runs[len(runs)-1][0].X+1)
	}
	bands := s.bandsWorth(runs, each)
	each.Run(len(runs), func(i int) {
		x := runs[i][0].X
		s.byX[x] = newByAge[Prospects](runs[i])
		futures, c := s.futures(float64(x)), s.curvesFor(int(x), len(s.byX[x].items), bands)
		s.byX[x].fill(func(T int32) Prospects { return s.prospectsOf(T, c, futures) })
	})
	return s
}

// futures returns the futures of customers of one x, by stage.
func (s *Scorer) futures(x float64) []func(T float64) Future { return futuresOf(s.model, x) }

// futuresOf returns the futures of customers of one x, by stage.
func futuresOf(m Purchases, x float64) []func(T float64) Future {
	list := make([]func(T float64) Future, m.Shape().Stages)
	for stage := range list {
		list[stage] = m.Futures(x, stage)
	}
	return list
}

// curvesFor returns curves for an x of a number of ages: those of its band, else
// its own; nil where neither is there or the ages are few.
func (s *Scorer) curvesFor(x, ages int, bands []*band) *curves {
	for _, b := range bands {
		if b.has(x) {
			return b.at(math.Log(s.shape.R + float64(x)))
		}
	}
	if ages < worthCurves || s.shape.Alpha == 0 {
		return nil
	}
	return s.curvesOf(float64(x))
}

// prospectsOf computes the prospects of customers alive at T days, by curves
// unless they are nil.
func (s *Scorer) prospectsOf(T int32, c *curves, futures []func(T float64) Future) Prospects {
	age := float64(T) / s.cellsUnit
	now := make([]Future, len(futures))
	for stage, at := range futures {
		now[stage] = at(age)
	}
	demand := make([]float64, s.demands())
	if c == nil {
		s.demand(now, demand)
	} else {
		c.demandAt(s.shape.Alpha+age, demand)
	}
	p := Prospects{outlooks: make([]Outlook, 0, len(demand)/2)}
	for _, f := range now {
		for _, h := range s.horizons {
			i := 2 * len(p.outlooks)
			p.outlooks = append(p.outlooks, Outlook{demand[i], demand[i+1], f.Retained(0, h)})
		}
		p.untilNext = append(p.untilNext, waitOf(f, s.daysPerUnit))
	}
	if len(now) > 1 {
		p.staged, p.unitDays = now[0].(staged), s.daysPerUnit
	}
	return p
}

// demands is the number of what demand computes.
func (s *Scorer) demands() int { return 2 * len(s.horizons) * s.shape.Stages }

// demand computes what takes quadrature in the outlooks of customers who are
// alive: by stage and horizon the purchases expected, and the same discounted.
func (s *Scorer) demand(futures []Future, demand []float64) {
	i := 0
	for _, f := range futures {
		for _, h := range s.horizons {
			demand[i], demand[i+1] = f.Expected(h), f.Discounted(s.delta, h)
			i += 2
		}
	}
}

// Score scores a customer with x repeat purchase days, the last of them tx days
// after the first purchase, which was T days before the end of observation.
func (s *Scorer) Score(x, tx, T int32) Score {
	var score Score
	score.Alive = s.alive(x, tx, T, score.stages[:s.shape.Stages])
	if int(x) < len(s.byX) {
		if score.prospects = s.byX[x].at(T); score.prospects != nil {
			return score
		}
	}
	p := s.prospectsOf(T, nil, s.futures(float64(x)))
	score.prospects = &p
	return score
}
