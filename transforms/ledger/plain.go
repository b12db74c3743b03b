package ledger

import (
	"encoding/binary"
	"slices"
)

// A posting of nothing but head, amount and integer key is plain, as most are
// where keys are numbers. It is packed into one row of 16 bytes,
//
//	bytes 0–7   head, whose bits for the length of a key hold the amount
//	bytes 8–15  key
//
// or, where the amount does not fit, into two rows: the second begins with the
// amount. Both have the customer's hash, so that they come to one shard, one
// after the other: neighbours of one hash stay neighbours on the way there.
const plainLength = 16

// isPlain reports whether postings are plain.
func (l *layout) isPlain() bool { return l.integerKeys && l.length == amountAt+8+8 }

// A packed amount is a number of units, and which unit that is.
const (
	numberBits = 22
	mostNumber = 1<<(numberBits-1) - 1
	packedMask = 1<<headFlags - 1 // of both
	isBeyond   = mostNumber + 1   // in place of an amount that does not fit: the number below the least, of cents
	centUnits  = 100              // units of 10^-4
)

// packingUnits are the units, in units of 10^-4. Most amounts are whole cents.
var packingUnits = [4]int64{centUnits, 1, 10_000, 1_000_000}

// packed returns an amount as the lowest bits of a head, isBeyond where it does
// not fit.
func packed(amount int64) head {
	if n := amount / centUnits; n*centUnits == amount && -mostNumber <= n && n <= mostNumber {
		return head(n) & (1<<numberBits - 1)
	}
	for i := 1; i < len(packingUnits); i++ {
		unit := packingUnits[i]
		if n := amount / unit; n*unit == amount && -mostNumber <= n && n <= mostNumber {
			return head(i)<<numberBits | head(n)&(1<<numberBits-1)
		}
	}
	return isBeyond
}

// isLong reports whether a row with the amount follows.
func (h head) isLong() bool { return h&packedMask == isBeyond }

// unpacked returns the amount of a head that is not long.
func (h head) unpacked() int64 {
	number := int64(h<<(64-numberBits)) >> (64 - numberBits)
	return number * packingUnits[h>>numberBits&3]
}

// encodePlain encodes rows that are plain.
func (in *Intake) encodePlain(keys []int64) {
	b, n := &in.batch, len(keys)
	in.hashes, in.out.Bytes = resized(in.hashes, 2*n), resized(in.out.Bytes, 2*n*plainLength)
	fates, flags, days, amounts, own := b.fate[:n], b.flags[:n], b.day[:n], b.amount[:n], b.hash[:n]
	hashes, rest, rows := in.hashes, in.out.Bytes, 0
	for i, key := range keys {
		if flags[i]&flagCustomer == 0 {
			key = 0
		}
		h := newHead(days[i], fates[i], flags[i], 0) | packed(amounts[i])
		putWords(rest[plainLength*rows:], uint64(h), uint64(key))
		hashes[rows] = own[i]
		rows++
		if h.isLong() {
			putWords(rest[plainLength*rows:], uint64(amounts[i]), 0)
			hashes[rows] = own[i]
			rows++
		}
	}
	in.out.Hash, in.out.Bytes, in.out.Length = hashes[:rows], rest[:plainLength*rows], plainLength
}

func putWords(row []byte, first, second uint64) {
	row = row[:plainLength]
	binary.LittleEndian.PutUint64(row, first)
	binary.LittleEndian.PutUint64(row[8:], second)
}

// plainBytes returns how many bytes a plain posting with this head takes.
func (h head) plainBytes() int {
	if h.isLong() {
		return 2 * plainLength
	}
	return plainLength
}

// plainKey returns the key of the plain posting that a run begins with.
func plainKey(run []byte) uint64 { return binary.LittleEndian.Uint64(run[8:]) }

// plainAmount returns its amount.
func plainAmount(h head, run []byte) int64 {
	if h.isLong() {
		return int64(binary.LittleEndian.Uint64(run[plainLength:]))
	}
	return h.unpacked()
}

// parsePlain finds the customers of a run of plain postings, and the postings
// that have none.
func (b *Builder) parsePlain(run []byte) {
	n := len(b.hashes)
	b.hashes = slices.Grow(b.hashes, len(run)/plainLength)
	hashes := b.hashes[:cap(b.hashes)]
	for len(run) >= plainLength {
		h := headAt(run)
		if h.has(flagCustomer) {
			hashes[n] = hashInteger(int64(plainKey(run)))
			n++
		} else {
			b.nobody = append(b.nobody, entry{0, h &^ packedMask, plainAmount(h, run), 0})
		}
		run = run[h.plainBytes():]
	}
	b.hashes = hashes[:n]
}

// dealPlain puts a run of plain postings into their hands, of which these are
// the hashes to come. It returns those of the next run.
func (b *Builder) dealPlain(run []byte, hashes []uint64, width int) []uint64 {
	for len(run) >= plainLength {
		h := headAt(run)
		if h.has(flagCustomer) {
			*b.next(hashes[0], width) = entry{hashes[0], h &^ packedMask, plainAmount(h, run), plainKey(run)}
			hashes = hashes[1:]
		}
		run = run[h.plainBytes():]
	}
	return hashes
}
