package ledger

import (
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

// Shard is the customers whose hash falls into one range, as columns. It is
// what cohort, retention and clv compute from, and read-only to them.
//
// Customers are ordered by (hash, key bytes). Customer c's days, ascending,
// are entries Start[c] to Start[c+1] of Days; the first is the day of the
// first purchase. A customer without a purchase has no days.
type Shard struct {
	Keys       []Key
	Start      []int32
	Attributes [][]string // [attribute][customer]: of the first purchase; "" for customers without one
	Days       Days

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

// Len returns the number of customers.
func (s *Shard) Len() int { return len(s.Keys) }

// Range returns the entries of a customer's days.
func (s *Shard) Range(customer int) (from, to int32) { return s.Start[customer], s.Start[customer+1] }

// Build makes a shard of the encoded postings of its customers, in whatever
// blocks and order they come. The blocks must not change while the shard lives.
func Build(b *Binding, blocks [][]byte) *Shard {
	a := &assembly{
		shard: &Shard{
			Start: []int32{0}, Attributes: make([][]string, len(b.mapping.Attributes)),
			Unattributed: map[calendar.Day]int64{}, exclusions: exclusionSums{},
		},
		settings: &b.settings,
		interned: map[string]string{},
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
