package backtest

import (
	"cmp"
	"slices"

	"github.com/perennial-clv/perennial/transforms/models"
)

// crowd is customers in groups of equal x and T, of whom a model expects the same
// while they are alive.
type crowd struct {
	states []State    // as the model counts x, t_x and T
	unit   float64    // of t_x and T that is one of the model's time
	order  []int32    // of the states, by (X, T, Tx)
	tasks  [][2]int32 // parts of that order, of one x each
}

func newCrowd(states []State, unit float64) *crowd {
	const most = 8192 // of a task, so that the many of x = 0 are several
	c := &crowd{states: states, unit: unit, order: make([]int32, len(states))}
	for i := range c.order {
		c.order[i] = int32(i)
	}
	slices.SortFunc(c.order, func(i, j int32) int {
		a, b := &states[i], &states[j]
		return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(a.T, b.T), cmp.Compare(a.Tx, b.Tx), cmp.Compare(i, j))
	})
	for from := 0; from < len(c.order); {
		to := from + 1
		for to < len(c.order) && to-from < most && c.at(to).X == c.at(from).X {
			to++
		}
		c.tasks = append(c.tasks, [2]int32{int32(from), int32(to)})
		from = to
	}
	return c
}

// at returns the state at a place of the order.
func (c *crowd) at(place int) *State { return &c.states[c.order[place]] }

// visit calls look for customers of equal x and T, several groups at once, with
// their futures by stage.
func (c *crowd) visit(m models.Purchases, each models.Each, look func(futures []models.Future, customers []int32)) {
	each.Run(len(c.tasks), func(i int) {
		from, end := int(c.tasks[i][0]), int(c.tasks[i][1])
		at := make([]func(T float64) models.Future, m.Shape().Stages)
		for stage := range at {
			at[stage] = m.Futures(float64(c.at(from).X), stage)
		}
		futures := make([]models.Future, len(at))
		for from < end {
			to := from + 1
			for to < end && c.at(to).T == c.at(from).T {
				to++
			}
			for stage := range at {
				futures[stage] = at[stage](float64(c.at(from).T) / c.unit)
			}
			look(futures, c.order[from:to])
			from = to
		}
	})
}

// alive sets weights to the probabilities of a customer of being alive and in each
// stage, and returns their sum.
func (c *crowd) alive(m models.Purchases, customer int32, weights []float64) float64 {
	s := &c.states[customer]
	return m.Alive(int(s.X), float64(s.Tx)/c.unit, float64(s.T)/c.unit, weights)
}
