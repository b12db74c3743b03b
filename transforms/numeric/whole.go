package numeric

import (
	"math"
	"math/bits"
)

// WholeSum adds numbers ≥ 0, each rounded down to a whole one, in 128 bits. Its
// zero value is an empty sum, 0. Whole numbers add up to the same in any order, so
// that what workers sum up for themselves does not depend on who gets what, as the
// last bits of a Sum do. A sum of more than 2^128 stays there.
type WholeSum struct{ high, low uint64 }

const wordBits = 64

// Add adds v; what is not above 0 counts as 0.
func (s *WholeSum) Add(v float64) {
	if !(v >= 1) {
		return
	}
	high := math.Floor(math.Ldexp(v, -wordBits))
	if high >= math.Ldexp(1, wordBits) {
		*s = WholeSum{math.MaxUint64, math.MaxUint64}
		return
	}
	s.Merge(WholeSum{uint64(high), uint64(v - math.Ldexp(high, wordBits))})
}

// Merge adds another sum.
func (s *WholeSum) Merge(o WholeSum) {
	low, carry := bits.Add64(s.low, o.low, 0)
	high, over := bits.Add64(s.high, o.high, carry)
	if over != 0 {
		high, low = math.MaxUint64, math.MaxUint64
	}
	s.high, s.low = high, low
}

// Value returns the sum, rounded.
func (s WholeSum) Value() float64 { return math.Ldexp(float64(s.high), wordBits) + float64(s.low) }
