package backtest

import (
	"iter"
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/ledger"
)

// Past is what was known of customers on a day, an origin. Nothing later can be
// seen through it.
type Past struct {
	histories *Histories
	origin    calendar.Day
}

// AsOf returns what was known at the end of a day.
func (h *Histories) AsOf(origin calendar.Day) Past { return Past{h, origin} }

// State is a customer as of an origin: one who had bought by then.
type State struct {
	Customer    int          // among the histories
	First       calendar.Day // day of the first purchase
	X, Tx, T    int32        // repeat purchase days; days from the first purchase to the last, and to the origin
	FirstValue  int64        // of the first purchase
	RepeatValue int64        // of the repeat purchases
	NetRevenue  int64        // sales and refunds of all days
}

// States yields the customers acquired by the origin, in their order.
func (p Past) States() iter.Seq[State] {
	return func(yield func(State) bool) {
		for customer := range p.histories.Len() {
			if s, ok := p.state(customer); ok && !yield(s) {
				return
			}
		}
	}
}

// state returns a customer's state; not ok where the first purchase came later.
func (p Past) state(customer int) (s State, ok bool) {
	for d := range p.days(customer) {
		if !ok {
			s, ok = State{Customer: customer, First: d.Day, T: int32(p.origin - d.Day), FirstValue: d.Net}, true
		} else if d.IsPurchase {
			s.X++
			s.Tx = int32(d.Day - s.First)
			s.RepeatValue += d.Net
		}
		s.NetRevenue += d.Net
	}
	return s, ok
}

// days yields a customer's days up to the origin.
func (p Past) days(customer int) iter.Seq[Day] {
	return func(yield func(Day) bool) {
		for d := range p.histories.Days(customer) {
			if d.Day > p.origin || !yield(d) {
				return
			}
		}
	}
}

// Trade is what a customer did in some stretch of time.
type Trade struct {
	Purchases  int64 // purchase days
	NetRevenue int64 // sales and refunds
}

// Trade returns what a customer did in (after, until], as far as it was known.
func (p Past) Trade(customer int, after, until calendar.Day) Trade {
	return p.histories.Trade(customer, after, min(until, p.origin))
}

// Trade returns what a customer did in (after, until].
func (h *Histories) Trade(customer int, after, until calendar.Day) (t Trade) {
	for d := range h.AsOf(until).days(customer) {
		if d.Day <= after {
			continue
		}
		t.NetRevenue += d.Net
		if d.IsPurchase {
			t.Purchases++
		}
	}
	return t
}

// takenStates returns the states with x, t_x and T by opportunities, and enters
// those into cells.
func (p Past) takenStates(states []State, o ledger.Opportunities, cells *clv.Cells) []State {
	taken := slices.Clone(states)
	for i := range taken {
		s := &taken[i]
		t := o.Of(p.purchases(s.Customer))
		s.X, s.Tx, s.T = t.X, t.Tx, t.T
		cells.EnterTaken(t)
	}
	return taken
}

// purchases yields a customer's purchase days up to the origin.
func (p Past) purchases(customer int) iter.Seq[calendar.Day] {
	return func(yield func(calendar.Day) bool) {
		for d := range p.days(customer) {
			if d.IsPurchase && !yield(d.Day) {
				return
			}
		}
	}
}

// Cells returns the customers as models are fitted to them, and the gaps between
// their purchases.
func (p Past) Cells() (*clv.Cells, *clv.Gaps) {
	cells, gaps := p.entered()
	cells.Compact()
	return cells, gaps
}

// entered is Cells before they are compacted.
func (p Past) entered() (*clv.Cells, *clv.Gaps) {
	cells, gaps := new(clv.Cells), new(clv.Gaps)
	for s := range p.States() {
		cells.EnterOne(s.X, s.Tx, s.T, s.RepeatValue)
		if s.X == 0 {
			continue
		}
		last := s.First
		for d := range p.days(s.Customer) {
			if d.IsPurchase && d.Day > s.First {
				gaps.Enter(int(d.Day - last))
				last = d.Day
			}
		}
	}
	return cells, gaps
}
