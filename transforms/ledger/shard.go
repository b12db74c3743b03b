package ledger

import (
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

// Shard is the customers whose hash falls into one range, as columns. It is
// what cohort, retention and clv compute from, and read-only to them.
//
// Customer c's days, ascending, are entries Start[c] to Start[c+1] of Days; the
// first is the day of the first purchase. A customer without a purchase has no
// days.
type Shard struct {
	Customers
	Start []int32
	Days  Days

	Totals       Totals
	Unattributed map[calendar.Day]int64 // amounts of rows without a customer, by day

	exclusions exclusionSums
}

// Days are customer-days, one entry for each civil day on which a customer
// has rows that count.
type Days struct {
	Day          []calendar.Day
	Orders       []int32 // orders dated on this day
	GrossSales   []int64
	Refunds      []int64 // ≤ 0
	Contribution []int64 // meaningless unless every kept row has one (Totals.MissingContribution)
	IsPurchase   []bool
}

// Net returns the net revenue of entry i: on a purchase day, the purchase's value.
func (d *Days) Net(i int32) int64 { return d.GrossSales[i] + d.Refunds[i] }

// Totals are sums over the kept rows of a shard, against which every table is
// checked.
type Totals struct {
	KeptRows            int64
	KeptAmount          int64
	MissingContribution int64 // kept rows with an amount and without cost or margin
	WithoutMoney        int64 // kept rows without amount, cost and margin
	CancelledSameDay    int64 // days with an order that are no purchase: bought and cancelled

	Customers     int64 // with a purchase
	PurchaseDays  int64
	PurchaseValue int64 // of purchase days only
	Orders        int64
	GrossSales    int64
	Refunds       int64
	Contribution  int64
}

// NetRevenue returns gross sales and refunds together.
func (t *Totals) NetRevenue() int64 { return t.GrossSales + t.Refunds }

// Add adds another shard's totals.
func (t *Totals) Add(o Totals) {
	t.KeptRows += o.KeptRows
	t.KeptAmount += o.KeptAmount
	t.MissingContribution += o.MissingContribution
	t.WithoutMoney += o.WithoutMoney
	t.CancelledSameDay += o.CancelledSameDay
	t.Customers += o.Customers
	t.PurchaseDays += o.PurchaseDays
	t.PurchaseValue += o.PurchaseValue
	t.Orders += o.Orders
	t.GrossSales += o.GrossSales
	t.Refunds += o.Refunds
	t.Contribution += o.Contribution
}

// Range returns the entries of a customer's days.
func (s *Shard) Range(customer int) (from, to int32) { return s.Start[customer], s.Start[customer+1] }

// End ends a customer whose days are those entered since the one before, and
// whose attributes are in place.
func (s *Shard) End(key Key) {
	if len(s.Start) == 0 {
		s.Start = append(s.Start, 0)
	}
	from, to := s.Start[len(s.Start)-1], int32(len(s.Days.Day))
	s.Start = append(s.Start, to)
	s.Keys.add(key)
	var sum customerSum
	for i := from; i < to; i++ {
		sum.enter(&s.Days, i)
	}
	c := &s.Customers
	c.First, c.Last = append(c.First, sum.first), append(c.Last, sum.last)
	c.PurchaseDays, c.Orders = append(c.PurchaseDays, sum.purchaseDays), append(c.Orders, sum.orders)
	c.GrossSales, c.Refunds = append(c.GrossSales, sum.gross), append(c.Refunds, sum.refunds)
	c.Contribution = append(c.Contribution, sum.contribution)
	c.FirstValue, c.RepeatValue = append(c.FirstValue, sum.firstValue), append(c.RepeatValue, sum.repeatValue)
}

// customerSum is one customer's entry in Customers.
type customerSum struct {
	first, last                  calendar.Day
	purchaseDays, orders         int32
	gross, refunds, contribution int64
	firstValue, repeatValue      int64
}

// enter enters a day; the customer's first is a purchase.
func (c *customerSum) enter(d *Days, i int32) {
	c.orders += d.Orders[i]
	c.gross += d.GrossSales[i]
	c.refunds += d.Refunds[i]
	c.contribution += d.Contribution[i]
	if !d.IsPurchase[i] {
		return
	}
	if c.purchaseDays == 0 {
		c.first, c.firstValue = d.Day[i], d.Net(i)
	} else {
		c.repeatValue += d.Net(i)
	}
	c.last = d.Day[i]
	c.purchaseDays++
}

// Build makes a shard of the encoded postings of its customers, in whatever
// blocks and order they come. The blocks must not change while the shard lives.
func Build(b *Binding, blocks [][]byte) *Shard {
	a := &assembly{
		shard: &Shard{
			Customers:    Customers{Attributes: make([]Coded, len(b.mapping.Attributes))},
			Unattributed: map[calendar.Day]int64{}, exclusions: exclusionSums{},
		},
		settings: &b.settings,
		codes:    make([]map[string]int32, len(b.mapping.Attributes)),
		seen:     map[exclusionKey]struct{}{}, ordered: map[digest]struct{}{},
	}
	postings := decodeAll(blocks, len(b.mapping.Attributes))
	slices.SortFunc(postings, func(p, q *posting) int { return p.compare(q) })
	for len(postings) > 0 {
		n := 1
		for n < len(postings) && postings[n].sameCustomer(postings[0]) {
			n++
		}
		a.customer(postings[:n])
		postings = postings[n:]
	}
	return a.shard
}

func decodeAll(blocks [][]byte, attributes int) []*posting {
	var postings []*posting
	for _, b := range blocks {
		for len(b) > 0 {
			p := new(posting)
			*p, b = decode(b, make([][]byte, attributes))
			postings = append(postings, p)
		}
	}
	return postings
}

// sameCustomer reports whether two postings, adjacent in order, belong
// together. Those without a customer belong together where they are the same row.
func (p *posting) sameCustomer(q *posting) bool {
	return p.hash == q.hash && (p.key == nil) == (q.key == nil) && string(p.key) == string(q.key)
}
