package models

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// fitOf is a fit with given parameters, and no covariance.
func fitOf(family Family, values ...float64) Fit {
	names := []string{"p", "q", "gamma"}
	if family != GammaGamma {
		names = familyOf(family).parameters
	}
	f := Fit{Family: family, Status: FitOK}
	for i, v := range values {
		f.Parameters = append(f.Parameters, Parameter{Name: names[i], Estimate: v})
	}
	return f
}

// publishedSettings are intervals of the published models of CDNOW, for a year and
// a lifetime at 10 % a year.
func publishedSettings() IntervalSettings {
	spend := fitOf(GammaGamma, 6.25, 3.74, 15.44)
	return IntervalSettings{
		Fit: fitOf(MBGNBD, publishedMBG.R, publishedMBG.Alpha, publishedMBG.A, publishedMBG.B), Spend: func(int) Fit { return spend },
		DaysPerUnit: 7, DiscountPerDay: math.Log1p(0.1) / 365.25, HorizonDays: []float64{365, math.Inf(1)}, Level: IntervalLevel,
	}
}

// cellsOfTwoYears are cells of customers of all ages up to two years.
func cellsOfTwoYears() (cells []Cell) {
	for _, x := range []int32{0, 1, 2, 3, 5, 7, 11, 26} {
		for T := int32(14); T < 730; T += 28 {
			cells = append(cells, Cell{X: x, Tx: min(T, 20*x), T: T, Count: 1})
		}
	}
	return cells
}

func (s IntervalSettings) scorer(cells []Cell) *Scorer {
	m, _ := s.Fit.Purchases()
	return NewScorer(m, s.DaysPerUnit, s.DiscountPerDay, s.HorizonDays, cells, nil)
}

func TestCountsAreTheQuantilesOfTheModel(t *testing.T) {
	// Exactly: the tables are those of the model, at any level.
	s, cells := publishedSettings(), cellsOfTwoYears()
	for _, s.Level = range []float64{0.8, 0.95} {
		in, scorer := NewIntervals(s, cells, nil), s.scorer(cells)
		cells := append([]Cell{{X: 4, Tx: 33, T: 77}, {X: 40, Tx: 700, T: 900}}, cells...) // two that are in no table
		for _, c := range cells {
			score := scorer.Score(c.X, c.Tx, c.T)
			low, median, high := in.Counts(&score, c.X, c.T, 0)
			customer := At(publishedMBG, int(c.X), float64(c.Tx)/7, float64(c.T)/7)
			for i, got := range []int{low, median, high} {
				q := []float64{(1 - s.Level) / 2, 0.5, (1 + s.Level) / 2}[i]
				if want := customer.Quantile(365.0/7, q); got != want {
					t.Errorf("%v: quantile %g of the purchases is %d, want %d", c, q, got, want)
				}
			}
		}
	}
}

func TestQuantilesOfValueRiseWithTheLevel(t *testing.T) {
	// From 0 on where no purchase is likelier than the level, and never infinite.
	s, cells := publishedSettings(), cellsOfTwoYears()
	in, scorer := NewIntervals(s, cells, nil), s.scorer(cells)
	for _, c := range append(cells, Cell{X: 4, Tx: 33, T: 77}, Cell{X: 300, Tx: 70, T: 728}) {
		score := scorer.Score(c.X, c.Tx, c.T)
		for horizon := range s.HorizonDays {
			p, last := score.Outlook(horizon).ProbabilityOfPurchase, 0.0
			for q := 0.005; q < 1; q += 0.005 {
				got := in.Quantile(&score, c.X, c.T, horizon, q)
				if got < last || math.IsInf(got, 0) || math.IsNaN(got) || (got > 0) != (1-q < p) {
					t.Fatalf("%v, horizon %d: quantile %.3f is %g after %g, with a purchase at %g", c, horizon, q, got, last, p)
				}
				last = got
			}
			if v := in.Variance(&score, c.X, c.T, horizon); !(v >= 0) || math.IsInf(v, 0) {
				t.Errorf("%v: variance %g", c, v)
			}
		}
	}
}

