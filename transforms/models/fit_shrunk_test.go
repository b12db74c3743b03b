package models

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

// segmentsOf draws the parameters of segments around a model, ln θ_g ~
// Normal(ln θ₀, τ²·I⁻¹), and customers of each.
func segmentsOf(t *testing.T, center Geometric, tau float64, sizes []int, seed uint64) (truths []Geometric, segments []Data) {
	t.Helper()
	information, ok := FitPurchases(center.Family, Data{Cells: simulate(center, 20_000, 600, 99)}, days()).information()
	if !ok {
		t.Fatal("the center has no information")
	}
	dim := 4
	spread := mat.NewSymDense(dim, nil)
	for i := range dim {
		for j := i; j < dim; j++ {
			spread.SetSym(i, j, information[i][j])
		}
	}
	var factor mat.Cholesky
	if !factor.Factorize(spread) {
		t.Fatal("the information is not positive definite")
	}
	var upper mat.TriDense
	factor.UTo(&upper)
	random := rand.New(rand.NewPCG(seed, 1))
	for g, size := range sizes {
		z := mat.NewVecDense(dim, nil)
		for i := range dim {
			z.SetVec(i, tau*random.NormFloat64())
		}
		var away mat.VecDense // UᵀU = I, so that U⁻¹z has the covariance τ²·I⁻¹
		if err := away.SolveVec(&upper, z); err != nil {
			t.Fatal(err)
		}
		truth := Geometric{
			center.Family, center.R * math.Exp(away.AtVec(0)), center.Alpha * math.Exp(away.AtVec(1)),
			center.A * math.Exp(away.AtVec(2)), center.B * math.Exp(away.AtVec(3)),
		}
		truths = append(truths, truth)
		segments = append(segments, Data{Cells: simulate(truth, size, 600, seed*1000+uint64(g))})
	}
	return truths, segments
}

// days are the settings of models whose unit is a day.
func days() FitSettings {
	s := DefaultFitSettings()
	s.DaysPerUnit = 1
	return s
}

// together is the fit of all segments.
func together(segments []Data) Fit {
	var all []Cell
	for _, d := range segments {
		all = append(all, d.Cells...)
	}
	return FitPurchases(MBGNBD, Data{Cells: mergeCells(all)}, days())
}

// yearOf is what the fits get wrong: purchases of a new customer in a year.
func yearOf(m Purchases) float64 { return math.Log(At(m, 0, 0, 0).Expected(365)) }

var segmentCenter = Geometric{MBGNBD, 0.6, 45, 0.8, 1.9}

func TestShrunkFitsAreNearerTheTruthThanTheirOwnAndThanOne(t *testing.T) {
	// The whole base counts as 100 customers, segments have 150 to 700: their own
	// data and those of all weigh alike.
	var sizes []int
	for g := range 40 {
		sizes = append(sizes, 150+(g*g*7)%550)
	}
	truths, segments := segmentsOf(t, segmentCenter, 0.1, sizes, 3)
	pooled := together(segments)
	var ofShrunk, ofOwn, ofOne float64
	for g, f := range FitPurchasesBySegment(pooled, segments, days()) {
		own, _ := FitPurchases(MBGNBD, segments[g], days()).Purchases()
		one, _ := pooled.Purchases()
		shrunk, ok := f.Purchases()
		if !ok || own == nil {
			t.Fatalf("segment %d: %s: %s", g, f.Status, f.Reason)
		}
		want := yearOf(truths[g])
		ofShrunk += math.Pow(yearOf(shrunk)-want, 2)
		ofOwn += math.Pow(yearOf(own)-want, 2)
		ofOne += math.Pow(yearOf(one)-want, 2)
	}
	if !(ofShrunk < ofOwn && ofShrunk < ofOne) {
		t.Errorf("shrunk fits are not the best: %v, own %v, one for all %v", ofShrunk, ofOwn, ofOne)
	}
}

