package clv

import (
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/retention"
)

// periodDays are the mean lengths of periods in days.
var periodDays = [calendar.ByYear + 1]float64{
	calendar.ByDay: 1, calendar.ByWeek: 7, calendar.ByMonth: daysPerYear / 12, calendar.ByQuarter: daysPerYear / 4, calendar.ByYear: daysPerYear,
}

// Retention returns what the chosen model of purchases expects of customers
// who have just been acquired: the share with a purchase in each rolling
// offset up to the last one kept of each grain, by mean lengths of periods.
// Without a usable model it names none.
func (v *Valuation) Retention(maxOffset [calendar.ByYear + 1]int32) retention.Expected {
	if !v.hasPurchases {
		return retention.Expected{}
	}
	acquired := models.Acquired(v.purchases)
	return retention.Expected{
		ModelID: v.purchasesID, MaxOffset: maxOffset,
		Rate: func(g calendar.Grain, offset int32) float64 {
			period := periodDays[g] / v.unit().Days
			return acquired.Retained(float64(offset)*period, float64(offset+1)*period)
		},
	}
}
