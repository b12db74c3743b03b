package money

import (
	"math"
	"strconv"
)

// FromFloat returns the multiple of 10^-decimals (0 to 4) nearest to v, a float
// that stands for an amount. If v does not stand for such a multiple it is
// TooManyDecimals: with k the nearest integer, that is if
//
//	|v·10^decimals − k| > max(10⁻⁶, 4 ulp(v·10^decimals))
//
// A decimal read into a float is off by half an ulp, its product here by half
// an ulp more, and the few operations that a source may have made of it by as
// much each: hence 4 ulp. 10⁻⁶ of the last decimal allows for the noise of
// longer sums, and is less than any price that is really quoted finer. From
// 2^53 on floats are coarser than the decimals, so the shortest decimal that
// reads back as v is taken for what was meant.
func FromFloat(v float64, decimals int) (int64, Fault) {
	const (
		noise = 1e-6
		exact = 1 << 53
	)
	scaled := float64(v * float64(powers[decimals])) // rounded here: fused into the difference below it would be another number on other machines
	if !(math.Abs(scaled) < exact) {
		return fromLargeFloat(v, decimals)
	}
	nearest := math.RoundToEven(scaled)
	if off := math.Abs(scaled - nearest); off > noise && off > 4*ulp(scaled) {
		return 0, TooManyDecimals
	}
	return Decimal{Coefficient: int64(nearest), Scale: int32(decimals)}.amount(decimals)
}

func fromLargeFloat(v float64, decimals int) (int64, Fault) {
	if !finite(v) {
		return 0, NotFinite
	}
	return Parse(shortest(v), decimals)
}

// ulp returns the distance from |x| to the next larger float.
func ulp(x float64) float64 {
	x = math.Abs(x)
	return math.Nextafter(x, math.Inf(1)) - x
}

// FloatDecimal returns the shortest decimal that reads back as v: 0.1 is
// {1, 1}, although the float is not quite that. The faults are those of
// ParseDecimal, and NotFinite.
func FloatDecimal(v float64) (Decimal, Fault) {
	if !finite(v) {
		return Decimal{}, NotFinite
	}
	return ParseDecimal(shortest(v))
}

func shortest(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// FromNumber returns a model's v, in units of the currency, as an amount. The
// product v·10⁴ is rounded half to even. The faults are NotFinite and Overflow.
func FromNumber(v float64) (int64, Fault) {
	if !finite(v) {
		return 0, NotFinite
	}
	units := math.RoundToEven(v * Scale)
	if math.Abs(units) >= Max+1 {
		return 0, Overflow
	}
	return int64(units), NoFault
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
