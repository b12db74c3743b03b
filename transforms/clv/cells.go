package clv

import (
	"cmp"
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// history is what the models see of one customer.
type history struct {
	first, last  calendar.Day
	purchaseDays int32
	firstValue   int64 // of the first purchase
	repeatValue  int64 // of all later purchases together
}

// historyOf reads a customer's days; from < to.
func historyOf(d *ledger.Days, from, to int32) history {
	h := history{first: d.Day[from], firstValue: d.Net(from)}
	for i := from; i < to; i++ {
		if !d.IsPurchase[i] {
			continue
		}
		h.last = d.Day[i]
		h.purchaseDays++
		if i > from {
			h.repeatValue += d.Net(i)
		}
	}
	return h
}

// x returns the number of repeat purchase days.
func (h *history) x() int32 { return h.purchaseDays - 1 }

// tx returns the days from the first to the last purchase.
func (h *history) tx() int32 { return int32(h.last - h.first) }

// Cells are customers as the models see them: those with equal numbers are one
// cell with a count.
type Cells struct {
	Purchases []Cell
	Spend     []SpendCell
}

// First returns the day of the first purchase of all, null without any.
func (c *Cells) First(asOf calendar.Day) numeric.Null[calendar.Day] {
	if len(c.Purchases) == 0 {
		return numeric.Null[calendar.Day]{}
	}
	var oldest int32
	for _, cell := range c.Purchases {
		oldest = max(oldest, cell.T)
	}
	return numeric.Known(asOf - calendar.Day(oldest))
}

// AddShard enters the customers of a shard.
func (c *Cells) AddShard(s *ledger.Shard, asOf calendar.Day) {
	var own Cells
	own.collect(s, asOf)
	own.Compact()
	c.Add(&own)
}

func (c *Cells) collect(s *ledger.Shard, asOf calendar.Day) {
	for customer := range s.Len() {
		from, to := s.Range(customer)
		if from == to {
			continue
		}
		h := historyOf(&s.Days, from, to)
		c.Purchases = append(c.Purchases, Cell{X: h.x(), Tx: h.tx(), T: int32(asOf - h.first), Count: 1})
		if h.x() > 0 && h.repeatValue > 0 {
			c.Spend = append(c.Spend, SpendCell{X: h.x(), Sum: h.repeatValue, Count: 1})
		}
	}
}

// Add enters the cells of another part. Compact is to follow the last one.
func (c *Cells) Add(o *Cells) {
	c.Purchases = append(c.Purchases, o.Purchases...)
	c.Spend = append(c.Spend, o.Spend...)
}

// Compact sorts the cells and adds up equal ones.
func (c *Cells) Compact() {
	slices.SortFunc(c.Purchases, func(a, b Cell) int {
		return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(a.Tx, b.Tx), cmp.Compare(a.T, b.T))
	})
	c.Purchases = addUp(c.Purchases, func(to, from *Cell) bool {
		if to.X != from.X || to.Tx != from.Tx || to.T != from.T {
			return false
		}
		to.Count += from.Count
		return true
	})
	slices.SortFunc(c.Spend, func(a, b SpendCell) int {
		return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(a.Sum, b.Sum))
	})
	c.Spend = addUp(c.Spend, func(to, from *SpendCell) bool {
		if to.X != from.X || to.Sum != from.Sum {
			return false
		}
		to.Count += from.Count
		return true
	})
}

// addUp merges neighbours for which merge says that they were equal.
func addUp[T any](cells []T, merge func(to, from *T) bool) []T {
	out := cells[:0]
	for i := range cells {
		if len(out) == 0 || !merge(&out[len(out)-1], &cells[i]) {
			out = append(out, cells[i])
		}
	}
	return out
}
