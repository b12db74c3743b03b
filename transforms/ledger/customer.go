package ledger

import (
	"encoding/binary"
	"iter"
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// enterCustomer enters one customer's postings, ordered by day, order and
// content.
func (b *Builder) enterCustomer(entries []entry) {
	if b.bound.settings.DropDuplicates {
		b.dropDuplicates(entries)
	}
	b.seen, b.hasUnreadable = b.seen[:0], false
	if !slices.ContainsFunc(entries, entry.isKept) {
		b.count(entries)
		return
	}
	b.sum = customerSum{}
	b.days(entries)
	b.shard.Totals.enter(&b.sum)
	b.shard.end(b.key(&entries[0]), &b.sum)
}

// dropDuplicates excludes all but the first of equal rows. Among postings in
// order, equal rows are adjacent but for rows that already have another fate.
func (b *Builder) dropDuplicates(entries []entry) {
	var last *entry
	for i := range entries {
		e := &entries[i]
		switch {
		case !e.isKept():
		case last != nil && b.digest(e, b.layout.row) == b.digest(last, b.layout.row):
			e.head = e.head.with(ExactDuplicate)
		default:
			last = e
		}
	}
}

// unattributed enters the rows without a customer.
func (b *Builder) unattributed() {
	entries := b.nobody
	if b.bound.settings.DropDuplicates {
		slices.SortFunc(entries, func(p, q entry) int { return b.compareContent(&p, &q) })
		b.dropDuplicates(entries)
	}
	for i := range entries {
		e := &entries[i]
		if e.isKept() {
			e.head = e.head.with(Unattributed)
			b.shard.Unattributed[e.head.day()] += e.amount
		}
		sum := exclusionSum{}
		sum.enter(e)
		b.shard.Exclusions.add(keyOf(e.head), sum)
	}
}

// count counts postings of which it is decided whether they are kept, and sums
// up those that are.
func (b *Builder) count(entries []entry) {
	for i := range entries {
		if e := &entries[i]; e.isKept() {
			b.shard.Totals.keep(e)
		} else {
			b.exclude(e)
		}
	}
}

// exclude counts a row that is not kept; its customer once for each reason and
// month, of which a customer has few.
func (b *Builder) exclude(e *entry) {
	k := keyOf(e.head)
	sum := exclusionSum{}
	sum.enter(e)
	if b.isNew(k) {
		sum.customers = 1
	}
	b.shard.Exclusions.add(k, sum)
}

// isNew reports whether no row of the customer was excluded for this reason in
// this month. Rows come in the order of their months, but for unreadable ones,
// which have none.
func (b *Builder) isNew(k exclusionKey) bool {
	if k.fate == Unreadable {
		isFirst := !b.hasUnreadable
		b.hasUnreadable = true
		return isFirst
	}
	for i := len(b.seen) - 1; i >= 0 && b.seen[i].month == k.month; i-- {
		if b.seen[i] == k {
			return false
		}
	}
	b.seen = append(b.seen, k)
	return true
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
func (b *Builder) days(entries []entry) {
	b.ordered.reset()
	for len(entries) > 0 {
		n := b.sales(entries)
		if n > 0 {
			b.enterSales(entries[:n])
		} else {
			n = 1
			for n < len(entries) && entries[n].head.sameDay(entries[0].head) {
				n++
			}
			b.enterDay(entries[:n])
		}
		entries = entries[n:]
	}
	if b.sum.purchaseDays == 0 {
		for i := range b.shard.Attributes {
			b.shard.Attributes[i].Codes = append(b.shard.Attributes[i].Codes, -1)
		}
	}
}

// sales returns how many of the entries, from the first on, are what most rows
// of most logs are: a sale that stands alone, with nothing else on its day.
func (b *Builder) sales(entries []entry) int {
	if !b.standAlone {
		return 0
	}
	for i := range entries {
		e := &entries[i]
		if !e.isKept() || e.amount <= 0 || i+1 < len(entries) && e.head.sameDay(entries[i+1].head) {
			return i
		}
	}
	return len(entries)
}

// enterSales enters the days of such sales. It is what enterDay does of each,
// without asking: an order and a purchase of its amount.
func (b *Builder) enterSales(sales []entry) {
	if b.sum.purchaseDays == 0 {
		b.attributes(sales[:1])
	}
	gross := b.shard.Days.addSales(sales)
	b.sum.enterSales(sales, gross)
	n := int64(len(sales))
	t := &b.shard.Totals
	t.KeptRows += n
	t.KeptAmount += gross
	t.MissingContribution += n
}

// enterDay decides what a day is, and enters it.
func (b *Builder) enterDay(rows []entry) {
	var day customerDay
	b.day(&day, rows)
	isPurchase := day.isPurchase(&b.bound.settings)
	if day.orders > 0 && !isPurchase {
		b.shard.Totals.CancelledSameDay++
	}
	isCustomer := b.sum.purchaseDays > 0
	switch {
	case isCustomer:
	case isPurchase:
		isCustomer = true
		b.attributes(rows)
	default:
		refate(rows, BeforeFirstPurchase)
	}
	b.count(rows)
	if isCustomer && day.rows > 0 {
		b.shard.Days.add(&day, isPurchase)
		b.sum.enter(&day, isPurchase)
	}
}

// refate gives the kept ones of some rows another fate.
func refate(rows []entry, fate Fate) {
	for i := range rows {
		if rows[i].isKept() {
			rows[i].head = rows[i].head.with(fate)
		}
	}
}

// day sums up the kept postings of one day, order by order.
func (b *Builder) day(d *customerDay, rows []entry) {
	*d = customerDay{day: rows[0].head.day(), onlyZeros: true}
	if b.layout.order == 0 {
		b.rowsAlone(d, rows)
	} else {
		for group := range b.groups(rows) {
			b.group(d, group)
		}
	}
	if b.bound.settings.ZeroIsPurchase && d.onlyZeros {
		for group := range b.groups(rows) {
			b.zeroOrder(d, group)
		}
	}
}

// groups yields a day's rows order by order; a row without an order id stands
// alone.
func (b *Builder) groups(rows []entry) iter.Seq[[]entry] {
	return func(yield func([]entry) bool) {
		for len(rows) > 0 {
			n := 1
			for n < len(rows) && b.sameOrder(&rows[0], &rows[n]) {
				n++
			}
			if !yield(rows[:n]) {
				return
			}
			rows = rows[n:]
		}
	}
}

func (b *Builder) sameOrder(p, q *entry) bool {
	return p.head.has(flagOrder) && q.head.has(flagOrder) && b.digest(p, b.layout.order) == b.digest(q, b.layout.order)
}

// zeroOrder counts an order of a day of only zero rows, which is a purchase
// where zero amounts are.
func (b *Builder) zeroOrder(d *customerDay, rows []entry) {
	isZero := func(e entry) bool { return e.isPriced() }
	if slices.ContainsFunc(rows, isZero) && b.isNewOrder(&rows[0]) {
		d.orders++
	}
}

// rowsAlone adds rows without order ids to their day: each is what group makes
// of it.
func (b *Builder) rowsAlone(d *customerDay, rows []entry) {
	for i := range rows {
		e := &rows[i]
		switch {
		case !e.isKept():
			continue
		case e.amount > 0:
			d.gross += e.amount
			d.orders++
		case e.amount < 0 && b.bound.settings.IgnoreRefunds:
			e.head = e.head.with(RefundIgnored)
			continue
		default:
			d.refunds += e.amount
		}
		d.rows++
		d.onlyZeros = d.onlyZeros && e.amount == 0
		if b.layout.contribution > 0 {
			d.contribution += b.integer(e, b.layout.contribution)
		}
	}
}

// group adds the rows of one order (or a row that stands alone) to its day:
// a positive sum is a sale, a negative one a refund.
func (b *Builder) group(d *customerDay, rows []entry) {
	var sum, contribution int64
	kept, onlyZeros := 0, true
	for i := range rows {
		e := &rows[i]
		if !e.isKept() {
			continue
		}
		kept++
		sum += e.amount
		onlyZeros = onlyZeros && e.amount == 0
		if b.layout.contribution > 0 {
			contribution += b.integer(e, b.layout.contribution)
		}
	}
	switch {
	case kept == 0:
		return
	case sum < 0 && b.bound.settings.IgnoreRefunds:
		refate(rows, RefundIgnored)
		return
	case sum < 0:
		d.refunds += sum
	case sum > 0:
		d.gross += sum
		if b.isNewOrder(&rows[0]) {
			d.orders++
		}
	}
	d.rows += kept
	d.contribution += contribution
	d.onlyZeros = d.onlyZeros && onlyZeros
}

func (b *Builder) integer(e *entry, part int) int64 {
	return int64(binary.LittleEndian.Uint64(b.rows[int(e.rest)+part:]))
}

// isNewOrder reports whether a sale is its order's first, and notes it.
func (b *Builder) isNewOrder(e *entry) bool {
	return !e.head.has(flagOrder) || b.ordered.add(b.digest(e, b.layout.order))
}

// orderSet is the orders of one customer that have had their first sale: a
// list while they are few, as nearly always.
type orderSet struct {
	few  []digest
	many map[digest]struct{}
}

func (s *orderSet) reset() {
	s.few, s.many = s.few[:0], nil
}

// add reports whether an order is new to the set.
func (s *orderSet) add(d digest) bool {
	const most = 32
	if s.many == nil {
		if slices.Contains(s.few, d) {
			return false
		}
		if len(s.few) < most {
			s.few = append(s.few, d)
			return true
		}
		s.many = map[digest]struct{}{}
		for _, known := range s.few {
			s.many[known] = struct{}{}
		}
	}
	_, known := s.many[d]
	s.many[d] = struct{}{}
	return !known
}

// attributes enters the attributes of the earliest kept row of the first
// purchase day that has an amount; of several at one instant, the smallest
// value of each.
func (b *Builder) attributes(rows []entry) {
	for a := range b.shard.Attributes {
		earliest, best := int64(0), numeric.Null[int32]{}
		for i := range rows {
			if !rows[i].isPriced() {
				continue
			}
			instant, place := b.integer(&rows[i], b.layout.instant), b.value(&rows[i], a)
			if least, ok := best.Get(); !ok || instant < earliest || instant == earliest && place < least {
				earliest, best = instant, numeric.Known(place)
			}
		}
		place, _ := best.Get()
		b.enterAttribute(a, place)
	}
}

// value returns where an attribute's value of a posting stands in the
// vocabulary.
func (b *Builder) value(e *entry, attribute int) int32 {
	word := binary.LittleEndian.Uint32(b.rows[int(e.rest)+b.layout.words+4*attribute:])
	return b.vocabulary.place(attribute, word)
}

// enterAttribute enters a customer's value of an attribute.
func (b *Builder) enterAttribute(a int, place int32) {
	column := &b.shard.Attributes[a]
	code, ok := b.codes[a][place]
	if !ok {
		code = int32(len(column.Values))
		b.codes[a][place] = code
		column.Values = append(column.Values, b.vocabulary.values[a][place])
		column.places = append(column.places, uint32(place))
	}
	column.Codes = append(column.Codes, code)
}
