package jobs

import (
	"fmt"
	"slices"
	"strings"
)

// signNote says what negative rows mean.
func (w *writer) signNote() string {
	if w.refunds == 0 {
		return ""
	}
	return "negative in " + w.share(w.refunds) + ": refunds"
}

func (w *writer) amounts() {
	switch {
	case w.quantity != nil:
		w.key("    ", "quantity: "+scalar(w.quantity.nameOf()), w.signNote())
		w.key("    ", "unit_price: "+scalar(w.price.nameOf()), orElse(w.amount.others))
		w.say("amount", "%s × %s%s", w.quantity.nameOf(), w.price.nameOf(), prefixed("; ", w.signNote()))
	case w.amount.column == nil:
		w.noAmounts()
	default:
		w.amountColumn()
	}
	if w.tax != nil {
		w.wonder("    ", "tax", fmt.Sprintf("if %s is part of %s, add it to minus: amounts are without tax", w.tax.nameOf(), w.amount.column.nameOf()))
	}
	if w.refunds*2 > w.rows {
		w.wonder("    ", "amount", "most amounts are negative, and sales must be positive: turn the sign in the source")
	}
}

func (w *writer) noAmounts() {
	question := "no column looks like an amount. The columns are " + w.allNames()
	for _, names := range [][]string{priceNames, amountNames} {
		if c := firstOf(named(w.columns, names, nil, func(c *sample) bool { return c.number.isAdorned() })); c != nil {
			question = fmt.Sprintf("the amounts in %s have currency signs, separators of thousands or parentheses; only plain numbers are read", c.nameOf())
		}
	}
	w.ask("    ", "amount: amount", "amount", question)
}

func (w *writer) amountColumn() {
	a := w.amount
	var fields []string
	plus := append([]*sample{a.column}, w.plus...)
	isOne := len(plus)+len(w.minus) == 1
	if isOne {
		fields = append(fields, "column: "+scalar(a.column.nameOf()))
	} else {
		fields = append(fields, "plus: "+scalars(plus))
	}
	if len(w.minus) > 0 {
		fields = append(fields, "minus: "+scalars(w.minus))
	}
	if slices.ContainsFunc(append(plus, w.minus...), func(c *sample) bool { return c.kind.IsFloat }) {
		fields = append(fields, fmt.Sprintf("scale: %d", w.scale()))
	}
	if a.onceOnly {
		fields = append(fields, "blank: zero")
	}
	text := "amount: {" + strings.Join(fields, ", ") + "}"
	if isOne && len(fields) == 1 {
		text = "amount: " + scalar(a.column.nameOf())
	}
	w.amountNotes(text)
}

// scale returns the decimals that the amount's columns have.
func (w *writer) scale() int {
	const cents = 2
	most := cents
	for _, l := range w.looks {
		most = max(most, l.scale())
	}
	return most
}

func (w *writer) amountNotes(text string) {
	a := w.amount
	var notes []string
	for _, note := range []string{w.signNote(), orElse(a.others)} {
		if note != "" {
			notes = append(notes, note)
		}
	}
	if a.onceOnly {
		notes = append([]string{"of the order, in one of its rows; blank in the others"}, notes...)
	}
	note := strings.Join(notes, "; ")
	switch {
	case a.repeated:
		w.ask("    ", text, "amount", "all rows of an order have the same: if it is the order's amount, it counts once for each row. "+note)
	case w.currency != nil && w.looks[a.column].isWhole() && len(w.plus) == 0:
		w.ask("    ", text, "amount", "whole numbers only: if they are cents, divide them by 100 in the source. "+note)
	case a.isGuess:
		w.ask("    ", text, "amount", strings.TrimSuffix("a guess by the values alone; "+note, "; "))
	default:
		w.key("    ", text, note)
	}
	w.say("amount", "%s%s", strings.TrimPrefix(text, "amount: "), prefixed("; ", note))
}
