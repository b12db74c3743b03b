//go:build duckdb

package sources

import (
	"math"
	"strconv"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
)

// DuckDB's infinite days and times are the largest values and their negatives.
const (
	infiniteDay  = math.MaxInt32
	infiniteTime = math.MaxInt64
)

const (
	isInfiniteDay  = "a date is infinite"
	isInfiniteTime = "a time is infinite"
)

// infinity is how DuckDB writes an infinite value of a sign.
func infinity(isNegative bool) string {
	if isNegative {
		return "-infinity"
	}
	return "infinity"
}

func finiteDates(to []arrow.Date32, v *vector) bool {
	isClean := true
	for i, day := range values[int32](v) {
		to[i] = arrow.Date32(day)
		isClean = isClean && day != infiniteDay && day != -infiniteDay
	}
	return isClean
}

func dateFault(v *vector, i int) (reason, text string) {
	if day := values[int32](v)[i]; day == infiniteDay || day == -infiniteDay {
		return isInfiniteDay, infinity(day < 0)
	}
	return "", ""
}

func finiteTimes(to []int64, v *vector) bool { return scaled(to, v, 1) }

// scaledTimes makes microseconds of units of so many.
func scaledTimes(unit int64) func(to []int64, v *vector) bool {
	return func(to []int64, v *vector) bool { return scaled(to, v, unit) }
}

func scaled(to []int64, v *vector, unit int64) bool {
	isClean, most := true, mostUnits(unit)
	for i, value := range values[int64](v) {
		to[i] = value * unit
		isClean = isClean && value <= most && value >= -most
	}
	return isClean
}

// mostUnits is how many units of so many microseconds are a time at most; the
// largest number of microseconds itself is infinity.
func mostUnits(unit int64) int64 { return (infiniteTime - 1) / unit }

// timeFault says what is wrong with a time in units of so many microseconds.
func timeFault(unit int64) func(v *vector, i int) (string, string) {
	return func(v *vector, i int) (reason, text string) {
		value, most := values[int64](v)[i], mostUnits(unit)
		switch {
		case value == infiniteTime || value == -infiniteTime:
			return isInfiniteTime, infinity(value < 0)
		case value > most || value < -most:
			return "a time is beyond the range of microseconds", strconv.FormatInt(value, 10)
		default:
			return "", ""
		}
	}
}

const nanosPerMicro = 1000

func wholeMicroseconds(to []int64, v *vector) bool {
	isClean := true
	for i, nanos := range values[int64](v) {
		to[i] = floorDiv(nanos, nanosPerMicro)
		// An infinite time is no whole number of microseconds either.
		isClean = isClean && to[i]*nanosPerMicro == nanos
	}
	return isClean
}

func nanosecondFault(v *vector, i int) (reason, text string) {
	switch nanos := values[int64](v)[i]; {
	case nanos == infiniteTime || nanos == -infiniteTime:
		return isInfiniteTime, infinity(nanos < 0)
	case nanos%nanosPerMicro != 0:
		return "a time is finer than microseconds", time.Unix(0, nanos).UTC().Format("2006-01-02 15:04:05.999999999")
	default:
		return "", ""
	}
}
