package ledger

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/perennial-clv/perennial/pipeline/table"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/money"
)

// RunExclusions declares run_exclusions.
var RunExclusions = table.Definition[Exclusion]{
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

// column reads one source column row by row. Only the fields that belong to
// the column's type are set.
type column struct {
	name     string
	comma    bool // numbers in text have a decimal comma
	array    arrow.Array
	nulls    bool
	text     *array.String // of the rows, or of the dictionary
	indices  []int32       // of the rows into text; nil if text is of the rows
	integers []int64
	floats   []float64
	decimals []decimal128.Num
	scale    int32
	days     []arrow.Date32
	times    []int64
	zoned    bool
	flags    *array.Boolean
}

// columnOf views an array of one of the types that a source may deliver.
func columnOf(name string, a arrow.Array) column {
	c := column{name: name, array: a, nulls: a.NullN() > 0}
	switch a := a.(type) {
	case *array.String:
		c.text = a
	case *array.Dictionary:
		c.text, c.indices = a.Dictionary().(*array.String), a.Indices().(*array.Int32).Int32Values()
	case *array.Int64:
		c.integers = a.Int64Values()
	case *array.Float64:
		c.floats = a.Float64Values()
	case *array.Decimal128:
		c.decimals, c.scale = a.Values(), a.DataType().(*arrow.Decimal128Type).Scale
	case *array.Date32:
		c.days = a.Date32Values()
	case *array.Timestamp:
		c.times = arrow.Int64Traits.CastFromBytes(arrow.TimestampTraits.CastToBytes(a.TimestampValues()))
		c.zoned = a.DataType().(*arrow.TimestampType).TimeZone != ""
	case *array.Boolean:
		c.flags = a
	default:
		panic(fmt.Sprintf("ledger: column of type %s", a.DataType()))
	}
	return c
}

func (c *column) isNull(i int) bool { return c.nulls && c.array.IsNull(i) }

// textAt returns the text of a row of a text column.
func (c *column) textAt(i int) string {
	if c.indices != nil {
		i = int(c.indices[i])
	}
	return c.text.Value(i)
}

// isNamed reports whether a value names anything, as a customer, an order or a
// currency: it is neither null nor text of nothing but blanks.
func (c *column) isNamed(i int) bool {
	return !c.isNull(i) && (c.text == nil || !isBlank(c.textAt(i)))
}

// isBlank reports whether a text is nothing but blanks.
func isBlank(text string) bool {
	return (text == "" || text[0] <= ' ' || text[0] >= utf8.RuneSelf) && strings.TrimSpace(text) == ""
}

// digestInto mixes the column's values from the given one on into the digests of
// their rows.
func (c *column) digestInto(rows []digest, from int) {
	if c.nulls || c.flags != nil {
		c.digestWithNulls(rows, from)
		return
	}
	switch {
	case c.indices != nil:
		for i, index := range c.indices[from:][:len(rows)] {
			rows[i].mixText(c.text.Value(int(index)))
		}
	case c.text != nil:
		for i := range rows {
			rows[i].mixText(c.text.Value(from + i))
		}
	case c.integers != nil:
		digestValues(rows, c.integers[from:])
	case c.floats != nil:
		for i, v := range c.floats[from:][:len(rows)] {
			rows[i].mix(math.Float64bits(v))
		}
	case c.decimals != nil:
		for i, v := range c.decimals[from:][:len(rows)] {
			rows[i].mixDecimal(v)
		}
	case c.days != nil:
		digestValues(rows, c.days[from:])
	case c.times != nil:
		digestValues(rows, c.times[from:])
	}
}

func digestValues[T ~int32 | ~int64](rows []digest, values []T) {
	for i, v := range values[:len(rows)] {
		rows[i].mix(uint64(v))
	}
}

func (d *digest) mixDecimal(v decimal128.Num) {
	d.mix(v.LowBits())
	if high := v.HighBits(); high != int64(v.LowBits())>>63 {
		d.mix(uint64(high))
	}
}

// digestWithNulls does the same where a value may be null.
func (c *column) digestWithNulls(rows []digest, from int) {
	for i := range rows {
		d, i := &rows[i], from+i
		switch {
		case c.isNull(i):
			d.mixNull()
		case c.text != nil:
			d.mixText(c.textAt(i))
		case c.integers != nil:
			d.mix(uint64(c.integers[i]))
		case c.floats != nil:
			d.mix(math.Float64bits(c.floats[i]))
		case c.decimals != nil:
			d.mixDecimal(c.decimals[i])
		case c.days != nil:
			d.mix(uint64(c.days[i]))
		case c.times != nil:
			d.mix(uint64(c.times[i]))
		case c.flags.Value(i):
			d.mix(1)
		default:
			d.mix(0)
		}
	}
}

// each returns a function that says of each row whether accept takes its value,
// as canonical text. A value of a dictionary is asked about once.
func (c *column) each(accept func(text string, isNull bool) bool) func(i int) bool {
	ofNull := accept("", true)
	var accepted []bool
	if c.indices != nil {
		accepted = make([]bool, c.text.Len())
		for i := range accepted {
			accepted[i] = accept(c.text.Value(i), false)
		}
	}
	var text []byte
	return func(i int) bool {
		switch {
		case c.isNull(i):
			return ofNull
		case c.indices != nil:
			return accepted[c.indices[i]]
		case c.text != nil:
			return accept(c.text.Value(i), false)
		}
		text = c.appendText(text[:0], i)
		return accept(string(text), false)
	}
}

// amounts reads the column as amounts.
func (c *column) amounts(t *terms, decimals int) {
	clear(t.fault)
	switch {
	case c.text != nil:
		for i := range t.value {
			if !c.isNull(i) {
				t.value[i], t.fault[i] = money.Parse(c.number(c.textAt(i)), decimals)
			}
		}
	case c.floats != nil:
		for i, v := range c.floats {
			t.value[i], t.fault[i] = money.FromFloat(v, decimals)
		}
	case c.decimals != nil:
		t.rescale(c.decimals, c.scale)
	default:
		for i, v := range c.integers {
			t.value[i], t.fault[i] = money.Rescale(v>>63, uint64(v), 0)
		}
	}
	if c.nulls {
		for i := range t.value {
			if c.array.IsNull(i) {
				t.value[i], t.fault[i] = 0, noTerm
			}
		}
	}
}

// rescale sets the values to decimals.
func (t *terms) rescale(decimals []decimal128.Num, scale int32) {
	values := t.value[:len(decimals)]
	factor, most := money.Factor(scale)
	for i, v := range decimals {
		// Nearly every amount takes a multiplication and nothing else.
		if low := int64(v.LowBits()); v.HighBits() == low>>63 && -most <= low && low <= most {
			values[i] = low * factor
		} else {
			values[i], t.fault[i] = money.Rescale(v.HighBits(), v.LowBits(), scale)
		}
	}
}

// appendText appends the canonical text of a value that is not null. It is
// what attributes, keys, order ids and rules see, and what rows are compared by.
func (c *column) appendText(b []byte, i int) []byte {
	switch {
	case c.text != nil:
		return append(b, c.textAt(i)...)
	case c.integers != nil:
		return strconv.AppendInt(b, c.integers[i], 10)
	case c.floats != nil:
		return strconv.AppendFloat(b, c.floats[i], 'f', -1, 64) // never 2e+06: rules read it as a number
	case c.decimals != nil:
		return append(b, c.decimals[i].ToString(c.scale)...)
	case c.days != nil:
		return append(b, calendar.Day(c.days[i]).String()...)
	case c.times != nil:
		return appendTime(b, c.times[i], c.zoned)
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

// decimal returns a factor that is not null, exactly.
func (c *column) decimal(i int) (money.Decimal, money.Fault) {
	switch {
	case c.text != nil:
		return money.ParseDecimal(c.number(c.textAt(i)))
	case c.floats != nil:
		return money.FloatDecimal(c.floats[i])
	case c.decimals != nil:
		v := c.decimals[i]
		return money.DecimalOf(v.HighBits(), v.LowBits(), c.scale)
	default:
		return money.FromInt(c.integers[i]), money.NoFault
	}
}

// moment returns a time that is not null, and whether it can be read.
func (c *column) moment(i int, f calendar.Format) (calendar.Moment, bool) {
	switch {
	case c.text != nil:
		return f.Parse(c.textAt(i))
	case c.integers != nil:
		return f.ParseInt(c.integers[i])
	case c.days != nil:
		day := calendar.Day(c.days[i])
		day = max(earliestDay-1, min(latestDay+1, day)) // no further out of range, where microseconds overflow
		return calendar.Moment{Kind: calendar.CivilDay, Micros: int64(day) * calendar.MicrosPerDay}, true
	case c.zoned:
		return calendar.Moment{Kind: calendar.Instant, Micros: c.times[i]}, true
	default:
		return calendar.Moment{Kind: calendar.CivilTime, Micros: c.times[i]}, true
	}
}

// Admit reads a batch's columns, in the order of Binding.Columns, and returns
// its rows ready to be dealt to shards.
func (in *Intake) Admit(record arrow.Record, origin Origin) (Rows, error) {
	in.columns = in.columns[:0]
	for i := range int(record.NumCols()) {
		c := columnOf(record.ColumnName(i), record.Column(i))
		c.comma = in.bound.mapping.DecimalComma
		in.columns = append(in.columns, c)
	}
	return in.admit(in.columns, int(record.NumRows()), origin)
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
