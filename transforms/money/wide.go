package money

import "math/bits"

// wide is an unsigned integer of 128 bits.
type wide struct{ hi, lo uint64 }

// magnitudeOf returns the magnitude of hi:lo in two's complement and whether
// it is negative.
func magnitudeOf(hi int64, lo uint64) (wide, bool) {
	if hi >= 0 {
		return wide{uint64(hi), lo}, false
	}
	low, borrow := bits.Sub64(0, lo, 0)
	high, _ := bits.Sub64(0, uint64(hi), borrow)
	return wide{high, low}, true
}

func (w wide) isZero() bool { return w.hi|w.lo == 0 }

// over returns w ÷ divisor, rounded down, and the remainder.
func (w wide) over(divisor uint64) (quotient wide, remainder uint64) {
	quotient.hi, remainder = w.hi/divisor, w.hi%divisor
	quotient.lo, remainder = bits.Div64(remainder, w.lo, divisor)
	return quotient, remainder
}

// exactly returns w ÷ 10^n and whether that leaves no remainder; n ≥ 0.
func (w wide) exactly(n int32) (wide, bool) {
	for n > 0 && !w.isZero() {
		step := min(n, maxDigits)
		quotient, remainder := w.over(powers[step])
		if remainder != 0 {
			return wide{}, false
		}
		w = quotient
		n -= step
	}
	return w, true
}

// shorten returns w ÷ 10^scale, w not zero, without the zeros at its end that
// make it too long for a Decimal.
func (w wide) shorten(scale int32) (wide, int32) {
	for scale > maxDigits || scale > 0 && (w.hi != 0 || w.lo > Max) {
		quotient, remainder := w.over(10)
		if remainder != 0 {
			break
		}
		w = quotient
		scale--
	}
	return w, scale
}

// times returns w × 10^n and whether that is at most Max; n ≥ 0.
func (w wide) times(n int32) (uint64, bool) {
	if w.isZero() {
		return 0, true
	}
	if w.hi != 0 || n > maxDigits {
		return 0, false
	}
	hi, lo := bits.Mul64(w.lo, powers[n])
	return lo, hi == 0 && lo <= Max
}

// halfEven returns w ÷ 10^n rounded half to even and whether that was not
// exact; 0 ≤ n ≤ 36.
func (w wide) halfEven(n int32) (quotient wide, rounded bool) {
	if n == 0 {
		return w, false
	}
	// What the first division cuts off only tells a tie from more than one.
	var below uint64
	if n > maxDigits {
		w, below = w.over(powers[n-maxDigits])
		n = maxDigits
	}
	quotient, remainder := w.over(powers[n])
	half := powers[n] / 2
	up := remainder > half || remainder == half && (below != 0 || quotient.lo&1 == 1)
	if up {
		var carry uint64
		quotient.lo, carry = bits.Add64(quotient.lo, 1, 0)
		quotient.hi += carry
	}
	return quotient, remainder|below != 0
}
