package models

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

func newCurves(ages numeric.Chebyshev, demands int) *curves {
	c := &curves{ages, make([][]float64, len(ages.Points))}
	for k := range c.logs {
		c.logs[k] = make([]float64, demands)
	}
	return c
}

// curvesOf returns the curves of x, which need not be whole, of the lowest
// degree that agrees with the model at the probes, nil where none does. They
// depend on the model, the horizons and the oldest age alone.
func (s *Scorer) curvesOf(x float64) *curves {
	futures := s.futures(x)
	known := make([][]float64, len(s.ages.finest.Points))
	logsAt := func(i int) []float64 {
		if known[i] == nil {
			known[i] = s.demandLogs(s.ages.finest.Points[i], futures)
		}
		return known[i]
	}
	for _, ages := range s.ages.degrees {
		c := &curves{ages, make([][]float64, len(ages.Points))}
		step := (len(known) - 1) / (len(ages.Points) - 1)
		for k := range c.logs {
			c.logs[k] = logsAt(k * step)
		}
		isProved := true
		for i := 0; i < curveProbes && isProved; i++ {
			between := probe(i, len(ages.Points)-1)*step + step/2
			isProved = c.agree(s.ages.finest.Points[between], logsAt(between))
		}
		if isProved {
			return c
		}
	}
	return nil
}

// probe returns the point of a degree after which probe i lies.
func probe(i, degree int) int { return (2*i + 1) * degree / (2 * curveProbes) }

// demandLogs returns the logarithms of the demand at ln(α+T).
func (s *Scorer) demandLogs(logAge float64, futures []func(T float64) Future) []float64 {
	age := math.Exp(logAge) - s.shape.Alpha
	now := make([]Future, len(futures))
	for stage, at := range futures {
		now[stage] = at(age)
	}
	logs := make([]float64, s.demands())
	s.demand(now, logs)
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

// at returns the same curves of another degree, not lower than theirs.
func (c *curves) at(ages numeric.Chebyshev) *curves {
	if len(ages.Points) == len(c.logs) {
		return c
	}
	other := newCurves(ages, len(c.logs[0]))
	for k, logs := range other.logs {
		c.logsAt(ages.Points[k], logs)
	}
	return other
}

// demandAt computes the demand at an age, given as α+T.
func (c *curves) demandAt(alpha float64, demand []float64) {
	c.logsAt(math.Log(alpha), demand)
	for i, log := range demand {
		demand[i] = math.Exp(log)
	}
}

// logsAt fills logs with the curves at ln(α+T).
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
	keepInfinite(logs, c.logs[0])
}

// keepInfinite overwrites interpolated logarithms where those at a point are
// infinite: the purchases of a lifetime are so at every age and x or at none.
func keepInfinite(logs, at []float64) {
	for i, log := range at {
		if math.IsInf(log, 0) {
			logs[i] = log
		}
	}
}
