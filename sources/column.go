package sources

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/perennial-clv/perennial/pipeline/table"
)

// The columns below are filled by appending runs of values, which the builders
// of Arrow cannot do for text, and hand their memory over without a copy.

const (
	// batchRows are the rows of a batch unless the request says otherwise: what is
	// made of them on the way to shards fits a cache of 2 MiB.
	batchRows = 32 << 10
	batchText = 64 << 20 // bytes of text after which a batch is cut, far below the 2 GiB that Arrow's offsets reach
)

// errTextTooLong says that one batch's text would not fit Arrow's offsets.
var errTextTooLong = errors.New("more than 2 GiB of text in one batch of rows")

// validity is a column's null bitmap. It stays nil while there is no null.
type validity struct {
	bits  []byte
	rows  int
	nulls int
}

// known counts n values that are there.
func (v *validity) known(n int) {
	if v.bits != nil {
		v.extend(n)
		setBits(v.bits, v.rows, n)
	}
	v.rows += n
}

// null counts n values that are not.
func (v *validity) null(n int) {
	if v.bits == nil {
		v.extend(0)
		setBits(v.bits, 0, v.rows)
	}
	v.extend(n)
	v.rows += n
	v.nulls += n
}

// forget makes the last row one without a value.
func (v *validity) forget() {
	at, bit := (v.rows-1)/8, byte(1)<<((v.rows-1)%8)
	switch {
	case v.bits == nil:
		v.rows--
		v.null(1)
	case v.bits[at]&bit != 0:
		v.bits[at] &^= bit
		v.nulls++
	}
}

// levels counts a row for each level: 1 where there is a value, of which there
// are n, and 0 where there is none.
func (v *validity) levels(levels []byte, n int) {
	if v.bits == nil {
		v.extend(0)
		setBits(v.bits, 0, v.rows)
	}
	v.extend(len(levels))
	v.nulls += len(levels) - n
	for len(levels) > 0 {
		if len(levels) >= 8 && v.rows%8 == 0 {
			v.bits[v.rows/8] = byte(binary.LittleEndian.Uint64(levels) * gatherBits >> 56)
			levels = levels[8:]
			v.rows += 8
			continue
		}
		v.bits[v.rows/8] |= levels[0] << (v.rows % 8)
		levels = levels[1:]
		v.rows++
	}
}

// gatherBits moves bit 0 of the i-th byte of a factor to bit 56+i of the
// product, without a carry: the sum of 2^(56-7i), i = 0..7.
const gatherBits = 0x0102040810204080

// extend makes room for n more bits, cleared.
func (v *validity) extend(n int) {
	if v.bits == nil {
		v.bits = []byte{}
	}
	if missing := (v.rows+n+7)/8 - len(v.bits); missing > 0 {
		v.bits = append(v.bits, make([]byte, missing)...)
	}
}

// setBits sets n bits from the given one on.
func setBits(bits []byte, from, n int) {
	for n > 0 {
		if n >= 8 && from%8 == 0 {
			bits[from/8] = 0xff
			from, n = from+8, n-8
			continue
		}
		bits[from/8] |= 1 << (from % 8)
		from, n = from+1, n-1
	}
}

// take returns the bitmap's buffer, nil if there is no null, and starts anew.
func (v *validity) take() (bitmap *memory.Buffer, rows, nulls int) {
	if v.nulls > 0 {
		bitmap = memory.NewBufferBytes(v.bits)
	}
	rows, nulls = v.rows, v.nulls
	*v = validity{}
	return bitmap, rows, nulls
}

// textColumn collects a text column; begin comes before the first row.
type textColumn struct {
	validity
	memory  *table.Memory
	data    []byte
	offsets []int32 // a zero, then the end of each value; nil before begin

	// As much as is expected, so that appending rarely moves what is there.
	likelyRows, likelyBytes int
}

// begin makes an empty array ready to be filled, unless one is.
func (c *textColumn) begin() {
	if c.offsets == nil {
		c.offsets = append(table.RoomFor[int32](c.memory, c.likelyRows+1), 0)
		c.data = c.memory.Allocate(c.likelyBytes)[:0]
	}
}

// end ends a value whose bytes have been appended to c.data.
func (c *textColumn) end() {
	c.offsets = append(c.offsets, int32(len(c.data)))
	c.known(1)
}

// nothing appends n nulls.
func (c *textColumn) nothing(n int) {
	for range n {
		c.offsets = append(c.offsets, int32(len(c.data)))
	}
	c.null(n)
}

// run appends the values that ascending offsets cut out of data,
// len(offsets)-1 of them, to the rows that levels tell (see validity.levels),
// or to as many rows if levels is nil.
func (c *textColumn) run(data []byte, offsets []uint32, levels []byte) error {
	n := len(offsets) - 1
	first := offsets[0]
	text := data[first:offsets[n]]
	if len(c.data)+len(text) > math.MaxInt32 {
		return errTextTooLong
	}
	shift := int32(len(c.data)) - int32(first)
	c.data = append(c.data, text...)
	for i, ends := 0, c.moreEnds(n); i < n; i++ {
		ends[i] = int32(offsets[i+1]) + shift
	}
	c.spread(n, levels)
	return nil
}

// moreEnds lengthens the offsets by n, which the caller sets.
func (c *textColumn) moreEnds(n int) []int32 {
	at := len(c.offsets)
	c.offsets = slices.Grow(c.offsets, n)[:at+n]
	return c.offsets[at:]
}

// spread makes the last n values, whose ends stand in the offsets, those of the
// rows that levels tell: a row without a value ends where the one before does.
func (c *textColumn) spread(n int, levels []byte) {
	if levels == nil {
		c.known(n)
		return
	}
	c.moreEnds(len(levels) - n)
	ends := c.offsets[len(c.offsets)-len(levels)-1:] // with the end of the row before
	rank := n
	for i := len(levels); i > 0; i-- {
		ends[i] = ends[rank]
		rank -= int(levels[i-1])
	}
	c.levels(levels, n)
}

// take returns the column as an array and expects as many rows in a later one,
// with a little more text: not in the next one, which may be the last few rows
// of a file.
func (c *textColumn) take() arrow.Array {
	bitmap, rows, nulls := c.validity.take()
	offsets, data := table.BufferOf(c.memory, c.offsets), memory.NewBufferWithAllocator(c.data, c.memory)
	c.likelyRows, c.likelyBytes = max(c.likelyRows, rows), max(c.likelyBytes, len(c.data)+len(c.data)/8)
	c.offsets, c.data = nil, nil
	return newArray(arrow.BinaryTypes.String, rows, nulls, bitmap, offsets, data)
}

// newArray makes an array of buffers, which it alone holds.
func newArray(t arrow.DataType, rows, nulls int, buffers ...*memory.Buffer) arrow.Array {
	data := array.NewData(t, rows, buffers, nil, nulls, 0)
	defer data.Release()
	letGo(buffers)
	return array.MakeFromData(data)
}

// letGo gives up this package's own hold on buffers, of which some may be nil.
func letGo(buffers []*memory.Buffer) {
	for _, b := range buffers {
		if b != nil {
			b.Release()
		}
	}
}

// newRecord makes a record of columns and lets go of its own hold on them.
func newRecord(schema *arrow.Schema, columns []arrow.Array, rows int) arrow.Record {
	record := array.NewRecord(schema, columns, int64(rows))
	for _, c := range columns {
		c.Release()
	}
	return record
}
