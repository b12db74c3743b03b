package models

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
func (s *Score) UntilNext() (w Wait) {
	p := s.prospects
	if p.staged == nil || s.Alive == 0 {
		return p.untilNext[0]
	}
	for i, q := range waitLevels {
		w[i] = p.staged.timeToPurchaseAmong(s.stages[:len(p.untilNext)], q) * p.unitDays
	}
	return w
}
