package retention

import (
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
)

// member is one customer of a shard after the other, as seen by one grain.
type member struct {
	frame           *cohort.Frame
	view            *cohort.View
	grain           calendar.Grain
	limit           int32 // the last offset kept
	now             int32 // the period of the as-of day
	over            int32 // the last period that is over
	hasContribution bool  // contributions mean something

	*cohort.MemberDays
	cohort  int32
	courses [Rolling + 1]course
	scrap   [Rolling + 1]cell // what nobody asks for
}

// course is a member's offsets in one mode.
type course struct {
	places   []int32 // of the shard's days: periods, or rolling offsets
	origin   int32   // a day's offset is its place less this
	begun    int32   // the last offset kept that has begun
	complete int32   // the last offset that is over, -1 if none
}

func newMember(f *cohort.Frame, v *cohort.View, g calendar.Grain, limit int32) *member {
	m := &member{
		frame: f, view: v, grain: g, limit: limit,
		now: f.Period(g, f.AsOf), over: f.LastComplete(g), hasContribution: v.Totals.MissingContribution == 0,
	}
	m.courses[ByCalendar].places = v.Periods(g)
	m.courses[Rolling].places = v.RollingOffsets(f, g)
	return m
}

// place makes m member i, and finds the offsets.
func (m *member) place(i int) {
	m.MemberDays = &m.view.Members[i]
	byCalendar, rolling, c := &m.courses[ByCalendar], &m.courses[Rolling], &m.frame.Calendar
	m.cohort = byCalendar.places[m.From]
	byCalendar.origin = m.cohort
	byCalendar.begun = min(m.limit, m.now-m.cohort)
	byCalendar.complete = m.over - m.cohort
	rolling.begun = min(m.limit, c.RollingOffset(m.grain, m.First, m.frame.AsOf))
	rolling.complete = c.RollingOffset(m.grain, m.First, m.frame.AsOf+1) - 1
}

// offset returns the offset of an entry.
func (c *course) offset(i int32) int32 { return c.places[i] - c.origin }

// addTo adds the member to its peers in each mode, who have room for its
// offsets. What lies beyond the last offset kept is added to beyond.
func (m *member) addTo(p *[Rolling + 1]*peers, beyond *[Rolling + 1]cell) {
	m.addDays(p[ByCalendar].cells, p[Rolling].cells, beyond)
	firstOrders := int64(m.view.Days.Orders[m.From])
	for mode, p := range p {
		c := &m.courses[mode]
		p.size++
		p.firstOrders += firstOrders
		p.complete = c.complete
		if m.Second == m.To {
			continue
		}
		if second := c.offset(m.Second); second <= m.limit {
			p.cells[second].second++
		}
		p.cells[min(m.limit, c.offset(m.Last))].last++
	}
}

// addDays adds the days to the cells of both modes, between which they are read
// but once.
func (m *member) addDays(byCalendar, rolling []cell, beyond *[Rolling + 1]cell) {
	d, from, n := &m.view.Days, m.From, m.To-m.From
	periods, origin := m.courses[ByCalendar].places[from:][:n], m.cohort
	offsets := m.courses[Rolling].places[from:][:n]
	orders, isPurchase := d.Orders[from:][:n], d.IsPurchase[from:][:n]
	gross, refunds, contribution := d.GrossSales[from:][:n], d.Refunds[from:][:n], d.Contribution[from:][:n]
	lastPeriod, lastOffset := int32(-1), int32(-1) // with a purchase
	for i, offset := range offsets {
		period := periods[i] - origin
		p, o := &beyond[ByCalendar], &beyond[Rolling]
		if int(period) < len(byCalendar) {
			p = &byCalendar[period]
		}
		if int(offset) < len(rolling) {
			o = &rolling[offset]
		}
		p.trade(orders[i], gross[i], refunds[i])
		o.trade(orders[i], gross[i], refunds[i])
		if m.hasContribution {
			p.contribution += contribution[i]
			o.contribution += contribution[i]
		}
		if isPurchase[i] {
			p.purchase(period != lastPeriod)
			o.purchase(offset != lastOffset)
			lastPeriod, lastOffset = period, offset
		}
	}
}

// trade adds the orders and the money of a day.
func (c *cell) trade(orders int32, gross, refunds int64) {
	c.orders += int64(orders)
	c.gross += gross
	c.refunds += refunds
}

// purchase adds a purchase day, which may be its member's first in the offset.
func (c *cell) purchase(isFirst bool) {
	c.purchaseDays++
	c.active += one(isFirst)
}

// one counts something that is so or not, without a jump that nobody foresees.
func one(isSo bool) int64 {
	if isSo {
		return 1
	}
	return 0
}
