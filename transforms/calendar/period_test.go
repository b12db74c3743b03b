package calendar_test

import (
	"math"
	"testing"
	"time"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

var grains = []calendar.Grain{calendar.ByDay, calendar.ByWeek, calendar.ByMonth, calendar.ByQuarter, calendar.ByYear}

func TestPeriodOfADay(t *testing.T) {
	monday, sunday, saturday := calendar.Calendar{}, calendar.Calendar{WeekStart: 6}, calendar.Calendar{WeekStart: 5}
	for _, c := range []struct {
		calendar        calendar.Calendar
		grain           calendar.Grain
		day, start, end string
	}{
		{monday, calendar.ByDay, "2024-02-29", "2024-02-29", "2024-02-29"},
		{monday, calendar.ByWeek, "2027-01-01", "2026-12-28", "2027-01-03"}, // ISO 2026-W53
		{monday, calendar.ByWeek, "2024-12-30", "2024-12-30", "2025-01-05"}, // ISO 2025-W01
		{monday, calendar.ByWeek, "1970-01-01", "1969-12-29", "1970-01-04"},
		{sunday, calendar.ByWeek, "2027-01-01", "2026-12-27", "2027-01-02"},
		{saturday, calendar.ByWeek, "2027-01-01", "2026-12-26", "2027-01-01"},
		{monday, calendar.ByMonth, "2024-02-10", "2024-02-01", "2024-02-29"},
		{monday, calendar.ByMonth, "1969-12-31", "1969-12-01", "1969-12-31"},
		{monday, calendar.ByQuarter, "2024-06-30", "2024-04-01", "2024-06-30"},
		{monday, calendar.ByQuarter, "2024-12-31", "2024-10-01", "2024-12-31"},
		{monday, calendar.ByYear, "2024-12-31", "2024-01-01", "2024-12-31"},
	} {
		i := c.calendar.Index(c.grain, day(t, c.day))
		start, end := c.calendar.Start(c.grain, i), c.calendar.End(c.grain, i)
		if start.String() != c.start || end.String() != c.end {
			t.Errorf("%s of %s, week from %d, is %v to %v; want %s to %s", c.grain, c.day, c.calendar.WeekStart, start, end, c.start, c.end)
		}
	}
}

// Periods tile the days: each day lies in exactly one, each begins the day
// after the last ended, and the number of the next is one more.
func TestPeriodsTileTheDays(t *testing.T) {
	first, last := calendar.Date(1900, 1, 1), calendar.Date(2100, 12, 31)
	for weekStart := range 7 {
		c := calendar.Calendar{WeekStart: weekStart}
		for _, g := range grains {
			for d := first; d <= last; d++ {
				i := c.Index(g, d)
				start, end := c.Start(g, i), c.End(g, i)
				if start > d || d > end || c.Start(g, i+1) != end+1 || c.Index(g, start) != i || c.Index(g, end) != i || c.Index(g, end+1) != i+1 {
					t.Fatalf("week from %d: %v %d of %v is %v to %v, the next begins %v", weekStart, g, i, d, start, end, c.Start(g, i+1))
				}
				if !begins(g, start, weekStart) {
					t.Fatalf("week from %d: the %v of %v begins on %v", weekStart, g, d, start)
				}
			}
		}
	}
}

// begins reports whether a period of the grain can begin on d.
func begins(g calendar.Grain, d calendar.Day, weekStart int) bool {
	_, month, of := d.Date()
	switch g {
	case calendar.ByWeek:
		return d.Weekday() == weekStart
	case calendar.ByMonth:
		return of == 1
	case calendar.ByQuarter:
		return of == 1 && month%3 == 1
	case calendar.ByYear:
		return of == 1 && month == 1
	default:
		return true
	}
}

// monthsOf is, by grain, how many months a period has; 0 for days and weeks.
var monthsOf = map[calendar.Grain]int{calendar.ByMonth: 1, calendar.ByQuarter: 3, calendar.ByYear: 12}

// clamped is the rule of anniversaries by package time: the k-th month from
// first, on the same day or its last.
func clamped(first calendar.Day, months int) calendar.Day {
	year, month, of := midnight(first).Date()
	last := time.Date(year, month+time.Month(months)+1, 0, 0, 0, 0, 0, time.UTC)
	return calendar.Day(last.AddDate(0, 0, min(of, last.Day())-last.Day()).Unix() / 86_400)
}

func TestAnniversariesAreCountedFromTheFirstDay(t *testing.T) {
	for first := calendar.Date(2023, 1, 1); first <= calendar.Date(2024, 12, 31); first++ {
		for k := int32(-30); k <= 60; k++ {
			for g, months := range monthsOf {
				if got, want := calendar.Anniversary(g, first, k), clamped(first, int(k)*months); got != want {
					t.Fatalf("Anniversary(%v, %v, %d) = %v; want %v", g, first, k, got, want)
				}
			}
			if got := calendar.Anniversary(calendar.ByWeek, first, k); got != first+calendar.Day(7*k) {
				t.Fatalf("Anniversary(week, %v, %d) = %v", first, k, got)
			}
			if got := calendar.Anniversary(calendar.ByDay, first, k); got != first+calendar.Day(k) {
				t.Fatalf("Anniversary(day, %v, %d) = %v", first, k, got)
			}
		}
	}
}

func TestRollingOffsetOfMonthEnds(t *testing.T) {
	for _, c := range []struct {
		grain     calendar.Grain
		first, at string
		want      int32
	}{
		{calendar.ByMonth, "2024-01-31", "2024-01-31", 0},
		{calendar.ByMonth, "2024-01-31", "2024-02-28", 0},
		{calendar.ByMonth, "2024-01-31", "2024-02-29", 1}, // the worked example: offset 1 is [02-29, 03-31)
		{calendar.ByMonth, "2024-01-31", "2024-03-30", 1},
		{calendar.ByMonth, "2024-01-31", "2024-03-31", 2},
		{calendar.ByMonth, "2024-02-25", "2024-03-03", 0},
		{calendar.ByYear, "2024-02-29", "2025-02-27", 0},
		{calendar.ByYear, "2024-02-29", "2025-02-28", 1},
		{calendar.ByQuarter, "2023-11-30", "2024-02-29", 1},
		{calendar.ByWeek, "2024-01-31", "2024-02-06", 0},
		{calendar.ByWeek, "2024-01-31", "2024-02-07", 1},
	} {
		if got := calendar.RollingOffset(c.grain, day(t, c.first), day(t, c.at)); got != c.want {
			t.Errorf("RollingOffset(%v, %s, %s) = %d; want %d", c.grain, c.first, c.at, got, c.want)
		}
	}
}

// The offset is found again by walking from one anniversary to the next, from
// 400 days before the first day to four years after it.
func TestRollingOffsetLiesBetweenAnniversaries(t *testing.T) {
	for first := calendar.Date(2023, 1, 1); first <= calendar.Date(2024, 12, 31); first++ {
		for _, g := range grains {
			k := int32(-401)
			for d := first - 400; d < first+4*365; d++ {
				for calendar.Anniversary(g, first, k+1) <= d {
					k++
				}
				if got := calendar.RollingOffset(g, first, d); got != k {
					t.Fatalf("RollingOffset(%v, %v, %v) = %d; want %d", g, first, d, got, k)
				}
			}
		}
	}
}

func TestNamesOfGrainsAndWeekdays(t *testing.T) {
	for i, name := range []string{"day", "week", "month", "quarter", "year"} {
		if g, ok := calendar.ParseGrain(name); !ok || g != grains[i] || g.String() != name {
			t.Errorf("ParseGrain(%q) = %v, %t", name, g, ok)
		}
	}
	for i, name := range []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"} {
		if d, ok := calendar.ParseWeekday(name); !ok || d != i {
			t.Errorf("ParseWeekday(%q) = %d, %t; want %d", name, d, ok, i)
		}
	}
	for _, name := range []string{"", "Month", "months", "mon", "Monday"} {
		if g, ok := calendar.ParseGrain(name); ok {
			t.Errorf("ParseGrain(%q) = %v", name, g)
		}
		if d, ok := calendar.ParseWeekday(name); ok {
			t.Errorf("ParseWeekday(%q) = %d", name, d)
		}
	}
	if got := calendar.Grain(math.MaxUint8).String(); got != "Grain(255)" {
		t.Errorf("a grain that is none is %q", got)
	}
}
