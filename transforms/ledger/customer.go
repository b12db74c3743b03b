package ledger

import (
	"bytes"
	"iter"
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

// assembly builds a shard customer by customer.
type assembly struct {
	shard    *Shard
	settings *Settings
	codes    []map[string]int32        // of values, by attribute
	seen     map[exclusionKey]struct{} // of the customer at hand
	ordered  map[digest]struct{}       // orders of the customer at hand that have had their first sale
}

// customer enters one customer's postings, ordered by day, order and content;
// or rows without a customer.
func (a *assembly) customer(postings []*posting) {
	clear(a.seen)
	clear(a.ordered)
	if a.settings.DropDuplicates {
		dropDuplicates(postings)
	}
	if postings[0].key == nil {
		a.unattributed(postings)
		return
	}
	hasKept := false
	for _, p := range postings {
		hasKept = hasKept || p.fate == Kept
	}
	if hasKept {
		a.days(postings)
		a.shard.End(postings[0].key)
	}
	a.exclude(postings)
}

// dropDuplicates excludes all but the first of equal rows. Among postings in
// order, equal rows are adjacent but for rows that already have another fate.
func dropDuplicates(postings []*posting) {
	var last *posting
	for _, p := range postings {
		switch {
		case p.fate != Kept:
		case last != nil && p.row == last.row:
			p.fate = ExactDuplicate
		default:
			last = p
		}
	}
}

func (a *assembly) unattributed(postings []*posting) {
	for _, p := range postings {
		if p.fate == Kept {
			p.fate = Unattributed
			a.shard.Unattributed[p.day] += p.amount
		}
		if p.fate != Kept {
			a.shard.exclusions.add(p, false)
		}
	}
}

// exclude counts the postings that are not kept and sums up those that are. A
// row without an amount need not have a cost.
func (a *assembly) exclude(postings []*posting) {
	t := &a.shard.Totals
	for _, p := range postings {
		if p.fate == Kept {
			t.KeptRows++
			t.KeptAmount += p.amount
			switch {
			case p.hasContribution:
			case p.isBlank:
				t.WithoutMoney++
			default:
				t.MissingContribution++
			}
			continue
		}
		k := keyOf(p)
		_, counted := a.seen[k]
		a.seen[k] = struct{}{}
		a.shard.exclusions.add(p, !counted)
	}
}

// customerDay is one civil day of a customer.
type customerDay struct {
	day                          calendar.Day
	orders                       int32
	gross, refunds, contribution int64
	rows                         int
	onlyZeros                    bool // rows with amounts have none but 0
}

func (d *customerDay) isPurchase(s *Settings) bool {
	if d.orders == 0 {
		return false
	}
	return d.gross+d.refunds > 0 || s.ZeroIsPurchase && d.onlyZeros
}

// days decides the customer's sales, refunds, orders and purchases day by
// day, and enters the days from the first purchase on.
func (a *assembly) days(postings []*posting) {
	isCustomer := false
	for len(postings) > 0 {
		n := 1
		for n < len(postings) && postings[n].day == postings[0].day {
			n++
		}
		rows := postings[:n]
		postings = postings[n:]
		day := a.day(rows)
		if day.rows == 0 {
			continue
		}
		isPurchase := day.isPurchase(a.settings)
		if day.orders > 0 && !isPurchase {
			a.shard.Totals.CancelledSameDay++
		}
		switch {
		case isCustomer:
		case isPurchase:
			isCustomer = true
			a.shard.Totals.Customers++
			a.attributes(rows)
		default:
			for _, p := range rows {
				if p.fate == Kept {
					p.fate = BeforeFirstPurchase
				}
			}
			continue
		}
		a.enter(day, isPurchase)
	}
	if !isCustomer {
		for i := range a.shard.Attributes {
			a.shard.Attributes[i].Codes = append(a.shard.Attributes[i].Codes, -1)
		}
	}
}

// day sums up the kept postings of one day, order by order.
func (a *assembly) day(rows []*posting) customerDay {
	d := customerDay{day: rows[0].day, onlyZeros: true}
	for group := range groups(rows) {
		a.group(&d, group)
	}
	if a.settings.ZeroIsPurchase && d.onlyZeros {
		for group := range groups(rows) {
			a.zeroOrder(&d, group)
		}
	}
	return d
}

// groups yields a day's rows order by order; a row without an order id stands
// alone.
func groups(rows []*posting) iter.Seq[[]*posting] {
	return func(yield func([]*posting) bool) {
		for len(rows) > 0 {
			n := 1
			for rows[0].hasOrder && n < len(rows) && rows[n].hasOrder && rows[n].order == rows[0].order {
				n++
			}
			if !yield(rows[:n]) {
				return
			}
			rows = rows[n:]
		}
	}
}

// zeroOrder counts an order of a day of only zero rows, which is a purchase
// where zero amounts are.
func (a *assembly) zeroOrder(d *customerDay, rows []*posting) {
	isZero := func(p *posting) bool { return p.fate == Kept && !p.isBlank }
	if slices.ContainsFunc(rows, isZero) && a.isNewOrder(rows[0]) {
		d.orders++
	}
}

// group adds the rows of one order (or a row that stands alone) to its day:
// a positive sum is a sale, a negative one a refund.
func (a *assembly) group(d *customerDay, rows []*posting) {
	var sum, contribution int64
	kept, onlyZeros := 0, true
	for _, p := range rows {
		if p.fate == Kept {
			kept++
			sum += p.amount
			contribution += p.contribution
			onlyZeros = onlyZeros && p.amount == 0
		}
	}
	switch {
	case kept == 0:
		return
	case sum < 0 && a.settings.IgnoreRefunds:
		for _, p := range rows {
			if p.fate == Kept {
				p.fate = RefundIgnored
			}
		}
		return
	case sum < 0:
		d.refunds += sum
	case sum > 0:
		d.gross += sum
		if a.isNewOrder(rows[0]) {
			d.orders++
		}
	}
	d.rows += kept
	d.contribution += contribution
	d.onlyZeros = d.onlyZeros && onlyZeros
}

// isNewOrder reports whether a sale is its order's first, and notes it.
func (a *assembly) isNewOrder(p *posting) bool {
	if !p.hasOrder {
		return true
	}
	_, known := a.ordered[p.order]
	a.ordered[p.order] = struct{}{}
	return !known
}

func (a *assembly) enter(d customerDay, isPurchase bool) {
	t := &a.shard.Totals
	t.Orders += int64(d.orders)
	t.GrossSales += d.gross
	t.Refunds += d.refunds
	t.Contribution += d.contribution
	days := &a.shard.Days
	days.Day = append(days.Day, d.day)
	days.Orders = append(days.Orders, d.orders)
	days.GrossSales = append(days.GrossSales, d.gross)
	days.Refunds = append(days.Refunds, d.refunds)
	days.Contribution = append(days.Contribution, d.contribution)
	days.IsPurchase = append(days.IsPurchase, isPurchase)
	if isPurchase {
		t.PurchaseDays++
		t.PurchaseValue += d.gross + d.refunds
	}
}

// attributes enters the attributes of the earliest kept row of the first
// purchase day that has an amount; of several at one instant, the smallest
// value of each.
func (a *assembly) attributes(rows []*posting) {
	for i := range a.shard.Attributes {
		var earliest *posting
		for _, p := range rows {
			if p.fate != Kept || p.isBlank {
				continue
			}
			if earliest == nil || p.instant < earliest.instant ||
				p.instant == earliest.instant && bytes.Compare(p.attributes[i], earliest.attributes[i]) < 0 {
				earliest = p
			}
		}
		a.attribute(i, earliest.attributes[i])
	}
}

// attribute enters a customer's value of an attribute.
func (a *assembly) attribute(i int, value []byte) {
	column := &a.shard.Attributes[i]
	code, ok := a.codes[i][string(value)]
	if !ok {
		if a.codes[i] == nil {
			a.codes[i] = map[string]int32{}
		}
		code = int32(len(column.Values))
		a.codes[i][string(value)] = code
		column.Values = append(column.Values, string(value))
	}
	column.Codes = append(column.Codes, code)
}
