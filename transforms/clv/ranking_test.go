package clv

import (
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
				rankings := []ranking{newRanking(slices.Clone(values), classes)}
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

// Data made to divide badly are sorted in the end.
func TestRankingOfSortedAndSawtoothValues(t *testing.T) {
	for name, value := range map[string]func(i int) int64{
		"rising": func(i int) int64 { return int64(i) }, "falling": func(i int) int64 { return int64(-i) },
		"saw": func(i int) int64 { return int64(i % 100) }, "organ": func(i int) int64 { return int64(min(i, 10_000-i)) },
	} {
		values := make([]int64, 10_000)
		for i := range values {
			values[i] = value(i)
		}
		sorted := slices.Sorted(slices.Values(values))
		for _, divisions := range []int{0, 1, 30} {
			ranks := limitRanks(len(values), percentileClasses)
			moved := slices.Clone(values)
			place(moved, 0, ranks, divisions)
			for _, rank := range ranks {
				if moved[rank] != sorted[rank] {
					t.Errorf("%s, %d divisions: rank %d is %d, want %d", name, divisions, rank, moved[rank], sorted[rank])
				}
			}
		}
	}
}
