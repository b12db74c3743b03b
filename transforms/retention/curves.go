package retention

import (
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// CurveType is what a curve shows.
type CurveType string

// The curves: three of what was observed, and one that a model expects.
const (
	Bounded          CurveType = "bounded"            // share with a purchase in the offset after the first purchase day
	Repurchase       CurveType = "repurchase"         // share with a second purchase by the end of the offset
	SurvivalToSecond CurveType = "survival_to_second" // share without a second purchase yet
	ByModel          CurveType = "model"              // bounded, as expected of who has just been acquired
)

// CurvePoint is a row of retention_curves.
type CurvePoint struct {
	Dimension cohort.Dimension
	Type      CurveType
	Mode      Mode
	Grain     calendar.Grain
	Offset    int32

	Cohorts, Exposed, Events int64 // meaningless with a model
	Rate, Low, High          numeric.Null[float64]
	Hazard                   numeric.Null[float64]
	IsExtrapolated           bool
	ModelID                  string // empty: of observed customers
}

// observed returns a number that only curves of observed customers have.
func (p *CurvePoint) observed(n int64) (int64, bool) { return n, p.ModelID == "" }

// pool is several cohorts' cells at one offset.
type pool struct{ cohorts, exposed, retained, repeated, cumulativeNet int64 }

func (p *pool) add(o *pool) {
	p.cohorts += o.cohorts
	p.exposed += o.exposed
	p.retained += o.retained
	p.repeated += o.repeated
	p.cumulativeNet += o.cumulativeNet
}

// Pools adds up cohort_periods over the cohorts that are not left-truncated,
// per dimension value, mode, grain and offset.
type Pools struct {
	cohort.Split[[Rolling + 1]cohort.ByGrain[pool]]
}

// AddPeriods adds rows of cohort_periods.
func (s *Pools) AddPeriods(rows []CohortPeriod) {
	for i := range rows {
		p := &rows[i]
		modes := s.Of(p.Dimension) // also where nothing is pooled: survival has the dimension too
		if !p.IsLeftTruncated && p.Exposed > 0 {
			modes[p.Mode][p.Grain].At(p.Offset).add(&pool{1, p.Exposed, p.Retained, p.Repeated, p.ExposedCumulativeNet})
		}
	}
}

// Add adds other pools.
func (s *Pools) Add(o *Pools) {
	s.Merge(&o.Split, func(to, from *[Rolling + 1]cohort.ByGrain[pool]) {
		for mode := range to {
			to[mode].Merge(&from[mode], (*pool).add)
		}
	})
}

// FirstYear returns the net revenue that customers of the whole base have
// brought in their first twelve months, and how many customers those are: the
// exposed ones of rolling offset 11 of the grain month, pooled over the cohorts
// that are not left-truncated. Both are 0 where nobody is exposed, and where
// that offset is not kept.
func (s *Pools) FirstYear() (net, customers int64) {
	const lastOfYear = 11 // the first twelve months are offsets 0 to 11
	p := s.Get(cohort.All)[Rolling][calendar.ByMonth].Get(lastOfYear)
	return p.cumulativeNet, p.exposed
}

// Curves returns retention_curves in the order of the key: bounded and
// repurchase from the pools, survival, and of the whole base what a model
// expects. An offset to which nobody is exposed has no point in the first two.
func Curves(f *cohort.Frame, pools *Pools, survival *Survival, expected *Expected) []CurvePoint {
	var points []CurvePoint
	for _, d := range pools.Sorted() {
		points = pools.appendCurves(points, f, d, Bounded)
		if d == cohort.All {
			points = expected.appendPoints(points, f, pools)
		}
		points = pools.appendCurves(points, f, d, Repurchase)
		points = survival.appendPoints(points, d)
	}
	return points
}

// appendCurves appends a dimension value's curves of a type.
func (s *Pools) appendCurves(points []CurvePoint, f *cohort.Frame, d cohort.Dimension, t CurveType) []CurvePoint {
	for mode := ByCalendar; mode <= Rolling; mode++ {
		for _, grain := range f.Grains {
			head := CurvePoint{Dimension: d, Type: t, Mode: mode, Grain: grain}
			points = appendCurve(points, head, &s.Get(d)[mode][grain])
		}
	}
	return points
}

func appendCurve(points []CurvePoint, head CurvePoint, series *cohort.Series[pool]) []CurvePoint {
	first, ok := series.First()
	for k := first; ok && k < series.End(); k++ {
		p := series.Get(k)
		if p.exposed == 0 {
			continue
		}
		point := head
		point.Offset, point.Cohorts, point.Exposed, point.Events = k, p.cohorts, p.exposed, p.retained
		if head.Type == Repurchase {
			point.Events = p.repeated
		}
		low, high := numeric.Wilson(point.Events, point.Exposed, numeric.Z90)
		point.Rate = numeric.Ratio(point.Events, point.Exposed)
		point.Low, point.High = numeric.Known(low), numeric.Known(high)
		points = append(points, point)
	}
	return points
}
