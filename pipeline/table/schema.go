// Package table says what a table is: its columns with their types and
// meanings, and how rows become Arrow records. It is the project's Arrow
// vocabulary; a package that computes a table declares it here, once, as a
// Definition, and everything that needs the table's shape (sinks, file
// metadata, explanations) reads that declaration.
package table

import "github.com/apache/arrow/go/v17/arrow"

// Kind is the type of a column. The set is closed: every sink supports all.
// String gives its name in SQL.
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
	Name       string
	Kind       Kind
	Labels     []string // of a text: all there are, where records have their places instead; at most MaxLabels
	Nullable   bool
	Doc        string // its meaning, as sentences
	Null       string // of a nullable column: when it is NULL, as "without a purchase"
	Unit       string // of a number; empty for texts, days, instants and flags
	Additivity Additivity
}

// MaxLabels is how many labels a column may have.
const MaxLabels = 1 << 8

// labelType is the Arrow type of a column of labels: places among them.
var labelType = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint8, ValueType: arrow.BinaryTypes.String}

// Description returns the meaning together with that of NULL.
func (c Column) Description() string {
	if c.Null == "" {
		return c.Doc
	}
	return c.Doc + " NULL " + c.Null + "."
}

// Additivity says over which rows of one as-of date a column may be summed,
// given one dimension_name, grain, offset_mode and value_basis.
type Additivity string

// The kinds of additivity.
const (
	Additive    Additivity = "additive"      // over any rows
	NotOverTime Additivity = "not_over_time" // over customers, cohorts and dimension values, not over periods, offsets and horizons
	Never       Additivity = "never"         // a ratio, a rank, a name
)

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
	if c.Labels != nil {
		f.Type = labelType
	}
	if c.Kind == Money {
		f.Metadata = arrow.NewMetadata([]string{MoneyKey}, []string{"4"})
	}
	return f
}

// String returns the kind as SQL names it.
func (k Kind) String() string {
	return [...]string{"STRING", "INT64", "DECIMAL(18,4)", "DOUBLE", "DATE", "TIMESTAMP", "BOOLEAN"}[k]
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
