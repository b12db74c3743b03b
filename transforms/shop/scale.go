package shop

import (
	"fmt"
	"math"
)

// times returns the truth of a shop whose customers buy factor times as often
// and leave after about factor times as many purchases, so that they stay for
// about as long: alpha ÷ factor and b × factor.
func (t Truth) times(factor float64) Truth {
	t.Alpha /= factor
	t.B *= factor
	return t
}

// pilotCustomers is how many customers tell how many rows a truth makes: their
// mean has a standard error of about half a per cent. They are fewer where they
// make more than pilotRows rows, which keeps every pilot below a second.
const (
	pilotCustomers = 50_000
	pilotRows      = 1_000_000
)

// scale chooses the truth's factor so that Customers make about Rows rows, of
// which each makes one at least. The search is by halves, between the powers of
// two below and above.
func (s *Shop) scale() error {
	const steps, farthest = 12, 1 << 10
	unscaled, wanted := s.truth, float64(s.settings.Rows)/float64(s.settings.Customers)
	fewer := func(factor float64) bool {
		s.truth = unscaled.times(factor)
		return s.pilot() < wanted
	}
	low, high := 0.5, 1.0
	for high < farthest && fewer(high) {
		low, high = high, 2*high
	}
	for high <= 1 && low > 1./farthest && !fewer(low) {
		low, high = low/2, low
	}
	if high == farthest {
		return fmt.Errorf("rows: %d customers do not make %d from %v to %v: fewer rows, more customers or more days", s.settings.Customers, s.settings.Rows, s.settings.From, s.settings.To)
	}
	for range steps {
		if middle := math.Sqrt(low * high); fewer(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	s.truth = unscaled.times(high)
	return nil
}

// pilot returns how many rows the first customers make on average. It only
// counts them.
func (s *Shop) pilot() float64 {
	sim, rows := newSimulator(s, 0), 0
	customers := int64(min(pilotCustomers, s.settings.Customers))
	for sim.customers < customers && rows < pilotRows {
		sim.rows = sim.rows[:0]
		sim.live()
		rows += len(sim.rows)
	}
	return float64(rows) / float64(sim.customers)
}