// value simulates what a customer alive now brings, discounted, as a multiple of
// the expected purchase: mean 1 a purchase.
func value(random *rand.Rand, f future, p, order, delta, h float64) float64 {
	rate := distuv.Gamma{Alpha: f.r, Beta: f.alpha, Src: random}.Rand()
	leaves := distuv.Beta{Alpha: f.a, Beta: f.b, Src: random}.Rand()
	scale := (order - 1) / p / distuv.Gamma{Alpha: order, Beta: 1, Src: random}.Rand()
	sum := 0.0
	for u := random.ExpFloat64() / rate; u < h && delta*u < 20; u += random.ExpFloat64() / rate {
		sum += math.Exp(-delta*u) * scale * distuv.Gamma{Alpha: p, Beta: 1, Src: random}.Rand()
		if random.Float64() < leaves {
			break
		}
	}
	return sum
}

func TestIntervalsCoverWhatTheyClaim(t *testing.T) {
	// 4,000 simulated customers each, PCG seed 7: a share of 0.9 is known to 0.005,
	// one standard error; 3 are allowed, and 0.015 for what the intervals approximate:
	// discounting, and the grid. New and old customers, one-time buyers and heavy ones.
	random := rand.New(rand.NewPCG(7, 7))
	s := publishedSettings()
	in, scorer := NewIntervals(s, cellsOfTwoYears(), nil), s.scorer(nil)
	const customers = 4000
	for _, c := range []Cell{{X: 0, Tx: 0, T: 28}, {X: 0, Tx: 0, T: 273}, {X: 1, Tx: 140, T: 200}, {X: 2, Tx: 210, T: 273}, {X: 4, Tx: 600, T: 640}, {X: 9, Tx: 190, T: 200}, {X: 26, Tx: 210, T: 217}} {
		score := scorer.Score(c.X, c.Tx, c.T)
		f := publishedMBG.after(int(c.X), float64(c.T)/7)
		order := 3.74 + 6.25*float64(c.X)
		for horizon, days := range s.HorizonDays {
			expected := score.Outlook(horizon).Discounted
			low, high := in.Value(&score, c.X, c.T, horizon)
			below, above := 0, 0
			for range customers {
				v := 0.0
				if random.Float64() < score.Alive {
					v = value(random, f, 6.25, order, s.DiscountPerDay*7, days/7) / expected
				}
				if v < low {
					below++
				}
				if v > high {
					above++
				}
			}
			what := fmt.Sprintf("x=%d T=%d within %g days", c.X, c.T, days)
			if share := float64(below) / customers; share > 0.13 || low > 0 && share < 0.07 {
				t.Errorf("%s: %.3f are below the interval, want 0.1, or less where it begins at 0", what, share)
			}
			if share := float64(above) / customers; share > 0.13 || high > 0 && share < 0.07 {
				t.Errorf("%s: %.3f are above the interval, want 0.1", what, share)
			}
		}
	}
}

func TestSpendWithoutVarianceHasIntervals(t *testing.T) {
	// q of 1.1 and 1.8, where the spend of customers has no variance, and without a
	// model of spend: finite, in order, and wider than what the counts alone make.
	for _, spend := range []Fit{fitOf(GammaGamma, 2, 1.1, 20), fitOf(GammaGamma, 2, 1.8, 20), {}} {
		s := publishedSettings()
		s.Spend = func(int) Fit { return spend }
		in, scorer := NewIntervals(s, cellsOfTwoYears()[:30], nil), s.scorer(nil)
		score := scorer.Score(0, 0, 14)
		low, high := in.Value(&score, 0, 14, 0)
		if variance := in.Variance(&score, 0, 14, 0); low != 0 || !(high > 0) || math.IsInf(high, 0) || !(variance > 0) || math.IsInf(variance, 0) {
			t.Errorf("%v: from %g to %g, variance %g", spend.Parameters, low, high, variance)
		}
	}
}

func TestUncertainParametersWidenIntervals(t *testing.T) {
	// A covariance of 0.3² for each parameter makes the ends move apart.
	s := publishedSettings()
	known := NewIntervals(s, cellsOfTwoYears(), nil)
	for i := range s.Fit.Parameters {
		row := make([]float64, len(s.Fit.Parameters))
		row[i] = 0.09
		s.Fit.Covariance = append(s.Fit.Covariance, row)
	}
	unsure := NewIntervals(s, cellsOfTwoYears(), nil)
	score := s.scorer(nil).Score(7, 154, 154)
	for horizon := range s.HorizonDays {
		low, high := known.Value(&score, 7, 154, horizon)
		wideLow, wideHigh := unsure.Value(&score, 7, 154, horizon)
		if !(wideLow < low && wideHigh > high) {
			t.Errorf("horizon %d: from %.3f to %.3f where parameters are not known, from %.3f to %.3f where they are", horizon, wideLow, wideHigh, low, high)
		}
	}
}
