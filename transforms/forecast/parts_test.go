package forecast

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

// near reports whether two numbers agree to a relative error.
func near(got, want, tolerance float64) bool {
	return got == want || math.Abs(got-want) <= tolerance*math.Abs(want)
}

// By hand: quotas 3.33, 3.33 and 3.33 of 10 leave one unit, which the first
// gets; of −10 they are floored to −4, and two units go up; 5 parts of 10, 20, 30
// are 0.83, 1.67 and 2.5, of which the largest remainders round up.
func TestPartsGetTheLargestRemainders(t *testing.T) {
	for _, c := range []struct {
		total  int64
		shares []float64
		want   []int64
	}{
		{10, []float64{1, 1, 1}, []int64{4, 3, 3}},
		{-10, []float64{1, 1, 1}, []int64{-3, -3, -4}},
		{5, []float64{10, 20, 30}, []int64{1, 2, 2}},
		{7, []float64{0, 0}, []int64{7, 0}},
		{0, []float64{1, 2}, []int64{0, 0}},
		{3, nil, []int64{}},
	} {
		if got := apportion(c.total, c.shares); !slices.Equal(got, c.want) {
			t.Errorf("%d by %v: %v, want %v", c.total, c.shares, got, c.want)
		}
	}
}

func TestPartsAddUpWhateverTheSharesAre(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		total := random.Int64N(2e18) - 1e18 // also where floats are coarser than units
		if random.IntN(2) == 0 {
			total %= 1000
		}
		shares := make([]float64, 1+random.IntN(40))
		for i := range shares {
			shares[i] = math.Exp(20 * random.NormFloat64())
			if random.IntN(5) == 0 {
				shares[i] = 0
			}
		}
		sum := int64(0)
		for _, part := range apportion(total, shares) {
			sum += part
		}
		if sum != total {
			t.Fatalf("%d by %v adds up to %d", total, shares, sum)
		}
	}
}

// On the last day of a month the next one is the first; before, what is left of
// the month comes first. 2024-02-10 leaves 19 of 29 days.
func TestMonthsBeginAfterTheAsOfDay(t *testing.T) {
	text := func(asOf calendar.Day) string {
		s := ""
		for _, m := range Months(asOf, 2) {
			s += fmt.Sprint(m.Start, " ", m.Ahead, " ", m.From, "-", m.To, " of ", m.length(), "; ")
		}
		return s
	}
	for _, c := range []struct {
		asOf calendar.Day
		want string
	}{
		{calendar.Date(2024, 1, 31), "2024-02-01 1 0-29 of 29; 2024-03-01 2 29-60 of 31; "},
		{calendar.Date(2024, 2, 10), "2024-02-01 0 0-19 of 29; 2024-03-01 1 19-50 of 31; 2024-04-01 2 50-80 of 30; "},
	} {
		if got := text(c.asOf); got != c.want {
			t.Errorf("as of %v: %s, want %s", c.asOf, got, c.want)
		}
	}
	m := Months(calendar.Date(2024, 1, 31), 2)[1]
	if got, want := m.discount(0.001), math.Exp(-0.0445); !near(got, want, 1e-15) {
		t.Errorf("discount %v, want %v", got, want)
	}
}

// Three years of a season of ±30 % come back from Poisson counts to within three
// of their standard errors, also where the model is 20 % too low in one year and
// the counts begin in a June; around 1 on average.
func TestSeasonIsFound(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 1))
	const first, mean = 5, 2000.0
	var actual, expected []float64
	for i := range 36 {
		e := mean * (1 + float64(i)/36)
		if i >= 24 {
			e /= 1.2
		}
		expected = append(expected, e)
		a := mean * (1 + float64(i)/36) * truth((first+i)%12)
		actual = append(actual, math.Round(a+math.Sqrt(a)*random.NormFloat64()))
	}
	s, ok := seasonOf(actual, expected, first)
	if !ok {
		t.Fatal("no season")
	}
	for m, index := range s {
		if se := math.Sqrt(1 / (3 * mean)); math.Abs(index-truth(m)) > 3*se+0.01 { // 0.01: a level that grows within a year is not a year's mean
			t.Errorf("month %d: %v, want %v", m, index, truth(m))
		}
	}
}

