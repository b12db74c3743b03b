package money

// Parse reads an amount written as a plain decimal with at most so many
// decimals (0 to 4); further zeros do not count. A plain decimal is an optional
// sign and digits with at most one point before, among or after them. It has
// no exponent, thousands separator, currency sign or blank, and the empty text
// is none: these are Malformed. Then, in this order, digits beyond the decimals
// are TooManyDecimals, and more than 14 digits before the point Overflow.
func Parse(s string, decimals int) (int64, Fault) {
	if d, ok := short(s); ok {
		return d.amount(decimals)
	}
	n, ok := scan(s)
	switch {
	case !ok:
		return 0, Malformed
	case len(n.fraction) > decimals:
		return 0, TooManyDecimals
	case len(n.whole) > maxDigits-scaleDigits:
		return 0, Overflow
	}
	units := number(n.whole)*Scale + number(n.fraction)*powers[scaleDigits-len(n.fraction)]
	return signed(units, n.negative)
}

// short reads a plain decimal of so few bytes that all its digits go into the
// coefficient. Nearly every amount is one, and reading it in one loop takes
// about half the time of scan. Whatever else s is, ok is false.
func short(s string) (d Decimal, ok bool) {
	if len(s) > maxDigits {
		return Decimal{}, false
	}
	negative := s != "" && s[0] == '-'
	if negative || s != "" && s[0] == '+' {
		s = s[1:]
	}
	point, digits := len(s)-1, len(s)
	for i := range len(s) {
		digit := s[i] - '0'
		if digit <= 9 {
			d.Coefficient = d.Coefficient*10 + int64(digit)
			continue
		}
		if s[i] != '.' || digits < len(s) {
			return Decimal{}, false
		}
		point, digits = i, digits-1
	}
	if negative {
		d.Coefficient = -d.Coefficient
	}
	d.Scale = int32(len(s) - 1 - point)
	return d, digits > 0
}

// plain is a decimal in parts: the digits before the point without leading
// zeros and those after it without trailing zeros. Both are empty for zero.
type plain struct {
	negative        bool
	whole, fraction string
}

func scan(s string) (plain, bool) {
	var n plain
	if s != "" && (s[0] == '-' || s[0] == '+') {
		n.negative = s[0] == '-'
		s = s[1:]
	}
	point := digits(s)
	if point == len(s) {
		n.whole = trimLeft(s)
		return n, point > 0
	}
	n.whole, n.fraction = trimLeft(s[:point]), trimRight(s[point+1:])
	ok := s[point] == '.' && point+1+digits(s[point+1:]) == len(s) && len(s) > 1
	return n, ok
}

// digits returns how many digits s begins with.
func digits(s string) int {
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return i
		}
	}
	return len(s)
}

func trimLeft(s string) string {
	for s != "" && s[0] == '0' {
		s = s[1:]
	}
	return s
}

func trimRight(s string) string {
	for s != "" && s[len(s)-1] == '0' {
		s = s[:len(s)-1]
	}
	return s
}

// number returns the value of at most 18 digits.
func number(s string) uint64 {
	var v uint64
	for i := range len(s) {
		v = v*10 + uint64(s[i]-'0')
	}
	return v
}
