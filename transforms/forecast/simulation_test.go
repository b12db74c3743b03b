package forecast

import (
	"math"
	"testing"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/models"
)

// In simulated shops of known parameters the months come out on average as
// forecast, and between p10 and p90 in 80 % of cases.
//
// 40 shops of 600 customers in six cohorts, followed for a year. The months of a
// cohort hang together by who left, and so do those of a shop; counted by cohorts
// and shops the standard errors of the shares are √(0.16/240) = 2.6 % and
// √(0.16/40) = 6.3 %, of which two are allowed. A net revenue of a cohort's month
// has a standard deviation of about half its mean: 240 cohorts' years are off by
// about 0.5/√240 = 3 % on average, of which two likewise.
func TestSimulatedMonthsLieWithinTheirIntervals(t *testing.T) {
	var (
		start, asOf = calendar.Date(2022, 7, 1), calendar.Date(2022, 12, 31)
		end         = calendar.Date(2024, 1, 1)
		cohorts     = coverage{}
		vintages    = coverage{}
	)
	for seed := range uint64(40) {
		events := simulate(600, start, asOf+1, end, seed)
		var people []person
		for i := range events {
			if p, ok := personOf(events[i], asOf); ok {
				people = append(people, p)
			}
		}
		w := newWorld(choices{
			asOf: asOf, factors: factorsOf(1, 30), discountRate: 0.1,
			purchases: fitOf(models.MBGNBD, 0, truthMBG.R, truthMBG.Alpha, truthMBG.A, truthMBG.B),
			spend:     fitOf(models.GammaGamma, 0, truthSpend.P, truthSpend.Q, truthSpend.Gamma),
		}, people)
		came := revenueOf(events)
		for _, r := range w.forecast(1, nil).Rows(0) {
			if r.Vintage != Existing || r.Month == nil || r.Month.Ahead > 12 {
				continue
			}
			if r.Grain == ByVintage {
				all := 0.0
				for m := start; m <= asOf; m = m.AddMonths(1) {
					all += came[m][r.Month.Start]
				}
				vintages.enter(&r, all)
			} else {
				first, _ := r.Cohort.Get()
				cohorts.enter(&r, came[first][r.Month.Start])
			}
		}
	}
	cohorts.check(t, "cohorts", 0.053)
	vintages.check(t, "vintages", 0.126)
	if off := cohorts.came/cohorts.expected - 1; math.Abs(off) > 0.06 {
		t.Errorf("%.1f %% more came than was forecast", 100*off)
	}
	t.Logf("cohorts %+v, vintages %+v", cohorts, vintages)
}

// revenueOf returns what came by month of first purchase and month.
func revenueOf(events [][]event) map[calendar.Day]map[calendar.Day]float64 {
	civil, sums := calendar.Calendar{}, map[calendar.Day]map[calendar.Day]float64{}
	monthOf := func(d calendar.Day) calendar.Day {
		return civil.Start(calendar.ByMonth, civil.Index(calendar.ByMonth, d))
	}
	for _, own := range events {
		first := monthOf(own[0].day)
		if sums[first] == nil {
			sums[first] = map[calendar.Day]float64{}
		}
		for _, e := range own {
			sums[first][monthOf(e.day)] += e.value
		}
	}
	return sums
}

// coverage counts how often what came lay in the interval.
type coverage struct {
	rows, within   int
	came, expected float64
}

func (c *coverage) enter(r *Row, came float64) {
	low, _ := r.band.low.Get()
	high, _ := r.band.high.Get()
	c.rows++
	if units := came * 1e4; float64(low) <= units && units <= float64(high) {
		c.within++
	}
	c.came += came
	c.expected += r.line.value
}

func (c *coverage) check(t *testing.T, what string, tolerance float64) {
	t.Helper()
	if share := float64(c.within) / float64(c.rows); math.Abs(share-models.IntervalLevel) > tolerance {
		t.Errorf("%s: %.3f of %d months lie within", what, share, c.rows)
	}
}

// A shop with a season is forecast in its season: what was bought in three years
// of the simulated truth, thinned by season, has the indexes of the truth, and
// the months of a forecast keep the year's sum.
func TestSeasonOfRepeatsIsFoundAgainstTheModel(t *testing.T) {
	var past []Past
	model, customer := truthMBG, newFresh(truthMBG)
	start := calendar.Date(2021, 1, 1)
	months := Months(start-1, 36)
	for k, m := range months {
		repeats := 0.0
		for i := range k + 1 { // 1000 customers a month
			begin := months[i].middle()
			repeats += 1000 * (customer.expected(m.To-begin) - customer.expected(max(0, m.From-begin)))
		}
		past = append(past, Past{Start: m.Start, IsComplete: true, IsWhole: true, Customers: 1000, Repeats: int64(math.Round(repeats * truth(calendarMonth(m.Start))))})
	}
	s, ok := seasonOfRepeats(model, 1, past)
	if !ok {
		t.Fatal("no season")
	}
	for m, index := range s {
		if math.Abs(index-truth(m)) > 0.02 { // the level of a year is one number, also in the year in which a shop grows
			t.Errorf("month %d: %v, want %v", m, index, truth(m))
		}
	}
	if s, ok := seasonOfRepeats(model, 1, past[:23]); ok || s != noSeason() {
		t.Errorf("of 23 months: %v", s)
	}
	h := horizon{months: Months(calendar.Date(2023, 12, 31), 24), daysPerUnit: 1, season: s}
	plain, seasoned := newDemand(24), newDemand(24)
	h.plain(model.Futures(3, 0)(100), 0, plain)
	h.plain(model.Futures(3, 0)(100), 0, seasoned)
	h.seasoned(seasoned, h.yearsAhead, make([]float64, 24))
	for year := range 2 {
		got, want := total(seasoned.purchases[12*year:12*year+12]), total(plain.purchases[12*year:12*year+12])
		if !near(got, want, 1e-12) {
			t.Errorf("year %d: %v purchases, want %v", year, got, want)
		}
	}
	if ratio := seasoned.purchases[0] / plain.purchases[0]; math.Abs(ratio/s[0]-1) > 0.1 {
		t.Errorf("January is %v of a plain one, its index %v", ratio, s[0])
	}
}
