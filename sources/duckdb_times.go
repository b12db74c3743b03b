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

// duckInfinity is how DuckDB writes an infinite value of a sign.
func duckInfinity(isNegative bool) string {
	if isNegative {
		return "-infinity"
	}
	return "infinity"
}

func duckDates(to []arrow.Date32, v *duckVector) bool {
	isClean := true
	for i, day := range duckValues[int32](v) {
		to[i] = arrow.Date32(day)
		isClean = isClean && day != infiniteDay && day != -infiniteDay
	}
	return isClean
}

func duckDateFault(v *duckVector, i int) (reason, text string) {
	if day := duckValues[int32](v)[i]; day == infiniteDay || day == -infiniteDay {
		return isInfiniteDay, duckInfinity(day < 0)
	}
	return "", ""
}

func duckTimes(to []int64, v *duckVector) bool { return duckScaled(to, v, 1) }

// duckScaledTimes makes microseconds of units of so many.
func duckScaledTimes(unit int64) func(to []int64, v *duckVector) bool {
	return func(to []int64, v *duckVector) bool { return duckScaled(to, v, unit) }
}

func duckScaled(to []int64, v *duckVector, unit int64) bool {
	isClean, most := true, duckMostUnits(unit)
	for i, value := range duckValues[int64](v) {
		to[i] = value * unit
		isClean = isClean && value <= most && value >= -most
	}
	return isClean
}

// duckMostUnits is how many units of so many microseconds are a time at most; the
// largest number of microseconds itself is infinity.
func duckMostUnits(unit int64) int64 { return (infiniteTime - 1) / unit }

// duckTimeFault says what is wrong with a time in units of so many microseconds.
func duckTimeFault(unit int64) func(v *duckVector, i int) (string, string) {
	return func(v *duckVector, i int) (reason, text string) {
		value, most := duckValues[int64](v)[i], duckMostUnits(unit)
		switch {
		case value == infiniteTime || value == -infiniteTime:
			return isInfiniteTime, duckInfinity(value < 0)
		case value > most || value < -most:
			return "a time is beyond the range of microseconds", strconv.FormatInt(value, 10)
		default:
			return "", ""
		}
	}
}

const nanosPerMicro = 1000

func duckMicroseconds(to []int64, v *duckVector) bool {
	isClean := true
	for i, nanos := range duckValues[int64](v) {
		to[i] = floorDiv(nanos, nanosPerMicro)
		// An infinite time is no whole number of microseconds either.
		isClean = isClean && to[i]*nanosPerMicro == nanos
	}
	return isClean
}

func duckNanosecondFault(v *duckVector, i int) (reason, text string) {
	switch nanos := duckValues[int64](v)[i]; {
	case nanos == infiniteTime || nanos == -infiniteTime:
		return isInfiniteTime, duckInfinity(nanos < 0)
	case nanos%nanosPerMicro != 0:
		return "a time is finer than microseconds", time.Unix(0, nanos).UTC().Format("2006-01-02 15:04:05.999999999")
	default:
		return "", ""
	}
}
