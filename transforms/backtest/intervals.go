package backtest

import (
	"math"

	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/numeric"
	"gonum.org/v1/gonum/stat/distuv"
)

// leastLevels returns for each customer the least level at which the interval of
// the model for the number of purchases holds what came: the interval of level L
// goes from the quantile (1 − L)/2 to the quantile (1 + L)/2, each the least count
// of which the distribution function F is at least that. So a is inside for
//
//	L ≥ max(0, 1 − 2·F(a), 2·F(a−1) − 1)
//
// and a share of customers are inside at the quantile of that share of these.
func (c *calibration) leastLevels(family models.Family, m models.Purchases, crowd *crowd, horizon int, actual []float64, each models.Each) []float64 {
	levels := make([]float64, len(c.states))
	h := float64(horizon) / c.settings.Unit(family).Days
	crowd.visit(m, each, func(futures []models.Future, customers []int32) {
		weights, most := make([]float64, len(futures)), 0.0
		for _, i := range customers {
			most = max(most, actual[i])
		}
		below := make([][]float64, len(futures)) // P(X ≤ n) of who is alive, by stage
		for stage, f := range futures {
			below[stage] = make([]float64, int(most)+1)
			f.PMF(h, below[stage])
			for n := range int(most) {
				below[stage][n+1] += below[stage][n]
			}
		}
		for _, i := range customers {
			gone := 1 - crowd.alive(m, i, weights)
			upTo := func(n int) float64 {
				if n < 0 {
					return 0
				}
				sum := gone
				for stage, w := range weights {
					sum += w * below[stage][n]
				}
				return sum
			}
			a := int(actual[i])
			levels[i] = min(1, max(0, 1-2*upTo(a), 2*upTo(a-1)-1))
		}
	})
	return levels
}

// sum is what was expected of some customers together, and what came.
type sum struct {
	mean, actual      float64
	parameter, chance float64 // variances: of the mean's logarithm, and of the sum at known parameters
}

// deviation returns how many standard deviations what came is away, where a
// relative one is added, not ok where there is no interval: nothing was expected, or
// less.
func (s *sum) deviation(widening float64) (float64, bool) {
	spread := math.Sqrt(s.mean*s.mean*(s.parameter+widening*widening) + s.chance)
	return (s.actual - s.mean) / spread, s.mean > 0 && spread > 0
}

// covered returns the share of sums whose interval holds what came, among those
// that have one; null without any.
func covered(sums []sum, widening float64) numeric.Null[float64] {
	inside, all := int64(0), int64(0)
	for i := range sums {
		s := &sums[i]
		if _, ok := s.deviation(widening); !ok {
			continue
		}
		all++
		if low, high := models.SumInterval(s.mean, s.parameter, s.chance, widening); low <= s.actual && s.actual <= high {
			inside++
		}
	}
	return numeric.Ratio(inside, all)
}

// sharesWithin returns the share of customers whose least level is at most one;
// null without any.
func sharesWithin(levels []float64, level float64) numeric.Null[float64] {
	inside := int64(0)
	for _, l := range levels {
		if l <= level {
			inside++
		}
	}
	return numeric.Ratio(inside, int64(len(levels)))
}

// customerLevel returns the least nominal level, at least that of the intervals,
// at which as many customers would have been inside as it says.
func customerLevel(levels []float64) float64 {
	r := ranked(levels)
	enough := int(math.Ceil(models.IntervalLevel * float64(len(levels))))
	if enough == 0 {
		return models.IntervalLevel
	}
	return max(models.IntervalLevel, levels[r.order[enough-1]])
}

// sumError returns the least relative standard deviation that has to be added to
// those of sums for intervals of IntervalLevel to hold their share.
//
//	√(mean z²)·t(n)/t(∞) ≤ 1
//
// z are the deviations of the sums seen at n origins, in standard deviations with
// what is added; t(n) is the quantile of Student's distribution of n degrees of
// freedom that an interval reaches up to: the cohorts of an origin err together, and
// say no more about the next one than their total does. This is the interval for one more deviation of a normal
// distribution around 0 of unknown spread, so that few origins widen by more: one by
// 2.4 times its deviation, three by 1.28 times theirs (Student 1908). The mean is
// around 0, not around that of the sums: a bias is an error too. It is added, not
// multiplied, for what models know nothing of moves large and small sums by the same
// share, however well their parameters are known. 0 without any, at most mostError.
func sumError(sums []sum, origins int) float64 {
	if isWide(sums, origins, 0) {
		return 0
	}
	low, high := 0.0, mostError
	for range 60 { // halves to 1e-17
		if middle := (low + high) / 2; isWide(sums, origins, middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

// mostError bounds the relative error of sums: a tenfold of what was expected came.
const mostError = 10.0

// isWide reports whether the intervals of sums are wide enough with a relative
// standard deviation added.
func isWide(sums []sum, origins int, widening float64) bool {
	var squares numeric.Sum
	n := 0.0
	for i := range sums {
		if z, ok := sums[i].deviation(widening); ok {
			squares.Add(z * z)
			n++
		}
	}
	if n == 0 {
		return true
	}
	const upTo = (1 + models.IntervalLevel) / 2
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(origins)}.Quantile(upTo) / distuv.UnitNormal.Quantile(upTo)
	return squares.Value()/n*student*student <= 1
}
