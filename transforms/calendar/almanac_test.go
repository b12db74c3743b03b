package calendar_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

// span returns the days from 1890 to 2110 in their order, of which those from
// 1900 to 2099 are laid out in the almanacs of these tests.
func span() []calendar.Day {
	var days []calendar.Day
	for d := calendar.Date(1890, 1, 1); d <= calendar.Date(2110, 12, 31); d++ {
		days = append(days, d)
	}
	return days
}

func almanac(weekStart int) calendar.Almanac {
	return calendar.NewAlmanac(calendar.Calendar{WeekStart: weekStart}, calendar.Date(2099, 12, 31))
}

func TestPeriodsLookedUpAreThoseComputed(t *testing.T) {
	days := span()
	for weekStart := range 7 {
		a := almanac(weekStart)
		for _, g := range grains {
			indexes := a.Indexes(g, days, nil)
			for i, d := range days {
				want := a.Calendar.Index(g, d)
				if start := a.Calendar.Start(g, want); indexes[i] != want || a.Index(g, d) != want || a.StartOf(g, d) != start {
					t.Fatalf("week from %d: the %v of %v is %d and %d, from %v; want %d, from %v", weekStart, g, d, indexes[i], a.Index(g, d), a.StartOf(g, d), want, start)
				}
			}
		}
	}
}

// From leap days, ends of months and days beside them to every day of the
// span, and between random days.
func TestRollingOffsetsLookedUpAreThoseComputed(t *testing.T) {
	days, a, random := span(), almanac(0), rand.New(rand.NewPCG(1, 2))
	firsts := []calendar.Day{
		calendar.Date(1895, 2, 28), calendar.Date(1899, 12, 31), calendar.Date(1900, 1, 1), calendar.Date(1900, 2, 28), calendar.Date(2000, 2, 29),
		calendar.Date(2023, 2, 28), calendar.Date(2024, 1, 29), calendar.Date(2024, 1, 30), calendar.Date(2024, 1, 31), calendar.Date(2024, 2, 28),
		calendar.Date(2024, 2, 29), calendar.Date(2024, 3, 1), calendar.Date(2024, 4, 30), calendar.Date(2099, 12, 31), calendar.Date(2105, 10, 31),
	}
	for range 50 {
		firsts = append(firsts, days[random.IntN(len(days))])
	}
	for _, first := range firsts {
		for _, g := range grains {
			offsets := a.RollingOffsets(g, first, days, nil)
			for i, d := range days {
				if want := calendar.RollingOffset(g, first, d); offsets[i] != want || a.RollingOffset(g, first, d) != want {
					t.Fatalf("RollingOffset(%v, %v, %v) = %d and %d; want %d", g, first, d, offsets[i], a.RollingOffset(g, first, d), want)
				}
			}
		}
	}
}

// The k-th period after first's is the rolling offset k of the day on which
// first's period begins.
func TestCalendarOffsetsAreRollingOffsetsOfThePeriodsBeginning(t *testing.T) {
	days, a, random := span(), almanac(6), rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		first, d := days[random.IntN(len(days))], days[random.IntN(len(days))]
		for _, g := range grains {
			want := a.Index(g, d) - a.Index(g, first)
			if got := a.RollingOffset(g, a.StartOf(g, first), d); got != want {
				t.Fatalf("%v of %v: %v is in offset %d; want %d", g, first, d, got, want)
			}
		}
	}
}

// What has passed since days of one period differs by one offset at most.
func TestDaysOfOnePeriodAreAtMostOneOffsetApart(t *testing.T) {
	days, a, random := span(), almanac(0), rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		first, d := days[random.IntN(len(days))], days[random.IntN(len(days))]
		for _, g := range grains {
			index := a.Index(g, first)
			oldest, youngest := a.RollingOffset(g, a.Start(g, index), d), a.RollingOffset(g, a.End(g, index), d)
			if among := a.RollingOffset(g, first, d); oldest-youngest > 1 || among != oldest && among != youngest {
				t.Fatalf("%v of %v: %v is in offsets %d, %d and %d of its days", g, first, d, oldest, among, youngest)
			}
		}
	}
}

func TestColumnsUseTheMemoryThatSuffices(t *testing.T) {
	a, days := almanac(0), []calendar.Day{0, 31}
	memory := make([]int32, 1, 8)
	got := a.Indexes(calendar.ByMonth, days, memory)
	if &got[0] != &memory[0] || !slices.Equal(got, []int32{1970 * 12, 1970*12 + 1}) {
		t.Errorf("indexes %v", got)
	}
	if got := a.RollingOffsets(calendar.ByMonth, 0, days, memory[:0:1]); !slices.Equal(got, []int32{0, 1}) {
		t.Errorf("offsets %v", got)
	}
}

func BenchmarkRollingOffsets(b *testing.B) {
	a, days := almanac(0), span()
	offsets := make([]int32, len(days))
	b.ReportAllocs()
	for b.Loop() {
		a.RollingOffsets(calendar.ByMonth, days[0], days, offsets)
	}
}
