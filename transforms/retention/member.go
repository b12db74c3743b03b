package retention

import (
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
)

// member is one customer, as seen by one grain and mode at a time.
type member struct {
	days     *ledger.Days
	from, to int32 // its entries
	second   int32 // the entry of the second purchase, to if there is none
	last     int32 // the entry of the last purchase

	offsets  []int32 // of the days, as many as lie in offsets kept
	lastIn   int32   // the offset of the last purchase, or the last one kept
	begun    int32   // the last offset kept that has begun
	complete int32   // the last offset that is over, -1 if none
}

// place finds the offsets, counted from the customer's first day (rolling) or
// from the first day of the cohort (calendar): a calendar offset is the rolling
// offset of who was there when the cohort began. Offsets are kept up to limit.
func (m *member) place(f *cohort.Frame, g calendar.Grain, origin calendar.Day, limit int32) {
	m.offsets = f.Calendar.RollingOffsets(g, origin, m.days.Day[m.from:m.to], m.offsets)
	m.lastIn = min(limit, m.offsets[m.last-m.from])
	m.begun = min(limit, f.Calendar.RollingOffset(g, origin, f.AsOf))
	m.complete = f.Calendar.RollingOffset(g, origin, f.AsOf+1) - 1
	for n := len(m.offsets); n > 0 && m.offsets[n-1] > limit; n-- {
		m.offsets = m.offsets[:n-1]
	}
}

// addTo adds the member to its peers.
func (m *member) addTo(p *peers) {
	p.size++
	p.firstOrders += int64(m.days.Orders[m.from])
	p.complete = m.complete
	p.reserve(m.begun + 1)
	m.addDays(p.cells)
	if m.second < m.to {
		if second := int(m.second - m.from); second < len(m.offsets) {
			p.cells[m.offsets[second]].second++
		}
		p.cells[m.lastIn].last++
	}
}

// addDays adds the days in offsets kept.
func (m *member) addDays(cells []cell) {
	offsets := m.offsets
	n := m.from + int32(len(offsets))
	orders, isPurchase := m.days.Orders[m.from:n], m.days.IsPurchase[m.from:n]
	gross, refunds, contribution := m.days.GrossSales[m.from:n], m.days.Refunds[m.from:n], m.days.Contribution[m.from:n]
	lastActive := int32(-1)
	for i, offset := range offsets {
		c := &cells[offset]
		c.orders += int64(orders[i])
		c.gross += gross[i]
		c.refunds += refunds[i]
		c.contribution += contribution[i]
		if isPurchase[i] {
			c.purchaseDays++
			c.active += one(offset != lastActive)
			lastActive = offset
		}
	}
}

func one(isSo bool) int64 {
	if isSo {
		return 1
	}
	return 0
}

// addBeyond adds the days beyond the last offset kept.
func (m *member) addBeyond(b *Beyond) {
	for i := m.from + int32(len(m.offsets)); i < m.to; i++ {
		b.Orders += int64(m.days.Orders[i])
		b.GrossSales += m.days.GrossSales[i]
		b.Refunds += m.days.Refunds[i]
		b.Contribution += m.days.Contribution[i]
	}
}
