package numeric

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestWholeSumDoesNotDependOnTheOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	numbers := make([]float64, 1000)
	for i := range numbers {
		numbers[i] = math.Exp(60 * random.Float64()) // up to 1e26
	}
	var forward, parts, rest WholeSum
	for i, v := range numbers {
		forward.Add(v)
		if i%3 == 0 {
			parts.Add(numbers[len(numbers)-1-i])
		} else {
			rest.Add(numbers[len(numbers)-1-i])
		}
	}
	parts.Merge(rest)
	if forward != parts {
		t.Errorf("forward %v, backward in two parts %v", forward, parts)
	}
	var sum Sum
	for _, v := range numbers {
		sum.Add(math.Floor(v))
	}
	if got, want := forward.Value(), sum.Value(); math.Abs(got/want-1) > 1e-15 {
		t.Errorf("sum %g, want %g", got, want)
	}
}

func TestWholeSumAtItsEnds(t *testing.T) {
	var s WholeSum
	for _, v := range []float64{0, 0.9, -5, math.NaN(), math.Inf(-1)} {
		s.Add(v)
	}
	if s.Value() != 0 {
		t.Errorf("of nothing whole the sum is %g, want 0", s.Value())
	}
	s.Add(math.Ldexp(1, 64))
	s.Add(3)
	if s != (WholeSum{1, 3}) {
		t.Errorf("2^64 + 3 is %v", s)
	}
	s.Add(math.Inf(1))
	s.Add(7)
	if want := math.Ldexp(1, 128); s.Value() != want {
		t.Errorf("beyond its range the sum is %g, want %g", s.Value(), want)
	}
}
