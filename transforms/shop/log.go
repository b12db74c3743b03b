package shop

import (
	"iter"
	"slices"
)

// blockRows is after how many rows a block ends: enough that a log of common
// size is a single one and that neighbouring rows of a large one rarely are of
// the same customer, few enough to hold in some 50 MB.
const blockRows = 1 << 20

// log yields the shop's postings: block after block in the order of time,
// then the late rows in the same order.
func (s *simulator) log() iter.Seq[posting] {
	return func(yield func(posting) bool) {
		var late []posting
		var order []uint64
		for s.fill() {
			for day, rows := range s.days {
				order = byTime(order, rows)
				for _, key := range order {
					p := rows[uint32(key)]
					if p.late {
						late = append(late, p)
					} else if !yield(p) {
						return
					}
				}
				s.days[day] = rows[:0]
			}
		}
		for _, p := range late {
			if !yield(p) {
				return
			}
		}
	}
}

// fill simulates the customers of the next block and reports whether there
// are any.
func (s *simulator) fill() bool {
	s.blocked = 0
	for s.blocked < blockRows && s.wanted() {
		s.live()
	}
	return s.blocked > 0
}

// wanted reports whether the log has room for another customer.
func (s *simulator) wanted() bool {
	if s.settings.Rows > 0 {
		return s.rows < s.settings.Rows
	}
	return s.customers < int64(s.settings.Customers)
}

// add puts a row into the block, or drops it if the log is full.
func (s *simulator) add(p posting) {
	if s.settings.Rows > 0 && s.rows == s.settings.Rows {
		return
	}
	s.rows++
	s.blocked++
	day := p.second / secondsPerDay
	s.days[day] = append(s.days[day], p)
}

// byTime returns the indices of a day's rows in the order of their times, rows
// of the same second as they stand, in the low 32 bits of each number; the
// second in the high ones makes sorting them a sort of plain integers. It
// overwrites order.
func byTime(order []uint64, rows []posting) []uint64 {
	order = order[:0]
	for i, p := range rows {
		order = append(order, uint64(p.second)<<32|uint64(i))
	}
	slices.Sort(order)
	return order
}