// truth is a season that is highest in January.
func truth(month int) float64 { return 1 + 0.3*math.Cos(2*math.Pi*float64(month)/12) }

// Chance alone is no season: of 200 histories of two years of Poisson counts
// around 20 the indexes stay within 0.11 of 1 on average, half of the standard
// error 1/√40 = 0.158 with which they are found.
func TestChanceIsNoSeason(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 1))
	off := 0.0
	for range 200 {
		actual := make([]float64, 24)
		for i := range actual {
			actual[i] = max(0, math.Round(20+math.Sqrt(20)*random.NormFloat64()))
		}
		s, _ := seasonOf(actual, ones(24), 0)
		for _, index := range s {
			off += (index - 1) * (index - 1) / (200 * 12)
		}
	}
	if got := math.Sqrt(off); got > 0.11 {
		t.Errorf("indexes are off by %v", got)
	}
}

func TestOneYearHasNoSeason(t *testing.T) {
	actual := make([]float64, 23)
	for i := range actual {
		actual[i] = float64(100 * (i%12 + 1))
	}
	if s, ok := seasonOf(actual, ones(23), 0); ok || s != noSeason() {
		t.Errorf("%v, %v", s, ok)
	}
	if s, ok := seasonOf(make([]float64, 24), ones(24), 0); ok || s != noSeason() {
		t.Errorf("of nothing: %v, %v", s, ok)
	}
}

// A season moves purchases within a block and makes none: with indexes 2 and 1
// for the months of a block of 3 and 6 purchases, 6 and 6 are brought to 4.5 each.
func TestSeasonKeepsWhatABlockHolds(t *testing.T) {
	s := noSeason()
	s[1] = 2
	months := Months(calendar.Date(2024, 1, 31), 4) // February to May
	expected, factors := []float64{3, 6, 5, 0}, make([]float64, 4)
	s.apply(expected, months, func(k int) int { return k / 2 }, factors)
	if want := []float64{4.5, 4.5, 5, 0}; !slices.Equal(expected, want) {
		t.Errorf("%v, want %v", expected, want)
	}
	if want := []float64{1.5, 0.75, 1, 1}; !slices.Equal(factors, want) {
		t.Errorf("factors %v, want %v", factors, want)
	}
}

// By hand: months of 100 have the level 100 and no trend. 24 months of which the
// first year is 100 and the second 112 grow by 1 a month, and the season, seen
// twice, is 1: 112 + 5.5 + 0.9 = 118.4, then 119.21. Three months of 30, 60, 90:
// their mean. One that falls steeply ends at 0.
func TestAcquisitionFollowsLevelAndDampedTrend(t *testing.T) {
	years := slices.Concat(repeated(100, 12), repeated(112, 12))
	for _, c := range []struct {
		counts []float64
		want   []float64
	}{
		{repeated(100, 12), []float64{100, 100}},
		{years, []float64{118.4, 119.21}},
		{[]float64{30, 60, 90}, []float64{60, 60}},
		{slices.Concat(repeated(1000, 12), repeated(10, 12)), []float64{0, 0}},
		{nil, nil},
	} {
		got := nextCounts(c.counts, 0, 2)
		if len(got) != len(c.want) {
			t.Fatalf("%v: %v, want %v", c.counts, got, c.want)
		}
		for i := range got {
			if !near(got[i], c.want[i], 1e-12) {
				t.Errorf("%v: %v, want %v", c.counts, got, c.want)
			}
		}
	}
}

func repeated(v float64, n int) []float64 {
	list := ones(n)
	for i := range list {
		list[i] = v
	}
	return list
}

