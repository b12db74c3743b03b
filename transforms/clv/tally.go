package clv

import (
	"encoding/binary"
	"math"
	"slices"
)

// pair is two numbers with how often they occur together.
type pair struct {
	y        int64 // ≥ 0
	x, count int32 // x ≥ 0, count ≥ 1
}

// tally counts pairs. It keeps them in runs, each sorted by (x, y) and packed
// into some 3 bytes a pair, so that millions of customers take little memory;
// what a tally holds does not depend on the order in which it was entered.
type tally struct {
	fresh, spare []pair // entered since the last run, and room to sort them
	runs         [][]byte
}

// freshPairs is how many pairs make a run: half a MiB, so that they and as much
// room to sort them fit the cache.
const freshPairs = 1 << 15

func (t *tally) enter(x int32, y int64) {
	t.fresh = append(t.fresh, pair{y, x, 1})
	if len(t.fresh) == freshPairs {
		t.pack()
	}
}

// add takes over what o holds.
func (t *tally) add(o *tally) {
	o.pack()
	t.runs = append(t.runs, o.runs...)
	*o = tally{}
}

// pack makes a run of the fresh pairs.
func (t *tally) pack() {
	if len(t.fresh) == 0 {
		return
	}
	t.spare = slices.Grow(t.spare[:0], len(t.fresh))
	sorted := addUp(sortPairs(t.fresh, t.spare[:len(t.fresh)]))
	w := packer{bytes: make([]byte, 0, 4*len(sorted))}
	for i := range sorted {
		w.add(&sorted[i])
	}
	t.runs = append(t.runs, slices.Clip(w.bytes))
	t.fresh = t.fresh[:0]
}

// drain empties the tally, and calls enter for its distinct pairs in the order of
// (x, y), some at a time.
func (t *tally) drain(enter func(pairs []pair)) {
	t.pack()
	m := merger{readers: make([]unpacker, len(t.runs))}
	for i, run := range t.runs {
		m.readers[i].rest = run
		m.readers[i].next()
	}
	*t = tally{}
	var spare []pair
	for m.next() {
		spare = slices.Grow(spare[:0], len(m.group))
		enter(addUp(sortPairs(m.group, spare[:len(m.group)])))
	}
}

// merger takes what is least from all runs, about as many at a time as make a
// run: as many from each as its share is of the longest.
type merger struct {
	readers []unpacker
	group   []pair // what next has taken, of one x
}

// next takes the next group, and reports whether there was anything left.
func (m *merger) next() bool {
	x, longest := int32(math.MaxInt32), (*unpacker)(nil)
	for i := range m.readers {
		x = min(x, m.readers[i].x)
	}
	if x == math.MaxInt32 {
		return false
	}
	for i := range m.readers {
		if r := &m.readers[i]; r.x == x && (longest == nil || len(r.rest) > len(longest.rest)) {
			longest = r
		}
	}
	m.group = m.group[:0]
	m.take(longest, x, math.MaxInt64, freshPairs/len(m.readers)+1)
	limit := int64(math.MaxInt64)
	if longest.x == x {
		limit = m.group[len(m.group)-1].y
	}
	for i := range m.readers {
		m.take(&m.readers[i], x, limit, math.MaxInt)
	}
	return true
}

// take takes the pairs of x up to a y, at most so many.
func (m *merger) take(r *unpacker, x int32, limit int64, most int) {
	for n := 0; n < most && r.x == x && r.y <= limit; n++ {
		m.group = append(m.group, r.pair)
		r.next()
	}
}

// addUp merges equal neighbours.
func addUp(sorted []pair) []pair {
	kept := sorted[:min(1, len(sorted))]
	for _, p := range sorted[len(kept):] {
		if last := &kept[len(kept)-1]; last.x == p.x && last.y == p.y {
			last.count += p.count
		} else {
			kept = append(kept, p)
		}
	}
	return kept
}

// sortPairs sorts pairs by (x, y), digit by digit from the lowest, with spare
// as room for as many. It returns the sorted one of the two.
func sortPairs(pairs, spare []pair) []pair {
	var all, any pair // the bits that are set everywhere, and those that are somewhere
	all = pair{y: -1, x: -1}
	for i := range pairs {
		p := &pairs[i]
		all.x, all.y = all.x&p.x, all.y&p.y
		any.x, any.y = any.x|p.x, any.y|p.y
	}
	for shift := 0; shift < 64; shift += digitBits {
		if (all.y^any.y)>>shift&digitMask != 0 {
			sortByY(pairs, spare, shift)
			pairs, spare = spare, pairs
		}
	}
	for shift := 0; shift < 32; shift += digitBits {
		if (all.x^any.x)>>shift&digitMask != 0 {
			sortByX(pairs, spare, shift)
			pairs, spare = spare, pairs
		}
	}
	return pairs
}

const (
	digitBits = 11
	digitMask = 1<<digitBits - 1
)

// sortByY writes pairs to into in the order of one digit of y, equal ones as
// they stand.
func sortByY(pairs, into []pair, shift int) {
	var at [digitMask + 1]int32
	for i := range pairs {
		at[pairs[i].y>>shift&digitMask]++
	}
	begin(&at)
	for i := range pairs {
		digit := pairs[i].y >> shift & digitMask
		into[at[digit]] = pairs[i]
		at[digit]++
	}
}

// sortByX is sortByY for x.
func sortByX(pairs, into []pair, shift int) {
	var at [digitMask + 1]int32
	for i := range pairs {
		at[pairs[i].x>>shift&digitMask]++
	}
	begin(&at)
	for i := range pairs {
		digit := pairs[i].x >> shift & digitMask
		into[at[digit]] = pairs[i]
		at[digit]++
	}
}

// begin turns counts into where each digit begins.
func begin(at *[digitMask + 1]int32) {
	sum := int32(0)
	for i, n := range at {
		at[i] = sum
		sum += n
	}
}

// packer packs pairs that come in order. For each it writes the step of y since
// the pair before, doubled, plus 1 where a count follows; before the first of
// another x it writes a 0 and the step of x, and y begins anew at −1.
type packer struct {
	bytes []byte
	x     int32
	y     int64 // of the pair before, plus 1
}

func (w *packer) add(p *pair) {
	if p.x != w.x {
		w.bytes = append(w.bytes, 0)
		w.bytes = binary.AppendUvarint(w.bytes, uint64(p.x-w.x))
		w.x, w.y = p.x, 0
	}
	step := uint64(p.y+1-w.y) << 1
	w.y = p.y + 1
	if p.count == 1 {
		w.bytes = binary.AppendUvarint(w.bytes, step)
		return
	}
	w.bytes = binary.AppendUvarint(w.bytes, step|1)
	w.bytes = binary.AppendUvarint(w.bytes, uint64(p.count))
}

// unpacker reads what a packer wrote: next moves to the next pair, which at the
// end has an x beyond all others.
type unpacker struct {
	pair
	rest []byte
	last int64 // y of the pair before, plus 1
}

func (r *unpacker) next() {
	if len(r.rest) == 0 {
		r.x = math.MaxInt32
		return
	}
	step := r.uvarint()
	if step == 0 {
		r.x += int32(r.uvarint())
		r.last = 0
		step = r.uvarint()
	}
	r.last += int64(step >> 1)
	r.y, r.count = r.last-1, 1
	if step&1 != 0 {
		r.count = int32(r.uvarint())
	}
}

func (r *unpacker) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	r.rest = r.rest[n:]
	return v
}
