package forecast

import (
	"maps"
	"math"
	"slices"

	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// flow is what a cohort is expected to do in a month, or after the last one.
type flow struct {
	purchases, active numeric.Sum
	value             numeric.Sum // net revenue, in mean purchases of the population
	variance          numeric.Sum // of that, given the parameters; of months only
}

// group is a cohort of a part of the base.
type group struct {
	flows                  []flow // by month; the last is what follows
	residual, contribution lifetime
}

// enter adds what customers of one x and T are expected to do. demands are
// those of each stage.
func (g *group) enter(h *held, demands []demand, spread float64) {
	alive := 0.0
	for s := range demands {
		alive += float64(h.stages[s].alive) / aliveUnit
	}
	g.residual.add(&h.residual)
	g.contribution.add(&h.contribution)
	if alive == 0 {
		return
	}
	second, square := float64(h.second)/squareUnit, float64(h.square)/squareUnit
	last := len(g.flows) - 1
	for k := range g.flows {
		to := &g.flows[k]
		var purchases, active, value, squares float64
		for s := range demands {
			own, weight := &demands[s], float64(h.stages[s].alive)/aliveUnit
			if weight == 0 {
				continue
			}
			purchases += weight * own.purchases[k]
			active += weight * own.active[k]
			squares += weight * own.second[k]
			if worth := float64(h.stages[s].value) / valueUnit; worth != 0 {
				value += worth * own.purchases[k]
			}
		}
		to.purchases.Add(purchases)
		to.value.Add(value)
		if k == last {
			continue
		}
		to.active.Add(active)
		to.variance.Add(max(0, varianceOf(purchases/alive, squares/alive, second, square, spread)))
	}
}

// varianceOf returns the variance of the net revenue of customers in a month,
// given the parameters.
//
//	Σ Var = Σ P·E[M²]·E[N²] + Σ P·E[M²]·spread·E[N] − Σ (P·E[M]·E[N])²
//
// P is the probability of being alive, N the purchases of who is, M the
// customer's mean purchase, spread the squared coefficient of variation of
// purchases around it: E[N(N−1)]·E[M²] + E[N]·E[M²](1 + spread) is the second
// moment of a sum of N purchases. Customers are independent given the
// parameters. Where there are stages, N is that of all of them together.
func varianceOf(e, e2, second, square, spread float64) float64 {
	return second*(e2+spread*e) - square*e*e
}

// groups are the cohorts of the parts of the base.
type groups map[cohort.Dimension]cohortGroups

// cohortGroups are the cohorts of a part of the base, by month of first purchase.
type cohortGroups map[int32]*group

// chunk is the number of x whose demand is held at one time.
const chunk = 32

// groupsOf returns what the cohorts that there are are expected to do. Tasks
// run by each compute what the model says of an x; what follows is added up in
// the order of keys, so that the sums do not depend on how many run at once.
func groupsOf(a *clv.Assumptions, h *horizon, s *Sums, each models.Each) groups {
	var (
		all        = groups{}
		dimensions = s.Sorted()
		runs       = runsOf(*s.Get(cohort.All))
	)
	for _, d := range dimensions {
		all[d] = cohortGroups{}
	}
	for from := 0; from < len(runs); from += chunk {
		part := runs[from:min(from+chunk, len(runs))]
		tables := make([][][]demand, len(part)) // by x, by place among its ages, by stage
		each.Run(len(part), func(i int) { tables[i] = h.table(a.Models[part[i][0].model], part[i]) })
		if slices.ContainsFunc(tables, func(t [][]demand) bool { return t == nil }) {
			return all // interrupted
		}
		for i, keys := range part {
			for j, k := range keys {
				for _, d := range dimensions {
					if held, ok := (*s.Get(d))[k]; ok {
						all[d].of(k.cohort, len(h.months)).enter(held, tables[i][j], a.Spread(k.x))
					}
				}
			}
		}
	}
	return all
}

func (cohorts cohortGroups) of(index int32, months int) *group {
	g, ok := cohorts[index]
	if !ok {
		g = &group{flows: make([]flow, months+1)}
		cohorts[index] = g
	}
	return g
}

// runsOf returns the keys in order, those of one model and x together.
func runsOf(part map[key]*held) (runs [][]key) {
	keys := slices.SortedFunc(maps.Keys(part), key.compare)
	for from, i := 0, 1; i <= len(keys); i++ {
		if i == len(keys) || keys[i].x != keys[from].x || keys[i].model != keys[from].model {
			runs = append(runs, keys[from:i])
			from = i
		}
	}
	return runs
}

// table returns the demand of customers of one x, by age and stage, with the
// season.
func (h *horizon) table(m models.Purchases, keys []key) [][]demand {
	stages := m.Shape().Stages
	ages, table := make([]int32, len(keys)), make([][]demand, len(keys))
	for i, k := range keys {
		ages[i], table[i] = k.T, make([]demand, stages)
	}
	factors := make([]float64, len(h.months))
	for stage := range stages {
		at := h.byAge(m, keys[0].x, stage, ages)
		for i, T := range ages {
			d := newDemand(len(h.months))
			at(T, d)
			h.seasoned(d, h.yearsAhead, factors)
			table[i][stage] = d
		}
	}
	return table
}

// finite reports whether a sum is one.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
