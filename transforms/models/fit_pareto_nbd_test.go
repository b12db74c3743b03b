package models

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestParetoGradientAndHessianAreTheDerivativesOfTheLikelihood(t *testing.T) {
	cells := append(simulatePareto(Pareto{0.5, 60, 0.7, 90}, 300, 400, 1), Cell{X: 2500, Tx: 9000, T: 9100, Count: 2})
	f := newParetoLikelihood(cells, 300, nil).evaluate
	// The last has alpha and beta so far apart that integrals come before series.
	for _, at := range []vector{{0.4, 0.2, 0.8, 2.4}, {3, 1, 0.05, 0.03}, {0.1, 5, 12, 5}, {0.5, 0.02, 2, 40}} {
		here := f(at)
		for i := range maxParameters {
			// As in TestGradientAndHessian….
			step := 1e-5 * at[i]
			up, down := at, at
			up[i] += step
			down[i] -= step
			high, low := f(up), f(down)
			if want := (high.value - low.value) / (2 * step); math.Abs(here.gradient[i]-want) > 1e-7*(1+math.Abs(want)) {
				t.Errorf("at %v: derivative %d = %v, difference %v", at, i, here.gradient[i], want)
			}
			for j := range maxParameters {
				if want := (high.gradient[j] - low.gradient[j]) / (2 * step); math.Abs(here.hessian[i][j]-want) > 1e-7*(1+math.Abs(want)) {
					t.Errorf("at %v: second derivative %d %d = %v, difference %v", at, i, j, here.hessian[i][j], want)
				}
			}
		}
	}
}

func TestParetoFitObjectiveIsTheSumOfTheLikelihoodsOfCustomers(t *testing.T) {
	cells := simulatePareto(Pareto{0.5, 60, 0.7, 90}, 5000, 400, 2)
	for _, p := range []vector{{0.4, 0.2, 0.8, 2.4}, {0.4, 2.4, 0.8, 1e-3}, {1e5, 4e4, 1e6, 2e6}} {
		m := Pareto{p[0], p[1], p[2], p[3]}
		want := 0.0
		for _, c := range cells {
			want += float64(c.Count) * m.LogLikelihood(int(c.X), float64(c.Tx)/300, float64(c.T)/300)
		}
		got := newParetoLikelihood(cells, 300, nil).evaluate(p).value * float64(totalsOf(cells).customers)
		wantClose(t, "log-likelihood", got, want, 1e-12)
	}
}

// Estimates, log-likelihood and predictions beside "own reference", of the sample
// and of all customers.
func TestParetoFitsOfCDNOWAgreeWithAnIndependentProgram(t *testing.T) {
	for _, data := range []struct {
		name, file string
		idColumn   int
	}{{"cdnow_sample", "CDNOW_sample.txt", 1}, {"cdnow_master", "CDNOW_master.txt", 0}} {
		t.Run(data.name, func(t *testing.T) {
			want := paretoReference(t, data.name)
			shoppers := cdnow(t, data.file, data.idColumn)
			cells, _ := cellsOf(shoppers)
			f := FitPurchases(ParetoNBD, Data{Cells: cells}, DefaultFitSettings())
			checkFit(t, f, want.referenceFit)
			t.Logf("%d iterations", f.Iterations)

			// At the reference's own parameters: what is left is the accuracy of both.
			m := Pareto{want.Params["r"], want.Params["alpha"], want.Params["s"], want.Params["beta"]}
			logLikelihood := 0.0
			for _, c := range cells {
				logLikelihood += float64(c.Count) * m.LogLikelihood(int(c.X), float64(c.Tx)/7, float64(c.T)/7)
			}
			wantClose(t, "log-likelihood", logLikelihood, want.Loglik, 1e-11)
			const accuracy = 1e-8
			scorer := NewScorer(m, 7, want.DERT.Delta/7, []float64{13 * 7, 39 * 7, 52 * 7, math.Inf(1)}, cells, nil)
			for id, alive := range want.Palive {
				c := shoppers[id]
				score := scorer.Score(c.x, c.tx, c.T)
				wantClose(t, "P(alive) of customer "+id, score.Alive, alive, accuracy)
				for i, weeks := range []string{"weeks_13", "weeks_39", "weeks_52"} {
					wantClose(t, "customer "+id+" expected in "+weeks, score.Outlook(i).Expected, want.Cet[weeks][id], accuracy)
				}
				wantClose(t, "customer "+id+" discounted over a year", score.Outlook(2).Discounted, want.Discounted.Year.Values[id], accuracy)
				wantClose(t, "customer "+id+" discounted", score.Outlook(3).Discounted, want.DERT.Values[id], accuracy)
			}
		})
	}
}

