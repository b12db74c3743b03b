package shop

import "slices"

// blockCustomers is how many customers a block has at most: enough that a log
// of common size is a single one and that neighbouring rows of a large one
// rarely are of the same customer.
const blockCustomers = 1 << 18

// blockRows is about how many rows a block has where the settings say how many
// a customer makes: few enough to hold some blocks at a time.
const blockRows = 1 << 20

// Block is the rows of one group of customers, in the order of their times.
// Blocks do not depend on each other, so that several can be simulated at a
// time; Add then puts them into the log in their order.
type Block struct {
	shop     *Shop
	index    int
	postings []posting
	late     []posting // stand at the end of the log, in this order
	orders   int64     // in the block
	before   int64     // orders in the blocks before it
	report   Report
}

// Blocks returns how many blocks the log has at most; those after its end are
// empty.
func (s *Shop) Blocks() int {
	customers := s.settings.Customers
	if customers == 0 {
		customers = s.settings.Rows // for each makes one at least
	}
	return (customers + s.blockSize() - 1) / s.blockSize()
}

// blockSize returns how many customers a block has.
func (s *Shop) blockSize() int {
	if s.settings.Customers == 0 || s.settings.Rows == 0 {
		return blockCustomers
	}
	return max(1, min(blockCustomers, int(int64(blockRows)*int64(s.settings.Customers)/int64(s.settings.Rows))))
}

// Block simulates one block of the log. It changes nothing in the shop and may
// run beside others.
func (s *Shop) Block(i int) *Block {
	limit := 0
	if s.settings.Customers == 0 {
		limit = s.settings.Rows
	}
	return s.block(i, limit)
}

// block simulates a block that ends after limit rows, if that is positive.
func (s *Shop) block(i, limit int) *Block {
	size := s.blockSize()
	sim := newSimulator(s, i)
	sim.limit = limit
	if s.Blocks() > 1 {
		sim.rows = make([]posting, 0, blockRows+blockRows/8) // seldom has to grow
	}
	last := int64(i+1) * int64(size)
	if s.settings.Customers > 0 {
		last = min(last, int64(s.settings.Customers))
	}
	sim.customers = int64(i) * int64(size)
	for sim.customers < last && !sim.full() {
		sim.live()
	}
	b := &Block{shop: s, index: i, postings: make([]posting, 0, len(sim.rows)), orders: sim.orders}
	b.sort(sim.rows)
	b.report.Customers, b.report.SameDay = sim.customers-int64(i)*int64(size), sim.sameDay
	return b
}

// sort takes the rows, in any order, and counts them.
func (b *Block) sort(rows []posting) {
	end := uint32(b.shop.settings.To-b.shop.settings.From+1) * secondsPerDay
	for _, key := range byTime(rows, len(b.shop.line.clock)) {
		p := &rows[uint32(key)]
		b.report.add(p, end)
		if p.late {
			b.late = append(b.late, *p)
		} else {
			b.postings = append(b.postings, *p)
		}
	}
}

// byTime returns the indices of rows in the order of their times, rows of the
// same second as they stand, in the low 32 bits of each number; the second in
// the high ones makes sorting them, day by day, a sort of plain integers.
func byTime(rows []posting, days int) []uint64 {
	next := make([]int, days+1) // first where a day begins, then where its next row goes
	for i := range rows {
		next[rows[i].second/secondsPerDay+1]++
	}
	for day := range days {
		next[day+1] += next[day]
	}
	order := make([]uint64, len(rows))
	for i := range rows {
		day := rows[i].second / secondsPerDay
		order[next[day]] = uint64(rows[i].second)<<32 | uint64(i)
		next[day]++
	}
	from := 0
	for _, to := range next[:days] {
		slices.Sort(order[from:to])
		from = to
	}
	return order
}

// Restart empties the log, for another pass over the blocks.
func (s *Shop) Restart() { s.report, s.orders, s.late = Report{}, 0, nil }

// Add adds the log's next block and returns it as it stands there: with the
// numbers of its orders following those of the blocks before, and cut where
// the log is full.
func (s *Shop) Add(b *Block) *Block {
	if s.settings.Customers == 0 && b.report.Rows > int64(s.settings.Rows)-s.report.Rows {
		left := int(int64(s.settings.Rows) - s.report.Rows)
		if left == 0 {
			return &Block{shop: s}
		}
		b = s.block(b.index, left)
	}
	b.before = s.orders
	s.orders += b.orders
	for _, p := range b.late {
		p.order += b.before
		s.late = append(s.late, p)
	}
	s.report.merge(b.report)
	return b
}

// End returns the late rows of all blocks, which end the log.
func (s *Shop) End() *Block { return &Block{shop: s, postings: s.late} }

// Len returns how many rows the block has at its place in the log.
func (b *Block) Len() int { return len(b.postings) }
