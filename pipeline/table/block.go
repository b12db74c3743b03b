package table

import (
	"encoding/binary"
	"math/bits"

	"github.com/apache/arrow/go/v17/arrow"
)

// BlockRows is how many rows are taken through all columns at a time, so that
// they stay in a core's cache meanwhile: the most that a block has. It is a
// multiple of eight.
const BlockRows = 1 << 7

// RecordOfBlocks is RecordOf of a table whose R is a block: up to BlockRows rows
// as columns, from which a field takes a slice of values at a time. It is for
// tables of millions of rows, where a call for each value is what takes time.
// fill sets a block, which is used again, to so many rows from the table's row
// from on. Fields of blocks are made with Values, NullValues and so on.
func (d Definition[B]) RecordOfBlocks(m *Memory, n int, fill func(from, rows int, into *B)) arrow.Record {
	block := make([]B, 1)
	return d.record(m, n, func(from, to int) []B {
		fill(from, to-from, &block[0])
		return block
	})
}

// Values declares a column of a kind of fixed width, of which get returns a
// block's: int32 for days, float64 for numbers, int64 for the others. NaN and
// infinity panic, as in Numbers.
func Values[B any, V fixedWidth](kind Kind, name, doc string, get func(*B) []V) Field[B] {
	return Field[B]{Column: newColumn(name, doc, kind), fill: func(v *vector, block []B) {
		v.rows += appendValues(v, get(&block[0]), nil)
	}}
}

// NullValues declares such a column that may be null, of which get also returns
// 1 for each row with a value and 0 for each other.
func NullValues[B any, V fixedWidth](kind Kind, name, doc, null string, get func(*B) (values []V, known []uint8)) Field[B] {
	return Field[B]{Column: newNullColumn(name, doc, null, kind), fill: func(v *vector, block []B) {
		values, known := get(&block[0])
		v.appendKnown(known)
		v.rows += appendValues(v, values, known)
	}}
}

// LabelValues declares a column of labels, as Labels does, of which get returns
// a block's places.
func LabelValues[B any, L ~uint8](name, doc string, labels []string, get func(*B) []L) Field[B] {
	return Values(Text, name, doc, get).labelled(labels)
}

// NullLabelValues declares such a column that may be null.
func NullLabelValues[B any, L ~uint8](name, doc, null string, labels []string, get func(*B) (places []L, known []uint8)) Field[B] {
	return NullValues(Text, name, doc, null, get).labelled(labels)
}

// FlagValues declares a column of truth values, of which get returns a block's
// as 1 and 0.
func FlagValues[B any](name, doc string, get func(*B) []uint8) Field[B] {
	return Field[B]{Column: newColumn(name, doc, Flag), fill: func(v *vector, block []B) {
		flags := get(&block[0])
		packBits(v.fixed[v.rows/8:], flags)
		v.rows += len(flags)
	}}
}

// TextValues declares a text column, of which get returns a block's.
func TextValues[B any, T ~string | ~[]byte](name, doc string, get func(*B) []T) Field[B] {
	return Field[B]{Column: newColumn(name, doc, Text), fill: func(v *vector, block []B) {
		v.rows += appendTexts(v, get(&block[0]), nil)
	}}
}

// NullTextValues declares a text column that may be null, as NullValues does.
func NullTextValues[B any, T ~string | ~[]byte](name, doc, null string, get func(*B) (texts []T, known []uint8)) Field[B] {
	return Field[B]{Column: newNullColumn(name, doc, null, Text), fill: func(v *vector, block []B) {
		texts, known := get(&block[0])
		v.appendKnown(known)
		v.rows += appendTexts(v, texts, known)
	}}
}

// appendValues appends values, all of which are known where known is nil, and
// returns how many there are.
func appendValues[V fixedWidth](v *vector, values []V, known []uint8) int {
	if v.kind == Number {
		for i, value := range values {
			if !isFinite(value) && (known == nil || known[i] == 1) {
				panic(notFinite)
			}
		}
	}
	return copy(arrow.GetData[V](v.fixed)[v.rows:], values)
}

// appendTexts appends texts, all of which are known where known is nil, and
// returns how many there are.
func appendTexts[T ~string | ~[]byte](v *vector, texts []T, known []uint8) int {
	ends := arrow.GetData[int32](v.fixed)[v.rows+1:][:len(texts)]
	for i, text := range texts {
		if known == nil || known[i] == 1 {
			appendText(v, text)
		}
		ends[i] = int32(len(v.texts))
	}
	return len(texts)
}

// appendKnown appends which rows have a value.
func (v *vector) appendKnown(known []uint8) {
	v.nulls += len(known) - packBits(v.valid[v.rows/8:], known)
}

// packBits packs ones and zeros to bits, lowest first, and returns how many ones
// there are.
func packBits(to []byte, ones []uint8) (sum int) {
	for ; len(ones) >= 8; to, ones = to[1:], ones[8:] {
		// The product has byte i of the eight as bit 56 + i: 8i + (56 − 7i).
		to[0] = byte(binary.LittleEndian.Uint64(ones) * 0x0102040810204080 >> 56)
		sum += bits.OnesCount8(to[0])
	}
	if len(ones) > 0 {
		to[0] = 0
		for i, one := range ones {
			to[0] |= one << i
		}
		sum += bits.OnesCount8(to[0])
	}
	return sum
}
