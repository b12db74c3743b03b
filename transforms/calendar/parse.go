package calendar

import (
	"strconv"
	"strings"
)

const (
	firstSecond = -62_135_596_800 // 0001-01-01 00:00:00
	lastSecond  = 253_402_300_799 // 9999-12-31 23:59:59
)

// Parse reads a moment. It takes the whole text or none of it: blanks around
// it, a 30 February, a 24th hour or a 60th second are not ok. Digits of a
// second's fraction beyond microseconds are cut off. Years are 0001 to 9999.
func (f Format) Parse(s string) (Moment, bool) {
	switch {
	case f.unit != 0:
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil || s[0] == '+' {
			return Moment{}, false
		}
		return sinceEpoch(v, f.unit)
	case f.steps == nil:
		return parseISO(s)
	default:
		return f.follow(s)
	}
}

// ParseInt reads a moment from an integer column: units since 1970 as they
// are, otherwise the digits of v. Where all texts of the format have the same
// length, leading zeros are restored, but not to a leading %Y: 240131 is not a
// day of the year 24. A negative number is a moment only as units since 1970.
func (f Format) ParseInt(v int64) (Moment, bool) {
	if f.unit != 0 {
		return sinceEpoch(v, f.unit)
	}
	if v < 0 {
		return Moment{}, false
	}
	text := strconv.FormatInt(v, 10)
	if missing := f.fixed - len(text); missing > 0 {
		text = strings.Repeat("0", missing) + text
	}
	return f.Parse(text)
}

func sinceEpoch(v, unit int64) (Moment, bool) {
	second := floorDiv(v, microsPerSec/unit)
	if second < firstSecond || second > lastSecond {
		return Moment{}, false
	}
	return Moment{Kind: Instant, Micros: v * unit}, true
}

// clock is a moment in parts, as they stand in the text. A part that the text
// does not have is zero.
type clock struct {
	year, month, day     int
	dayOfYear            int // 0: month and day count
	hour, minute, second int
	micros               int
	half                 byte // 'A' or 'P' on a clock of twelve hours, else 0
	offset               int  // seconds ahead of UTC
	kind                 Kind
}

// moment puts the parts together, if each is in its range.
func (c *clock) moment() (Moment, bool) {
	day, ok := c.civilDay()
	if !ok || !c.to24() {
		return Moment{}, false
	}
	return c.on(day)
}

// on returns the moment of c's time on a day, if each part of the time is in
// its range; -1 stands for one that was no number.
func (c *clock) on(day Day) (Moment, bool) {
	if uint(c.hour) > 23 || uint(c.minute) > 59 || uint(c.second) > 59 {
		return Moment{}, false
	}
	second := int64(day)*secondsPerDay + int64(c.hour*3600+c.minute*secondsPerMin+c.second-c.offset)
	return Moment{Kind: c.kind, Micros: second*microsPerSec + int64(c.micros)}, true
}

func (c *clock) civilDay() (Day, bool) {
	if c.year < 1 {
		return 0, false
	}
	if c.dayOfYear == 0 {
		return dayOf(c.year, c.month, c.day), exists(c.year, c.month, c.day)
	}
	first := dayOf(c.year, 1, 1)
	day := first + Day(c.dayOfYear) - 1
	return day, day < dayOf(c.year+1, 1, 1)
}

// to24 turns an hour of a twelve-hour clock, on which 12 stands for 0, into
// one of twenty-four.
func (c *clock) to24() bool {
	if c.half == 0 {
		return true
	}
	if c.hour < 1 || c.hour > 12 {
		return false
	}
	c.hour %= 12
	if c.half == 'P' {
		c.hour += 12
	}
	return true
}

// follow reads s step by step.
func (f Format) follow(s string) (Moment, bool) {
	var c clock
	for i := range f.steps {
		n := f.steps[i].read(s, &c)
		if n < 0 {
			return Moment{}, false
		}
		s = s[n:]
	}
	if s != "" {
		return Moment{}, false
	}
	return c.moment()
}
