package sources

import (
	"encoding/binary"
	"math/bits"

	"github.com/apache/arrow/go/v17/arrow/decimal128"
)

// What is not a number, or none that the column's type has.
const (
	notANumber  = unreadable("the number is NaN")
	endless     = unreadable("the number is infinite")
	tooWide     = unreadable("the number has more digits than its column's type")
	tooPrecise  = unreadable("the number has more decimals than its column's type")
	numericHead = 8     // bytes before the digits: their count, weight, sign, decimals shown
	groupBase   = 10000 // a digit of the server is four of ours

	numericPositive = 0x0000
	numericNegative = 0x4000
	numericNaN      = 0xC000
	numericInfinite = 0xD000 // and 0xF000, below zero
)

// numericAt returns the conversion of a numeric to a decimal of a scale. A
// number is the sum of digit i times 10000^(weight-i); the server leaves zeros
// out at both ends.
func numericAt(precision, scale int32) func([]byte) (decimal128.Num, error) {
	return func(b []byte) (decimal128.Num, error) {
		if len(b) < numericHead {
			return decimal128.Num{}, errMalformed
		}
		count, weight := int(binary.BigEndian.Uint16(b)), int(int16(binary.BigEndian.Uint16(b[2:])))
		sign, digits := binary.BigEndian.Uint16(b[4:]), b[numericHead:]
		switch {
		case sign == numericNaN:
			return decimal128.Num{}, notANumber
		case sign&numericInfinite == numericInfinite:
			return decimal128.Num{}, endless
		case sign != numericPositive && sign != numericNegative || len(digits) != 2*count:
			return decimal128.Num{}, errMalformed
		}
		m, err := magnitudeOf(digits, 4*(weight-count+1)+int(scale))
		if err != nil {
			return decimal128.Num{}, err
		}
		v := decimal128.New(int64(m.high), m.low)
		if m.high>>63 != 0 || !v.FitsInPrecision(precision) {
			return decimal128.Num{}, tooWide
		}
		if sign == numericNegative {
			v = v.Negate()
		}
		return v, nil
	}
}

// magnitude is a number without sign.
type magnitude struct{ high, low uint64 }

// magnitudeOf returns the digits times a power of ten. Where that is negative it
// is taken off the last digit, which need not have the zeros to go without.
func magnitudeOf(digits []byte, power int) (magnitude, error) {
	var m magnitude
	for ; len(digits) > 0; digits = digits[2:] {
		digit, factor := uint64(binary.BigEndian.Uint16(digits)), uint64(groupBase)
		if digit >= groupBase {
			return m, errMalformed
		}
		for ; len(digits) == 2 && power < 0; power++ {
			if digit%10 != 0 || factor == 1 {
				return m, tooPrecise
			}
			digit, factor = digit/10, factor/10
		}
		if !m.timesPlus(factor, digit) {
			return m, tooWide
		}
	}
	for ; power > 0 && m != (magnitude{}); power-- {
		if !m.timesPlus(10, 0) {
			return m, tooWide
		}
	}
	return m, nil
}

// timesPlus multiplies and adds; false if it does not fit.
func (m *magnitude) timesPlus(factor, plus uint64) bool {
	carry, low := bits.Mul64(m.low, factor)
	over, high := bits.Mul64(m.high, factor)
	var c1, c2, c3 uint64
	m.low, c1 = bits.Add64(low, plus, 0)
	m.high, c2 = bits.Add64(high, carry, 0)
	m.high, c3 = bits.Add64(m.high, 0, c1)
	return over == 0 && c2 == 0 && c3 == 0
}
