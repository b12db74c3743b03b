package shop

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"
)

// posting is a row before it has its texts.
type posting struct {
	amount   int64  // in units of 10^-4
	customer int64  // from 1; of a guest 0
	order    int64  // from 1
	second   uint32 // since the start of Settings.From
	country  uint8  // index in Truth.Countries
	channel  uint8  // index in Truth.Channels
	kind     kind
	late     bool // stands at the end of the log
}

const (
	secondsPerDay = 24 * 60 * 60
	cent          = 100 // in units of 10^-4
)

// simulator lives the lives of a block's customers, one after the other, and
// keeps the rows they leave.
type simulator struct {
	settings Settings
	truth    Truth
	line     timeline
	source   *rand.PCG
	random   *rand.Rand // over source
	limit    int        // of rows; 0 is none

	// So far:
	customers int64 // of the log
	orders    int64
	sales     int64 // rows
	sameDay   int64
	rows      []posting
}

// stream sets the shop's random numbers apart from those of other users of
// the same seed.
const stream = 0x73686f70 // "shop"

// newSimulator returns the simulator of a block, which has random numbers of
// its own; those of the first are the seed's.
func newSimulator(s *Shop, block int) *simulator {
	source := rand.NewPCG(s.settings.Seed, stream+mix(uint64(block))-mix(0))
	return &simulator{
		settings: s.settings,
		truth:    s.truth,
		line:     s.line,
		source:   source,
		random:   rand.New(source),
	}
}

// full reports whether the block has as many rows as it may have.
func (s *simulator) full() bool { return s.limit > 0 && len(s.rows) == s.limit }

// add keeps a row, or drops it if the block is full.
func (s *simulator) add(p posting) {
	if !s.full() {
		s.rows = append(s.rows, p)
	}
}

// customer is one customer's nature.
type customer struct {
	key     int64
	country uint8
	rate    float64 // of purchases, per day of the clock
	dropout float64 // probability after each purchase
	spend   float64 // rate of the Gamma that purchase values follow
}

const daysPerWeek = 7

// live adds the rows of one more customer's life.
func (s *simulator) live() {
	s.customers++
	c := s.newcomer(s.customers)
	day := s.line.arrival(s.random.Float64())
	if every(s.truth.Dirt.OrphanRefunds, s.customers) {
		s.orphanRefund(c, day)
	}
	s.purchase(c, day)
	clock := s.line.clock[day]
	for s.random.Float64() >= c.dropout {
		clock += s.random.ExpFloat64() / c.rate
		next := s.line.dayAt(clock)
		if next == len(s.line.clock) {
			return
		}
		if next == day {
			s.sameDay++
			continue
		}
		day = next
		s.purchase(c, day)
	}
}

// newcomer draws a customer's nature.
func (s *simulator) newcomer(key int64) customer {
	t := s.truth
	return customer{
		key:     key,
		country: s.pick(t.Countries),
		rate:    distuv.Gamma{Alpha: t.R, Beta: t.Alpha * daysPerWeek, Src: s.source}.Rand(),
		dropout: distuv.Beta{Alpha: t.A, Beta: t.B, Src: s.source}.Rand(),
		spend:   distuv.Gamma{Alpha: t.Q, Beta: t.Gamma, Src: s.source}.Rand(),
	}
}

// pick returns the index of a value drawn by its share.
func (s *simulator) pick(shares []Share) uint8 {
	u := s.random.Float64()
	last := len(shares) - 1
	for i, share := range shares[:last] {
		if u < share.Share {
			return uint8(i)
		}
		u -= share.Share
	}
	return uint8(last)
}

// purchase adds the rows of one purchase day of a customer.
func (s *simulator) purchase(c customer, day int) {
	cents := s.value(c.spend)
	if s.settings.Clean {
		s.add(s.newOrder(c, day, sale, cents))
		return
	}
	if s.random.Float64() < s.truth.SecondOrders && cents > 1 {
		first := s.piece(cents, 2)
		s.order(c, day, first)
		cents -= first
	}
	s.order(c, day, cents)
}

// value draws the value of a purchase, in cents and at least one.
func (s *simulator) value(spend float64) int64 {
	drawn := distuv.Gamma{Alpha: s.truth.P, Beta: spend, Src: s.source}.Rand()
	return max(1, int64(math.Round(drawn*100)))
}

// newOrder returns the first row of an order that nothing has been added to.
func (s *simulator) newOrder(c customer, day int, k kind, cents int64) posting {
	s.orders++
	return posting{
		customer: c.key,
		order:    s.orders,
		second:   uint32(day)*secondsPerDay + s.timeOfDay(),
		amount:   cents * cent,
		country:  c.country,
		channel:  s.pick(s.truth.Channels),
		kind:     k,
	}
}

// timeOfDay draws a second of the day. A clean shop is open from 6 to 18
// o'clock; otherwise the night is quiet and noon is busy, and enough of the
// day's last seconds stay free for an order's rows.
func (s *simulator) timeOfDay() uint32 {
	const open, hours, longestOrder = 6 * 60 * 60, 12 * 60 * 60, 16
	if s.settings.Clean {
		return open + s.random.Uint32N(hours)
	}
	const half = (secondsPerDay - longestOrder) / 2
	return s.random.Uint32N(half) + s.random.Uint32N(half)
}

// every reports whether the n-th of something is one in so many; never for 0.
func every(soMany, n int64) bool { return soMany > 0 && n%soMany == 0 }
