package forecast

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// The warnings of cohort_forecasts.
const (
	acquisitionPlanned   = "acquisition_planned"
	lifetimeInfinite     = "lifetime_infinite"
	meanPeriods          = "mean_periods"
	noAcquisitionError   = "acquisition_error_unknown"
	noParameterVariance  = "parameter_uncertainty_unknown"
	noSeasonFound        = "no_seasonality"
	remainderBelowNought = "remainder_below_zero"
)

// Warnings are the words of column warning with their meaning, in the order in
// which they stand there.
var Warnings = []ledger.Term{
	{Name: acquisitionPlanned, Doc: "Customers to come are those of acquisition_plan, in some month at least; they are taken as given."},
	{Name: lifetimeInfinite, Doc: "What follows the last month has no end, or is more than a money column holds, so that there is no amount; discounted it is finite unless the discount rate is 0."},
	{Name: meanPeriods, Doc: "The model counts opportunities, to which days are turned by their mean length: a short month is expected too low and a long one too high, by some 8 % in February, and the interval does not know of it; the sums of a year are right."},
	{Name: noAcquisitionError, Doc: "The history has fewer than 9 complete months, too few to see how far forecasts of acquisition are off, so that there is no interval."},
	{Name: noParameterVariance, Doc: "The model has no standard errors (it is at a bound): the interval knows only chance and is too narrow."},
	{Name: noSeasonFound, Doc: "The history has fewer than two years of complete months, so that seasonal_index is 1."},
	{Name: remainderBelowNought, Doc: "The months are discounted from their middle and moved by the season, which leaves less than nothing of the lifetime value: so little comes after them."},
}

// Row is a row of cohort_forecasts.
type Row struct {
	Dimension  cohort.Dimension
	Grain      Grain
	Vintage    Vintage
	Cohort     numeric.Null[calendar.Day]
	Month      *Month // nil: what follows the last month
	ModelID    string
	Warning    string // words of Warnings, empty for none
	line       *line
	band       band
	perOrder   float64 // orders ÷ purchases
	season     float64
	discount   float64
	isInfinite bool
}

// Parts returns how many parts the rows come in: one for each part of the base.
func (f *Forecast) Parts() int { return len(f.parts) }

// Rows returns the rows of a part, in the order of the key.
func (f *Forecast) Rows(part int) []Row {
	blocks := slices.SortedStableFunc(slices.Values(f.parts[part]), func(a, b block) int {
		return cmp.Or(cmp.Compare(a.grain, b.grain), cmp.Compare(a.vintage, b.vintage))
	})
	var rows []Row
	for i := range blocks {
		b := &blocks[i]
		for k := f.firstLine(b); k < len(b.lines); k++ {
			rows = append(rows, f.row(b, k))
		}
	}
	return rows
}

// firstLine returns the place of the first month in which a block can bring
// something: that of the first purchases of a cohort to come.
func (f *Forecast) firstLine(b *block) int {
	if own, ok := b.cohort.Get(); ok && b.vintage == Future {
		return slices.IndexFunc(f.horizon.months, func(m Month) bool { return m.Start == own })
	}
	return 0
}

func (f *Forecast) row(b *block, k int) Row {
	l, w := &b.lines[k], &f.assumptions.Widening
	row := Row{Dimension: b.dimension, Grain: b.grain, Vintage: b.vintage, Cohort: b.cohort, ModelID: f.assumptions.ModelID, line: l, perOrder: f.perPurchase}
	row.isInfinite = math.IsInf(l.purchases, 0)
	if k == len(f.horizon.months) {
		row.Warning = f.warnings(b, &row)
		return row
	}
	m := &f.horizon.months[k]
	row.Month, row.season, row.discount = m, f.horizon.season[calendarMonth(m.Start)], m.discount(f.assumptions.DeltaPerDay)
	widening := w.Total
	if b.grain == ByCohort {
		widening = w.Cohort
	}
	row.band = l.interval(l.value, widening, &f.acquisition)
	row.Warning = f.warnings(b, &row)
	return row
}

// warnings returns the row's warnings, separated by commas.
func (f *Forecast) warnings(b *block, r *Row) string {
	isMonth, isFuture := r.Month != nil, b.vintage != Existing
	_, hasNet := r.line.net.Get()
	rest, _ := r.line.discounted.Get()
	applies := map[string]bool{
		acquisitionPlanned:   isFuture && f.usesPlan(b),
		lifetimeInfinite:     !isMonth && !hasNet,
		meanPeriods:          isMonth && f.assumptions.Fit.Family.IsDiscrete(),
		noAcquisitionError:   isMonth && f.acquisition.errors < leastErrors && f.isForecast(r.line.worth),
		noParameterVariance:  isMonth && f.assumptions.Fit.Covariance == nil,
		noSeasonFound:        isMonth && !f.hasSeason,
		remainderBelowNought: !isMonth && rest < 0,
	}
	var words []string
	for _, w := range Warnings {
		if applies[w.Name] {
			words = append(words, w.Name)
		}
	}
	return strings.Join(words, ",")
}

// usesPlan reports whether a month of a block's cohorts is planned.
func (f *Forecast) usesPlan(b *block) bool {
	for k, isPlanned := range f.acquisition.isPlanned {
		if own, ok := b.cohort.Get(); isPlanned && (!ok || own == f.horizon.months[k].Start) {
			return true
		}
	}
	return false
}

// isForecast reports whether customers who are not planned bring something.
func (f *Forecast) isForecast(worth []float64) bool {
	for k, w := range worth {
		if w > 0 && !f.acquisition.isPlanned[k] {
			return true
		}
	}
	return false
}
