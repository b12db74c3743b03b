package money_test

import (
	"encoding/binary"
	"math"
	"math/big"
	"testing"

	"github.com/perennial-clv/perennial/transforms/money"
)

func TestParseDecimalKeepsEighteenDigits(t *testing.T) {
	for _, c := range []struct {
		text  string
		want  money.Decimal
		fault money.Fault
	}{
		{"2.55", money.Decimal{Coefficient: 255, Scale: 2}, 0},
		{"2.5500", money.Decimal{Coefficient: 25500, Scale: 4}, 0},
		{"2.55000000000000000000", money.Decimal{Coefficient: 255, Scale: 2}, 0},
		{"-12", money.Decimal{Coefficient: -12}, 0},
		{"1200", money.Decimal{Coefficient: 1200}, 0},
		{"0.000", money.Decimal{Scale: 3}, 0},
		{"0.000000000000000001", money.Decimal{Coefficient: 1, Scale: 18}, 0},
		{"999999999999999999", money.Decimal{Coefficient: money.Max}, 0},
		{"1.23456789012345678", money.Decimal{Coefficient: 123456789012345678, Scale: 17}, 0},
		{"1.234567890123456789", money.Decimal{}, money.TooManyDecimals}, // 19 digits
		{"0.0000000000000000001", money.Decimal{}, money.TooManyDecimals},
		{"1000000000000000000", money.Decimal{}, money.Overflow},
		{"1000000000000000000.5", money.Decimal{}, money.TooManyDecimals},
		{"1e3", money.Decimal{}, money.Malformed},
	} {
		if got, fault := money.ParseDecimal(c.text); got != c.want || fault != c.fault {
			t.Errorf("ParseDecimal(%q) = %v, %v; want %v, %v", c.text, got, fault, c.want, c.fault)
		}
	}
}

func TestMultiplyRoundsHalfToEvenOnce(t *testing.T) {
	for _, c := range []struct {
		a, b    string
		want    int64
		rounded bool
		fault   money.Fault
	}{
		{"6", "2.55", 153_000, false, 0},
		{"-1", "2.55", -25_500, false, 0},
		{"0.333", "1.11", 3_696, true, 0},   // 0.36963 down
		{"0.5", "0.0001", 0, true, 0},       // tie at 0.00005, 0 is even
		{"1.5", "0.0001", 2, true, 0},       // tie at 0.00015, 2 is even
		{"-1.5", "0.0001", -2, true, 0},     // and so below zero
		{"0.5000001", "0.0001", 1, true, 0}, // more than a tie
		{"0.50000000000000001", "0.0001", 1, true, 0},
		{"0.000000000000000001", "0.000000000000000001", 0, true, 0},
		{"0.000000000000000005", "1", 0, true, 0}, // scale 18: far below a tie
		{"0", "123", 0, false, 0},
		{"99999999999999.9999", "1", money.Max, false, 0},
		{"99999999999999.99995", "1", 0, false, money.TooManyDecimals}, // 19 digits: never a Decimal
		{"100000000000000", "1", 0, false, money.Overflow},
		{"999999999999999999", "999999999999999999", 0, false, money.Overflow},
	} {
		a, fault := money.ParseDecimal(c.a)
		b, _ := money.ParseDecimal(c.b)
		var got int64
		var rounded bool
		if fault == money.NoFault {
			got, rounded, fault = money.Multiply(a, b)
		}
		if got != c.want || rounded != c.rounded || fault != c.fault {
			t.Errorf("%s × %s = %d, %t, %v; want %d, %t, %v", c.a, c.b, got, rounded, fault, c.want, c.rounded, c.fault)
		}
	}
}

func TestMultiplyTakesAnyInteger(t *testing.T) {
	for v, want := range map[int64]money.Fault{-3: money.NoFault, 100_000_000_000_000: money.Overflow, math.MinInt64: money.Overflow} {
		got, rounded, fault := money.Multiply(money.FromInt(v), money.FromInt(1))
		if fault != want || rounded || fault == money.NoFault && got != v*money.Scale {
			t.Errorf("%d × 1 = %d, %t, %v; want %v", v, got, rounded, fault, want)
		}
	}
}

