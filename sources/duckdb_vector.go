//go:build duckdb

package sources

import (
	"bytes"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// vector is some rows of a column in DuckDB's memory, which lasts as long as
// their chunk.
type vector struct {
	data    unsafe.Pointer // of the chunk's first row
	mask    []uint64       // a bit for each row of the chunk, 0 where it is null; nil if none is
	from, n int            // the rows of interest
	levels  []byte         // of these rows, as in validity.levels; nil if none is null
}

// vectorOf returns a column of a chunk, with all its rows.
func vectorOf(chunk duckdb.DataChunk, column int) vector {
	v, n := duckdb.DataChunkGetVector(chunk, duckdb.IdxT(column)), int(duckdb.DataChunkGetSize(chunk))
	whole := vector{data: duckdb.VectorGetData(v), n: n}
	if mask := duckdb.VectorGetValidity(v); mask != nil {
		whole.mask = unsafe.Slice((*uint64)(mask), (n+63)/64)
	}
	return whole
}

// isKnown reports whether a row of the chunk has a value.
func (v *vector) isKnown(row int) bool { return v.mask == nil || v.mask[row/64]>>(row%64)&1 == 1 }

// part narrows the vector to n rows from one on, whose levels take the place of
// scratch.
func (v *vector) part(from, n int, scratch []byte) []byte {
	v.from, v.n, v.levels = from, n, nil
	if v.mask == nil {
		return scratch
	}
	levels := scratch[:0]
	for row := from; row < from+n; row++ {
		levels = append(levels, byte(v.mask[row/64]>>(row%64)&1))
	}
	if bytes.IndexByte(levels, absent) >= 0 {
		v.levels = levels
	}
	return levels
}

// mark counts the vector's rows.
func (v *vector) mark(in *validity) {
	if v.levels == nil {
		in.known(v.n)
	} else {
		in.levels(v.levels, bytes.Count(v.levels, []byte{present}))
	}
}

// values returns the vector's rows; those that are null hold anything.
func values[T any](v *vector) []T { return unsafe.Slice((*T)(v.data), v.from+v.n)[v.from:] }

// vectorColumn collects a column of vectors.
type vectorColumn interface {
	// append adds the rows of a vector, and reports whether each of them can be
	// what it is described as; if not, faultOf tells which cannot.
	append(v *vector) (isClean bool, err error)
	// faultOf says what is wrong with row i of the vector, and what it holds;
	// nothing if it is right.
	faultOf(v *vector, i int) (reason, text string)
	// bytes is how much text has been collected.
	bytes() int
	// take returns the column and starts a new one.
	take() arrow.Array
}

// fixedVectors collects values of one size.
type fixedVectors[T arrow.FixedWidthType] struct {
	validity
	space
	arrow   arrow.DataType
	convert func(to []T, v *vector) (isClean bool)
	fault   func(v *vector, i int) (reason, text string) // nil if every value is right
	values  []T                                          // nil before the first row
}

func (c *fixedVectors[T]) append(v *vector) (bool, error) {
	if c.values == nil {
		c.values = table.RoomFor[T](c.memory, c.batch)
	}
	var added []T
	c.values, added = longer(c.values, v.n)
	v.mark(&c.validity)
	return c.convert(added, v), nil
}

func (c *fixedVectors[T]) faultOf(v *vector, i int) (string, string) { return c.fault(v, i) }
func (c *fixedVectors[T]) bytes() int                                { return 0 }

func (c *fixedVectors[T]) take() arrow.Array {
	bitmap, rows, nulls := c.validity.take()
	values := table.BufferOf(c.memory, c.values)
	c.values = nil
	return newArray(c.arrow, rows, nulls, bitmap, values)
}

// noFault is embedded by columns whose values are all right.
type noFault struct{}

func (noFault) faultOf(*vector, int) (reason, text string) { return "", "" }

// flagVectors collects truth values.
type flagVectors struct {
	validity
	noFault
	bits []byte
}

func (c *flagVectors) append(v *vector) (bool, error) {
	first := c.rows
	v.mark(&c.validity)
	c.bits = append(c.bits, make([]byte, (c.rows+7)/8-len(c.bits))...)
	for i, flag := range values[uint8](v) {
		c.bits[(first+i)/8] |= flag & 1 << ((first + i) % 8)
	}
	return true, nil
}

func (c *flagVectors) bytes() int { return 0 }

func (c *flagVectors) take() arrow.Array {
	bitmap, rows, nulls := c.validity.take()
	values := memory.NewBufferBytes(c.bits)
	c.bits = nil
	return newArray(arrow.FixedWidthTypes.Boolean, rows, nulls, bitmap, values)
}

// textVectors collects text.
type textVectors struct {
	textColumn
	noFault
}

// DuckDB's strings take 16 bytes: their length, and the text itself if it is
// short, else its first bytes and where it is.
const (
	stringSize  = 16
	shortText   = 12
	shortOffset = 4
	longOffset  = 8
)

// stringAt returns the n bytes of a string.
func stringAt(s unsafe.Pointer, n int) []byte {
	if n <= shortText {
		return unsafe.Slice((*byte)(unsafe.Add(s, shortOffset)), n)
	}
	return unsafe.Slice(*(**byte)(unsafe.Add(s, longOffset)), n)
}

func (c *textVectors) append(v *vector) (bool, error) {
	c.begin()
	ends := c.moreEnds(v.n)
	for i := range ends {
		if v.levels == nil || v.levels[i] == present {
			s := unsafe.Add(v.data, stringSize*(v.from+i))
			n := int(*(*uint32)(s))
			if len(c.data)+n > 1<<31-1 {
				return false, errTextTooLong
			}
			c.data = append(c.data, stringAt(s, n)...)
		}
		ends[i] = int32(len(c.data))
	}
	v.mark(&c.validity)
	return true, nil
}

func (c *textVectors) bytes() int { return len(c.data) }

// enumVectors collects the codes of an enumeration, whose words are the
// dictionary of every batch.
type enumVectors struct {
	fixedVectors[int32]
	words *array.Data
}

func (c *enumVectors) take() arrow.Array {
	bitmap, rows, nulls := c.validity.take()
	buffers := []*memory.Buffer{bitmap, table.BufferOf(c.memory, c.values)}
	c.values = nil
	data := array.NewDataWithDictionary(pipeline.DictionaryText, rows, buffers, nulls, 0, c.words)
	defer data.Release()
	letGo(buffers)
	return array.MakeFromData(data)
}
