package clv

import "slices"

// ranking answers what share of values is strictly below a value. Values that
// are equal share a rank, so that no order of rows matters.
type ranking struct{ sorted []int64 }

// newRanking takes over the values.
func newRanking(values []int64) ranking {
	slices.Sort(values)
	return ranking{values}
}

// score returns 1 + floor(classes × share of values strictly below v), which
// is in 1..classes for a v among the values.
func (r ranking) score(v int64, classes int64) int64 {
	below, _ := slices.BinarySearch(r.sorted, v)
	return 1 + classes*int64(below)/int64(len(r.sorted))
}
