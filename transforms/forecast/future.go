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
	month    int    // the place of that month
	demand   demand // repeat purchases, with the season; the last entry is what follows
	lifetime float64
}

// newcomers follows customers who are acquired in the middle of the months
// ahead.
type newcomers struct {
	model   models.Purchases
	horizon *horizon
	longer  *horizon // a year longer, in which the season's last blocks come to their end
	delta   float64  // discount per day
}

func newNewcomers(a *clv.Assumptions, h *horizon, asOf calendar.Day) *newcomers {
	last := h.months[len(h.months)-1].Ahead
	longer := &horizon{Months(asOf, last+monthsPerYear), h.daysPerUnit, h.season}
	return &newcomers{a.Model, h, longer, a.DeltaPerDay}
}

// repeats returns the repeat purchases, without season, of a customer who has
// just made the first one, begin days after the as-of day, in the months of a
// horizon and after them.
func repeats(m models.Purchases, h *horizon, begin float64) demand {
	d := newDemand(len(h.months))
	h.plain(models.Acquired(m), begin, d)
	return d
}

// of returns the customers acquired in a month. The season keeps the purchases
// of each year since then.
func (n *newcomers) of(month int) newcomer {
	begin := n.horizon.months[month].middle()
	d := repeats(n.model, n.longer, begin)
	ever := total(d.purchases)
	n.longer.seasoned(d, func(k int) int { return (k - month + monthsPerYear) / monthsPerYear }, make([]float64, len(n.longer.months)))
	cut := len(n.horizon.months)
	d = demand{d.purchases[:cut+1], d.active[:cut+1], d.second[:cut+1]}
	d.purchases[cut] = max(0, ever-total(d.purchases[:cut]))
	return newcomer{month, d, n.lifetime() * math.Exp(-n.delta*begin)}
}

// lifetime returns the repeat purchases of a customer who has just made the
// first one, each discounted to then; +Inf where there is no end to them.
func (n *newcomers) lifetime() float64 {
	return models.Acquired(n.model).Discounted(n.delta*n.horizon.daysPerUnit, math.Inf(1))
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
	history.months = history.months[:len(past)]
	for i := range past {
		actual[i] = float64(past[i].Repeats)
		if past[i].Customers == 0 {
			continue
		}
		for k, e := range repeats(m, &history, history.months[i].middle()).purchases[:len(past)] {
			expected[k] += float64(past[i].Customers) * e
		}
	}
	return seasonOf(actual, expected, calendarMonth(past[0].Start))
}
