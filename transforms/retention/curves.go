package retention

import (
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// CurveType is what a curve shows.
type CurveType string

// The curves computed from what was observed.
const (
	Bounded          CurveType = "bounded"            // share with a purchase in the offset after the first purchase day
	Repurchase       CurveType = "repurchase"         // share with a second purchase by the end of the offset
	SurvivalToSecond CurveType = "survival_to_second" // share without a second purchase yet
)

// CurvePoint is a row of retention_curves.
type CurvePoint struct {
	Dimension cohort.Dimension
	Type      CurveType
	Mode      Mode
	Grain     calendar.Grain
	Offset    int32

	Cohorts, Exposed, Events int64
	Rate, Low, High          numeric.Null[float64]
	Hazard                   numeric.Null[float64]
}

// curveKey names one curve.
type curveKey struct {
	mode  Mode
	grain calendar.Grain
}

// Curves pools cohort_periods, over the cohorts that are not left-truncated,
// into the curves bounded and repurchase, and adds survival, all in the order
// of the key. An offset to which nobody is exposed has no point.
func Curves(f *cohort.Frame, periods []CohortPeriod, survival *Survival) []CurvePoint {
	var points []CurvePoint
	for len(periods) > 0 {
		n := 1
		for n < len(periods) && periods[n].Dimension == periods[0].Dimension {
			n++
		}
		points = appendPooled(points, f, periods[:n])
		points = survival.appendPoints(points, periods[0].Dimension)
		periods = periods[n:]
	}
	return points
}

// appendPooled appends the curves of one dimension value.
func appendPooled(points []CurvePoint, f *cohort.Frame, periods []CohortPeriod) []CurvePoint {
	pools := map[curveKey]*cohort.Series[pool]{}
	for i := range periods {
		p := &periods[i]
		if p.IsLeftTruncated || p.Exposed == 0 {
			continue
		}
		key := curveKey{p.Mode, p.Grain}
		if pools[key] == nil {
			pools[key] = &cohort.Series[pool]{}
		}
		pools[key].At(p.Offset).add(p)
	}
	for _, t := range []CurveType{Bounded, Repurchase} {
		for mode := ByCalendar; mode <= Rolling; mode++ {
			for _, grain := range f.Grains {
				if series := pools[curveKey{mode, grain}]; series != nil {
					head := CurvePoint{Dimension: periods[0].Dimension, Type: t, Mode: mode, Grain: grain}
					points = appendCurve(points, head, series)
				}
			}
		}
	}
	return points
}

// pool is several cohorts' cells at one offset.
type pool struct{ cohorts, exposed, retained, repeated int64 }

func (p *pool) add(c *CohortPeriod) {
	p.cohorts++
	p.exposed += c.Exposed
	p.retained += c.Retained
	p.repeated += c.Repeated
}

func appendCurve(points []CurvePoint, head CurvePoint, series *cohort.Series[pool]) []CurvePoint {
	first, _ := series.First()
	for k := first; k < series.End(); k++ {
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
