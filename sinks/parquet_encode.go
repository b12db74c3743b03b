package sinks

import (
	"io"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/parquet-go/parquet-go"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// chunkRows is how many rows are handed to the Parquet writer at a time. The
// writer looks after each hand-over whether a page is full, so hand-overs
// must not depend on how the rows came in batches. Small enough that a chunk
// of one column stays in a core's cache.
const chunkRows = 1 << 10

// encoder writes Arrow records of one table as one Parquet file.
type encoder struct {
	writer    *parquet.GenericWriter[any]
	columns   []column
	groupRows int
	held      []arrow.Record // whose texts the chunk points into
	chunk     int            // rows in the chunk
	inGroup   int            // rows in the row group, the chunk's included
	rows      int64
}

// column is one column of an encoder.
type column struct {
	name     string
	kind     table.Kind
	nullable bool
	writer   *parquet.ColumnWriter
	chunk    []parquet.Value
	sum      int64 // of money, the table's parts before this one included
}

// newEncoder begins a file of table t with row groups of groupRows rows.
func newEncoder(w io.Writer, t table.Schema, groupRows int) *encoder {
	e := &encoder{writer: parquet.NewGenericWriter[any](w, writerOptions(t)...), groupRows: groupRows}
	writers := e.writer.ColumnWriters()
	e.columns = make([]column, len(t.Columns))
	for i, c := range t.Columns {
		e.columns[i] = column{name: c.Name, kind: c.Kind, nullable: c.Nullable, writer: writers[i], chunk: make([]parquet.Value, 0, chunkRows)}
	}
	return e
}

// write adds rows from..to of a record, which it may retain for a while.
func (e *encoder) write(r arrow.Record, from, to int) error {
	r.Retain()
	e.held = append(e.held, r)
	for from < to {
		n := min(to-from, chunkRows-e.chunk, e.groupRows-e.inGroup)
		for i := range e.columns {
			if err := e.columns[i].add(r.Column(i), from, from+n, e.rows); err != nil {
				return err
			}
		}
		from, e.chunk, e.inGroup, e.rows = from+n, e.chunk+n, e.inGroup+n, e.rows+int64(n)
		if err := e.cut(); err != nil {
			return err
		}
	}
	if e.chunk == 0 {
		e.release(len(e.held))
	}
	return nil
}

// cut ends the chunk, the page and the row group where they are full.
func (e *encoder) cut() error {
	groupFull := e.inGroup == e.groupRows
	if e.chunk < chunkRows && !groupFull {
		return nil
	}
	if err := e.flushChunk(); err != nil {
		return err
	}
	if groupFull {
		e.inGroup = 0
		return e.writer.Flush()
	}
	if e.inGroup%pageRows != 0 {
		return nil
	}
	for _, c := range e.columns {
		if err := c.writer.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// flushChunk hands the collected values to the Parquet writer, which copies
// them.
func (e *encoder) flushChunk() error {
	for i := range e.columns {
		c := &e.columns[i]
		if _, err := c.writer.WriteRowValues(c.chunk); err != nil {
			return err
		}
		c.chunk = c.chunk[:0]
	}
	e.chunk = 0
	e.release(max(0, len(e.held)-1)) // the last record may have rows yet to come
	return nil
}

// close writes what is left and the file's footer.
func (e *encoder) close() error {
	if err := e.flushChunk(); err != nil {
		return err
	}
	e.release(len(e.held))
	return e.writer.Close()
}

// release lets go of the first n records.
func (e *encoder) release(n int) {
	for _, r := range e.held[:n] {
		r.Release()
	}
	e.held = slices.Delete(e.held, 0, n)
}

// add appends values from..to of an array; row is the file's row number of
// the first, counted from 0.
func (c *column) add(a arrow.Array, from, to int, row int64) error {
	if !c.nullable && a.NullN() > 0 {
		for i := from; i < to; i++ {
			if a.IsNull(i) {
				return c.mistake(row+int64(i-from), "is null in a column declared without nulls")
			}
		}
	}
	switch a := a.(type) {
	case *array.String:
		c.addTexts(a, from, to)
	case *array.Int64:
		return c.addIntegers(a, from, to, row)
	case *array.Float64:
		return c.addNumbers(a, from, to, row)
	case *array.Date32:
		each(c, a, from, to, func(i int) parquet.Value { return parquet.Int32Value(int32(a.Value(i))) })
	case *array.Timestamp:
		each(c, a, from, to, func(i int) parquet.Value { return parquet.Int64Value(int64(a.Value(i))) })
	case *array.Boolean:
		each(c, a, from, to, func(i int) parquet.Value { return parquet.BooleanValue(a.Value(i)) })
	}
	return nil
}

// each appends the values of a range, nulls by their level: a zero value
// must never stand for a null, nor a null for it.
func each[A arrow.Array](c *column, a A, from, to int, value func(i int) parquet.Value) {
	if !c.nullable {
		for i := from; i < to; i++ {
			c.chunk = append(c.chunk, value(i))
		}
		return
	}
	null := parquet.NullValue() // whose level is 0
	for i := from; i < to; i++ {
		if a.IsNull(i) {
			c.chunk = append(c.chunk, null)
		} else {
			c.chunk = append(c.chunk, value(i).Level(0, 1, 0))
		}
	}
}

func (c *column) addTexts(a *array.String, from, to int) {
	all := a.ValueBytes()
	base := 0
	if a.Len() > 0 {
		base = a.ValueOffset(0)
	}
	each(c, a, from, to, func(i int) parquet.Value {
		start := a.ValueOffset(i) - base
		return parquet.ByteArrayValue(all[start : start+a.ValueLen(i)])
	})
}

// maxMoney is the largest amount of DECIMAL(18,4), in units of 10^-4.
const maxMoney = 1e18 - 1

func (c *column) addIntegers(a *array.Int64, from, to int, row int64) error {
	values := a.Int64Values()
	if c.kind == table.Money {
		for i, v := range values[from:to] {
			if a.IsNull(from + i) {
				continue
			}
			if v > maxMoney || v < -maxMoney {
				return c.mistake(row+int64(i), "does not fit DECIMAL(18,4)")
			}
			if (v > 0 && c.sum > math.MaxInt64-v) || (v < 0 && c.sum < math.MinInt64-v) {
				return c.mistake(row+int64(i), "makes the column's sum overflow")
			}
			c.sum += v
		}
	}
	each(c, a, from, to, func(i int) parquet.Value { return parquet.Int64Value(values[i]) })
	return nil
}

func (c *column) addNumbers(a *array.Float64, from, to int, row int64) error {
	values := a.Float64Values()
	for i, v := range values[from:to] {
		if v-v != 0 && a.IsValid(from+i) { // NaN and both infinities, and nothing else
			return c.mistake(row+int64(i), "is NaN or infinite")
		}
	}
	each(c, a, from, to, func(i int) parquet.Value { return parquet.DoubleValue(values[i]) })
	return nil
}

// mistake says that a value can't be stored. What computed it is at fault.
func (c *column) mistake(row int64, what string) error {
	return pipeline.Errorf(pipeline.ClassInternal, "", "", "column %s: row %d of the file %s", c.name, row+1, what)
}
