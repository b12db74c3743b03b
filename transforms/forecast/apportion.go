package forecast

import (
	"cmp"
	"math"
	"slices"
)

// apportion divides a total among parts in proportion to their shares, rounded
// so that the parts add up to it exactly.
//
// Each part gets the whole units of its quota, and those with the largest
// remainders one more: the method of the largest remainder (Hamilton). Ties go to
// the first. Where the shares add up to 0 the first part gets everything; without
// parts there is nothing to divide.
func apportion(total int64, shares []float64) []int64 {
	parts := make([]int64, len(shares))
	sum := 0.0
	for _, s := range shares {
		sum += s
	}
	if len(parts) == 0 {
		return parts
	}
	if sum == 0 || math.IsInf(sum, 0) || math.IsNaN(sum) {
		parts[0] = total
		return parts
	}
	order, remainders := make([]int, len(parts)), make([]float64, len(parts))
	left := total
	for i, s := range shares {
		quota := float64(total) * (s / sum)
		whole := math.Floor(quota)
		order[i], remainders[i], parts[i] = i, quota-whole, int64(whole)
		left -= parts[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(remainders[b], remainders[a]) })
	each, rest := left/int64(len(parts)), left%int64(len(parts)) // beyond 2^53 quotas are off by more than a unit
	for place, i := range order {
		parts[i] += each
		switch {
		case rest > 0 && int64(place) < rest:
			parts[i]++
		case rest < 0 && int64(len(parts)-1-place) < -rest:
			parts[i]--
		}
	}
	return parts
}
