package ledger

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// Builder makes shards of encoded postings, one after the other. It is used by
// one goroutine.
type Builder struct {
	bound      *Binding
	vocabulary *Vocabulary
	layout     layout
	standAlone bool // rows name no orders and bring no contribution
	skip       int  // top bits of hashes that all customers of a shard share

	rows    []byte
	arrived []arrival // in the order of rows
	dealt   []arrival // hand by hand
	nobody  []entry
	place   []uint32 // scratch of deal, then where each hand ends
	taken   []entry  // of some hands

	shard   Shard
	sum     customerSum       // of the customer at hand
	codes   []map[int32]int32 // [attribute]: of places in the vocabulary
	ordered orderSet
	seen    []exclusionKey // of the customer at hand

	hasUnreadable bool // the customer at hand has an unreadable row
}

// MaxShard is how many bytes of rows a shard may have: where a posting is, is
// known in 32 bits.
const MaxShard = math.MaxUint32

// arrival is a posting on its way to its hand.
type arrival struct {
	hash uint64
	at   uint32 // of the posting in rows
}

// entry is a posting that is about to be entered: what nearly every step needs, and where the
// rest of it is.
type entry struct {
	hash   uint64
	head   head
	amount int64
	at     uint32 // of the posting in rows
}

func (e entry) isKept() bool { return e.head.fate() == Kept }

// isPriced reports whether the posting is kept and has an amount.
func (e entry) isPriced() bool { return e.isKept() && !e.head.has(flagBlank) }

// NewBuilder returns a builder of shards whose customers share so many top
// bits of their hash.
func NewBuilder(b *Binding, v *Vocabulary, shardBits int) *Builder {
	l := layoutOf(b)
	return &Builder{
		bound: b, vocabulary: v, layout: l, standAlone: l.order+l.contribution == 0, skip: shardBits,
		codes: make([]map[int32]int32, len(b.mapping.Attributes)),
	}
}

// Build makes a shard of the encoded postings of its customers, in whatever
// order they come, and returns how many those are. The shard is valid until the
// next Build.
//
// Postings are dealt by the bits of their hash that follow the shard's, so that
// each hand holds about one customer, and each hand is sorted: the cost of a
// row does not grow with their number. A hand that is large, for one customer
// has most rows or keys were made to collide, is sorted all the same.
func (b *Builder) Build(rows []byte) (s *Shard, count int64) {
	b.rows = rows
	b.shard.reset(len(b.codes))
	for i := range b.codes {
		b.codes[i] = map[int32]int32{}
	}
	b.parse()
	b.shard.Days.grow(len(b.arrived))
	width := b.deal()
	for from := 0; from < len(b.dealt); {
		to := min(from+rowsAtOnce, len(b.dealt))
		to = b.endOfHand(b.dealt[to-1].hash, width)
		b.take(b.dealt[from:to])
		for hands := b.taken; len(hands) > 0; {
			n := b.endOfHand(hands[0].hash, width) - (to - len(hands))
			b.enterHand(hands[:n])
			hands = hands[n:]
		}
		from = to
	}
	b.unattributed()
	return &b.shard, int64(len(b.arrived) + len(b.nobody))
}

// rowsAtOnce is how many rows, or a few more, are taken at once to be entered:
// where they stand in the shard nobody foresees, and to fetch many together
// takes no longer than a few. They fit the fastest cache.
const rowsAtOnce = 256

// take takes postings to be entered.
func (b *Builder) take(dealt []arrival) {
	b.taken = resized(b.taken, len(dealt))
	for i := range dealt {
		b.taken[i] = b.entry(dealt[i])
	}
}

// parse finds the postings and their customers.
func (b *Builder) parse() {
	l := &b.layout
	arrived := slices.Grow(b.arrived[:0], len(b.rows)/l.length)
	b.nobody = b.nobody[:0]
	for at := 0; at < len(b.rows); {
		row := b.rows[at:]
		h := headAt(row)
		a := arrival{at: uint32(at)}
		at += l.length + h.keyBytes()
		if !h.has(flagCustomer) {
			b.nobody = append(b.nobody, b.entry(a))
			continue
		}
		if l.integerKeys {
			a.hash = hashInteger(int64(binary.BigEndian.Uint64(row[l.key:])))
		} else {
			a.hash = l.keyOf(row, h).hash()
		}
		arrived = append(arrived, a)
	}
	b.arrived = arrived
}

// entry returns the posting that has arrived.
func (b *Builder) entry(a arrival) entry {
	row := b.rows[a.at:]
	return entry{a.hash, headAt(row), int64(binary.LittleEndian.Uint64(row[amountAt:])), a.at}
}