// By hand: after 10, 10, 10 the forecast is 10 and 14 comes, off by 4; then the
// forecast is 11 and 11 comes. Σ error² ÷ Σ forecast² = 16/221.
func TestErrorsOfAcquisitionAreThoseOfTheNextMonth(t *testing.T) {
	relative, errors := relativeError([]float64{10, 10, 10, 14, 11}, 0)
	if !near(relative, 16.0/221, 1e-14) || errors != 2 {
		t.Errorf("%v of %d", relative, errors)
	}
	if relative, errors := relativeError([]float64{0, 0, 0, 0}, 0); relative != 0 || errors != 0 {
		t.Errorf("of nothing: %v of %d", relative, errors)
	}
}

// By hand, α = 2/13: worth 3 in the second month and 1 in the first; the second
// is planned. Forecast: ρ²·((1 + 3α)² + 3²).
func TestVarianceOfAcquisitionAddsUpAcrossMonths(t *testing.T) {
	a := acquisition{isPlanned: []bool{false, false}, relative: 0.25, errors: leastErrors}
	const alpha = 2.0 / 13
	if got, ok := a.variance([]float64{1, 3}); !ok || !near(got, 0.25*((1+3*alpha)*(1+3*alpha)+9), 1e-14) {
		t.Errorf("%v, %v", got, ok)
	}
	a.isPlanned[1] = true
	if got, ok := a.variance([]float64{1, 3}); !ok || !near(got, 0.25, 1e-14) {
		t.Errorf("planned: %v, %v", got, ok)
	}
	a.errors = leastErrors - 1
	if _, ok := a.variance([]float64{1, 3}); ok {
		t.Error("too few errors make an interval")
	}
	if got, ok := a.variance([]float64{0, 3}); !ok || got != 0 {
		t.Errorf("of planned customers alone: %v, %v", got, ok)
	}
}

// Of the running month, of which 10 of 31 days are over, 21/31 of the forecast is
// left; of a plan, what is not there yet. Months that were not wholly seen do not
// count.
func TestPlanTakesThePlaceOfTheForecast(t *testing.T) {
	month := func(m int) calendar.Day { return calendar.Date(2024, m, 1) }
	past := []Past{
		{Start: month(1), IsComplete: true, Customers: 900},
		{Start: month(2), IsComplete: true, IsWhole: true, Customers: 310},
		{Start: month(3), IsWhole: true, Customers: 60},
	}
	months := Months(calendar.Date(2024, 3, 10), 2)
	a := acquisitionOf(past, months, nil)
	for k, want := range []float64{210, 310, 310} {
		if !near(a.expected[k], want, 1e-15) {
			t.Errorf("month %d: %v, want %v", k, a.expected[k], want)
		}
	}
	a = acquisitionOf(past, months, []Planned{{month(3), 100}, {month(5), 7}, {month(1), 5}})
	if want := []float64{40, 310, 7}; !slices.Equal(a.expected, want) || !slices.Equal(a.isPlanned, []bool{true, false, true}) {
		t.Errorf("%v %v, want %v", a.expected, a.isPlanned, want)
	}
	if a := acquisitionOf(nil, months, []Planned{{month(4), 3}}); !slices.Equal(a.expected, []float64{0, 3, 0}) {
		t.Errorf("without history: %v", a.expected)
	}
}

// Of the customers of the last twelve complete months; here one with 30 and
// three with 10.
func TestFirstPurchaseIsThatOfTheLastYear(t *testing.T) {
	past := []Past{{IsComplete: true, Customers: 100, FirstValue: 1}}
	for range 10 {
		past = append(past, Past{IsComplete: true})
	}
	past = append(past, Past{IsComplete: true, Customers: 1, FirstValue: 30_0000}, Past{IsComplete: true, Customers: 3, FirstValue: 30_0000}, Past{Customers: 9, FirstValue: 1})
	if got := firstValue(past); got != 15 {
		t.Errorf("got %v, want 15", got)
	}
	if got := firstValue(nil); got != 0 {
		t.Errorf("of nobody: %v", got)
	}
}
