package clv

import (
	"cmp"
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

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

// Enter enters customers.
func (c *Cells) Enter(customers *ledger.Customers, asOf calendar.Day) {
	var own Cells
	own.collect(customers, asOf)
	own.Compact()
	c.Add(&own)
}

func (c *Cells) collect(customers *ledger.Customers, asOf calendar.Day) {
	for i := range customers.Len() {
		if !customers.HasPurchase(i) {
			continue
		}
		x, first := customers.X(i), customers.First[i]
		c.Purchases = append(c.Purchases, Cell{X: x, Tx: int32(customers.Last[i] - first), T: int32(asOf - first), Count: 1})
		if repeat := customers.RepeatValue[i]; x > 0 && repeat > 0 {
			c.Spend = append(c.Spend, SpendCell{X: x, Sum: repeat, Count: 1})
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
