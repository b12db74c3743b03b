package jobs

import (
	"context"
	"math"
	"strings"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/ledger"
)

// facts are what all rows say of the chosen columns, or the first countRows of
// them.
type facts struct {
	rows       int64
	isCut      bool             // there may be more rows
	duplicates int              // in the sample
	customers  map[string]int32 // the month in which each is first seen, unseen where that cannot be read; up to mostKeys
	noCustomer int64
	blankTime  int64
	moments    timeLook
	looks      map[*sample]*numberLook
	noAmount   int64 // rows in which the amount, or a factor of it, is blank; 0 if no column is the amount
	refunds    int64 // rows whose amount is negative
	free       int64 // rows whose amount is zero
	noCurrency int64
	currencies map[string]int64
	prefixes   map[byte]*prefix            // of order ids by the letter that they begin with, 0 for all else
	orders     int64                       // rows with an order id
	valuesOf   map[*sample]map[string]bool // of attributes, up to one more than one can split by
}

// prefix is how many rows have order ids that begin alike.
type prefix struct{ rows, refunds int64 }

// The memory for telling values apart is bounded.
const (
	mostKeys       = 1_000_000
	mostCurrencies = 200 // ISO 4217 has fewer
)

// countFacts reads the chosen columns of all rows.
func countFacts(ctx context.Context, o ProposeOptions, p *parts) (*facts, error) {
	f := &facts{
		customers: map[string]int32{}, looks: map[*sample]*numberLook{}, currencies: map[string]int64{},
		prefixes: map[byte]*prefix{}, valuesOf: map[*sample]map[string]bool{},
	}
	if c := p.time.column; c != nil {
		f.moments = newTimeLook(likelyFormats(c))
		f.moments.today = o.today()
	}
	for _, c := range p.numbers() {
		f.looks[c] = &numberLook{comma: p.comma}
	}
	for _, c := range p.attributes {
		f.valuesOf[c] = map[string]bool{}
	}
	position := map[string]int{}
	err := readRows(ctx, o.Open, p.names(), func(columns []ledger.SourceColumn, value func(int) string) {
		if f.rows == 0 {
			for i, c := range columns {
				position[c.Name] = i
			}
		}
		f.add(p, func(c *sample) string { return value(position[c.name]) })
	})
	f.isCut = f.rows == countRows
	return f, err
}

// likelyFormats returns the patterns that read nearly all of a sample.
func likelyFormats(c *sample) []string {
	var patterns []string
	for _, t := range c.time.tried {
		if float64(t.read) >= mostly*float64(c.time.values) {
			patterns = append(patterns, t.pattern)
		}
	}
	return patterns
}

// numbers returns the columns that make the amount, and the cost.
func (p *parts) numbers() []*sample {
	var found []*sample
	for _, c := range append(append([]*sample{p.amount.column, p.quantity, p.price, p.cost}, p.plus...), p.minus...) {
		if c != nil {
			found = append(found, c)
		}
	}
	return found
}

// names returns the names of all chosen columns.
func (p *parts) names() []string {
	names := []string{p.columns[0].name} // at least one, to count rows by
	for _, c := range append(append([]*sample{p.customer.column, p.time.column, p.order.column, p.currency}, p.attributes...), p.numbers()...) {
		if c != nil {
			names = append(names, c.name)
		}
	}
	return names
}

// unseen stands for the month of a time that cannot be read: after all others.
const unseen = math.MaxInt32

// addCustomer notes a customer and the month of one of their rows.
func (f *facts) addCustomer(who string, month int32) {
	first, isKnown := f.customers[who]
	switch {
	case isKnown && first <= month:
	case isKnown:
		f.customers[who] = month
	case len(f.customers) < mostKeys:
		f.customers[strings.Clone(who)] = month
	}
}

// newByMonth returns how many customers are first seen in each month from the
// first one on, at most so many months.
func (f *facts) newByMonth(most int) []int64 {
	first := int32(unseen)
	for _, month := range f.customers {
		first = min(first, month)
	}
	var counts []int64
	for _, month := range f.customers {
		at := int(month - first)
		if month == unseen || at >= most {
			continue
		}
		for len(counts) <= at {
			counts = append(counts, 0)
		}
		counts[at]++
	}
	return counts
}

// add counts one row.
func (f *facts) add(p *parts, value func(*sample) string) {
	f.rows++
	if c := p.customer.column; c != nil {
		who := value(c)
		if strings.TrimSpace(who) == "" {
			f.noCustomer++
		} else {
			f.addCustomer(who, p.monthOf(value))
		}
	}
	if c := p.time.column; c != nil {
		if when := value(c); when == "" {
			f.blankTime++
		} else {
			f.moments.add(when)
		}
	}
	if c := p.currency; c != nil {
		if code := value(c); code == "" {
			f.noCurrency++
		} else if f.currencies[code] > 0 || len(f.currencies) < mostCurrencies {
			f.currencies[strings.Clone(code)]++
		}
	}
	for _, c := range p.attributes {
		if v := value(c); !f.valuesOf[c][v] && len(f.valuesOf[c]) <= maxSplitValues {
			f.valuesOf[c][strings.Clone(v)] = true
		}
	}
	isRefund := f.addNumbers(p, value)
	if c := p.order.column; c != nil {
		f.addOrder(value(c), isRefund)
	}
}

// addNumbers counts the row's amount and reports whether it is a refund: a
// negative amount or quantity. A negative price is a correction.
func (f *facts) addNumbers(p *parts, value func(*sample) string) bool {
	negatives, isFree, isReturn := 0, false, false
	isBlank := p.amount.column != nil
	for _, c := range p.numbers() {
		text := value(c)
		isFactor := c == p.quantity || c == p.price
		if text == "" {
			if isFactor {
				f.noAmount++
				return false
			}
			continue
		}
		sign := f.looks[c].add(text, c.kind)
		if !isFactor && c != p.amount.column {
			continue
		}
		isBlank = false
		isFree = isFree || sign == 0
		if sign < 0 {
			negatives++
			isReturn = isReturn || c != p.price
		}
	}
	switch {
	case isBlank:
		f.noAmount++
	case isFree:
		f.free++
	case negatives%2 == 1:
		f.refunds++
	}
	return isReturn && !isFree
}

func (f *facts) addOrder(id string, isRefund bool) {
	if id == "" {
		return
	}
	f.orders++
	letter := id[0]
	if capital := letter &^ 0x20; capital < 'A' || capital > 'Z' {
		letter = 0
	}
	p := f.prefixes[letter]
	if p == nil {
		p = &prefix{}
		f.prefixes[letter] = p
	}
	p.rows++
	if isRefund {
		p.refunds++
	}
}

// unreadable is about how many rows have no date or amount that can be read: a
// row without either counts twice.
func (f *facts) unreadable(p *parts) int64 {
	n := f.blankTime
	if t := f.moments.best(); t != nil {
		n += f.moments.values - t.read
	}
	if !p.amount.onceOnly { // there a row without them counts as zero
		n += f.noAmount + f.noCurrency
	}
	for _, l := range f.looks {
		n += l.values - l.numbers
	}
	return min(n, f.rows)
}

// days returns the first and the last day of the data up to today, and false
// if there is none.
func (f *facts) days() (first, last calendar.Day, ok bool) {
	t := f.moments.best()
	if t == nil || t.read == t.late {
		return 0, 0, false
	}
	return t.first, t.last, true
}
