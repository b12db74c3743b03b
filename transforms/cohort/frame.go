package cohort

import (
	"cmp"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Frame is the calendar of a run. It is read-only.
type Frame struct {
	Calendar calendar.Almanac // with the days laid out that the run can have
	AsOf     calendar.Day
	Grains   []calendar.Grain           // in the order of their names, so that tables are sorted by key; month is among them
	From     numeric.Null[calendar.Day] // history is whole from here; earlier cohorts are left-truncated
	SplitBy  []Attribute
}

// NewFrame returns the calendar of a run up to an as-of day that splits nothing.
func NewFrame(c calendar.Calendar, asOf calendar.Day, grains []calendar.Grain) *Frame {
	return &Frame{Calendar: calendar.NewAlmanac(c, asOf+1), AsOf: asOf, Grains: grains}
}

// Attribute is an attribute of customers by which tables are split.
type Attribute struct {
	Name  string // of its column in customers, as first_country
	Index int    // in ledger.Shard.Attributes
}

// Dimension names a part of the customer base: ("all", "all") or an
// attribute's column with one of its values.
type Dimension struct{ Name, Value string }

// All is the whole base.
var All = Dimension{"all", "all"}

// Compare orders dimensions: the whole base first, then by name and value.
func (d Dimension) Compare(e Dimension) int {
	if (d == All) != (e == All) {
		if d == All {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(d.Name, e.Name), cmp.Compare(d.Value, e.Value))
}

// Period returns the index of the period that holds a day.
func (f *Frame) Period(g calendar.Grain, d calendar.Day) int32 { return f.Calendar.Index(g, d) }

// LastComplete returns the index of the last period that ends on or before
// the as-of day.
func (f *Frame) LastComplete(g calendar.Grain) int32 { return f.Calendar.Index(g, f.AsOf+1) - 1 }

// IsLeftTruncated reports whether a cohort begins before history is whole.
func (f *Frame) IsLeftTruncated(g calendar.Grain, cohort int32) bool {
	from, ok := f.From.Get()
	return ok && f.Calendar.Start(g, cohort) < from
}
