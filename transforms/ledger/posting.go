package ledger

import (
	"bytes"
	"cmp"
	"encoding/binary"

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

// integerKey returns the key of an integer customer.
func integerKey(v int64) Key { return binary.BigEndian.AppendUint64(nil, uint64(v)) }

// Integer returns the customer's number, where keys are integers.
func (k Key) Integer() int64 { return int64(binary.BigEndian.Uint64(k)) }

// digest is a 128-bit hash that stands for a longer value. Among 10^12
// values the chance that any two share one is below 10^-14.
type digest [2]uint64

func digestOf(b []byte) digest {
	h := xxh3.Hash128(b)
	return digest{h.Hi, h.Lo}
}

func (d digest) compare(e digest) int {
	return cmp.Or(cmp.Compare(d[0], e[0]), cmp.Compare(d[1], e[1]))
}

// posting is one signed money row of one customer, or a row that does not
// count and is carried only to be counted as such.
type posting struct {
	fate            Fate
	hash            uint64 // of the key; of the row where there is no customer
	key             Key    // nil: no customer
	day             calendar.Day
	instant         int64 // microseconds since 1970 UTC
	amount          int64
	contribution    int64
	hasContribution bool
	isBlank         bool // the source has no amount, and that counts as 0
	isForeign       bool // in another currency, so that its amount is no part of any sum
	hasOrder        bool
	order           digest   // of the order id
	row             digest   // of the whole source row; only where duplicates are dropped
	attributes      [][]byte // in the order of the mapping
}

// compare orders postings by customer, then day, order and content, so that
// what belongs together is adjacent and no order of arrival is left.
func (p *posting) compare(q *posting) int {
	return cmp.Or(
		cmp.Compare(p.hash, q.hash), bytes.Compare(p.key, q.key),
		cmp.Compare(p.day, q.day), p.order.compare(q.order), p.row.compare(q.row),
		cmp.Compare(p.amount, q.amount))
}

const (
	flagCustomer = 1 << iota
	flagContribution
	flagForeign
	flagOrder
	flagBlank
)

// encode appends the posting's bytes, which decode reads back.
func (p *posting) encode(b []byte) []byte {
	var flags byte
	if p.key != nil {
		flags |= flagCustomer
	}
	if p.hasContribution {
		flags |= flagContribution
	}
	if p.isForeign {
		flags |= flagForeign
	}
	if p.hasOrder {
		flags |= flagOrder
	}
	if p.isBlank {
		flags |= flagBlank
	}
	b = append(b, flags)
	b = binary.LittleEndian.AppendUint64(b, p.hash)
	b = binary.AppendUvarint(b, uint64(p.fate))
	b = binary.AppendVarint(b, int64(p.day))
	b = binary.AppendVarint(b, p.instant)
	b = binary.AppendVarint(b, p.amount)
	b = binary.AppendVarint(b, p.contribution)
	b = appendDigest(b, p.order, p.hasOrder)
	b = appendDigest(b, p.row, p.row != digest{})
	b = appendBytes(b, p.key)
	for _, a := range p.attributes {
		b = appendBytes(b, a)
	}
	return b
}

func appendDigest(b []byte, d digest, present bool) []byte {
	if !present {
		return append(b, 0)
	}
	b = append(b, 1)
	b = binary.LittleEndian.AppendUint64(b, d[0])
	return binary.LittleEndian.AppendUint64(b, d[1])
}

func appendBytes(b, v []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(v)))
	return append(b, v...)
}

// decode reads one posting with a number of attributes and returns what
// follows it. The posting's slices are parts of b.
func decode(b []byte, attributes [][]byte) (posting, []byte) {
	d := decoder{b}
	flags := d.take(1)[0]
	p := posting{hash: binary.LittleEndian.Uint64(d.take(8))}
	p.fate = Fate(d.uvarint())
	p.day = calendar.Day(d.varint())
	p.instant = d.varint()
	p.amount = d.varint()
	p.contribution = d.varint()
	p.order = d.digest()
	p.row = d.digest()
	key := d.bytes()
	if flags&flagCustomer != 0 {
		p.key = key
	}
	p.hasContribution = flags&flagContribution != 0
	p.isForeign = flags&flagForeign != 0
	p.hasOrder = flags&flagOrder != 0
	p.isBlank = flags&flagBlank != 0
	for i := range attributes {
		attributes[i] = d.bytes()
	}
	p.attributes = attributes
	return p, d.b
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

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	d.b = d.b[n:]
	return v
}

func (d *decoder) bytes() []byte { return d.take(int(d.uvarint())) }

func (d *decoder) digest() digest {
	if d.take(1)[0] == 0 {
		return digest{}
	}
	return digest{binary.LittleEndian.Uint64(d.take(8)), binary.LittleEndian.Uint64(d.take(8))}
}
