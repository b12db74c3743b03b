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
	isCast  bool                    // DuckDB makes it text
	collect func(space) duckVectors // of one reader
}

// duckColumnOf returns the column of a type, which every type is.
func duckColumnOf(name string, t duckdb.LogicalType) duckColumn {
	c := duckColumn{name: name}
	switch id := duckdb.GetTypeId(t); id {
	case duckdb.TypeDecimal:
		c.arrow, c.collect = duckDecimal(t)
	case duckdb.TypeEnum:
		c.arrow, c.collect = duckEnum(t)
	default:
		c.arrow, c.collect = duckSimple(id)
	}
	if c.arrow == nil {
		c.isCast = true
		c.arrow, c.collect = duckText()
	}
	return c
}

// duckSimple returns the type of which there is only one, nil if values of it
// are not read as they are.
func duckSimple(id duckdb.Type) (arrow.DataType, func(space) duckVectors) {
	integer, day := arrow.PrimitiveTypes.Int64, arrow.FixedWidthTypes.Date32
	switch id {
	case duckdb.TypeBoolean:
		return arrow.FixedWidthTypes.Boolean, func(space) duckVectors { return &duckFlagVectors{} }
	case duckdb.TypeTinyInt:
		return duckFixed(integer, duckWidened[int8], nil)
	case duckdb.TypeSmallInt:
		return duckFixed(integer, duckWidened[int16], nil)
	case duckdb.TypeInteger:
		return duckFixed(integer, duckWidened[int32], nil)
	case duckdb.TypeBigInt:
		return duckFixed(integer, duckCopied[int64], nil)
	case duckdb.TypeUTinyInt:
		return duckFixed(integer, duckWidened[uint8], nil)
	case duckdb.TypeUSmallInt:
		return duckFixed(integer, duckWidened[uint16], nil)
	case duckdb.TypeUInteger:
		return duckFixed(integer, duckWidened[uint32], nil)
	case duckdb.TypeUBigInt:
		return duckFixed(integer, duckUnsigned, duckUnsignedFault)
	case duckdb.TypeHugeInt:
		return duckFixed(integer, duckHuge, duckHugeFault)
	case duckdb.TypeFloat:
		return duckFixed(arrow.PrimitiveTypes.Float64, duckFloats, nil)
	case duckdb.TypeDouble:
		return duckFixed(arrow.PrimitiveTypes.Float64, duckCopied[float64], nil)
	case duckdb.TypeDate:
		return duckFixed(day, duckDates, duckDateFault)
	case duckdb.TypeTimestamp:
		return duckFixed(civilTime, duckTimes, duckTimeFault(1))
	case duckdb.TypeTimestampTZ:
		return duckFixed(instant, duckTimes, duckTimeFault(1))
	case duckdb.TypeTimestampS:
		return duckFixed(civilTime, duckScaledTimes(1_000_000), duckTimeFault(1_000_000))
	case duckdb.TypeTimestampMS:
		return duckFixed(civilTime, duckScaledTimes(1_000), duckTimeFault(1_000))
	case duckdb.TypeTimestampNS:
		return duckFixed(civilTime, duckMicroseconds, duckNanosecondFault)
	case duckdb.TypeVarchar:
		return duckText()
	default:
		return nil, nil
	}
}

func duckFixed[T arrow.FixedWidthType](t arrow.DataType, convert func([]T, *duckVector) bool, fault func(*duckVector, int) (string, string)) (arrow.DataType, func(space) duckVectors) {
	return t, func(s space) duckVectors {
		return &duckFixedVectors[T]{arrow: t, convert: convert, fault: fault, space: s}
	}
}

func duckText() (arrow.DataType, func(space) duckVectors) {
	return arrow.BinaryTypes.String, func(s space) duckVectors {
		return &duckTextVectors{textColumn: textColumn{memory: s.memory, likelyRows: s.batch}}
	}
}

