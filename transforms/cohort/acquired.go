package cohort

import (
	"math"

	"github.com/perennial-clv/perennial/transforms/ledger"
)

// Windows are the days within which second purchases are counted.
var Windows = [4]int32{30, 60, 90, 365}

// Acquired is what one cohort is and has brought so far.
type Acquired struct {
	Size                 int64
	FirstPurchaseRevenue int64
	Exposed              [len(Windows)]int64 // members whose first n days are over
	Repeated             [len(Windows)]int64 // of these, members with a second purchase within 0 < days ≤ n
	GrossSales           int64
	Refunds              int64
	Contribution         int64
}

func (a *Acquired) add(o *Acquired) {
	a.Size += o.Size
	a.FirstPurchaseRevenue += o.FirstPurchaseRevenue
	for i := range Windows {
		a.Exposed[i] += o.Exposed[i]
		a.Repeated[i] += o.Repeated[i]
	}
	a.GrossSales += o.GrossSales
	a.Refunds += o.Refunds
	a.Contribution += o.Contribution
}

// Cohorts accumulates Acquired per dimension, grain and cohort.
type Cohorts struct{ Split[ByGrain[Acquired]] }

// AddShard adds the customers of a shard.
func (c *Cohorts) AddShard(f *Frame, s *ledger.Shard) {
	parts := c.Each(f.Dimensions(&s.Customers))
	var member Acquired
	for m := range f.Members(&s.Customers) {
		member.of(f, s, m)
		for _, g := range f.Grains {
			in := f.Period(g, m.First)
			for _, p := range m.Parts {
				parts[p][g].At(in).add(&member)
			}
		}
	}
}

// Add adds another accumulator.
func (c *Cohorts) Add(o *Cohorts) {
	c.Merge(&o.Split, func(to, from *ByGrain[Acquired]) { to.Merge(from, (*Acquired).add) })
}

// of is what one customer adds to a cohort.
func (a *Acquired) of(f *Frame, s *ledger.Shard, m Member) {
	a.Size = 1
	a.FirstPurchaseRevenue = s.FirstValue[m.Customer]
	a.GrossSales, a.Refunds, a.Contribution = s.GrossSales[m.Customer], s.Refunds[m.Customer], s.Contribution[m.Customer]
	wait := int32(math.MaxInt32) // for the second purchase
	from, to := s.Range(m.Customer)
	if second := SecondPurchase(&s.Days, from, to); second < to {
		wait = int32(s.Days.Day[second] - m.First)
	}
	age := int32(f.AsOf - m.First)
	for i, n := range Windows {
		a.Exposed[i] = one(n <= age)
		a.Repeated[i] = one(n <= age) * one(wait <= n)
	}
}

// SecondPurchase returns the entry of the second purchase among those of a
// customer's days, and to where there is none.
func SecondPurchase(d *ledger.Days, from, to int32) int32 {
	for i := from + 1; i < to; i++ {
		if d.IsPurchase[i] {
			return i
		}
	}
	return to
}
