package sources

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/parquet-go/parquet-go/encoding"
)

// conversion appends the first n values of a page or dictionary to a slice. It
// is chosen once per column. A value that cannot be converted is a
// *valueError.
type conversion[T any] func(to []T, from encoding.Values, n int) ([]T, error)

// valueError is a value that has no counterpart.
type valueError struct {
	index int // among the values converted
	what  string
}

func (e *valueError) Error() string { return e.what }

func integers32(to []int64, from encoding.Values, n int) ([]int64, error) {
	for _, v := range from.Int32()[:n] {
		to = append(to, int64(v))
	}
	return to, nil
}

func unsigned32(to []int64, from encoding.Values, n int) ([]int64, error) {
	for _, v := range from.Uint32()[:n] {
		to = append(to, int64(v))
	}
	return to, nil
}

func integers64(to []int64, from encoding.Values, n int) ([]int64, error) {
	return append(to, from.Int64()[:n]...), nil
}

func unsigned64(to []int64, from encoding.Values, n int) ([]int64, error) {
	for i, v := range from.Int64()[:n] {
		if v < 0 {
			return nil, &valueError{i, "an unsigned integer is above 2^63-1"}
		}
		to = append(to, v)
	}
	return to, nil
}

func floats32(to []float64, from encoding.Values, n int) ([]float64, error) {
	for _, v := range from.Float()[:n] {
		to = append(to, float64(v))
	}
	return to, nil
}

func floats64(to []float64, from encoding.Values, n int) ([]float64, error) {
	return append(to, from.Double()[:n]...), nil
}

func dates(to []arrow.Date32, from encoding.Values, n int) ([]arrow.Date32, error) {
	for _, v := range from.Int32()[:n] {
		to = append(to, arrow.Date32(v))
	}
	return to, nil
}

func milliseconds(to []int64, from encoding.Values, n int) ([]int64, error) {
	for i, v := range from.Int64()[:n] {
		if v > math.MaxInt64/1000 || v < math.MinInt64/1000 {
			return nil, &valueError{i, "a time is beyond the range of microseconds"}
		}
		to = append(to, v*1000)
	}
	return to, nil
}

func nanoseconds(to []int64, from encoding.Values, n int) ([]int64, error) {
	for _, v := range from.Int64()[:n] {
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
func int96Times(to []int64, from encoding.Values, n int) ([]int64, error) {
	for i, v := range from.Int96()[:n] {
		day := int64(v[2]) - epochJulianDay
		if day > mostDaysInInt64 || day < -mostDaysInInt64 {
			return nil, &valueError{i, "a time is beyond the range of microseconds"}
		}
		nanos := floorDiv(int64(uint64(v[1])<<32|uint64(v[0])), 1000)
		if nanos < 0 || nanos >= microsPerDay {
			return nil, &valueError{i, "a time of day is not within a day"}
		}
		to = append(to, day*microsPerDay+nanos)
	}
	return to, nil
}

func decimals32(to []decimal128.Num, from encoding.Values, n int) ([]decimal128.Num, error) {
	for _, v := range from.Int32()[:n] {
		to = append(to, decimal128.FromI64(int64(v)))
	}
	return to, nil
}

func decimals64(to []decimal128.Num, from encoding.Values, n int) ([]decimal128.Num, error) {
	for _, v := range from.Int64()[:n] {
		to = append(to, decimal128.FromI64(v))
	}
	return to, nil
}

func fixedDecimals(to []decimal128.Num, from encoding.Values, n int) ([]decimal128.Num, error) {
	data, size := from.FixedLenByteArray()
	for i := range n {
		v, ok := bigEndian(data[i*size : (i+1)*size])
		if !ok {
			return nil, &valueError{i, tooManyBits}
		}
		to = append(to, v)
	}
	return to, nil
}

func variableDecimals(to []decimal128.Num, from encoding.Values, n int) ([]decimal128.Num, error) {
	data, offsets := from.ByteArray()
	for i := range n {
		v, ok := bigEndian(data[offsets[i]:offsets[i+1]])
		if !ok {
			return nil, &valueError{i, tooManyBits}
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

// texts are values cut out of data by offsets, one more of them than values.
type texts struct {
	data    []byte
	offsets []uint32
}

// textConversion turns the first n values of a page or dictionary into texts.
// They may share the memory of either.
type textConversion func(to texts, from encoding.Values, n int) (texts, error)

// plainTexts takes bytes as they are, which must be UTF-8.
func plainTexts(_ texts, from encoding.Values, n int) (texts, error) {
	if n == 0 {
		return texts{}, nil
	}
	data, offsets := from.ByteArray()
	t := texts{data, offsets[:n+1]}
	if allUTF8(t) {
		return t, nil
	}
	for i := range n {
		if !utf8.Valid(data[offsets[i]:offsets[i+1]]) {
			return texts{}, &valueError{i, "the text is not UTF-8"}
		}
	}
	return t, nil
}

// allUTF8 reports whether the texts joined together are UTF-8 and each begins
// where a character does, which comes to the same as each being UTF-8 and
// takes one pass over the whole. It panics if the offsets do not ascend.
func allUTF8(t texts) bool {
	n := len(t.offsets) - 1
	all := utf8.Valid(t.data[t.offsets[0]:t.offsets[n]])
	for i := range n {
		value := t.data[t.offsets[i]:t.offsets[i+1]]
		all = all && (len(value) == 0 || utf8.RuneStart(value[0]))
	}
	return all
}

func uuidTexts(to texts, from encoding.Values, n int) (texts, error) {
	data, size := from.FixedLenByteArray()
	to.data, to.offsets = to.data[:0], append(to.offsets[:0], 0)
	for i := range n {
		id := data[i*size : (i+1)*size]
		for j, part := range [][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:16]} {
			if j > 0 {
				to.data = append(to.data, '-')
			}
			to.data = hex.AppendEncode(to.data, part)
		}
		to.offsets = append(to.offsets, uint32(len(to.data)))
	}
	return to, nil
}

func hexTexts(to texts, from encoding.Values, n int) (texts, error) {
	data, size := from.FixedLenByteArray()
	to.data, to.offsets = to.data[:0], append(to.offsets[:0], 0)
	for i := range n {
		to.data = hex.AppendEncode(to.data, data[i*size:(i+1)*size])
		to.offsets = append(to.offsets, uint32(len(to.data)))
	}
	return to, nil
}
