package clv

import (
	"math"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/money"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// newIntervals returns the intervals of what the models predict.
func (v *Valuation) newIntervals(p *predictor, cells []models.Cell, each models.Each) *models.Intervals {
	return models.NewIntervals(models.IntervalSettings{
		Fit: p.fit, Spend: p.spendFit,
		DaysPerUnit: v.unit().Days, DiscountPerDay: v.Settings.deltaPerDay(), HorizonDays: v.horizonDays(),
		Level: v.widening.Level,
	}, cells, each)
}

// spendFit returns the fit of spend that predicts for customers with x repeat
// purchases.
func (p *predictor) spendFit(x int) (f models.Fit) {
	if m, ok := p.spendOf(x); ok {
		f = m.Fit
	}
	return f
}

// Interval are the ends of an interval of an amount; null where there is none.
type Interval struct{ Low, High numeric.Null[int64] }

// interval returns the interval of what a customer's purchases until a horizon are
// worth, discounted, of which `expected` is expected, in currency. Null for the
// lifetime without a discount, for which purchases never end.
func (v *Valuation) interval(value *Value, horizon int, expected float64) Interval {
	if v.isEndless(horizon) {
		return Interval{}
	}
	low, high := value.by.intervals.Value(&value.score, value.x, value.T, horizon)
	low, high = low*expected, high*expected
	if expected < 0 { // refunds outweigh sales
		low, high = high, low
	}
	return Interval{rounded(low), rounded(high)}
}

// isEndless reports whether what a horizon is worth today is without end.
func (v *Valuation) isEndless(horizon int) bool {
	return math.IsInf(v.Settings.Horizons[horizon].Days, 1) && v.Settings.DiscountRate == 0
}

// lifetime returns the index of Lifetime among the horizons.
func (v *Valuation) lifetime() int { return len(v.Settings.Horizons) - 1 }

// residualInterval returns the interval of residual.
func (v *Valuation) residualInterval(value *Value) Interval {
	return v.interval(value, v.lifetime(), value.score.Outlook(v.lifetime()).Discounted*value.spend)
}

// counts fills in the quantiles of the number of purchases, where the horizon ends.
func (p *Prediction) counts(v *Valuation, value *Value, horizon int) {
	if math.IsInf(v.Settings.Horizons[horizon].Days, 1) {
		return
	}
	low, median, high := value.by.intervals.Counts(&value.score, value.x, value.T, horizon)
	p.PurchasesLow, p.PurchasesMedian, p.PurchasesHigh = numeric.Known(int64(low)), numeric.Known(int64(median)), numeric.Known(int64(high))
}

// uncertain is how far a sum of residual values may come out from what is expected.
type uncertain struct {
	spendError int64            // the standard deviation that is due to the parameters of the model of spend
	variance   numeric.WholeSum // at known parameters, in squares of 10^-4
}

func (u *uncertain) add(o *uncertain) {
	u.spendError += o.spendError
	u.variance.Merge(o.variance)
}

// uncertain returns that of a customer with a residual value.
func (v *Valuation) uncertain(value *Value, residual int64) (u uncertain) {
	if !value.isScored() || v.isEndless(v.lifetime()) {
		return u
	}
	amount := float64(residual)
	u.spendError = int64(math.RoundToEven(math.Abs(amount) * value.by.intervals.SpendError(value.x)))
	u.variance.Add(amount * amount * value.by.intervals.Variance(&value.score, value.x, value.T, v.lifetime()))
	return u
}

// sum returns the interval of the residual values of those who bought first on some
// days, both included, widened by a factor. What parameters do to it is that of the
// models of the whole base, also where segments have their own. What parameters of
// spend do adds up as if it were one error, also among models by frequency: sums over
// all of them are not taken to be better known than they are.
func (v *Valuation) sum(asOf, from, to calendar.Day, days *cohort.Series[residual], widening float64) Interval {
	if v.intervals == nil || v.isEndless(v.lifetime()) {
		return Interval{}
	}
	var parts []models.Part
	for day := from; day <= to; day++ {
		own := days.Get(int32(day))
		if own.unknown > 0 {
			return Interval{}
		}
		if own.amount != 0 {
			parts = append(parts, models.Part{
				T: v.age(day, asOf), Amount: float64(own.amount) / money.Scale, SpendError: float64(own.spendError) / money.Scale,
				Variance: own.variance.Value() / (money.Scale * money.Scale),
			})
		}
	}
	low, high := v.intervals.Sum(parts, widening)
	return Interval{rounded(low), rounded(high)}
}
