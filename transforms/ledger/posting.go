package ledger

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

// Key is a customer's key: bytes of text, or 8 bytes of an integer.
type Key []byte

// keySeed fixes the hash of customers, on which the order of the customers
// table rests; changing it reorders published files.
const keySeed = 0x706572656e6e6961

// hash returns the fixed-seed hash of a key, by whose top bits customers are
// dealt to shards.
func (k Key) hash() uint64 { return xxh3.HashSeed(k, keySeed) }

// hashInteger returns the hash of an integer customer's key, 8 bytes with the
// highest first. It is what the library returns for them, without its calls,
// for each row is hashed twice (XXH3 of 4 to 8 bytes, Collet 2019). No two
// integers have one hash, for each step can be undone.
func hashInteger(v int64) uint64 {
	const (
		secret = 0xc73ab174c5ecd5a2                  // the two words of the library's secret that are for this length
		flip   = secret - (keySeed ^ 0x61696e6e<<32) // the seed's lower half, its bytes reversed, over the upper one
		prime  = 0x9fb21c651e98df25
	)
	high, low := bits.ReverseBytes32(uint32(uint64(v)>>32)), bits.ReverseBytes32(uint32(v))
	h := (uint64(high)<<32 | uint64(low)) ^ flip
	h ^= bits.RotateLeft64(h, 49) ^ bits.RotateLeft64(h, 24)
	h *= prime
	h ^= h>>35 + 8
	h *= prime
	return h ^ h>>28
}

// hashText returns the hash of a text customer's key.
func hashText(text string) uint64 { return xxh3.HashStringSeed(text, keySeed) }

// Integer returns the customer's number, where keys are integers.
func (k Key) Integer() int64 { return int64(binary.BigEndian.Uint64(k)) }

// digest is a 128-bit hash that stands for a longer value. Among 10^12 order ids
// the chance that any two share one is below 10^-14; of whole rows, which are
// hashed column by column (digest.go), it is as good for data that nobody made
// to collide.
type digest [2]uint64

func digestOf(b []byte) digest {
	h := xxh3.Hash128(b)
	return digest{h.Hi, h.Lo}
}

func (d digest) compare(e digest) int {
	return cmp.Or(cmp.Compare(d[0], e[0]), cmp.Compare(d[1], e[1]))
}

// head is what every posting begins with, packed so that heads of one customer
// are in the order of their days:
//
//	bits 42–63  day, counted from the earliest
//	bits 30–41  fate
//	bits 24–29  flags
//	bits 0–23   bytes of the key, where keys are texts
type head uint64

const (
	headDay   = 42
	headFate  = 30
	headFlags = 24
	fateMask  = 1<<(headDay-headFate) - 1

	// MaxKey is how long a customer's key may be, in bytes.
	MaxKey = 1<<headFlags - 1
)

const (
	flagCustomer     = 1 << iota // it has a customer; the lowest bit, to be counted
	flagContribution             // it has a contribution
	flagForeign                  // in another currency, so that its amount is no part of any sum
	flagOrder                    // it names its order
	flagBlank                    // the source has no amount, and that counts as 0
	flagKnown                    // scratch of the intake: the amount at hand is known
)

func newHead(day calendar.Day, fate Fate, flags uint8, key int) head {
	return head(day-earliestDay)<<headDay | head(fate)<<headFate | head(flags)<<headFlags | head(key)
}

// headAt returns the head of an encoded posting.
func headAt(row []byte) head { return head(binary.LittleEndian.Uint64(row)) }

// amountOf returns the amount of an encoded posting.
func amountOf(row []byte) int64 { return int64(binary.LittleEndian.Uint64(row[amountAt:])) }

func (h head) day() calendar.Day   { return calendar.Day(h>>headDay) + earliestDay }
func (h head) fate() Fate          { return Fate(h >> headFate & fateMask) }
func (h head) has(flag uint8) bool { return uint8(h>>headFlags)&flag != 0 }
func (h head) keyBytes() int       { return int(h & MaxKey) }
func (h head) with(fate Fate) head { return h&^(fateMask<<headFate) | head(fate)<<headFate }
func (h head) sameDay(o head) bool { return h>>headDay == o>>headDay }

// layout says where the parts of an encoded posting stand. Head and amount
// come first; what the job does not need is not there; the key's text is last.
type layout struct {
	integerKeys                                           bool
	key, contribution, order, row, instant, words, length int // offsets; 0: not there
}

const amountAt = 8

