package clv

import (
	"math/bits"
	"slices"

	"github.com/perennial-clv/perennial/transforms/cohort"
)

// ranking gives scores from 1 to a number of classes:
//
//	score(v) = 1 + floor(classes × share of values strictly below v)
//
// Values that are equal share a score, so that no order of rows matters. A score
// is above k where at least ⌈k·n/classes⌉ of the n values are below v, that is
// where the value of that rank is: the values of those ranks, one for each k
// from 1 to classes−1, are all that is kept.
type ranking struct{ limits []int64 }

// score returns the score of v, which is one of the values. It halves without a
// branch, for no branch could be foreseen.
func (r *ranking) score(v int64) int64 {
	below, n := 0, len(r.limits)
	for n > 0 {
		half := (n + 1) / 2
		below += half & -isBelow(r.limits[below+half-1], v)
		n -= half
	}
	return 1 + int64(below)
}

// isBelow returns 1 if a is below b, else 0; the compiler makes no branch of it.
func isBelow(a, b int64) int {
	if a < b {
		return 1
	}
	return 0
}

// limitRanks returns the ranks from 0 of the limits among n values, ascending.
func limitRanks(n int, classes int) []int {
	ranks := make([]int, classes-1)
	for k := range ranks {
		high, low := bits.Mul64(uint64(k+1), uint64(n))
		quotient, rest := bits.Div64(high, low, uint64(classes))
		ranks[k] = int(quotient) - 1
		if rest > 0 {
			ranks[k]++
		}
	}
	return ranks
}

// newRanking ranks values, of which there is at least one, and reorders them.
func newRanking(values []int64, classes int) ranking {
	ranks := limitRanks(len(values), classes)
	place(values, 0, ranks, 2*bits.Len(uint(len(values))))
	limits := make([]int64, len(ranks))
	for k, rank := range ranks {
		limits[k] = values[rank]
	}
	return ranking{limits}
}

// newRankingOf ranks values that are counted, of which there is at least one.
func newRankingOf(counts *cohort.Series[int64], classes int) ranking {
	first, _ := counts.First()
	n := int64(0)
	for v := first; v < counts.End(); v++ {
		n += counts.Get(v)
	}
	limits := make([]int64, 0, classes-1)
	ranks, passed := limitRanks(int(n), classes), int64(0)
	for v := first; v < counts.End(); v++ {
		passed += counts.Get(v)
		for len(limits) < len(ranks) && int64(ranks[len(limits)]) < passed {
			limits = append(limits, int64(v))
		}
	}
	return ranking{limits}
}

// place moves the values of ascending ranks to where a sort would put them
// (Hoare's selection, for many ranks at once). begin is the rank of values[0].
// After so many divisions, twice as many as it should take, it sorts.
func place(values []int64, begin int, ranks []int, divisions int) {
	const few = 64
	for len(ranks) > 0 {
		if len(values) <= few || divisions == 0 {
			slices.Sort(values)
			return
		}
		divisions--
		pivot := middleOf(values)
		less := divide(values, pivot)
		equal := divide(values[less:], pivot+1)
		inLess, _ := slices.BinarySearch(ranks, begin+less)
		beyond, _ := slices.BinarySearch(ranks, begin+less+equal)
		place(values[:less], begin, ranks[:inLess], divisions)
		values, begin, ranks = values[less+equal:], begin+less+equal, ranks[beyond:]
	}
}

// middleOf returns the median of nine values.
func middleOf(values []int64) int64 {
	var sample [9]int64
	for i := range sample {
		sample[i] = values[i*(len(values)-1)/(len(sample)-1)]
	}
	slices.Sort(sample[:])
	return sample[len(sample)/2]
}

// divide moves the values below a limit to the front and returns how many they
// are. It moves each, for a branch that depends on random values costs more.
func divide(values []int64, limit int64) int {
	n := 0
	for i, v := range values {
		values[i] = values[n]
		values[n] = v
		if v < limit {
			n++
		}
	}
	return n
}
