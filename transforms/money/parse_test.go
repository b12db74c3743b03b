package money_test

import (
	"math/big"
	"regexp"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/transforms/money"
)

func TestParseReadsPlainDecimals(t *testing.T) {
	for _, c := range []struct {
		text     string
		decimals int
		want     int64
		fault    money.Fault
	}{
		{"12.34", 2, 123_400, 0},
		{"12.34", 4, 123_400, 0},
		{"-0.5", 2, -5_000, 0},
		{"+7", 0, 70_000, 0},
		{".5", 2, 5_000, 0},
		{"5.", 2, 50_000, 0},
		{"-0", 2, 0, 0},
		{"007.10", 1, 71_000, 0},
		{"1.5000000000000000000000", 1, 15_000, 0},
		{"00000000000000000000000001", 0, 10_000, 0},
		{"99999999999999.9999", 4, money.Max, 0},
		{"-99999999999999.9999", 4, -money.Max, 0},

		{"1.005", 2, 0, money.TooManyDecimals},
		{"0.00001", 4, 0, money.TooManyDecimals},
		{"1.5", 0, 0, money.TooManyDecimals},
		{"100000000000000.00001", 4, 0, money.TooManyDecimals}, // before Overflow

		{"100000000000000", 4, 0, money.Overflow},
		{strings.Repeat("9", 400), 4, 0, money.Overflow},

		{"", 4, 0, money.Malformed},
		{".", 4, 0, money.Malformed},
		{"-", 4, 0, money.Malformed},
		{"-.", 4, 0, money.Malformed},
		{"+-1", 4, 0, money.Malformed},
		{"1e3", 4, 0, money.Malformed},
		{"1,000", 4, 0, money.Malformed},
		{"1_000", 4, 0, money.Malformed},
		{"£5", 4, 0, money.Malformed},
		{" 5", 4, 0, money.Malformed},
		{"5 ", 4, 0, money.Malformed},
		{"1.2.3", 4, 0, money.Malformed},
		{"0x1F", 4, 0, money.Malformed},
		{"1.23456x", 4, 0, money.Malformed}, // before TooManyDecimals
		{"NaN", 4, 0, money.Malformed},
		{"٣", 4, 0, money.Malformed}, // a digit, but not of ours
	} {
		if got, fault := money.Parse(c.text, c.decimals); got != c.want || fault != c.fault {
			t.Errorf("Parse(%q, %d) = %d, %v; want %d, %v", c.text, c.decimals, got, fault, c.want, c.fault)
		}
	}
}

func TestParseReadsBackWhatFormatWrites(t *testing.T) {
	for amount := int64(1); amount < money.Max/7; amount = amount*7 + 3 {
		for _, v := range []int64{amount, -amount} {
			if got, fault := money.Parse(money.Format(v), 4); got != v || fault != money.NoFault {
				t.Fatalf("Parse(Format(%d)) = %d, %v", v, got, fault)
			}
		}
	}
}

var plainDecimal = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)$`)

// rational returns the number that a plain decimal stands for.
func rational(t *testing.T, text string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("math/big does not read %q", text)
	}
	return r
}

// scaled returns r × 10^n.
func scaled(r *big.Rat, n int) *big.Rat {
	return new(big.Rat).Mul(r, new(big.Rat).SetInt(power(n)))
}

func power(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// tooLong reports whether |i| has more than 18 digits.
func tooLong(i *big.Int) bool { return i.CmpAbs(big.NewInt(money.Max)) > 0 }

func FuzzParse(f *testing.F) {
	for _, s := range []string{"12.34", "-0.5000", ".5", "5.", "1.23456", "1e3", "", "99999999999999.9999", "100000000000000"} {
		f.Add(s, 2)
		f.Add(s, 4)
	}
	f.Fuzz(func(t *testing.T, s string, decimals int) {
		decimals = int(uint(decimals) % 5)
		got, fault := money.Parse(s, decimals)
		wantFault, want := money.NoFault, int64(0)
		if !plainDecimal.MatchString(s) {
			wantFault = money.Malformed
		} else if r := rational(t, s); !scaled(r, decimals).IsInt() {
			wantFault = money.TooManyDecimals
		} else if units := scaled(r, 4).Num(); tooLong(units) {
			wantFault = money.Overflow
		} else {
			want = units.Int64()
		}
		if got != want || fault != wantFault {
			t.Errorf("Parse(%q, %d) = %d, %v; want %d, %v", s, decimals, got, fault, want, wantFault)
		}
	})
}

func FuzzParseDecimal(f *testing.F) {
	for _, s := range []string{"12.34", "-0.000000000000000001", "999999999999999999", "1234567890.123456789", "1e3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, fault := money.ParseDecimal(s)
		switch {
		case (fault == money.Malformed) == plainDecimal.MatchString(s):
			t.Errorf("ParseDecimal(%q): %v", s, fault)
		case fault == money.Malformed:
		case fault == money.NoFault:
			r := rational(t, s)
			if back := new(big.Rat).SetFrac(big.NewInt(got.Coefficient), power(int(got.Scale))); back.Cmp(r) != 0 {
				t.Errorf("ParseDecimal(%q) = %v, which is %v", s, got, back)
			}
		default: // no scale of 0 to 18 makes it an integer of 18 digits
			for n, r := 0, rational(t, s); n <= 18; n++ {
				if v := scaled(r, n); v.IsInt() && !tooLong(v.Num()) {
					t.Errorf("ParseDecimal(%q): %v; want %v with scale %d", s, fault, v.Num(), n)
				}
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	texts := []string{"2.55", "15.3", "-1234.50", "0.85", "168469.6000"}
	for i := range b.N {
		if _, fault := money.Parse(texts[i%len(texts)], 4); fault != money.NoFault {
			b.Fatal(fault)
		}
	}
}
