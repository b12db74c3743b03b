package models

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// simulateSpend draws customers with 1 to 8 repeat purchases and their money.
func simulateSpend(s Spend, customers int, seed uint64) (cells []SpendCell) {
	source := rand.NewPCG(seed, 0)
	random := rand.New(source)
	for range customers {
		x := 1 + random.Int32N(8)
		rate := distuv.Gamma{Alpha: s.Q, Beta: s.Gamma, Src: source}.Rand()
		sum := distuv.Gamma{Alpha: s.P * float64(x), Beta: rate, Src: source}.Rand()
		cells = append(cells, SpendCell{X: x, Sum: int64(math.Round(sum * 1e4)), Count: 1})
	}
	return mergeSpend(cells)
}

func TestSpendCellsAgreeWithHighPrecision(t *testing.T) {
	// mpmath, 30 digits, 13 printed.
	s := Spend{P: 6.25, Q: 3.74, Gamma: 15.44}
	for _, c := range []struct {
		x                            int
		mean, logLikelihood, expects float64
	}{
		{1, 10, -3.921350502112, 17.68631813126},
		{3, 25.5, -3.612198048321, 26.73918101443},
		{10, 100, -7.147752691602, 97.27927651747},
		{1000, 37.25, -4.123382361119, 37.24910999018},
		{1, 0.01, -35.20491550284, 10.74110122358},
	} {
		wantClose(t, "log-likelihood", s.LogLikelihood(c.x, c.mean), c.logLikelihood, 1e-12)
		got, _ := s.Expected(c.x, c.mean).Get()
		wantClose(t, "expected mean", got, c.expects, 1e-12)
	}
}

func TestSpendFitRecoversTheTruthWithinItsStandardErrors(t *testing.T) {
	truth := Spend{P: 6, Q: 3.7, Gamma: 16}
	f := FitSpend(simulateSpend(truth, 20_000, 1), DefaultFitSettings())
	if f.Status != FitOK {
		t.Fatalf("%s: %s", f.Status, f.Reason)
	}
	for i, want := range []float64{truth.P, truth.Q, truth.Gamma} {
		p := f.Parameters[i]
		se, _ := p.StdError.Get()
		if away := math.Abs(p.Estimate-want) / se; !(away < 3.5) { // one in 700 seeds for three parameters
			t.Errorf("%s = %v ± %v, the truth is %v", p.Name, p.Estimate, se, want)
		}
	}
}

func TestCurrencyScalesGammaAndShiftsTheLikelihoodOfSpend(t *testing.T) {
	cells := simulateSpend(Spend{6, 3.7, 16}, 3000, 2)
	var cents []SpendCell
	for _, c := range cells {
		cents = append(cents, SpendCell{100 * c.Sum, c.X, c.Count})
	}
	one, hundred := FitSpend(cells, DefaultFitSettings()), FitSpend(cents, DefaultFitSettings())
	for i, factor := range []float64{1, 1, 100} {
		// The search ends within 1e-8 of the maximum from either side.
		wantClose(t, one.Parameters[i].Name, hundred.Parameters[i].Estimate, factor*one.Parameters[i].Estimate, 1e-8)
	}
	l1, _ := one.LogLikelihood.Get()
	l100, _ := hundred.LogLikelihood.Get()
	wantClose(t, "log-likelihood in hundredths", l100, l1-3000*math.Log(100), 1e-12)
}

func TestSpendWithoutAMeanGivesNoModel(t *testing.T) {
	// q = 0.8: the mean of the population is infinite.
	f := FitSpend(simulateSpend(Spend{3, 0.8, 20}, 5000, 3), DefaultFitSettings())
	if _, ok := f.Spend(); ok || f.Status != FitBoundary {
		t.Errorf("usable %v, %s: %s", ok, f.Status, f.Reason)
	}
	if _, known := (Spend{3, 0.8, 20}).PopulationMean().Get(); known {
		t.Error("a population without a mean has one")
	}
}

func TestExpectedSpendLiesBetweenTheOwnMeanAndThePopulations(t *testing.T) {
	s := Spend{6.25, 3.74, 15.44}
	population, _ := s.PopulationMean().Get()
	for _, mean := range []float64{0.01, 20, 500} {
		before := population
		for _, x := range []int{1, 2, 10, 1000} {
			got, _ := s.Expected(x, mean).Get()
			if !(math.Abs(got-mean) < math.Abs(before-mean)) {
				t.Errorf("x = %d, m = %v: %v is no closer to m than %v", x, mean, got, before)
			}
			before = got
		}
	}
}

func TestShopWithOnePriceExpectsThatPriceOrNothing(t *testing.T) {
	var cells []SpendCell
	for x := int32(1); x <= 5; x++ {
		cells = append(cells, SpendCell{X: x, Sum: int64(x) * 100_000, Count: 40})
	}
	f := FitSpend(cells, DefaultFitSettings())
	t.Logf("%s: %s, %v", f.Status, f.Reason, f.Parameters)
	if f.Status == FitOK {
		t.Errorf("a spread of values was found where there is none: %v", f.Parameters)
	}
	if s, ok := f.Spend(); ok {
		got, _ := s.Expected(3, 10).Get()
		wantClose(t, "mean value", got, 10, 1e-4)
	}
}

func BenchmarkSpendFitOfAMillionCustomers(b *testing.B) {
	cells := simulateSpend(Spend{6, 4, 15}, 1_000_000, 1)
	for b.Loop() {
		if f := FitSpend(cells, DefaultFitSettings()); f.Status != FitOK {
			b.Fatal(f.Reason)
		}
	}
	b.ReportMetric(float64(len(cells)), "cells")
}
