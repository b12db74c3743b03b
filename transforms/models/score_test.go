package models

import (
	"math"
	"testing"
)

// scorerTolerance is what Scorer promises: as exact as the references by which
// the model is known.
const scorerTolerance = 1e-12

// wantScore fails the test where a score is not what the model says of the
// customer of a cell; of `exact` ones to the last bit.
func wantScore(t *testing.T, s *Scorer, horizonDays []float64, c Cell, isExact bool) {
	t.Helper()
	m, x, tx, T := s.model, int(c.X), float64(c.Tx)/s.daysPerUnit, float64(c.T)/s.daysPerUnit
	tolerance := scorerTolerance
	if isExact {
		tolerance = 0
	}
	score, customer := s.Score(c.X, c.Tx, c.T), At(m, x, tx, T)
	if want := customer.ProbabilityAlive(); score.Alive != want {
		t.Fatalf("%+v %+v: P(alive) = %v, want %v", m, c, score.Alive, want)
	}
	if score.Alive > 0 {
		for i, got := range score.UntilNext() {
			if want := customer.TimeToPurchase(waitLevels[i]) * s.daysPerUnit; got != want {
				t.Fatalf("%+v %+v: quantile %g of the time to purchase is %v days, want %v", m, c, waitLevels[i], got, want)
			}
		}
	}
	for i, days := range horizonDays {
		h := days / s.daysPerUnit
		got := score.Outlook(i)
		want := Outlook{customer.Expected(h), customer.Discounted(s.delta, h), customer.Retained(0, h)}
		if !(relative(got.Expected, want.Expected) <= tolerance) || !(relative(got.Discounted, want.Discounted) <= tolerance) ||
			got.ProbabilityOfPurchase != want.ProbabilityOfPurchase {
			t.Fatalf("%+v %+v δ %v in %v days: %+v, want %+v", m, c, s.delta, days, got, want)
		}
	}
}

func TestScorerAgreesWithTheModelWhetherItKnowsTheCellOrNot(t *testing.T) {
	horizons := []float64{91, 365, math.Inf(1)}
	for _, m := range []Geometric{publishedBG, publishedMBG, {Family: NBD, R: 0.385, Alpha: 12.07}} {
		cells := simulate(Geometric{m.Family, m.R, 7 * m.Alpha, m.A + 1e-3, m.B + 1e-3}, 2000, 400, 1)
		// Every second customer is unknown to the scorer; so is the last cell.
		var half []Cell
		for i := 0; i < len(cells); i += 2 {
			half = append(half, cells[i])
		}
		scorer := NewScorer(m, 7, 0.0018/7, horizons, half, nil)
		for _, c := range cells {
			wantScore(t, scorer, horizons, c, false)
		}
		wantScore(t, scorer, horizons, Cell{X: 900, Tx: 4000, T: 4000}, true)
	}
}

// agedCells are cells of each x at ages up to the oldest.
func agedCells(xs []int32, oldest, step int32) (cells []Cell) {
	for _, x := range xs {
		for T := int32(0); T < oldest; T += step {
			cells = append(cells, Cell{X: x, Tx: T / 2, T: T, Count: 1})
		}
		cells = append(cells, Cell{X: x, Tx: oldest / 2, T: oldest, Count: 1})
	}
	return cells
}

func TestScorerAgreesWithTheModelOverModelsAgesAndHorizons(t *testing.T) {
	models := append([]Geometric{
		{BGNBD, 0.5, 300, 20, 0.05}, {BGNBD, 5, 0.3, 0.02, 20}, {MBGNBD, 0.2, 0.02, 1.5, 40}, {MBGNBD, 40, 5000, 0.1, 0.1},
	}, lawModels...)
	for _, oldest := range []int32{40, 730, 6000} {
		cells := agedCells([]int32{0, 1, 30, 200}, oldest, oldest/worthCurves)
		for _, m := range models {
			for _, discountRate := range []float64{0, 0.1} {
				horizons := []float64{1, 365, 3650, math.Inf(1)}
				scorer := NewScorer(m, 7, math.Log1p(discountRate)/365.25, horizons, cells, nil)
				for i := 0; i < len(cells); i += 5 { // 31 ages of each x
					wantScore(t, scorer, horizons, cells[i], false)
				}
			}
		}
	}
}