func TestTheSpreadOfSegmentsIsRecovered(t *testing.T) {
	var sizes []int
	for g := range 60 {
		sizes = append(sizes, 300+g*20)
	}
	for _, tau := range []float64{0.05, 0.1, 0.2} {
		_, segments := segmentsOf(t, segmentCenter, tau, sizes, 5)
		pooled := together(segments)
		own := make([]segment, len(segments))
		for i, d := range segments {
			own[i].problem = func() problem { return newPurchaseProblem(familyOf(MBGNBD), d, days()) }
			own[i].fitOwn(pooled, days())
		}
		// τ² is a mean of 4·59 squares, good to 9 %, and by likelihoods that are not
		// quadratic; a quarter is far less than what a fit would feel.
		if got := math.Sqrt(1 / priorCustomers(4, own)); !(math.Abs(got/tau-1) < 0.25) {
			t.Errorf("the spread is estimated as %v, it is %v", got, tau)
		}
	}
}

func TestSegmentsThatDoNotDifferHaveTheParametersOfTheBase(t *testing.T) {
	// One base in four equal parts: ΣD_g is 0, less than chance makes it.
	var whole, part []Cell
	for _, c := range simulate(segmentCenter, 2000, 400, 21) {
		part = append(part, c)
		c.Count *= 4
		whole = append(whole, c)
	}
	pooled := FitPurchases(MBGNBD, Data{Cells: whole}, days())
	for _, f := range FitPurchasesBySegment(pooled, []Data{{Cells: part}, {Cells: part}, {Cells: part}, {Cells: part}}, days()) {
		if !slices.Equal(f.Parameters, pooled.Parameters) || f.Status != FitOK || !strings.Contains(f.Reason, "chance") {
			t.Errorf("%s: %v, of the base %v: %s", f.Status, f.Parameters, pooled.Parameters, f.Reason)
		}
	}
}

func TestSegmentByItselfHasTheParametersOfTheBase(t *testing.T) {
	cells := simulate(segmentCenter, 2000, 400, 22)
	pooled := FitPurchases(MBGNBD, Data{Cells: cells}, days())
	for _, f := range FitPurchasesBySegment(pooled, []Data{{Cells: cells}}, days()) {
		if !slices.Equal(f.Parameters, pooled.Parameters) {
			t.Errorf("%v, of the base %v", f.Parameters, pooled.Parameters)
		}
	}
}

func TestSegmentOfManyCustomersHasItsOwnMaximum(t *testing.T) {
	// The segments differ by a factor of three in their rates; the one of 40,000
	// customers is drawn by a share m/(n+m) of its distance to the whole base, in
	// some direction, and no further.
	large, small := simulate(segmentCenter, 40_000, 600, 23), simulate(Geometric{MBGNBD, 0.6, 15, 0.8, 1.9}, 4_000, 600, 24)
	segments := []Data{{Cells: large}, {Cells: small}}
	pooled, own := together(segments), FitPurchases(MBGNBD, segments[0], days())
	f := FitPurchasesBySegment(pooled, segments, days())[0]
	for i, p := range f.Parameters {
		away, whole := math.Log(p.Estimate/own.Parameters[i].Estimate), math.Log(pooled.Parameters[i].Estimate/own.Parameters[i].Estimate)
		if !(math.Abs(away) < 0.02*math.Abs(whole)) {
			t.Errorf("%s is %v, its own maximum is at %v, that of the base at %v: %s", p.Name, p.Estimate, own.Parameters[i].Estimate, pooled.Parameters[i].Estimate, f.Reason)
		}
	}
}

