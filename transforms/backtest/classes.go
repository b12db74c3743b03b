package backtest

import (
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

const (
	// classDays is the width of the classes of silence: whole weeks, so that no
	// class has more Sundays than another.
	classDays = 28
	// longestSilence is where the last class of silence begins, about a year.
	longestSilence = 13 * classDays
)

// track returns the rows of model_tracking of a model at an origin: what it
// expected of customers, in classes by what was known of them, beside what came.
//
// Source of the comparison by frequency: Fader, Hardie & Lee (2005), Marketing
// Science 24(2), "conditional expectations"; they show means, expected ÷ customers.
func (c *calibration) track(p *prediction, came *outcome, horizon int) []Tracking {
	rows := c.classes(ByFrequency, frequencies, 1, func(s *State) int32 { return s.X }, p, came)
	rows = append(rows, c.classes(ByRecency, longestSilence/classDays+1, classDays, func(s *State) int32 { return s.T - s.Tx }, p, came)...)
	for i := range rows {
		row := &rows[i]
		row.ModelID, row.IsHoldout = clv.ModelID(p.fit.Family, cohort.All), true
		row.Start, row.End = c.past.origin+1, c.past.origin+calendar.Day(horizon)
	}
	return rows
}

// classes adds up what was expected and what came in so many classes of a width,
// the last of which is open, by a number that is known of customers. Classes of
// nobody have no row.
func (c *calibration) classes(by TrackingType, count int, width int32, known func(s *State) int32, p *prediction, came *outcome) []Tracking {
	sums, rows := make([]numeric.Sum, count), make([]Tracking, count)
	for i := range c.states {
		class := min(int(known(&c.states[i])/width), count-1)
		sums[class].Add(p.purchases[i])
		rows[class].Customers++
		rows[class].Actual += int64(came.purchases[i])
	}
	peopled := rows[:0]
	for class, row := range rows {
		if row.Customers > 0 {
			row.Type, row.Bucket, row.Expected = by, numeric.Known(int64(class)*int64(width)), sums[class].Value()
			peopled = append(peopled, row)
		}
	}
	return peopled
}