func TestSharePanicsBeyondAnAmount(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a share of 11 times the largest amount does not panic")
		}
	}()
	money.Share(money.Max, money.FromInt(11))
}

func TestShareIsTheMarginRoundedOnce(t *testing.T) {
	rate := func(s string) money.Decimal {
		d, fault := money.ParseDecimal(s)
		if fault != money.NoFault {
			t.Fatalf("ParseDecimal(%q): %v", s, fault)
		}
		return d
	}
	for _, c := range []struct {
		amount int64
		rate   string
		want   int64
	}{
		{1_000_000, "0.4", 400_000},
		{-1_000_000, "0.4", -400_000},
		{1, "0.5", 0}, // tie, 0 is even
		{3, "0.5", 2}, // tie, 2 is even
		{12_345, "0.333", 4_111},
		{money.Max, "1", money.Max},
		{money.Max, "-1", -money.Max},
	} {
		if got := money.Share(c.amount, rate(c.rate)); got != c.want {
			t.Errorf("Share(%d, %s) = %d; want %d", c.amount, c.rate, got, c.want)
		}
	}
}

func TestRescaleIsExactOrAFault(t *testing.T) {
	for _, c := range []struct {
		coefficient string
		scale       int32
		want        int64
		fault       money.Fault
	}{
		{"1234", 2, 123_400, 0},
		{"-1234", 2, -123_400, 0},
		{"12340000000", 9, 123_400, 0},
		{"1", 5, 0, money.TooManyDecimals},
		{"10", 5, 1, 0},
		{"3", -2, 3_000_000, 0},
		{"0", 38, 0, 0},
		{"0", -38, 0, 0},
		{"1", -15, 0, money.Overflow},
		{"-12345000000000000000000000000000000", 34, -12_345, 0},
		{"-12345000000000000000000000000000001", 34, 0, money.TooManyDecimals},
		{"999999999999999999", 4, money.Max, 0},
		{"1000000000000000000", 4, 0, money.Overflow},
		{"-170141183460469231731687303715884105728", 0, 0, money.Overflow}, // −2^127
	} {
		v, _ := new(big.Int).SetString(c.coefficient, 10)
		hi, lo := halves(v)
		if got, fault := money.Rescale(hi, lo, c.scale); got != c.want || fault != c.fault {
			t.Errorf("Rescale(%s, %d) = %d, %v; want %d, %v", c.coefficient, c.scale, got, fault, c.want, c.fault)
		}
	}
}

// halves returns v, within ±2^127, in two's complement.
func halves(v *big.Int) (hi int64, lo uint64) {
	wrapped := new(big.Int).And(v, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(1)))
	var b [16]byte
	wrapped.FillBytes(b[:])
	return int64(binary.BigEndian.Uint64(b[:8])), binary.BigEndian.Uint64(b[8:])
}

// join is the inverse of halves.
func join(hi int64, lo uint64) *big.Int {
	v := new(big.Int).Lsh(big.NewInt(hi), 64)
	return v.Add(v, new(big.Int).SetUint64(lo))
}

// valueOf returns coefficient ÷ 10^scale; the scale may be negative.
func valueOf(coefficient *big.Int, scale int32) *big.Rat {
	if scale < 0 {
		return scaled(new(big.Rat).SetInt(coefficient), int(-scale))
	}
	return new(big.Rat).SetFrac(coefficient, power(int(scale)))
}

// roundHalfEven returns r rounded to an integer.
func roundHalfEven(r *big.Rat) *big.Int {
	floor := new(big.Int).Div(r.Num(), r.Denom()) // Euclid's: rounds down, as the divisor is positive
	rest := new(big.Rat).Sub(r, new(big.Rat).SetInt(floor))
	switch rest.Cmp(big.NewRat(1, 2)) {
	case 0:
		if floor.Bit(0) == 0 {
			return floor
		}
		fallthrough
	case 1:
		return floor.Add(floor, big.NewInt(1))
	}
	return floor
}

