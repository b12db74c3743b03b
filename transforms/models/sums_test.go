package models

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// wantShare fails the test where a share of n trials is further from want than
// three standard errors and what is allowed besides.
func wantShare(t *testing.T, what string, hits, n int, want, besides float64) {
	t.Helper()
	got := float64(hits) / float64(n)
	if allowed := 3*math.Sqrt(want*(1-want)/float64(n)) + besides; math.Abs(got-want) > allowed {
		t.Errorf("%s: %.3f of %d, want %.2f, give or take %.3f", what, got, n, want, allowed)
	}
}

func TestIntervalsOfSumsOfValueCoverWhatTheyClaim(t *testing.T) {
	// 400 worlds of the same 208 customers at known parameters, PCG seed 3: their
	// lifetime values add up to within the interval four times of five. 0.03 besides
	// for discounting, which is approximated, and for the shape of the sum.
	random := rand.New(rand.NewPCG(3, 3))
	s, cells := publishedSettings(), cellsOfTwoYears()
	in, scorer := NewIntervals(s, cells, nil), s.scorer(nil)
	lifetime := len(s.HorizonDays) - 1
	parts, scores := make([]Part, len(cells)), make([]Score, len(cells))
	for i, c := range cells {
		scores[i] = scorer.Score(c.X, c.Tx, c.T)
		expected := scores[i].Outlook(lifetime).Discounted
		parts[i] = Part{T: c.T, Amount: expected, Variance: expected * expected * in.Variance(&scores[i], c.X, c.T, lifetime)}
	}
	low, high := in.Sum(parts, 0)
	const worlds = 400
	within := 0
	for range worlds {
		sum := 0.0
		for i, c := range cells {
			if random.Float64() < scores[i].Alive {
				sum += value(random, publishedMBG.after(int(c.X), float64(c.T)/7), 6.25, 3.74+6.25*float64(c.X), s.DiscountPerDay*7, math.Inf(1))
			}
		}
		if sum >= low && sum <= high {
			within++
		}
	}
	wantShare(t, "worlds within the interval", within, worlds, IntervalLevel, 0.03)
	if wideLow, wideHigh := in.Sum(parts, 0.2); !(wideLow < low && wideHigh > high) {
		t.Errorf("widened by a fifth of the sum the interval is %.1f to %.1f, else %.1f to %.1f", wideLow, wideHigh, low, high)
	}
}

func TestIntervalsOfSumsCoverWithFittedParameters(t *testing.T) {
	// 80 worlds of 600 customers, PCG seed 5: a model is fitted to 40 weeks of each,
	// and the purchases of the next 26 weeks are held against the interval of their
	// sum. 0.02 besides, for normal theory at so few customers.
	random := rand.New(rand.NewPCG(5, 5))
	const worlds, customers, weeks, ahead = 80, 600, 40, 26
	within, fits := 0, 0
	for range worlds {
		cells, purchases := world(random, customers, weeks, ahead)
		f := FitPurchases(MBGNBD, Data{Cells: cells}, DefaultFitSettings())
		m, ok := f.Purchases()
		if !ok || f.Status != FitOK {
			continue
		}
		fits++
		expected := func(m Purchases) float64 {
			mean, _ := momentsOf(m, cells, weeks, ahead)
			return mean
		}
		_, process := momentsOf(m, cells, weeks, ahead)
		low, high := SumInterval(expected(m), f.ParameterVariance(expected), process, 0)
		if sum := float64(purchases); sum >= low && sum <= high {
			within++
		}
	}
	if fits < worlds*8/10 {
		t.Fatalf("%d of %d worlds could be fitted", fits, worlds)
	}
	wantShare(t, "worlds within the interval", within, fits, IntervalLevel, 0.02)
}

// momentsOf returns the mean and the variance of the purchases of customers of one
// age, who differ in x and in the probability of being alive only.
func momentsOf(m Purchases, cells []Cell, age, h float64) (mean, variance float64) {
	for _, run := range cellsByX(cells) {
		f := m.Futures(float64(run[0].X), 0)(age)
		own, square := f.Expected(h), meanSquare(f, h)
		for _, c := range run {
			alive, n := m.Alive(int(c.X), float64(c.Tx)/7, age, make([]float64, 1)), float64(c.Count)
			mean += n * alive * own
			variance += n * (alive*square - alive*alive*own*own)
		}
	}
	return mean, variance
}

// world simulates customers of the published MBG/NBD acquired in the same week:
// their cells after some weeks, and how often they buy in the weeks after.
func world(random *rand.Rand, customers, weeks, ahead int) (cells []Cell, purchases int) {
	rates := distuv.Gamma{Alpha: publishedMBG.R, Beta: publishedMBG.Alpha, Src: random}
	dropout := distuv.Beta{Alpha: publishedMBG.A, Beta: publishedMBG.B, Src: random}
	end := int32(7 * weeks)
	for range customers {
		own := Cell{T: end, Count: 1}
		rate, leaves := rates.Rand(), dropout.Rand()
		day := 0.0
		for random.Float64() >= leaves {
			day += 7 * random.ExpFloat64() / rate
			if day > float64(end+int32(7*ahead)) {
				break
			}
			if on := int32(math.Ceil(day)); on > end {
				purchases++
			} else if on > own.Tx {
				own.X, own.Tx = own.X+1, on
			}
		}
		cells = append(cells, own)
	}
	return mergeCells(cells), purchases
}

func TestSlopesOfASampleAreThoseOfAllCells(t *testing.T) {
	// The uncertainty of the lifetime purchases of all customers of CDNOW that is due
	// to parameters, from 256 cells and purchases counted, against all 1,016 and
	// purchases discounted. A tenth is what an interval may be too narrow or wide.
	cells, _ := cellsOf(cdnow(t, "CDNOW_sample.txt", 1))
	s := publishedSettings()
	s.Fit = FitPurchases(MBGNBD, Data{Cells: cells}, DefaultFitSettings())
	delta, lifetime := s.DiscountPerDay*7, len(s.HorizonDays)-1
	want := math.Sqrt(s.Fit.ParameterVariance(func(m Purchases) (sum float64) {
		for _, c := range cells {
			sum += float64(c.Count) * At(m, int(c.X), float64(c.Tx)/7, float64(c.T)/7).Discounted(delta, math.Inf(1))
		}
		return sum
	}))
	l, scorer := newSlopes(s, cells, nil), s.scorer(cells)
	gradient, total := make([]float64, 4), 0.0
	for _, c := range cells {
		score := scorer.Score(c.X, c.Tx, c.T)
		amount := float64(c.Count) * score.Outlook(lifetime).Discounted
		total += amount
		for i, slope := range l.groups[l.group(c.T)] {
			gradient[i] += amount * slope
		}
	}
	wantClose(t, "standard deviation of the logarithm", math.Sqrt(s.Fit.varianceAlong(gradient))/total, want, 0.1)
}
