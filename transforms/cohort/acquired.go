package cohort

import "math"

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
func (c *Cohorts) AddShard(f *Frame, v *View) {
	parts := c.Each(v.Dimensions)
	var member Acquired
	for i := range v.Members {
		m := &v.Members[i]
		member.of(f, v, m)
		for _, g := range f.Grains {
			in := v.Periods(g)[m.From]
			for _, p := range v.Parts(i) {
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
func (a *Acquired) of(f *Frame, v *View, m *MemberDays) {
	a.Size = 1
	c := &v.Customers
	a.FirstPurchaseRevenue = c.FirstValue[m.Customer]
	a.GrossSales, a.Refunds, a.Contribution = c.GrossSales[m.Customer], c.Refunds[m.Customer], c.Contribution[m.Customer]
	wait := int32(math.MaxInt32) // for the second purchase
	if m.Second < m.To {
		wait = int32(v.Days.Day[m.Second] - m.First)
	}
	age := int32(f.AsOf - m.First)
	for i, n := range Windows {
		a.Exposed[i] = one(n <= age)
		a.Repeated[i] = one(n <= age) * one(wait <= n)
	}
}
