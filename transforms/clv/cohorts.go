package clv

import (
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// residual is the residual value of a cohort's members.
type residual struct {
	amount  int64
	unknown int64 // members without one
	uncertain
}

func (r *residual) add(o *residual) {
	r.amount += o.amount
	r.unknown += o.unknown
	r.uncertain.add(&o.uncertain)
}

// Residuals accumulates the lifetime residual_clv of cohorts, in net revenue:
// sums of the customers' rounded values, so that they tie out. They are kept by
// the day of the first purchase, of which the cohorts of all grains are made.
type Residuals struct {
	cohort.Split[cohort.Series[residual]]
}

// Enter enters customers with what they are worth.
func (r *Residuals) Enter(f *cohort.Frame, c *ledger.Customers, v *Valuation, values []Value) {
	parts := r.Each(f.Dimensions(c))
	for m := range f.Members(c) {
		var own residual
		if amount, ok := values[m.Customer].residual.Get(); ok {
			own.amount, own.uncertain = amount, v.uncertain(&values[m.Customer], amount)
		} else {
			own.unknown = 1
		}
		for _, p := range m.Parts {
			parts[p].At(int32(m.First)).add(&own)
		}
	}
}

// Add adds another accumulator.
func (r *Residuals) Add(o *Residuals) {
	r.Merge(&o.Split, func(to, from *cohort.Series[residual]) { to.Merge(from, (*residual).add) })
}

// residualOf returns what those add up to who bought first from one day to
// another, both included.
func residualOf(days *cohort.Series[residual], from, to calendar.Day) residual {
	var sum residual
	for day := from; day <= to; day++ {
		own := days.Get(int32(day))
		sum.add(&own)
	}
	return sum
}

// TotalInterval returns the interval of the residual value of all customers; null
// where that of some is not known.
func (v *Valuation) TotalInterval(f *cohort.Frame, residuals *Residuals) Interval {
	days := residuals.Get(cohort.All)
	first, ok := days.First()
	if !ok {
		return Interval{}
	}
	return v.sum(f.AsOf, calendar.Day(first), f.AsOf, days, v.widening.Total)
}

// Cohort is a row of cohorts.
type Cohort struct {
	Dimension       cohort.Dimension
	Grain           calendar.Grain
	Start, End      calendar.Day
	IsClosed        bool
	IsLeftTruncated bool
	MaxComplete     numeric.Null[int64]
	cohort.Acquired
	HasContribution bool
	Residual        numeric.Null[int64]
	Interval        // of Residual
}

// NetRevenue returns gross sales and refunds together.
func (c *Cohort) NetRevenue() int64 { return c.GrossSales + c.Refunds }

// TotalValue returns net revenue and residual value together; null where the latter is.
func (c *Cohort) TotalValue() (int64, bool) { return total(c.NetRevenue(), c.Residual) }

// CohortRows returns the rows of cohorts in the order of the key. Of the whole
// base every period since the first has a row; splits have only cohorts with
// members.
func (v *Valuation) CohortRows(f *cohort.Frame, acquired *cohort.Cohorts, residuals *Residuals) []Cohort {
	var rows []Cohort
	for _, d := range acquired.Sorted() {
		byGrain, residualByDay := acquired.Get(d), residuals.Get(d)
		for _, g := range f.Grains {
			series := &byGrain[g]
			first, ok := series.First()
			for c := first; ok && c <= f.Period(g, f.AsOf); c++ {
				row := Cohort{
					Dimension: d, Grain: g, Start: f.Calendar.Start(g, c), End: f.Calendar.End(g, c),
					IsLeftTruncated: f.IsLeftTruncated(g, c), Acquired: series.Get(c), HasContribution: v.HasContribution,
				}
				if row.Size == 0 && d != cohort.All {
					continue
				}
				row.IsClosed = row.End <= f.AsOf
				if complete := f.LastComplete(g) - c; complete >= 0 {
					row.MaxComplete = numeric.Known(int64(complete))
				}
				if r := residualOf(residualByDay, row.Start, row.End); r.unknown == 0 {
					row.Residual = numeric.Known(r.amount)
					row.Interval = v.sum(f.AsOf, row.Start, min(row.End, f.AsOf), residualByDay, v.widening.Cohort)
				}
				rows = append(rows, row)
			}
		}
	}
	return rows
}
