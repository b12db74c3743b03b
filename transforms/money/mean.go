package money

import "math/big"

// Mean returns amount ÷ count in units of 10^-4, rounded half-even, and false
// where count is 0. A count is never negative.
func Mean(amount, count int64) (int64, bool) {
	if count == 0 {
		return 0, false
	}
	quotient, rest := amount/count, amount%count
	step := int64(1)
	if rest < 0 {
		rest, step = -rest, -1
	}
	// rest > count/2 without doubling rest, which might overflow.
	if over := rest - (count - rest); over > 0 || over == 0 && quotient&1 != 0 {
		quotient += step
	}
	return quotient, true
}

// Round returns r, in units of 10^-4, as an amount, rounded half to even. The
// fault is Overflow.
func Round(r *big.Rat) (int64, Fault) {
	quotient, rest := new(big.Int).QuoRem(r.Num(), r.Denom(), new(big.Int))
	if quotient.CmpAbs(big.NewInt(Max)) > 0 {
		return 0, Overflow
	}
	units := quotient.Int64()
	twice := rest.Lsh(rest, 1)
	if over := twice.CmpAbs(r.Denom()); over > 0 || over == 0 && units&1 != 0 {
		units += int64(r.Sign())
	}
	if units > Max || units < -Max {
		return 0, Overflow
	}
	return units, NoFault
}