// Of k stages the same holds, and a customer between them has a median of their own.
func TestScorerAgreesWithModelsOfStages(t *testing.T) {
	horizons := []float64{91, 365, math.Inf(1)}
	cells := agedCells([]int32{0, 1, 7, 60}, 730, 730/worthCurves)
	for _, m := range []Erlang{publishedBG2, publishedMBG3, {MBGCNBD4, 4, 0.8, 1.3, 1.4, 2.1}, {MBGCNBD2, 2, 40, 500, 0.1, 0.1}} {
		scorer := NewScorer(m, 7, 0.0018/7, horizons, cells, nil)
		for i := 0; i < len(cells); i += 5 {
			wantScore(t, scorer, horizons, cells[i], false)
		}
		wantScore(t, scorer, horizons, Cell{X: 900, Tx: 3990, T: 4000}, true)
	}
}

func TestCurvesReachTheModelAtTheDegreesMeant(t *testing.T) {
	// Of a usual base and of one that is young beside alpha.
	for _, c := range []struct {
		oldest float64
		want   int
	}{{730, 24}, {10, 12}} {
		s := &Scorer{model: publishedMBG, shape: publishedMBG.Shape(), daysPerUnit: 7, delta: 0.0018, horizons: []float64{52, forEver}}
		s.ages = newAges(s.shape.Alpha, c.oldest/7)
		for _, x := range []float64{0, 1, 5, 30, 200, 2000} {
			curves := s.curvesOf(x)
			if curves == nil || len(curves.logs) != c.want+1 {
				t.Errorf("x = %v, ages to %v: %v, want degree %d", x, c.oldest, curves, c.want)
			}
		}
	}
}

func TestBandsAgreeWithTheModelOrAreNotUsed(t *testing.T) {
	for i, m := range append([]Geometric{{BGNBD, 5, 0.3, 0.02, 20}, {MBGNBD, 0.2, 2, 1.5, 40}}, lawModels...) {
		for _, delta := range []float64{0, 0.0018} {
			s := &Scorer{model: m, shape: m.Shape(), daysPerUnit: 7, delta: delta, horizons: []float64{1.0 / 7, 52, 520, forEver}}
			s.ages = newAges(m.Alpha, 730.0/7)
			b := s.newBand(bandsFrom, nil)
			if b == nil {
				if i < 5 { // the published models and the two before are not extreme
					t.Errorf("%+v δ %v: no band", m, delta)
				}
				continue
			}
			got, want := make([]float64, s.demands()), make([]float64, s.demands())
			for x := b.low; b.has(x); x += 13 {
				curves := b.at(math.Log(m.R + float64(x)))
				for _, T := range []float64{0, 1.0 / 7, 9, 60, 730.0 / 7} {
					f := m.after(x, T)
					curves.demandAt(f.alpha, got)
					s.demand([]Future{f}, want)
					for i := range got {
						if !(relative(got[i], want[i]) <= scorerTolerance) {
							t.Fatalf("%+v δ %v x %d T %v: demand %d is %v, want %v", m, delta, x, T, i, got[i], want[i])
						}
					}
				}
			}
		}
	}
}

func TestScorerOfManyFrequenciesAgreesWithTheModel(t *testing.T) {
	horizons := []float64{365, math.Inf(1)}
	var xs []int32
	for x := int32(0); x < 150; x++ {
		xs = append(xs, x)
	}
	cells := agedCells(xs, 730, 365) // few ages: only bands have curves
	scorer := NewScorer(publishedMBG, 7, 0.0018/7, horizons, cells, nil)
	for _, c := range cells {
		wantScore(t, scorer, horizons, c, c.X < bandsFrom || c.X >= bandsFrom*bandWidth)
	}
}

