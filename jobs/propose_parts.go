package jobs

import (
	"slices"
	"strings"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

// parts is which column plays which part; nil and empty where none does.
type parts struct {
	columns    []*sample
	customer   choice
	time       choice
	order      choice
	amount     choice
	quantity   *sample // with price, instead of amount
	price      *sample
	plus       []*sample // added to amount
	minus      []*sample // taken off amount
	tax        *sample   // that may be part of amount
	cost       *sample
	currency   *sample
	attributes []*sample
	status     *sample // says which rows are sales at all
	comma      bool    // numbers are written with a decimal comma
}

// choice is a column for a part.
type choice struct {
	column   *sample
	isGuess  bool      // by its values alone: its name says nothing
	others   []*sample // that may be meant as well
	repeated bool      // of an amount: all rows of an order have the same
	onceOnly bool      // of an amount: only one row of an order has it
}

func firstOf(columns []*sample) *sample {
	if len(columns) == 0 {
		return nil
	}
	return columns[0]
}

// choiceOf returns the first of some columns, the others as what may be meant
// as well.
func choiceOf(columns []*sample) choice {
	if len(columns) == 0 {
		return choice{}
	}
	return choice{column: columns[0], others: columns[1:]}
}

// chooseParts finds out which column plays which part, by the names that
// exports use and by the values: a name that its values contradict counts for
// nothing.
func chooseParts(columns []*sample) *parts {
	p := &parts{columns: columns, comma: hasDecimalComma(columns)}
	p.time = p.chooseTime()
	p.customer = p.chooseCustomer()
	p.order = p.chooseOrder()
	p.chooseAmount()
	p.cost = firstOf(named(columns, costNames, nil, func(c *sample) bool { return isNumber(c) && c.blank == 0 }))
	p.currency = firstOf(named(columns, currencyNames, nil, isCurrency))
	p.status = firstOf(named(columns, statusNames, nil, func(c *sample) bool { return c.kind.IsText && len(c.counts) > 1 && len(c.counts) <= mostStatuses }))
	p.chooseAttributes()
	return p
}

const (
	mostStatuses   = 30
	mostAttributes = 3
	fewOrders      = 20 // of so many orders some have rows of different amounts, unless the amount is the order's
)

// hasDecimalComma reports whether most numbers with decimals that stand in text
// have a comma, and then makes the columns be read so.
func hasDecimalComma(columns []*sample) bool {
	var commas, points int64
	for _, c := range columns {
		if c.kind.IsText && c.comma.isNumeric() {
			commas += c.comma.fractions
		}
		if c.kind.IsText && c.number.isNumeric() {
			points += c.number.fractions
		}
	}
	if commas <= points {
		return false
	}
	for _, c := range columns {
		c.number = c.comma
	}
	return true
}

// isNumber reports whether a column can be read as numbers as they stand.
func isNumber(c *sample) bool { return c.number.isNumeric() && !c.kind.IsDay && !c.kind.IsTime }

func isTime(c *sample) bool {
	return c.time.best() != nil && float64(c.blank) <= (1-mostly)*float64(len(c.values))
}

// chooseTime takes the column whose name says so, else the only one that holds
// dates.
func (p *parts) chooseTime() choice {
	if found := named(p.columns, timeNames, timeWords, isTime); len(found) > 0 {
		return choiceOf(found)
	}
	var dates []*sample
	for _, c := range p.columns {
		if isTime(c) && !strings.HasPrefix(c.time.best().pattern, "unix") {
			dates = append(dates, c)
		}
	}
	guess := choiceOf(dates)
	guess.isGuess = true
	return guess
}

// isKey reports whether a column's type can name customers or orders.
func isKey(c *sample) bool { return (c.kind.IsText || c.kind.IsInteger) && len(c.counts) > 0 }

// chooseCustomer takes the column whose name says so. One whose values never
// come back on another day, where those of another do, names orders whatever
// it is called.
func (p *parts) chooseCustomer() choice {
	found := named(p.columns, customerNames, customerWords, isKey)
	if len(found) > 0 {
		return choiceOf(p.returningFirst(found))
	}
	var keys []*sample
	for _, c := range p.columns {
		isAmount := isNumber(c) && !c.number.isWhole()
		if isKey(c) && c != p.time.column && !isAmount && rank(c, orderNames, orderWords) < 0 && !isKnown(c) && p.comesBack(c) {
			keys = append(keys, c)
		}
	}
	slices.SortStableFunc(keys, func(a, b *sample) int { return len(b.counts) - len(a.counts) })
	const comparable = 10 // what has far fewer values than the best is no other key
	guess := choiceOf(slices.DeleteFunc(keys, func(c *sample) bool { return len(c.counts)*comparable < len(keys[0].counts) }))
	guess.isGuess = true
	return guess
}

// isKnown reports whether a column's name says that it is none to guess a
// customer from.
func isKnown(c *sample) bool {
	for _, names := range [][]string{amountNames, quantityNames, priceNames, freightNames, refundNames, costNames, currencyNames, placeNames, statusNames} {
		if slices.Contains(names, c.words) {
			return true
		}
	}
	return false
}

// returningFirst puts the first column whose values come back in front, unless
// the first one's do too. A column of few values is no key of customers, however
// often they come back.
func (p *parts) returningFirst(found []*sample) []*sample {
	if p.comesBack(found[0]) {
		return found
	}
	for i, c := range found {
		if p.comesBack(c) && 2*len(c.counts) >= len(found[0].counts) {
			return append([]*sample{c}, slices.Delete(slices.Clone(found), i, i+1)...)
		}
	}
	return found
}

// comesBack reports whether some value of a column stands in rows of different
// moments. Without a time it is not known, and so not held against it.
func (p *parts) comesBack(c *sample) bool {
	if p.time.column == nil {
		return len(c.counts) < len(c.values)-c.blank
	}
	day := map[string]string{}
	for i, value := range c.values {
		when := p.dayOf(i)
		if strings.TrimSpace(value) == "" || when == "" {
			continue
		}
		if known, ok := day[value]; ok && known != when {
			return true
		}
		day[value] = when
	}
	return false
}

// monthOf returns the month of a row, unseen where it has none that can be read.
func (p *parts) monthOf(value func(*sample) string) int32 {
	c := p.time.column
	if c == nil {
		return unseen
	}
	m, ok := c.time.best().format.Parse(value(c))
	if !ok {
		return unseen
	}
	return calendar.Calendar{}.Index(calendar.ByMonth, calendar.DayOf(m.Micros))
}

// dayOf returns the day of a row, empty if it has none that can be read.
func (p *parts) dayOf(row int) string {
	t := p.time.column
	m, ok := t.time.best().format.Parse(t.values[row])
	if !ok {
		return ""
	}
	return calendar.DayOf(m.Micros).String()
}

// chooseOrder takes the column whose name says so and whose values belong to
// one customer each.
func (p *parts) chooseOrder() choice {
	names := orderNames
	if slices.ContainsFunc(p.columns, func(c *sample) bool { return c.words == "lineitem_name" || c.words == "financial_status" }) {
		names = append([]string{"name"}, orderNames...) // Shopify calls an order's number its name
	}
	fits := func(c *sample) bool { return isKey(c) && c != p.customer.column && p.isOfOneCustomer(c) }
	found := named(p.columns, names, orderWords, fits)
	if len(found) == 0 { // "id" says nothing, but where it repeats it is not the row's
		found = named(p.columns, []string{"id"}, nil, func(c *sample) bool { return fits(c) && len(c.counts) < len(c.values)-c.blank })
	}
	return choiceOf(found)
}

// isOfOneCustomer reports whether nearly all values of a column stand beside
// one customer each.
func (p *parts) isOfOneCustomer(c *sample) bool {
	if p.customer.column == nil {
		return true
	}
	customer, shared := map[string]string{}, map[string]bool{}
	for i, value := range c.values {
		who := p.customer.column.values[i]
		if value == "" || who == "" {
			continue
		}
		if known, ok := customer[value]; ok && known != who {
			shared[value] = true
		}
		customer[value] = who
	}
	return float64(len(shared)) <= (1-mostly)*float64(len(customer))
}

// chooseAmount takes an amount, or quantity and unit price, or a price with
// what belongs to it.
func (p *parts) chooseAmount() {
	isFree := func(c *sample) bool {
		return isNumber(c) && c != p.time.column && c != p.customer.column && c != p.order.column
	}
	amounts := named(p.columns, amountNames, amountWords, func(c *sample) bool { return isFree(c) && !saysOther(c) })
	quantity := firstOf(named(p.columns, quantityNames, nil, isFree))
	prices := named(p.columns, priceNames, nil, isFree)
	p.amount = choiceOf(amounts)
	if p.amount.column != nil {
		p.amount.repeated, p.amount.onceOnly = p.withinOrders(p.amount.column)
	}
	switch hasProduct := quantity != nil && len(prices) > 0; {
	case hasProduct && (p.amount.column == nil || p.amount.repeated):
		p.quantity, p.price = quantity, prices[0]
		p.amount = choice{others: amounts}
		return
	case p.amount.column == nil && len(prices) > 0:
		p.amount = choiceOf(prices)
		p.plus = named(p.columns, freightNames, nil, isFree)
		p.plus = p.plus[:min(1, len(p.plus))]
	case p.amount.column == nil:
		p.amount = p.guessAmount(isFree)
	}
	p.minus = named(p.columns, refundNames, nil, func(c *sample) bool { return isFree(c) && c.number.negatives == 0 && c != p.amount.column })
	p.minus = p.minus[:min(1, len(p.minus))]
	if a := p.amount.column; a != nil && !strings.Contains(a.words, "net") && !strings.HasSuffix(a.words, "_ht") {
		p.tax = firstOf(named(p.columns, taxNames, nil, isFree))
	}
}

// saysOther reports whether a name that has a word of amounts speaks of
// something else, as in tax_amount.
func saysOther(c *sample) bool {
	return !slices.Contains(amountNames, c.words) && slices.ContainsFunc(strings.Split(c.words, "_"), func(w string) bool { return slices.Contains(notAmount, w) })
}

// guessAmount takes the numbers with decimals, if names say nothing.
func (p *parts) guessAmount(isFree func(*sample) bool) choice {
	var found []*sample
	for _, c := range p.columns {
		if isFree(c) && !c.number.isWhole() && !saysOther(c) {
			found = append(found, c)
		}
	}
	guess := choiceOf(found)
	guess.isGuess = true
	return guess
}

// withinOrders reports of an amount whether all rows of an order repeat it, and
// whether an order's amount stands in one of its rows only, the others being
// blank: either way it belongs to the order, not to the row.
func (p *parts) withinOrders(c *sample) (repeated, onceOnly bool) {
	if p.order.column == nil {
		return false, false
	}
	type rows struct {
		n, filled int
		value     string
		differ    bool
	}
	orders := map[string]*rows{}
	for i, id := range p.order.column.values {
		if id == "" {
			continue
		}
		o := orders[id]
		if o == nil {
			o = &rows{}
			orders[id] = o
		}
		o.n++
		if v := c.values[i]; v != "" {
			o.differ = o.differ || o.filled > 0 && o.value != v
			o.filled++
			o.value = v
		}
	}
	var several, same, once float64
	for _, o := range orders {
		if o.n > 1 {
			several++
			if o.filled == o.n && !o.differ {
				same++
			}
			if o.filled == 1 {
				once++
			}
		}
	}
	return several >= fewOrders && same >= mostly*several, several > 0 && once >= mostly*several
}

func isCurrency(c *sample) bool {
	for value := range c.counts {
		if !currencyCode.MatchString(strings.ToUpper(value)) {
			return false
		}
	}
	return c.kind.IsText && len(c.counts) > 0
}

// chooseAttributes takes columns to split the customers by: they have some
// values, and not as many as an identifier.
func (p *parts) chooseAttributes() {
	found := named(p.columns, placeNames, nil, func(c *sample) bool {
		return (c.kind.IsText || c.kind.IsInteger) && len(c.counts) > 1 && len(c.counts) <= maxSplitValues && len(c.counts)*2 <= len(c.values)
	})
	found = slices.CompactFunc(found, func(a, b *sample) bool { return a.words == b.words }) // they are in the order of their names
	p.attributes = found[:min(mostAttributes, len(found))]
}
