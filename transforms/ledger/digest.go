package ledger

import (
	"math/bits"

	"github.com/zeebo/xxh3"
)

// digestRows sets the digest of each row over all its columns: two lanes of 64
// bits, into which each column's value is mixed in turn. A row that the source
// could not read has that of what it read.
func (in *Intake) digestRows() {
	b := &in.batch
	for i := range b.digest {
		b.digest[i] = digest{laneSeed, nullLane}
	}
	for c := range b.columns {
		b.columns[c].digestInto(b.digest)
	}
	for _, f := range b.origin.Faults {
		b.digest[f.Row-b.origin.FirstRow] = digestOf([]byte(f.Raw))
	}
}

const (
	laneSeed = 0x9e3779b97f4a7c15
	nullLane = 0x6e756c6c6e756c6c
)

// mix mixes a value of 64 bits into the digest.
func (d *digest) mix(v uint64) {
	d[0] = spread(d[0] ^ v)
	d[1] = spread(bits.RotateLeft64(d[1], 32) + v)
}

// mixNull mixes a null into the digest, which no value is.
func (d *digest) mixNull() {
	d[0] = spread(^d[0] + nullLane)
	d[1] = spread(^d[1] ^ nullLane)
}

func (d *digest) mixText(text string) {
	h := xxh3.HashString128(text)
	d[0] = spread(d[0] ^ h.Hi)
	d[1] = spread(bits.RotateLeft64(d[1], 32) + h.Lo)
}

// spread spreads each bit over those above it and, of these, the upper half
// over the lower, without loss: one round of SplitMix64's finalizer (Steele,
// Lea, Flood 2014), of which each column adds another.
func spread(v uint64) uint64 {
	v *= 0xbf58476d1ce4e5b9
	return v ^ v>>32
}
