package money_test

import (
	"math/big"
	"testing"

	"github.com/perennial-clv/perennial/transforms/money"
)

// A fraction is rounded once, a half to the even neighbour.
func TestRoundHalfToEven(t *testing.T) {
	for _, c := range []struct {
		num, den int64
		want     int64
		fault    money.Fault
	}{
		{1, 2, 0, 0}, {3, 2, 2, 0}, {-5, 2, -2, 0}, {-3, 2, -2, 0}, {5, 3, 2, 0}, {4, 3, 1, 0}, {-1, 3, 0, 0}, {0, 1, 0, 0},
		{13_980_783, 2, 6_990_392, 0}, // 699.03915, which as a float product fell to 699.0391
		{2*money.Max + 1, 2, 0, money.Overflow},
		{2*money.Max - 1, 2, money.Max - 1, 0}, // Max is odd, so the half goes to Max−1
	} {
		if got, fault := money.Round(big.NewRat(c.num, c.den)); got != c.want || fault != c.fault {
			t.Errorf("Round(%d/%d) = %d, %v; want %d, %v", c.num, c.den, got, fault, c.want, c.fault)
		}
	}
	huge := new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), 200))
	if _, fault := money.Round(huge); fault != money.Overflow {
		t.Errorf("Round(2^200): fault %v", fault)
	}
}
