package numeric

import (
	"encoding/json"
	"math"
	"math/big"
	"os"
	"strconv"
	"testing"
)

// relative returns |got/want − 1|, or |got| where want is 0.
func relative(got, want float64) float64 {
	if want == 0 {
		return math.Abs(got)
	}
	return math.Abs(got/want - 1)
}

type highPrecisionRow struct {
	Function string    `json:"function"`
	Args     []float64 `json:"args"`
	Value    string    `json:"value"`
}

// highPrecision reads the rows of one function from testdata/high_precision.json.
func highPrecision(t *testing.T, function string) (rows []highPrecisionRow) {
	t.Helper()
	text, err := os.ReadFile("testdata/high_precision.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Rows []highPrecisionRow }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, row := range file.Rows {
		if row.Function == function {
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		t.Fatalf("no rows of %s", function)
	}
	return rows
}

// checkHighPrecision compares f with its rows. The tolerance is relative.
func checkHighPrecision(t *testing.T, function string, tolerance float64, f func(args []float64) float64) {
	t.Helper()
	for _, row := range highPrecision(t, function) {
		want, err := strconv.ParseFloat(row.Value, 64)
		if err != nil {
			t.Fatal(err)
		}
		if got := f(row.Args); !(relative(got, want) <= tolerance) {
			t.Errorf("%s%v = %.17g, want %.17g (relative error %.1e, allowed %.0e)", function, row.Args, got, want, relative(got, want), tolerance)
		}
	}
}

func TestLogarithmsAgreeWithHighPrecision(t *testing.T) {
	// The tolerances are the conditioning of the functions in their arguments:
	// a few units in the last place of the largest intermediate term.
	checkHighPrecision(t, "LogAddExp", 4e-16, func(a []float64) float64 { return LogAddExp(a[0], a[1]) })
	checkHighPrecision(t, "Logistic", 4e-16, func(a []float64) float64 { return Logistic(a[0]) })
	checkHighPrecision(t, "LogRising", 1e-13, func(a []float64) float64 { return LogRising(a[0], a[1]) })
	checkHighPrecision(t, "DigammaRise", 1e-14, func(a []float64) float64 { return DigammaRise(a[0], a[1]) })
	checkHighPrecision(t, "Trigamma", 1e-14, func(a []float64) float64 { return Trigamma(a[0]) })
	checkHighPrecision(t, "LogBeta", 1e-13, func(a []float64) float64 { return LogBeta(a[0], a[1]) })
}

func TestTricomiUAgreesWithHighPrecision(t *testing.T) {
	checkHighPrecision(t, "TricomiU", 1e-13, func(a []float64) float64 { return TricomiU(a[0], a[1]) })
}

// Relative to the derivatives' size by the logarithms of the variables: where
// terms cancel, what is left of a derivative is no better than they are.
func TestParetoFirstAgreesWithHighPrecision(t *testing.T) {
	checkHighPrecision(t, "ParetoFirst", 2e-15, func(a []float64) float64 { return ParetoFirst(a[0], a[1], a[2], a[3]).Value })
	const names, tolerance = "rasb", 1e-13 // with r and a of a million, variables cancel to the 13th digit
	check := func(name string, derivative func(j Jet) float64, size func(a []float64) float64) {
		for _, row := range highPrecision(t, "ParetoFirst/"+name) {
			want, err := strconv.ParseFloat(row.Value, 64)
			if err != nil {
				t.Fatal(err)
			}
			a := row.Args
			j := ParetoFirst(a[0], a[1], a[2], a[3])
			if got := derivative(j); !(math.Abs(got-want)*size(a) <= tolerance*j.Value) {
				t.Errorf("ParetoFirst%v by %s = %.17g, want %.17g", a, name, got, want)
			}
		}
	}
	for i := range names {
		check(names[i:i+1], func(j Jet) float64 { return j.Gradient[i] }, func(a []float64) float64 { return a[i] })
		for k := i; k < len(names); k++ {
			check(names[i:i+1]+names[k:k+1], func(j Jet) float64 { return j.Hessian[i][k] }, func(a []float64) float64 { return a[i] * a[k] })
		}
	}
}

// Of two variables one is less.
func TestParetoFirstWithRolesExchangedIsTheContrary(t *testing.T) {
	for _, row := range highPrecision(t, "ParetoFirst") {
		a := row.Args
		one, other := ParetoFirst(a[0], a[1], a[2], a[3]), ParetoFirst(a[2], a[3], a[0], a[1])
		if sum := one.Value + other.Value; math.Abs(sum-1) > 4e-15 { // what each is allowed
			t.Errorf("%v: %v and %v add up to 1 + %v", a, one.Value, other.Value, sum-1)
		}
	}
}

func TestTricomiUAtZeroIsTheReciprocalPower(t *testing.T) {
	if got := TricomiU(4, 0); got != 0.25 {
		t.Errorf("TricomiU(4, 0) = %v, want ∫(1+u)^−5 du = 1/4", got)
	}
}

func TestLogAddExpOfAnAbsentTermIsTheOther(t *testing.T) {
	absent := math.Inf(-1)
	if got := LogAddExp(absent, 3); got != 3 {
		t.Errorf("LogAddExp(−∞, 3) = %v, want 3", got)
	}
	if got := LogAddExp(absent, absent); got != absent {
		t.Errorf("LogAddExp(−∞, −∞) = %v, want −∞", got)
	}
	if got := Logistic(absent); got != 0 {
		t.Errorf("Logistic(−∞) = %v, want 0", got)
	}
}

func sumOf(values []float64) float64 {
	var s Sum
	for _, v := range values {
		s.Add(v)
	}
	return s.Value()
}

func TestSumKeepsWhatPlainAdditionLoses(t *testing.T) {
	// By hand: 1 + 1e100 + 1 − 1e100 = 2; plain addition gives 0.
	if got := sumOf([]float64{1, 1e100, 1, -1e100}); got != 2 {
		t.Errorf("sum = %v, want 2", got)
	}
	exact := new(big.Float).SetPrec(200)
	values := make([]float64, 100_000)
	for i := range values {
		values[i] = math.Sin(float64(i)) * math.Exp(float64(i%60))
		exact.Add(exact, new(big.Float).SetPrec(200).SetFloat64(values[i]))
	}
	want, _ := exact.Float64()
	if got := sumOf(values); got != want {
		t.Errorf("sum of 100,000 mixed numbers = %.17g, want %.17g, the exact sum rounded once", got, want)
	}
	if got := sumOf([]float64{1, math.Inf(1), 2}); !math.IsInf(got, 1) {
		t.Errorf("sum with +∞ = %v, want +∞", got)
	}
}

func TestGaussJacobiReproducesTheMomentsOfTheBetaDistribution(t *testing.T) {
	// E p^k = Π_{j<k} (a+j)/(a+b+j). A rule of n nodes is exact up to k = 2n−1;
	// the tolerance allows the rounding of eigenvalues of size 1.
	for _, n := range []int{1, 2, 16, 32, 64} {
		for _, ab := range [][2]float64{{0.793, 2.426}, {1, 1}, {0.5, 0.5}, {0.01, 3}, {5, 0.02}, {2, 1500}, {40, 60}} {
			a, b := ab[0], ab[1]
			rule := GaussJacobi(n, a, b)
			want := 1.0
			for k := range min(2*n, 8) {
				got := rule.Integrate(func(p float64) float64 { return math.Pow(p, float64(k)) })
				if relative(got, want) > 1e-12 {
					t.Errorf("n = %d, a = %v, b = %v: E p^%d = %.16g, want %.16g", n, a, b, k, got, want)
				}
				want *= (a + float64(k)) / (a + b + float64(k))
			}
		}
	}
}

func TestGradedBetaReproducesTheMomentsOfTheBetaDistribution(t *testing.T) {
	for _, grade := range []float64{0.2, 1e-2, 1e-6} {
		for _, ab := range [][2]float64{{0.793, 2.426}, {1, 1}, {0.05, 0.3}, {16, 2.5}, {16, 1500}, {0.8, 1500}, {3, 90}} {
			a, b := ab[0], ab[1]
			rule := GradedBeta(a, b, grade)
			want := 1.0
			for k := range 5 {
				got := rule.Integrate(func(p float64) float64 { return math.Pow(p, float64(k)) })
				if relative(got, want) > 1e-11 { // the panels' own error, not rounding
					t.Errorf("grade %v, a = %v, b = %v: E p^%d = %.16g, want %.16g", grade, a, b, k, got, want)
				}
				want *= (a + float64(k)) / (a + b + float64(k))
			}
		}
	}
}

// GradedGamma is for y^d and what rises like it up to the grade: E y^d = (r)_d, and
// E y/(y+w) = r·U(1, 1−r, w), which has high precision of its own.
func TestGradedGammaReproducesTheGammaDistribution(t *testing.T) {
	for _, grade := range []float64{10, 0.1, 1e-4} {
		for _, r := range []float64{0.01, 0.5, 1, 7, 79, 81, 6000, 100_000} {
			want := 1.0
			for d := range 5 {
				rule := GradedGamma(r, d, grade)
				if got := rule.Integrate(func(y float64) float64 { return math.Pow(y, float64(d)) }); relative(got, want) > 1e-12 {
					t.Errorf("grade %v, r = %v: E y^%d = %.16g, want %.16g", grade, r, d, got, want)
				}
				want *= r + float64(d)
			}
			rule := GradedGamma(r, 1, grade)
			got, want := rule.Integrate(func(y float64) float64 { return y / (y + grade) }), r*TricomiU(r, grade)
			if relative(got, want) > 1e-12 {
				t.Errorf("grade %v, r = %v: E y/(y+grade) = %.16g, want %.16g", grade, r, got, want)
			}
		}
	}
}

func TestPanelsIntegrateAnExponential(t *testing.T) {
	got := Panels(-1, 5, 2).Integrate(math.Exp)
	if want := math.Exp(5) - math.Exp(-1); relative(got, want) > 1e-15 {
		t.Errorf("∫ e^x over [−1, 5] = %.17g, want %.17g", got, want)
	}
}

func TestWilsonIntervalContainsTheShareAndStaysInBounds(t *testing.T) {
	// mpmath 1.3.0, 40 digits, from the formula.
	lo, hi := Wilson(15, 50, Z90)
	if wantLo, wantHi := 0.20593364691142896, 0.41459962740307912; relative(lo, wantLo) > 1e-12 || relative(hi, wantHi) > 1e-12 {
		t.Errorf("Wilson(15, 50) = %.14f, %.14f, want %.14f, %.14f", lo, hi, wantLo, wantHi)
	}
	for n := int64(1); n <= 40; n++ {
		for k := int64(0); k <= n; k++ {
			lo, hi := Wilson(k, n, Z90)
			share := float64(k) / float64(n)
			if !(0 <= lo && lo <= share && share <= hi && hi <= 1) {
				t.Errorf("Wilson(%d, %d) = %v, %v does not contain %v within [0, 1]", k, n, lo, hi, share)
			}
		}
	}
	if lo, hi := Wilson(0, 0, Z90); lo != 0 || hi != 1 {
		t.Errorf("Wilson(0, 0) = %v, %v, want 0, 1", lo, hi)
	}
}

func TestChebyshevInterpolatesToTheLastDigits(t *testing.T) {
	// 1/(1+25t²) on [−1, 1] is Runge's: its poles are 0.2 away from the interval,
	// so that the error falls by 1.22 a degree (Trefethen 2013, theorem 8.2), to
	// below 1e-15 at 200. ln(1+e^t) has its singularities π away, exp has none.
	for _, c := range []struct {
		f        func(float64) float64
		degree   int
		from, to float64
	}{
		{func(t float64) float64 { return 1 / (1 + 25*t*t) }, 200, -1, 1},
		{math.Exp, 24, -3, 2},
		{func(t float64) float64 { return math.Log1p(math.Exp(t)) }, 24, 1, 4},
	} {
		interpolation := NewChebyshev(c.degree, c.from, c.to)
		weights := make([]float64, c.degree+1)
		for i := range 1001 {
			at := c.from + (c.to-c.from)*float64(i)/1000
			interpolation.WeightsAt(at, weights)
			got := 0.0
			for k, point := range interpolation.Points {
				got += weights[k] * c.f(point)
			}
			if want := c.f(at); !(math.Abs(got-want) <= 2e-14) { // of values up to 7.4, by sums of up to 201
				t.Errorf("degree %d at %v: %v, want %v", c.degree, at, got, want)
			}
		}
	}
}

func TestChebyshevPointsOfTwiceTheDegreeAreThoseAndMore(t *testing.T) {
	once, twice := NewChebyshev(12, 1.7, 8.3), NewChebyshev(24, 1.7, 8.3)
	for k, point := range once.Points {
		if twice.Points[2*k] != point {
			t.Errorf("point %d: %v of degree 12, %v of degree 24", k, point, twice.Points[2*k])
		}
	}
}
