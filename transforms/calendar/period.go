package calendar

import (
	"fmt"
	"slices"
)

// Grain is the length of a period.
type Grain uint8

// The grains, from the shortest to the longest.
const (
	ByDay Grain = iota
	ByWeek
	ByMonth
	ByQuarter
	ByYear
)

var grainNames = []string{"day", "week", "month", "quarter", "year"}

// String returns the grain's name as it stands in tables and job files.
func (g Grain) String() string {
	if int(g) < len(grainNames) {
		return grainNames[g]
	}
	return fmt.Sprintf("Grain(%d)", uint8(g))
}

// ParseGrain returns the grain of a name and whether there is one.
func ParseGrain(s string) (Grain, bool) {
	i := slices.Index(grainNames, s)
	return Grain(max(i, 0)), i >= 0
}

// panicOn reports a grain that is none of the constants.
func panicOn(g Grain) string { return "calendar: unknown grain " + g.String() }

var weekdayNames = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

// ParseWeekday returns the number of an English weekday in small letters
// (0 is monday, 6 is sunday) and whether it is one.
func ParseWeekday(s string) (int, bool) {
	i := slices.Index(weekdayNames, s)
	return max(i, 0), i >= 0
}

// Calendar divides the days into periods: weeks from WeekStart, and the
// months, quarters and years of the civil calendar. A period is named by its
// first day, so that no week belongs to two years.
type Calendar struct {
	WeekStart int // first day of a week: 0 is Monday, 6 is Sunday
}

// mondayWeek is the first day of the week of 1970-01-01, which is a Thursday.
const mondayWeek = -3

// Index returns the number of the period that d falls in. Consecutive periods
// have consecutive numbers; where they start from differs between grains and
// means nothing.
func (c Calendar) Index(g Grain, d Day) int32 {
	switch g {
	case ByDay:
		return int32(d)
	case ByWeek:
		return int32(floorDiv(int(d)-mondayWeek-c.WeekStart, 7))
	}
	year, month, _ := d.Date()
	switch g {
	case ByMonth:
		return int32(year*12 + month - 1)
	case ByQuarter:
		return int32(year*4 + (month-1)/3)
	case ByYear:
		return int32(year)
	default:
		panic(panicOn(g))
	}
}

// Start returns the first day of the period with a number given by Index.
func (c Calendar) Start(g Grain, index int32) Day {
	i := int(index)
	switch g {
	case ByDay:
		return Day(i)
	case ByWeek:
		return Day(i*7 + mondayWeek + c.WeekStart)
	case ByMonth:
		return firstOfMonth(i)
	case ByQuarter:
		return firstOfMonth(i * 3)
	case ByYear:
		return firstOfMonth(i * 12)
	default:
		panic(panicOn(g))
	}
}

// End returns the last day of the period with a number given by Index.
func (c Calendar) End(g Grain, index int32) Day {
	return c.Start(g, index+1) - 1
}

// firstOfMonth returns the first day of a month counted from January of year 0.
func firstOfMonth(months int) Day {
	year := floorDiv(months, 12)
	return dayOf(year, months-12*year+1, 1)
}
