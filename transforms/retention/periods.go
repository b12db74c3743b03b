package retention

import (
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// CohortPeriod is a row of cohort_periods: one cohort in one offset.
type CohortPeriod struct {
	Dimension   cohort.Dimension
	Grain       calendar.Grain
	CohortStart calendar.Day
	Mode        Mode
	Offset      int32

	PeriodStart, PeriodEnd numeric.Null[int32] // null when rolling
	IsComplete             bool
	IsLeftTruncated        bool
	Size, Exposed          int64
	Followup               int64 // complete offsets after this one

	Retained, RetainedOrLater, Repeated int64
	ExposedNet, ExposedOffset0Net       int64
	ExposedCumulativeNet                int64
	ExposedCumulativeContribution       numeric.Null[int64]

	Active, Orders, FirstOrders, PurchaseDays int64
	GrossSales, Refunds                       int64
	Contribution                              numeric.Null[int64]
}

// NetRevenue returns gross sales and refunds so far together.
func (p *CohortPeriod) NetRevenue() int64 { return p.GrossSales + p.Refunds }

// Part is a part of cohort_periods small enough to be held at once: cohorts
// first to end−1 of one dimension value and grain.
type Part struct {
	dimension  cohort.Dimension
	grain      calendar.Grain
	first, end int32
}

// partCells is about how many rows a part has: some hundred megabytes each.
const partCells = 1 << 18

// Parts divides cohort_periods into parts, which in their order are the table
// in the order of its key. The division depends on the sums alone.
func (g *Grid) Parts(f *cohort.Frame) []Part {
	var parts []Part
	for _, d := range g.Sorted() {
		for _, grain := range f.Grains {
			cohorts := &g.Of(d)[grain][ByCalendar]
			first, ok := cohorts.First()
			if !ok {
				continue
			}
			part, cells := Part{d, grain, first, first}, int64(0)
			for ; part.end < cohorts.End(); part.end++ {
				if cells > partCells {
					parts = append(parts, part)
					part.first, cells = part.end, 0
				}
				h := cohorts.Get(part.end)
				cells += 2 * h.rows() // rolling has about as many
			}
			parts = append(parts, part)
		}
	}
	return parts
}

// Periods returns the rows of a part: its cohorts with members, in the order
// of the key. Offsets that have not begun are not there. Any number of
// goroutines may ask for parts at once, while nothing is added to the grid.
func (g *Grid) Periods(f *cohort.Frame, p Part, hasContribution bool) []CohortPeriod {
	var rows []CohortPeriod
	modes := &g.Of(p.dimension)[p.grain]
	for c := p.first; c < p.end; c++ {
		for mode := range modes {
			h := modes[mode].Get(c)
			if h.size == 0 {
				continue
			}
			head := CohortPeriod{
				Dimension: p.dimension, Grain: p.grain, CohortStart: f.Calendar.Start(p.grain, c), Mode: Mode(mode),
				IsLeftTruncated: f.IsLeftTruncated(p.grain, c), Size: h.size,
			}
			rows = h.appendOffsets(rows, f, head, c, hasContribution)
		}
	}
	return rows
}

// appendOffsets appends the rows of one cohort in one mode.
func (h *history) appendOffsets(rows []CohortPeriod, f *cohort.Frame, head CohortPeriod, index int32, hasContribution bool) []CohortPeriod {
	start := len(rows)
	var repeated, net, contribution int64
	for k := int32(0); k <= h.begun; k++ {
		c := h.cells.Get(k)
		before := h.cells.Get(k - 1)
		repeated += c.repeatedFrom
		net += c.net - before.netUntil
		contribution += c.contributionIn - before.contributionUntil
		row := head
		row.Offset = k
		row.IsComplete = k <= h.complete
		row.Followup = int64(max(0, h.complete-k))
		row.Retained, row.Repeated = c.retained, repeated
		row.ExposedNet, row.ExposedCumulativeNet = c.net, net
		row.Active, row.Orders, row.FirstOrders, row.PurchaseDays = c.active, c.orders, c.firstOrders, c.purchaseDays
		row.GrossSales, row.Refunds = c.gross, c.refunds
		if hasContribution {
			row.Contribution = numeric.Known(c.contribution)
			row.ExposedCumulativeContribution = numeric.Known(contribution)
		}
		if head.Mode == ByCalendar {
			row.PeriodStart = numeric.Known(int32(f.Calendar.Start(head.Grain, index+k)))
			row.PeriodEnd = numeric.Known(int32(f.Calendar.End(head.Grain, index+k)))
		}
		rows = append(rows, row)
	}
	var exposed, later, offset0 int64
	for k := h.begun; k >= 0; k-- {
		c := h.cells.Get(k)
		exposed += c.exposedUntil
		later += c.laterUntil
		offset0 += c.offset0Until
		row := &rows[start+int(k)]
		row.Exposed, row.RetainedOrLater, row.ExposedOffset0Net = exposed, later, offset0
	}
	return rows
}

// Beyond is what lies in offsets beyond the last one kept.
type Beyond struct{ Orders, GrossSales, Refunds, Contribution int64 }

// Beyond returns what of the whole base lies beyond the last offset kept, in a
// grain and mode.
func (g *Grid) Beyond(grain calendar.Grain, mode Mode) Beyond {
	c := &g.beyond[grain][mode]
	return Beyond{c.orders, c.gross, c.refunds, c.contribution}
}
