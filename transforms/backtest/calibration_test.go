package backtest

import (
	"math"
	"testing"

	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/models"
)

// At an origin a purchase is worth what the model of the customer's frequency says,
// or the lowest one where no repeat purchase of value is known: by hand from
// p(γ+mx)/(px+q−1), times the net revenue of one half.
func TestSpendingIsThatOfTheFrequency(t *testing.T) {
	fits := clv.Fits{Strata: models.Strata{
		{From: 1, To: 2, Model: models.Spend{P: 4, Q: 3, Gamma: 10}},
		{From: 3, To: math.MaxInt32, Model: models.Spend{P: 2, Q: 5, Gamma: 30}},
	}}
	states := []State{
		{X: 0, FirstValue: 40_0000, NetRevenue: 20_0000},
		{X: 2, FirstValue: 0, RepeatValue: 40_0000, NetRevenue: 20_0000},
		{X: 3, FirstValue: 0, RepeatValue: 60_0000, NetRevenue: 30_0000},
		{X: 3},
	}
	s := newSpending(states, &fits)
	for i, want := range [][3]float64{
		{20. / 2, 1, 1. / 4},      // 4·10/2 = 20; 1/(3−2)
		{20. / 2, 1. / 9, 1. / 4}, // 4·(10+40)/10 = 20; 1/(8+3−2)
		{18. / 2, 1. / 9, 1. / 2}, // 2·(30+60)/10 = 18; 1/(6+5−2)
		{20. / 2, 1, 1. / 4},      // no repeat purchase of value
	} {
		value, ofMean, ofPurchase := s.of(&states[i])
		if got := [3]float64{value, ofMean, ofPurchase}; got != want {
			t.Errorf("customer %d: %v, want %v", i, got, want)
		}
	}
}