// A pair of ages far apart is no more than two prospects, and the ages between
// them are not known.
func TestScorerKeepsProspectsOfTheCellsAlone(t *testing.T) {
	horizons := []float64{365, math.Inf(1)}
	var cells []Cell
	for x := int32(0); x < 20; x++ {
		cells = append(cells, Cell{X: x, Tx: 2, T: 3000, Count: 1}, Cell{X: x, Tx: 2, T: 5, Count: 1}, Cell{X: x, Tx: 3, T: 5, Count: 1})
	}
	scorer := NewScorer(publishedMBG, 7, 0.0018/7, horizons, cells, nil)
	kept := 0
	for x := range scorer.byX {
		kept += len(scorer.byX[x].items)
	}
	if kept != 40 {
		t.Errorf("%d prospects, want one for each of 40 pairs of x and T", kept)
	}
	for _, T := range []int32{4, 5, 6, 1500, 2999, 3000, 3001} {
		wantScore(t, scorer, horizons, Cell{X: 7, Tx: 2, T: T}, true)
	}
}

func TestCustomersScoreDependsOnOthersByTheOldestAgeAlone(t *testing.T) {
	horizons := []float64{365, math.Inf(1)}
	alone := NewScorer(publishedMBG, 7, 0.0018/7, horizons, agedCells([]int32{3}, 730, 10), nil)
	among := NewScorer(publishedMBG, 7, 0.0018/7, horizons, agedCells([]int32{0, 3, 40}, 730, 5), nil)
	for T := int32(0); T < 730; T += 10 {
		a, b := alone.Score(3, T/2, T), among.Score(3, T/2, T)
		for i := range horizons {
			if a.Outlook(i) != b.Outlook(i) {
				t.Errorf("age %d: %+v alone, %+v among others", T, a.Outlook(i), b.Outlook(i))
			}
		}
	}
}

func BenchmarkNewScorer(b *testing.B) {
	cells := simulate(Geometric{MBGNBD, 0.53, 43, 0.89, 1.6}, 1_000_000, 730, 9)
	entries := 0
	for b.Loop() {
		s := NewScorer(publishedMBG, 7, 0.0018/7, []float64{365, math.Inf(1)}, cells, nil)
		entries = 0
		for _, f := range s.byX {
			entries += len(f.items)
		}
	}
	b.ReportMetric(float64(entries), "entries")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/float64(entries)*1e6, "µs/entry")
}

// BenchmarkNewScorerOfFrequentBuyers has cells as ten million rows have: an
// x up to 110, two years of ages, some 40,000 pairs.
func BenchmarkNewScorerOfFrequentBuyers(b *testing.B) {
	var cells []Cell
	for x := int32(0); x < 110; x++ {
		cells = append(cells, agedCells([]int32{x}, 729, 2)...)
	}
	for b.Loop() {
		NewScorer(publishedMBG, 7, 0.0018/7, []float64{365, math.Inf(1)}, cells, nil)
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/float64(len(cells))*1e6, "µs/entry")
}

func BenchmarkNewScorerOfStages(b *testing.B) {
	cells := simulate(Geometric{MBGNBD, 0.53, 43, 0.89, 1.6}, 1_000_000, 730, 9)
	for _, m := range []Erlang{publishedBG2, publishedMBG3} {
		b.Run(string(m.Family), func(b *testing.B) {
			for b.Loop() {
				NewScorer(m, 7, 0.0018/7, []float64{365, math.Inf(1)}, cells, nil)
			}
		})
	}
}

func BenchmarkScore(b *testing.B) {
	cells := simulate(Geometric{MBGNBD, 0.53, 43, 0.89, 1.6}, 100_000, 730, 9)
	s := NewScorer(publishedMBG, 7, 0.0018/7, []float64{365, math.Inf(1)}, cells, nil)
	b.ReportAllocs()
	for b.Loop() {
		for _, c := range cells {
			s.Score(c.X, c.Tx, c.T)
		}
	}
	b.ReportMetric(float64(b.N*len(cells))/b.Elapsed().Seconds(), "customers/s")
}
