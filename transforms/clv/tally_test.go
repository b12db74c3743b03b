package clv

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// What comes out is what a map counts, sorted, whatever the order and however
// it was dealt to parts: enough pairs for several runs, among them equal ones,
// zeros and the largest.
func TestTallyCountsPairsInAnyOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 0))
	pairs := []pair{{0, 0, 1}, {0, 0, 1}, {math.MaxInt64 >> 2, 0, 1}, {0, math.MaxInt32 - 1, 1}, {math.MaxInt64 >> 2, math.MaxInt32 - 1, 1}}
	for range 3 * freshPairs {
		x := int32(random.ExpFloat64() * 3)
		pairs = append(pairs, pair{random.Int64N(1 << (4 + 5*min(x, 8))), x, 1})
	}
	counts := map[pair]int32{}
	for _, p := range pairs {
		counts[p]++
	}
	var want []pair
	for p, n := range counts {
		want = append(want, pair{p.y, p.x, n})
	}
	slices.SortFunc(want, func(p, q pair) int { return cmp.Or(cmp.Compare(p.x, q.x), cmp.Compare(p.y, q.y)) })
	for _, parts := range []int{1, 3} {
		random.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
		tallies := make([]tally, parts)
		for i, p := range pairs {
			tallies[i%parts].enter(p.x, p.y)
		}
		for i := range parts - 1 {
			tallies[0].add(&tallies[i+1])
		}
		var got []pair
		tallies[0].drain(func(pairs []pair) { got = append(got, pairs...) })
		if !slices.Equal(got, want) {
			t.Errorf("%d parts: %d distinct pairs, want %d; or others", parts, len(got), len(want))
		}
	}
	var none tally
	none.drain(func(pairs []pair) { t.Errorf("of nothing came %v", pairs) })
}
