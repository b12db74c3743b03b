package shop

import (
	"math"
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

// afterTo is how many days a log that is not clean runs on after Settings.To.
const afterTo = 3

// timeline is the shop's calendar; its days count from 0 at Settings.From.
type timeline struct {
	// clock is the customers' time at the end of each day, in days of a season
	// without ups and downs: the sum of the season's factors so far.
	clock []float64
	// arrivals is the weight of the newcomers up to the end of each day, for
	// the days up to Settings.To.
	arrivals []float64
}

func newTimeline(s Settings, t Truth) timeline {
	newcomers := int(s.To-s.From) + 1
	days := newcomers
	if !s.Clean {
		days += afterTo
	}
	line := timeline{clock: make([]float64, days), arrivals: make([]float64, newcomers)}
	perDay := math.Log1p(t.Growth) / 365.25
	var clock, arrivals float64
	for i := range days {
		_, month, _ := (s.From + calendar.Day(i)).Date()
		clock += t.Season[month-1]
		line.clock[i] = clock
		if i < newcomers {
			arrivals += t.Season[month-1] * math.Exp(perDay*float64(i))
			line.arrivals[i] = arrivals
		}
	}
	return line
}

// dayAt returns the day on which the clock reaches a time, and the number of
// days if it never does. As the clock gains nothing in a year, the day is near
// the one of a shop without season.
func (l timeline) dayAt(clock float64) int {
	days := len(l.clock)
	if clock > l.clock[days-1] {
		return days
	}
	day := min(int(clock), days-1)
	for day > 0 && l.clock[day-1] >= clock {
		day--
	}
	for l.clock[day] < clock {
		day++
	}
	return day
}

// arrival returns the day of the newcomer at quantile u in [0, 1).
func (l timeline) arrival(u float64) int {
	last := len(l.arrivals) - 1
	day, _ := slices.BinarySearch(l.arrivals, u*l.arrivals[last])
	return day
}
