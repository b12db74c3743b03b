package clv

import (
	"math"

	"github.com/perennial-clv/perennial/transforms/numeric"
)

const (
	// The degrees of curves that are tried, from the lowest on, each twice the one
	// before. 24 is the usual one; 12 does where alpha is longer than the base is
	// old, 48 where it is a day.
	lowestDegree, highestDegree = 12, 48
	// curveProbes is the number of ages between its points at which a curve is
	// compared with the model.
	curveProbes = 4
	// provedTo is the relative error allowed there: a fifth of the 1e-12 that is
	// promised between them. The model itself is computed to 5e-14.
	provedTo = 2e-13
	// worthCurves is the number of ages from which curves cost less than all ages
	// by themselves.
	worthCurves = 2*lowestDegree + 1 + curveProbes
)

// ages are the ages from 0 to the oldest at which curves meet the model, as
// ln(α+T): the prospects are analytic functions of it, whose nearest singularity
// is π away from the real line, whatever the parameters (there the base of
// (1 + ph/(α+T))^−r is 0).
type ages struct {
	degrees []numeric.Chebyshev // those of each are among those of the next
	finest  numeric.Chebyshev   // of twice the highest degree: all of theirs, and probes
}

func newAges(alpha, oldest float64) ages {
	from, to := math.Log(alpha), math.Log(alpha+oldest)
	a := ages{finest: numeric.NewChebyshev(2*highestDegree, from, to)}
	for degree := lowestDegree; degree <= highestDegree; degree *= 2 {
		a.degrees = append(a.degrees, numeric.NewChebyshev(degree, from, to))
	}
	return a
}

// curves are the demand of customers of one x as functions of their age:
// polynomials of ln(α+T) for its logarithms.
type curves struct {
	ages numeric.Chebyshev
	logs [][]float64 // of the demand at each of its points
}

// curvesOf returns the curves of x of the lowest degree that agrees with the
// model at the probes, nil where none does. They depend on the model, the
// horizons and the oldest age alone.
func (s *Scorer) curvesOf(x int, rules ruleCache) *curves {
	known := make([][]float64, len(s.ages.finest.Points))
	logsAt := func(i int) []float64 {
		if known[i] == nil {
			known[i] = s.demandLogs(x, s.ages.finest.Points[i], rules)
		}
		return known[i]
	}
	for _, degree := range s.ages.degrees {
		points := len(degree.Points)
		step := (len(known) - 1) / (points - 1)
		c := &curves{degree, make([][]float64, points)}
		for k := range c.logs {
			c.logs[k] = logsAt(k * step)
		}
		isProved := true
		for i := 0; i < curveProbes && isProved; i++ {
			probe := (2*i+1)*(points-1)/(2*curveProbes)*step + step/2
			isProved = c.agree(s.ages.finest.Points[probe], logsAt(probe))
		}
		if isProved {
			return c
		}
	}
	return nil
}

// at computes the demand at an age, given as α+T.
func (c *curves) at(alpha float64, demand []float64) {
	c.logsAt(math.Log(alpha), demand)
	for i, log := range demand {
		demand[i] = math.Exp(log)
	}
}

// demandLogs returns the logarithms of the demand at ln(α+T).
func (s *Scorer) demandLogs(x int, logAge float64, rules ruleCache) []float64 {
	f := s.model.after(x, math.Exp(logAge)-s.model.Alpha)
	f.rules = rules
	logs := make([]float64, s.demands())
	s.demand(f, logs)
	for i, d := range logs {
		logs[i] = math.Log(d)
	}
	return logs
}

// agree reports whether the curves at ln(α+T) are these logarithms.
func (c *curves) agree(logAge float64, logs []float64) bool {
	got := make([]float64, len(logs))
	c.logsAt(logAge, got)
	for i, want := range logs {
		if got[i] != want && !(math.Abs(got[i]-want) <= provedTo) {
			return false
		}
	}
	return true
}

// logsAt fills logs with the curves at ln(α+T). What is infinite at the first
// point is so at all ages: the purchases of a lifetime.
func (c *curves) logsAt(logAge float64, logs []float64) {
	var room [highestDegree + 1]float64
	weights := room[:len(c.logs)]
	c.ages.WeightsAt(logAge, weights)
	clear(logs)
	for k, at := range c.logs {
		for i, log := range at {
			logs[i] += weights[k] * log
		}
	}
	for i, log := range c.logs[0] {
		if math.IsInf(log, 0) {
			logs[i] = log
		}
	}
}