func duckDecimal(t duckdb.LogicalType) (arrow.DataType, func(space) duckVectors) {
	decimals := &arrow.Decimal128Type{Precision: int32(duckdb.DecimalWidth(t)), Scale: int32(duckdb.DecimalScale(t))}
	switch duckdb.DecimalInternalType(t) {
	case duckdb.TypeSmallInt:
		return duckFixed(decimals, duckDecimals[int16], nil)
	case duckdb.TypeInteger:
		return duckFixed(decimals, duckDecimals[int32], nil)
	case duckdb.TypeBigInt:
		return duckFixed(decimals, duckDecimals[int64], nil)
	default:
		// DuckDB's 128 bits lie as those of Arrow do.
		return duckFixed(decimals, duckCopied[decimal128.Num], nil)
	}
}

// duckEnum reads the words of an enumeration.
func duckEnum(t duckdb.LogicalType) (arrow.DataType, func(space) duckVectors) {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	defer b.Release()
	for i := range duckdb.EnumDictionarySize(t) {
		b.Append(duckdb.EnumDictionaryValue(t, duckdb.IdxT(i)))
	}
	words := b.NewStringArray().Data().(*array.Data)
	var convert func([]int32, *duckVector) bool
	switch duckdb.EnumInternalType(t) {
	case duckdb.TypeUTinyInt:
		convert = duckCodes[uint8]
	case duckdb.TypeUSmallInt:
		convert = duckCodes[uint16]
	default:
		convert = duckCodes[uint32]
	}
	return arrow.BinaryTypes.String, func(s space) duckVectors {
		return &duckEnumVectors{words: words, duckFixedVectors: duckFixedVectors[int32]{convert: convert, space: s}}
	}
}

func duckCopied[T any](to []T, v *duckVector) bool {
	copy(to, duckValues[T](v))
	return true
}

func duckWidened[S int8 | int16 | int32 | uint8 | uint16 | uint32](to []int64, v *duckVector) bool {
	for i, value := range duckValues[S](v) {
		to[i] = int64(value)
	}
	return true
}

func duckCodes[S uint8 | uint16 | uint32](to []int32, v *duckVector) bool {
	for i, value := range duckValues[S](v) {
		to[i] = int32(value)
	}
	return true
}

func duckDecimals[S int16 | int32 | int64](to []decimal128.Num, v *duckVector) bool {
	for i, value := range duckValues[S](v) {
		to[i] = decimal(int64(value))
	}
	return true
}

func duckFloats(to []float64, v *duckVector) bool {
	for i, value := range duckValues[float32](v) {
		to[i] = float64(value)
	}
	return true
}

// duckWide is an integer of 128 bits; one of 64 bits has its sign in all of
// high.
type duckWide struct {
	low  uint64
	high uint64
}

const beyondIntegers = "an integer does not fit 64 bits"

func duckUnsigned(to []int64, v *duckVector) bool {
	var all uint64
	for i, value := range duckValues[uint64](v) {
		to[i] = int64(value)
		all |= value
	}
	return all <= math.MaxInt64
}

func duckUnsignedFault(v *duckVector, i int) (reason, text string) {
	if value := duckValues[uint64](v)[i]; value > math.MaxInt64 {
		return beyondIntegers, strconv.FormatUint(value, 10)
	}
	return "", ""
}

func duckHuge(to []int64, v *duckVector) bool {
	var beyond uint64
	for i, value := range duckValues[duckWide](v) {
		to[i] = int64(value.low)
		beyond |= value.high ^ value.low>>63*math.MaxUint64
	}
	return beyond == 0
}

func duckHugeFault(v *duckVector, i int) (reason, text string) {
	value := duckValues[duckWide](v)[i]
	if value.high == value.low>>63*math.MaxUint64 {
		return "", ""
	}
	return beyondIntegers, decimal128.New(int64(value.high), value.low).BigInt().String()
}
