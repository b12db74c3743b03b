package backtest

import (
	"math"
	"testing"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Who is inside the interval of a level is who has a least level up to it: by
// comparison with the quantiles of models.Customer.
func TestLeastLevelsAreThoseOfQuantiles(t *testing.T) {
	const origin, horizon = 300, 100
	c := calibrate(settingsOf(models.MBGNBD), historiesOf(MaxSample, shardOf(math.MaxInt32, simulated(1500, 400, 6)...)).AsOf(origin), nil, one)
	m, _ := c.fits.Of(models.MBGNBD).Purchases()
	came := c.outcome(horizon)
	levels := c.leastLevels(models.MBGNBD, m, c.days, horizon, came.purchases, several)
	unit := c.settings.TimeUnit.Days
	for _, level := range []float64{0.3, 0.8, 0.95} {
		for i, s := range c.states {
			customer := models.At(m, int(s.X), float64(s.Tx)/unit, float64(s.T)/unit)
			low, high := customer.Quantile(horizon/unit, (1-level)/2), customer.Quantile(horizon/unit, (1+level)/2)
			a := int(came.purchases[i])
			if inside := low <= a && a <= high; inside != (levels[i] <= level) {
				t.Fatalf("%+v bought %d, the interval of %v is [%d, %d]; the least level is %v", s, a, level, low, high, levels[i])
			}
		}
	}
}

// The level that holds 80 % of ten customers is the eighth of theirs; it is never
// lower than what the intervals claim.
func TestCustomerLevelHoldsWhatIntervalsClaim(t *testing.T) {
	if got := customerLevel([]float64{0, 0.99, 0.1, 0.85, 0, 0.5, 0.9, 0, 0.3, 0.98}); got != 0.9 {
		t.Errorf("level %v, want 0.9", got)
	}
	for _, levels := range [][]float64{nil, {0, 0.1, 0.2, 0.7, 1}} {
		if got := customerLevel(levels); got != models.IntervalLevel {
			t.Errorf("level %v of %v, want that of the intervals", got, levels)
		}
	}
}

// One sum of 100 ± 10 that is 20 off widens to 20·t(1)/t(∞) = 20·2.40153, by scipy
// 1.17.1 (stats.t.ppf(.9, 1)/stats.norm.ppf(.9)): in squares of 100,
// 0.04·2.40153² − 0.01 are added; of two, one of them right on the spot,
// 0.04/2·1.47136² − 0.01. Nothing narrows, and no error is more than tenfold.
func TestSumErrorIsStudents(t *testing.T) {
	off := sum{mean: 100, actual: 120, chance: 100}
	right := sum{mean: 100, actual: 100, parameter: 0.01}
	for _, c := range []struct {
		sums []sum
		want float64
	}{
		{[]sum{off}, math.Sqrt(0.04*2.401529224356556*2.401529224356556 - 0.01)},
		{[]sum{off, right}, math.Sqrt(0.02*1.4713556082020207*1.4713556082020207 - 0.01)},
		{[]sum{right}, 0},
		{nil, 0},
		{[]sum{{mean: 0, actual: 7}}, 0},
		{[]sum{{mean: 1, actual: 700, chance: 1}}, mostError},
	} {
		if got := sumError(c.sums, max(1, len(c.sums))); math.Abs(got-c.want) > 1e-9 { // gonum's quantile of Student's distribution
			t.Errorf("%v added to %+v, want %v", got, c.sums, c.want)
		}
	}
	if got, _ := covered([]sum{off, right}, 0).Get(); got != 0.5 {
		t.Errorf("covered %v, want the one that is right", got)
	}
	if got, _ := covered([]sum{off, right}, 0.2).Get(); got != 1 {
		t.Errorf("covered %v of wide intervals, want both", got)
	}
}

// Of customers who do what the model says: intervals of customers hold at least
// what they claim, and so do those of cohorts about, within 3 standard errors of
// the 60 cohorts (0.155), which is coarse; nbd, which is wrong, holds less.
func TestIntervalsHoldWhatTheyClaimOfSimulatedCustomers(t *testing.T) {
	h := historiesOf(MaxSample, shardOf(math.MaxInt32, simulated(20_000, 1095, 7)...))
	r := Run(settingsOf(models.MBGNBD), frameOf(1095), h, numeric.Known(calendar.Day(0)), 3, nil, several)
	cohorts := map[string][2]float64{}
	for _, row := range r.Rows {
		coverage, ok := row.Coverage.Get()
		switch {
		case row.Dimension.Name != "all" || !ok:
		case row.Grain == ByCustomer && row.Model == string(models.MBGNBD) && coverage < models.IntervalLevel:
			t.Errorf("as of %d intervals of customers hold %v", row.Origin, coverage)
		case row.Grain == ByCohort:
			sum := cohorts[row.Model]
			cohorts[row.Model] = [2]float64{sum[0] + coverage*float64(row.Units), sum[1] + float64(row.Units)}
		}
	}
	mbg, nbd := cohorts[string(models.MBGNBD)], cohorts[string(models.NBD)]
	if share := mbg[0] / mbg[1]; math.Abs(share-models.IntervalLevel) > 3*math.Sqrt(0.8*0.2/(mbg[1]/2)) {
		t.Errorf("intervals of %v cohorts hold %v", mbg[1], share)
	}
	if nbd[0]/nbd[1] > 0.6 {
		t.Errorf("intervals of nbd, which knows no dropout, hold %v", nbd[0]/nbd[1])
	}
	if w := r.Grades.Widenings[models.MBGNBD]; w.Level != models.IntervalLevel || w.Cohort > 1.3 {
		t.Errorf("intervals of the true model are widened by %+v", w)
	}
	if right, wrong := r.Grades.Holdouts[models.MBGNBD], r.Grades.Holdouts[models.NBD]; right.Deviance() >= wrong.Deviance() {
		t.Errorf("the true model has a deviance of %v, nbd of %v", right.Deviance(), wrong.Deviance())
	}
}
