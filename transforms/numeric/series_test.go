package numeric

import (
	"math"
	"testing"
)

// Riemann's zeta function (Abramowitz & Stegun, table 23.3, and mpmath 1.3.0 for
// 1.05), and geometric series.
func TestSumsOfSeriesAreThoseKnown(t *testing.T) {
	power := func(k float64) Falling {
		return Falling{At: func(t float64) float64 { return math.Pow(t, -k) }, Bend: 1, Power: k, Scale: 1}
	}
	decay := func(d float64) Falling {
		return Falling{At: func(t float64) float64 { return math.Exp(-d * t) }, Bend: 1, Power: math.Inf(1)}
	}
	for _, c := range []struct {
		name string
		of   Falling
		want float64
	}{
		{"zeta(2)", power(2), math.Pi * math.Pi / 6},
		{"zeta(1.5)", power(1.5), 2.612375348685488},
		{"zeta(1.05)", power(1.05), 20.58084430203698},
		{"e^-t", decay(1), 1 / math.Expm1(1)},
		{"e^-0.001t", decay(0.001), 1 / math.Expm1(0.001)},
	} {
		if got := c.of.Sum(); relative(got, c.want) > 1e-12 {
			t.Errorf("%s = %.16g, want %.16g", c.name, got, c.want)
		}
	}
}
