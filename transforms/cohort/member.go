package cohort

import (
	"iter"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/ledger"
)

// Member is a customer with a purchase, as accumulators see one.
type Member struct {
	Customer int // index among the customers
	First    calendar.Day
	Parts    []int32 // where in Frame.Dimensions the whole base and the customer's value of each split stand; valid until the next member
}

// Dimensions returns the dimension values of some customers: the whole base,
// then the values of each split.
func (f *Frame) Dimensions(c *ledger.Customers) []Dimension {
	dimensions := []Dimension{All}
	for _, a := range f.SplitBy {
		for _, v := range c.Attributes[a.Index].Values {
			dimensions = append(dimensions, Dimension{a.Name, v})
		}
	}
	return dimensions
}

// Members yields the customers that have a purchase, in their order.
func (f *Frame) Members(c *ledger.Customers) iter.Seq[Member] {
	return func(yield func(Member) bool) {
		m := Member{Parts: make([]int32, 1+len(f.SplitBy))}
		for i := range c.Len() {
			if !c.HasPurchase(i) {
				continue
			}
			m.Customer, m.First = i, c.First[i]
			before := int32(1)
			for s, a := range f.SplitBy {
				m.Parts[1+s] = before + c.Attributes[a.Index].Codes[i]
				before += int32(len(c.Attributes[a.Index].Values))
			}
			if !yield(m) {
				return
			}
		}
	}
}
