package money_test

import (
	"math"
	"testing"

	"github.com/perennial-clv/perennial/transforms/money"
)

func TestAddIsCheckedAtEighteenDigits(t *testing.T) {
	for _, c := range []struct {
		a, b, want int64
		ok         bool
	}{
		{1, 2, 3, true},
		{money.Max, -1, money.Max - 1, true},
		{money.Max, 0, money.Max, true},
		{money.Max, 1, money.Max + 1, false},
		{-money.Max, -1, -money.Max - 1, false},
		{math.MaxInt64, 1, math.MinInt64, false},
		{math.MinInt64, -1, math.MaxInt64, false},
		{math.MinInt64, math.MaxInt64, -1, true},
	} {
		if got, ok := money.Add(c.a, c.b); got != c.want || ok != c.ok {
			t.Errorf("Add(%d, %d) = %d, %t; want %d, %t", c.a, c.b, got, ok, c.want, c.ok)
		}
	}
}

func TestEveryFaultHasAText(t *testing.T) {
	want := map[money.Fault]string{
		money.NoFault: "", money.Malformed: "not a number", money.TooManyDecimals: "too many decimals",
		money.Overflow: "too large", money.NotFinite: "not finite", money.NotFinite + 1: "unknown fault",
	}
	for f, text := range want {
		if got := f.String(); got != text {
			t.Errorf("Fault(%d).String() = %q; want %q", f, got, text)
		}
	}
}

func TestFormatIsExactAndShort(t *testing.T) {
	for amount, want := range map[int64]string{
		0:                  "0",
		-5_000:             "-0.5",
		1_684_696_000:      "168469.6",
		120_000:            "12",
		1:                  "0.0001",
		-100:               "-0.01",
		100_001:            "10.0001",
		money.Max:          "99999999999999.9999",
		-money.Max:         "-99999999999999.9999",
		math.MinInt64:      "-922337203685477.5808",
		1_000_000_000_0000: "1000000000",
	} {
		if got := money.Format(amount); got != want {
			t.Errorf("Format(%d) = %q; want %q", amount, got, want)
		}
	}
}

func TestFormatFixedRoundsHalfToEven(t *testing.T) {
	for _, c := range []struct {
		amount   int64
		decimals int
		want     string
	}{
		{1_250, 2, "0.12"}, // 0.125: tie, 12 is even
		{1_350, 2, "0.14"}, // 0.135: tie, 14 is even
		{1_251, 2, "0.13"}, // more than a tie
		{-1_250, 2, "-0.12"},
		{-49, 2, "0.00"},     // rounds to zero, which has no sign
		{5_000, 0, "0"},      // 0.5: tie, 0 is even
		{15_000, 0, "2"},     // 1.5: tie, 2 is even
		{99_999, 2, "10.00"}, // carries into a new digit
		{10_500, 4, "1.0500"},
		{566_667, 4, "56.6667"},
		{math.MinInt64, 2, "-922337203685477.58"},
	} {
		if got := money.FormatFixed(c.amount, c.decimals); got != c.want {
			t.Errorf("FormatFixed(%d, %d) = %q; want %q", c.amount, c.decimals, got, c.want)
		}
	}
}

func TestMeanRoundsHalfToEven(t *testing.T) {
	for _, c := range []struct {
		amount, count, want int64
		known               bool
	}{
		{1_700_000, 3, 566_667, true}, // 566 666.67
		{1_000_000, 3, 333_333, true},
		{-1_700_000, 3, -566_667, true},
		{5, 2, 2, true}, // tie, 2 is even
		{7, 2, 4, true}, // tie, 4 is even
		{-5, 2, -2, true},
		{-7, 2, -4, true},
		{-1, 2, 0, true},
		{0, 5, 0, true},
		{math.MaxInt64, math.MaxInt64, 1, true},
		{5, 0, 0, false},
	} {
		if got, known := money.Mean(c.amount, c.count); got != c.want || known != c.known {
			t.Errorf("Mean(%d, %d) = %d, %t; want %d, %t", c.amount, c.count, got, known, c.want, c.known)
		}
	}
}
