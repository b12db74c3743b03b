package table

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Definition declares a table whose rows are values of R: each column's
// name, type and meaning stand beside how it is read from a row.
type Definition[R any] struct {
	Name    string
	Doc     string
	Key     []string
	Columns []Field[R]
}

// Field is one column of a Definition. Make it with Texts, Integers, and so
// on. The NullX forms take also when the column is NULL, as the end of the
// sentence "NULL …", and a function that says whether there is a value.
//
// Money is in currency and additive unless said otherwise, counts are additive,
// numbers are shares and never additive; In, NotOverTime, … say otherwise.
type Field[R any] struct {
	Column
	fill func(array.Builder, []R) // appends rows to a builder that has room for them
}

// Schema returns the table's shape.
func (d Definition[R]) Schema() Schema {
	s := Schema{Name: d.Name, Doc: d.Doc, Key: d.Key, Columns: make([]Column, len(d.Columns))}
	for i, c := range d.Columns {
		s.Columns[i] = c.Column
	}
	return s
}

// fillRows is how many rows Record takes through all columns at a time, so
// that they stay in a core's cache meanwhile.
const fillRows = 1 << 10

// Record returns rows as one Arrow record, in the order given. The caller
// releases it.
func (d Definition[R]) Record(rows []R) arrow.Record {
	schema := d.Schema().Arrow()
	builders := make([]array.Builder, len(d.Columns))
	for i := range d.Columns {
		builders[i] = array.NewBuilder(memory.DefaultAllocator, schema.Field(i).Type)
		builders[i].Reserve(len(rows))
	}
	for from := 0; from < len(rows); from += fillRows {
		to := min(from+fillRows, len(rows))
		for i, c := range d.Columns {
			c.fill(builders[i], rows[from:to])
		}
		if from == 0 {
			reserveTexts(builders, len(rows)/fillRows)
		}
	}
	columns := make([]arrow.Array, len(d.Columns))
	for i, b := range builders {
		columns[i] = b.NewArray()
		b.Release()
	}
	record := array.NewRecord(schema, columns, int64(len(rows)))
	for _, c := range columns {
		c.Release()
	}
	return record
}

// reserveTexts makes room in columns of texts for more chunks as long as the
// first, and an eighth.
func reserveTexts(builders []array.Builder, chunks int) {
	for _, b := range builders {
		if texts, ok := b.(*array.StringBuilder); ok {
			texts.ReserveData(texts.DataLen() * chunks / 8 * 9)
		}
	}
}

// Texts declares a text column.
func Texts[R any](name, doc string, get func(*R) string) Field[R] {
	return field(name, doc, Text, get, (*array.StringBuilder).Append)
}

// NullTexts declares a text column that may be null.
func NullTexts[R any](name, doc, null string, get func(*R) (string, bool)) Field[R] {
	return nullField(name, doc, null, Text, get, (*array.StringBuilder).Append)
}

// Integers declares a column of counts or days.
func Integers[R any](name, doc string, get func(*R) int64) Field[R] {
	return field(name, doc, Integer, get, (*array.Int64Builder).UnsafeAppend)
}

// NullIntegers declares a column of counts or days that may be null.
func NullIntegers[R any](name, doc, null string, get func(*R) (int64, bool)) Field[R] {
	return nullField(name, doc, null, Integer, get, (*array.Int64Builder).UnsafeAppend)
}

// Amounts declares a money column, in units of 10^-4.
func Amounts[R any](name, doc string, get func(*R) int64) Field[R] {
	return field(name, doc, Money, get, (*array.Int64Builder).UnsafeAppend)
}

// NullAmounts declares a money column that may be null.
func NullAmounts[R any](name, doc, null string, get func(*R) (int64, bool)) Field[R] {
	return nullField(name, doc, null, Money, get, (*array.Int64Builder).UnsafeAppend)
}

