package sinks

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go/format"

	"github.com/perennial-clv/perennial/pipeline/table"
)

// bounds are the smallest and the largest value of a page or a row group's
// column, as Parquet's statistics have them: little-endian, texts as they are.
// Both are nil where all values are null.
type bounds struct{ smallest, largest []byte }

// and returns bounds that cover both.
func (b bounds) and(other bounds, k table.Kind) bounds {
	switch {
	case b.smallest == nil:
		return other
	case other.smallest == nil:
		return b
	}
	if compareValues(k, other.smallest, b.smallest) < 0 {
		b.smallest = other.smallest
	}
	if compareValues(k, other.largest, b.largest) > 0 {
		b.largest = other.largest
	}
	return b
}

// compareValues compares two values as statistics have them, by the order of
// their column: numbers signed, texts by their bytes.
func compareValues(k table.Kind, a, b []byte) int {
	switch k {
	case table.Integer, table.Money, table.Time:
		return cmp.Compare(int64(binary.LittleEndian.Uint64(a)), int64(binary.LittleEndian.Uint64(b)))
	case table.Date:
		return cmp.Compare(int32(binary.LittleEndian.Uint32(a)), int32(binary.LittleEndian.Uint32(b)))
	case table.Number:
		return cmp.Compare(math.Float64frombits(binary.LittleEndian.Uint64(a)), math.Float64frombits(binary.LittleEndian.Uint64(b)))
	default:
		return bytes.Compare(a, b)
	}
}

// orderOf says whether the bounds of pages rise or fall from page to page,
// those of pages without values left out.
func orderOf(k table.Kind, pages []bounds) format.BoundaryOrder {
	rises, falls := true, true
	var last bounds
	for _, b := range pages {
		if b.smallest == nil {
			continue
		}
		if last.smallest != nil {
			low, high := compareValues(k, b.smallest, last.smallest), compareValues(k, b.largest, last.largest)
			rises, falls = rises && low >= 0 && high >= 0, falls && low <= 0 && high <= 0
		}
		last = b
	}
	switch {
	case rises:
		return format.Ascending
	case falls:
		return format.Descending
	default:
		return format.Unordered
	}
}

// spread is the least and the greatest of some values, of which there are n, and
// their sum modulo 2^64.
type spread struct {
	low, high, sum int64
	n              int
}

// spreadOf takes two values at a time, for one has to wait for the one before
// it.
func spreadOf(values []int64) spread {
	x := spread{n: len(values)}
	if x.n == 0 {
		return x
	}
	x.low, x.high = values[0], values[0]
	low, high := x.low, x.high
	if x.n%2 == 1 {
		x.sum, values = values[0], values[1:]
	}
	for ; len(values) >= 2; values = values[2:] {
		a, b := values[0], values[1]
		x.low, x.high, low, high = min(x.low, a), max(x.high, a), min(low, b), max(high, b)
		x.sum += a + b
	}
	x.low, x.high = min(x.low, low), max(x.high, high)
	return x
}

func (x spread) bounds() bounds {
	if x.n == 0 {
		return bounds{}
	}
	return bounds{binary.LittleEndian.AppendUint64(nil, uint64(x.low)), binary.LittleEndian.AppendUint64(nil, uint64(x.high))}
}

func dayBounds(values []int32) bounds {
	if len(values) == 0 {
		return bounds{}
	}
	low, high := values[0], values[0]
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	return bounds{binary.LittleEndian.AppendUint32(nil, uint32(low)), binary.LittleEndian.AppendUint32(nil, uint32(high))}
}

// numberBounds takes finite values. Of the two zeros the format wants the
// negative one below and the positive one above, for a page may hold both.
func numberBounds(values []float64) bounds {
	if len(values) == 0 {
		return bounds{}
	}
	low, high := values[0], values[0]
	for _, v := range values {
		if v < low {
			low = v
		}
		if v > high {
			high = v
		}
	}
	if low == 0 {
		low = math.Copysign(0, -1)
	}
	if high == 0 {
		high = 0 // the positive one
	}
	return bounds{binary.LittleEndian.AppendUint64(nil, math.Float64bits(low)), binary.LittleEndian.AppendUint64(nil, math.Float64bits(high))}
}

// flagBounds takes n flags of which some are set.
func flagBounds(n, set int) bounds {
	if n == 0 {
		return bounds{}
	}
	b := bounds{[]byte{0}, []byte{0}}
	if set > 0 {
		b.largest[0] = 1
	}
	if set == n {
		b.smallest[0] = 1
	}
	return b
}

// textBounds returns the bounds of a page of texts, each at most indexBytes
// long. They are compared by their first eight bytes where those differ.
func textBounds(p *page) bounds {
	if p.values() == 0 {
		return bounds{}
	}
	low, high := p.text(0), p.text(0)
	lowPrefix, highPrefix := prefix(low), prefix(high)
	for i := range p.values() {
		text := p.text(i)
		start := prefix(text)
		if start <= lowPrefix && bytes.Compare(text, low) < 0 {
			low, lowPrefix = text, start
		}
		if start >= highPrefix && bytes.Compare(text, high) > 0 {
			high, highPrefix = text, start
		}
	}
	return cutBounds(low, high)
}

// prefix returns the first eight bytes of a text as a number of the same
// order; a shorter text is filled with zeros.
func prefix(text []byte) uint64 {
	if len(text) >= 8 {
		return binary.BigEndian.Uint64(text)
	}
	var filled [8]byte
	copy(filled[:], text)
	return binary.BigEndian.Uint64(filled[:])
}

// cutBounds copies the smallest and the largest text, cut to at most
// indexBytes: the smallest to a text before it, the largest to one after it.
func cutBounds(smallest, largest []byte) bounds {
	low := append([]byte{}, startOf(smallest)...)
	high := append([]byte{}, startOf(largest)...)
	if len(high) < len(largest) {
		high = following(high)
	}
	if high == nil {
		high = append([]byte{}, largest...)
	}
	return bounds{low, high}
}

// startOf returns the longest beginning of whole characters that is at most
// indexBytes long.
func startOf(text []byte) []byte {
	if len(text) <= indexBytes {
		return text
	}
	n := indexBytes
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// following returns a text after all texts that begin with text: its last
// character replaced by the next one, or the one before it where there is
// none; nil where no character has a next one.
func following(text []byte) []byte {
	for len(text) > 0 {
		r, size := utf8.DecodeLastRune(text)
		text = text[:len(text)-size]
		switch {
		case r == utf8.MaxRune:
		case r == '\ud7ff': // after it come the surrogates, which are no characters
			return utf8.AppendRune(text, '\ue000')
		default:
			return utf8.AppendRune(text, r+1)
		}
	}
	return nil
}