// paretoReferenceFit is a Pareto/NBD in shared/reference/cdnow.json.
type paretoReferenceFit struct {
	referenceFit
	DERT struct {
		Delta  float64 `json:"discount_continuous_per_week"`
		Values map[string]float64
	} `json:"dert"`
}

func paretoReference(t *testing.T, dataset string) paretoReferenceFit {
	t.Helper()
	var data struct {
		Programs struct {
			Own struct{ PNBD paretoReferenceFit } `json:"own_reference"`
		}
	}
	if err := json.Unmarshal(referenceOf(t, dataset), &data); err != nil {
		t.Fatal(err)
	}
	return data.Programs.Own.PNBD
}

func TestParetoFitRecoversTheTruthWithinItsStandardErrors(t *testing.T) {
	// As in TestFitsRecover…: 20,000 customers, 3.5 standard errors. A cell counts
	// days, and who bought twice on one counts once: 0.5 % of the purchases here.
	for _, truth := range []Pareto{{0.6, 80, 0.6, 90}, {1.5, 120, 2, 600}} {
		f := FitPurchases(ParetoNBD, Data{Cells: simulatePareto(truth, 20_000, 730, 7)}, DefaultFitSettings())
		if f.Status != FitOK {
			t.Fatalf("%+v: %s: %s", truth, f.Status, f.Reason)
		}
		for i, want := range []float64{truth.R, truth.Alpha / 7, truth.S, truth.Beta / 7} {
			p := f.Parameters[i]
			se, _ := p.StdError.Get()
			if away := math.Abs(p.Estimate-want) / se; !(away < 3.5) {
				t.Errorf("%+v: %s = %v ± %v, the truth is %v", truth, p.Name, p.Estimate, se, want)
			}
		}
	}
}

func TestEveryStartOfParetoLeadsToTheSameMaximum(t *testing.T) {
	cells := simulatePareto(Pareto{0.6, 80, 0.6, 90}, 5000, 400, 11)
	f := newParetoLikelihood(cells, 300, nil).evaluate
	var first maximum
	for i, start := range paretoStarts(totalsOf(cells)) {
		m := maximise(f, maxParameters, start, DefaultFitSettings())
		if i == 0 {
			first = m
		}
		for k := range maxParameters {
			// As in TestEveryStart….
			if m.gradient > gradientTolerance || math.Abs(m.theta[k]-first.theta[k]) > 1e-7 {
				t.Errorf("start %d: ln parameter %d = %.10f with gradient %.0e, from the first start %.10f", i, k, m.theta[k], m.gradient, first.theta[k])
			}
		}
	}
}

func TestParetoUnitOfTimeScalesAlphaAndBetaAndShiftsTheLikelihood(t *testing.T) {
	cells := simulatePareto(Pareto{0.6, 80, 0.6, 90}, 5000, 400, 3)
	weeks, days := DefaultFitSettings(), DefaultFitSettings()
	days.DaysPerUnit = 1
	w, d := FitPurchases(ParetoNBD, Data{Cells: cells}, weeks), FitPurchases(ParetoNBD, Data{Cells: cells}, days)
	for i, factor := range []float64{1, 7, 1, 7} {
		wantClose(t, w.Parameters[i].Name, d.Parameters[i].Estimate, factor*w.Parameters[i].Estimate, 1e-14)
	}
}

