package retention

import (
	"math"
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Survival accumulates the times to the second purchase, in days from the
// first: observed ones (events), and those cut off by the as-of day.
// Customers of month cohorts that are left-truncated stay out.
type Survival struct{ cohort.Split[waits] }

// waits are durations of one dimension value.
type waits struct {
	ended   cohort.Series[duration] // by days
	longest cohort.Series[longest]  // by month cohort
}

type duration struct{ events, censored int64 }

func (d *duration) add(o *duration) {
	d.events += o.events
	d.censored += o.censored
}

// longest is a cohort's longest duration; known is false for a cohort without members.
type longest struct {
	days  int32
	known bool
}

func (l *longest) add(o *longest) {
	if o.known {
		*l = longest{max(l.days, o.days), true}
	}
}

// AddShard adds the customers of a shard.
func (v *Survival) AddShard(f *cohort.Frame, s *cohort.View) {
	parts := v.Each(s.Dimensions)
	months := s.Periods(calendar.ByMonth)
	for i := range s.Members {
		m := &s.Members[i]
		in := months[m.From]
		if f.IsLeftTruncated(calendar.ByMonth, in) {
			continue
		}
		event, end := m.Second < m.To, f.AsOf
		if event {
			end = s.Days.Day[m.Second]
		}
		days := int32(end - m.First)
		for _, p := range s.Parts(i) {
			w := parts[p]
			at := w.ended.At(days)
			if event {
				at.events++
			} else {
				at.censored++
			}
			w.longest.At(in).add(&longest{days, true})
		}
	}
}

// Add adds another accumulator.
func (v *Survival) Add(o *Survival) {
	v.Merge(&o.Split, func(to, from *waits) {
		to.ended.Merge(&from.ended, (*duration).add)
		to.longest.Merge(&from.longest, (*longest).add)
	})
}

// appendPoints appends the Kaplan–Meier curve of a dimension value, one point
// for each day from 0 while anybody is at risk.
//
//	S(d) = Π_{j≤d} (1 − e_j/n_j),  Var S(d) = S(d)²·Σ_{j≤d} e_j/(n_j·(n_j − e_j))
//
// n_j is the number at risk on day j (duration at least j), e_j the second
// purchases on it. The interval is S ∓ z·√Var (Greenwood 1926), 90 %, cut to
// [0, 1]. When the last one at risk buys, S is 0, Greenwood's sum is infinite
// and the interval is 0 to 0.
func (v *Survival) appendPoints(points []CurvePoint, d cohort.Dimension) []CurvePoint {
	w := v.Get(d)
	var atRisk int64
	for day := int32(0); day < w.ended.End(); day++ {
		at := w.ended.Get(day)
		atRisk += at.events + at.censored
	}
	longest := w.longestWaits()
	survival, greenwood := 1.0, 0.0
	for day := int32(0); atRisk > 0; day++ {
		at := w.ended.Get(day)
		survival *= 1 - float64(at.events)/float64(atRisk)
		if at.events < atRisk {
			greenwood += float64(at.events) / (float64(atRisk) * float64(atRisk-at.events))
		}
		for len(longest) > 0 && longest[0] < day {
			longest = longest[1:] // a cohort with nobody at risk any more
		}
		margin := numeric.Z90 * survival * math.Sqrt(greenwood)
		points = append(points, CurvePoint{
			Dimension: d, Type: SurvivalToSecond, Mode: Rolling, Grain: calendar.ByDay, Offset: day,
			Cohorts: int64(len(longest)), Exposed: atRisk, Events: at.events,
			Rate: numeric.Known(survival), Low: numeric.Known(max(0, survival-margin)), High: numeric.Known(min(1, survival+margin)),
			Hazard: numeric.Ratio(at.events, atRisk),
		})
		atRisk -= at.events + at.censored
	}
	return points
}

// longestWaits returns each cohort's longest duration, ascending.
func (w *waits) longestWaits() []int32 {
	var days []int32
	first, ok := w.longest.First()
	for c := first; ok && c < w.longest.End(); c++ {
		if l := w.longest.Get(c); l.known {
			days = append(days, l.days)
		}
	}
	slices.Sort(days)
	return days
}