// layoutOf returns the layout of a binding's postings.
func layoutOf(b *Binding) layout {
	l := layout{integerKeys: b.intKeys, length: amountAt + 8}
	add := func(part *int, wanted bool, bytes int) {
		if wanted {
			*part = l.length
			l.length += bytes
		}
	}
	attributes := len(b.mapping.Attributes)
	add(&l.contribution, b.mapping.Cost.isMapped() || b.settings.MarginRate != nil, 8)
	add(&l.order, b.hasOrder, 16)
	add(&l.row, b.settings.DropDuplicates, 16)
	add(&l.instant, attributes > 0, 8)
	add(&l.words, attributes > 0, 4*attributes)
	l.key = l.length
	if b.intKeys {
		l.length += 8
	}
	return l
}

// RowBytes returns about how many bytes a row takes on its way to its shard.
func (b *Binding) RowBytes() int {
	const usualText = 24
	switch l := layoutOf(b); {
	case l.isPlain():
		return plainLength
	case l.integerKeys:
		return l.length
	default:
		return l.length + usualText
	}
}

// encode encodes the batch.
func (in *Intake) encode() {
	b, l := &in.batch, &in.layout
	in.out.Hash = b.hash
	key := in.at(in.bound.mapping.CustomerID)
	switch {
	case !l.integerKeys:
		in.encodeTexts(l, key)
	case l.isPlain():
		in.encodePlain(key.integers)
	default:
		in.encodeIntegers(l, key.integers)
	}
}

// encodeIntegers encodes rows of integer keys, which are all of one length.
func (in *Intake) encodeIntegers(l *layout, keys []int64) {
	b, n := &in.batch, l.length
	in.out.Bytes, in.out.Length = resized(in.out.Bytes, n*b.rows), n
	for i, key := range keys {
		if b.flags[i]&flagCustomer == 0 {
			key = 0
		}
		row := in.out.Bytes[n*i : n*i+n]
		in.encodeRow(row, l, i, 0)
		binary.BigEndian.PutUint64(row[l.key:], uint64(key))
	}
}

// encodeTexts encodes rows that end in the text of their key.
func (in *Intake) encodeTexts(l *layout, keys *column) {
	b := &in.batch
	ends, all, from := resized(in.out.End, b.rows), in.out.Bytes[:cap(in.out.Bytes)], 0
	for i := range ends {
		key := ""
		if b.flags[i]&flagCustomer != 0 {
			key = keys.textAt(i)
		}
		end := from + l.length + len(key)
		if end > len(all) {
			all = slices.Grow(all[:from], end-from)
			all = all[:cap(all)]
		}
		row := all[from:end]
		in.encodeRow(row, l, i, len(key))
		copy(row[l.key:], key)
		ends[i], from = uint32(end), end
	}
	in.out.End, in.out.Bytes = ends, all[:from]
}

// encodeRow encodes all of a row but its key.
func (in *Intake) encodeRow(row []byte, l *layout, i, keyBytes int) {
	b := &in.batch
	binary.LittleEndian.PutUint64(row, uint64(newHead(b.day[i], b.fate[i], b.flags[i], keyBytes)))
	binary.LittleEndian.PutUint64(row[amountAt:], uint64(b.amount[i]))
	if l.key > amountAt+8 {
		in.encodeRest(row, l, i)
	}
}

// encodeRest encodes the parts that not every job needs.
func (in *Intake) encodeRest(row []byte, l *layout, i int) {
	b := &in.batch
	if l.contribution > 0 {
		binary.LittleEndian.PutUint64(row[l.contribution:], uint64(b.contribution[i]))
	}
	if l.order > 0 {
		putDigest(row[l.order:], b.order[i])
	}
	if l.row > 0 {
		putDigest(row[l.row:], b.digest[i])
	}
	if l.instant > 0 {
		binary.LittleEndian.PutUint64(row[l.instant:], uint64(b.instant[i]))
		for a := range b.attributes {
			binary.LittleEndian.PutUint32(row[l.words+4*a:], b.attributes[a][i])
		}
	}
}

func putDigest(b []byte, d digest) {
	binary.LittleEndian.PutUint64(b, d[0])
	binary.LittleEndian.PutUint64(b[8:], d[1])
}

func digestAt(b []byte) digest {
	return digest{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
}

// keyOf returns the key of an encoded posting with this head.
func (l *layout) keyOf(row []byte, h head) Key {
	if l.integerKeys {
		return Key(row[l.key : l.key+8])
	}
	return Key(row[l.key : l.key+h.keyBytes()])
}

// hashOf returns the hash of that key.
func (l *layout) hashOf(row []byte, h head) uint64 {
	if l.integerKeys {
		return hashInteger(int64(binary.BigEndian.Uint64(row[l.key:])))
	}
	return l.keyOf(row, h).hash()
}

// decoder takes values off the front of b. The bytes are our own encoding, so
// that running out of them is a programmer's mistake and panics.
type decoder struct{ b []byte }

func (d *decoder) take(n int) []byte {
	v := d.b[:n:n]
	d.b = d.b[n:]
	return v
}

func (d *decoder) uint32() uint32 { return binary.LittleEndian.Uint32(d.take(4)) }
