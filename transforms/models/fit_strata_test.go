package models

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// spender is a simulated customer with a mean of their own, which who fits does not
// know.
type spender struct {
	x    int32
	sum  int64
	mean float64
}

// simulateLevels draws customers of x = 1 to 8, who spend `more` of a share more
// with every purchase beyond the first, and their cells.
func simulateLevels(s Spend, more float64, customers int, seed uint64) (list []spender, cells []SpendCell) {
	source := rand.NewPCG(seed, 0)
	random := rand.New(source)
	for range customers {
		x := 1 + random.Int32N(8)
		rate := distuv.Gamma{Alpha: s.Q, Beta: s.Gamma * levelOf(x, more), Src: source}.Rand()
		sum := distuv.Gamma{Alpha: s.P * float64(x), Beta: rate, Src: source}.Rand()
		list = append(list, spender{x, int64(math.Round(sum * 1e4)), s.P / rate})
		cells = append(cells, SpendCell{X: x, Sum: int64(math.Round(sum * 1e4)), Count: 1})
	}
	return list, mergeSpend(cells)
}

func levelOf(x int32, more float64) float64 { return 1 + more*float64(x-1) }

func fitByFrequency(cells []SpendCell) (pooled Fit, strata Strata, why string) {
	pooled = FitSpend(cells, DefaultFitSettings())
	strata, why = FitSpendByFrequency(pooled, cells, DefaultFitSettings())
	return pooled, strata, why
}

func TestStrataAreAcceptedWhereValueDependsOnFrequencyOnly(t *testing.T) {
	truth := Spend{P: 6, Q: 4, Gamma: 15}
	for seed := range uint64(5) {
		_, cells := simulateLevels(truth, 0, 4000, seed)
		if _, strata, why := fitByFrequency(cells); len(strata) != 0 || !strings.Contains(why, "explain no more") {
			t.Errorf("seed %d: independent: %d strata, %s", seed, len(strata), why)
		}
		_, cells = simulateLevels(truth, 0.05, 4000, seed)
		if _, strata, why := fitByFrequency(cells); len(strata) != mostStrata || !strings.Contains(why, "explain more") {
			t.Errorf("seed %d: 5 %% more with every purchase: %d strata, %s", seed, len(strata), why)
		}
	}
}

func TestStrataRecoverTheLevels(t *testing.T) {
	const more = 0.05
	truth := Spend{P: 6, Q: 4, Gamma: 15}
	_, cells := simulateLevels(truth, more, 20_000, 1)
	pooled, strata, why := fitByFrequency(cells)
	if len(strata) != mostStrata {
		t.Fatalf("%d strata: %s", len(strata), why)
	}
	for _, s := range strata {
		if s.Fit.Status != FitOK || s.Model.P != pooled.Parameters[0].Estimate || s.Model.Q != pooled.Parameters[1].Estimate {
			t.Errorf("%s: %s, %v, pooled %v", &s, s.Fit.Status, s.Model, pooled.Parameters)
		}
		// The mean of the population's means over the stratum's x, which are as frequent
		// as each other, to 3.5 standard errors, as in TestSpendFitRecovers….
		population, _ := truth.PopulationMean().Get()
		want := population * (levelOf(s.From, more) + levelOf(min(s.To, 8), more)) / 2
		got, _ := s.Model.PopulationMean().Get()
		if e := s.Fit.meanError(0); !(math.Abs(got/want-1) < 3.5*e) || e > 0.03 {
			t.Errorf("%s: mean %v ± %.1f %%, want %v", &s, got, 100*e, want)
		}
	}
}

// The error of gamma is what simulations show: the deviation of 60 fits has a
// relative error of 9 %, here 3 of them. It is to first order, and p and q vary.
func TestErrorOfALevelIsThatOfSimulations(t *testing.T) {
	truth := Spend{P: 6, Q: 4, Gamma: 15}
	var logs []float64
	mean, errors := 0.0, 0.0
	const fits = 60
	for seed := range uint64(fits) {
		_, cells := simulateLevels(truth, 0.1, 2000, 100+seed)
		_, strata, why := fitByFrequency(cells)
		if len(strata) != mostStrata {
			t.Fatalf("seed %d: %s", seed, why)
		}
		logs = append(logs, math.Log(strata[0].Fit.Parameters[2].Estimate))
		mean += logs[seed] / fits
		errors += math.Sqrt(strata[0].Fit.Covariance[2][2]) / fits
	}
	square := 0.0
	for _, l := range logs {
		square += (l - mean) * (l - mean) / (fits - 1)
	}
	if ratio := errors / math.Sqrt(square); !(ratio > 0.73 && ratio < 1.27) {
		t.Errorf("standard error %.4f, deviation of the estimates %.4f", errors, math.Sqrt(square))
	}
}