func FuzzRescale(f *testing.F) {
	f.Add(int64(0), uint64(12_340_000), int32(6))
	f.Add(int64(-1), uint64(math.MaxUint64), int32(-3))
	f.Add(int64(math.MinInt64), uint64(0), int32(38))
	f.Add(int64(542_101_086_242_752_217), uint64(68_739_955_140_067_328), int32(37)) // 10^37
	f.Fuzz(func(t *testing.T, hi int64, lo uint64, scale int32) {
		scale %= 40
		value := valueOf(join(hi, lo), scale)
		checkRescale(t, hi, lo, scale, scaled(value, 4))
		checkDecimalOf(t, hi, lo, scale, value)
	})
}

func checkRescale(t *testing.T, hi int64, lo uint64, scale int32, units *big.Rat) {
	t.Helper()
	want, wantFault := int64(0), money.NoFault
	switch {
	case !units.IsInt():
		wantFault = money.TooManyDecimals
	case tooLong(units.Num()):
		wantFault = money.Overflow
	default:
		want = units.Num().Int64()
	}
	if got, fault := money.Rescale(hi, lo, scale); got != want || fault != wantFault {
		t.Errorf("Rescale(%d, %d, %d) = %d, %v; want %d, %v", hi, lo, scale, got, fault, want, wantFault)
	}
}

func checkDecimalOf(t *testing.T, hi int64, lo uint64, scale int32, value *big.Rat) {
	t.Helper()
	got, fault := money.DecimalOf(hi, lo, scale)
	text := value.FloatString(40) // exact: a scale is at most 39
	_, wantFault := money.ParseDecimal(text)
	if fault != wantFault {
		t.Errorf("DecimalOf(%d, %d, %d): %v; ParseDecimal(%q): %v", hi, lo, scale, fault, text, wantFault)
	}
	if fault == money.NoFault && valueOf(big.NewInt(got.Coefficient), got.Scale).Cmp(value) != 0 {
		t.Errorf("DecimalOf(%d, %d, %d) = %v; want %s", hi, lo, scale, got, text)
	}
	if got.Scale < 0 || got.Scale > 18 || tooLong(big.NewInt(got.Coefficient)) {
		t.Errorf("DecimalOf(%d, %d, %d) = %v, which is no Decimal", hi, lo, scale, got)
	}
}

func FuzzMultiply(f *testing.F) {
	f.Add(int64(255), uint8(2), int64(6), uint8(0))
	f.Add(int64(5), uint8(5), int64(1), uint8(0))
	f.Add(int64(money.Max), uint8(18), int64(-money.Max), uint8(18))
	f.Add(int64(500_000_000_000_000_000), uint8(18), int64(100_000_000_000_000), uint8(18))
	f.Add(int64(math.MinInt64), uint8(0), int64(math.MinInt64), uint8(18))
	f.Fuzz(func(t *testing.T, a int64, aScale uint8, b int64, bScale uint8) {
		x := money.Decimal{Coefficient: a, Scale: int32(aScale % 19)}
		y := money.Decimal{Coefficient: b, Scale: int32(bScale % 19)}
		product := new(big.Int).Mul(big.NewInt(a), big.NewInt(b))
		exact := scaled(valueOf(product, x.Scale+y.Scale), 4)
		want, wantRounded, wantFault := roundHalfEven(exact), !exact.IsInt(), money.NoFault
		if tooLong(want) {
			want, wantFault = new(big.Int), money.Overflow
		}
		got, rounded, fault := money.Multiply(x, y)
		if got != want.Int64() || fault != wantFault || fault == money.NoFault && rounded != wantRounded {
			t.Errorf("Multiply(%v, %v) = %d, %t, %v; want %v, %t, %v", x, y, got, rounded, fault, want, wantRounded, wantFault)
		}
	})
}

func BenchmarkMultiply(b *testing.B) {
	quantity, price := money.FromInt(6), money.Decimal{Coefficient: 2_551_234, Scale: 6}
	for b.Loop() {
		money.Multiply(quantity, price)
	}
}
