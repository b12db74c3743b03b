package jobs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

func (w *writer) rules() {
	w.line("rules:")
	w.key("  ", "refunds: net", "negative rows lower what their customer has brought; ignore leaves them out")
	if w.duplicates > 0 {
		compared := int64(len(w.columns[0].values))
		of := fmt.Sprintf("%d of the first %d", w.duplicates, compared)
		if compared < w.rows {
			of += ", the rest was not compared"
		}
		w.wonder("  ", "duplicates", "rows equal to an earlier one in every column: "+of+". If they were loaded twice, not sold twice, drop them")
		w.suggest("exact_duplicates: drop")
	}
	if w.free > 0 {
		w.comment("  ", "amount 0: "+w.share(w.free)+". If something given away is a purchase, say so")
		w.suggest("zero_amounts: purchase")
	}
	w.excluded()
	if n := w.unreadable(w.parts); float64(n) > defaultRejectedRate*float64(w.rows) {
		w.wonder("  ", "unreadable", "no date or amount that can be read: "+w.share(n)+". A run refuses more than 0.1 %: mend the source, or allow more")
		w.suggest("max_rejected_rate: %.3g", min(1, 1.5*float64(n)/float64(w.rows)))
	}
}

// excluded writes rules that leave rows out, and those that one may want.
func (w *writer) excluded() {
	var wanted []string
	for _, letter := range w.rareLetters() {
		wanted = append(wanted, w.prefixRule(letter)...)
	}
	if w.status != nil {
		w.wonder("  ", "status", fmt.Sprintf("do the rows of every %s count? Exclude failed, cancelled and test orders", w.status.nameOf()))
		wanted = append(wanted, fmt.Sprintf("{name: no_sale, column: %s, in: [cancelled, failed]}", scalar(w.status.nameOf())))
	}
	if others := w.otherCurrencies(); len(others) > 0 {
		w.line("  exclude:")
		w.line("    - {name: other_currency, column: %s, in: [%s]}", scalar(w.currency.nameOf()), strings.Join(others, ", "))
	} else if len(wanted) > 0 {
		w.suggest("exclude:")
	}
	for _, rule := range wanted {
		w.suggest("  - %s", rule)
	}
}

// rareLetters returns the letters that order ids begin with where most begin
// otherwise. Where none do, as hexadecimal ones, a letter means nothing.
func (w *writer) rareLetters() []byte {
	const most = 0.7 // of hexadecimal ids 0.625 begin with a digit
	letters := slices.Sorted(maps.Keys(w.prefixes))
	usual := slices.IndexFunc(letters, func(l byte) bool { return float64(w.prefixes[l].rows) >= most*float64(w.orders) })
	if usual < 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Delete(letters, usual, usual+1), func(l byte) bool { return l == 0 })
}

// prefixRule says what order ids with a letter in front may mean, and returns
// the rule that excludes them.
func (w *writer) prefixRule(letter byte) []string {
	p := w.prefixes[letter]
	if float64(p.refunds) >= mostly*float64(p.rows) {
		w.comment("  ", fmt.Sprintf("order ids that begin with %c: %s. They are refunds, which are netted; no rule is needed", letter, w.share(p.rows)))
		return nil
	}
	w.wonder("  ", "orders", fmt.Sprintf("order ids that begin with %c: %s. If they are no sales to customers, exclude them", letter, w.share(p.rows)))
	return []string{fmt.Sprintf("{name: prefix_%c, column: %s, starts_with: %s}", letter, scalar(w.order.column.nameOf()), scalar(string(letter)))}
}

// otherCurrencies returns the currencies that are not the job's, as the data
// write them.
func (w *writer) otherCurrencies() []string {
	codes := w.codes()
	var others []string
	for _, written := range slices.Sorted(maps.Keys(w.currencies)) {
		if strings.ToUpper(written) != codes[0] {
			others = append(others, scalar(written))
		}
	}
	return others
}
