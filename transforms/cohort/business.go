package cohort

import (
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// activity is what happened in one period.
type activity struct {
	active, isNew, retained, repeaters int64 // customers; repeaters: whose second purchase fell here
	orders, firstOrders, purchaseDays  int64
	gross, refunds, contribution       int64
	newGross                           int64 // of customers whose first purchase fell here
	unattributed                       int64
}

func (a *activity) add(o *activity) {
	a.active += o.active
	a.isNew += o.isNew
	a.retained += o.retained
	a.repeaters += o.repeaters
	a.orders += o.orders
	a.firstOrders += o.firstOrders
	a.purchaseDays += o.purchaseDays
	a.gross += o.gross
	a.refunds += o.refunds
	a.contribution += o.contribution
	a.newGross += o.newGross
	a.unattributed += o.unattributed
}

// Business accumulates business_periods.
type Business struct{ Split[ByGrain[activity]] }

// AddShard adds the customers of a shard and its rows without a customer.
func (b *Business) AddShard(f *Frame, v *View) {
	parts := b.Each(v.Dimensions)
	for _, g := range f.Grains {
		periods := v.Periods(g)
		for i := range v.Members {
			m := &v.Members[i]
			for _, p := range v.Parts(i) {
				cells := parts[p][g].Span(periods[m.From], periods[m.To-1])
				addActivity(cells, periods[m.From:m.To], v, m)
			}
		}
	}
	all := b.Of(All)
	for day, amount := range v.Unattributed {
		for _, g := range f.Grains {
			all[g].At(f.Period(g, day)).unattributed += amount
		}
	}
}

// Add adds another accumulator.
func (b *Business) Add(o *Business) {
	b.Merge(&o.Split, func(to, from *ByGrain[activity]) { to.Merge(from, (*activity).add) })
}

// addActivity adds one member's days, which fall in the given periods; the cells
// are those of the periods from the first to the last.
func addActivity(cells []activity, periods []int32, v *View, m *MemberDays) {
	n, hasContribution := len(periods), v.Totals.MissingContribution == 0
	d := &v.Days
	orders, isPurchase := d.Orders[m.From:][:n], d.IsPurchase[m.From:][:n]
	gross, refunds, contribution := d.GrossSales[m.From:][:n], d.Refunds[m.From:][:n], d.Contribution[m.From:][:n]
	acquiredIn, newGross := periods[0], int64(0)
	lastActive := acquiredIn - 2 // no period, and not the one before the first
	for i, period := range periods {
		a := &cells[period-acquiredIn]
		a.orders += int64(orders[i])
		a.gross += gross[i]
		a.refunds += refunds[i]
		newGross += gross[i] * one(period == acquiredIn)
		if hasContribution {
			a.contribution += contribution[i]
		}
		if isPurchase[i] {
			a.purchaseDays++
			a.active += one(period != lastActive)
			a.retained += one(period == lastActive+1)
			lastActive = period
		}
	}
	cells[0].isNew++
	cells[0].firstOrders += int64(orders[0])
	cells[0].newGross += newGross
	if m.Second < m.To {
		cells[periods[m.Second-m.From]-acquiredIn].repeaters++
	}
}

// one counts something that is so or not, without a jump that nobody foresees.
func one(isSo bool) int64 {
	if isSo {
		return 1
	}
	return 0
}

// BusinessPeriod is a row of business_periods.
type BusinessPeriod struct {
	Dimension           Dimension
	Grain               calendar.Grain
	Start, End          calendar.Day
	IsComplete          bool
	ActiveCustomers     int64
	NewCustomers        int64
	Orders, FirstOrders int64
	PurchaseDays        int64
	GrossSales, Refunds int64
	Contribution        numeric.Null[int64]
	ExistingGrossSales  int64
	PreviousActive      int64
	RetainedCustomers   int64
	CustomersEver       int64
	RepeatCustomersEver int64
	UnattributedRevenue numeric.Null[int64]
}

// NetRevenue returns gross sales and refunds together.
func (p *BusinessPeriod) NetRevenue() int64 { return p.GrossSales + p.Refunds }

// Periods returns business_periods: for each dimension and grain every period
// from the first with anything in it to the one of the as-of day, also empty
// ones. Contribution is null unless it is known for every kept row.
func (b *Business) Periods(f *Frame, hasContribution bool) []BusinessPeriod {
	var rows []BusinessPeriod
	for _, d := range b.Sorted() {
		for _, g := range f.Grains {
			rows = b.appendPeriods(rows, f, d, g, hasContribution)
		}
	}
	return rows
}

func (b *Business) appendPeriods(rows []BusinessPeriod, f *Frame, d Dimension, g calendar.Grain, hasContribution bool) []BusinessPeriod {
	periods := &b.Get(d)[g]
	first, ok := periods.First()
	if !ok {
		return rows
	}
	var ever, repeatEver int64
	for index := first; index <= f.Period(g, f.AsOf); index++ {
		a := periods.Get(index)
		ever += a.isNew
		repeatEver += a.repeaters
		row := BusinessPeriod{
			Dimension: d, Grain: g, Start: f.Calendar.Start(g, index), End: f.Calendar.End(g, index),
			IsComplete: index <= f.LastComplete(g), ActiveCustomers: a.active, NewCustomers: a.isNew,
			Orders: a.orders, FirstOrders: a.firstOrders, PurchaseDays: a.purchaseDays,
			GrossSales: a.gross, Refunds: a.refunds, ExistingGrossSales: a.gross - a.newGross,
			PreviousActive: periods.Get(index - 1).active, RetainedCustomers: a.retained,
			CustomersEver: ever, RepeatCustomersEver: repeatEver,
		}
		if hasContribution {
			row.Contribution = numeric.Known(a.contribution)
		}
		if d == All {
			row.UnattributedRevenue = numeric.Known(a.unattributed)
		}
		rows = append(rows, row)
	}
	return rows
}
