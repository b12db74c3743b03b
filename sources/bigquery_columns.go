package sources

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/decimal256"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// wireColumn is where a column comes in, and how it becomes what was described.
type wireColumn struct {
	name    string
	index   int                               // among the columns that come, whose order is the table's
	wanted  arrow.DataType                    // as described
	decimal func(arrow.Array, int) bigDecimal // reads a value; nil if the column is taken as it comes
	scale   int32                             // of the decimals as they come
}

// bigDecimal is a decimal of any width that Arrow has.
type bigDecimal = decimal256.Num

// wireColumns finds the columns that are wanted among those that will come.
func wireColumns(place string, schema []byte, wanted *arrow.Schema) ([]wireColumn, error) {
	comes, err := columnsOf(schema)
	if err != nil {
		return nil, pipeline.Errorf(pipeline.ClassTemporary, place, "run it again; if it stays, please report it", "the session does not say its columns: %v", err)
	}
	columns := make([]wireColumn, wanted.NumFields())
	for i, field := range wanted.Fields() {
		at := comes.FieldIndices(field.Name)
		if len(at) != 1 {
			return nil, pipeline.Errorf(pipeline.ClassSource, place, "run it again", "column %q is not there any more", field.Name)
		}
		c := wireColumn{name: field.Name, index: at[0], wanted: field.Type}
		if t := comes.Field(at[0]).Type; !arrow.TypeEqual(t, field.Type) && !c.convertFrom(t) {
			return nil, pipeline.Errorf(pipeline.ClassSource, place, "run it again, or cast the column in a query", "column %q comes as %s, and was described as %s", field.Name, t, field.Type)
		}
		columns[i] = c
	}
	return columns, nil
}

// convertFrom makes the column one of decimals that come in another form, and
// reports whether it can be.
func (c *wireColumn) convertFrom(t arrow.DataType) bool {
	if _, ok := c.wanted.(*arrow.Decimal128Type); !ok {
		return false
	}
	switch t := t.(type) {
	case *arrow.Decimal128Type:
		c.scale, c.decimal = t.Scale, func(a arrow.Array, i int) bigDecimal {
			return decimal256.FromDecimal128(a.(*array.Decimal128).Value(i))
		}
	case *arrow.Decimal256Type:
		c.scale, c.decimal = t.Scale, func(a arrow.Array, i int) bigDecimal { return a.(*array.Decimal256).Value(i) }
	}
	return c.decimal != nil
}

// take returns the columns that are wanted of rows as they came, and the rows
// that cannot be held, of which no column has a value any more.
func (r *bigQueryRead) take(came arrow.Record) (arrow.Record, []pipeline.Fault) {
	columns := make([]arrow.Array, len(r.columns))
	var faults []pipeline.Fault
	for i, c := range r.columns {
		a := came.Column(c.index)
		if c.decimal == nil {
			a.Retain()
			columns[i] = a
			continue
		}
		var misfits []int
		columns[i], misfits = c.convert(a, r.memory)
		for _, row := range misfits {
			faults = append(faults, pipeline.Fault{Index: row, Reason: c.misfit(), Raw: rawRow(came, row)})
		}
	}
	if len(faults) > 0 {
		faults = firstOfRows(faults)
		for i := range columns {
			columns[i] = withoutRows(columns[i], faults)
		}
	}
	return newRecord(r.wanted, columns, int(came.NumRows())), faults
}

// convert returns a column of decimals in the form that is wanted, and the rows
// whose value it cannot hold.
func (c *wireColumn) convert(a arrow.Array, m *table.Memory) (arrow.Array, []int) {
	wanted := c.wanted.(*arrow.Decimal128Type)
	values := table.RoomFor[decimal128.Num](m, a.Len())
	var misfits []int
	for i := range a.Len() {
		var v decimal128.Num
		if !a.IsNull(i) {
			var ok bool
			if v, ok = narrow(c.decimal(a, i), c.scale, wanted); !ok {
				misfits = append(misfits, i)
			}
		}
		values = append(values, v)
	}
	bitmap := a.Data().Buffers()[0]
	if bitmap != nil {
		bitmap.Retain()
	}
	return newArray(wanted, a.Len(), a.NullN(), bitmap, table.BufferOf(m, values)), misfits
}

// narrow returns a decimal in another form, and false if that cannot hold it
// exactly.
func narrow(v bigDecimal, scale int32, wanted *arrow.Decimal128Type) (decimal128.Num, bool) {
	v, err := v.Rescale(scale, wanted.Scale)
	if err != nil || !v.FitsInPrecision(wanted.Precision) {
		return decimal128.Num{}, false
	}
	words := v.Array() // the lowest first; what fits 38 digits is in two of them
	return decimal128.New(int64(words[1]), words[0]), true
}

// misfit says what is wrong with a value that the column cannot hold.
func (c *wireColumn) misfit() string {
	t := c.wanted.(*arrow.Decimal128Type)
	return fmt.Sprintf("column %q: the decimal has more than %d digits before the point or more than %d behind it", c.name, t.Precision-t.Scale, t.Scale)
}

// firstOfRows orders faults by row and keeps the first of each.
func firstOfRows(faults []pipeline.Fault) []pipeline.Fault {
	slices.SortStableFunc(faults, func(a, b pipeline.Fault) int { return a.Index - b.Index })
	return slices.CompactFunc(faults, func(a, b pipeline.Fault) bool { return a.Index == b.Index })
}

// withoutRows returns a column without the values of some rows, and lets go of
// the one it was.
func withoutRows(a arrow.Array, faults []pipeline.Fault) arrow.Array {
	defer a.Release()
	bits := make([]byte, (a.Len()+7)/8)
	for i := range a.Len() {
		if a.IsValid(i) {
			setBits(bits, i, 1)
		}
	}
	for _, f := range faults {
		bits[f.Index/8] &^= 1 << (f.Index % 8)
	}
	buffers := slices.Clone(a.Data().Buffers())
	buffers[0] = memory.NewBufferBytes(bits)
	data := array.NewData(a.DataType(), a.Len(), buffers, nil, array.UnknownNullCount, 0)
	defer data.Release()
	return array.MakeFromData(data)
}

// rawRow is a row as it came, for the quarantine.
func rawRow(record arrow.Record, row int) string {
	cells := make([]string, record.NumCols())
	for i, c := range record.Columns() {
		switch c := c.(type) {
		case *array.Decimal128: // Arrow prints them as floating-point numbers
			cells[i] = c.Value(row).ToString(c.DataType().(*arrow.Decimal128Type).Scale)
		case *array.Decimal256:
			cells[i] = c.Value(row).ToString(c.DataType().(*arrow.Decimal256Type).Scale)
		default:
			cells[i] = c.ValueStr(row)
		}
		if c.IsNull(row) {
			cells[i] = ""
		}
	}
	return strings.Join(cells, ",")
}
