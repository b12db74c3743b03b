package cohort

import (
	"github.com/perennial-clv/perennial/transforms/calendar"
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
	for m := range f.Members(&s.Customers) {
		from, to := s.Range(m.Customer)
		member := acquired(f, &s.Days, from, to)
		for _, p := range m.Parts {
			grains := parts[p]
			for _, g := range f.Grains {
				grains[g].At(f.Period(g, m.First)).add(&member)
			}
		}
	}
}

// Add adds another accumulator.
func (c *Cohorts) Add(o *Cohorts) {
	c.Merge(&o.Split, func(to, from *ByGrain[Acquired]) { to.Merge(from, (*Acquired).add) })
}

// acquired returns what one customer adds to a cohort.
func acquired(f *Frame, d *ledger.Days, from, to int32) Acquired {
	a := Acquired{Size: 1, FirstPurchaseRevenue: d.Net(from)}
	first := d.Day[from]
	second, hasSecond := SecondPurchase(d, from, to)
	for i, n := range Windows {
		if first+calendar.Day(n) <= f.AsOf {
			a.Exposed[i] = 1
			if hasSecond && second-first <= calendar.Day(n) {
				a.Repeated[i] = 1
			}
		}
	}
	for i := from; i < to; i++ {
		a.GrossSales += d.GrossSales[i]
		a.Refunds += d.Refunds[i]
		a.Contribution += d.Contribution[i]
	}
	return a
}

// SecondPurchase returns the day of a customer's second purchase, if any.
func SecondPurchase(d *ledger.Days, from, to int32) (calendar.Day, bool) {
	for i := from + 1; i < to; i++ {
		if d.IsPurchase[i] {
			return d.Day[i], true
		}
	}
	return 0, false
}
