package jobs

import (
	"fmt"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/ledger"
)

// missingDays is the check of data that are late.
const missingDays = "missing_days"

// A weekday is usual if at least so many of the last so many had rows.
const (
	weekdaysSeen   = 10
	weekdaysNeeded = 9
)

// fresh notes days at the end that have no rows though their weekdays usually
// have.
func (c *checks) fresh(t *ledger.Tally, asOf calendar.Day) {
	if last, ok := t.Days.Max(); ok {
		c.limit(missingDays, "all", whole(missing(&t.DaysWithRows, calendar.Day(last), asOf)), 0)
	}
}

// jump warns of more rows than a night brings; empty if there is no reason to.
// previous is the journal of the newest published date, nil if there is none.
// It is no check: a date that is run again must give the same tables.
func jump(rows int64, previous *pipeline.Journal) string {
	if previous == nil || rows <= previous.InputRows*3/2 {
		return ""
	}
	return fmt.Sprintf("the source has %d rows, more than 1.5 times the %d of %s: a run reads the whole history, is a part of it there twice?",
		rows, previous.InputRows, previous.AsOf)
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

// hardlyAnyRepeats reports whether so few customers bought on a second day that
// the column of customers is probably another one.
func hardlyAnyRepeats(t *ledger.Totals) bool {
	const enough, few = 1_000, 200 // fewer than one repeat purchase to 200 customers
	return t.Customers >= enough && (t.PurchaseDays-t.Customers)*few < t.Customers
}
