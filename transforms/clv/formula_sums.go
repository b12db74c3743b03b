package clv

import (
	"math"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
)

// formulaMonths are the lengths of the windows of clv_formulas, in months; 0
// is everything up to the as-of day.
var formulaMonths = [...]int{0, 1, 3, 12}

// window is what a part of the base did in the last w complete months, and in
// the w months before.
type window struct {
	customers                        int64 // acquired by the end of the window
	orders                           int64
	gross, net, contribution         int64
	active, previousActive, retained int64 // customers with a purchase in the window, in the one before, in both
	previousOrders, repeated         int64 // orders of the window before; of these, followed by another within w months
}

func (w *window) add(o *window) {
	w.customers += o.customers
	w.orders += o.orders
	w.gross += o.gross
	w.net += o.net
	w.contribution += o.contribution
	w.active += o.active
	w.previousActive += o.previousActive
	w.retained += o.retained
	w.previousOrders += o.previousOrders
	w.repeated += o.repeated
}

// windows are one for each of formulaMonths.
type windows [len(formulaMonths)]window

func (w *windows) add(o *windows) {
	for i := range w {
		w[i].add(&o[i])
	}
}

// span is when a window and the one before it are: [previous, start) and
// [start, end).
type span struct {
	months               int
	previous, start, end calendar.Day
	follows              []calendar.Day // by the days of the window before: the last on which an order still follows one of that day
}

// spans returns the windows' spans. The whole history has none before it.
func spans(f *cohort.Frame) [len(formulaMonths)]span {
	var list [len(formulaMonths)]span
	end := f.LastComplete(calendar.ByMonth) + 1
	for i, months := range formulaMonths {
		list[i] = span{months: months, previous: math.MinInt32, start: math.MinInt32, end: f.AsOf + 1}
		if months > 0 {
			start := func(before int) calendar.Day { return f.Calendar.Start(calendar.ByMonth, end-int32(before)) }
			list[i] = span{months: months, previous: start(2 * months), start: start(months), end: start(0)}
			for day := list[i].previous; day < list[i].start; day++ {
				list[i].follows = append(list[i].follows, day.AddMonths(months))
			}
		}
	}
	return list
}

// FormulaSums accumulates what clv_formulas are made of, per dimension.
type FormulaSums struct{ cohort.Split[windows] }

// AddShard adds the customers of a shard.
func (s *FormulaSums) AddShard(f *cohort.Frame, shard *ledger.Shard) {
	list := spans(f)
	parts := s.Each(f.Dimensions(&shard.Customers))
	for m := range f.Members(&shard.Customers) {
		from, to := shard.Range(m.Customer)
		for i := range list {
			span := &list[i]
			if span.months == 0 {
				for _, p := range m.Parts {
					parts[p][i].addEverything(&shard.Customers, m.Customer)
				}
				continue
			}
			if shard.Days.Day[to-1] < span.previous { // there, and no more
				for _, p := range m.Parts {
					parts[p][i].customers++
				}
				continue
			}
			var own window
			own.enter(span, &shard.Days, from, to)
			for _, p := range m.Parts {
				parts[p][i].add(&own)
			}
		}
	}
}

// addEverything adds what a customer with a purchase did up to the as-of day.
func (w *window) addEverything(c *ledger.Customers, i int) {
	w.customers++
	w.active++
	w.orders += int64(c.Orders[i])
	w.gross += c.GrossSales[i]
	w.net += c.Net(i)
	w.contribution += c.Contribution[i]
}

// Add adds other sums.
func (s *FormulaSums) Add(o *FormulaSums) { s.Merge(&o.Split, (*windows).add) }

// enter enters one customer's days, from the last one back to the window
// before.
func (w *window) enter(s *span, d *ledger.Days, from, to int32) {
	if d.Day[from] < s.end {
		w.customers = 1
	}
	next, i := calendar.Day(math.MaxInt32), to-1 // the day of the order after the one at hand
	for ; i >= from && d.Day[i] >= s.end; i-- {
		if d.Orders[i] > 0 {
			next = d.Day[i]
		}
	}
	for ; i >= from && d.Day[i] >= s.start; i-- {
		w.orders += int64(d.Orders[i])
		w.gross += d.GrossSales[i]
		w.net += d.Net(i)
		w.contribution += d.Contribution[i]
		if d.IsPurchase[i] {
			w.active = 1
		}
		if d.Orders[i] > 0 {
			next = d.Day[i]
		}
	}
	for ; i >= from && d.Day[i] >= s.previous; i-- {
		w.enterBefore(s, d, i, next)
		if d.Orders[i] > 0 {
			next = d.Day[i]
		}
	}
	w.retained = w.active * w.previousActive
}

// enterBefore enters a day of the window before. Of several orders of a day
// each but the last is followed on the same day.
func (w *window) enterBefore(s *span, d *ledger.Days, i int32, next calendar.Day) {
	if d.IsPurchase[i] {
		w.previousActive = 1
	}
	if d.Orders[i] == 0 {
		return
	}
	w.previousOrders += int64(d.Orders[i])
	w.repeated += int64(d.Orders[i]) - 1
	if next <= s.follows[d.Day[i]-s.previous] {
		w.repeated++
	}
}
