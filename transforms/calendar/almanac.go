package calendar

// Almanac is a Calendar that has the months of some days laid out, so that it
// looks up what Calendar computes: a shard asks for millions of periods and
// offsets. A day that is not laid out is computed; the zero Almanac has none.
// It is immutable and safe for concurrent use.
type Almanac struct {
	Calendar
	places places
}

// place is where a day stands among the months: 32·month, counted from January
// of year 0, and the day of the month, or as much as it stands for.
type place struct {
	at      int32
	reaches int32 // at, but for the last day of a month: that reaches as far as day 31
}

// places are those of consecutive days.
type places []place // from laidOutFrom on

const (
	placeBits   = 5       // of the day of the month
	laidOutFrom = -25_567 // 1900-01-01
)

// NewAlmanac returns a calendar with the days from 1900 to last laid out.
func NewAlmanac(c Calendar, last Day) Almanac {
	a := Almanac{Calendar: c}
	for d := Day(laidOutFrom); d <= last; d++ {
		a.places = append(a.places, placeOf(d))
	}
	return a
}

func placeOf(d Day) place {
	year, month, day := d.Date()
	at := int32(year*12+month-1) << placeBits
	p := place{at: at + int32(day), reaches: at + int32(day)}
	if day == daysIn(year, month) {
		p.reaches = at + 31
	}
	return p
}

// of returns where a day stands.
func (p places) of(d Day) place {
	if i := uint(d - laidOutFrom); i < uint(len(p)) {
		return p[i]
	}
	return placeOf(d)
}

// Index is Calendar.Index.
func (a *Almanac) Index(g Grain, d Day) int32 {
	if g < ByMonth {
		return a.Calendar.Index(g, d)
	}
	months := a.places.of(d).at >> placeBits
	if g == ByMonth {
		return months
	}
	return floorDiv(months, int32(monthsOf(g)))
}

// StartOf returns the first day of the period that d falls in.
func (a *Almanac) StartOf(g Grain, d Day) Day {
	if g == ByMonth {
		return d - Day(a.places.of(d).at&(1<<placeBits-1)) + 1
	}
	return a.Start(g, a.Index(g, d))
}

// Indexes returns the numbers of the periods of days, in their order. It uses
// the memory of to, if that suffices.
func (a *Almanac) Indexes(g Grain, days []Day, to []int32) []int32 {
	to = sized(to, len(days))
	if g != ByMonth {
		for i, d := range days {
			to[i] = a.Index(g, d)
		}
		return to
	}
	for i, d := range days {
		to[i] = a.places.of(d).at >> placeBits
	}
	return to
}

// RollingOffset is the function RollingOffset.
//
// A day's offset by months is found from the places alone: the anniversary in
// the day's month is on first's day of the month, or on the last where the
// month is shorter. So the day has come to it exactly if it reaches first's day
// of the month, and else the month before is the last one over.
func (a *Almanac) RollingOffset(g Grain, first, d Day) int32 {
	if g < ByMonth {
		return RollingOffset(g, first, d)
	}
	months := (a.places.of(d).reaches - a.places.of(first).at) >> placeBits
	if g == ByMonth {
		return months
	}
	return floorDiv(months, int32(monthsOf(g)))
}

// RollingOffsets returns the rolling offsets of days from first, in their
// order. It uses the memory of to, if that suffices.
func (a *Almanac) RollingOffsets(g Grain, first Day, days []Day, to []int32) []int32 {
	to = sized(to, len(days))
	if g != ByMonth {
		for i, d := range days {
			to[i] = a.RollingOffset(g, first, d)
		}
		return to
	}
	at := a.places.of(first).at
	for i, d := range days {
		to[i] = (a.places.of(d).reaches - at) >> placeBits
	}
	return to
}

// sized returns a slice of n, in the memory of s if that suffices.
func sized(s []int32, n int) []int32 {
	if cap(s) < n {
		return make([]int32, n)
	}
	return s[:n]
}