// Numbers declares a column of floating-point numbers. NaN or infinity is a
// programmer's mistake and panics: it must have become a null before.
func Numbers[R any](name, doc string, get func(*R) float64) Field[R] {
	return field(name, doc, Number, get, appendFinite)
}

// NullNumbers declares a column of floating-point numbers that may be null.
func NullNumbers[R any](name, doc, null string, get func(*R) (float64, bool)) Field[R] {
	return nullField(name, doc, null, Number, get, appendFinite)
}

// Dates declares a column of civil days, counted from 1970-01-01.
func Dates[R any](name, doc string, get func(*R) int32) Field[R] {
	return field(name, doc, Date, get, appendDate)
}

// NullDates declares a column of civil days that may be null.
func NullDates[R any](name, doc, null string, get func(*R) (int32, bool)) Field[R] {
	return nullField(name, doc, null, Date, get, appendDate)
}

// NullTimes declares a column of instants, in microseconds since 1970 UTC,
// that may be null.
func NullTimes[R any](name, doc, null string, get func(*R) (int64, bool)) Field[R] {
	return nullField(name, doc, null, Time, get, appendTime)
}

// Times declares a column of instants, in microseconds since 1970 UTC.
func Times[R any](name, doc string, get func(*R) int64) Field[R] {
	return field(name, doc, Time, get, appendTime)
}

// Flags declares a column of truth values.
func Flags[R any](name, doc string, get func(*R) bool) Field[R] {
	return field(name, doc, Flag, get, (*array.BooleanBuilder).UnsafeAppend)
}

// In returns the field with another unit.
func (f Field[R]) In(unit string) Field[R] {
	f.Unit = unit
	return f
}

// Additive returns the field as one that may be summed over any rows.
func (f Field[R]) Additive() Field[R] {
	f.Additivity = Additive
	return f
}

// NotOverTime returns the field as one that may not be summed over periods,
// offsets and horizons.
func (f Field[R]) NotOverTime() Field[R] {
	f.Additivity = NotOverTime
	return f
}

// Never returns the field as one that may not be summed.
func (f Field[R]) Never() Field[R] {
	f.Additivity = Never
	return f
}

// newColumn returns a column with the unit and additivity that are usual for
// its kind.
func newColumn(name, doc string, kind Kind) Column {
	c := Column{Name: name, Kind: kind, Doc: doc, Additivity: Never}
	switch kind {
	case Money:
		c.Unit, c.Additivity = "currency", Additive
	case Integer:
		c.Additivity = Additive
	case Number:
		c.Unit = "share"
	}
	return c
}

func field[R any, B array.Builder, V any](name, doc string, kind Kind, get func(*R) V, add func(B, V)) Field[R] {
	return Field[R]{
		Column: newColumn(name, doc, kind),
		fill: func(b array.Builder, rows []R) {
			typed := b.(B)
			for i := range rows {
				add(typed, get(&rows[i]))
			}
		},
	}
}

func nullField[R any, B array.Builder, V any](name, doc, null string, kind Kind, get func(*R) (V, bool), add func(B, V)) Field[R] {
	column := newColumn(name, doc, kind)
	column.Nullable, column.Null = true, null
	return Field[R]{
		Column: column,
		fill: func(b array.Builder, rows []R) {
			typed := b.(B)
			for i := range rows {
				if v, ok := get(&rows[i]); ok {
					add(typed, v)
				} else {
					typed.AppendNull()
				}
			}
		},
	}
}

func appendFinite(b *array.Float64Builder, v float64) {
	if v-v != 0 { // NaN and both infinities, and nothing else
		panic("table: NaN or infinity in a table")
	}
	b.UnsafeAppend(v)
}

func appendDate(b *array.Date32Builder, v int32) { b.UnsafeAppend(arrow.Date32(v)) }

func appendTime(b *array.TimestampBuilder, v int64) { b.UnsafeAppend(arrow.Timestamp(v)) }
