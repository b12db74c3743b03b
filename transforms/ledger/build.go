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
	isPlain    bool // a posting is nothing but head, amount and integer key
	standAlone bool // rows name no orders and bring no contribution
	skip       int  // top bits of hashes that all customers of a shard share

	rows   []byte   // all postings, where they have more than an entry holds
	joined []byte   // the memory of rows that come in several runs
	hashes []uint64 // of the postings that have a customer, in their order
	dealt  []entry  // hand by hand
	nobody []entry
	place  []uint32 // scratch of deal, then where each hand ends

	shard   Shard
	sum     customerSum       // of the customer at hand
	number  [8]byte           // the customer's key, where postings are plain
	codes   []map[int32]int32 // [attribute]: of places in the vocabulary
	ordered orderSet
	seen    []exclusionKey // of the customer at hand

	hasUnreadable bool // the customer at hand has an unreadable row
}

// MaxShard is how many bytes of rows a shard may have: how many come before a
// hand is known in 32 bits.
const MaxShard = math.MaxUint32

// entry is a posting that is about to be entered: what nearly every step needs,
// and where the rest of it is.
type entry struct {
	hash   uint64
	head   head
	amount int64
	rest   uint64 // where in rows the posting is; of a plain one, the customer's number
}

func (e entry) isKept() bool { return e.head.fate() == Kept }

// isPriced reports whether the posting is kept and has an amount.
func (e entry) isPriced() bool { return e.isKept() && !e.head.has(flagBlank) }

// NewBuilder returns a builder of shards whose customers share so many top
// bits of their hash.
func NewBuilder(b *Binding, v *Vocabulary, shardBits int) *Builder {
	l := layoutOf(b)
	return &Builder{
		bound: b, vocabulary: v, layout: l, isPlain: l.isPlain(), standAlone: l.order+l.contribution == 0, skip: shardBits,
		codes: make([]map[int32]int32, len(b.mapping.Attributes)),
	}
}

// Build makes a shard of the encoded postings of its customers, in whatever
// order they come and in whatever runs, and returns how many those are. The
// shard is valid until the next Build.
//
// Postings are dealt by the bits of their hash that follow the shard's, so that
// each hand holds about one customer, and each hand is sorted: the cost of a
// row does not grow with their number. A hand that is large, for one customer
// has most rows or keys were made to collide, is sorted all the same.
func (b *Builder) Build(runs ...[]byte) (s *Shard, count int64) {
	b.shard.reset(len(b.codes))
	for i := range b.codes {
		b.codes[i] = map[int32]int32{}
	}
	width := b.dealRuns(runs)
	b.shard.Days.grow(len(b.dealt))
	for hands := b.dealt; len(hands) > 0; {
		n := b.endOfHand(hands[0].hash, width) - (len(b.dealt) - len(hands))
		b.enterHand(hands[:n])
		hands = hands[n:]
	}
	b.unattributed()
	return &b.shard, int64(len(b.dealt) + len(b.nobody))
}

// dealRuns puts postings into hands, in the order of their hash, and returns
// how many bits tell hands apart. Plain postings are nowhere put together but
// in their hands.
func (b *Builder) dealRuns(runs [][]byte) (width int) {
	b.hashes, b.nobody = b.hashes[:0], b.nobody[:0]
	if b.isPlain {
		for _, run := range runs {
			b.parsePlain(run)
		}
		width = b.deal()
		at := b.hashes
		for _, run := range runs {
			at = b.dealPlain(run, at, width)
		}
		return width
	}
	b.join(runs)
	b.parse()
	width = b.deal()
	b.dealRows(width)
	return width
}

// join puts runs one after the other.
func (b *Builder) join(runs [][]byte) {
	if len(runs) == 1 {
		b.rows = runs[0]
		return
	}
	b.joined = b.joined[:0]
	for _, run := range runs {
		b.joined = append(b.joined, run...)
	}
	b.rows = b.joined
}

// next returns where the next posting of a hand goes.
func (b *Builder) next(hash uint64, width int) *entry {
	at := &b.place[b.hand(hash, width)]
	*at++
	return &b.dealt[*at-1]
}

// parse does what parsePlain does, of any postings.
func (b *Builder) parse() {
	l := &b.layout
	for at := 0; at < len(b.rows); {
		h := headAt(b.rows[at:])
		if h.has(flagCustomer) {
			b.hashes = append(b.hashes, l.hashOf(b.rows[at:], h))
		} else {
			b.nobody = append(b.nobody, b.entryAt(0, at))
		}
		at += l.length + h.keyBytes()
	}
}

// entryAt returns the posting that is there in rows.
func (b *Builder) entryAt(hash uint64, at int) entry {
	row := b.rows[at:]
	return entry{hash, headAt(row), amountOf(row), uint64(at)}
}

// dealRows does what dealPlain does, of any postings.
func (b *Builder) dealRows(width int) {
	hashes := b.hashes
	for at := 0; at < len(b.rows); {
		h := headAt(b.rows[at:])
		if h.has(flagCustomer) {
			*b.next(hashes[0], width) = b.entryAt(hashes[0], at)
			hashes = hashes[1:]
		}
		at += b.layout.length + h.keyBytes()
	}
}

// deal makes room for the hands of all hashes, and returns how many bits tell
// hands apart.
func (b *Builder) deal() (width int) {
	const rowsPerHand = 2
	width = max(1, bits.Len(uint(len(b.hashes)/rowsPerHand)))
	b.place = zeroed(b.place, 1<<width+1)
	for _, hash := range b.hashes {
		b.place[b.hand(hash, width)+1]++
	}
	sum := uint32(0)
	for i, n := range b.place {
		sum += n
		b.place[i] = sum
	}
	b.dealt = resized(b.dealt, len(b.hashes))
	return width
}

// hand returns the hand of a hash, by its first width bits after the shard's.
func (b *Builder) hand(hash uint64, width int) uint64 {
	return hash << (b.skip & 63) >> ((64 - width) & 63) // shifts of which the processor need not ask whether they are too far
}

// endOfHand returns where the hand of a hash ends among those dealt.
func (b *Builder) endOfHand(hash uint64, width int) int { return int(b.place[b.hand(hash, width)]) }

// enterHand enters the customers of a hand, which mostly is one customer's and
// in the order of time, as rows come.
func (b *Builder) enterHand(hand []entry) {
	if !inOrder(hand) {
		b.sort(hand)
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

// inOrder reports whether each entry is before the next.
func inOrder(hand []entry) bool {
	for i := 1; i < len(hand); i++ {
		if !hand[i-1].isBefore(&hand[i]) {
			return false
		}
	}
	return true
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
	// Mostly few rows have to move: those of one day, and of a second customer.
	// Where more have, another sort is cheaper.
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

func (b *Builder) digest(e *entry, part int) digest { return digestAt(b.rows[int(e.rest)+part:]) }

// key returns the key of a posting's customer. It is valid until the next call.
func (b *Builder) key(e *entry) Key {
	if b.isPlain {
		binary.BigEndian.PutUint64(b.number[:], e.rest)
		return b.number[:]
	}
	return b.layout.keyOf(b.rows[e.rest:], e.head)
}

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
