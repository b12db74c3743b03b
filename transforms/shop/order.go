package shop

// lineShares are the shares of orders with one, two, … rows.
var lineShares = []Share{{"1", 0.50}, {"2", 0.28}, {"3", 0.14}, {"4", 0.08}}

// order adds an order of a value in cents, cut into rows, and what befalls it.
func (s *simulator) order(c customer, day int, cents int64) {
	row := s.newOrder(c, day, sale, 0)
	first := row
	first.amount = cents * cent
	lines := min(int64(s.pick(lineShares))+1, cents)
	for rest := cents; lines > 0; lines-- {
		piece := s.piece(rest, lines)
		row.amount = piece * cent
		s.saleRow(row)
		rest -= piece
		row.second++ // the rows of an order differ in time, so that none is a duplicate by chance
	}
	if every(s.truth.Dirt.ZeroAmounts, s.orders) {
		row.amount, row.kind = 0, zeroAmount
		s.add(row)
	}
	if s.random.Float64() < s.truth.Refunds {
		s.refund(first, day)
	}
	if every(s.truth.Dirt.Guests, s.orders) {
		s.guest(day)
	}
}

// piece returns the first of so many pieces of a value in cents: between half
// and one and a half of the mean, at least one, and leaving one for each of
// the others.
func (s *simulator) piece(cents, pieces int64) int64 {
	if pieces == 1 {
		return cents
	}
	mean := float64(cents) / float64(pieces)
	return min(max(1, int64(mean*(0.5+s.random.Float64()))), cents-(pieces-1))
}

// saleRow adds a row of a sale, with the dirt that comes with it.
func (s *simulator) saleRow(row posting) {
	s.sales++
	dirt := s.truth.Dirt
	row.late = every(dirt.Late, s.sales)
	s.add(row)
	if every(dirt.Duplicates, s.sales) {
		row.kind = duplicate
		s.add(row)
	}
	if every(dirt.Unreadable, s.sales) {
		row.kind = brokenAmount
		if every(2*dirt.Unreadable, s.sales) {
			row.kind = brokenTime
		}
		s.add(row)
	}
}

// refund adds a refund of a whole order, or of half of it, one to twenty days
// later, unless the log ends before.
func (s *simulator) refund(order posting, day int) {
	const longest, wholly = 20, 0.7
	day += 1 + s.random.IntN(longest)
	if day >= len(s.line.clock) {
		return
	}
	order.kind = refund
	order.second = uint32(day)*secondsPerDay + s.timeOfDay()
	if s.random.Float64() >= wholly {
		order.amount = (order.amount/cent + 1) / 2 * cent
	}
	order.amount = -order.amount
	s.add(order)
}

// orphanRefund adds a refund some days before the day of a customer's first
// purchase, unless that is the log's first day.
func (s *simulator) orphanRefund(c customer, day int) {
	const longest = 20
	if day == 0 {
		return
	}
	before := max(0, day-1-s.random.IntN(longest))
	s.add(s.newOrder(c, before, orphanRefund, -s.value(c.spend)))
}

// guest adds an order of nobody: of somebody like a new customer, whose key
// was not kept.
func (s *simulator) guest(day int) {
	somebody := s.newcomer(0)
	s.add(s.newOrder(somebody, day, guest, s.value(somebody.spend)))
}
