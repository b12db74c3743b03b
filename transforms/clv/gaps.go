package clv

import (
	"math"

	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Gaps counts the gaps of the base: the days between consecutive purchases of
// a customer, over all customers.
type Gaps struct{ counts []int64 } // by days, at least 1

// AddShard adds the customers of a shard.
func (g *Gaps) AddShard(v *cohort.View) {
	for i := range v.Members {
		m := &v.Members[i]
		days, isPurchase := v.Days.Day[m.From:m.To], v.Days.IsPurchase[m.From:m.To]
		last := days[0] // the first day is a purchase
		for i := 1; i < len(days) && i < len(isPurchase); i++ {
			if isPurchase[i] {
				g.add(int(days[i]-last), 1)
				last = days[i]
			}
		}
	}
}

// Enter enters a gap of a number of days, at least 1.
func (g *Gaps) Enter(days int) { g.add(days, 1) }

// add adds n gaps of a number of days.
func (g *Gaps) add(days int, n int64) {
	if days >= len(g.counts) {
		g.grow(days)
	}
	g.counts[days] += n
}

func (g *Gaps) grow(days int) {
	g.counts = append(g.counts, make([]int64, days+1-len(g.counts))...)
}

// Add adds other gaps.
func (g *Gaps) Add(o *Gaps) {
	for days, n := range o.counts {
		g.add(days, n)
	}
}

// Count returns how many gaps there are.
func (g *Gaps) Count() int64 {
	var sum int64
	for _, n := range g.counts {
		sum += n
	}
	return sum
}

// LogSum returns Σ ln(days) over all gaps.
func (g *Gaps) LogSum() float64 {
	var sum numeric.Sum
	for days, n := range g.counts {
		if n > 0 {
			sum.Add(float64(n) * math.Log(float64(days)))
		}
	}
	return sum.Value()
}

// quantile returns the least gap of which at least the given thousandths of
// all gaps are no longer: the inverse of the empirical distribution. 0 without
// any gap.
func (g *Gaps) quantile(thousandths int64) int64 {
	total, below := g.Count(), int64(0)
	for days, n := range g.counts {
		if below += n; n > 0 && 1000*below >= thousandths*total {
			return int64(days)
		}
	}
	return 0
}

// Lifecycle is the limits of the stages of customers, in days since the last
// purchase: the longest silence of an active, an at-risk and a dormant
// customer.
type Lifecycle struct{ Active, AtRisk, Dormant int64 }

// usualLifecycle stands in where too few gaps are known.
var usualLifecycle = Lifecycle{90, 180, 365}

// Lifecycle returns the limits that the gaps give: their quantiles 0.75, 0.90
// and 0.975. With fewer than 50 gaps, of which the last quantile would be the
// longest, it is 90, 180 and 365 days.
func (g *Gaps) Lifecycle() Lifecycle {
	const enough = 50
	if g.Count() < enough {
		return usualLifecycle
	}
	return Lifecycle{g.quantile(750), g.quantile(900), g.quantile(975)}
}

// stage returns the stage of a customer with x repeat purchases, the last
// purchase so many days ago.
func (l Lifecycle) stage(silent, x int64) Stage {
	switch {
	case silent <= l.Active && x == 0:
		return StageNew
	case silent <= l.Active:
		return StageActive
	case silent <= l.AtRisk:
		return StageAtRisk
	case silent <= l.Dormant:
		return StageDormant
	default:
		return StageLost
	}
}
