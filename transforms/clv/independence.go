package clv

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/money"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// compareFrequency notes how far the value of purchases depends on their frequency,
// of a model of which it is known whether it predicts.
func (m *Model) compareFrequency(cells []models.SpendCell) {
	m.Correlation = SpendFrequencyCorrelation(cells)
	if why := dependenceReason(cells); why != "" {
		m.Reason += "; " + why
		if m.IsChosen {
			m.Reason += ", and one-time buyers are valued at the mean of all"
		}
	}
}

// SpendFrequencyCorrelation returns Spearman's correlation, over customers with a
// repeat purchase of positive value, of the number of repeat purchases and their
// mean value: Pearson's of their ranks, ties sharing the mean of theirs. A few
// customers who spend a fortune move it no more than others. Gamma–Gamma assumes
// that the two are independent. Null where either does not vary.
//
// cells are distinct and sorted by (X, Sum).
func SpendFrequencyCorrelation(cells []models.SpendCell) numeric.Null[float64] {
	n := 0.0
	for _, c := range cells {
		n += float64(c.Count) // whole numbers: exact
	}
	byX := ranksOf(cells, func(a, b models.SpendCell) int { return cmp.Compare(a.X, b.X) })
	byMean := ranksOf(cells, func(a, b models.SpendCell) int { return cmp.Compare(meanValue(a), meanValue(b)) })
	var xx, mm, xm numeric.Sum
	for i, c := range cells {
		dx, dm := byX[i]-(n+1)/2, byMean[i]-(n+1)/2
		xx.Add(float64(c.Count) * dx * dx)
		mm.Add(float64(c.Count) * dm * dm)
		xm.Add(float64(c.Count) * dx * dm)
	}
	if xx.Value() == 0 || mm.Value() == 0 {
		return numeric.Null[float64]{}
	}
	return numeric.Known(xm.Value() / math.Sqrt(xx.Value()*mm.Value()))
}

// ranksOf returns the rank of the customers of each cell, from 1 on, in an order:
// the mean of the ranks of all who are equal.
func ranksOf(cells []models.SpendCell, order func(a, b models.SpendCell) int) []float64 {
	places := make([]int, len(cells))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(a, b int) int { return order(cells[a], cells[b]) })
	ranks, before := make([]float64, len(cells)), 0.0
	for from := 0; from < len(places); {
		to, equal := from, 0.0
		for ; to < len(places) && order(cells[places[from]], cells[places[to]]) == 0; to++ {
			equal += float64(cells[places[to]].Count)
		}
		for _, place := range places[from:to] {
			ranks[place] = before + (equal+1)/2
		}
		before += equal
		from = to
	}
	return ranks
}

// dependenceReason says by how much the value of a purchase depends on frequency
// where that is beyond chance, empty where it is not: how much less or more
// customers spend who bought again once than those who did more often.
//
// Under Gamma–Gamma both spend the same on average. It is beyond chance from
// three standard errors of the difference on, and worth saying from a tenth on.
// One-time buyers are nearest to the first.
func dependenceReason(cells []models.SpendCell) string {
	const sure, worthSaying = 3, 0.1
	var once, often spendMean
	for _, c := range cells {
		if c.X == 1 {
			once.add(c)
		} else {
			often.add(c)
		}
	}
	if once.n < 2 || often.n < 2 {
		return ""
	}
	difference := once.mean()/often.mean() - 1
	away := (once.mean() - often.mean()) / math.Sqrt(once.variance()/once.n+often.variance()/often.n)
	if !(math.Abs(away) >= sure && math.Abs(difference) >= worthSaying) {
		return ""
	}
	word := "less"
	if difference > 0 {
		word = "more"
	}
	return fmt.Sprintf("value depends on frequency: who bought again once spends %.0f %% %s a purchase than who did more often",
		100*math.Abs(difference), word)
}

// spendMean sums up what customers spend on a purchase.
type spendMean struct {
	n           float64
	sum, square numeric.Sum
}

func (s *spendMean) add(c models.SpendCell) {
	n, value := float64(c.Count), meanValue(c)
	s.n += n
	s.sum.Add(n * value)
	s.square.Add(n * value * value)
}

func (s *spendMean) mean() float64 { return s.sum.Value() / s.n }

func (s *spendMean) variance() float64 { return max(0, s.square.Value()/s.n-s.mean()*s.mean()) }

// meanValue returns the mean value of a cell's purchases, in currency.
func meanValue(c models.SpendCell) float64 { return float64(c.Sum) / money.Scale / float64(c.X) }
