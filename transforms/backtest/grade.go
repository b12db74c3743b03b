package backtest

import (
	"fmt"
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/money"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Grain is what is compared.
type Grain string

// The grains, in the order of the table.
const (
	ByCohort   Grain = "cohort" // customers acquired in the same month together
	ByCustomer Grain = "customer"
	Total      Grain = "total" // all customers together
)

// Measure is what is predicted.
type Measure string

// The measures, in the order of the table.
const (
	NetRevenue Measure = "net_revenue"
	Purchases  Measure = "purchases"
)

// Row is a row of backtests.
type Row struct {
	Origin    calendar.Day
	Horizon   clv.Horizon
	Dimension cohort.Dimension
	Grain     Grain
	Measure   Measure
	Model     string // a family, or one of Baselines
	IsChosen  bool
	Customers int64
	Units     int64 // customers, cohorts, or 1
	Metrics
	Coverage        numeric.Null[float64] // of intervals of IntervalLevel
	WidenedCoverage numeric.Null[float64]

	levels []float64 // of customers: the least at which each is inside
	sums   []sum     // of cohorts or of all
}

// part is a part of the base at an origin.
type part struct {
	dimension cohort.Dimension
	customers []int32   // places among the states
	cohorts   [][]int32 // the same by month of the first purchase
}

// partsOf returns the whole base and the values of the splits that have customers,
// in the order of the dimensions.
func partsOf(f *cohort.Frame, h *Histories, states []State) []part {
	parts := make([]part, len(h.Dimensions))
	for i, d := range h.Dimensions {
		parts[i].dimension = d
	}
	for i := range states {
		parts[0].customers = append(parts[0].customers, int32(i))
		for _, p := range h.Parts(states[i].Customer) {
			parts[p].customers = append(parts[p].customers, int32(i))
		}
	}
	parts = slices.DeleteFunc(parts, func(p part) bool { return len(p.customers) == 0 })
	slices.SortFunc(parts, func(a, b part) int { return a.dimension.Compare(b.dimension) })
	for i := range parts {
		parts[i].divide(f, states)
	}
	return parts
}

func (p *part) divide(f *cohort.Frame, states []State) {
	var months cohort.Series[[]int32]
	for _, i := range p.customers {
		members := months.At(f.Period(calendar.ByMonth, states[i].First))
		*members = append(*members, i)
	}
	first, _ := months.First()
	for m := first; m < months.End(); m++ {
		if members := months.Get(m); len(members) > 0 {
			p.cohorts = append(p.cohorts, members)
		}
	}
}

// ranksOf ranks what came of the customers of each part.
func ranksOf(parts []part, actual []float64, each models.Each) []*ranking {
	ranks := make([]*ranking, len(parts))
	each.Run(len(parts), func(i int) { ranks[i] = ranked(picked(actual, parts[i].customers)) })
	return ranks
}

// outcome is what came of the customers of a calibration, in their order.
type outcome struct{ purchases, money []float64 }

func (c *calibration) outcome(horizon int) *outcome {
	o := &outcome{make([]float64, len(c.states)), make([]float64, len(c.states))}
	for i := range c.states {
		did := c.past.histories.Trade(c.states[i].Customer, c.past.origin, c.past.origin+calendar.Day(horizon))
		o.purchases[i], o.money[i] = float64(did.Purchases), float64(did.NetRevenue)/money.Scale
	}
	return o
}

// graded is a prediction beside what came, in one measure.
type graded struct {
	*prediction
	origin            calendar.Day
	horizon           clv.Horizon
	measure           Measure
	predicted, actual []float64  // by customer
	ranks             []*ranking // of actual, by part of the base
	levels            []float64  // by customer; nil where there are no intervals for them
}

// hasSums reports whether there are intervals for sums.
func (g *graded) hasSums() bool { return g.fit != nil && (g.measure == Purchases || g.hasWorth) }

// sum returns what was expected of some customers together.
func (g *graded) sum(customers []int32) sum {
	var mean, actual, chance numeric.Sum
	for _, i := range customers {
		mean.Add(g.predicted[i])
		actual.Add(g.actual[i])
		switch {
		case !g.hasSums():
		case g.measure == Purchases:
			chance.Add(g.variances[i])
		default:
			chance.Add(g.worth[i].variance)
		}
	}
	s := sum{mean: mean.Value(), actual: actual.Value(), chance: chance.Value()}
	if g.hasSums() {
		s.parameter = g.parameterVariance(customers, func(i int32) float64 {
			if g.measure == Purchases {
				return 1
			}
			return g.worth[i].value
		})
	}
	return s
}

// rows returns the rows of a prediction for some parts of the base.
func (g *graded) rows(parts []part) []Row {
	var rows []Row
	for i := range parts {
		p := &parts[i]
		byPrediction := ranked(picked(g.predicted, p.customers))
		rows = append(rows, g.cohorts(p), g.customers(p, byPrediction, g.ranks[i]), g.total(p))
		if p.dimension == cohort.All {
			rows = append(rows, g.deciles(p, byPrediction)...)
		}
	}
	return rows
}

func (g *graded) row(d cohort.Dimension, grain Grain, customers, units int) Row {
	return Row{
		Origin: g.origin, Horizon: g.horizon, Dimension: d, Grain: grain, Measure: g.measure, Model: g.name,
		Customers: int64(customers), Units: int64(units),
	}
}

func (g *graded) customers(p *part, byPrediction, byActual *ranking) Row {
	row := g.row(p.dimension, ByCustomer, len(p.customers), len(p.customers))
	row.Metrics = order(byPrediction, byActual)
	if g.levels != nil {
		row.levels = picked(g.levels, p.customers)
	}
	return row
}

func (g *graded) cohorts(p *part) Row {
	row := g.row(p.dimension, ByCohort, len(p.customers), len(p.cohorts))
	predicted, actual := make([]float64, len(p.cohorts)), make([]float64, len(p.cohorts))
	for i, members := range p.cohorts {
		s := g.sum(members)
		predicted[i], actual[i] = s.mean, s.actual
		if g.hasSums() {
			row.sums = append(row.sums, s)
		}
	}
	ordered := order(ranked(predicted), ranked(actual))
	row.Metrics = sizes(predicted, actual)
	row.Spearman, row.GiniNormalised = ordered.Spearman, ordered.GiniNormalised
	return row
}

func (g *graded) total(p *part) Row {
	row := g.row(p.dimension, Total, len(p.customers), 1)
	s := g.sum(p.customers)
	row.Metrics = sizes([]float64{s.mean}, []float64{s.actual})
	if g.hasSums() {
		row.sums = []sum{s}
	}
	return row
}

// deciles returns a row for each tenth of the customers by what was predicted.
func (g *graded) deciles(p *part, byPrediction *ranking) []Row {
	members := make([][]int32, 11)
	for i, decile := range byPrediction.deciles() {
		members[decile] = append(members[decile], p.customers[i])
	}
	var rows []Row
	for decile, customers := range members {
		if len(customers) == 0 {
			continue
		}
		row := g.row(cohort.Dimension{Name: "predicted_decile", Value: fmt.Sprintf("%02d", decile)}, ByCustomer, len(customers), len(customers))
		row.Metrics = sizes(picked(g.predicted, customers), picked(g.actual, customers))
		if g.levels != nil {
			row.levels = picked(g.levels, customers)
		}
		rows = append(rows, row)
	}
	return rows
}

// picked returns the values of some customers.
func picked(values []float64, customers []int32) []float64 {
	list := make([]float64, len(customers))
	for k, i := range customers {
		list[k] = values[i]
	}
	return list
}

// cover fills in coverages, with a model's own widening.
func (r *Row) cover(w models.Widening) {
	added := w.Total
	if r.Grain == ByCohort {
		added = w.Cohort
	}
	switch {
	case r.levels != nil:
		r.Coverage, r.WidenedCoverage = sharesWithin(r.levels, models.IntervalLevel), sharesWithin(r.levels, w.Level)
	case r.sums != nil:
		r.Coverage, r.WidenedCoverage = covered(r.sums, 0), covered(r.sums, added)
	}
	r.levels, r.sums = nil, nil
}
