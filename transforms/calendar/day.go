package calendar

import "fmt"

// Day is a civil day, counted from 1970-01-01 (day 0) in the proleptic
// Gregorian calendar; days before it are negative. It has no zone.
type Day int32

const (
	daysPerCycle = 146_097 // days of the 400 years after which the calendar repeats, weekdays included
	cycleToEpoch = 719_468 // days from 0000-03-01 to 1970-01-01
)

// Date returns the day of a civil date; month and day count from 1. The date
// must exist: Date panics on 30 February.
func Date(year, month, day int) Day {
	if !exists(year, month, day) {
		panic(fmt.Sprintf("calendar: no such date: year %d, month %d, day %d", year, month, day))
	}
	return dayOf(year, month, day)
}

// dayOf is Date without its check.
//
// It counts years from March, so that the leap day is a year's last day and
// the lengths of the months before it follow one line, (153·month + 2) / 5.
// Source: H. Hinnant, chrono-Compatible Low-Level Date Algorithms,
// days_from_civil.
func dayOf(year, month, day int) Day {
	month -= 3
	if month < 0 {
		month += 12
		year--
	}
	cycle := floorDiv(year, 400)
	year -= cycle * 400
	dayOfYear := (153*month+2)/5 + day - 1
	return Day(cycle*daysPerCycle + year*365 + year/4 - year/100 + dayOfYear - cycleToEpoch)
}

// Date returns the civil date of d; month and day count from 1.
//
// Source: H. Hinnant, as for dayOf, civil_from_days.
func (d Day) Date() (year, month, day int) {
	days := int(d) + cycleToEpoch
	cycle := floorDiv(days, daysPerCycle)
	days -= cycle * daysPerCycle
	year = (days - days/1460 + days/36524 - days/146096) / 365
	dayOfYear := days - (365*year + year/4 - year/100)
	month = (5*dayOfYear + 2) / 153
	day = dayOfYear - (153*month+2)/5 + 1
	year += cycle * 400
	month += 3
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, day
}

// ParseDay reads a day written YYYY-MM-DD, years 0001 to 9999, and reports
// whether s is exactly that and the date exists.
func ParseDay(s string) (Day, bool) {
	if len(s) != len("YYYY-MM-DD") || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	century, year, month, day := twoDigits(s, 0), twoDigits(s, 2), twoDigits(s, 5), twoDigits(s, 8)
	if century < 0 || year < 0 {
		return 0, false
	}
	year += 100 * century
	if year == 0 || !exists(year, month, day) {
		return 0, false
	}
	return dayOf(year, month, day), true
}

// String returns d as YYYY-MM-DD. Years after 9999 have more digits, years
// before 0000 a minus sign.
func (d Day) String() string {
	year, month, day := d.Date()
	return fmt.Sprintf("%04d-%02d-%02d", year, month, day)
}

// Weekday returns the day of the week: 0 is Monday, 6 is Sunday.
func (d Day) Weekday() int {
	const thursday = 3 // 1970-01-01
	days := int(d) + thursday
	return days - 7*floorDiv(days, 7)
}

// AddMonths returns the same day of the month n months later (earlier, if n
// is negative), or the last day of that month where it is shorter:
// 2024-01-31 and one month is 2024-02-29. Adding one month twice is therefore
// not adding two.
func (d Day) AddMonths(n int) Day {
	year, month, day := d.Date()
	months := year*12 + month - 1 + n
	year = floorDiv(months, 12)
	month = months - 12*year + 1
	return dayOf(year, month, min(day, daysIn(year, month)))
}

// exists reports whether a civil date is one of the calendar.
func exists(year, month, day int) bool {
	return 1 <= month && month <= 12 && 1 <= day && day <= daysIn(year, month)
}

// daysIn returns the length of a month; month is 1 to 12.
func daysIn(year, month int) int {
	switch month {
	case 2:
		if isLeap(year) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	default:
		return 31
	}
}

func isLeap(year int) bool {
	return year%4 == 0 && (year%100 != 0 || year%400 == 0)
}

// DayOf returns the day of a civil time in microseconds since 1970-01-01 00:00.
func DayOf(civil int64) Day { return Day(floorDiv(civil, MicrosPerDay)) }

// floorDiv returns ⌊a / b⌋ for b > 0. Go's division rounds towards zero, which
// would put the last day before an epoch into the period after it.
func floorDiv[T int | int32 | int64](a, b T) T {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// twoDigits returns the number in s[i:i+2], and -1 if these are not two
// decimal digits.
func twoDigits(s string, i int) int {
	tens, ones := s[i]-'0', s[i+1]-'0'
	if tens > 9 || ones > 9 {
		return -1
	}
	return int(tens)*10 + int(ones)
}
