package models

import (
	"math"

	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Spend is the Gamma–Gamma model of the value of a purchase, with its
// parameters.
//
// The purchases of a customer vary around the customer's own mean as Gamma(P),
// the scale of which varies between customers as Gamma(Q, Gamma). Gamma is an
// amount of money; P and Q are pure numbers. Value and frequency are assumed
// independent. Source: Fader, Hardie & Lee (2005), "RFM and CLV: Using Iso-Value
// Curves for Customer Base Analysis", JMR 42(4); Fader & Hardie (2013), "The
// Gamma-Gamma Model of Monetary Value".
type Spend struct {
	P, Q, Gamma float64
}

// LogLikelihood returns the log-density of the mean value m of x purchases.
//
//	−ln B(px, q) + q·ln γ + (px−1)·ln m + px·ln x − (px+q)·ln(γ+mx)
//
// x ≥ 1, m > 0, in the money of Gamma. Source: Fader & Hardie (2013), eq. (1a).
// The powers are gathered into quotients near 1 so that px of a million cancels
// on paper: px·ln(mx/(γ+mx)) + q·ln(γ/(γ+mx)) − ln m − ln B(px, q). Agrees with
// 40-digit values to 1e-13 relative (TestPointsAgree…,
// TestSpendCellsAgreeWithHighPrecision).
func (s Spend) LogLikelihood(x int, m float64) float64 {
	px, total := s.P*float64(x), m*float64(x)
	return -px*math.Log1p(s.Gamma/total) - s.Q*math.Log1p(total/s.Gamma) - math.Log(m) - numeric.LogBeta(px, s.Q)
}

// PopulationMean returns the mean value of a purchase over all customers,
// pγ/(q−1); null for q ≤ 1, where it is infinite. Source: Fader & Hardie (2013),
// section 3.
func (s Spend) PopulationMean() numeric.Null[float64] { return s.Expected(0, 0) }

// Expected returns the expected mean value of the purchases of a customer whose
// x purchases had the mean m.
//
//	E[M|x, m] = p(γ+mx)/(px+q−1)
//
// a weighted mean of m and the population's mean; x = 0 gives the latter. Null
// for q ≤ 1, where the population has no mean. Source: Fader & Hardie (2013),
// eq. (5).
func (s Spend) Expected(x int, m float64) numeric.Null[float64] {
	if s.Q <= 1 {
		return numeric.Null[float64]{}
	}
	n := float64(x)
	return numeric.Known(s.P * (s.Gamma + m*n) / (s.P*n + s.Q - 1))
}

// leastOrder keeps variances of the value of purchases finite, which they are not
// for an order q+px up to 2.
const leastOrder = 2.5

// OwnSpread returns the squared coefficient of variation of the mean purchase of a
// customer with x purchases of known value.
//
//	Var[M|x, m] / E[M|x, m]² = 1/(q + px − 2)
//
// At most 2. M = p/ν with ν ~ Gamma(q+px, γ+mx) (Fader & Hardie 2013, eq. 3), so
// that 1/M is Gamma and M its inverse.
func (s Spend) OwnSpread(x int) float64 {
	return 1 / (max(s.Q+s.P*float64(x), leastOrder) - 2)
}
