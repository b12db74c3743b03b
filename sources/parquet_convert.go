package sources

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/parquet-go/parquet-go/encoding"
)

// conversion appends n values of a page or dictionary, from the given one on,
// to a slice. It is chosen once per column. A value that cannot be converted
// is a *valueError.
type conversion[T any] func(to []T, values encoding.Values, from, n int) ([]T, error)

// part returns n values from the given one on. Unlike a slice of a slice it
// panics where there are not so many, even if there is memory behind them.
func part[V any](values []V, from, n int) []V {
	return values[:len(values):len(values)][from : from+n]
}

// longer returns values with n more, to be set, and these alone.
func longer[T any](values []T, n int) (all, added []T) {
	all = slices.Grow(values, n)[:len(values)+n]
	return all, all[len(values):]
}

// valueError is a value that has no counterpart.
type valueError struct {
	index int // among the values converted
	what  string
}

func (e *valueError) Error() string { return e.what }

func integers32(to []int64, values encoding.Values, from, n int) ([]int64, error) {
	to, added := longer(to, n)
	for i, v := range part(values.Int32(), from, n) {
		added[i] = int64(v)
	}
	return to, nil
}

func unsigned32(to []int64, values encoding.Values, from, n int) ([]int64, error) {
	for _, v := range part(values.Uint32(), from, n) {
		to = append(to, int64(v))
	}
	return to, nil
}

func integers64(to []int64, values encoding.Values, from, n int) ([]int64, error) {
	return append(to, part(values.Int64(), from, n)...), nil
}

func unsigned64(to []int64, values encoding.Values, from, n int) ([]int64, error) {
	for i, v := range part(values.Int64(), from, n) {
		if v < 0 {
			return nil, &valueError{from + i, "an unsigned integer is above 2^63-1"}
		}
		to = append(to, v)
	}
	return to, nil
}

func floats32(to []float64, values encoding.Values, from, n int) ([]float64, error) {
	for _, v := range part(values.Float(), from, n) {
		to = append(to, float64(v))
	}
	return to, nil
}

func floats64(to []float64, values encoding.Values, from, n int) ([]float64, error) {
	return append(to, part(values.Double(), from, n)...), nil
}

func dates(to []arrow.Date32, values encoding.Values, from, n int) ([]arrow.Date32, error) {
	for _, v := range part(values.Int32(), from, n) {
		to = append(to, arrow.Date32(v))
	}
	return to, nil
}

func milliseconds(to []int64, values encoding.Values, from, n int) ([]int64, error) {
	for i, v := range part(values.Int64(), from, n) {
		if v > math.MaxInt64/1000 || v < math.MinInt64/1000 {
			return nil, &valueError{from + i, "a time is beyond the range of microseconds"}
		}
		to = append(to, v*1000)
	}
	return to, nil
}

func nanoseconds(to []int64, values encoding.Values, from, n int) ([]int64, error) {
	for _, v := range part(values.Int64(), from, n) {
		to = append(to, floorDiv(v, 1000))
	}
	return to, nil
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

const (
	epochJulianDay  = 2440588 // 1970-01-01
	microsPerDay    = 24 * 60 * 60 * 1_000_000
	mostDaysInInt64 = math.MaxInt64/microsPerDay - 1 // one day of room for the time of day
)

// int96Times converts the legacy form of instants: nanoseconds of the day in
// the low 64 bits, the Julian day above them.
func int96Times(to []int64, values encoding.Values, from, n int) ([]int64, error) {
	for i, v := range part(values.Int96(), from, n) {
		day := int64(v[2]) - epochJulianDay
		if day > mostDaysInInt64 || day < -mostDaysInInt64 {
			return nil, &valueError{from + i, "a time is beyond the range of microseconds"}
		}
		nanos := floorDiv(int64(uint64(v[1])<<32|uint64(v[0])), 1000)
		if nanos < 0 || nanos >= microsPerDay {
			return nil, &valueError{from + i, "a time of day is not within a day"}
		}
		to = append(to, day*microsPerDay+nanos)
	}
	return to, nil
}

func decimals32(to []decimal128.Num, values encoding.Values, from, n int) ([]decimal128.Num, error) {
	to, added := longer(to, n)
	for i, v := range part(values.Int32(), from, n) {
		added[i] = decimal(int64(v))
	}
	return to, nil
}

// decimal is decimal128.FromI64 without its branches.
func decimal(v int64) decimal128.Num { return decimal128.New(v>>63, uint64(v)) }

func decimals64(to []decimal128.Num, values encoding.Values, from, n int) ([]decimal128.Num, error) {
	to, added := longer(to, n)
	for i, v := range part(values.Int64(), from, n) {
		added[i] = decimal(v)
	}
	return to, nil
}

func fixedDecimals(to []decimal128.Num, values encoding.Values, from, n int) ([]decimal128.Num, error) {
	data, size := values.FixedLenByteArray()
	data = part(data, from*size, n*size)
	to, added := longer(to, n)
	for i := range added {
		switch b := data[i*size : (i+1)*size]; size {
		case 8:
			added[i] = decimal(int64(binary.BigEndian.Uint64(b)))
		case 16:
			added[i] = decimal128.New(int64(binary.BigEndian.Uint64(b)), binary.BigEndian.Uint64(b[8:]))
		default:
			v, ok := bigEndian(b)
			if !ok {
				return nil, &valueError{from + i, tooManyBits}
			}
			added[i] = v
		}
	}
	return to, nil
}

func variableDecimals(to []decimal128.Num, values encoding.Values, from, n int) ([]decimal128.Num, error) {
	data, offsets := values.ByteArray()
	offsets = part(offsets, from, n+1)
	for i := range n {
		v, ok := bigEndian(data[offsets[i]:offsets[i+1]])
		if !ok {
			return nil, &valueError{from + i, tooManyBits}
		}
		to = append(to, v)
	}
	return to, nil
}

const tooManyBits = "a decimal has no bytes or does not fit 128 bits"

// bigEndian reads a signed number of any length.
func bigEndian(b []byte) (decimal128.Num, bool) {
	if len(b) == 0 {
		return decimal128.Num{}, false
	}
	sign := byte(int8(b[0]) >> 7) // 0x00 or 0xff
	var wide [16]byte
	if extra := len(b) - len(wide); extra > 0 {
		for _, v := range b[:extra] {
			if v != sign {
				return decimal128.Num{}, false
			}
		}
		if b = b[extra:]; byte(int8(b[0])>>7) != sign {
			return decimal128.Num{}, false
		}
	}
	for i := range len(wide) - len(b) {
		wide[i] = sign
	}
	copy(wide[len(wide)-len(b):], b)
	return decimal128.New(int64(binary.BigEndian.Uint64(wide[:8])), binary.BigEndian.Uint64(wide[8:])), true
}
