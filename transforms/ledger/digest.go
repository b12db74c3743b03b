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
	const step = 1 << 10 // so many stay in the nearest cache
	for from := 0; from < b.rows; from += step {
		rows := b.digest[from:min(from+step, b.rows)]
		for i := range rows {
			rows[i] = digest{laneSeed, nullLane}
		}
		for c := range b.columns {
			b.columns[c].digestInto(rows, from)
		}
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
	d[0] = spread(d[0]^v, 0xbf58476d1ce4e5b9)
	d[1] = spread(bits.RotateLeft64(d[1], 32)+v, 0x94d049bb133111eb)
}

// mixNull mixes a null into the digest, which no value is.
func (d *digest) mixNull() {
	d[0], d[1] = ^d[0], ^d[1]
	d.mix(nullLane)
}

func (d *digest) mixText(text string) {
	h := xxh3.HashString128(text)
	d[0] = spread(d[0]^h.Hi, 0xbf58476d1ce4e5b9)
	d[1] = spread(bits.RotateLeft64(d[1], 32)+h.Lo, 0x94d049bb133111eb)
}

// spread spreads each bit over all 64, without loss: down, by an odd factor up,
// and down again, as one round of SplitMix64's finalizer does (Steele, Lea,
// Flood 2014), with its constants. Each column adds a round.
func spread(v, factor uint64) uint64 {
	v = (v ^ v>>32) * factor
	return v ^ v>>29
}
