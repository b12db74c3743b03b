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

// Periods returns cohort_periods in the order of its key, for cohorts with
// members. Offsets that have not begun are not there.
func (g *Grid) Periods(f *cohort.Frame, hasContribution bool) []CohortPeriod {
	var rows []CohortPeriod
	for _, d := range g.Sorted() {
		for _, grain := range f.Grains {
			modes := &g.Of(d)[grain]
			first, ok := modes[ByCalendar].First()
			for c := first; ok && c < modes[ByCalendar].End(); c++ {
				for mode := range modes {
					h := modes[mode].Get(c)
					if h.size == 0 {
						continue
					}
					head := CohortPeriod{
						Dimension: d, Grain: grain, CohortStart: f.Calendar.Start(grain, c), Mode: Mode(mode),
						IsLeftTruncated: f.IsLeftTruncated(grain, c), Size: h.size,
					}
					rows = h.appendOffsets(rows, f, head, c, hasContribution)
				}
			}
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

// Beyond returns the net revenue of a grain and mode of the whole base that
// lies in offsets beyond the last one kept.
func (g *Grid) Beyond(grain calendar.Grain, mode Mode) int64 {
	cohorts := &g.Of(cohort.All)[grain][mode]
	first, ok := cohorts.First()
	var sum int64
	for c := first; ok && c < cohorts.End(); c++ {
		sum += cohorts.Get(c).beyond
	}
	return sum
}
