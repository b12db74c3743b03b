package sources

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/perennial-clv/perennial/pipeline"
)

// postgresColumn is a column of a table or query, and how it is delivered.
type postgresColumn struct {
	name    string
	oid     uint32 // of the server's type
	cast    string // of what is selected, as ::text; "" where the binary form is read
	arrow   arrow.DataType
	collect func(space) copiedColumn
}

// columns asks what columns a relation has. The server prepares the statement
// that would read them all and does not run it.
func (s *postgresSession) columns(ctx context.Context, r postgresRelation) ([]postgresColumn, error) {
	prepared, err := s.conn.Prepare(ctx, "", "SELECT * FROM "+r.from, nil)
	if err != nil {
		return nil, s.source.failure(ctx, err)
	}
	columns := make([]postgresColumn, len(prepared.Fields))
	seen := map[string]bool{}
	for i, field := range prepared.Fields {
		columns[i] = postgresColumnOf(field)
		if seen[field.Name] {
			return nil, pipeline.Errorf(pipeline.ClassSource, s.source.place(), fmt.Sprintf("name them apart in the query: … AS %s_2", field.Name), "two columns are named %q", field.Name)
		}
		seen[field.Name] = true
	}
	if len(columns) == 0 {
		return nil, pipeline.Errorf(pipeline.ClassSource, s.source.place(), "", "there are no columns")
	}
	return columns, nil
}

// isSame reports whether values of another column are read as those of c.
func (c postgresColumn) isSame(other postgresColumn) bool {
	return c.name == other.name && c.oid == other.oid && arrow.TypeEqual(c.arrow, other.arrow)
}

// moneyOID is the type money, which the library does not name.
const moneyOID = 790

// postgresColumnOf says how a column is delivered. Domains have the type that
// they are made of.
func postgresColumnOf(field pgconn.FieldDescription) postgresColumn {
	c := postgresColumn{name: field.Name, oid: field.DataTypeOID}
	switch field.DataTypeOID {
	case pgtype.Int2OID:
		c.arrow, c.collect = copied(arrow.PrimitiveTypes.Int64, 2, smallInteger)
	case pgtype.Int4OID:
		c.arrow, c.collect = copied(arrow.PrimitiveTypes.Int64, 4, integer)
	case pgtype.Int8OID:
		c.arrow, c.collect = copied(arrow.PrimitiveTypes.Int64, 8, bigInteger)
	case pgtype.Float4OID:
		c.arrow, c.collect = copied(arrow.PrimitiveTypes.Float64, 4, realNumber)
	case pgtype.Float8OID:
		c.arrow, c.collect = copied(arrow.PrimitiveTypes.Float64, 8, doublePrecision)
	case pgtype.BoolOID:
		c.arrow, c.collect = arrow.FixedWidthTypes.Boolean, func(space) copiedColumn { return &copiedFlags{} }
	case pgtype.DateOID:
		c.arrow, c.collect = copied(arrow.FixedWidthTypes.Date32, 4, dayOf)
	case pgtype.TimestampOID:
		c.arrow, c.collect = copied(civilTime, 8, momentOf)
	case pgtype.TimestamptzOID:
		c.arrow, c.collect = copied(instant, 8, momentOf)
	case pgtype.NumericOID:
		c.numeric(field.TypeModifier)
	case pgtype.TextOID, pgtype.VarcharOID:
		c.text("")
	case moneyOID:
		// As text it would have the signs and separators of the server's locale.
		c.text("::numeric::text")
	default:
		c.text("::text")
	}
	return c
}

// numeric makes a column of exact decimals, of text where it says no scale or
// one that Arrow has not.
func (c *postgresColumn) numeric(modifier int32) {
	// As numeric.c packs them: a header of 4, precision above 11 bits of scale.
	const header = 4
	packed := modifier - header
	precision, scale := packed>>16&math.MaxUint16, packed<<21>>21
	if modifier < header || precision > decimal128.MaxPrecision || scale < 0 || scale > precision {
		c.text("::text")
		return
	}
	c.arrow, c.collect = copied(&arrow.Decimal128Type{Precision: precision, Scale: scale}, 0, numericAt(precision, scale))
}

func (c *postgresColumn) text(cast string) {
	c.cast, c.arrow = cast, arrow.BinaryTypes.String
	c.collect = func(s space) copiedColumn { return &copiedText{textColumn{memory: s.memory, likelyRows: s.batch}} }
}

// copied is a column of values of so many bytes, of any number if size is 0.
func copied[T arrow.FixedWidthType](t arrow.DataType, size int, convert func([]byte) (T, error)) (arrow.DataType, func(space) copiedColumn) {
	return t, func(s space) copiedColumn { return &copiedValues[T]{arrow: t, space: s, size: size, convert: convert} }
}

// postgresSchema returns columns as Arrow names them.
func postgresSchema(columns []postgresColumn) *arrow.Schema {
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = arrow.Field{Name: c.name, Type: c.arrow, Nullable: true}
	}
	return arrow.NewSchema(fields, nil)
}

// selectList is the list of columns as a statement selects them.
func selectList(columns []postgresColumn) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = postgresDialect.name(c.name) + c.cast
	}
	return strings.Join(names, ", ")
}
