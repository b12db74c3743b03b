package ledger

import (
	"strings"

	"github.com/perennial-clv/perennial/transforms/money"
)

// noTerm is the fault of a value that is null.
const noTerm money.Fault = 255

// terms are one column read as amounts: value i is Value[i] where Fault[i] is
// NoFault, null where it is noTerm.
type terms struct {
	value []int64
	fault []money.Fault
}

// areWhole reports whether each value is there and an amount.
func (t *terms) areWhole() bool {
	var faults money.Fault
	for _, f := range t.fault {
		faults |= f // of NoFault, which is 0, nothing remains
	}
	return faults == money.NoFault
}

// readAmounts sets each row's amount. A row without one is unreadable, unless
// that counts as 0; and a row with one needs a currency, if rows name theirs.
func (in *Intake) readAmounts() {
	b, m := &in.batch, &in.bound.mapping
	isWhole := in.readSum(&m.Amount, b.amount)
	if isWhole && m.Currency == "" {
		return
	}
	first, currency := m.Amount.columns()[0], in.at(m.Currency)
	for i := range b.rows {
		switch {
		case b.fate[i] == Unreadable:
			b.amount[i] = 0
		case isWhole || b.knows(i):
			if currency != nil && !currency.isNamed(i) {
				b.reject(i, currency.name, "the currency is missing")
			}
		case m.Amount.isBlankZero():
			b.flags[i] |= flagBlank
		default:
			b.reject(i, first, "the amount is missing")
		}
	}
}

// knows reports whether the amount at hand of a row is known, and takes its mark
// away.
func (b *batch) knows(i int) bool {
	isKnown := b.flags[i]&flagKnown != 0
	b.flags[i] &^= flagKnown
	return isKnown
}

// readContributions sets amount − cost, or amount × margin where there is no
// cost.
func (in *Intake) readContributions() {
	b, m, margin := &in.batch, &in.bound.mapping, in.bound.settings.MarginRate
	if !m.Cost.isMapped() && margin == nil {
		return
	}
	isWhole := m.Cost.isMapped() && in.readSum(&m.Cost, b.contribution)
	for i := range b.rows {
		isKnown := isWhole || b.knows(i)
		switch {
		case b.fate[i] == Unreadable:
			b.contribution[i] = 0
		case isKnown:
			v, ok := money.Add(b.amount[i], -b.contribution[i])
			if b.contribution[i] = v; !ok {
				b.reject(i, m.Cost.columns()[0], money.Overflow.String())
			}
			b.flags[i] |= flagContribution
		case margin != nil:
			b.contribution[i] = money.Share(b.amount[i], *margin)
			b.flags[i] |= flagContribution
		default:
			b.contribution[i] = 0
		}
	}
}

// readSum sets sums to each readable row's amount by its columns, and its
// flagKnown where there is one: where one of the columns is not null. Where it
// reports that every row has one, the flags say nothing.
func (in *Intake) readSum(a *AmountColumns, sums []int64) (isWhole bool) {
	b := &in.batch
	if a.Quantity != "" {
		in.readProducts(a, sums)
		return false
	}
	if a.Column != "" {
		own := b.terms.value
		b.terms.value = sums
		in.readTerm(a.Column, a.Decimals)
		b.terms.value = own
		if isWhole = b.isReadable() && b.terms.areWhole(); !isWhole {
			in.know(a.Column)
		}
		return isWhole
	}
	clear(sums)
	for _, part := range [2]struct {
		names []string
		sign  int64
	}{{a.Plus, 1}, {a.Minus, -1}} {
		for _, name := range part.names {
			in.readTerm(name, a.Decimals)
			in.know(name)
			for i := range sums {
				if b.fate[i] == Unreadable || b.terms.fault[i] == noTerm {
					continue
				}
				sum, ok := money.Add(sums[i], part.sign*b.terms.value[i])
				if sums[i] = sum; !ok {
					b.reject(i, name, money.Overflow.String())
				}
			}
		}
	}
	return false
}

// readTerm reads a column into the batch's terms.
func (in *Intake) readTerm(name string, decimals int) {
	t := &in.batch.terms
	t.value, t.fault = resized(t.value, in.batch.rows), resized(t.fault, in.batch.rows)
	in.at(name).amounts(t, decimals)
}

// know marks the readable rows that the terms have a value for, and rejects
// those for which they have a fault.
func (in *Intake) know(name string) {
	b := &in.batch
	for i, f := range b.terms.fault {
		switch {
		case b.fate[i] == Unreadable || f == noTerm:
		case f == money.NoFault:
			b.flags[i] |= flagKnown
		default:
			b.reject(i, name, f.String())
		}
	}
}

// readProducts sets products to quantity × unit price; blank if either is.
func (in *Intake) readProducts(a *AmountColumns, products []int64) {
	b := &in.batch
	quantity, price := in.at(a.Quantity), in.at(a.UnitPrice)
	for i := range b.rows {
		if b.fate[i] == Unreadable || quantity.isNull(i) {
			continue
		}
		q, f := quantity.decimal(i)
		if f != money.NoFault {
			b.reject(i, a.Quantity, f.String())
			continue
		}
		if price.isNull(i) {
			continue
		}
		p, f := price.decimal(i)
		if f != money.NoFault {
			b.reject(i, a.UnitPrice, f.String())
			continue
		}
		product, rounded, f := money.Multiply(q, p)
		if f != money.NoFault {
			b.reject(i, a.UnitPrice, "quantity × unit price is "+f.String())
			continue
		}
		if rounded {
			in.Tally.Rounded++
		}
		products[i] = product
		b.flags[i] |= flagKnown
	}
}

// readCurrencies marks the rows of another currency than the job's. One that
// counts is an error: amounts of two currencies have no sum.
func (in *Intake) readCurrencies() error {
	b, want := &in.batch, in.bound.settings.Currency
	c := in.at(in.bound.mapping.Currency)
	if c == nil {
		return nil
	}
	isForeign := c.each(func(text string, isNull bool) bool {
		return !isNull && !isBlank(text) && !strings.EqualFold(text, want)
	})
	for i := range b.rows {
		if b.fate[i] == Unreadable || !isForeign(i) {
			continue
		}
		if b.fate[i] == Kept {
			return &CurrencyError{b.origin.Name, b.origin.FirstRow + int64(i), c.name}
		}
		b.flags[i] |= flagForeign
	}
	return nil
}
