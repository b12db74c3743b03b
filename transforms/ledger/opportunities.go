package ledger

import (
	"iter"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

// Opportunities divide the time after a customer's first purchase into
// opportunities to buy again, or to renew a contract: the calendar periods after
// that of the first purchase, as far as they are complete on a day. What was
// bought in the period that is running does not count yet.
type Opportunities struct {
	Grain    calendar.Grain
	Calendar calendar.Calendar
	// IsContractual says that who bought at a later opportunity took all before, as
	// contracts go on through a payment that is late or missed.
	IsContractual bool

	last    int32   // the period of the last opportunity
	elapsed float64 // of the one after it
}

// AsOf returns the opportunities that are complete at the end of a day.
func (o Opportunities) AsOf(day calendar.Day) Opportunities {
	running := o.Calendar.Index(o.Grain, day+1)
	start, next := o.Calendar.Start(o.Grain, running), o.Calendar.Start(o.Grain, running+1)
	o.last = running - 1
	o.elapsed = float64(day+1-start) / float64(next-start)
	return o
}

// Elapsed returns the share of the running period that is over, 0 to below 1.
func (o Opportunities) Elapsed() float64 { return o.elapsed }

// Taken is what a customer made of the opportunities.
type Taken struct {
	X, Tx, T  int32 // opportunities taken, the last of them counted from 1 (0 if none), and how many there were
	Purchases int32 // purchase days in them
	CameBack  bool  // with a purchase after an opportunity without one
}

// Of returns what a customer made of them whose purchase days are these, in
// their order and at least one.
func (o Opportunities) Of(days iter.Seq[calendar.Day]) (t Taken) {
	var first, latest int32 // the periods of the first purchase and of the one before
	isFirst := true
	for day := range days {
		period := o.Calendar.Index(o.Grain, day)
		if isFirst {
			isFirst, first, latest = false, period, period
			t.T = max(0, o.last-first)
		}
		t.CameBack = t.CameBack || period > latest+1
		if period > latest && period <= o.last {
			t.X++
			t.Tx = period - first
		}
		if period > first && period <= o.last {
			t.Purchases++
		}
		latest = period
	}
	if o.IsContractual {
		t.Tx = min(latest-first, t.T)
		t.X = t.Tx
	}
	return t
}

// Since returns how many opportunities there were for who bought first on a day.
func (o Opportunities) Since(first calendar.Day) int32 {
	return max(0, o.last-o.Calendar.Index(o.Grain, first))
}

// OfCustomer returns what a customer with a purchase made of them, without
// Purchases and CameBack. Of a contract the first and the last purchase say it;
// else the customers have Taken.
func (o Opportunities) OfCustomer(c *Customers, customer int) (t Taken) {
	first := o.Calendar.Index(o.Grain, c.First[customer])
	t.T = o.Since(c.First[customer])
	if o.IsContractual {
		t.Tx = min(o.Calendar.Index(o.Grain, c.Last[customer])-first, t.T)
		t.X = t.Tx
		return t
	}
	t.X, t.Tx = c.Taken[customer], c.LastTaken[customer]
	return t
}

// Take notes in Taken and LastTaken what the shard's customers made of
// opportunities, unless contracts make these superfluous, and calls enter for
// each who has a purchase.
func (s *Shard) Take(o Opportunities, enter func(Taken)) {
	if !o.IsContractual {
		s.Taken, s.LastTaken = zeroed(s.Taken, s.Len()), zeroed(s.LastTaken, s.Len())
	}
	for i := range s.Len() {
		if !s.HasPurchase(i) {
			continue
		}
		t := o.Of(s.purchases(i))
		enter(t)
		if !o.IsContractual {
			s.Taken[i], s.LastTaken[i] = t.X, t.Tx
		}
	}
}

// purchases yields the purchase days of a customer.
func (s *Shard) purchases(customer int) iter.Seq[calendar.Day] {
	return func(yield func(calendar.Day) bool) {
		from, to := s.Range(customer)
		for i := from; i < to; i++ {
			if s.Days.IsPurchase[i] && !yield(s.Days.Day[i]) {
				return
			}
		}
	}
}
