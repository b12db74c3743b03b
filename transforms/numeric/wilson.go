package numeric

import "math"

// Z90 is the 95 % quantile of the standard normal distribution: the half width
// of a two-sided 90 % interval in standard errors.
const Z90 = 1.6448536269514722

// Wilson returns the score interval of a share of which k of n cases were
// observed.
//
//	(k + z²/2 ± z·√(k(n−k)/n + z²/4)) / (n + z²)
//
// 0 ≤ k ≤ n; z is a normal quantile, such as Z90. The bounds lie in [0, 1]; the
// lower is exactly 0 for k = 0, the upper exactly 1 for k = n. n = 0 says
// nothing about the share: 0 and 1. Source: Wilson (1927), JASA 22, 209–212.
// The interval stays inside [0, 1] and does not collapse at k = 0, as the
// usual one, share ± z·√(share(1−share)/n), does.
func Wilson(k, n int64, z float64) (lo, hi float64) {
	if n == 0 {
		return 0, 1
	}
	hits, cases := float64(k), float64(n)
	centre := hits + z*z/2
	half := z * math.Sqrt(hits*(cases-hits)/cases+z*z/4)
	lo, hi = (centre-half)/(cases+z*z), (centre+half)/(cases+z*z)
	if k == 0 {
		lo = 0 // rounding would leave a trace of either sign
	}
	if k == n {
		hi = 1
	}
	return lo, hi
}
