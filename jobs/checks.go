package jobs

import (
	"cmp"
	"maps"
	"slices"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/forecast"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/money"
	"github.com/perennial-clv/perennial/transforms/numeric"
	"github.com/perennial-clv/perennial/transforms/retention"
)

// Check is a check of run_checks as people should know it.
type Check struct {
	Name     string
	Compares string // what is observed, and what it is held against
	Failure  string // what it means where they do not agree
	Action   string // what to do then
}

// Doc returns all there is to know of a check, as sentences.
func (c *Check) Doc() string { return c.Compares + " " + c.Failure + " " + c.Action }

// What a broken law means, and what to do about it, is the same for all laws.
const (
	lawBroken = "A difference other than 0 is a bug of the program; the run fails with exit code 5 and publishes nothing."
	reportIt  = "Please report it with the job file."
	toKnow    = "A number to know, neither good nor bad."
)

// Checks are all checks, in the order of their names. What is not listed here
// cannot be written.
var Checks = []Check{
	{"cancelled_same_day", "Customer-days with an order whose rows add up to 0 or less: bought and given back on the same day, an order but no purchase.", toKnow, "Many of them may be test orders: see rules.exclude."},
	{"contribution_ties_out", "Contribution of the table against that of the ledger.", lawBroken, reportIt},
	{"customers_tie_out", "Customers of the table, acquired in its cohorts or periods, against customers with a purchase in the ledger.", lawBroken, reportIt},
	{"days_since_last_row", "Days from the last row that counts to the as-of day, against rules.max_staleness.", "Above the limit the run fails with exit code 5: the data have stopped coming.", "Find out why newer rows are missing, or choose an earlier as-of day."},
	{firstCohortSize, "Customers of the first month cohort, against twice the median of the next six month cohorts. Only without cohorts.from, once those months are over.", "Above it the data probably begin later than the business: who bought before looks new.", "Set cohorts.from to the month after, or to where history is whole."},
	{"gross_sales_tie_out", "Gross sales of the table against those of the ledger.", lawBroken, reportIt},
	{"lifecycle_active_days", "Days since the last purchase up to which a customer's lifecycle_stage is active: three of four gaps between purchases are no longer.", toKnow, "With fewer than 50 gaps it is 90."},
	{"lifecycle_at_risk_days", "Days up to which it is at_risk: nine of ten gaps are no longer.", toKnow, "With fewer than 50 gaps it is 180."},
	{"lifecycle_dormant_days", "Days up to which it is dormant, beyond which it is lost: 97.5 % of gaps are no longer.", toKnow, "With fewer than 50 gaps it is 365."},
	{missingDays, "Days after the last row, up to the as-of day, whose weekday had rows in at least 9 of the 10 weeks before; 0 where the source has rows of later days.", "Above 0 the data are probably late, and the published date is without them.", "Run the date again when they are there. A small rules.max_staleness makes it a failure."},
	{"net_revenue_beyond_max_offset", "Net revenue of offsets after cohorts.max_offset, which cohort_periods leaves out.", toKnow, "Raise cohorts.max_offset if it is much."},
	{"net_revenue_ties_out", "Net revenue of customers, as it was written, against that of the rows that count.", lawBroken, reportIt},
	{"orders_tie_out", "Orders of the table against those of the ledger.", lawBroken, reportIt},
	{"purchase_gaps", "Gaps between consecutive purchases of a customer, from which the limits of lifecycle_stage come.", toKnow, "Fewer than 50 are too few; then usual limits stand in."},
	{"refunds_tie_out", "Refunds of the table against those of the ledger.", lawBroken, reportIt},
	{"residual_clv_high", "Upper end of the interval of 80 % of the residual_clv of all customers together.", toKnow, "Plan with it as the good case, not as the worst one turned around: it does not allow for a change of the business."},
	{"residual_clv_low", "Lower end of the interval of 80 % of the residual_clv of all customers together. Intervals of cohorts do not add up to it.", toKnow, "Plan with it as the bad case."},
	{"residual_clv_ties_out", "residual_clv of the table against the sum over all customers.", lawBroken, reportIt},
	{"rounded_amounts", "Rows whose quantity × unit_price has more than 4 decimals and was rounded half-even.", toKnow, "Map an amount with fewer decimals if there is one."},
	{"rows_per_purchase_without_order_id", "Rows per purchase where no order_id is mapped, against 1.5.", "Above it rows are probably lines of orders, each of which counts as an order.", "Map source.columns.order_id."},
	{"rows_tie_out", "Rows of the source against rows that count and rows in run_exclusions together.", lawBroken, reportIt},
	{"rows_with_a_customer", "Readable rows that name a customer.", toKnow, "Rows that do not are in run_exclusions as unattributed."},
	{"source_ties_out", "Amounts of the source in a month against business_periods.net_revenue and run_exclusions.amount of that month together.", lawBroken, reportIt},
	{"unreadable_rows", "Rows that cannot be read, against rules.max_rejected_rate of all rows.", "Above the limit the run fails with exit code 5.", "Look at the rows and their reasons in _quarantine/<as_of_date> of the sink."},
}