// Where the likelihood rises towards a limit of the model, the fit says which, and
// what it predicts are numbers.
func TestParetoFitOnTheBoundSaysWhichModelItIs(t *testing.T) {
	for _, c := range []struct {
		what  string
		cells []Cell
		want  string
	}{
		{"everybody bought on the last day", []Cell{
			{X: 1, Tx: 90, T: 90, Count: 200}, {X: 4, Tx: 90, T: 90, Count: 150}, {X: 9, Tx: 90, T: 90, Count: 50},
		}, "nobody drops out, as in nbd"},
		{"as much as everybody else", []Cell{
			{T: 90, Count: 200}, {X: 1, Tx: 10, T: 90, Count: 200}, {X: 9, Tx: 50, T: 90, Count: 150}, {X: 9, Tx: 90, T: 90, Count: 50},
		}, "all customers buy at one rate"},
		{"equal lives", []Cell{
			{X: 1, Tx: 40, T: 90, Count: 200}, {X: 4, Tx: 42, T: 90, Count: 150}, {X: 20, Tx: 45, T: 90, Count: 100},
		}, "all customers drop out at one rate"},
	} {
		f := FitPurchases(ParetoNBD, Data{Cells: c.cells}, DefaultFitSettings())
		if f.Status != FitBoundary || !strings.Contains(f.Reason, c.want) {
			t.Errorf("%s: %s: %s", c.what, f.Status, f.Reason)
			continue
		}
		m, _ := f.Purchases()
		for _, cell := range c.cells[:min(3, len(c.cells))] {
			customer := At(m, int(cell.X), float64(cell.Tx)/7, float64(cell.T)/7)
			alive, e, d := customer.ProbabilityAlive(), customer.Expected(52), customer.Discounted(0.0018, math.Inf(1))
			if !(alive >= 0 && alive <= 1) || !(e >= 0) || !(d >= 0) || math.IsInf(e, 0) || math.IsInf(d, 0) {
				t.Errorf("%s %+v: P(alive) %v, expected %v, discounted %v", c.what, cell, alive, e, d)
			}
		}
	}
}

func TestParetoFitOfManyCellsIsThatOfFew(t *testing.T) {
	cells := simulatePareto(Pareto{.55, 74, .6, 82}, 160_000, 730, 12)
	if len(cells) <= manyCells {
		t.Fatalf("%d cells are not many", len(cells))
	}
	settings := DefaultFitSettings()
	got := FitPurchases(ParetoNBD, Data{Cells: cells}, settings)
	settings.Each = backwards
	if other := FitPurchases(ParetoNBD, Data{Cells: cells}, settings); !slices.Equal(got.Parameters, other.Parameters) || got.LogLikelihood != other.LogLikelihood {
		t.Errorf("%v in one order, %v in another", got.Parameters, other.Parameters)
	}
	p := newPurchaseProblem(familyOf(ParetoNBD), Data{Cells: cells}, DefaultFitSettings())
	direct := p.fit(p.best(p.starts, DefaultFitSettings()))
	for i, want := range direct.Parameters {
		// As in TestFitOfManyCells….
		wantClose(t, want.Name, got.Parameters[i].Estimate, want.Estimate, 2e-8)
	}
}

func BenchmarkParetoFitOfAMillionCustomers(b *testing.B) {
	cells := simulatePareto(Pareto{.55, 74, .6, 82}, 1_000_000, 730, 9)
	for b.Loop() {
		if f := FitPurchases(ParetoNBD, Data{Cells: cells}, DefaultFitSettings()); f.Status != FitOK {
			b.Fatal(f.Reason)
		}
	}
	b.ReportMetric(float64(len(cells)), "cells")
}

// Every family that counts days, on the sample of 2,357 customers. Gaps between
// purchases, which those of regular purchases add a constant for, are left out.
func BenchmarkFitsOfCDNOWSample(b *testing.B) {
	cells, spend := cellsOf(cdnow(b, "CDNOW_sample.txt", 1))
	for _, f := range families() {
		if f.isDiscrete {
			continue
		}
		b.Run(string(f.name), func(b *testing.B) {
			for b.Loop() {
				FitPurchases(f.name, Data{Cells: cells}, DefaultFitSettings())
			}
		})
	}
	b.Run(string(GammaGamma), func(b *testing.B) {
		for b.Loop() {
			FitSpend(spend, DefaultFitSettings())
		}
	})
}
