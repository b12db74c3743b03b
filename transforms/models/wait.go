package models

import "math"

// Wait is the time in days until the next purchase of a customer who is alive, at
// probabilities of having bought by then of 0.1, ½ and 0.9. +Inf where there may be
// none, for they may drop out before.
type Wait [3]float64

// waitLevels are the probabilities of a Wait.
var waitLevels = [...]float64{(1 - IntervalLevel) / 2, 0.5, (1 + IntervalLevel) / 2}

func waitOf(f Future, daysPerUnit float64) (w Wait) {
	for i, q := range waitLevels {
		w[i] = TimeToPurchase(f, q) * daysPerUnit
	}
	return w
}

// UntilNext returns the time until the next purchase of a customer who is alive:
// where there are several stages, the quantiles of the mixture of theirs.
//
// Those are found from the quantiles of each stage, between and beyond which the
// logarithm of −ln P(not bought by t) is taken to be a straight line of ln t, as it
// is where purchases come at a constant rate: good to about 3 % of the time
// (TestUntilNextIsThatOfTheMixture).
func (s *Score) UntilNext() Wait {
	own := s.prospects.untilNext
	if len(own) == 1 || s.Alive == 0 {
		return own[0]
	}
	var w Wait
	for i, q := range waitLevels {
		w[i] = s.untilBought(i, q)
	}
	return w
}

// untilBought returns a quantile of the mixture: it lies between those of the
// stages.
func (s *Score) untilBought(level int, q float64) float64 {
	low, high := math.Inf(1), 0.0
	for stage := range s.prospects.untilNext {
		if s.stages[stage] > 0 {
			t := s.prospects.untilNext[stage][level]
			low, high = min(low, t), max(high, t)
		}
	}
	if math.IsInf(high, 1) || !(low > 0) {
		return high
	}
	for range 20 { // a millionth of the distance between them
		middle := math.Sqrt(low * high)
		sum := 0.0
		for stage, w := range s.prospects.untilNext {
			if s.stages[stage] > 0 {
				sum += s.stages[stage] / s.Alive * w.bought(math.Log(middle))
			}
		}
		if sum < q {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// bought returns the probability of having bought by a time, given as its
// logarithm in days, from finite quantiles.
func (w *Wait) bought(logTime float64) float64 {
	from := 0
	if logTime > math.Log(w[1]) {
		from = 1
	}
	start, end := math.Log(w[from]), math.Log(w[from+1])
	hazard := func(level int) float64 { return math.Log(-math.Log1p(-waitLevels[level])) }
	slope := (hazard(from+1) - hazard(from)) / (end - start)
	return -math.Expm1(-math.Exp(hazard(from) + slope*(logTime-start)))
}
