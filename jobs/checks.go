package jobs

import (
	"cmp"
	"maps"
	"slices"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/money"
	"github.com/perennial-clv/perennial/transforms/numeric"
	"github.com/perennial-clv/perennial/transforms/retention"
)

// checks collects run_checks. Numbers are in units of 10^-4.
type checks struct{ rows []CheckRow }

// equal notes a law: both numbers must agree to the last unit.
func (c *checks) equal(name, scope string, observed, expected int64) {
	status := Passed
	if observed != expected {
		status = Failed
	}
	c.rows = append(c.rows, CheckRow{name, scope, numeric.Known(observed), numeric.Known(expected), status, IsError})
}

// count notes a number to know.
func (c *checks) count(name, scope string, observed int64) {
	c.rows = append(c.rows, CheckRow{Name: name, Scope: scope, Observed: numeric.Known(observed), Status: Counted, Severity: IsInfo})
}

// limit notes a number that should not exceed another.
func (c *checks) limit(name, scope string, observed, most int64) {
	status := Passed
	if observed > most {
		status = Warned
	}
	c.rows = append(c.rows, CheckRow{name, scope, numeric.Known(observed), numeric.Known(most), status, IsWarning})
}

// sorted returns the rows in the order of the key.
func (c *checks) sorted() []CheckRow {
	slices.SortStableFunc(c.rows, func(a, b CheckRow) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Scope, b.Scope))
	})
	return c.rows
}

// err returns an error if a law failed.
func (c *checks) err() error {
	for _, row := range c.sorted() {
		if row.Status == Failed {
			observed, _ := row.Observed.Get()
			expected, _ := row.Expected.Get()
			return quality("this is a bug; nothing was published, please report it", "check %s of %s failed: %s is not %s",
				row.Name, row.Scope, money.Format(observed), money.Format(expected))
		}
	}
	return nil
}

// whole returns a count in the units of observed and expected.
func whole(n int64) int64 { return n * money.Scale }

// input notes what was read and what became of it.
func (c *checks) input(r *Run, t *ledger.Tally, totals *ledger.Totals, exclusions []ledger.Exclusion) {
	excluded, byMonth := int64(0), map[int32]int64{}
	for _, e := range exclusions {
		excluded += e.Rows
		start, _ := e.PeriodStart.Get()
		amount, _ := e.Amount.Get()
		byMonth[start] += amount
	}
	c.equal("rows_tie_out", "all", whole(t.Rows), whole(totals.KeptRows+excluded))
	c.count("cancelled_same_day", "all", whole(totals.CancelledSameDay))
	c.count("rounded_amounts", "all", whole(t.Rounded))
	c.count("rows_with_a_customer", "all", whole(t.Attributed))
	c.limit("unreadable_rows", "all", whole(t.Unreadable), int64(r.Job.Gates.MaxRejectedRate*float64(whole(t.Rows))))
	if last, ok := t.Days.Max(); ok {
		c.limit("days_since_last_row", "all", whole(int64(r.AsOf)-last), whole(int64(r.Job.Gates.MaxStaleness)))
	}
	if !r.hasOrders && totals.PurchaseDays > 0 {
		// Without order ids each row is an order; more than 1.5 rows a purchase
		// are probably lines of orders.
		c.limit("rows_per_purchase_without_order_id", "all", whole(totals.KeptRows)/totals.PurchaseDays, 3*money.Scale/2)
	}
}

// sourceTiesOut notes, per posting month, that the source's amounts are the
// ledger's and the excluded ones.
func (c *checks) sourceTiesOut(t *ledger.Tally, exclusions []ledger.Exclusion, periods []cohort.BusinessPeriod) {
	accounted := map[calendar.Day]int64{}
	for _, e := range exclusions {
		if start, ok := e.PeriodStart.Get(); ok {
			amount, _ := e.Amount.Get()
			accounted[calendar.Day(start)] += amount
		}
	}
	for i := range periods {
		if p := &periods[i]; p.Dimension == cohort.All && p.Grain == calendar.ByMonth {
			accounted[p.Start] += p.NetRevenue()
		}
	}
	source := map[calendar.Day]int64{}
	for month, m := range t.Months {
		source[calendar.Calendar{}.Start(calendar.ByMonth, month)] = m.Amount
	}
	for start, amount := range accounted {
		if amount != 0 {
			source[start] += 0 // a month that only the ledger has must show as well
		}
	}
	for _, start := range slices.Sorted(maps.Keys(source)) {
		c.equal("source_ties_out", start.String()[:len("2006-01")], source[start], accounted[start])
	}
}

// part is a scope within which money must add up to the whole base's.
type part struct {
	table, dimension string
	grain            calendar.Grain
	mode             string
}

func (p part) scope() string {
	s := p.table + "/" + p.dimension + "/" + p.grain.String()
	if p.mode != "" {
		s += "/" + p.mode
	}
	return s
}

// tablesTieOut notes that every table of money holds the money of the
// customers, per grain and dimension.
func (c *checks) tablesTieOut(o *outputs, customers pipeline.Receipt) {
	kept := o.totals.KeptAmount
	c.equal("net_revenue_ties_out", "customers", customers.Sums["net_revenue"], kept)
	sums := map[part]int64{}
	for i := range o.cohorts {
		r := &o.cohorts[i]
		sums[part{"cohorts", r.Dimension.Name, r.Grain, ""}] += r.NetRevenue()
	}
	for i := range o.cohortPeriods {
		r := &o.cohortPeriods[i]
		sums[part{"cohort_periods", r.Dimension.Name, r.Grain, r.Mode.String()}] += r.NetRevenue()
	}
	for i := range o.businessPeriods {
		r := &o.businessPeriods[i]
		sums[part{"business_periods", r.Dimension.Name, r.Grain, ""}] += r.NetRevenue()
	}
	for p, sum := range sums {
		c.equal("net_revenue_ties_out", p.scope(), sum, kept-o.cut(p))
	}
	residuals := map[part]int64{}
	for i := range o.cohorts {
		r := &o.cohorts[i]
		residual, _ := r.Residual.Get()
		residuals[part{"cohorts", r.Dimension.Name, r.Grain, ""}] += residual
	}
	for p, sum := range residuals {
		c.equal("residual_clv_ties_out", p.scope(), sum, customers.Sums["residual_clv"])
	}
}

// cut returns the money beyond the last offset kept, in a part of cohort_periods.
func (o *outputs) cut(p part) int64 {
	switch p.mode {
	case retention.ByCalendar.String():
		return o.beyond[retention.ByCalendar][p.grain]
	case retention.Rolling.String():
		return o.beyond[retention.Rolling][p.grain]
	default:
		return 0
	}
}

// offsetsCut notes the money beyond the last offset kept, where there is a limit.
func (c *checks) offsetsCut(r *Run, o *outputs) {
	for mode := retention.ByCalendar; mode <= retention.Rolling; mode++ {
		for _, g := range r.Job.Grains {
			if beyond := o.beyond[mode][g]; beyond != 0 {
				p := part{"cohort_periods", cohort.All.Name, g, mode.String()}
				c.rows = append(c.rows, CheckRow{"net_revenue_beyond_max_offset", p.scope(), numeric.Known(beyond), numeric.Null[int64]{}, Counted, IsInfo})
			}
		}
	}
}
