package table

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// Definition declares a table whose rows are values of R: each column's
// name, type and meaning stand beside how it is read from a row. Of a table of
// millions of rows R is a block of them; see RecordOfBlocks.
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
	fill   func(*vector, []R) // appends rows to a vector that has room for them
	labels *array.Data        // nil where the column has none
}

// Schema returns the table's shape.
func (d Definition[R]) Schema() Schema {
	s := Schema{Name: d.Name, Doc: d.Doc, Key: d.Key, Columns: make([]Column, len(d.Columns))}
	for i, c := range d.Columns {
		s.Columns[i] = c.Column
	}
	return s
}

// Record returns rows as one Arrow record, in the order given. The caller
// releases it.
func (d Definition[R]) Record(rows []R) arrow.Record {
	return d.record(new(Memory), len(rows), func(from, to int) []R { return rows[from:to] })
}

// RecordOf returns the Arrow record of n rows, in memory of m. fill is called
// for a few rows at a time, in their order, and sets each of into, which is used
// again and holds other rows before: the first of it to the table's row from.
// The caller releases the record.
func (d Definition[R]) RecordOf(m *Memory, n int, fill func(from int, into []R)) arrow.Record {
	rows := make([]R, min(n, BlockRows))
	return d.record(m, n, func(from, to int) []R {
		fill(from, rows[:to-from])
		return rows[:to-from]
	})
}

// record returns the record of n rows, of which rows returns some.
func (d Definition[R]) record(m *Memory, n int, rows func(from, to int) []R) arrow.Record {
	vectors := make([]vector, len(d.Columns))
	for i, c := range d.Columns {
		vectors[i] = newVector(m, c.Column, c.labels, n)
	}
	for from := 0; from < n; from += BlockRows {
		chunk := rows(from, min(from+BlockRows, n))
		for i := range d.Columns {
			d.Columns[i].fill(&vectors[i], chunk)
		}
	}
	columns := make([]arrow.Array, len(vectors))
	for i := range vectors {
		columns[i] = vectors[i].array()
	}
	record := array.NewRecord(d.Schema().Arrow(), columns, int64(n))
	for _, c := range columns {
		c.Release()
	}
	return record
}

// Texts declares a text column.
func Texts[R any](name, doc string, get func(*R) string) Field[R] {
	return Field[R]{Column: newColumn(name, doc, Text), fill: func(v *vector, rows []R) { fillTexts(v, rows, get) }}
}

// NullTexts declares a text column that may be null.
func NullTexts[R any](name, doc, null string, get func(*R) (string, bool)) Field[R] {
	return Field[R]{Column: newNullColumn(name, doc, null, Text), fill: func(v *vector, rows []R) { fillNullTexts(v, rows, get) }}
}

// Labels declares a column of texts of which there are few, all known: get
// returns the place of a row's text among labels.
func Labels[R any, L ~uint8](name, doc string, labels []string, get func(*R) L) Field[R] {
	return field(name, doc, Text, get).labelled(labels)
}

// NullLabels declares a column of such texts that may be null.
func NullLabels[R any, L ~uint8](name, doc, null string, labels []string, get func(*R) (L, bool)) Field[R] {
	return nullField(name, doc, null, Text, get).labelled(labels)
}

func (f Field[R]) labelled(labels []string) Field[R] {
	f.Labels, f.labels = labels, labelsOf(labels)
	return f
}

// Integers declares a column of counts or days.
func Integers[R any](name, doc string, get func(*R) int64) Field[R] {
	return field(name, doc, Integer, get)
}

// NullIntegers declares a column of counts or days that may be null.
func NullIntegers[R any](name, doc, null string, get func(*R) (int64, bool)) Field[R] {
	return nullField(name, doc, null, Integer, get)
}

// Amounts declares a money column, in units of 10^-4.
func Amounts[R any](name, doc string, get func(*R) int64) Field[R] {
	return field(name, doc, Money, get)
}

// NullAmounts declares a money column that may be null.
func NullAmounts[R any](name, doc, null string, get func(*R) (int64, bool)) Field[R] {
	return nullField(name, doc, null, Money, get)
}

// Numbers declares a column of floating-point numbers. NaN or infinity is a
// programmer's mistake and panics: it must have become a null before.
func Numbers[R any](name, doc string, get func(*R) float64) Field[R] {
	return field(name, doc, Number, get)
}

// NullNumbers declares a column of floating-point numbers that may be null.
func NullNumbers[R any](name, doc, null string, get func(*R) (float64, bool)) Field[R] {
	return nullField(name, doc, null, Number, get)
}

// Dates declares a column of civil days, counted from 1970-01-01.
func Dates[R any](name, doc string, get func(*R) int32) Field[R] {
	return field(name, doc, Date, get)
}

// NullDates declares a column of civil days that may be null.
func NullDates[R any](name, doc, null string, get func(*R) (int32, bool)) Field[R] {
	return nullField(name, doc, null, Date, get)
}

// NullTimes declares a column of instants, in microseconds since 1970 UTC,
// that may be null.
func NullTimes[R any](name, doc, null string, get func(*R) (int64, bool)) Field[R] {
	return nullField(name, doc, null, Time, get)
}

// Times declares a column of instants, in microseconds since 1970 UTC.
func Times[R any](name, doc string, get func(*R) int64) Field[R] {
	return field(name, doc, Time, get)
}

// Flags declares a column of truth values.
func Flags[R any](name, doc string, get func(*R) bool) Field[R] {
	return Field[R]{Column: newColumn(name, doc, Flag), fill: func(v *vector, rows []R) { fillFlags(v, rows, get) }}
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

// newNullColumn returns such a column that may be null.
func newNullColumn(name, doc, null string, kind Kind) Column {
	c := newColumn(name, doc, kind)
	c.Nullable, c.Null = true, null
	return c
}

func field[R any, V fixedWidth](name, doc string, kind Kind, get func(*R) V) Field[R] {
	return Field[R]{Column: newColumn(name, doc, kind), fill: func(v *vector, rows []R) { fillValues(v, rows, get) }}
}

func nullField[R any, V fixedWidth](name, doc, null string, kind Kind, get func(*R) (V, bool)) Field[R] {
	return Field[R]{Column: newNullColumn(name, doc, null, kind), fill: func(v *vector, rows []R) { fillNullValues(v, rows, get) }}
}