func TestPriorIsAsManyCustomersAsItSays(t *testing.T) {
	// At the top of the prior its curvature is that of the whole base's mean
	// log-likelihood; its covariance beside nobody that of m customers.
	cells := simulate(segmentCenter, 5000, 400, 25)
	pooled := FitPurchases(MBGNBD, Data{Cells: cells}, days())
	information, _ := pooled.information()
	p := newPurchaseProblem(familyOf(MBGNBD), Data{Cells: cells}, days())
	base, center := p.objective, p.thetaOf(pooled)
	nothing := func(vector) evaluation { return evaluation{} }
	got := objective(prior{information, center, 100}.beside(nothing, 4, 0)).at(center)
	want := base.at(center)
	for i := range 4 {
		for j := range 4 {
			// The information went through two inversions of a matrix whose
			// curvatures span a factor of a thousand.
			wantClose(t, "curvature", got.hessian[i][j], want.hessian[i][j], 1e-8)
		}
	}
}

func TestPriorHasTheDerivativesOfItsValue(t *testing.T) {
	information := matrix{{2, 0.5, 0.1}, {0.5, 1, -0.3}, {0.1, -0.3, 0.7}}
	f := prior{information, vector{0.3, -1, 2}, 30}.beside(newSpendLikelihood([]SpendCell{{250_000, 1, 3}, {900_000, 2, 2}}, nil).evaluate, 3, 5)
	at := vector{1.7, 0.6, 4}
	here := f(at)
	for i := range 3 {
		// As in TestGradientAndHessianAreTheDerivativesOfTheLikelihood.
		step := 1e-5 * at[i]
		up, down := at, at
		up[i] += step
		down[i] -= step
		high, low := f(up), f(down)
		if want := (high.value - low.value) / (2 * step); math.Abs(here.gradient[i]-want) > 1e-7*(1+math.Abs(want)) {
			t.Errorf("derivative %d = %v, difference %v", i, here.gradient[i], want)
		}
		for j := range 3 {
			want := (high.gradient[j] - low.gradient[j]) / (2 * step)
			got := here.hessian[min(i, j)][max(i, j)] // likelihoods fill the upper triangle at least
			if math.Abs(got-want) > 1e-7*(1+math.Abs(want)) {
				t.Errorf("second derivative %d %d = %v, difference %v", i, j, got, want)
			}
		}
	}
}

func TestSegmentsOfTooFewDataHaveNoParameters(t *testing.T) {
	segments := []Data{{Cells: simulate(segmentCenter, 3000, 400, 26)}, {Cells: simulate(segmentCenter, 20, 400, 27)}, {}}
	fits := FitPurchasesBySegment(together(segments), segments, days())
	for i, want := range []FitStatus{FitOK, FitInsufficientData, FitInsufficientData} {
		if fits[i].Status != want || (len(fits[i].Parameters) > 0) != (want == FitOK) {
			t.Errorf("segment %d: %s with %d parameters, want %s", i, fits[i].Status, len(fits[i].Parameters), want)
		}
	}
}

func TestSegmentsOfAFitWithoutAMaximumAreNotDrawnToIt(t *testing.T) {
	cells := simulate(Geometric{Family: NBD, R: 1e7, Alpha: 3e8}, 3000, 365, 5) // on the bound
	pooled := FitPurchases(NBD, Data{Cells: cells}, DefaultFitSettings())
	for _, f := range FitPurchasesBySegment(pooled, []Data{{Cells: cells}, {Cells: cells}}, DefaultFitSettings()) {
		if !slices.Equal(f.Parameters, pooled.Parameters) || f.Status != pooled.Status || !strings.Contains(f.Reason, "boundary") {
			t.Errorf("%s: %v, of the base %s: %v: %s", f.Status, f.Parameters, pooled.Status, pooled.Parameters, f.Reason)
		}
	}
}

