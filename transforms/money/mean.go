package money

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
