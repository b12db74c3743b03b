package retention

import (
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
)

// Mode is how offsets are counted.
type Mode uint8

// The modes, in the order of the tables.
const (
	ByCalendar Mode = iota
	Rolling
)

// String returns the mode's name in tables.
func (m Mode) String() string {
	if m == Rolling {
		return "rolling"
	}
	return "calendar"
}

// cell is what one cohort did in one offset. Fields named by "until" and
// "from" count each member once, where its run of offsets ends or begins; sums
// over the offsets from there yield the published numbers. So a member costs a
// few additions, however long it has been exposed.
type cell struct {
	// so far: all members up to the as-of day
	active, orders, firstOrders, purchaseDays int64
	gross, refunds, contribution              int64

	// exposed members only
	retained          int64
	exposedUntil      int64 // members whose last exposed offset this is
	laterUntil        int64 // members with a later purchase, whose last exposed offset before or at it this is
	repeatedFrom      int64 // members whose second purchase fell here, less those last exposed in the offset before
	net               int64 // net revenue of exposed members in this offset
	contributionIn    int64 // their contribution
	netUntil          int64 // net revenue of members over their exposed offsets, where these end
	contributionUntil int64
	offset0Until      int64 // net revenue in offset 0 of members whose last exposed offset this is
}

func (c *cell) add(o *cell) {
	c.active += o.active
	c.orders += o.orders
	c.firstOrders += o.firstOrders
	c.purchaseDays += o.purchaseDays
	c.gross += o.gross
	c.refunds += o.refunds
	c.contribution += o.contribution
	c.retained += o.retained
	c.exposedUntil += o.exposedUntil
	c.laterUntil += o.laterUntil
	c.repeatedFrom += o.repeatedFrom
	c.net += o.net
	c.contributionIn += o.contributionIn
	c.netUntil += o.netUntil
	c.contributionUntil += o.contributionUntil
	c.offset0Until += o.offset0Until
}

// history is one cohort's cells by offset.
type history struct {
	size     int64
	begun    int32 // offsets 0..begun have begun for some member; meaningless without members
	complete int32 // offsets 0..complete are over for all members, -1 if none; meaningless without members
	cells    cohort.Series[cell]
}

// rows returns how many rows of cohort_periods the history has.
func (h *history) rows() int64 {
	if h.size == 0 {
		return 0
	}
	return int64(h.begun) + 1
}

// join counts members whose offsets have begun and are over up to the given.
func (h *history) join(size int64, begun, complete int32) {
	if h.size == 0 {
		h.begun, h.complete = begun, complete
	}
	h.size += size
	h.begun = max(h.begun, begun)
	h.complete = min(h.complete, complete)
}

func (h *history) add(o *history) {
	if o.size == 0 {
		return
	}
	h.join(o.size, o.begun, o.complete)
	h.cells.Merge(&o.cells, (*cell).add)
}

// histories are the cohorts of one grain, in both modes.
type histories [Rolling + 1]cohort.Series[history]

// Grid accumulates cohort_periods: per dimension, grain, mode, cohort, offset.
type Grid struct {
	cohort.Split[[calendar.ByYear + 1]histories]
	MaxOffset [calendar.ByYear + 1]int32 // the last offset kept per grain

	rows   int64                                  // of cohort_periods, so far
	beyond [calendar.ByYear + 1][Rolling + 1]cell // of the whole base, in offsets beyond the last one kept
}

// AddShard adds the customers of a shard.
func (g *Grid) AddShard(f *cohort.Frame, s *ledger.Shard) {
	var offsets []int32
	parts := g.Each(f.Dimensions(&s.Customers))
	for customer := range f.Members(&s.Customers) {
		from, to := s.Range(customer.Customer)
		for _, grain := range f.Grains {
			in := f.Period(grain, customer.First)
			for mode := ByCalendar; mode <= Rolling; mode++ {
				var m member
				m, offsets = newMember(f, grain, mode, &s.Days, from, to, offsets[:0])
				m.limit(g.MaxOffset[grain])
				m.addBeyond(&g.beyond[grain][mode])
				for _, p := range customer.Parts {
					h := parts[p][grain][mode].At(in)
					g.rows -= h.rows()
					m.addTo(h)
					g.rows += h.rows()
				}
			}
		}
	}
}

