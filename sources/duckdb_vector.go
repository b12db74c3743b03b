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

// duckVector is some rows of a column in DuckDB's memory, which lasts as long as
// their chunk.
type duckVector struct {
	data    unsafe.Pointer // of the chunk's first row
	mask    []uint64       // a bit for each row of the chunk, 0 where it is null; nil if none is
	from, n int            // the rows of interest
	levels  []byte         // of these rows, as in validity.levels; nil if none is null
}

// duckVectorOf returns a column of a chunk, with all its rows.
func duckVectorOf(chunk duckdb.DataChunk, column int) duckVector {
	v, n := duckdb.DataChunkGetVector(chunk, duckdb.IdxT(column)), int(duckdb.DataChunkGetSize(chunk))
	whole := duckVector{data: duckdb.VectorGetData(v), n: n}
	if mask := duckdb.VectorGetValidity(v); mask != nil {
		whole.mask = unsafe.Slice((*uint64)(mask), (n+63)/64)
	}
	return whole
}

// isKnown reports whether a row of the chunk has a value.
func (v *duckVector) isKnown(row int) bool { return v.mask == nil || v.mask[row/64]>>(row%64)&1 == 1 }

// part narrows the vector to n rows from one on, whose levels take the place of
// scratch.
func (v *duckVector) part(from, n int, scratch []byte) []byte {
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
func (v *duckVector) mark(in *validity) {
	if v.levels == nil {
		in.known(v.n)
	} else {
		in.levels(v.levels, bytes.Count(v.levels, []byte{present}))
	}
}

// duckValues returns the vector's rows; those that are null hold anything.
func duckValues[T any](v *duckVector) []T { return unsafe.Slice((*T)(v.data), v.from+v.n)[v.from:] }

// duckVectors collects a column of vectors.
type duckVectors interface {
	// append adds the rows of a vector, and reports whether each of them can be
	// what it is described as; if not, faultOf tells which cannot.
	append(v *duckVector) (isClean bool, err error)
	// faultOf says what is wrong with row i of the vector, and what it holds;
	// nothing if it is right.
	faultOf(v *duckVector, i int) (reason, text string)
	// bytes is how much text has been collected.
	bytes() int
	// take returns the column and starts a new one.
	take() arrow.Array
}

// duckFixedVectors collects values of one size.
type duckFixedVectors[T arrow.FixedWidthType] struct {
	validity
	space
	arrow   arrow.DataType
	convert func(to []T, v *duckVector) (isClean bool)
	fault   func(v *duckVector, i int) (reason, text string) // nil if every value is right
	values  []T                                              // nil before the first row
}

func (c *duckFixedVectors[T]) append(v *duckVector) (bool, error) {
	if c.values == nil {
		c.values = table.RoomFor[T](c.memory, c.batch)
	}
	var added []T
	c.values, added = longer(c.values, v.n)
	v.mark(&c.validity)
	return c.convert(added, v), nil
}

func (c *duckFixedVectors[T]) faultOf(v *duckVector, i int) (string, string) { return c.fault(v, i) }
func (c *duckFixedVectors[T]) bytes() int                                    { return 0 }

func (c *duckFixedVectors[T]) take() arrow.Array {
	bitmap, rows, nulls := c.validity.take()
	values := table.BufferOf(c.memory, c.values)
	c.values = nil
	return newArray(c.arrow, rows, nulls, bitmap, values)
}

// noFault is embedded by columns whose values are all right.
type noFault struct{}

func (noFault) faultOf(*duckVector, int) (reason, text string) { return "", "" }

// duckFlagVectors collects truth values.
type duckFlagVectors struct {
	validity
	noFault
	bits []byte
}

func (c *duckFlagVectors) append(v *duckVector) (bool, error) {
	first := c.rows
	v.mark(&c.validity)
	c.bits = append(c.bits, make([]byte, (c.rows+7)/8-len(c.bits))...)
	for i, flag := range duckValues[uint8](v) {
		c.bits[(first+i)/8] |= flag & 1 << ((first + i) % 8)
	}
	return true, nil
}

func (c *duckFlagVectors) bytes() int { return 0 }

func (c *duckFlagVectors) take() arrow.Array {
	bitmap, rows, nulls := c.validity.take()
	values := memory.NewBufferBytes(c.bits)
	c.bits = nil
	return newArray(arrow.FixedWidthTypes.Boolean, rows, nulls, bitmap, values)
}

// duckTextVectors collects text.
type duckTextVectors struct {
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

// duckStringAt returns the n bytes of a string.
func duckStringAt(s unsafe.Pointer, n int) []byte {
	if n <= shortText {
		return unsafe.Slice((*byte)(unsafe.Add(s, shortOffset)), n)
	}
	return unsafe.Slice(*(**byte)(unsafe.Add(s, longOffset)), n)
}

func (c *duckTextVectors) append(v *duckVector) (bool, error) {
	c.begin()
	ends := c.moreEnds(v.n)
	for i := range ends {
		if v.levels == nil || v.levels[i] == present {
			s := unsafe.Add(v.data, stringSize*(v.from+i))
			n := int(*(*uint32)(s))
			if len(c.data)+n > 1<<31-1 {
				return false, errTextTooLong
			}
			c.data = append(c.data, duckStringAt(s, n)...)
		}
		ends[i] = int32(len(c.data))
	}
	v.mark(&c.validity)
	return true, nil
}

func (c *duckTextVectors) bytes() int { return len(c.data) }

// duckEnumVectors collects the codes of an enumeration, whose words are the
// dictionary of every batch.
type duckEnumVectors struct {
	duckFixedVectors[int32]
	words *array.Data
}

func (c *duckEnumVectors) take() arrow.Array {
	bitmap, rows, nulls := c.validity.take()
	buffers := []*memory.Buffer{bitmap, table.BufferOf(c.memory, c.values)}
	c.values = nil
	data := array.NewDataWithDictionary(pipeline.DictionaryText, rows, buffers, nulls, 0, c.words)
	defer data.Release()
	letGo(buffers)
	return array.MakeFromData(data)
}
