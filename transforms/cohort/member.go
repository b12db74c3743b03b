package cohort

import (
	"iter"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/ledger"
)

// Member is a customer with a purchase, as accumulators see one.
type Member struct {
	Customer   int   // index in the shard
	From, To   int32 // entries of the customer's days, From < To
	First      calendar.Day
	Dimensions []Dimension // the whole base, then the customer's value of each split; valid until the next member
}

// Members yields the customers of a shard that have a purchase, in the
// shard's order.
func (f *Frame) Members(s *ledger.Shard) iter.Seq[Member] {
	return func(yield func(Member) bool) {
		var m Member
		for m.Customer = range s.Len() {
			if m.From, m.To = s.Range(m.Customer); m.From == m.To {
				continue
			}
			m.First = s.Days.Day[m.From]
			m.Dimensions = append(m.Dimensions[:0], All)
			for _, a := range f.SplitBy {
				m.Dimensions = append(m.Dimensions, Dimension{a.Name, s.Attributes[a.Index][m.Customer]})
			}
			if !yield(m) {
				return
			}
		}
	}
}
