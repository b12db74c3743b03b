package ledger

import (
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/numeric"
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
	Exclusions   Exclusions
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

// grow makes room for so many more days.
func (d *Days) grow(n int) {
	d.Day, d.Orders, d.IsPurchase = slices.Grow(d.Day, n), slices.Grow(d.Orders, n), slices.Grow(d.IsPurchase, n)
	d.GrossSales, d.Refunds, d.Contribution = slices.Grow(d.GrossSales, n), slices.Grow(d.Refunds, n), slices.Grow(d.Contribution, n)
}

// add adds a day, for which there is room.
func (d *Days) add(day *customerDay, isPurchase bool) {
	n := len(d.Day)
	d.Day, d.Orders, d.IsPurchase = d.Day[:n+1], d.Orders[:n+1], d.IsPurchase[:n+1]
	d.GrossSales, d.Refunds, d.Contribution = d.GrossSales[:n+1], d.Refunds[:n+1], d.Contribution[:n+1]
	d.Day[n], d.Orders[n], d.IsPurchase[n] = day.day, day.orders, isPurchase
	d.GrossSales[n], d.Refunds[n], d.Contribution[n] = day.gross, day.refunds, day.contribution
}

// addSales adds the days of sales, one each, for which there is room, and
// returns what they add up to.
func (d *Days) addSales(sales []entry) (gross int64) {
	from, to := len(d.Day), len(d.Day)+len(sales)
	d.Day, d.Orders, d.IsPurchase = d.Day[:to], d.Orders[:to], d.IsPurchase[:to]
	d.GrossSales, d.Refunds, d.Contribution = d.GrossSales[:to], d.Refunds[:to], d.Contribution[:to]
	day, orders, isPurchase := d.Day[from:to], d.Orders[from:to], d.IsPurchase[from:to]
	amount, refunds, contribution := d.GrossSales[from:to], d.Refunds[from:to], d.Contribution[from:to]
	for i := range sales {
		e := &sales[i]
		day[i], orders[i], isPurchase[i] = e.head.day(), 1, true
		amount[i], refunds[i], contribution[i] = e.amount, 0, 0
		gross += e.amount
	}
	return gross
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

	First         numeric.Null[calendar.Day] // purchase of all
	Customers     int64                      // with a purchase
	PurchaseDays  int64
	PurchaseValue int64 // of purchase days only
	Orders        int64
	GrossSales    int64
	Refunds       int64
	Contribution  int64
}

// NetRevenue returns gross sales and refunds together.
func (t *Totals) NetRevenue() int64 { return t.GrossSales + t.Refunds }

// keep adds a row that is kept. A row without an amount need not have a cost.
func (t *Totals) keep(e *entry) {
	t.KeptRows++
	t.KeptAmount += e.amount
	switch {
	case e.head.has(flagContribution):
	case e.head.has(flagBlank):
		t.WithoutMoney++
	default:
		t.MissingContribution++
	}
}

// enter adds what a customer's days add up to.
func (t *Totals) enter(sum *customerSum) {
	if sum.purchaseDays == 0 {
		return
	}
	t.noteFirst(sum.first)
	t.Customers++
	t.PurchaseDays += int64(sum.purchaseDays)
	t.PurchaseValue += sum.firstValue + sum.repeatValue
	t.Orders += int64(sum.orders)
	t.GrossSales += sum.gross
	t.Refunds += sum.refunds
	t.Contribution += sum.contribution
}

func (t *Totals) noteFirst(day calendar.Day) {
	if first, ok := t.First.Get(); !ok || day < first {
		t.First = numeric.Known(day)
	}
}

// Add adds another shard's totals.
func (t *Totals) Add(o Totals) {
	t.KeptRows += o.KeptRows
	t.KeptAmount += o.KeptAmount
	t.MissingContribution += o.MissingContribution
	t.WithoutMoney += o.WithoutMoney
	t.CancelledSameDay += o.CancelledSameDay
	if first, ok := o.First.Get(); ok {
		t.noteFirst(first)
	}
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
// whose attributes are in place. Tests make shards by it; a Builder knows the sum.
func (s *Shard) End(key Key) {
	from := int32(0)
	if n := len(s.Start); n > 0 {
		from = s.Start[n-1]
	}
	var sum customerSum
	d := &s.Days
	for i := from; i < int32(len(d.Day)); i++ {
		sum.enter(&customerDay{day: d.Day[i], orders: d.Orders[i], gross: d.GrossSales[i], refunds: d.Refunds[i], contribution: d.Contribution[i]}, d.IsPurchase[i])
	}
	s.end(key, &sum)
}

// end ends a customer of whom the sum is known.
func (s *Shard) end(key Key, sum *customerSum) {
	if len(s.Start) == 0 {
		s.Start = append(s.Start, 0)
	}
	s.Start = append(s.Start, int32(len(s.Days.Day)))
	s.Keys.add(key)
	c := &s.Customers
	c.First, c.Last = append(c.First, sum.first), append(c.Last, sum.last)
	c.PurchaseDays, c.Orders = append(c.PurchaseDays, sum.purchaseDays), append(c.Orders, sum.orders)
	c.GrossSales, c.Refunds = append(c.GrossSales, sum.gross), append(c.Refunds, sum.refunds)
	c.Contribution = append(c.Contribution, sum.contribution)
	c.FirstValue, c.RepeatValue = append(c.FirstValue, sum.firstValue), append(c.RepeatValue, sum.repeatValue)
}

// reset empties the shard, and keeps its memory.
func (s *Shard) reset(attributes int) {
	c, d := &s.Customers, &s.Days
	s.Start = s.Start[:0]
	c.Keys.bytes, c.Keys.end = c.Keys.bytes[:0], c.Keys.end[:0]
	c.First, c.Last, c.PurchaseDays, c.Orders = c.First[:0], c.Last[:0], c.PurchaseDays[:0], c.Orders[:0]
	c.GrossSales, c.Refunds, c.Contribution = c.GrossSales[:0], c.Refunds[:0], c.Contribution[:0]
	c.FirstValue, c.RepeatValue = c.FirstValue[:0], c.RepeatValue[:0]
	c.Taken, c.LastTaken = c.Taken[:0], c.LastTaken[:0]
	c.Attributes = resized(c.Attributes, attributes)
	for i := range c.Attributes {
		a := &c.Attributes[i]
		a.Values, a.places, a.Codes = nil, a.places[:0], a.Codes[:0]
	}
	d.Day, d.Orders, d.IsPurchase = d.Day[:0], d.Orders[:0], d.IsPurchase[:0]
	d.GrossSales, d.Refunds, d.Contribution = d.GrossSales[:0], d.Refunds[:0], d.Contribution[:0]
	s.Totals, s.Unattributed, s.Exclusions = Totals{}, map[calendar.Day]int64{}, Exclusions{}
}

// customerSum is one customer's entry in Customers.
type customerSum struct {
	first, last                  calendar.Day
	purchaseDays, orders         int32
	gross, refunds, contribution int64
	firstValue, repeatValue      int64
}

// enter enters a day; the customer's first is a purchase.
func (c *customerSum) enter(d *customerDay, isPurchase bool) {
	c.orders += d.orders
	c.gross += d.gross
	c.refunds += d.refunds
	c.contribution += d.contribution
	if !isPurchase {
		return
	}
	if c.purchaseDays == 0 {
		c.first, c.firstValue = d.day, d.gross+d.refunds
	} else {
		c.repeatValue += d.gross + d.refunds
	}
	c.last = d.day
	c.purchaseDays++
}

// enterSales enters the days of sales, one each, that add up to gross.
func (c *customerSum) enterSales(sales []entry, gross int64) {
	first, n := &sales[0], int32(len(sales))
	c.orders += n
	c.gross += gross
	c.repeatValue += gross
	if c.purchaseDays == 0 {
		c.first, c.firstValue = first.head.day(), first.amount
		c.repeatValue -= first.amount
	}
	c.last = sales[n-1].head.day()
	c.purchaseDays += n
}
