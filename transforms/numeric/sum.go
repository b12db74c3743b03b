package numeric

import "math"

// Sum adds floating-point numbers with the rounding error of each addition
// carried along, so that the result is that of about twice the precision,
// rounded once. Its zero value is an empty sum, 0. The result depends on the
// order of the additions in the last bit only, but it does: add in key order.
//
//	t = s + v;  c += (larger of s, v − t) + smaller;  value = s + c
//
// Source: Neumaier (1974), "Rundungsfehleranalyse einiger Verfahren zur
// Summation endlicher Summen", method IV (Kahan–Babuška). The conversions to
// float64 are part of the algorithm: they forbid the compiler to fuse or
// rearrange what computes the lost digits.
type Sum struct {
	sum, lost float64
}

// Add adds v.
func (s *Sum) Add(v float64) {
	t := float64(s.sum + v)
	switch {
	case math.IsInf(t, 0): // the lost digits of an infinite sum would be NaN
		s.lost = 0
	case math.Abs(s.sum) >= math.Abs(v):
		s.lost += float64(float64(s.sum-t) + v)
	default:
		s.lost += float64(float64(v-t) + s.sum)
	}
	s.sum = t
}

// Value returns the sum of what was added so far.
func (s *Sum) Value() float64 { return float64(s.sum + s.lost) }
