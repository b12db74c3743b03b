package backtest

import (
	"math"
	"testing"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
)

// visitsOf are a customer's visits on given days: a negative one is a refund on
// the positive one, all others are purchases.
func visitsOf(days ...int) (visits []visit) {
	for _, day := range days {
		v := visit{day: calendar.Day(day), gross: 1}
		if day < 0 {
			v = visit{day: calendar.Day(-day), refund: -1}
		}
		visits = append(visits, v)
	}
	return visits
}

// dailyOf counts the customers of shards.
func dailyOf(shards ...*ledger.Shard) *Daily {
	var sum Daily
	for _, s := range shards {
		var d Daily
		d.AddShard(cohort.NewView(&cohort.Frame{}, s))
		sum.Add(&d)
	}
	return &sum
}

// modelOf returns a model of given parameters, by weeks.
func modelOf(t *testing.T, family models.Family, parameters ...float64) Tracked {
	t.Helper()
	f := models.Fit{Family: family, Status: models.FitOK}
	for _, p := range parameters {
		f.Parameters = append(f.Parameters, models.Parameter{Estimate: p})
	}
	m, ok := f.Purchases()
	if !ok {
		t.Fatalf("no model %s", family)
	}
	return Tracked{ID: string(family), Model: m, DaysPerUnit: 7, End: math.MaxInt32}
}

// 2024-01-01, a Monday, is day 19723. Of three customers one buys on days 0, 8
// and 40 with a refund between, one on day 3, one on days 31 and 38: as of day 45
// (2024-02-15) there were repeats on days 8, 38 and 40. NBD with r = 2 and α = 4
// weeks expects r/α·t = t/2 purchases in t weeks, days/14.
func TestTrackingCountsBothSidesByHand(t *testing.T) {
	const jan1 = 19723
	d := dailyOf(
		shardOf(jan1+45, visitsOf(jan1, jan1+8, -jan1-20, jan1+40), visitsOf(jan1+3)),
		shardOf(jan1+45, visitsOf(jan1+31, jan1+38)),
	)
	f := cohort.NewFrame(calendar.Calendar{}, jan1+45, nil)
	rows := d.Track(f, []Tracked{modelOf(t, models.NBD, 2, 4)}, nil)
	type line struct {
		customers, actual, cumulative int64
		expected                      float64 // cumulative
		end                           calendar.Day
	}
	months := []line{
		{2, 1, 1, (30 + 27) / 14., jan1 + 30},
		{3, 2, 3, (45 + 42 + 14) / 14., jan1 + 45},
	}
	weeks := []line{
		{2, 0, 0, (6 + 3) / 14., jan1 + 6}, {2, 1, 1, (13 + 10) / 14., jan1 + 13}, {2, 0, 1, (20 + 17) / 14., jan1 + 20},
		{2, 0, 1, (27 + 24) / 14., jan1 + 27}, {3, 0, 1, (34 + 31 + 3) / 14., jan1 + 34}, {3, 2, 3, (41 + 38 + 10) / 14., jan1 + 41},
		{3, 0, 3, (45 + 42 + 14) / 14., jan1 + 45},
	}
	i, before := 0, 0.0
	for n, want := range append(months, weeks...) {
		got := rows[i]
		i++
		if n == 0 || n == len(months) {
			before = 0
		}
		if grain, _ := got.Grain.Get(); got.Type != ByPeriod || (n < len(months)) != (grain == calendar.ByMonth) {
			t.Fatalf("row %d is %+v", i, got)
		}
		cumulative, _ := got.ActualCumulative.Get()
		expected, _ := got.ExpectedCumulative.Get()
		if got.Customers != want.customers || got.Actual != want.actual || cumulative != want.cumulative || got.End != want.end ||
			!near(expected, want.expected) || !near(got.Expected, want.expected-before) {
			t.Errorf("%v of %d: got %+v, want %+v", got.Start, n, got, want)
		}
		before = want.expected
	}
	distribution := rows[i:]
	if len(distribution) != frequencies {
		t.Fatalf("%d rows of the distribution, want %d", len(distribution), frequencies)
	}
	sum := 0.0
	for k, want := range []int64{1, 1, 1, 0, 0, 0, 0, 0} {
		got := distribution[k]
		if bucket, _ := got.Bucket.Get(); got.Actual != want || got.Customers != 3 || bucket != int64(k) || got.Start != jan1 || got.End != f.AsOf {
			t.Errorf("distribution %d: %+v, want actual %d", k, got, want)
		}
		sum += got.Expected
	}
	// P(X(t) = 0) of NBD is (α/(α + t))^r.
	if want := math.Pow(4/(4+45/7.), 2) + math.Pow(4/(4+42/7.), 2) + math.Pow(4/(4+14/7.), 2); !near(distribution[0].Expected, want) {
		t.Errorf("%v customers without repeat expected, want %v", distribution[0].Expected, want)
	}
	if !near(sum, 3) {
		t.Errorf("%v customers expected, want 3", sum)
	}
	if part, _ := distribution[0].ChiSquare.Get(); !near(part, math.Pow(1-distribution[0].Expected, 2)/distribution[0].Expected) {
		t.Errorf("a part of χ² is %v", part)
	}
}

// near allows the rounding of sums of a few numbers.
func near(got, want float64) bool { return math.Abs(got-want) <= 1e-13*max(1, math.Abs(want)) }

// Acquired on the as-of day: nothing is expected and nothing happened, and there
// is no χ² of buckets in which nobody is expected.
func TestTrackingOnTheDayOfAcquisition(t *testing.T) {
	d := dailyOf(shardOf(100, visitsOf(100), visitsOf(100)))
	rows := d.Track(cohort.NewFrame(calendar.Calendar{}, 100, nil), []Tracked{modelOf(t, models.MBGNBD, .5, 6, .9, 1.6)}, nil)
	for _, r := range rows {
		want := 0.0
		if bucket, ok := r.Bucket.Get(); ok && bucket == 0 {
			want = 2
		}
		if r.Expected != want || float64(r.Actual) != want {
			t.Errorf("%s: expected %v, actual %d, want %v", r.Type, r.Expected, r.Actual, want)
		}
		if part, ok := r.ChiSquare.Get(); ok && part != 0 || ok != (want > 0) {
			t.Errorf("%s: χ² %v, %v", r.Type, part, ok)
		}
	}
}

func TestTrackingOfNobody(t *testing.T) {
	var d Daily
	if rows := d.Track(cohort.NewFrame(calendar.Calendar{}, 100, nil), []Tracked{modelOf(t, models.NBD, 1, 1)}, nil); rows != nil {
		t.Errorf("%d rows of nobody", len(rows))
	}
}

// A part of χ² that is infinite, or that nobody is expected in, is none.
func TestChiSquareIsFinite(t *testing.T) {
	for _, expected := range []float64{0, 1e-310} {
		if v, ok := chiSquare(expected, 5).Get(); ok {
			t.Errorf("expected %v: χ² %v", expected, v)
		}
	}
}
