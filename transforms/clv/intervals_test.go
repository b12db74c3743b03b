package clv

import (
	"math"
	"testing"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// between fails the test unless low ≤ value ≤ high, and returns the ends.
func between(t *testing.T, what string, i Interval, value int64) (low, high int64) {
	t.Helper()
	low, hasLow := i.Low.Get()
	high, hasHigh := i.High.Get()
	if !hasLow || !hasHigh || low < 0 || low > value || high < value {
		t.Errorf("%s: %d is not between %d (%t) and %d (%t)", what, value, low, hasLow, high, hasHigh)
	}
	return low, high
}

// a, who bought three times, may bring nothing and may bring more than expected;
// contribution has the same interval times its share; counts are in order; the
// lifetime has no count, and without a discount no interval.
func TestIntervalsOfACustomer(t *testing.T) {
	chosen, spend := cdnowFits()
	v, values, base := valuationOf(testSettings(), threeCustomers(), &chosen, spend)
	share := float64(base.Contribution) / float64(base.NetRevenue())
	for horizon := range v.Settings.Horizons {
		net, contribution := v.predict(&values[0], horizon, NetRevenue), v.predict(&values[0], horizon, Contribution)
		residual, _ := net.Residual.Get()
		low, high := between(t, v.Settings.Horizons[horizon].Name, net.Interval, residual)
		ownLow, ownHigh := between(t, "contribution", contribution.Interval, int64(math.Round(float64(residual)*share)))
		for i, pair := range [][2]int64{{low, ownLow}, {high, ownHigh}} {
			if want := float64(pair[0]) * share; math.Abs(float64(pair[1])-want) > 1 {
				t.Errorf("end %d of contribution %d, want %.0f", i, pair[1], want)
			}
		}
		p10, hasCounts := net.PurchasesLow.Get()
		p50, _ := net.PurchasesMedian.Get()
		p90, _ := net.PurchasesHigh.Get()
		if isLifetime := horizon == v.lifetime(); hasCounts == isLifetime || p10 > p50 || p50 > p90 || !isLifetime && p90 == 0 {
			t.Errorf("horizon %d: purchases %d, %d, %d", horizon, p10, p50, p90)
		}
	}
	if got := v.predict(&values[2], 0, NetRevenue); got.Interval != (Interval{}) || got.PurchasesLow != (numeric.Null[int64]{}) {
		t.Errorf("a customer without a purchase has an interval %v", got.Interval)
	}
	free := testSettings()
	free.DiscountRate = 0
	v, values, _ = valuationOf(free, threeCustomers(), &chosen, spend)
	if got := v.predict(&values[0], v.lifetime(), NetRevenue); got.Interval != (Interval{}) {
		t.Errorf("without a discount the lifetime has an interval %v", got.Interval)
	}
}

// The sum of two customers has an interval around it, within that of the ends
// added up: chance evens out. It is that of the cohort, for there is no other, and
// wider where backtests say so.
func TestIntervalsOfSums(t *testing.T) {
	chosen, spend := cdnowFits()
	shard := threeCustomers()
	v, values, _ := valuationOf(testSettings(), shard, &chosen, spend)
	f := &cohort.Frame{AsOf: asOf, Grains: []calendar.Grain{calendar.ByMonth}}
	var residuals Residuals
	residuals.Enter(f, &shard.Customers, v, values)
	var cohorts cohort.Cohorts
	cohorts.AddShard(f, cohort.NewView(f, shard))
	var sum, lows, highs int64
	for i := range values[:2] {
		amount, _ := values[i].residual.Get()
		own := v.residualInterval(&values[i])
		low, _ := own.Low.Get()
		high, _ := own.High.Get()
		sum, lows, highs = sum+amount, lows+low, highs+high
	}
	total := v.TotalInterval(f, &residuals)
	low, high := between(t, "total", total, sum)
	if low < lows || high > highs {
		t.Errorf("from %d to %d, wider than the ends added up, %d and %d", low, high, lows, highs)
	}
	if rows := v.CohortRows(f, &cohorts, &residuals); rows[0].Interval != total {
		t.Errorf("the only cohort %v, all customers %v", rows[0].Interval, total)
	}
	v.widening = models.Widening{Level: models.IntervalLevel, Cohort: 2, Total: 2}
	if wideLow, wideHigh := between(t, "widened", v.TotalInterval(f, &residuals), sum); wideLow >= low || wideHigh <= high {
		t.Errorf("widened from %d to %d, else from %d to %d", wideLow, wideHigh, low, high)
	}
}