// Add adds another grid.
func (g *Grid) Add(o *Grid) {
	g.Merge(&o.Split, func(to, from *[calendar.ByYear + 1]histories) {
		for grain := range to {
			for mode := range to[grain] {
				to[grain][mode].Merge(&from[grain][mode], func(h, other *history) {
					g.rows -= h.rows()
					h.add(other)
					g.rows += h.rows()
				})
			}
		}
	})
	for grain := range g.beyond {
		for mode := range g.beyond[grain] {
			g.beyond[grain][mode].add(&o.beyond[grain][mode])
		}
	}
}

// Rows returns how many rows cohort_periods has.
func (g *Grid) Rows() int64 { return g.rows }

// member is one customer seen by a grain and a mode.
type member struct {
	days     *ledger.Days
	from, to int32
	offsets  []int32 // of days from..to
	begun    int32   // the offset of the as-of day
	complete int32   // the last exposed offset; -1 if none
	exposed  int32   // the last exposed offset that is kept; -1 if none
	last     int32   // the last offset kept
}

func newMember(f *cohort.Frame, g calendar.Grain, mode Mode, d *ledger.Days, from, to int32, offsets []int32) (member, []int32) {
	m := member{days: d, from: from, to: to}
	first := d.Day[from]
	if mode == Rolling {
		for i := from; i < to; i++ {
			offsets = append(offsets, calendar.RollingOffset(g, first, d.Day[i]))
		}
		m.begun = calendar.RollingOffset(g, first, f.AsOf)
		m.complete = calendar.RollingOffset(g, first, f.AsOf+1) - 1
	} else {
		acquiredIn := f.Period(g, first)
		for i := from; i < to; i++ {
			offsets = append(offsets, f.Period(g, d.Day[i])-acquiredIn)
		}
		m.begun = f.Period(g, f.AsOf) - acquiredIn
		m.complete = f.LastComplete(g) - acquiredIn
	}
	m.offsets = offsets
	return m, offsets
}

func (m *member) limit(last int32) {
	m.last = last
	m.begun = min(m.begun, last)
	m.exposed = min(m.complete, last)
}

// addTo adds the member to its cohort.
func (m *member) addTo(h *history) {
	h.join(1, m.begun, m.complete)
	var offset0, net, contribution int64
	lastActive, lastRetained, purchases := int32(-1), int32(-1), 0
	for i := m.from; i < m.to; i++ {
		offset := m.offsets[i-m.from]
		isPurchase := m.days.IsPurchase[i]
		if isPurchase {
			purchases++
		}
		if isPurchase && purchases > 1 {
			lastRetained = offset
		}
		if offset > m.last {
			continue
		}
		c := h.cells.At(offset)
		m.soFar(c, i)
		if isPurchase && offset > lastActive {
			c.active++
			lastActive = offset
		}
		if offset > m.exposed {
			continue
		}
		c.net += m.days.Net(i)
		c.contributionIn += m.days.Contribution[i]
		net += m.days.Net(i)
		contribution += m.days.Contribution[i]
		if offset == 0 {
			offset0 += m.days.Net(i)
		}
	}
	m.repeats(h)
	if m.exposed < 0 {
		return
	}
	end := h.cells.At(m.exposed)
	end.exposedUntil++
	end.offset0Until += offset0
	end.netUntil += net
	end.contributionUntil += contribution
	if lastRetained >= 0 {
		h.cells.At(min(m.exposed, lastRetained)).laterUntil++
	}
}

// addBeyond adds the days beyond the last offset kept.
func (m *member) addBeyond(c *cell) {
	for i := m.from; i < m.to; i++ {
		if m.offsets[i-m.from] > m.last {
			m.soFar(c, i)
		}
	}
}

func (m *member) soFar(c *cell, i int32) {
	c.orders += int64(m.days.Orders[i])
	c.gross += m.days.GrossSales[i]
	c.refunds += m.days.Refunds[i]
	c.contribution += m.days.Contribution[i]
	if i == m.from {
		c.firstOrders += int64(m.days.Orders[i])
	}
	if m.days.IsPurchase[i] {
		c.purchaseDays++
	}
}

// repeats counts the exposed offsets with a purchase after the first day, and
// the exposed offsets from the second purchase on.
func (m *member) repeats(h *history) {
	last := int32(-1)
	for i := m.from + 1; i < m.to; i++ {
		offset := m.offsets[i-m.from]
		if offset > m.exposed {
			return
		}
		if !m.days.IsPurchase[i] || offset == last {
			continue
		}
		h.cells.At(offset).retained++
		if last < 0 {
			h.cells.At(offset).repeatedFrom++
			h.cells.At(m.exposed+1).repeatedFrom--
		}
		last = offset
	}
}
