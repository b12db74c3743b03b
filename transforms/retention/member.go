package retention

import (
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
)

// member is one customer of a shard after the other, as seen by one grain and
// mode.
type member struct {
	frame   *cohort.Frame
	view    *cohort.View
	grain   calendar.Grain
	mode    Mode
	limit   int32   // the last offset kept
	periods []int32 // of the shard's days
	places  []int32 // of the shard's days: periods, or rolling offsets
	now     int32   // the period of the as-of day
	over    int32   // the last period that is over

	*cohort.MemberDays
	cohort   int32
	origin   int32 // a day's offset is its place less this
	kept     int32 // the entries in offsets kept end before this one
	begun    int32 // the last offset kept that has begun
	complete int32 // the last offset that is over, -1 if none
}

func newMember(f *cohort.Frame, v *cohort.View, g calendar.Grain, mode Mode, limit int32) *member {
	m := &member{
		frame: f, view: v, grain: g, mode: mode, limit: limit,
		periods: v.Periods(g), now: f.Period(g, f.AsOf), over: f.LastComplete(g),
	}
	m.places = m.periods
	if mode == Rolling {
		m.places = v.RollingOffsets(f, g)
	}
	return m
}

// place makes m member i, and finds the offsets.
func (m *member) place(i int) {
	m.MemberDays = &m.view.Members[i]
	m.cohort = m.periods[m.From]
	if m.mode == ByCalendar {
		m.origin, m.begun, m.complete = m.cohort, m.now-m.cohort, m.over-m.cohort
	} else {
		c := &m.frame.Calendar
		m.begun = c.RollingOffset(m.grain, m.First, m.frame.AsOf)
		m.complete = c.RollingOffset(m.grain, m.First, m.frame.AsOf+1) - 1
	}
	m.begun = min(m.limit, m.begun)
	m.kept = m.To
	for m.offset(m.kept-1) > m.limit { // the first day's offset, 0, is kept
		m.kept--
	}
}

// offset returns the offset of an entry.
func (m *member) offset(i int32) int32 { return m.places[i] - m.origin }

// addTo adds the member to its peers, who have room for its offsets.
func (m *member) addTo(p *peers) {
	p.size++
	p.firstOrders += int64(m.view.Days.Orders[m.From])
	p.complete = m.complete
	m.addDays(p.cells)
	if m.Second == m.To {
		return
	}
	if m.Second < m.kept {
		p.cells[m.offset(m.Second)].second++
	}
	p.cells[min(m.limit, m.offset(m.Last))].last++
}

// addDays adds the days in offsets kept.
func (m *member) addDays(cells []cell) {
	d, from, to, origin := &m.view.Days, m.From, m.kept, m.origin
	orders, isPurchase := d.Orders[from:to], d.IsPurchase[from:to]
	gross, refunds, contribution := d.GrossSales[from:to], d.Refunds[from:to], d.Contribution[from:to]
	lastActive := int32(-1)
	for i, place := range m.places[from:to] {
		offset := place - origin
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
	d := &m.view.Days
	for i := m.kept; i < m.To; i++ {
		b.Orders += int64(d.Orders[i])
		b.GrossSales += d.GrossSales[i]
		b.Refunds += d.Refunds[i]
		b.Contribution += d.Contribution[i]
	}
}
