package calendar

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Zone is a time zone: it knows the civil day of an instant and the instant of
// a civil time. It is immutable and safe for concurrent use.
//
// The zone's history and the rules for its future are laid out in advance as
// spans of one offset each, because asking package time for every row costs
// more than reading the row.
type Zone struct {
	name   string
	starts []int64 // first second of each span, then a last one that never comes
	offset []int64 // seconds that the span's clocks are ahead of UTC
	guide  []uint16
	least  int64 // smallest and largest of offset
	most   int64
}

// MicrosPerDay is the length of a civil day without a change of clocks.
const MicrosPerDay = secondsPerDay * microsPerSec

const (
	secondsPerDay = 86_400
	secondsPerMin = 60
	microsPerSec  = 1_000_000

	secondsPerCycle = daysPerCycle * secondsPerDay

	// guide[i] is the span at guideStart + i·2^guideShift. A step of 97 days
	// leaves at most a transition or two to walk over.
	guideStart = -2_208_988_800 // 1900-01-01
	guideShift = 23

	// Spans are laid out to 2500-01-01. A later instant is looked up whole
	// cycles of 400 years earlier, at 2099-01-01 or after, when every zone
	// follows the last of its rules and these repeat with the calendar. The
	// year between is more than any offset, which Instant needs.
	layoutEnd = 16_725_225_600 // 2500-01-01
	foldStart = 16_693_689_600 // 2499-01-01
)

// LoadZone returns the zone of an IANA name such as Europe/London, or UTC.
// "Local" and "" are errors: the machine's zone must not decide a figure.
func LoadZone(name string) (*Zone, error) {
	if name == "" || name == "Local" {
		return nil, errors.New("a time zone must be named: an IANA name such as Europe/London, or UTC")
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("time zone %q: %w", name, err)
	}
	return newZone(name, location), nil
}

func newZone(name string, location *time.Location) *Zone {
	z := &Zone{name: name}
	end := time.Unix(layoutEnd, 0)
	for t := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).In(location); t.Before(end); t = nextBound(t) {
		z.extend(t)
	}
	z.starts[0] = math.MinInt64
	z.starts = append(z.starts, math.MaxInt64)
	z.least, z.most = slices.Min(z.offset), slices.Max(z.offset)
	z.layGuide()
	return z
}

// extend adds the span beginning at t, unless it only continues the last one
// under another abbreviation.
func (z *Zone) extend(t time.Time) {
	_, offset := t.Zone()
	if n := len(z.offset); n > 0 && z.offset[n-1] == int64(offset) {
		return
	}
	z.starts = append(z.starts, t.Unix())
	z.offset = append(z.offset, int64(offset))
}

// nextBound returns the first bound of a span after t. On 31 December of leap
// years ZoneBounds may give an end that is not after t, because it takes every
// year for 365 days; the next day is then asked instead.
func nextBound(t time.Time) time.Time {
	_, end := t.ZoneBounds()
	switch {
	case end.IsZero():
		return time.Unix(layoutEnd, 0)
	case !end.After(t):
		return t.Add(secondsPerDay * time.Second)
	default:
		return end
	}
}

func (z *Zone) layGuide() {
	span := 0
	for second := int64(guideStart); second < foldStart; second += 1 << guideShift {
		for z.starts[span+1] <= second {
			span++
		}
		z.guide = append(z.guide, uint16(span))
	}
}

// String returns the name the zone was loaded by.
func (z *Zone) String() string { return z.name }

// Day returns the civil day of an instant, which is given in microseconds
// since 1970-01-01 00:00 UTC.
func (z *Zone) Day(micros int64) Day {
	second := floorDiv(micros, microsPerSec)
	return Day(floorDiv(second+z.offset[z.span(second)], secondsPerDay))
}

// Days sets days to the civil days of instants, as Day does one by one. Instants
// of one log mostly lie in the same span, which is then not looked for again.
func (z *Zone) Days(days []Day, micros []int64) {
	var start, end, offset int64 // of the span of the instant before, in microseconds
	for i, at := range micros {
		if at < start || at >= end {
			start, end, offset = z.spanOf(at)
		}
		days[i] = Day(floorDiv(at+offset, MicrosPerDay))
	}
}

// spanOf returns the bounds, within which no sum of them and the offset
// overflows, and the offset of the span of an instant, in microseconds; the
// bounds are equal where the span is not to be remembered.
func (z *Zone) spanOf(micros int64) (start, end, offset int64) {
	second := floorDiv(micros, microsPerSec)
	span := z.span(second)
	offset = z.offset[span] * microsPerSec
	if second < guideStart || second >= foldStart {
		return 0, 0, offset
	}
	start = max(z.starts[span], guideStart) * microsPerSec
	end = min(z.starts[span+1], foldStart) * microsPerSec
	return start, end, offset
}

// span returns the index of the span that an instant lies in.
func (z *Zone) span(second int64) int {
	second -= fold(second)
	span := 0
	if second >= guideStart {
		span = int(z.guide[(second-guideStart)>>guideShift])
	}
	for z.starts[span+1] <= second {
		span++
	}
	return span
}

// fold returns the seconds to take off a second that lies after the layout.
func fold(second int64) int64 {
	if second < foldStart {
		return 0
	}
	return ((second-foldStart)/secondsPerCycle + 1) * secondsPerCycle
}

// Instant returns the instant at which the zone's clocks show a civil time.
// Both are in microseconds since 1970-01-01 00:00, the civil time as if it
// were UTC. A time that the clocks show twice is the earlier instant; of a
// time that they skip, ok is false.
func (z *Zone) Instant(civil int64) (micros int64, ok bool) {
	second := floorDiv(civil, microsPerSec)
	folded := second - fold(second)
	// The spans are tried from the earliest instant that any offset gives, so
	// that the first one in which its own offset falls is the earlier.
	for span := z.span(folded - z.most); z.starts[span] <= folded-z.least; span++ {
		at := folded - z.offset[span]
		if z.starts[span] <= at && at < z.starts[span+1] {
			return civil - z.offset[span]*microsPerSec, true
		}
	}
	return 0, false
}

// End returns an instant from which on every civil day is later than the given
// one, the earliest such whole minute. Where the clocks are put back across
// midnight (00:01 to 23:01, as Newfoundland did) a day goes on after its first
// midnight.
func (z *Zone) End(day Day) int64 {
	const (
		minute = 60 * microsPerSec
		most   = 16 * 60 // minutes between a civil time and the same time in UTC, at most, with an hour that is lived twice
	)
	midnight := int64(day+1) * MicrosPerDay
	for at := int64(most); at > -most; at-- {
		if z.Day(midnight+(at-1)*minute) <= day {
			return midnight + at*minute
		}
	}
	return midnight - most*minute
}
