package forecast

import (
	"math"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/models"
)

// newcomer is what a customer who will be acquired in a month is expected to do
// from then on.
type newcomer struct {
	month    int     // the place of that month
	demand   demand  // repeat purchases, with the season; the last entry is what follows
	lifetime float64 // repeat purchases, discounted to the as-of day; +Inf where there is no end to them
}

// newcomers follows customers who are acquired in the middle of the months
// ahead.
type newcomers struct {
	fresh    fresh
	horizon  *horizon
	longer   *horizon // a year longer, in which the season's last blocks come to their end
	delta    float64  // discount per day
	lifetime float64  // repeat purchases, each discounted to the first one; +Inf where there is no end to them
}

func newNewcomers(a *clv.Assumptions, h *horizon, asOf calendar.Day) *newcomers {
	last := h.months[len(h.months)-1].Ahead
	longer := &horizon{Months(asOf, last+monthsPerYear), h.daysPerUnit, h.season}
	lifetime := models.Acquired(a.Model).Discounted(a.DeltaPerDay*h.daysPerUnit, math.Inf(1))
	return &newcomers{newFresh(a.Model), h, longer, a.DeltaPerDay, lifetime}
}

// fresh is a customer who has just made the first purchase.
type fresh struct{ models.Customer }

func newFresh(m models.Purchases) fresh { return fresh{models.Acquired(m)} }

// expected returns the repeat purchases within so many days, in the unit of the
// model.
func (f *fresh) expected(h float64) float64 { return f.Expected(h) }

// demand returns the repeat purchases, without season, in the months of a horizon
// and after them; the first purchase is begin days after the as-of day.
func (f *fresh) demand(h *horizon, begin float64) demand {
	d := newDemand(len(h.months))
	h.plain(f, begin, d)
	return d
}

// of returns the customers acquired in a month. The season keeps the purchases
// of each year since then.
func (n *newcomers) of(month int) newcomer {
	begin := n.horizon.months[month].middle()
	d := n.fresh.demand(n.longer, begin)
	ever := total(d.purchases)
	n.longer.seasoned(d, func(k int) int { return (k - month + monthsPerYear) / monthsPerYear }, make([]float64, len(n.longer.months)))
	cut := len(n.horizon.months)
	d = demand{d.purchases[:cut+1], d.active[:cut+1], d.second[:cut+1]}
	d.purchases[cut] = max(0, ever-total(d.purchases[:cut]))
	return newcomer{month, d, n.lifetime * math.Exp(-n.delta*begin)}
}

// seasonOfRepeats returns the season of repeat purchases: what the base bought
// in the complete months of the history, against what the model expects of
// customers acquired as they were. Not ok below two years.
func seasonOfRepeats(m models.Purchases, daysPerUnit float64, past []Past) (season, bool) {
	for len(past) > 0 && !past[len(past)-1].IsComplete {
		past = past[:len(past)-1]
	}
	if len(past) < leastSeasonYears*monthsPerYear {
		return noSeason(), false
	}
	actual, expected := make([]float64, len(past)), make([]float64, len(past))
	history := horizon{months: Months(past[0].Start-1, len(past)), daysPerUnit: daysPerUnit}
	customer := newFresh(m)
	for i := range past {
		actual[i] = float64(past[i].Repeats)
		if past[i].Customers == 0 {
			continue
		}
		begin, before := history.months[i].middle(), 0.0
		for k := i; k < len(past); k++ {
			until := customer.expected((history.months[k].To - begin) / daysPerUnit)
			expected[k] += float64(past[i].Customers) * (until - before)
			before = until
		}
	}
	return seasonOf(actual, expected, calendarMonth(past[0].Start))
}