// checks collects run_checks. Numbers are in units of 10^-4.
type checks struct{ rows []CheckRow }

// equal notes a law: both numbers must agree to the last unit.
func (c *checks) equal(name, scope string, observed, expected int64) {
	status := Passed
	if observed != expected {
		status = Failed
	}
	c.add(CheckRow{name, scope, numeric.Known(observed), numeric.Known(expected), status, IsError})
}

// count notes a number to know.
func (c *checks) count(name, scope string, observed int64) {
	c.add(CheckRow{Name: name, Scope: scope, Observed: numeric.Known(observed), Status: Counted, Severity: IsInfo})
}

// gate notes a limit that was held before: beyond it nothing is published.
func (c *checks) gate(name, scope string, observed, most int64) {
	c.add(CheckRow{name, scope, numeric.Known(observed), numeric.Known(most), Passed, IsError})
}

// limit notes a number that should not exceed another.
func (c *checks) limit(name, scope string, observed, most int64) {
	status := Passed
	if observed > most {
		status = Warned
	}
	c.add(CheckRow{name, scope, numeric.Known(observed), numeric.Known(most), status, IsWarning})
}

// add adds a row; a check that nobody can look up is a programmer's mistake.
func (c *checks) add(row CheckRow) {
	if !slices.ContainsFunc(Checks, func(known Check) bool { return known.Name == row.Name }) {
		panic("jobs: the check " + row.Name + " is not among Checks")
	}
	c.rows = append(c.rows, row)
}

// sorted returns the rows in the order of the key.
func (c *checks) sorted() []CheckRow {
	slices.SortStableFunc(c.rows, func(a, b CheckRow) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Scope, b.Scope))
	})
	return c.rows
}

// having returns how many checks came out in some way.
func (c *checks) having(status CheckStatus) int {
	n := 0
	for _, row := range c.rows {
		if row.Status == status {
			n++
		}
	}
	return n
}

// err returns an error if a law failed.
func (c *checks) err() error {
	for _, row := range c.sorted() {
		if row.Status == Failed {
			observed, _ := row.Observed.Get()
			expected, _ := row.Expected.Get()
			return quality("nothing was published; please report this with the job file", "check %s of %s failed: %s is not %s",
				row.Name, row.Scope, money.Format(observed), money.Format(expected))
		}
	}
	return nil
}

// whole returns a count in the units of observed and expected.
func whole(n int64) int64 { return n * money.Scale }

