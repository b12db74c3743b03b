package ledger

import (
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/money"
)

// Mapping says which source column plays which part. An empty name means that
// the source has no such column; CustomerID, OccurredAt and Amount are needed.
type Mapping struct {
	CustomerID string
	OccurredAt TimeColumn
	OrderID    string // without it every row is an order of its own
	Amount     AmountColumns
	Cost       AmountColumns
	Currency   string
	Attributes []Attribute

	DecimalComma bool // text is written with a decimal comma where it is read as a number
}

// TimeColumn is where the moment of a posting stands.
type TimeColumn struct {
	Column string
	Format string         // of text or an integer; empty: ISO 8601
	Zone   *calendar.Zone // of times without a zone; nil: the job's zone, and the day is the one written
}

// AmountColumns is where an amount stands: in one column, in a sum of columns
// (a blank is 0 unless all are blank), or in quantity times unit price,
// multiplied exactly and rounded half-even once.
//
// Some exports write the amount of an order on its first line alone. With
// BlankIsZero a row whose amount is wholly blank is money of nothing: it may be
// without a currency, and it makes no order, purchase or refund and gives no
// attribute, whatever the job's rules are. Of its own it has a cost, if one is
// written.
type AmountColumns struct {
	Column      string
	Plus, Minus []string
	Quantity    string
	UnitPrice   string
	Decimals    int  // more decimals than this make the row unreadable; at most 4
	BlankIsZero bool // a blank amount is 0 and not unreadable
	IsStated    bool // Decimals were stated by the user, as a floating-point column needs
}

// Attribute is a column that is kept of a customer's first purchase.
type Attribute struct {
	Name   string // in customers as first_<Name>
	Column string
}

// Settings are the job's rules about rows.
type Settings struct {
	Zone           *calendar.Zone // civil days are in this zone
	AsOf           calendar.Day   // the last day that counts
	Currency       string         // any other currency in the data is an error
	MarginRate     *money.Decimal // share of a row's amount that is contribution, where the row has no cost
	DropDuplicates bool
	IgnoreRefunds  bool
	ZeroIsPurchase bool
	Rules          []Rule
}

// Columns returns the source columns that are read, without repetition.
func (m Mapping) Columns(rules []Rule) []string {
	names := []string{m.CustomerID, m.OccurredAt.Column, m.OrderID, m.Currency}
	names = append(names, m.Amount.columns()...)
	names = append(names, m.Cost.columns()...)
	for _, a := range m.Attributes {
		names = append(names, a.Column)
	}
	for _, r := range rules {
		names = append(names, r.Column)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return slices.DeleteFunc(names, func(n string) bool { return n == "" })
}

func (a AmountColumns) columns() []string {
	names := append([]string{a.Column, a.Quantity, a.UnitPrice}, a.Plus...)
	names = append(names, a.Minus...)
	return slices.DeleteFunc(names, func(n string) bool { return n == "" })
}

// isBlankZero reports whether a blank amount is 0. A product is blank if either
// factor is, and of that nobody can say that it is nothing.
func (a AmountColumns) isBlankZero() bool { return a.BlankIsZero && a.Quantity == "" }

// isMapped reports whether the amount stands anywhere.
func (a AmountColumns) isMapped() bool { return len(a.columns()) > 0 }
