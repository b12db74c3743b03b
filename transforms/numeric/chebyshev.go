package numeric

import "math"

// Chebyshev interpolates smooth functions on an interval by the polynomial
// through their values at Points, which descend from its end to its start.
//
//	tₖ = (from+to)/2 + (to−from)/2·cos(πk/n),   k = 0 … n
//
// n is the degree. The points of twice the degree are these and one between
// each two. For a function that is analytic around the interval the error falls
// geometrically with n. Source: Trefethen (2013), "Approximation Theory and
// Approximation Practice", chapters 2 and 8.
type Chebyshev struct {
	Points []float64
}

// NewChebyshev returns the interpolation of a degree > 0 on [from, to],
// from < to.
func NewChebyshev(degree int, from, to float64) Chebyshev {
	points := make([]float64, degree+1)
	for k := range points {
		points[k] = (from+to)/2 + (to-from)/2*math.Cos(math.Pi*float64(k)/float64(degree))
	}
	return Chebyshev{points}
}

// WeightsAt fills weights, one for each of Points, so that the interpolated
// value at t is the sum of weights[k] times the function at Points[k].
//
//	wₖ = λₖ/(t−tₖ) / Σⱼ λⱼ/(t−tⱼ),   λₖ = (−1)ᵏ, half of it at both ends
//
// t lies in the interval; at a point its weight is 1 and the others are 0.
// Source: Salzer (1972); Berrut & Trefethen (2004), "Barycentric Lagrange
// Interpolation", SIAM Review 46(3), eq. (4.2) and (5.4). Stable for every
// degree, and the weights' sizes add up to less than 4 for degrees up to 48:
// errors of the values are hardly magnified.
func (c Chebyshev) WeightsAt(t float64, weights []float64) {
	last := len(c.Points) - 1
	sign, total := 1.0, 0.0
	for k, point := range c.Points {
		if t == point {
			clear(weights)
			weights[k] = 1
			return
		}
		w := sign / (t - point)
		if k == 0 || k == last {
			w /= 2
		}
		weights[k] = w
		total += w
		sign = -sign
	}
	for k := range weights {
		weights[k] /= total
	}
}
