package sources

import (
	"errors"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// The columns below are filled by appending runs of values, which the builders
// of Arrow cannot do for text, and hand their slices over without a copy.

const (
	batchRows = 64 << 10 // rows of a batch unless the request says otherwise
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

// extend makes room for n more bits, cleared.
func (v *validity) extend(n int) {
	for need := (v.rows + n + 7) / 8; len(v.bits) < need; {
		v.bits = append(v.bits, 0)
	}
	if v.bits == nil {
		v.bits = []byte{}
	}
}

// setBits sets n bits from the given one on.
func setBits(bits []byte, from, n int) {
	for i := from; i < from+n; i++ {
		bits[i>>3] |= 1 << (i & 7)
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

// textColumn collects a text column; reserve comes first.
type textColumn struct {
	validity
	data    []byte
	offsets []int32 // a zero, then the end of each value
}

// reserve makes room for the offsets of n rows and as much text as the batch
// before had, so that appending rarely moves what is already there.
func (c *textColumn) reserve(rows, bytes int) {
	c.offsets = append(make([]int32, 0, rows+1), 0)
	c.data = make([]byte, 0, bytes)
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

// run appends the values that offsets cut out of data, len(offsets)-1 of them.
func (c *textColumn) run(data []byte, offsets []uint32) error {
	n := len(offsets) - 1
	if n <= 0 {
		return nil
	}
	first := offsets[0]
	text := data[first:offsets[n]]
	if len(c.data)+len(text) > math.MaxInt32 {
		return errTextTooLong
	}
	base := len(c.data)
	c.data = append(c.data, text...)
	for _, end := range offsets[1:] {
		c.offsets = append(c.offsets, int32(base+int(end-first)))
	}
	c.known(n)
	return nil
}

// take returns the column as an array and starts a new one, with room for as
// much again.
func (c *textColumn) take() arrow.Array {
	bitmap, rows, nulls := c.validity.take()
	offsets := memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(c.offsets))
	a := newArray(arrow.BinaryTypes.String, rows, nulls, bitmap, offsets, memory.NewBufferBytes(c.data))
	c.reserve(rows, len(c.data)+len(c.data)/8)
	return a
}

// newArray makes an array of plain buffers, which the garbage collector frees.
func newArray(t arrow.DataType, rows, nulls int, buffers ...*memory.Buffer) arrow.Array {
	data := array.NewData(t, rows, buffers, nil, nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}

// newRecord makes a record of columns and lets go of its own hold on them.
func newRecord(schema *arrow.Schema, columns []arrow.Array, rows int) arrow.Record {
	record := array.NewRecord(schema, columns, int64(rows))
	for _, c := range columns {
		c.Release()
	}
	return record
}
