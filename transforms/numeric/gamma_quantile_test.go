package numeric

import (
	"math"
	"testing"
)

func TestGammaQuantileAgreesWithHighPrecision(t *testing.T) {
	// mpmath 1.3, 40 digits: bisection of the regularized lower gamma function.
	for _, c := range []struct{ shape, q, want float64 }{
		{0.01, 0.001, 5.6607381470618812e-301}, {0.01, 0.1, 5.6607381470618812e-101}, {0.01, 0.5, 4.4655350189103487e-31},
		{0.01, 0.9, 1.5035936230702909e-5}, {0.01, 0.999, 1.5090841476947505},
		{0.3, 0.001, 6.9726990967833502e-11}, {0.3, 0.1, 0.00032372462182343277}, {0.3, 0.5, 0.073131135866951903},
		{0.3, 0.9, 0.88481077336024392}, {0.3, 0.999, 4.6189360427913343},
		{1, 0.001, 0.0010005003335835335}, {1, 0.5, 0.69314718055994531}, {1, 0.999, 6.9077552789821371},
		{2.5, 0.001, 0.10510630131460958}, {2.5, 0.1, 0.8051539934811615}, {2.5, 0.5, 2.1757300955477637},
		{2.5, 0.9, 4.6181784498905592}, {2.5, 0.999, 10.257502826216439},
		{40, 0.001, 23.259937964583782}, {40, 0.5, 39.667165010689099}, {40, 0.999, 62.419612007882397},
		{1e4, 0.1, 9872.0608750497358}, {1e4, 0.5, 9999.6666686420474}, {1e4, 0.999, 10311.875224539538},
		{9e5, 0.001, 897071.1978381427}, {9e5, 0.1, 898784.4277600185},
	} {
		if got := GammaQuantile(c.shape, c.q); !(math.Abs(got-c.want) <= 1e-9*c.want) {
			t.Errorf("shape %v, quantile %v: %v, want %v", c.shape, c.q, got, c.want)
		}
	}
	if got := GammaQuantile(1e-5, 0.1); got != 0 {
		t.Errorf("below the smallest number: %v", got)
	}
}

// A quantile rises with q and with the shape, whatever they are.
func TestGammaQuantileRises(t *testing.T) {
	for shape := 1e-4; shape < 2e6; shape *= 1.7 {
		before := -1.0
		for _, q := range []float64{1e-6, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 1 - 1e-6} {
			got := GammaQuantile(shape, q)
			if !(got >= before) || math.IsInf(got, 0) || got > 0 && got == before {
				t.Fatalf("shape %v: the quantile %v is %v, the one before %v", shape, q, got, before)
			}
			if larger := GammaQuantile(shape*1.1, q); !(larger >= got) {
				t.Fatalf("quantile %v: %v at shape %v, %v at %v", q, got, shape, larger, shape*1.1)
			}
			before = got
		}
	}
}

func BenchmarkGammaQuantile(b *testing.B) {
	for i := range b.N {
		GammaQuantile(0.05+float64(i%400), 0.1+0.4*float64(i%3))
	}
}
