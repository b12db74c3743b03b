package models

import (
	"math"
	"slices"

	"github.com/perennial-clv/perennial/transforms/numeric"
)

const (
	// bandsFrom is the least x of the first band; a band ends before bandWidth
	// times its least x. They are fixed, so that the largest x of the base does
	// not move the others.
	bandsFrom, bandWidth = 8, 16
	// bandDegree is that of ages of which the oldest is sixteen times alpha.
	bandDegree = 24
	// worthBand is the number of different x from which a band costs less, though
	// some of them have few ages.
	worthBand = 2 * bandDegree
)

// band are the curves of all x from low up to below bandWidth·low: polynomials
// of ln(r+x) for the points of the curves. The model takes any real x, and its
// singularities in ln(r+x) are as far away as those of ages.
type band struct {
	low    int
	x      numeric.Chebyshev
	curves []*curves // at each of its points, all of one degree
}

// bandsWorth returns the bands for cells by x, those that are worth it and
// agree with the model.
func (s *Scorer) bandsWorth(runs [][]Cell, each Each) (bands []*band) {
	if s.shape.Alpha == 0 {
		return nil
	}
	for low := bandsFrom; len(runs) > 0 && low <= int(runs[len(runs)-1][0].X); low *= bandWidth {
		members := 0
		for _, cells := range runs {
			if x := int(cells[0].X); x >= low && x < low*bandWidth {
				members++
			}
		}
		if members < worthBand {
			continue
		}
		if b := s.newBand(low, each); b != nil {
			bands = append(bands, b)
		}
	}
	return bands
}

// newBand returns a band, nil where it does not agree with the model.
func (s *Scorer) newBand(low int, each Each) *band {
	from, to := math.Log(s.shape.R+float64(low)), math.Log(s.shape.R+float64(low*bandWidth))
	b := &band{low, numeric.NewChebyshev(bandDegree, from, to), make([]*curves, bandDegree+1)}
	each.Run(len(b.curves), func(i int) {
		b.curves[i] = s.curvesOf(math.Exp(b.x.Points[i]) - s.shape.R)
	})
	if slices.Contains(b.curves, nil) {
		return nil
	}
	longest := slices.MaxFunc(b.curves, func(c, d *curves) int { return len(c.logs) - len(d.logs) })
	for i, c := range b.curves {
		b.curves[i] = c.at(longest.ages)
	}
	between := numeric.NewChebyshev(2*bandDegree, from, to).Points
	agrees := make([]bool, curveProbes)
	each.Run(len(agrees), func(i int) { agrees[i] = s.agrees(b, between[2*probe(i, bandDegree)+1]) })
	if slices.Contains(agrees, false) {
		return nil
	}
	return b
}

// agrees reports whether a band at ln(r+x) agrees with the model at as many
// ages as a curve is compared at.
func (s *Scorer) agrees(b *band, logX float64) bool {
	c, futures := b.at(logX), s.futures(math.Exp(logX)-s.shape.R)
	for i := range curveProbes {
		age := s.ages.finest.Points[2*probe(i, highestDegree)+1]
		if !c.agree(age, s.demandLogs(age, futures)) {
			return false
		}
	}
	return true
}

// has reports whether x is in the band.
func (b *band) has(x int) bool { return x >= b.low && x < b.low*bandWidth }

// at returns the curves at ln(r+x).
func (b *band) at(logX float64) *curves {
	weights := make([]float64, len(b.curves))
	b.x.WeightsAt(logX, weights)
	c := newCurves(b.curves[0].ages, len(b.curves[0].logs[0]))
	for k, sums := range c.logs {
		for j, w := range weights {
			for i, log := range b.curves[j].logs[k] {
				sums[i] += w * log
			}
		}
		keepInfinite(sums, b.curves[0].logs[k])
	}
	return c
}
