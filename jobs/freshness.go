package jobs

import (
	"fmt"
	"slices"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
)

// missingDays is the check of data that are late.
const missingDays = "missing_days"

// A weekday is usual if at least so many of the last so many had rows.
const (
	weekdaysSeen   = 10
	weekdaysNeeded = 9
)

// fresh notes days at the end that are missing.
func (c *checks) fresh(t *ledger.Tally, zone *calendar.Zone, asOf calendar.Day) {
	c.limit(missingDays, "all", whole(daysMissing(t, zone, asOf)), 0)
}

// daysMissing returns how many days at the end have no rows though their
// weekdays usually have; none where rows of later days are there.
func daysMissing(t *ledger.Tally, zone *calendar.Zone, asOf calendar.Day) int64 {
	last, ok := t.Days.Max()
	if newest, _ := t.Instants.Max(); !ok || zone.Day(newest) > asOf {
		return 0
	}
	return missing(&t.DaysWithRows, calendar.Day(last), asOf)
}

// jump warns of more rows than the time since the newest published date
// brings, a fifth of its rows for each week begun; empty if there is no reason
// to. previous is that date's journal, nil if there is none. It is no check: a
// date that is run again must give the same tables.
func jump(rows int64, asOf calendar.Day, previous *pipeline.Journal) string {
	if previous == nil {
		return ""
	}
	before, _ := calendar.ParseDay(previous.AsOf)
	weeks := max(1, int64(asOf-before+6)/7)
	if rows <= previous.InputRows+previous.InputRows/5*weeks {
		return ""
	}
	return fmt.Sprintf("the source has %d rows, those of %s were %d: a run reads the whole history, is a part of it there twice?",
		rows, previous.AsOf, previous.InputRows)
}

// missing returns how many of the days after the last one with rows, up to
// asOf, are of a weekday that usually has some. Within ten weeks of the first
// row nothing is usual.
func missing(days *ledger.DaySet, last, asOf calendar.Day) int64 {
	const week = 7
	n := int64(0)
	for d := last + 1; d <= min(asOf, last+week); d++ { // each weekday once
		seen := 0
		for k := range weekdaysSeen {
			if days.Has(d - calendar.Day(week*(k+1))) {
				seen++
			}
		}
		if seen >= weekdaysNeeded {
			n += int64(asOf-d)/week + 1
		}
	}
	return n
}

// firstCohortSize is the check of data that begin later than the business:
// their first cohort holds the customers of all years before.
const firstCohortSize = "first_cohort_size"

// followers is with how many months the first one is compared.
const followers = 6

// firstCohort notes that the first month cohort is at most twice the median of
// the next six. Not where the job says from when history is whole, before six
// months are over, nor where most of them have no new customer: then the data
// are of a closed group.
func (c *checks) firstCohort(f *cohort.Frame, cohorts []clv.Cohort) {
	_, isKnown := f.From.Get()
	var sizes []int64
	var first calendar.Day
	for _, row := range cohorts {
		if row.Dimension == cohort.All && row.Grain == calendar.ByMonth && row.IsClosed {
			if len(sizes) == 0 {
				first = row.Start
			}
			sizes = append(sizes, row.Size)
		}
	}
	if limit, ok := twiceMedian(sizes); ok && !isKnown {
		c.limit(firstCohortSize, monthOf(first), whole(sizes[0]), whole(limit))
	}
}

// twiceMedian returns twice the median of the six sizes after the first, and
// false where there are fewer or it is 0.
func twiceMedian(sizes []int64) (int64, bool) {
	if len(sizes) <= followers {
		return 0, false
	}
	next := slices.Sorted(slices.Values(sizes[1 : 1+followers]))
	twice := next[followers/2-1] + next[followers/2]
	return twice, twice > 0
}

// hardlyAnyRepeats reports whether so few customers bought on a second day that
// the column of customers is probably another one.
func hardlyAnyRepeats(t *ledger.Totals) bool {
	const enough, few = 1_000, 200 // fewer than one repeat purchase to 200 customers
	return t.Customers >= enough && (t.PurchaseDays-t.Customers)*few < t.Customers
}
