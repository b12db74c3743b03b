package retention

import (
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
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

// cell is what peers did in one offset.
type cell struct {
	active, orders, purchaseDays int64
	gross, refunds, contribution int64
	second                       int64 // members whose second purchase fell here
	last                         int64 // members with several purchases, of which the last fell here, or beyond if this is the last offset kept
}

func (c *cell) add(o *cell) {
	c.active += o.active
	c.orders += o.orders
	c.purchaseDays += o.purchaseDays
	c.gross += o.gross
	c.refunds += o.refunds
	c.contribution += o.contribution
	c.second += o.second
	c.last += o.last
}

// net returns the net revenue.
func (c *cell) net() int64 { return c.gross + c.refunds }

// peers are the members of a cohort that are exposed to the same offsets. So
// what exposed members did is what peers did, in offsets up to complete.
type peers struct {
	size        int64
	firstOrders int64  // orders of the first purchase day
	complete    int32  // offsets 0..complete are over, -1 if none; meaningless without members
	cells       []cell // by offset: those that have begun for some member
}

// reserve makes room for a number of offsets.
func (p *peers) reserve(offsets int32) {
	if missing := int(offsets) - len(p.cells); missing > 0 {
		p.cells = slices.Concat(p.cells, make([]cell, missing))
	}
}

func (p *peers) add(o *peers) {
	if o.size == 0 {
		return
	}
	p.size += o.size
	p.firstOrders += o.firstOrders
	p.complete = o.complete
	p.reserve(int32(len(o.cells)))
	for k := range o.cells {
		p.cells[k].add(&o.cells[k])
	}
}

// history is one cohort's offsets. Its members' first days lie within one
// period, so what is complete differs by one at most between them, and whether
// that is even or odd tells two kinds of peers apart.
type history [2]peers

// of returns the members whose offsets 0..complete are over.
func (h *history) of(complete int32) *peers { return &h[complete&1] }

// reserve makes room for a number of offsets of such members, and returns how
// many more have begun for some member of the cohort.
func (h *history) reserve(complete, offsets int32) int64 {
	p := h.of(complete)
	if int(offsets) <= len(p.cells) {
		return 0
	}
	before := h.offsets()
	p.reserve(offsets)
	return int64(h.offsets() - before)
}

// complete returns the last offset that is over for all members, -1 if none.
func (h *history) complete() int32 {
	switch {
	case h[0].size == 0:
		return h[1].complete
	case h[1].size == 0:
		return h[0].complete
	default:
		return min(h[0].complete, h[1].complete)
	}
}

// offsets returns how many offsets have begun for some member.
func (h *history) offsets() int32 {
	return int32(max(len(h[0].cells), len(h[1].cells)))
}

func (h *history) add(o *history) {
	for i := range h {
		h[i].add(&o[i])
	}
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

// Beyond is what lies in offsets beyond the last one kept.
type Beyond struct{ Orders, GrossSales, Refunds, Contribution int64 }

// AddShard adds the customers of a shard.
func (g *Grid) AddShard(f *cohort.Frame, v *cohort.View) {
	parts := g.Each(v.Dimensions)
	for _, grain := range f.Grains {
		m := newMember(f, v, grain, g.MaxOffset[grain])
		for i := range v.Members {
			m.place(i)
			for n, p := range v.Parts(i) {
				g.addMember(m, &parts[p][grain], n == 0)
			}
		}
	}
}

// addMember adds a member to its cohort, of the whole base or of a value of a
// split.
func (g *Grid) addMember(m *member, cohorts *histories, isWhole bool) {
	var own [Rolling + 1]*peers
	for mode := range cohorts {
		h, c := cohorts[mode].At(m.cohort), &m.courses[mode]
		g.rows += h.reserve(c.complete, c.begun+1)
		own[mode] = h.of(c.complete)
	}
	beyond := &g.beyond[m.grain]
	if !isWhole {
		beyond = &m.scrap
	}
	m.addTo(&own, beyond)
}

// Add adds another grid.
func (g *Grid) Add(o *Grid) {
	g.Merge(&o.Split, func(to, from *[calendar.ByYear + 1]histories) {
		for grain := range to {
			for mode := range to[grain] {
				to[grain][mode].Merge(&from[grain][mode], func(h, other *history) {
					g.rows -= int64(h.offsets())
					h.add(other)
					g.rows += int64(h.offsets())
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

// Beyond returns what of the whole base lies beyond the last offset kept, in a
// grain and mode.
func (g *Grid) Beyond(grain calendar.Grain, mode Mode) Beyond {
	c := &g.beyond[grain][mode]
	return Beyond{c.orders, c.gross, c.refunds, c.contribution}
}
