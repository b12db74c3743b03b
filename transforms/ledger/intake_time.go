package ledger

import (
	"github.com/perennial-clv/perennial/transforms/calendar"
)

// The days that postings may have. Before 1900 there are no shops in a
// warehouse, only programs that write year 1 for a date they do not know; and
// tables have a row for every period since the first.
var (
	earliestDay = calendar.Date(1900, 1, 1)
	latestDay   = calendar.Date(9999, 12, 31)
)

// readTimes sets each row's instant and its civil day in the job's zone. A
// date never shifts; a time without a zone, or in the job's own, keeps the day
// that is written.
func (in *Intake) readTimes() {
	b, c := &in.batch, in.at(in.bound.mapping.OccurredAt.Column)
	if c.zoned && !c.nulls && b.isReadable() {
		in.readInstants(c)
		return
	}
	b.ownInstants = resized(b.ownInstants, b.rows)
	b.instant = b.ownInstants
	for i := range b.rows {
		if b.fate[i] == Unreadable {
			continue
		}
		if c.isNull(i) {
			b.reject(i, c.name, "the date is missing")
			continue
		}
		if c.zoned {
			b.instant[i] = c.times[i]
			b.day[i] = in.bound.settings.Zone.Day(b.instant[i])
		} else if moment, ok := c.moment(i, in.bound.format); !ok {
			b.reject(i, c.name, in.bound.noDate)
			continue
		} else if !in.place(i, moment) {
			b.reject(i, c.name, "the time does not exist in its zone (clocks were put forward)")
			continue
		}
		b.checkDay(i, b.day[i], c)
	}
}

// readInstants does the same for a column of instants without nulls.
func (in *Intake) readInstants(c *column) {
	b := &in.batch
	b.instant = c.times
	in.bound.settings.Zone.Days(b.day, b.instant)
	for i, day := range b.day {
		b.checkDay(i, day, c)
	}
}

func (b *batch) checkDay(i int, day calendar.Day, c *column) {
	if day < earliestDay || day > latestDay {
		b.reject(i, c.name, "the date is before 1900 or after 9999")
	}
}

// place sets the instant and the day of a row's moment, and reports whether
// there is one.
func (in *Intake) place(i int, moment calendar.Moment) bool {
	b := &in.batch
	if moment.Kind == calendar.CivilTime {
		in.Tally.CivilTimes++
	}
	job, own := in.bound.settings.Zone, in.bound.mapping.OccurredAt.Zone
	switch {
	case moment.Kind == calendar.Instant:
		b.instant[i], b.day[i] = moment.Micros, job.Day(moment.Micros)
	case moment.Kind == calendar.CivilTime && own != nil && own.String() != job.String():
		instant, ok := own.Instant(moment.Micros)
		b.instant[i], b.day[i] = instant, job.Day(instant)
		return ok
	default:
		b.instant[i] = instantOf(job, moment.Micros)
		b.day[i] = calendar.DayOf(moment.Micros)
	}
	return true
}

// instantOf returns the instant of a civil time as written. A time that does
// not exist is placed as if the clocks had not been put forward.
func instantOf(zone *calendar.Zone, civil int64) int64 {
	if instant, ok := zone.Instant(civil); ok {
		return instant
	}
	const before = 2 * calendar.MicrosPerDay // longer than any gap
	instant, _ := zone.Instant(civil - before)
	return instant + before
}
