// Package table says what a table is: its columns with their types and
// meanings, and how rows become Arrow records. It is the project's Arrow
// vocabulary; a package that computes a table declares it here, once, as a
// Definition, and everything that needs the table's shape (sinks, file
// metadata, explanations) reads that declaration.
package table

import "github.com/apache/arrow/go/v17/arrow"

// Kind is the type of a column. The set is closed: every sink supports all.
type Kind int

const (
	Text    Kind = iota // UTF-8
	Integer             // int64: counts, days
	Money               // int64 in units of 10^-4 of the currency; DECIMAL(18,4) where published
	Number              // float64, never NaN or infinite: rates, predictions
	Date                // civil day, days since 1970-01-01
	Time                // instant, microseconds since 1970-01-01 UTC
	Flag                // true or false
)

// MoneyKey is the Arrow field metadata that marks an INT64 column as money
// and gives its number of decimals.
const MoneyKey = "money"

// MoneyDecimals is the number of decimals of every money column.
const MoneyDecimals = 4

// Column describes one column of a table.
type Column struct {
	Name     string
	Kind     Kind
	Nullable bool
	Doc      string // meaning and unit; for a nullable column also what NULL means
}

// Schema describes a table. The partition column as_of_date is not part of
// it: the sink adds it as a folder or a column.
type Schema struct {
	Name    string
	Doc     string // one row per what, and how rows are ordered
	Key     []string
	Columns []Column
}

// Arrow returns the schema in Arrow's terms.
func (s Schema) Arrow() *arrow.Schema {
	fields := make([]arrow.Field, len(s.Columns))
	for i, c := range s.Columns {
		fields[i] = c.field()
	}
	return arrow.NewSchema(fields, nil)
}

func (c Column) field() arrow.Field {
	f := arrow.Field{Name: c.Name, Nullable: c.Nullable, Type: c.Kind.arrow()}
	if c.Kind == Money {
		f.Metadata = arrow.NewMetadata([]string{MoneyKey}, []string{"4"})
	}
	return f
}

func (k Kind) arrow() arrow.DataType {
	switch k {
	case Integer, Money:
		return arrow.PrimitiveTypes.Int64
	case Number:
		return arrow.PrimitiveTypes.Float64
	case Date:
		return arrow.FixedWidthTypes.Date32
	case Time:
		return arrow.FixedWidthTypes.Timestamp_us
	case Flag:
		return arrow.FixedWidthTypes.Boolean
	default:
		return arrow.BinaryTypes.String
	}
}

// Record is rows of a table, column by column, as Definition.Record makes
// them. It is Arrow's record under the name by which packages that do not
// speak Arrow pass it on.
type Record = arrow.Record