// deal puts the postings into hands, in the order of their hash, and returns
// how many bits tell hands apart.
func (b *Builder) deal() (width int) {
	const rowsPerHand = 2
	width = max(1, bits.Len(uint(len(b.arrived)/rowsPerHand)))
	b.place = zeroed(b.place, 1<<width+1)
	for i := range b.arrived {
		b.place[b.hand(b.arrived[i].hash, width)+1]++
	}
	sum := uint32(0)
	for i, n := range b.place {
		sum += n
		b.place[i] = sum
	}
	b.dealt = resized(b.dealt, len(b.arrived))
	for i := range b.arrived {
		at := &b.place[b.hand(b.arrived[i].hash, width)]
		b.dealt[*at] = b.arrived[i]
		*at++
	}
	return width
}

// hand returns the hand of a hash, by its first width bits after the shard's.
func (b *Builder) hand(hash uint64, width int) uint64 {
	return hash << (b.skip & 63) >> ((64 - width) & 63) // shifts of which the processor need not ask whether they are too far
}

// endOfHand returns where the hand of a hash ends among those dealt.
func (b *Builder) endOfHand(hash uint64, width int) int { return int(b.place[b.hand(hash, width)]) }

// enterHand sorts a hand and enters its customers.
func (b *Builder) enterHand(hand []entry) {
	for i := 1; i < len(hand); i++ {
		if !hand[i-1].isBefore(&hand[i]) {
			b.sort(hand)
			break
		}
	}
	for len(hand) > 0 {
		n := len(hand)
		if hand[n-1].hash != hand[0].hash {
			for n = 1; hand[n].hash == hand[0].hash; {
				n++
			}
		}
		b.enterHash(hand[:n])
		hand = hand[n:]
	}
}

// isBefore reports whether e comes before f whatever happened on their days.
func (e *entry) isBefore(f *entry) bool {
	return e.hash < f.hash || e.hash == f.hash && e.head>>headDay < f.head>>headDay
}

// sort orders entries by hash and day; where it matters, also by what happened
// on the day, so that rows of one order and equal rows are adjacent.
func (b *Builder) sort(hand []entry) {
	if b.layout.order+b.layout.row > 0 {
		slices.SortFunc(hand, func(p, q entry) int { return b.compare(&p, &q) })
		return
	}
	// Rows mostly come in the order of time, and a hand is mostly one customer's:
	// a comparison each. Where more rows have to move, another sort is cheaper.
	const mostMoves = 16
	moves := mostMoves * (len(hand) + 1)
	for i := 1; i < len(hand) && moves > 0; i++ {
		j, e := i, hand[i]
		for ; j > 0 && (e.hash < hand[j-1].hash || e.hash == hand[j-1].hash && e.head < hand[j-1].head); j-- {
			hand[j] = hand[j-1]
		}
		if j < i {
			hand[j] = e
			moves -= i - j
		}
	}
	if moves <= 0 {
		slices.SortFunc(hand, func(p, q entry) int {
			return cmp.Or(cmp.Compare(p.hash, q.hash), cmp.Compare(p.head, q.head))
		})
	}
}

func (b *Builder) compare(p, q *entry) int {
	switch {
	case p.hash != q.hash:
		return cmp.Compare(p.hash, q.hash)
	case !p.head.sameDay(q.head):
		return cmp.Compare(p.head, q.head)
	default:
		return b.compareContent(p, q)
	}
}

// compareContent orders what happened on one day of one hash.
func (b *Builder) compareContent(p, q *entry) int {
	l := &b.layout
	if l.order > 0 {
		if c := b.digest(p, l.order).compare(b.digest(q, l.order)); c != 0 {
			return c
		}
	}
	if l.row > 0 {
		return b.digest(p, l.row).compare(b.digest(q, l.row))
	}
	return 0
}

func (b *Builder) digest(e *entry, part int) digest { return digestAt(b.rows[int(e.at)+part:]) }

func (b *Builder) key(e *entry) Key { return b.layout.keyOf(b.rows[e.at:], e.head) }

// enterHash enters the customers of one hash, nearly always one.
func (b *Builder) enterHash(entries []entry) {
	if b.layout.integerKeys { // of which no two have one hash
		b.enterCustomer(entries)
		return
	}
	first := b.key(&entries[0])
	for i := 1; i < len(entries); i++ {
		if !bytes.Equal(first, b.key(&entries[i])) {
			b.enterColliding(entries)
			return
		}
	}
	b.enterCustomer(entries)
}

// enterColliding enters customers whose keys have the same hash, in the order
// of their keys.
func (b *Builder) enterColliding(entries []entry) {
	slices.SortFunc(entries, func(p, q entry) int {
		return cmp.Or(bytes.Compare(b.key(&p), b.key(&q)), b.compare(&p, &q))
	})
	for len(entries) > 0 {
		n := 1
		for n < len(entries) && bytes.Equal(b.key(&entries[n]), b.key(&entries[0])) {
			n++
		}
		b.enterCustomer(entries[:n])
		entries = entries[n:]
	}
}