// input notes what was read and what became of it.
func (c *checks) input(r *Run, in *input, b *base) {
	t, totals := &in.tally, &b.sums.totals
	excluded := int64(0)
	for _, e := range b.exclusions {
		excluded += e.Rows
	}
	c.equal("rows_tie_out", "all", whole(t.Rows), whole(totals.KeptRows+excluded))
	c.count("cancelled_same_day", "all", whole(totals.CancelledSameDay))
	c.count("rounded_amounts", "all", whole(t.Rounded))
	c.count("rows_with_a_customer", "all", whole(t.Attributed))
	c.gate("unreadable_rows", "all", whole(t.Unreadable), int64(r.Job.Gates.MaxRejectedRate*float64(whole(t.Rows))))
	if last, ok := t.Days.Max(); ok {
		c.gate("days_since_last_row", "all", whole(int64(r.AsOf)-last), whole(int64(r.Job.Gates.MaxStaleness)))
	}
	if !in.bound.HasOrders() && totals.PurchaseDays > 0 {
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
	for month, m := range t.Months.All() {
		source[calendar.Calendar{}.Start(calendar.ByMonth, month)] = m.Amount
	}
	for start, amount := range accounted {
		if amount != 0 {
			source[start] += 0 // a month that only the ledger has must show as well
		}
	}
	for _, start := range slices.Sorted(maps.Keys(source)) {
		c.equal("source_ties_out", monthOf(start), source[start], accounted[start])
	}
}

// lifecycle notes the limits of lifecycle_stage, in days, and how many gaps
// between purchases they come from.
func (c *checks) lifecycle(b *base) {
	c.count("purchase_gaps", "all", whole(b.sums.gaps.Count()))
	c.count("lifecycle_active_days", "all", whole(b.lifecycle.Active))
	c.count("lifecycle_at_risk_days", "all", whole(b.lifecycle.AtRisk))
	c.count("lifecycle_dormant_days", "all", whole(b.lifecycle.Dormant))
}

// monthOf returns a day's month as scopes name it, 2006-01.
func monthOf(d calendar.Day) string { return d.String()[:len("2006-01")] }

// scope is a part of a table whose sums must be those of the whole base.
type scope struct {
	table, dimension string
	grain            calendar.Grain
	mode             string
}

func (p scope) String() string {
	s := p.table + "/" + p.dimension + "/" + p.grain.String()
	if p.mode != "" {
		s += "/" + p.mode
	}
	return s
}

// sums are the measures that every table of observed behaviour holds.
type sums struct{ customers, orders, gross, refunds, contribution int64 }

func (s *sums) add(o sums) {
	s.customers += o.customers
	s.orders += o.orders
	s.gross += o.gross
	s.refunds += o.refunds
	s.contribution += o.contribution
}

// totals are sums by scope.
type totals map[scope]sums

func (t totals) add(p scope, s sums) {
	s.add(t[p])
	t[p] = s
}

// merge adds other totals.
func (t totals) merge(o totals) {
	for p, s := range o {
		t.add(p, s)
	}
}

// sumPeriods adds up rows of cohort_periods.
func sumPeriods(rows []retention.CohortPeriod) periodSums {
	s := periodSums{totals: totals{}}
	s.pools.AddPeriods(rows)
	for i := range rows {
		r := &rows[i]
		p := scope{retention.CohortPeriods.Name, r.Dimension.Name, r.Grain, r.Mode.String()}
		contribution, _ := r.Contribution.Get()
		sum := sums{0, r.Orders, r.GrossSales, r.Refunds, contribution}
		if r.Offset == 0 {
			sum.customers = r.Active
		}
		s.totals.add(p, sum)
	}
	return s
}

// totals returns what each table adds up to, per dimension and grain.
func (o *outputs) totals() totals {
	all := totals{}
	all.merge(o.cohortPeriods.totals)
	for i := range o.cohorts {
		r := &o.cohorts[i]
		p := scope{"cohorts", r.Dimension.Name, r.Grain, ""}
		s := sums{customers: r.Size, gross: r.GrossSales, refunds: r.Refunds}
		if r.HasContribution {
			s.contribution = r.Contribution
		}
		all.add(p, s)
	}
	for i := range o.businessPeriods {
		r := &o.businessPeriods[i]
		contribution, _ := r.Contribution.Get()
		all.add(scope{"business_periods", r.Dimension.Name, r.Grain, ""}, sums{r.NewCustomers, r.Orders, r.GrossSales, r.Refunds, contribution})
	}
	return all
}

// tablesTieOut notes that every table holds the customers, orders and money
// of the ledger, per dimension and grain, but for what lies beyond the last
// offset kept, which is noted too.
func (c *checks) tablesTieOut(r *Run, b *base, o *outputs) {
	t := &b.sums.totals
	ledger := sums{t.Customers, t.Orders, t.GrossSales, t.Refunds, 0}
	if b.hasContribution {
		ledger.contribution = t.Contribution
	}
	beyond := c.beyond(r, b)
	for p, sum := range o.totals() {
		cut := beyond[p]
		c.equal("customers_tie_out", p.String(), whole(sum.customers), whole(ledger.customers))
		if p.table != "cohorts" { // which has no orders
			c.equal("orders_tie_out", p.String(), whole(sum.orders+cut.orders), whole(ledger.orders))
		}
		c.equal("gross_sales_tie_out", p.String(), sum.gross+cut.gross, ledger.gross)
		c.equal("refunds_tie_out", p.String(), sum.refunds+cut.refunds, ledger.refunds)
		if b.hasContribution {
			c.equal("contribution_ties_out", p.String(), sum.contribution+cut.contribution, ledger.contribution)
		}
	}
	residuals := map[scope]int64{}
	for i := range o.cohorts {
		row := &o.cohorts[i]
		residual, _ := row.Residual.Get()
		residuals[scope{"cohorts", row.Dimension.Name, row.Grain, ""}] += residual
	}
	for name, sum := range o.future.Residuals() {
		residuals[scope{forecast.CohortForecasts.Name, name, calendar.ByMonth, ""}] = sum
	}
	if b.hasResiduals {
		for p, sum := range residuals {
			c.equal("residual_clv_ties_out", p.String(), sum, b.residual)
		}
	}
}

// beyond returns what lies beyond the last offset kept, by part of
// cohort_periods, and notes its money. Each split divides the same whole.
func (c *checks) beyond(r *Run, b *base) totals {
	all := totals{}
	for mode := retention.ByCalendar; mode <= retention.Rolling; mode++ {
		for _, g := range r.Job.Grains {
			cut := b.sums.grid.Beyond(g, mode)
			for _, d := range b.sums.cohorts.Sorted() {
				all[scope{retention.CohortPeriods.Name, d.Name, g, mode.String()}] = sums{0, cut.Orders, cut.GrossSales, cut.Refunds, cut.Contribution}
			}
			if cut != (retention.Beyond{}) {
				p := scope{retention.CohortPeriods.Name, cohort.All.Name, g, mode.String()}
				c.count("net_revenue_beyond_max_offset", p.String(), cut.GrossSales+cut.Refunds)
			}
		}
	}
	return all
}

// interval notes how far the residual value of all customers may come out.
func (c *checks) interval(b *base) {
	if low, ok := b.interval.Low.Get(); ok {
		c.count("residual_clv_low", "all", low)
	}
	if high, ok := b.interval.High.Get(); ok {
		c.count("residual_clv_high", "all", high)
	}
}

// customersTieOut notes that customers, as it was written, holds the ledger's
// money and the residual value of all.
func (c *checks) customersTieOut(b *base, written pipeline.Receipt) {
	t := &b.sums.totals
	c.equal("net_revenue_ties_out", customersTable, written.Sums["net_revenue"], t.KeptAmount)
	c.equal("gross_sales_tie_out", customersTable, written.Sums["gross_sales"], t.GrossSales)
	c.equal("refunds_tie_out", customersTable, written.Sums["refunds"], t.Refunds)
	if b.hasContribution {
		c.equal("contribution_ties_out", customersTable, written.Sums["contribution"], t.Contribution)
	}
	if b.hasResiduals {
		c.equal("residual_clv_ties_out", customersTable, written.Sums["residual_clv"], b.residual)
	}
}

// The tables with rows per customer.
const (
	customersTable      = "customers"
	customerValuesTable = "customer_values"
)
