package sources

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// flatColumn says how a column is delivered, and false if it is not offered.
func flatColumn(c *parquet.Column) (parquetColumn, bool) {
	if !c.Leaf() || c.Repeated() {
		return parquetColumn{}, false
	}
	column := parquetColumn{name: c.Name(), index: c.Index()}
	if logical := c.Type().LogicalType(); logical != nil && logical.Value != nil {
		column.arrow, column.decoder = logicalType(c.Type(), logical.Value)
	} else {
		column.arrow, column.decoder = physicalType(c.Type())
	}
	return column, column.decoder != nil
}

// logicalType returns the Arrow type and the decoder of an annotated column,
// nil if it is not offered.
func logicalType(t parquet.Type, logical format.LogicalTypeValue) (arrow.DataType, func(space) decoder) {
	switch logical := logical.(type) {
	case *format.StringType, *format.EnumType, *format.JsonType:
		return text(plainTexts)
	case *format.UUIDType:
		return text(uuidTexts)
	case *format.IntType:
		return integerType(t.Kind(), logical)
	case *format.DecimalType:
		return decimalType(t.Kind(), logical)
	case *format.DateType:
		return fixed(arrow.FixedWidthTypes.Date32, dates)
	case *format.TimestampType:
		return timestampType(logical)
	default:
		return nil, nil
	}
}

// physicalType is logicalType for a column without annotation.
func physicalType(t parquet.Type) (arrow.DataType, func(space) decoder) {
	switch t.Kind() {
	case parquet.Boolean:
		return arrow.FixedWidthTypes.Boolean, func(space) decoder { return &flagDecoder{} }
	case parquet.Int32:
		return fixed(arrow.PrimitiveTypes.Int64, integers32)
	case parquet.Int64:
		return fixed(arrow.PrimitiveTypes.Int64, integers64)
	case parquet.Int96:
		return fixed(instant, int96Times)
	case parquet.Float:
		return fixed(arrow.PrimitiveTypes.Float64, floats32)
	case parquet.Double:
		return fixed(arrow.PrimitiveTypes.Float64, floats64)
	case parquet.ByteArray:
		return text(plainTexts)
	case parquet.FixedLenByteArray:
		if t.String() == intervalName {
			return nil, nil
		}
		return text(hexTexts)
	default:
		return nil, nil
	}
}

// intervalName is how the library names the one type that has a meaning but no
// logical type.
const intervalName = "INTERVAL"

func integerType(kind parquet.Kind, t *format.IntType) (arrow.DataType, func(space) decoder) {
	switch {
	case kind == parquet.Int32 && t.IsSigned:
		return fixed(arrow.PrimitiveTypes.Int64, integers32)
	case kind == parquet.Int32:
		return fixed(arrow.PrimitiveTypes.Int64, unsigned32)
	case kind == parquet.Int64 && t.IsSigned:
		return fixed(arrow.PrimitiveTypes.Int64, integers64)
	case kind == parquet.Int64:
		return fixed(arrow.PrimitiveTypes.Int64, unsigned64)
	default:
		return nil, nil
	}
}

func decimalType(kind parquet.Kind, t *format.DecimalType) (arrow.DataType, func(space) decoder) {
	if t.Precision < 1 || t.Precision > decimal128.MaxPrecision || t.Scale < 0 || t.Scale > t.Precision {
		return nil, nil
	}
	decimal := &arrow.Decimal128Type{Precision: t.Precision, Scale: t.Scale}
	switch kind {
	case parquet.Int32:
		return fixed(decimal, decimals32)
	case parquet.Int64:
		return fixed(decimal, decimals64)
	case parquet.FixedLenByteArray:
		return fixed(decimal, fixedDecimals)
	case parquet.ByteArray:
		return fixed(decimal, variableDecimals)
	default:
		return nil, nil
	}
}

var (
	instant   = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
	civilTime = &arrow.TimestampType{Unit: arrow.Microsecond}
)

func timestampType(t *format.TimestampType) (arrow.DataType, func(space) decoder) {
	stamp := civilTime
	if t.IsAdjustedToUTC {
		stamp = instant
	}
	switch t.Unit.Value.(type) {
	case *format.MilliSeconds:
		return fixed(stamp, milliseconds)
	case *format.MicroSeconds:
		return fixed(stamp, integers64)
	case *format.NanoSeconds:
		return fixed(stamp, nanoseconds)
	default:
		return nil, nil
	}
}

func fixed[T arrow.FixedWidthType](t arrow.DataType, c conversion[T]) (arrow.DataType, func(space) decoder) {
	return t, func(s space) decoder { return &fixedDecoder[T]{arrow: t, convert: c, space: s} }
}

func text(c textConversion) (arrow.DataType, func(space) decoder) {
	return arrow.BinaryTypes.String, func(s space) decoder { return newTextDecoder(c, s) }
}
