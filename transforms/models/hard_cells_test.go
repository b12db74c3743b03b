package models

import (
	"math"
	"slices"
	"testing"
)

// hardCells are bases to which models can hardly be fitted, or not at all. In all
// x ≤ t_x, so that they may count opportunities as well as days.
var hardCells = map[string][]Cell{
	"one cell":                       {{1, 30, 100, 200}},
	"T is 0":                         {{0, 0, 0, 500}},
	"nobody buys again":              {{0, 0, 90, 300}, {0, 0, 120, 300}},
	"everybody buys on the last day": {{1, 100, 100, 80}, {2, 100, 100, 80}, {3, 100, 100, 80}, {5, 100, 100, 40}},
	"everybody buys every day":       {{300, 300, 300, 100}, {200, 200, 200, 100}},
	"everybody leaves at once":       {{1, 1, 2000, 100}, {2, 2, 2000, 100}, {3, 3, 2000, 100}},
	"one buys every day for years":   {{0, 0, 200, 300}, {1, 20, 200, 60}, {2, 90, 200, 40}, {3, 150, 200, 20}, {4000, 4000, 4000, 1}},
	"few repeaters among millions":   {{0, 0, 100, 2_000_000}, {0, 0, 700, 2_000_000}, {1, 50, 700, 60}, {2, 60, 650, 3}},
	"two ages far apart":             {{0, 0, 10, 300}, {1, 5, 10, 80}, {0, 0, 7000, 300}, {1, 40, 7000, 50}, {3, 400, 7000, 50}, {9, 6000, 7000, 20}},
}

// Whatever the cells, a fit of each family is one that may be used and predicts
// numbers, of customers in the cells and of any others, or says why not.
func TestFitsOfHardCellsPredictOrSayWhyNot(t *testing.T) {
	for name, cells := range hardCells {
		for _, f := range families() {
			own, asked := cells, append(slices.Clone(cells), strangers...)
			if f.name.IsContractual() {
				own, asked = underContract(own), underContract(asked)
			}
			fit := FitPurchases(f.name, Data{Cells: own, LogGaps: 1}, DefaultFitSettings())
			if fit.Reason == "" || fit.Status == "" {
				t.Errorf("%s, %s: no status or reason: %+v", name, f.name, fit)
			}
			m, ok := fit.Purchases()
			if !ok {
				continue
			}
			for _, p := range fit.Parameters {
				if !(p.Estimate > 0) || math.IsInf(p.Estimate, 1) {
					t.Errorf("%s, %s: %s is %v", name, f.name, p.Name, p.Estimate)
				}
			}
			for _, c := range asked {
				wantSound(t, name+", "+string(f.name), m, c)
			}
		}
	}
}

// strangers are customers outside the cells.
var strangers = []Cell{{}, {X: 1, Tx: 1, T: 1}, {X: 7, Tx: 9, T: 5000}, {X: 900, Tx: 900, T: 1000}}

// underContract are the cells by months, every opportunity taken up to the last one.
func underContract(cells []Cell) (list []Cell) {
	const days = 30
	for _, c := range cells {
		list = append(list, Cell{X: c.Tx / days, Tx: c.Tx / days, T: c.T / days, Count: c.Count})
	}
	return mergeCells(list)
}

// wantSound holds what a model says of a customer to what it may say.
func wantSound(t *testing.T, name string, m Purchases, c Cell) {
	t.Helper()
	const rounding = 1e-9
	unit := 7.0
	if m.Shape().IsDiscrete {
		unit = 1
	}
	customer := At(m, int(c.X), float64(c.Tx)/unit, float64(c.T)/unit)
	isShare := func(p float64) bool { return p >= 0 && p <= 1+rounding }
	if alive := customer.ProbabilityAlive(); !isShare(alive) {
		t.Errorf("%s: P(alive) of %+v is %v", name, c, alive)
	}
	last := 0.0
	for _, h := range []float64{0, 4, 520} {
		expected, discounted := customer.Expected(h), customer.Discounted(0.002, h)
		if !(expected >= last*(1-rounding)) || math.IsInf(expected, 1) || !(discounted >= 0 && discounted <= expected*(1+rounding)+rounding) {
			t.Errorf("%s: %+v is expected to buy %v times in %v, discounted %v, before %v", name, c, expected, h, discounted, last)
		}
		last = expected
		if p := customer.Retained(0, h); !isShare(p) {
			t.Errorf("%s: %+v buys within %v with probability %v", name, c, h, p)
		}
		pmf, sum := make([]float64, 8), 0.0
		customer.PMF(h, pmf)
		for _, p := range pmf {
			if !isShare(p) {
				t.Errorf("%s: %+v, probabilities within %v: %v", name, c, h, pmf)
			}
			sum += p
		}
		if !isShare(sum) {
			t.Errorf("%s: %+v, probabilities within %v add up to %v", name, c, h, sum)
		}
	}
	if value := customer.Discounted(0.002, math.Inf(1)); !(value >= 0) || math.IsInf(value, 1) {
		t.Errorf("%s: %+v is worth %v purchases", name, c, value)
	}
}