// Who is valued by the stratum is valued nearer to the mean that they have.
func TestStrataPredictBetterWhereValueDependsOnFrequency(t *testing.T) {
	customers, cells := simulateLevels(Spend{P: 3, Q: 4, Gamma: 15}, 0.15, 10_000, 7)
	pooled, strata, why := fitByFrequency(cells)
	if len(strata) == 0 {
		t.Fatal(why)
	}
	squares := func(s Strata) (squares, oneTime float64) {
		for _, c := range customers {
			got, _ := s[s.Place(int(c.x))].Model.Expected(int(c.x), float64(c.sum)/1e4/float64(c.x)).Get()
			squares += (got - c.mean) * (got - c.mean)
		}
		oneTime, _ = s[s.Place(0)].Model.PopulationMean().Get()
		return squares, oneTime
	}
	before, ofAll := squares(OneStratum(pooled))
	after, ofLowest := squares(strata)
	if !(after < 0.97*before) { // a gain of 3 % is beyond what 12 levels could be fitted to chance
		t.Errorf("Σ squared errors %v, pooled %v", after, before)
	}
	if !(ofLowest < 0.8*ofAll) { // who buys least spends 32 % less than the mean of x = 1 to 8
		t.Errorf("without a purchase of value %v, the mean of all is %v", ofLowest, ofAll)
	}
}

func TestStrataBeginAtQuarters(t *testing.T) {
	cellsOf := func(counts ...int32) (cells []SpendCell) {
		for i, n := range counts {
			x := int32(i + 1)
			cells = append(cells, SpendCell{X: x, Sum: -5, Count: 1000}, SpendCell{X: x, Sum: 10, Count: n})
		}
		return cells
	}
	for _, c := range []struct {
		counts []int32
		want   string
	}{
		{nil, "1+"},
		{[]int32{500}, "1+"},
		{[]int32{100, 100, 100, 100}, "1, 2, 3, 4+"},
		{[]int32{800, 100, 100}, "1, 2+"},           // the first is more than three quarters
		{[]int32{240, 240, 240, 280}, "1-2, 3, 4+"}, // 480 is beyond a quarter, 720 beyond a half
		{[]int32{60, 60, 60, 20}, "1, 2, 3+"},       // 20 are too few alone
		{[]int32{30, 30, 30, 30}, "1-2, 3+"},        // 30 are too few
		{[]int32{40, 40}, "1+"},
	} {
		got := strataOf(cellsOf(c.counts...), 50)
		if got.text() != c.want || !got.AreWhole() {
			t.Errorf("%v: strata %s, want %s", c.counts, got.text(), c.want)
		}
	}
}

func TestStrataReadBackFromTheirNames(t *testing.T) {
	for _, s := range []Stratum{{From: 1, To: 1}, {From: 2, To: 13}, {From: 14, To: math.MaxInt32}} {
		if got, ok := ParseStratum(s.String()); !ok || got.From != s.From || got.To != s.To {
			t.Errorf("%s is read as %s, %v", &s, &got, ok)
		}
	}
	for _, text := range []string{"", "0", "-1", "3-2", "2-", "2+-3", "1-+", "01", "4-4", "x", "99999999999"} {
		if got, ok := ParseStratum(text); ok {
			t.Errorf("%q is read as %s", text, &got)
		}
	}
}

func TestStrataOfNoUseAreNotTried(t *testing.T) {
	_, cells := simulateLevels(Spend{P: 6, Q: 4, Gamma: 15}, 0.1, 60, 1)
	for what, own := range map[string][]SpendCell{
		"nobody": nil, "too few for two": cells,
		"all of one x": slices.DeleteFunc(slices.Clone(cells), func(c SpendCell) bool { return c.X != 1 }),
	} {
		if _, strata, why := fitByFrequency(own); len(strata) != 0 || why != "" {
			t.Errorf("%s: %s", what, why)
		}
	}
	_, cells = simulateLevels(Spend{P: 3, Q: 0.8, Gamma: 20}, 0.5, 5000, 3) // without a mean
	if _, strata, why := fitByFrequency(cells); len(strata) != 0 || why != "" {
		t.Errorf("without a mean: %s", why)
	}
}
