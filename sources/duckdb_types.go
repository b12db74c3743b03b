//go:build duckdb

package sources

import (
	"math"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
	duckdb "github.com/duckdb/duckdb-go-bindings"
)

// duckColumn is a column that DuckDB has.
type duckColumn struct {
	name    string
	arrow   arrow.DataType
	isCast  bool                     // DuckDB makes it text
	collect func(space) vectorColumn // of one reader
}

// typeOf returns the column of a type, which every type is.
func typeOf(name string, t duckdb.LogicalType) duckColumn {
	c := duckColumn{name: name}
	switch id := duckdb.GetTypeId(t); id {
	case duckdb.TypeDecimal:
		c.arrow, c.collect = decimalsOf(t)
	case duckdb.TypeEnum:
		c.arrow, c.collect = enumOf(t)
	default:
		c.arrow, c.collect = simpleType(id)
	}
	if c.arrow == nil {
		c.isCast = true
		c.arrow, c.collect = textOf()
	}
	return c
}

// simpleType returns the type of which there is only one, nil if values of it
// are not read as they are.
func simpleType(id duckdb.Type) (arrow.DataType, func(space) vectorColumn) {
	integer, day := arrow.PrimitiveTypes.Int64, arrow.FixedWidthTypes.Date32
	switch id {
	case duckdb.TypeBoolean:
		return arrow.FixedWidthTypes.Boolean, func(space) vectorColumn { return &flagVectors{} }
	case duckdb.TypeTinyInt:
		return fixedOf(integer, widened[int8], nil)
	case duckdb.TypeSmallInt:
		return fixedOf(integer, widened[int16], nil)
	case duckdb.TypeInteger:
		return fixedOf(integer, widened[int32], nil)
	case duckdb.TypeBigInt:
		return fixedOf(integer, copied[int64], nil)
	case duckdb.TypeUTinyInt:
		return fixedOf(integer, widened[uint8], nil)
	case duckdb.TypeUSmallInt:
		return fixedOf(integer, widened[uint16], nil)
	case duckdb.TypeUInteger:
		return fixedOf(integer, widened[uint32], nil)
	case duckdb.TypeUBigInt:
		return fixedOf(integer, unsigned, unsignedFault)
	case duckdb.TypeHugeInt:
		return fixedOf(integer, huge, hugeFault)
	case duckdb.TypeFloat:
		return fixedOf(arrow.PrimitiveTypes.Float64, floats, nil)
	case duckdb.TypeDouble:
		return fixedOf(arrow.PrimitiveTypes.Float64, copied[float64], nil)
	case duckdb.TypeDate:
		return fixedOf(day, finiteDates, dateFault)
	case duckdb.TypeTimestamp:
		return fixedOf(civilTime, finiteTimes, timeFault(1))
	case duckdb.TypeTimestampTZ:
		return fixedOf(instant, finiteTimes, timeFault(1))
	case duckdb.TypeTimestampS:
		return fixedOf(civilTime, scaledTimes(1_000_000), timeFault(1_000_000))
	case duckdb.TypeTimestampMS:
		return fixedOf(civilTime, scaledTimes(1_000), timeFault(1_000))
	case duckdb.TypeTimestampNS:
		return fixedOf(civilTime, wholeMicroseconds, nanosecondFault)
	case duckdb.TypeVarchar:
		return textOf()
	default:
		return nil, nil
	}
}

func fixedOf[T arrow.FixedWidthType](t arrow.DataType, convert func([]T, *vector) bool, fault func(*vector, int) (string, string)) (arrow.DataType, func(space) vectorColumn) {
	return t, func(s space) vectorColumn {
		return &fixedVectors[T]{arrow: t, convert: convert, fault: fault, space: s}
	}
}

func textOf() (arrow.DataType, func(space) vectorColumn) {
	return arrow.BinaryTypes.String, func(s space) vectorColumn {
		return &textVectors{textColumn: textColumn{memory: s.memory, likelyRows: s.batch}}
	}
}

func decimalsOf(t duckdb.LogicalType) (arrow.DataType, func(space) vectorColumn) {
	decimals := &arrow.Decimal128Type{Precision: int32(duckdb.DecimalWidth(t)), Scale: int32(duckdb.DecimalScale(t))}
	switch duckdb.DecimalInternalType(t) {
	case duckdb.TypeSmallInt:
		return fixedOf(decimals, decimalsFrom[int16], nil)
	case duckdb.TypeInteger:
		return fixedOf(decimals, decimalsFrom[int32], nil)
	case duckdb.TypeBigInt:
		return fixedOf(decimals, decimalsFrom[int64], nil)
	default:
		// DuckDB's 128 bits lie as those of Arrow do.
		return fixedOf(decimals, copied[decimal128.Num], nil)
	}
}

// enumOf reads the words of an enumeration.
func enumOf(t duckdb.LogicalType) (arrow.DataType, func(space) vectorColumn) {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	defer b.Release()
	for i := range duckdb.EnumDictionarySize(t) {
		b.Append(duckdb.EnumDictionaryValue(t, duckdb.IdxT(i)))
	}
	words := b.NewStringArray().Data().(*array.Data)
	var convert func([]int32, *vector) bool
	switch duckdb.EnumInternalType(t) {
	case duckdb.TypeUTinyInt:
		convert = enumCodes[uint8]
	case duckdb.TypeUSmallInt:
		convert = enumCodes[uint16]
	default:
		convert = enumCodes[uint32]
	}
	return arrow.BinaryTypes.String, func(s space) vectorColumn {
		return &enumVectors{words: words, fixedVectors: fixedVectors[int32]{convert: convert, space: s}}
	}
}

func copied[T any](to []T, v *vector) bool {
	copy(to, values[T](v))
	return true
}

func widened[S int8 | int16 | int32 | uint8 | uint16 | uint32](to []int64, v *vector) bool {
	for i, value := range values[S](v) {
		to[i] = int64(value)
	}
	return true
}

func enumCodes[S uint8 | uint16 | uint32](to []int32, v *vector) bool {
	for i, value := range values[S](v) {
		to[i] = int32(value)
	}
	return true
}

func decimalsFrom[S int16 | int32 | int64](to []decimal128.Num, v *vector) bool {
	for i, value := range values[S](v) {
		to[i] = decimal(int64(value))
	}
	return true
}

func floats(to []float64, v *vector) bool {
	for i, value := range values[float32](v) {
		to[i] = float64(value)
	}
	return true
}

// wideInteger is an integer of 128 bits; one of 64 bits has its sign in all of
// high.
type wideInteger struct {
	low  uint64
	high uint64
}

const beyondIntegers = "an integer does not fit 64 bits"

func unsigned(to []int64, v *vector) bool {
	var all uint64
	for i, value := range values[uint64](v) {
		to[i] = int64(value)
		all |= value
	}
	return all <= math.MaxInt64
}

func unsignedFault(v *vector, i int) (reason, text string) {
	if value := values[uint64](v)[i]; value > math.MaxInt64 {
		return beyondIntegers, strconv.FormatUint(value, 10)
	}
	return "", ""
}

func huge(to []int64, v *vector) bool {
	var beyond uint64
	for i, value := range values[wideInteger](v) {
		to[i] = int64(value.low)
		beyond |= value.high ^ value.low>>63*math.MaxUint64
	}
	return beyond == 0
}

func hugeFault(v *vector, i int) (reason, text string) {
	value := values[wideInteger](v)[i]
	if value.high == value.low>>63*math.MaxUint64 {
		return "", ""
	}
	return beyondIntegers, decimal128.New(int64(value.high), value.low).BigInt().String()
}
