package retention

import (
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
)

// member is one customer, as seen by one grain and mode at a time.
type member struct {
	days     *ledger.Days
	from, to int32        // its entries
	second   int32        // the entry of the second purchase, to if there is none
	last     int32        // the entry of the last purchase
	first    calendar.Day // of the first purchase

	offsets  []int32 // of the days, as many as lie in offsets kept
	lastIn   int32   // the offset of the last purchase, or the last one kept
	begun    int32   // the last offset kept that has begun
	complete int32   // the last offset that is over, -1 if none
}

// enter makes m another customer.
func (m *member) enter(s *ledger.Shard, customer cohort.Member) {
	m.days, m.first = &s.Days, customer.First
	m.from, m.to = s.Range(customer.Customer)
	m.second = cohort.SecondPurchase(m.days, m.from, m.to)
	m.last = m.to - 1
	for !m.days.IsPurchase[m.last] {
		m.last--
	}
}

// place finds the offsets, of which those up to limit are kept. A calendar
// offset is the rolling offset of who was there when the cohort began.
func (m *member) place(f *cohort.Frame, g calendar.Grain, mode Mode, limit int32) {
	origin := m.first
	if mode == ByCalendar {
		origin = f.Calendar.StartOf(g, m.first)
	}
	m.offsets = f.Calendar.RollingOffsets(g, origin, m.days.Day[m.from:m.to], m.offsets)
	m.lastIn = min(limit, m.offsets[m.last-m.from])
	m.begun = min(limit, f.Calendar.RollingOffset(g, origin, f.AsOf))
	m.complete = f.Calendar.RollingOffset(g, origin, f.AsOf+1) - 1
	n := len(m.offsets)
	for m.offsets[n-1] > limit { // the first day's offset, 0, is kept
		n--
	}
	m.offsets = m.offsets[:n]
}

// addTo adds the member to its peers.
func (m *member) addTo(p *peers) {
	p.size++
	p.firstOrders += int64(m.days.Orders[m.from])
	p.complete = m.complete
	p.reserve(m.begun + 1)
	m.addDays(p.cells)
	if m.second == m.to {
		return
	}
	if second := int(m.second - m.from); second < len(m.offsets) {
		p.cells[m.offsets[second]].second++
	}
	p.cells[m.lastIn].last++
}

// addDays adds the days in offsets kept.
func (m *member) addDays(cells []cell) {
	from, to := m.from, m.from+int32(len(m.offsets))
	orders, isPurchase := m.days.Orders[from:to], m.days.IsPurchase[from:to]
	gross, refunds, contribution := m.days.GrossSales[from:to], m.days.Refunds[from:to], m.days.Contribution[from:to]
	lastActive := int32(-1)
	for i, offset := range m.offsets {
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

// one counts something that is so or not, without a jump that nobody foresees.
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
