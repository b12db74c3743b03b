package backtest

import (
	"cmp"
	"math"
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// TrackingType is by what expected and actual are compared.
type TrackingType string

// The types, in the order of the table.
const (
	ByFrequency  TrackingType = "by_frequency" // purchases after an origin, by x as of it
	ByPeriod     TrackingType = "by_period"    // repeat purchases of the base, period by period
	ByRecency    TrackingType = "by_recency"   // purchases after an origin, by the days since the last one
	Distribution TrackingType = "distribution" // customers by the number of their repeat purchases
)

// Tracking is a row of model_tracking.
type Tracking struct {
	ModelID    string
	Type       TrackingType
	Grain      numeric.Null[calendar.Grain] // of ByPeriod
	Start, End calendar.Day                 // what happened in these days is compared
	IsHoldout  bool                         // the model was fitted to days before Start alone
	Bucket     numeric.Null[int64]          // not of ByPeriod; where a class begins

	Customers int64
	Expected  float64
	Actual    int64

	ExpectedCumulative numeric.Null[float64] // of ByPeriod
	ActualCumulative   numeric.Null[int64]   // of ByPeriod
	ChiSquare          numeric.Null[float64] // of Distribution
}

// Tracked is a model whose expectations are tracked.
type Tracked struct {
	ID          string
	Model       models.Purchases
	DaysPerUnit float64      // of the model's unit of time
	End         calendar.Day // the last day that it was fitted to
}

// TrackedModels returns the models of purchases that are tracked, in the order of
// their ids: the chosen one, and the NBD where it can be used.
func TrackedModels(rows []clv.Model) (tracked []Tracked) {
	for _, row := range rows {
		m, ok := row.Purchases()
		if ok && row.Part == cohort.All && (row.IsChosen || row.Family == models.NBD) {
			tracked = append(tracked, Tracked{row.ID(), m, row.TimeUnit.Days, row.End})
		}
	}
	return tracked
}

// trackedGrains are the periods by which models are tracked, in the order of
// their names.
var trackedGrains = []calendar.Grain{calendar.ByMonth, calendar.ByWeek}

// Track compares what models expect with what happened up to the as-of day, and
// adds what held is of them, rows of an origin. The rows are in the order of the
// key. Without customers there are none.
func (d *Daily) Track(f *cohort.Frame, tracked []Tracked, held []Tracking) []Tracking {
	first, ok := d.first()
	if !ok {
		return nil
	}
	var rows []Tracking
	for _, m := range tracked {
		curve := d.curve(f, m)
		for _, g := range trackedGrains {
			rows = d.appendPeriods(rows, f, m, g, curve)
		}
		rows = d.appendDistribution(rows, m, first, f.AsOf)
		for _, row := range held {
			if row.ModelID == m.ID {
				rows = append(rows, row)
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b Tracking) int {
		return cmp.Or(cmp.Compare(a.ModelID, b.ModelID), cmp.Compare(a.Type, b.Type))
	})
	return rows
}

// curve returns the purchases that a model expects of a customer in so many days
// after the first purchase, up to the age of the oldest.
func (d *Daily) curve(f *cohort.Frame, m Tracked) []float64 {
	first, _ := d.first()
	acquired := models.Acquired(m.Model)
	curve := make([]float64, f.AsOf-first+1)
	for age := range curve {
		curve[age] = acquired.Expected(float64(age) / m.DaysPerUnit)
	}
	return curve
}

// expected returns the repeat purchases expected up to the end of a day of all
// customers acquired by then.
//
//	Σ_first n(first)·E[X(day − first)]
//
// with n(first) customers acquired on a day and E[X(t)] what is expected of a
// customer just acquired. Source: Fader, Hardie & Lee (2005), Marketing Science
// 24(2), who plot it week by week. The age of a customer on a day is day − first,
// as T in the likelihood. In the order of the days.
func (d *Daily) expected(curve []float64, day calendar.Day) float64 {
	first, _ := d.first()
	var sum numeric.Sum
	for acquired := first; acquired <= min(day, calendar.Day(d.acquired.End()-1)); acquired++ {
		if n := d.acquired.Get(int32(acquired)); n > 0 {
			sum.Add(float64(n) * curve[day-acquired])
		}
	}
	return sum.Value()
}

// appendPeriods appends all periods of a grain from that of the first purchase
// of all to that of the as-of day, which ends with it.
func (d *Daily) appendPeriods(rows []Tracking, f *cohort.Frame, m Tracked, g calendar.Grain, curve []float64) []Tracking {
	first, _ := d.first()
	var customers, actual int64
	expected := 0.0
	for index := f.Period(g, first); index <= f.Period(g, f.AsOf); index++ {
		row := Tracking{
			ModelID: m.ID, Type: ByPeriod, Grain: numeric.Known(g),
			Start: f.Calendar.Start(g, index), End: min(f.Calendar.End(g, index), f.AsOf),
		}
		for day := row.Start; day <= row.End; day++ {
			customers += d.acquired.Get(int32(day))
			row.Actual += d.repeats.Get(int32(day))
		}
		before := expected
		expected = d.expected(curve, row.End)
		actual += row.Actual
		row.Customers, row.Expected, row.IsHoldout = customers, expected-before, row.Start > m.End
		row.ExpectedCumulative, row.ActualCumulative = numeric.Known(expected), numeric.Known(actual)
		rows = append(rows, row)
	}
	return rows
}

// appendDistribution appends how many customers are expected to have made 0, 1,
// … repeat purchases up to the as-of day.
//
//	Σ_first n(first)·P(X(asOf − first) = k),   χ² = Σ_k (actual − expected)²/expected
func (d *Daily) appendDistribution(rows []Tracking, m Tracked, first, asOf calendar.Day) []Tracking {
	acquired := models.Acquired(m.Model)
	var sums [frequencies]numeric.Sum
	pmf := make([]float64, frequencies-1)
	for day := first; day <= asOf; day++ {
		n := float64(d.acquired.Get(int32(day)))
		if n == 0 {
			continue
		}
		acquired.PMF(float64(asOf-day)/m.DaysPerUnit, pmf)
		more := 1.0
		for k, p := range pmf {
			sums[k].Add(n * p)
			more -= p
		}
		sums[frequencies-1].Add(n * max(0, more))
	}
	customers := d.customers()
	for k := range sums {
		expected, actual := sums[k].Value(), d.frequency[k]
		rows = append(rows, Tracking{
			ModelID: m.ID, Type: Distribution, Start: first, End: asOf, Bucket: numeric.Known(int64(k)),
			Customers: customers, Expected: expected, Actual: actual, ChiSquare: chiSquare(expected, actual),
		})
	}
	return rows
}

// chiSquare returns the part of χ² of one bucket; null where nobody is expected
// in it, or as good as.
func chiSquare(expected float64, actual int64) numeric.Null[float64] {
	off := float64(actual) - expected
	part := off * off / expected
	if !(expected > 0) || math.IsInf(part, 0) {
		return numeric.Null[float64]{}
	}
	return numeric.Known(part)
}
