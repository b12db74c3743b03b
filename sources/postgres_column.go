package sources

import (
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/perennial-clv/perennial/pipeline/table"
)

// copiedColumn collects a column from the fields of a COPY, one value at a time.
type copiedColumn interface {
	// put appends a value. An unreadable error is of the row, any other of the
	// stream; nothing is appended then.
	put(value []byte) error
	// null appends n nulls.
	null(n int)
	// forget makes the last row null.
	forget()
	// show is a value as the quarantine keeps it, empty if a person could not
	// tell a row by it.
	show(value []byte) string
	// take returns the column and starts a new one.
	take() arrow.Array
}

// unreadable is what is wrong with a value, without it.
type unreadable string

func (u unreadable) Error() string { return string(u) }

// errMalformed says that a stream is no binary COPY of the columns selected.
var errMalformed = errors.New("the server sends something else than rows in the binary format of COPY")

// copiedValues is a column of values of fixed size.
type copiedValues[T arrow.FixedWidthType] struct {
	validity
	space
	arrow     arrow.DataType
	size      int // of a value in the stream, 0 if they differ
	convert   func([]byte) (T, error)
	collected []T // nil before the first row
}

func (c *copiedValues[T]) put(value []byte) error {
	v, err := c.read(value)
	if err != nil {
		return err
	}
	c.begin()
	c.collected = append(c.collected, v)
	c.known(1)
	return nil
}

func (c *copiedValues[T]) read(value []byte) (T, error) {
	if c.size > 0 && len(value) != c.size {
		var none T
		return none, errMalformed
	}
	return c.convert(value)
}

func (c *copiedValues[T]) begin() {
	if c.collected == nil {
		c.collected = table.RoomFor[T](c.memory, c.batch)
	}
}

func (c *copiedValues[T]) null(n int) {
	c.begin()
	c.collected = append(c.collected, make([]T, n)...)
	c.validity.null(n)
}

func (c *copiedValues[T]) forget() {
	var zero T
	c.collected[len(c.collected)-1] = zero
	c.validity.forget()
}

func (c *copiedValues[T]) show(value []byte) string {
	v, err := c.read(value)
	if n, ok := any(v).(int64); ok && err == nil {
		return strconv.FormatInt(n, 10)
	}
	return ""
}

func (c *copiedValues[T]) take() arrow.Array {
	bitmap, rows, nulls := c.validity.take()
	values := table.BufferOf(c.memory, c.collected)
	c.collected = nil
	return newArray(c.arrow, rows, nulls, bitmap, values)
}

// copiedFlags is a column of truth values.
type copiedFlags struct {
	validity
	collected []byte // a bit each
}

func (c *copiedFlags) put(value []byte) error {
	if len(value) != 1 || value[0] > 1 {
		return errMalformed
	}
	c.extend(1)
	c.collected[c.rows/8] |= value[0] << (c.rows % 8)
	c.known(1)
	return nil
}

func (c *copiedFlags) extend(n int) {
	c.collected = append(c.collected, make([]byte, (c.rows+n+7)/8-len(c.collected))...)
}

func (c *copiedFlags) null(n int) {
	c.extend(n)
	c.validity.null(n)
}

func (c *copiedFlags) forget() {
	c.collected[(c.rows-1)/8] &^= 1 << ((c.rows - 1) % 8)
	c.validity.forget()
}

func (c *copiedFlags) show([]byte) string { return "" }

func (c *copiedFlags) take() arrow.Array {
	bitmap, rows, nulls := c.validity.take()
	values := memory.NewBufferBytes(c.collected)
	c.collected = nil
	return newArray(arrow.FixedWidthTypes.Boolean, rows, nulls, bitmap, values)
}

// copiedText is a column of text.
type copiedText struct{ textColumn }

func (c *copiedText) put(value []byte) error {
	// Of a database in SQL_ASCII the server knows no encoding.
	if !utf8.Valid(value) {
		return unreadable("the text is not UTF-8")
	}
	c.begin()
	if len(c.data)+len(value) > math.MaxInt32 {
		return errTextTooLong
	}
	c.data = append(c.data, value...)
	c.end()
	return nil
}

func (c *copiedText) null(n int) {
	c.begin()
	c.nothing(n)
}

func (c *copiedText) forget() {
	last := len(c.offsets) - 1
	c.data = c.data[:c.offsets[last-1]]
	c.offsets[last] = c.offsets[last-1]
	c.validity.forget()
}

func (c *copiedText) show(value []byte) string {
	return strings.ToValidUTF8(string(value[:min(len(value), rawKept)]), "\uFFFD")
}

func (c *copiedText) take() arrow.Array {
	c.begin()
	return c.textColumn.take()
}

func smallInteger(b []byte) (int64, error) { return int64(int16(binary.BigEndian.Uint16(b))), nil }
func integer(b []byte) (int64, error)      { return int64(int32(binary.BigEndian.Uint32(b))), nil }
func bigInteger(b []byte) (int64, error)   { return int64(binary.BigEndian.Uint64(b)), nil }

func realNumber(b []byte) (float64, error) {
	return float64(math.Float32frombits(binary.BigEndian.Uint32(b))), nil
}

func doublePrecision(b []byte) (float64, error) {
	return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
}

// The server counts from 2000-01-01, 10957 days after 1970-01-01. Its smallest
// and its largest number are the infinities.
const (
	epochDays   = 10957
	epochMicros = epochDays * 24 * 3600 * 1_000_000

	endlessDay  = unreadable("the date is infinite")
	endlessTime = unreadable("the time is infinite")
	tooFar      = unreadable("the time is too far in the future")
)

func dayOf(b []byte) (arrow.Date32, error) {
	v := int32(binary.BigEndian.Uint32(b))
	switch {
	case v == math.MinInt32 || v == math.MaxInt32:
		return 0, endlessDay
	case v > math.MaxInt32-epochDays:
		return 0, tooFar
	}
	return arrow.Date32(v + epochDays), nil
}

func momentOf(b []byte) (arrow.Timestamp, error) {
	v := int64(binary.BigEndian.Uint64(b))
	switch {
	case v == math.MinInt64 || v == math.MaxInt64:
		return 0, endlessTime
	case v > math.MaxInt64-epochMicros:
		return 0, tooFar
	}
	return arrow.Timestamp(v + epochMicros), nil
}

// forgetRow takes the last row of the columns that have it away from rows, so
// that all of it is null.
func forgetRow(columns []copiedColumn, put int) {
	for _, c := range columns[:put] {
		c.forget()
	}
	for _, c := range columns[put:] {
		c.null(1)
	}
}

// quarantined is what the quarantine keeps of a row: its texts and integers, which
// are what a person finds it by.
func quarantined(columns []copiedColumn, names []string, values [][]byte) string {
	var fields []string
	for i, c := range columns {
		if values[i] == nil {
			continue
		}
		if text := c.show(values[i]); text != "" {
			fields = append(fields, names[i]+"="+text)
		}
	}
	return kept([]byte(strings.Join(fields, ", ")))
}
