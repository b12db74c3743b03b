package clv

import (
	"math/big"

	"github.com/perennial-clv/perennial/transforms/money"
)

// fraction is an exact number, or one that is not defined: a quotient whose
// divisor is 0, and whatever is made of it. Formulas are reckoned in fractions,
// so that an amount is rounded once, at the end.
type fraction struct{ r *big.Rat }

// undefined is the fraction that is not defined.
var undefined fraction

// whole returns an integer.
func whole(n int64) fraction { return fraction{new(big.Rat).SetInt64(n)} }

// fractionOf returns a float, which is not NaN and not infinite, exactly.
func fractionOf(v float64) fraction { return fraction{new(big.Rat).SetFloat64(v)} }

// quotient returns a ÷ b, not defined where b is 0.
func quotient(a, b int64) fraction { return whole(a).over(whole(b)) }

func (f fraction) isDefined() bool { return f.r != nil }

// both returns what op makes of two fractions that are defined.
func both(f, g fraction, op func(to, a, b *big.Rat) *big.Rat) fraction {
	if !f.isDefined() || !g.isDefined() {
		return undefined
	}
	return fraction{op(new(big.Rat), f.r, g.r)}
}

func (f fraction) times(g fraction) fraction { return both(f, g, (*big.Rat).Mul) }
func (f fraction) plus(g fraction) fraction  { return both(f, g, (*big.Rat).Add) }
func (f fraction) minus(g fraction) fraction { return both(f, g, (*big.Rat).Sub) }

func (f fraction) over(g fraction) fraction {
	if g.isDefined() && g.r.Sign() == 0 {
		return undefined
	}
	return both(f, g, (*big.Rat).Quo)
}

// equals reports whether both are defined and the same.
func (f fraction) equals(g fraction) bool {
	return f.isDefined() && g.isDefined() && f.r.Cmp(g.r) == 0
}

// number returns the nearest float, and whether there is one.
func (f fraction) number() (float64, bool) {
	if !f.isDefined() {
		return 0, false
	}
	v, _ := f.r.Float64()
	return v, true
}

// amount returns the fraction, in units of 10^-4, as an amount, rounded half to
// even, and whether there is one.
func (f fraction) amount() (int64, bool) {
	if !f.isDefined() {
		return 0, false
	}
	v, fault := money.Round(f.r)
	return v, fault == money.NoFault
}
