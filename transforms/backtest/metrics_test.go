package backtest

import (
	"math"
	"slices"
	"testing"

	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Ten customers with ties on both sides. What is expected of them is by scipy
// 1.17.1 and numpy 2.4.6: stats.spearmanr; Gini coefficients as 1 less twice the
// area under the Lorenz curve by numpy.trapezoid, tied groups joined by straight
// lines; sums by numpy.
var (
	tenPredicted = []float64{0.5, 2, 0.5, 0.1, 3, 2, 0, 0.1, 0.5, 1}
	tenActual    = []float64{1, 3, 0, 0, 2, 5, 0, 1, 0, 2}
)

// wantNear compares to 1e-13 relative: some operations on numbers of this size.
func wantNear(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !near(got, want) {
		t.Errorf("%s is %.17g, want %.17g", what, got, want)
	}
}

func wantKnown(t *testing.T, what string, got numeric.Null[float64], want float64) {
	t.Helper()
	value, ok := got.Get()
	if !ok {
		t.Errorf("%s is null, want %v", what, want)
		return
	}
	wantNear(t, what, value, want)
}

func TestMetricsAgreeWithScipy(t *testing.T) {
	m := order(ranked(tenPredicted), ranked(tenActual))
	wantNear(t, "predicted", m.Predicted, 9.7)
	wantNear(t, "actual", m.Actual, 14)
	wantNear(t, "mae", m.MAE, 0.85)
	wantNear(t, "rmse", m.RMSE, 1.164903429473877)
	wantKnown(t, "bias", m.Bias, -0.30714285714285716)
	wantKnown(t, "wape", m.WAPE, 0.6071428571428571)
	wantKnown(t, "spearman", m.Spearman, 0.7886073743156408)
	wantKnown(t, "gini", m.GiniNormalised, 0.7926829268292676)
	for i, want := range []float64{0.1 * 2 / 14, 0.5 * 2 / 14, 1.0 * 2 / 14} { // parts of the customer with 3 predicted, who bought 2
		wantKnown(t, "top share", m.Top[i], want)
	}
	for i, want := range []float64{0.1 * 5 / 14, 0.5 * 5 / 14, 1.0 * 5 / 14} {
		wantKnown(t, "ideal top share", m.IdealTop[i], want)
	}
}

// Of the two with 2 predicted, who bought 3 and 5, the top fifth holds one: half
// of 8. It holds the one with 3 predicted, who bought 2.
func TestTiesThatAShareCutsCountInPart(t *testing.T) {
	wantNear(t, "top fifth", ranked(tenPredicted).top(0.2, tenActual), 6)
	wantNear(t, "everybody", ranked(tenPredicted).top(1, tenActual), 14)
}

func TestDecilesAreSharedByTies(t *testing.T) {
	got, want := ranked(tenPredicted).deciles(), []int{4, 8, 4, 2, 10, 8, 1, 2, 4, 7}
	if !slices.Equal(got, want) {
		t.Errorf("deciles %v, want %v", got, want)
	}
}

// Deviances by numpy: 2·(a·ln(a/p) − (a − p)).
func TestDevianceIsThatOfPoisson(t *testing.T) {
	want := []float64{0.3862943611198906, 0.4327906486489863, 1, 0.2, 0.37813956756734224, 3.162907318741551, 2e-9, 2.805170185988092, 1, 0.7725887222397811}
	for i, p := range tenPredicted {
		wantNear(t, "deviance", deviance(p, tenActual[i]), want[i])
	}
	if got := deviance(0, 3); math.IsInf(got, 0) || got < 100 {
		t.Errorf("deviance of purchases that were impossible: %v", got)
	}
}

// What has no meaning is null, never NaN.
func TestMetricsOfNothingAreNull(t *testing.T) {
	for what, c := range map[string][2][]float64{
		"nobody":           {{}, {}},
		"nothing came":     {{1, 2}, {0, 0}},
		"nothing expected": {{0, 0}, {1, 2}},
		"refunds alone":    {{1, 2}, {-1, -2}},
	} {
		m := order(ranked(c[0]), ranked(c[1]))
		for _, v := range []numeric.Null[float64]{m.Bias, m.WAPE, m.Spearman, m.GiniNormalised, m.Top[0], m.IdealTop[2]} {
			if value, _ := v.Get(); math.IsNaN(value) || math.IsInf(value, 0) {
				t.Errorf("%s: %+v", what, m)
			}
		}
		_, hasBias := m.Bias.Get()
		_, hasGini := m.GiniNormalised.Get()
		if hasBias != (what == "nothing expected") || hasGini != (what == "refunds alone") || math.IsNaN(m.MAE+m.RMSE) {
			t.Errorf("%s: %+v", what, m)
		}
	}
}
