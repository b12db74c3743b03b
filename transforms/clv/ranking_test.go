package clv

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/perennial-clv/perennial/transforms/cohort"
)

// The score of each value is 1 + floor(classes × share strictly below), counted.
func TestRankingIsTheShareStrictlyBelow(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 0))
	for _, n := range []int{1, 2, 5, 99, 100, 101, 3000} {
		for _, spread := range []int64{1, 3, 50, 1 << 40} { // from all equal to all different
			values := make([]int64, n)
			var counts cohort.Series[int64]
			for i := range values {
				values[i] = random.Int64N(spread) - spread/2
				if spread <= 50 {
					*counts.At(int32(values[i]))++
				}
			}
			sorted := slices.Sorted(slices.Values(values))
			for _, classes := range []int{5, 100} {
				rankings := []ranking{newRanking(amountsOf(values...), classes)}
				if spread <= 50 {
					rankings = append(rankings, newRankingOf(&counts, classes))
				}
				for _, v := range values {
					below, _ := slices.BinarySearch(sorted, v)
					want := 1 + int64(classes)*int64(below)/int64(n)
					for i, r := range rankings {
						if got := r.score(v); got != want {
							t.Fatalf("way %d: %d of %d values are below, score %d of %d, want %d", i, below, n, got, classes, want)
						}
					}
				}
			}
		}
	}
}

// amountsOf returns values in chunks.
func amountsOf(values ...int64) *amounts {
	var a, other amounts
	for i, v := range values {
		if i < len(values)/3 {
			other.add(v)
		} else {
			a.add(v)
		}
	}
	a.take(&other)
	return &a
}

// The least and the greatest numbers of 64 bits rank as any others; so do
// values that differ in the last bit only, and more than fit a chunk.
func TestRankingOfExtremes(t *testing.T) {
	many := make([]int64, 2*amountsChunk+7)
	for i := range many {
		many[i] = int64(i % 1000)
	}
	for _, values := range [][]int64{{math.MinInt64, math.MaxInt64, 0, -1, 1}, {6, 7}, {-1, 0}, many} {
		sorted := slices.Sorted(slices.Values(values))
		r := newRanking(amountsOf(values...), percentileClasses)
		for _, v := range values {
			below, _ := slices.BinarySearch(sorted, v)
			if got, want := r.score(v), 1+int64(100*below/len(values)); got != want {
				t.Fatalf("%d of %d values are below, score %d, want %d", below, len(values), got, want)
			}
		}
	}
}
