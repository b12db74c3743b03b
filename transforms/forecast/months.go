package forecast

import (
	"math"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

// DefaultMonths is how far forecasts go: the three years of a plan.
const DefaultMonths = 36

// monthsPerYear is the length of a season.
const monthsPerYear = 12

// Month is a calendar month after the as-of day, or what is left of the month
// that it lies in.
type Month struct {
	Start    calendar.Day // its first day, also where that is not after the as-of day
	Ahead    int          // calendar months after that of the as-of day; 0: what is left of it
	From, To float64      // days after the as-of day at which it begins and ends
}

// Days returns how many days of the month are after the as-of day.
func (m *Month) Days() float64 { return m.To - m.From }

// middle returns the days after the as-of day to the middle of the month.
func (m *Month) middle() float64 { return (m.From + m.To) / 2 }

// share returns the share of the month that is after the as-of day.
func (m *Month) share() float64 { return m.Days() / m.length() }

// length returns the number of days of the whole month.
func (m *Month) length() float64 {
	index := calendar.Calendar{}.Index(calendar.ByMonth, m.Start)
	return float64(calendar.Calendar{}.Start(calendar.ByMonth, index+1) - m.Start)
}

// discount returns what an amount in the middle of the month is worth on the
// as-of day.
//
//	e^(−δ·(From + To)/2)
func (m *Month) discount(deltaPerDay float64) float64 { return math.Exp(-deltaPerDay * m.middle()) }

// Months returns what is left of the month of the as-of day, unless it is over,
// and so many months after it.
func Months(asOf calendar.Day, count int) []Month {
	var (
		months []Month
		civil  calendar.Calendar
		now    = civil.Index(calendar.ByMonth, asOf)
	)
	for ahead := range count + 1 {
		start, end := civil.Start(calendar.ByMonth, now+int32(ahead)), civil.End(calendar.ByMonth, now+int32(ahead))
		m := Month{Start: start, Ahead: ahead, From: max(0, float64(start-asOf-1)), To: float64(end - asOf)}
		if m.To > 0 {
			months = append(months, m)
		}
	}
	return months
}

// calendarMonth returns 0 for January to 11 for December.
func calendarMonth(d calendar.Day) int {
	_, month, _ := d.Date()
	return month - 1
}