// spenders draws customers of a model of spend, with one to six purchases.
func spenders(m Spend, customers int, seed uint64) []SpendCell {
	source := rand.NewPCG(seed, 0)
	random := rand.New(source)
	var cells []SpendCell
	for range customers {
		scale := distuv.Gamma{Alpha: m.Q, Beta: m.Gamma, Src: source}.Rand()
		x := 1 + random.Int32N(6)
		sum := distuv.Gamma{Alpha: m.P * float64(x), Beta: scale, Src: source}.Rand()
		cells = append(cells, SpendCell{X: x, Sum: int64(sum*10_000) + 1, Count: 1})
	}
	slices.SortFunc(cells, func(a, b SpendCell) int { return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(a.Sum, b.Sum)) })
	return cells
}

func TestSpendOfSegmentsIsBetweenItsOwnAndThatOfTheBase(t *testing.T) {
	var all []SpendCell
	var segments [][]SpendCell
	for g, gamma := range []float64{10, 15, 20, 30} {
		cells := spenders(Spend{6, 4, gamma}, 150, uint64(30+g))
		segments, all = append(segments, cells), append(all, cells...)
	}
	slices.SortFunc(all, func(a, b SpendCell) int { return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(a.Sum, b.Sum)) })
	pooled := FitSpend(all, DefaultFitSettings())
	mean := func(f Fit) float64 {
		spend, ok := f.Spend()
		if !ok {
			t.Fatalf("%s: %s", f.Status, f.Reason)
		}
		value, _ := spend.PopulationMean().Get()
		return value
	}
	for g, f := range FitSpendBySegment(pooled, segments, DefaultFitSettings()) {
		own := mean(FitSpend(segments[g], DefaultFitSettings()))
		if low, high := min(own, mean(pooled)), max(own, mean(pooled)); !(mean(f) > low && mean(f) < high) {
			t.Errorf("segment %d: mean %v, its own %v, of the base %v", g, mean(f), own, mean(pooled))
		}
	}
}

func TestSearchFromAnEarlierFitEndsAtTheSameMaximum(t *testing.T) {
	// Far from where searches begin otherwise; last month's customers are most of
	// this month's.
	cells := simulate(Geometric{MBGNBD, 2.5, 200, 0.2, 1.1}, 20_000, 600, 40)
	fresh := FitPurchases(MBGNBD, Data{Cells: cells}, DefaultFitSettings())
	again := DefaultFitSettings()
	again.From = []Fit{FitPurchases(MBGNBD, Data{Cells: cells[:len(cells)*98/100]}, DefaultFitSettings())}
	got := FitPurchases(MBGNBD, Data{Cells: cells}, again)
	if !(got.Iterations < fresh.Iterations) {
		t.Errorf("%d iterations from an earlier fit, %d without", got.Iterations, fresh.Iterations)
	}
	for i, p := range got.Parameters {
		// A gradient of 3e-11 with a curvature of 0.003 leaves 1e-8.
		wantClose(t, p.Name, p.Estimate, fresh.Parameters[i].Estimate, 2e-8)
	}
	spend := spenders(Spend{6, 4, 15}, 2000, 42)
	first := FitSpend(spend, DefaultFitSettings())
	again.From = []Fit{first}
	if got := FitSpend(spend, again); got.Iterations != 0 {
		t.Errorf("%d iterations from the maximum itself", got.Iterations)
	}
}

func TestSearchFromABoundGoesOnElsewhere(t *testing.T) {
	cells := simulate(segmentCenter, 5000, 600, 43)
	settings := DefaultFitSettings()
	settings.From = []Fit{{Family: MBGNBD, Status: FitBoundary, Parameters: []Parameter{{Name: "r", Estimate: 1}, {Name: "alpha", Estimate: 1}, {Name: "a", Estimate: 1e-9}, {Name: "b", Estimate: 1e9}}}}
	fresh := FitPurchases(MBGNBD, Data{Cells: cells}, DefaultFitSettings())
	got := FitPurchases(MBGNBD, Data{Cells: cells}, settings)
	for i, p := range got.Parameters {
		wantClose(t, p.Name, p.Estimate, fresh.Parameters[i].Estimate, 2e-8) // as above
	}
}
