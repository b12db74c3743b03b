package retention

import (
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Expected is what a model of purchases says of customers who have just been
// acquired. Its zero value stands for no usable model, and has no curve.
type Expected struct {
	ModelID   string                                       // as in models; empty: no curve
	Rate      func(g calendar.Grain, offset int32) float64 // share with a purchase in a rolling offset, after the first purchase
	MaxOffset [calendar.ByYear + 1]int32                   // the last offset kept per grain, as in Grid
}

// yearOf is how many periods make one year.
var yearOf = [calendar.ByYear + 1]int32{
	calendar.ByDay: 365, calendar.ByWeek: 52, calendar.ByMonth: 12, calendar.ByQuarter: 4, calendar.ByYear: 1,
}

// appendPoints appends the curve of the model, grain by grain: the offsets of
// the whole base's rolling bounded curve and one year more. An offset is
// extrapolated if no pooled member has been there: if it ends after the age of
// the oldest, which is where the bounded curve ends.
func (e *Expected) appendPoints(points []CurvePoint, f *cohort.Frame, pools *Pools) []CurvePoint {
	if e.ModelID == "" {
		return points
	}
	for _, grain := range f.Grains {
		observed := pools.Get(cohort.All)[Rolling][grain].End()
		for k := int32(0); k < observed+yearOf[grain] && k <= e.MaxOffset[grain]; k++ {
			points = append(points, CurvePoint{
				Dimension: cohort.All, Type: ByModel, Mode: Rolling, Grain: grain, Offset: k,
				Rate: numeric.Known(e.Rate(grain, k)), IsExtrapolated: k >= observed, ModelID: e.ModelID,
			})
		}
	}
	return points
}
