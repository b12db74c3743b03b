package retention

import (
	"slices"

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
	periods []int32 // of the days of the shard
	now     int32   // the period of the as-of day
	over    int32   // the last period that is over

	*cohort.MemberDays
	in       int32   // the cohort
	offsets  []int32 // of the days, as many as lie in offsets kept
	lastIn   int32   // the offset of the last purchase, or the last one kept
	begun    int32   // the last offset kept that has begun
	complete int32   // the last offset that is over, -1 if none
}

func newMember(f *cohort.Frame, v *cohort.View, g calendar.Grain, mode Mode, limit int32) *member {
	return &member{
		frame: f, view: v, grain: g, mode: mode, limit: limit,
		periods: v.Periods(g), now: f.Period(g, f.AsOf), over: f.LastComplete(g),
	}
}

// place makes m member i, and finds the offsets.
func (m *member) place(i int) {
	m.MemberDays = &m.view.Members[i]
	periods := m.periods[m.From:m.To]
	m.in = periods[0]
	if m.mode == ByCalendar {
		m.offsets = since(m.in, periods, m.offsets)
		m.begun, m.complete = m.now-m.in, m.over-m.in
	} else {
		c := &m.frame.Calendar
		m.offsets = c.RollingOffsets(m.grain, m.First, m.view.Days.Day[m.From:m.To], m.offsets)
		m.begun = c.RollingOffset(m.grain, m.First, m.frame.AsOf)
		m.complete = c.RollingOffset(m.grain, m.First, m.frame.AsOf+1) - 1
	}
	m.begun = min(m.limit, m.begun)
	m.lastIn = min(m.limit, m.offsets[m.Last-m.From])
	n := len(m.offsets)
	for m.offsets[n-1] > m.limit { // the first day's offset, 0, is kept
		n--
	}
	m.offsets = m.offsets[:n]
}

// since returns the offsets of periods from the first. It uses the memory of to,
// if that suffices.
func since(first int32, periods, to []int32) []int32 {
	to = slices.Grow(to[:0], len(periods))[:len(periods)]
	for i, period := range periods {
		to[i] = period - first
	}
	return to
}

// addTo adds the member to its peers, who have room for its offsets.
func (m *member) addTo(p *peers) {
	d := &m.view.Days
	p.size++
	p.firstOrders += int64(d.Orders[m.From])
	p.complete = m.complete
	m.addDays(p.cells)
	if m.Second == m.To {
		return
	}
	if second := int(m.Second - m.From); second < len(m.offsets) {
		p.cells[m.offsets[second]].second++
	}
	p.cells[m.lastIn].last++
}

// addDays adds the days in offsets kept.
func (m *member) addDays(cells []cell) {
	d, from, to := &m.view.Days, m.From, m.From+int32(len(m.offsets))
	orders, isPurchase := d.Orders[from:to], d.IsPurchase[from:to]
	gross, refunds, contribution := d.GrossSales[from:to], d.Refunds[from:to], d.Contribution[from:to]
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
	d := &m.view.Days
	for i := m.From + int32(len(m.offsets)); i < m.To; i++ {
		b.Orders += int64(d.Orders[i])
		b.GrossSales += d.GrossSales[i]
		b.Refunds += d.Refunds[i]
		b.Contribution += d.Contribution[i]
	}
}
