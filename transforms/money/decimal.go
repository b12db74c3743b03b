package money

import "math/bits"

// Decimal is the exact number Coefficient ÷ 10^Scale: a unit price, a
// quantity, a rate. Scale is 0 to 18. Equal numbers may differ in scale.
type Decimal struct {
	Coefficient int64
	Scale       int32
}

// ParseDecimal reads a plain decimal, as Parse does, of up to 18 significant
// digits; zeros that end the decimals do not count. More digits, or a digit
// after the 18th decimal, are TooManyDecimals if there are decimals among them
// and Overflow otherwise.
func ParseDecimal(s string) (Decimal, Fault) {
	if d, ok := short(s); ok {
		return d, NoFault
	}
	n, ok := scan(s)
	switch {
	case !ok:
		return Decimal{}, Malformed
	case len(n.whole)+len(n.fraction) <= maxDigits:
		coefficient := number(n.whole)*powers[len(n.fraction)] + number(n.fraction)
		c, fault := signed(coefficient, n.negative)
		return Decimal{Coefficient: c, Scale: int32(len(n.fraction))}, fault
	case n.fraction != "":
		return Decimal{}, TooManyDecimals
	default:
		return Decimal{}, Overflow
	}
}

// FromInt returns v as a Decimal.
func FromInt(v int64) Decimal { return Decimal{Coefficient: v} }

// amount returns d as an amount with at most so many decimals.
func (d Decimal) amount(decimals int) (int64, Fault) {
	for d.Scale > int32(decimals) {
		if d.Coefficient%10 != 0 {
			return 0, TooManyDecimals
		}
		d.Coefficient /= 10
		d.Scale--
	}
	m, negative := magnitude(d.Coefficient)
	units, ok := wide{lo: m}.times(scaleDigits - d.Scale)
	if !ok {
		return 0, Overflow
	}
	return signed(units, negative)
}

// fitting are the largest coefficients of amounts, by scale.
var fitting = [scaleDigits + 1]int64{Max / 10_000, Max / 1_000, Max / 100, Max / 10, Max}

// Factor returns what the coefficients of decimals at a scale are multiplied by to
// be amounts, and the largest that has room. It is 0 where that is not all: where
// there are more decimals than an amount has, or coefficients end in zeros left out.
func Factor(scale int32) (factor, most int64) {
	if scale < 0 || scale > scaleDigits {
		return 0, 0
	}
	return int64(powers[scaleDigits-scale]), fitting[scale]
}

// Rescale returns the decimal128 hi:lo ÷ 10^scale as an amount. hi and lo are
// the halves of the coefficient in two's complement; the scale may be
// negative. A number that is no multiple of 10⁻⁴ is TooManyDecimals, one beyond
// Max Overflow.
func Rescale(hi int64, lo uint64, scale int32) (int64, Fault) {
	factor, most := Factor(scale)
	if v := int64(lo); hi == v>>63 && -most <= v && v <= most {
		return v * factor, NoFault // nearly every amount is one, and needs no division
	}
	w, negative := magnitudeOf(hi, lo)
	w, exact := w.exactly(max(0, scale-scaleDigits))
	if !exact {
		return 0, TooManyDecimals
	}
	units, ok := w.times(max(0, scaleDigits-scale))
	if !ok {
		return 0, Overflow
	}
	return signed(units, negative)
}

// DecimalOf returns the decimal128 hi:lo ÷ 10^scale, as in Rescale, as a
// Decimal of up to 18 digits. The faults are those of ParseDecimal.
func DecimalOf(hi int64, lo uint64, scale int32) (Decimal, Fault) {
	w, negative := magnitudeOf(hi, lo)
	if w.isZero() {
		return Decimal{}, NoFault
	}
	w, scale = w.shorten(scale)
	digits, ok := w.times(max(0, -scale))
	switch {
	case ok && scale <= maxDigits:
		c, fault := signed(digits, negative)
		return Decimal{Coefficient: c, Scale: max(0, scale)}, fault
	case scale > 0:
		return Decimal{}, TooManyDecimals
	default:
		return Decimal{}, Overflow
	}
}

// Multiply returns a × b as an amount, rounded half to even once, and whether
// that rounding changed it. The fault is Overflow or NoFault.
func Multiply(a, b Decimal) (amount int64, rounded bool, fault Fault) {
	x, xNegative := magnitude(a.Coefficient)
	y, yNegative := magnitude(b.Coefficient)
	var product wide
	product.hi, product.lo = bits.Mul64(x, y)
	scale := a.Scale + b.Scale
	product, rounded = product.halfEven(max(0, scale-scaleDigits))
	units, ok := product.times(max(0, scaleDigits-scale))
	if !ok {
		return 0, false, Overflow
	}
	amount, fault = signed(units, xNegative != yNegative)
	return amount, rounded, fault
}

// Share returns amount × rate, rounded half to even once: the margin of a
// revenue. It panics if that is beyond Max, which a rate of −1 to 1 excludes.
func Share(amount int64, rate Decimal) int64 {
	share, _, fault := Multiply(Decimal{Coefficient: amount, Scale: scaleDigits}, rate)
	if fault != NoFault {
		panic("money: Share: a rate beyond ±1 made an amount too large")
	}
	return share
}
