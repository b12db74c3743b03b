package cohort

import (
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/ledger"
)

// View is a shard as accumulators see it: what several of them ask of its
// members' days is found once for all. It is used by one goroutine.
type View struct {
	*ledger.Shard
	Dimensions []Dimension // of the shard's customers, as Frame.Dimensions returns them
	Members    []MemberDays

	whole   [1]int32 // the parts of a member where nothing is split: the first dimension
	parts   []int32  // of the members, one after the other, where something is
	periods [calendar.ByYear + 1][]int32
	offsets []int32 // scratch of RollingOffsets
}

// MemberDays is a customer with a purchase, and where among the shard's days
// those of the customer are.
type MemberDays struct {
	Customer int32        // index among the customers
	First    calendar.Day // of the first purchase, which is entry From
	From, To int32        // the entries are From to To−1
	Second   int32        // the entry of the second purchase, To if there is none
	Last     int32        // the entry of the last purchase
}

// NewView returns a view of a shard.
func NewView(f *Frame, s *ledger.Shard) *View {
	v := new(View)
	v.Look(f, s)
	return v
}

// Look turns the view to another shard, in the memory that it has. It is valid
// as long as the shard is, and until the next Look.
func (v *View) Look(f *Frame, s *ledger.Shard) {
	v.Shard, v.Dimensions = s, f.Dimensions(&s.Customers)
	v.Members, v.parts = slices.Grow(v.Members[:0], s.Len()), v.parts[:0]
	for i := range s.Len() {
		if s.HasPurchase(i) {
			n := len(v.Members)
			v.Members = v.Members[:n+1]
			v.Members[n].of(s, i)
		}
	}
	if len(f.SplitBy) > 0 {
		for m := range f.Members(&s.Customers) {
			v.parts = append(v.parts, m.Parts...)
		}
	}
	for _, g := range f.Grains {
		v.periods[g] = f.Calendar.Indexes(g, s.Days.Day, v.periods[g])
	}
}

// of makes m a customer of a shard, who has a purchase.
func (m *MemberDays) of(s *ledger.Shard, customer int) {
	isPurchase := s.Days.IsPurchase
	m.Customer, m.First = int32(customer), s.First[customer]
	m.From, m.To = s.Range(customer)
	for m.Second = m.From + 1; m.Second < m.To && !isPurchase[m.Second]; {
		m.Second++
	}
	for m.Last = m.To - 1; !isPurchase[m.Last]; {
		m.Last--
	}
}

// Parts returns where in Dimensions the whole base and member i's value of each
// split stand.
func (v *View) Parts(i int) []int32 {
	if len(v.parts) == 0 {
		return v.whole[:]
	}
	n := len(v.parts) / len(v.Members)
	return v.parts[n*i : n*i+n]
}

// Periods returns the indexes of the periods that the shard's days fall in, of a
// grain of the run.
func (v *View) Periods(g calendar.Grain) []int32 { return v.periods[g] }

// RollingOffsets returns the rolling offsets of the shard's days, each from its
// member's first. They are valid until the next call.
func (v *View) RollingOffsets(f *Frame, g calendar.Grain) []int32 {
	v.offsets = slices.Grow(v.offsets[:0], len(v.Days.Day))[:len(v.Days.Day)]
	for i := range v.Members {
		m := &v.Members[i]
		f.Calendar.RollingOffsets(g, m.First, v.Days.Day[m.From:m.To], v.offsets[m.From:m.To])
	}
	return v.offsets
}
