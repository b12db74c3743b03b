package clv

import (
	"math"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
)

// formulaMonths are the lengths of the windows of clv_formulas, in months; 0
// is everything up to the as-of day. Each is at least twice as long as the one
// before it, on which stretches rest.
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

// span is when a window and the one before it are: [previous, start) and
// [start, end).
type span struct {
	months               int
	previous, start, end calendar.Day
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
		}
	}
	return list
}

// The ends and starts of all windows divide time into stretches, back from the
// as-of day: stretch 0 is what follows the windows, stretch 2i the one before
// window i, and 2i−1 what window i has more than that before it began. So
// window i is the stretches 1 to 2i−1, and a day is looked at once for all windows.
const stretches = 2*len(formulaMonths) - 1

// stretch is what was done in one stretch.
type stretch struct {
	orders                   int64
	gross, net, contribution int64
	repeated                 int64 // in stretch 2i: orders followed by another within the months of window i
}

// past is what a part of the base did.
type past struct {
	ever       int64   // customers
	everything stretch // up to the as-of day
	customers  int64   // acquired by the end of the windows
	stretches  [stretches]stretch
	active     [1 << stretches]int64 // customers by the set of the stretches in which they have a purchase
}

func (p *past) add(o *past) {
	p.ever += o.ever
	p.customers += o.customers
	p.everything.add(&o.everything)
	for i := range p.stretches {
		p.stretches[i].add(&o.stretches[i])
	}
	for set, n := range o.active {
		p.active[set] += n
	}
}

func (s *stretch) add(o *stretch) {
	s.orders += o.orders
	s.gross += o.gross
	s.net += o.net
	s.contribution += o.contribution
	s.repeated += o.repeated
}

// window returns the window of formulaMonths[i].
func (p *past) window(i int) window {
	if i == 0 {
		e := &p.everything
		return window{customers: p.ever, active: p.ever, orders: e.orders, gross: e.gross, net: e.net, contribution: e.contribution}
	}
	var in stretch
	for k := 1; k < 2*i; k++ {
		in.add(&p.stretches[k])
	}
	before := &p.stretches[2*i]
	w := window{
		customers: p.customers, orders: in.orders, gross: in.gross, net: in.net, contribution: in.contribution,
		previousOrders: before.orders, repeated: before.repeated,
	}
	for set, n := range p.active {
		isActive, wasActive := set&(1<<(2*i)-2) != 0, set&(1<<(2*i)) != 0
		if isActive {
			w.active += n
		}
		if wasActive {
			w.previousActive += n
		}
		if isActive && wasActive {
			w.retained += n
		}
	}
	return w
}

// extent is when a stretch is: from begin to where the one after it begins.
type extent struct {
	begin   calendar.Day
	follows []calendar.Day // in stretch 2i, by its days: the last on which an order still follows one of that day
}

// extents returns when the stretches are.
func extents(f *cohort.Frame) (list [stretches]extent) {
	windows := spans(f)
	list[0].begin = windows[1].end
	for i := 1; i < len(windows); i++ {
		w := &windows[i]
		list[2*i-1].begin, list[2*i].begin = w.start, w.previous
		for day := w.previous; day < w.start; day++ {
			list[2*i].follows = append(list[2*i].follows, day.AddMonths(w.months))
		}
	}
	return list
}

// FormulaSums accumulates what clv_formulas are made of, per dimension.
type FormulaSums struct{ cohort.Split[past] }

// AddShard adds the customers of a shard.
func (s *FormulaSums) AddShard(f *cohort.Frame, v *cohort.View) {
	list := extents(f)
	parts := s.Each(v.Dimensions)
	for i := range v.Members {
		m, own := &v.Members[i], v.Parts(i)
		active := addStretches(parts, own, &v.Days, m, &list)
		for _, part := range own {
			p := parts[part]
			p.addEverything(&v.Customers, m.Customer)
			p.active[active]++
			if m.First < list[0].begin {
				p.customers++
			}
		}
	}
}

// addEverything adds what a customer with a purchase did up to the as-of day.
func (p *past) addEverything(c *ledger.Customers, i int32) {
	p.ever++
	p.everything.add(&stretch{orders: int64(c.Orders[i]), gross: c.GrossSales[i], net: c.Net(int(i)), contribution: c.Contribution[i]})
}

// addStretches adds a member's days to its own ones of the parts, stretch by
// stretch back from the last day, and returns the set of the stretches with a
// purchase.
func addStretches(parts []*past, own []int32, d *ledger.Days, m *cohort.MemberDays, list *[stretches]extent) (active uint8) {
	end, next := m.To, calendar.Day(math.MaxInt32) // next: the day of the order after those at hand
	for k := range list {
		if end == m.From {
			break
		}
		if d.Day[end-1] < list[k].begin {
			continue
		}
		var done stretch
		var isActive bool
		end, next, isActive = done.enter(&list[k], d, m.From, end, next)
		if isActive {
			active |= 1 << k
		}
		for _, part := range own {
			parts[part].stretches[k].add(&done)
		}
	}
	return active
}

// enter enters the days of a stretch, of which the last is the entry before end,
// and returns where they begin, the day of the first order from there on, and
// whether there is a purchase among them. Of several orders of a day each but the
// last is followed on the same day.
func (s *stretch) enter(e *extent, d *ledger.Days, from, end int32, next calendar.Day) (begin int32, order calendar.Day, isActive bool) {
	i := end - 1
	for ; i >= from && d.Day[i] >= e.begin; i-- {
		day, orders := d.Day[i], int64(d.Orders[i])
		s.orders += orders
		s.gross += d.GrossSales[i]
		s.net += d.Net(i)
		s.contribution += d.Contribution[i]
		isActive = isActive || d.IsPurchase[i]
		if orders == 0 {
			continue
		}
		if e.follows != nil {
			s.repeated += orders - 1
			if next <= e.follows[day-e.begin] {
				s.repeated++
			}
		}
		next = day
	}
	return i + 1, next, isActive
}

// Add adds other sums.
func (s *FormulaSums) Add(o *FormulaSums) { s.Merge(&o.Split, (*past).add) }
