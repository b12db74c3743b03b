package money_test

import (
	"math"
	"testing"

	"github.com/perennial-clv/perennial/transforms/money"
)

func TestFromFloatTakesDecimalsUpToFloatNoise(t *testing.T) {
	tenTimes := 0.0
	for range 10 {
		tenTimes += 0.1
	}
	for _, c := range []struct {
		v        float64
		decimals int
		want     int64
		fault    money.Fault
	}{
		{2.55, 2, 25_500, 0},
		{-2.55, 2, -25_500, 0},
		{tenTimes, 1, 10_000, 0}, // 0.9999999999999999
		{0.1 + 0.2, 2, 3_000, 0},
		{1.15 * 3, 2, 34_500, 0}, // 3.4499999999999997
		{1e-11, 4, 0, 0},         // below 10⁻⁶ of the last decimal
		{2.555, 2, 0, money.TooManyDecimals},
		{0.00001, 4, 0, money.TooManyDecimals},
		{1.0 / 3, 4, 0, money.TooManyDecimals},
		{math.Copysign(0, -1), 2, 0, 0},

		{123456789.12, 2, 1_234_567_891_200, 0},
		{123456789.123, 2, 0, money.TooManyDecimals},
		{90071992547409.92, 4, 900_719_925_474_099_200, 0}, // beyond 2^53 units the shortest decimal counts
		{99999999999999, 0, 999_999_999_999_990_000, 0},
		{1e14, 0, 0, money.Overflow},
		{1e14, 4, 0, money.Overflow},
		{1e300, 4, 0, money.Overflow},
		{-1e308, 4, 0, money.Overflow},
		{math.NaN(), 4, 0, money.NotFinite},
		{math.Inf(1), 4, 0, money.NotFinite},
		{math.Inf(-1), 4, 0, money.NotFinite},
	} {
		if got, fault := money.FromFloat(c.v, c.decimals); got != c.want || fault != c.fault {
			t.Errorf("FromFloat(%v, %d) = %d, %v; want %d, %v", c.v, c.decimals, got, fault, c.want, c.fault)
		}
	}
}

// Every amount of cents that a float64 can tell apart comes back, also after
// an addition and a subtraction have left their noise.
func TestFromFloatReadsBackEveryAmount(t *testing.T) {
	for cents := int64(1); cents < 1<<46; cents = cents*3 + 1 {
		v := float64(cents) / 100
		for _, noisy := range []float64{v, -v, v + 0.1 - 0.1, v*3 - v - v} {
			want := cents * 100
			if noisy < 0 {
				want = -want
			}
			if got, fault := money.FromFloat(noisy, 2); got != want || fault != money.NoFault {
				t.Errorf("FromFloat(%v, 2) = %d, %v; want %d", noisy, got, fault, want)
			}
		}
	}
}

func TestFloatDecimalIsTheShortestThatReadsBack(t *testing.T) {
	for _, c := range []struct {
		v     float64
		want  money.Decimal
		fault money.Fault
	}{
		{0.1, money.Decimal{Coefficient: 1, Scale: 1}, 0},
		{-2.555, money.Decimal{Coefficient: -2555, Scale: 3}, 0},
		{0.1 + 0.2, money.Decimal{Coefficient: 3, Scale: 1}, 0}, // the compiler adds constants exactly
		{1e17, money.Decimal{Coefficient: 100_000_000_000_000_000}, 0},
		{1e18, money.Decimal{}, money.Overflow},
		{1e-19, money.Decimal{}, money.TooManyDecimals},
		{math.NaN(), money.Decimal{}, money.NotFinite},
		{math.Inf(-1), money.Decimal{}, money.NotFinite},
	} {
		if got, fault := money.FloatDecimal(c.v); got != c.want || fault != c.fault {
			t.Errorf("FloatDecimal(%v) = %v, %v; want %v, %v", c.v, got, fault, c.want, c.fault)
		}
	}
}

func TestFromNumberRoundsToAnAmount(t *testing.T) {
	for _, c := range []struct {
		v     float64
		want  int64
		fault money.Fault
	}{
		{12.34567, 123_457, 0},
		{-12.34567, -123_457, 0},
		{1.0 / 32, 312, 0}, // 312.5 units, which a float holds exactly: tie, 312 is even
		{3.0 / 32, 938, 0}, // 937.5 units: tie, 938 is even
		{-3.0 / 32, -938, 0},
		{0, 0, 0},
		{1e14, 0, money.Overflow},
		{-1e14, 0, money.Overflow},
		{99999999999999, 999_999_999_999_990_016, 0}, // 99999999999999·10⁴ to the nearest float, whose spacing is 128
		{math.Inf(1), 0, money.NotFinite},
		{math.NaN(), 0, money.NotFinite},
	} {
		if got, fault := money.FromNumber(c.v); got != c.want || fault != c.fault {
			t.Errorf("FromNumber(%v) = %d, %v; want %d, %v", c.v, got, fault, c.want, c.fault)
		}
	}
}
