package ledger

import (
	"fmt"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/perennial-clv/perennial/pipeline/table"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/money"
)

// Exclusions declares run_exclusions.
var Exclusions = table.Definition[Exclusion]{
	Name: "run_exclusions",
	Doc:  "Source rows that are in no other measure, by reason and posting month, ordered by its key.",
	Key:  []string{"reason", "period_start"},
	Columns: []table.Field[Exclusion]{
		table.Texts("reason", "Why the rows do not count: unreadable, after_as_of, rule:<name>, exact_duplicate, unattributed, refund_ignored or before_first_purchase; a row has the first reason that applies.", func(e *Exclusion) string { return e.Reason }),
		table.NullDates("period_start", "First day of the posting month.", "for unreadable rows", func(e *Exclusion) (int32, bool) { return e.PeriodStart.Get() }),
		table.Integers("row_count", "Number of source rows.", func(e *Exclusion) int64 { return e.Rows }).In("rows"),
		table.Integers("customers", "Distinct customers among these rows; rows without a readable customer count for none.", func(e *Exclusion) int64 { return e.Customers }).In("customers").Never(),
		table.NullAmounts("amount", "Sum of the rows' amounts in the job's currency.", "where no row has one: unreadable rows, and rows in another currency, which only a rule or the as-of day can exclude", func(e *Exclusion) (int64, bool) { return e.Amount.Get() }),
	},
}

// QuarantineRows declares the table of rows that could not be read.
var QuarantineRows = table.Definition[Rejected]{
	Name: "quarantine",
	Doc:  "Source rows that could not be read, at most the first 10,000 by position.",
	Key:  []string{"origin", "row_number"},
	Columns: []table.Field[Rejected]{
		table.Texts("origin", "File the row comes from.", func(r *Rejected) string { return r.Origin }),
		table.Integers("row_number", "Number of the row in its file; the first data row is 1.", func(r *Rejected) int64 { return r.Row }).In("row").Never(),
		table.NullTexts("column_name", "Source column at fault.", "where the row as a whole is", func(r *Rejected) (string, bool) { return r.Column, r.Column != "" }),
		table.Texts("reason", "What is wrong.", func(r *Rejected) string { return r.Reason }),
		table.Texts("raw", "The row as read.", func(r *Rejected) string { return r.Raw }),
	},
}

// column reads one source column row by row. Only the field that belongs to
// the column's type is set.
type column struct {
	name     string
	comma    bool // numbers in text have a decimal comma
	array    arrow.Array
	text     *array.String
	integers []int64
	floats   []float64
	decimals *array.Decimal128
	scale    int32
	days     []arrow.Date32
	times    []arrow.Timestamp
	zoned    bool
	flags    *array.Boolean
}

// columnOf views an array of one of the types that a source may deliver.
func columnOf(name string, a arrow.Array) column {
	c := column{name: name, array: a}
	switch a := a.(type) {
	case *array.String:
		c.text = a
	case *array.Int64:
		c.integers = a.Int64Values()
	case *array.Float64:
		c.floats = a.Float64Values()
	case *array.Decimal128:
		c.decimals, c.scale = a, a.DataType().(*arrow.Decimal128Type).Scale
	case *array.Date32:
		c.days = a.Date32Values()
	case *array.Timestamp:
		c.times, c.zoned = a.TimestampValues(), a.DataType().(*arrow.TimestampType).TimeZone != ""
	case *array.Boolean:
		c.flags = a
	default:
		panic(fmt.Sprintf("ledger: column of type %s", a.DataType()))
	}
	return c
}

func (c *column) isNull(i int) bool { return c.array.IsNull(i) }

// appendText appends the canonical text of a value that is not null. It is
// what attributes, keys, order ids and rules see, and what rows are compared by.
func (c *column) appendText(b []byte, i int) []byte {
	switch {
	case c.text != nil:
		return append(b, c.text.Value(i)...)
	case c.integers != nil:
		return strconv.AppendInt(b, c.integers[i], 10)
	case c.floats != nil:
		return strconv.AppendFloat(b, c.floats[i], 'f', -1, 64) // never 2e+06: rules read it as a number
	case c.decimals != nil:
		return append(b, c.decimals.Value(i).ToString(c.scale)...)
	case c.days != nil:
		return append(b, calendar.Day(c.days[i]).String()...)
	case c.times != nil:
		return appendTime(b, int64(c.times[i]), c.zoned)
	default:
		return strconv.AppendBool(b, c.flags.Value(i))
	}
}

