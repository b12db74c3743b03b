package ledger

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"

	"github.com/perennial-clv/perennial/transforms/money"
)

// Rule excludes the source rows whose value in a column matches. Exactly one
// of the conditions is set. Values are compared as the source wrote them:
// text as text, numbers as numbers; where the operand is a number, text that
// reads as a number is compared as one, and other text does not match.
type Rule struct {
	Name        string
	Column      string
	Equals      *Operand
	In          []Operand
	StartsWith  string
	IsNull      *bool // true: null values match; false: all others
	LessThan    *Operand
	GreaterThan *Operand
}

// Operand is what a rule compares with: text, or a number in plain decimal
// notation as written in the job file.
type Operand struct {
	text     string
	isNumber bool
	number   money.Decimal
}

// NumberOperand returns an operand for a number of at most 18 digits in plain
// decimal notation, and whether text is one.
func NumberOperand(text string) (Operand, bool) {
	number, fault := money.ParseDecimal(text)
	return Operand{text: text, isNumber: true, number: number}, fault == money.NoFault
}

// TextOperand returns an operand for text.
func TextOperand(text string) Operand { return Operand{text: text} }

// comparesText reports whether the rule orders values by their text.
func (r *Rule) comparesText() bool {
	return r.LessThan != nil && !r.LessThan.isNumber || r.GreaterThan != nil && !r.GreaterThan.isNumber
}

// match reports whether the rule excludes a row with this value, as text and,
// where it is a number, in plain decimal notation. Only is_null matches a null.
func (r *Rule) match(text, number string, isNull bool) bool {
	if r.IsNull != nil {
		return *r.IsNull == isNull
	}
	if isNull {
		return false
	}
	switch {
	case r.Equals != nil:
		return r.Equals.compares(text, number, func(c int) bool { return c == 0 })
	case r.In != nil:
		return slices.ContainsFunc(r.In, func(o Operand) bool {
			return o.compares(text, number, func(c int) bool { return c == 0 })
		})
	case r.StartsWith != "":
		return strings.HasPrefix(text, r.StartsWith)
	case r.LessThan != nil:
		return r.LessThan.compares(text, number, func(c int) bool { return c < 0 })
	case r.GreaterThan != nil:
		return r.GreaterThan.compares(text, number, func(c int) bool { return c > 0 })
	default:
		panic("ledger: a rule without a condition")
	}
}

// compares reports whether accept holds for the order of a value against the operand.
func (o *Operand) compares(text, number string, accept func(int) bool) bool {
	switch {
	case !o.isNumber:
		return accept(cmp.Compare(text, o.text))
	case number == o.text: // the same without reading it
		return accept(0)
	}
	value, fault := money.ParseDecimal(number)
	return fault == money.NoFault && accept(compareDecimals(value, o.number))
}

// compareDecimals returns the order of a and b as numbers.
func compareDecimals(a, b money.Decimal) int {
	if a.Scale > b.Scale {
		return -compareDecimals(b, a)
	}
	if sign := cmp.Compare(a.Coefficient, 0); sign != cmp.Compare(b.Coefficient, 0) {
		return cmp.Compare(a.Coefficient, b.Coefficient)
	} else if sign < 0 {
		a.Coefficient, b.Coefficient = -b.Coefficient, -a.Coefficient
		a.Scale, b.Scale = b.Scale, a.Scale
	}
	aHi, aLo := scaled(a, max(a.Scale, b.Scale))
	bHi, bLo := scaled(b, max(a.Scale, b.Scale))
	return cmp.Or(cmp.Compare(aHi, bHi), cmp.Compare(aLo, bLo))
}

// scaled returns a non-negative decimal's coefficient at a scale of at most
// 18 more, in 128 bits.
func scaled(d money.Decimal, scale int32) (hi, lo uint64) {
	factor := uint64(1)
	for range scale - d.Scale {
		factor *= 10
	}
	return bits.Mul64(uint64(d.Coefficient), factor)
}
