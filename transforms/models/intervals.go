package models

import (
	"math"
)

// Intervals says how far customers may come out from what is expected of them:
// what Score is for expectations, for their distributions.
//
// What a customer buys who makes any purchase depends on (x, T) and the stage
// alone. The number of purchases is tabulated for each (x, T) of the cells, and
// is exact. The value of the purchases is tabulated as a multiple of what is
// expected, on a grid of x and T between whose points it is interpolated
// (spread.go). Intervals do not change after NewIntervals; any number of
// goroutines may use them.
type Intervals struct {
	model       Purchases
	cellsUnit   float64   // days, or opportunities, of a cell that are a unit
	horizons    []float64 // in units
	finite      []int     // by horizon, its place among those that end; -1 for the lifetime
	level       float64
	counts      []byAge[counts] // by x
	spreads     *spreads
	slopes      slopes
	spendErrors []float64 // by x
}

// IntervalSettings are what Intervals are of. Where Spend changes from one x to the
// next intervals change gradually, over a step of the grid.
type IntervalSettings struct {
	Fit            Fit             // of purchases, usable
	Spend          func(x int) Fit // of the purchases of customers with x repeat purchases; with or without a model
	DaysPerUnit    float64         // of the model's unit of time; of an opportunity where it is discrete
	DiscountPerDay float64         // continuous rate, ≥ 0
	HorizonDays    []float64       // > 0, +Inf for the lifetime
	Level          float64         // of the intervals of customers, within (0, 1): Widening.Level
}

// NewIntervals returns the intervals of a model, fast for the customers of cells,
// which are sorted by X first.
func NewIntervals(s IntervalSettings, cells []Cell, each Each) *Intervals {
	in := &Intervals{level: min(s.Level, HighestLevel)}
	in.model, _ = s.Fit.Purchases()
	in.cellsUnit = in.model.Shape().CellsUnit(s.DaysPerUnit)
	ends := 0
	for _, days := range s.HorizonDays {
		in.horizons = append(in.horizons, days/s.DaysPerUnit)
		in.finite = append(in.finite, -1)
		if !math.IsInf(days, 1) {
			in.finite[len(in.finite)-1] = ends
			ends++
		}
	}
	in.counts = in.countAll(cells, each)
	in.spreads = newSpreads(in, s, cells, each)
	in.slopes = newSlopes(s, cells, each)
	for x := range in.counts {
		in.spendErrors = append(in.spendErrors, s.Spend(x).meanError(float64(x)))
	}
	return in
}

// HighestLevel bounds the level of the intervals of customers: beyond, the tables
// end.
const HighestLevel = 0.99

// Counts returns the quantiles of the number of purchases of a customer until a
// horizon, by its index, that ends: those of the level's lower end, of ½, and of
// its upper end. Customers who may have dropped out are included: a quantile is 0
// up to the probability of no purchase.
func (in *Intervals) Counts(score *Score, x, T int32, horizon int) (low, median, high int) {
	own := in.countsOf(x, T)
	beyond := own.beyond[in.finite[horizon]*in.model.Shape().Stages:]
	next := func(n int, q float64) int {
		for n < own.length(beyond) && score.above(beyond, n) > 1-q {
			n++
		}
		return n
	}
	low = next(0, (1-in.level)/2)
	median = next(low, 0.5)
	return low, median, next(median, (1+in.level)/2)
}

// Value returns the ends of the interval of the discounted value of a customer's
// purchases until a horizon, by its index, as multiples of what is expected. Low
// is 0 where no purchase is likelier than that end, and so may high be.
func (in *Intervals) Value(score *Score, x, T int32, horizon int) (low, high float64) {
	return in.Quantile(score, x, T, horizon, (1-in.level)/2), in.Quantile(score, x, T, horizon, (1+in.level)/2)
}

// Quantile returns the quantile q, 0 < q < 1, of what Value is about.
//
//	0 for q ≤ 1 − P,   R(1 − (1−q)/P)/P else
//
// P is the probability of a purchase within the horizon, R the quantile function
// of the value of who makes one, as a multiple of its mean.
func (in *Intervals) Quantile(score *Score, x, T int32, horizon int, q float64) float64 {
	p := score.Outlook(horizon).ProbabilityOfPurchase
	if !(1-q < p) {
		return 0
	}
	m := in.spreads.at(x, T)
	return m.quantile(score, horizon, 1-(1-q)/p) / p
}

// Variance returns the variance of that multiple at known parameters: what is
// left to chance.
//
//	E[R²]/P − 1
//
// 0 where no purchase is possible.
func (in *Intervals) Variance(score *Score, x, T int32, horizon int) float64 {
	p := score.Outlook(horizon).ProbabilityOfPurchase
	if !(p > 0) {
		return 0
	}
	m := in.spreads.at(x, T)
	return max(0, m.square(score, horizon)/p-1)
}