// appendTime appends a time as 2006-01-02T15:04:05.000000, with Z if it is an
// instant; the fixed width makes its order that of its text.
func appendTime(b []byte, micros int64, zoned bool) []byte {
	day := calendar.DayOf(micros)
	rest := micros - int64(day)*calendar.MicrosPerDay
	const second = 1_000_000
	b = append(b, day.String()...)
	b = fmt.Appendf(b, "T%02d:%02d:%02d.%06d", rest/(3600*second), rest/(60*second)%60, rest/second%60, rest%second)
	if zoned {
		b = append(b, 'Z')
	}
	return b
}

// number returns the text of a value as package money reads numbers.
func (c *column) number(text string) string {
	if c.comma && c.text != nil {
		return money.Pointed(text)
	}
	return text
}

// amount returns a value that is not null in units of 10^-4.
func (c *column) amount(i, decimals int) (int64, money.Fault) {
	switch {
	case c.text != nil:
		return money.Parse(c.number(c.text.Value(i)), decimals)
	case c.floats != nil:
		return money.FromFloat(c.floats[i], decimals)
	case c.decimals != nil:
		v := c.decimals.Value(i)
		return money.Rescale(v.HighBits(), v.LowBits(), c.scale)
	default:
		return money.Rescale(c.integers[i]>>63, uint64(c.integers[i]), 0)
	}
}

// decimal returns a factor that is not null, exactly.
func (c *column) decimal(i int) (money.Decimal, money.Fault) {
	switch {
	case c.text != nil:
		return money.ParseDecimal(c.number(c.text.Value(i)))
	case c.floats != nil:
		return money.FloatDecimal(c.floats[i])
	case c.decimals != nil:
		v := c.decimals.Value(i)
		return money.DecimalOf(v.HighBits(), v.LowBits(), c.scale)
	default:
		return money.FromInt(c.integers[i]), money.NoFault
	}
}

// moment returns a time that is not null, and whether it can be read.
func (c *column) moment(i int, f calendar.Format) (calendar.Moment, bool) {
	switch {
	case c.text != nil:
		return f.Parse(c.text.Value(i))
	case c.integers != nil:
		return f.ParseInt(c.integers[i])
	case c.days != nil:
		return calendar.Moment{Kind: calendar.CivilDay, Micros: int64(c.days[i]) * calendar.MicrosPerDay}, true
	case c.zoned:
		return calendar.Moment{Kind: calendar.Instant, Micros: int64(c.times[i])}, true
	default:
		return calendar.Moment{Kind: calendar.CivilTime, Micros: int64(c.times[i])}, true
	}
}

// Admit reads a batch's columns, in the order of Binding.Columns, and returns
// its rows ready to be dealt to shards.
func (in *Intake) Admit(record arrow.Record, origin Origin) (Rows, error) {
	columns := make([]column, record.NumCols())
	for i := range columns {
		columns[i] = columnOf(record.ColumnName(i), record.Column(i))
		columns[i].comma = in.bound.mapping.DecimalComma
	}
	return in.admit(columns, int(record.NumRows()), origin)
}

// SourceColumns returns a source's columns as Bind needs them.
func SourceColumns(schema *arrow.Schema) []SourceColumn {
	columns := make([]SourceColumn, schema.NumFields())
	for i, f := range schema.Fields() {
		columns[i] = SourceColumn{Name: f.Name, Type: columnType(f.Type)}
	}
	return columns
}

func columnType(t arrow.DataType) ColumnType {
	c := ColumnType{Name: typeName(t)}
	switch t := t.(type) {
	case *arrow.StringType:
		c.IsText = true
	case *arrow.Int64Type:
		c.IsInteger = true
	case *arrow.Float64Type:
		c.IsFloat = true
	case *arrow.Decimal128Type:
		c.IsDecimal = true
	case *arrow.Date32Type:
		c.IsDay = true
	case *arrow.TimestampType:
		c.IsTime, c.IsZoned = true, t.TimeZone != ""
	}
	return c
}

// typeName returns a type as a person would call it.
func typeName(t arrow.DataType) string {
	switch t := t.(type) {
	case *arrow.StringType:
		return "text"
	case *arrow.Int64Type:
		return "an integer"
	case *arrow.Float64Type:
		return "a floating-point number"
	case *arrow.Decimal128Type:
		return fmt.Sprintf("a decimal with %d decimals", t.Scale)
	case *arrow.Date32Type:
		return "a date"
	case *arrow.TimestampType:
		return "a timestamp"
	case *arrow.BooleanType:
		return "a truth value"
	default:
		return t.Name()
	}
}
