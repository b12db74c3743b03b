package clv

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/transforms/models"
	"gonum.org/v1/gonum/stat/distuv"
)

func TestSpendFrequencyCorrelationIsThatOfRanks(t *testing.T) {
	// scipy 1.17.1: spearmanr([1, 1, 2, 3, 3, 7], [10, 10, 40, 8, 30, 1000]).
	cells := []models.SpendCell{{X: 1, Sum: 10_0000, Count: 2}, {X: 2, Sum: 80_0000, Count: 1}, {X: 3, Sum: 24_0000, Count: 1}, {X: 3, Sum: 90_0000, Count: 1}, {X: 7, Sum: 7000_0000, Count: 1}}
	if got, ok := SpendFrequencyCorrelation(cells).Get(); !ok || math.Abs(got-0.44781107551989907) > 1e-15 {
		t.Errorf("correlation %v", got)
	}
	if _, ok := SpendFrequencyCorrelation(cells[:1]).Get(); ok {
		t.Error("one cell has a correlation")
	}
	if _, ok := SpendFrequencyCorrelation(nil).Get(); ok {
		t.Error("nobody has a correlation")
	}
}

// spenders simulates customers of x = 1 to 4, 500 each, who spend about 30 a
// purchase, and more with every purchase by some share.
func spenders(more float64) (cells []models.SpendCell) {
	random := rand.New(rand.NewPCG(11, 11))
	for x := int32(1); x <= 4; x++ {
		for range 500 {
			mean := 30 * (1 + more*float64(x-1)) * distuv.Gamma{Alpha: 4, Beta: 4, Src: random}.Rand()
			sum := mean * float64(x) * distuv.Gamma{Alpha: 6 * float64(x), Beta: 6 * float64(x), Src: random}.Rand()
			cells = append(cells, models.SpendCell{X: x, Sum: int64(sum * 1e4), Count: 1})
		}
	}
	return cells
}

func TestDependenceOfValueOnFrequencyIsSaid(t *testing.T) {
	// With 15 % more for each purchase those of x = 2 to 4 spend 30 % more on average
	// than those of x = 1, who spend 23 % less than they, give or take 3 %.
	if got := dependenceReason(spenders(0)); got != "" {
		t.Errorf("where there is none: %q", got)
	}
	got := dependenceReason(spenders(0.15))
	if !strings.Contains(got, "spends 2") || !strings.Contains(got, "% less") {
		t.Errorf("said %q", got)
	}
	if got := dependenceReason(spenders(0)[:400]); got != "" {
		t.Errorf("where all bought again once: %q", got)
	}
}
