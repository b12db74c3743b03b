package clv

import (
	"math"
	"testing"
)

func TestScorerEqualsTheModelToTheLastBit(t *testing.T) {
	discountPerDay := 0.0018 / 7
	delta := discountPerDay * 7
	horizons := []float64{91, 365, math.Inf(1)}
	for _, m := range []Purchases{publishedBG, publishedMBG, {Family: NBD, R: 0.385, Alpha: 12.07}} {
		cells := simulate(Purchases{m.Family, m.R, 7 * m.Alpha, m.A + 1e-3, m.B + 1e-3}, 2000, 400, 1)
		// Every second customer is unknown to the scorer; so is the last cell.
		var half []Cell
		for i := 0; i < len(cells); i += 2 {
			half = append(half, cells[i])
		}
		scorer := NewScorer(m, 7, discountPerDay, horizons, half, nil)
		for _, c := range append(cells, Cell{X: 900, Tx: 4000, T: 4000}) {
			x, tx, T := int(c.X), float64(c.Tx)/7, float64(c.T)/7
			score := scorer.Score(c.X, c.Tx, c.T)
			if want := m.ProbabilityAlive(x, tx, T); score.Alive != want {
				t.Fatalf("%s %+v: P(alive) = %v, want %v", m.Family, c, score.Alive, want)
			}
			for i, days := range horizons {
				h := days / 7
				want := Outlook{m.Expected(x, tx, T, h), m.Discounted(x, tx, T, delta, h), m.ProbabilityOfPurchase(x, tx, T, h)}
				if got := score.Outlook(i); got != want {
					t.Fatalf("%s %+v in %v days: %+v, want %+v", m.Family, c, days, got, want)
				}
			}
		}
	}
}

func BenchmarkNewScorer(b *testing.B) {
	cells := simulate(Purchases{MBGNBD, 0.53, 43, 0.89, 1.6}, 1_000_000, 730, 9)
	entries := 0
	for b.Loop() {
		s := NewScorer(publishedMBG, 7, 0.0018/7, []float64{365, math.Inf(1)}, cells, nil)
		entries = 0
		for _, f := range s.byX {
			for _, p := range f.prospects {
				entries += min(1, len(p.outlooks))
			}
		}
	}
	b.ReportMetric(float64(entries), "entries")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/float64(entries)*1e6, "µs/entry")
}

func BenchmarkScore(b *testing.B) {
	cells := simulate(Purchases{MBGNBD, 0.53, 43, 0.89, 1.6}, 100_000, 730, 9)
	s := NewScorer(publishedMBG, 7, 0.0018/7, []float64{365, math.Inf(1)}, cells, nil)
	b.ReportAllocs()
	for b.Loop() {
		for _, c := range cells {
			s.Score(c.X, c.Tx, c.T)
		}
	}
	b.ReportMetric(float64(b.N*len(cells))/b.Elapsed().Seconds(), "customers/s")
}
