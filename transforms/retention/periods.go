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
			cohorts := &g.Get(d)[grain][ByCalendar]
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
				cells += 2 * int64(h.offsets()) // rolling has about as many
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
	modes := &g.Get(p.dimension)[p.grain]
	for c := p.first; c < p.end; c++ {
		for mode := range modes {
			h := modes[mode].Get(c)
			if h.offsets() == 0 {
				continue
			}
			head := CohortPeriod{
				Dimension: p.dimension, Grain: p.grain, CohortStart: f.Calendar.Start(p.grain, c), Mode: Mode(mode),
				IsLeftTruncated: f.IsLeftTruncated(p.grain, c), Size: h[0].size + h[1].size,
			}
			rows = h.appendOffsets(rows, f, head, c, hasContribution)
		}
	}
	return rows
}

// appendOffsets appends the rows of one cohort in one mode.
func (h *history) appendOffsets(rows []CohortPeriod, f *cohort.Frame, head CohortPeriod, index int32, hasContribution bool) []CohortPeriod {
	soFar := [len(h)]running{run(&h[0]), run(&h[1])}
	complete := h.complete()
	for k := range h.offsets() {
		row := head
		row.Offset = k
		row.IsComplete = k <= complete
		row.Followup = int64(max(0, complete-k))
		var contribution, cumulativeContribution int64
		for i := range soFar {
			in, exposed := soFar[i].enter(&row)
			contribution += in
			cumulativeContribution += exposed
		}
		if hasContribution {
			row.Contribution = numeric.Known(contribution)
			row.ExposedCumulativeContribution = numeric.Known(cumulativeContribution)
		}
		if head.Mode == ByCalendar {
			row.PeriodStart = numeric.Known(int32(f.Calendar.Start(head.Grain, index+k)))
			row.PeriodEnd = numeric.Known(int32(f.Calendar.End(head.Grain, index+k)))
		}
		rows = append(rows, row)
	}
	return rows
}

// running is what peers did up to an offset.
type running struct {
	*peers
	repeated          int64 // members with a second purchase so far
	later             int64 // members who will purchase again in the offset or later
	net, contribution int64
}

// run begins before offset 0.
func run(p *peers) running {
	r := running{peers: p}
	for k := range p.cells {
		r.later += p.cells[k].last
	}
	return r
}

// enter adds the peers to their cohort's row, offset by offset. It returns
// their contribution in the offset, and where they are exposed also that up to
// it. A member's purchase after the first day is, in offset 0, the second one.
func (r *running) enter(row *CohortPeriod) (contribution, cumulative int64) {
	if int(row.Offset) >= len(r.cells) {
		return 0, 0
	}
	c := r.cells[row.Offset]
	row.Active += c.active
	row.Orders += c.orders
	row.PurchaseDays += c.purchaseDays
	row.GrossSales += c.gross
	row.Refunds += c.refunds
	retained := c.active
	if row.Offset == 0 {
		row.FirstOrders += r.firstOrders
		retained = c.second
	}
	r.repeated += c.second
	r.net += c.net()
	r.contribution += c.contribution
	if row.Offset <= r.complete {
		row.Exposed += r.size
		row.Retained += retained
		row.RetainedOrLater += r.later
		row.Repeated += r.repeated
		row.ExposedNet += c.net()
		row.ExposedOffset0Net += r.cells[0].net()
		row.ExposedCumulativeNet += r.net
		cumulative = r.contribution
	}
	r.later -= c.last
	return c.contribution, cumulative
}
