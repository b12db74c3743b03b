package models

import "math"

// stageCounts are the probabilities of the numbers of stages passed within a
// time, from low on: those of NBD(r, α), negative binomial, as far as they count.
type stageCounts struct {
	low  int
	prob []float64
}

// newStageCounts returns the counts within w times α, so that the probability of
// at least `least` ≥ 1 stages, however small, is right to the last digits. Not ok
// if too many numbers are likely.
//
//	P(i+1)/P(i) = (r+i)/(i+1)·w/(1+w),   Σ P(i) = 1
//
// Computed from the likeliest number on both ways, and divided by the sum: no
// gamma function, nothing to cancel or overflow.
func newStageCounts(r, w float64, least int) (c stageCounts, ok bool) {
	const (
		most       = 512   // beyond, quadrature costs less
		negligible = 1e-20 // of the likeliest: e^−46, or 9.6 standard deviations away
	)
	// To both sides of the likeliest they fall as a normal density at most, and above
	// no faster than by w/(1+w) each.
	if spread := math.Sqrt(r * w * (1 + w)); !(spread < most/16 && w < most/40) {
		return c, false
	}
	mode := math.Floor(max(0, (r-1)*w))
	z := w / (1 + w)
	var falling []float64
	for i, p := mode-1, 1.0; i >= 0; i-- {
		if p *= (i + 1) / ((r + i) * z); p < negligible || len(falling) == most {
			break
		}
		falling = append(falling, p)
	}
	c.low = int(mode) - len(falling)
	c.prob = make([]float64, 0, 2*len(falling)+most/8)
	sum, beyond := 0.0, 0.0
	for i := len(falling) - 1; i >= 0; i-- {
		c.prob = append(c.prob, falling[i])
		sum += falling[i]
		if c.low+len(c.prob) > least {
			beyond += falling[i]
		}
	}
	for i, p := mode, 1.0; len(c.prob) < most; i++ {
		c.prob = append(c.prob, p)
		sum += p
		ratio := (r + i) / (i + 1) * z
		if int(i) >= least {
			beyond += p
			if p*ratio <= negligible*beyond*(1-ratio) {
				for i := range c.prob {
					c.prob[i] /= sum
				}
				return c, true
			}
		}
		p *= ratio
	}
	return c, false
}

// expectedBy is Expected by the numbers of stages passed within h.
//
//	Σᵢ P(i)·W(⌊(i+j)/k⌋),   W(n) = Σ_{l<n} B(a, b+l)/B(a, b)
func (f erlangFuture) expectedBy(c stageCounts) float64 {
	stayed, made, total := 1.0, 0.0, 0.0 // B(a, b+n)/B(a, b), W(n)
	n := 0
	for i, p := range c.prob {
		for ; (n+1)*f.k <= c.low+i+f.stage; n++ {
			made += stayed
			stayed *= f.stays(n)
		}
		total += p * made
	}
	return total
}

// retainedBy is Retained by the numbers of stages passed until `from`, v being
// what is left until `to` by α+from.
func (f erlangFuture) retainedBy(c stageCounts, v float64) float64 {
	stayed, total := 1.0, 0.0
	n := 0
	for i, p := range c.prob {
		for ; (n+1)*f.k <= c.low+i+f.stage; n++ {
			stayed *= f.stays(n)
		}
		stage := c.low + i + f.stage - n*f.k
		total += p * stayed * reached(f.k-stage, f.r+float64(c.low+i), v)
	}
	return total
}

// stays returns the probability of staying at the next purchase after n: 1 − p of
// Beta(a, b+n).
func (f erlangFuture) stays(n int) float64 {
	return (f.b + float64(n)) / (f.a + f.b + float64(n))
}

// reached returns the probability of passing at least m ≥ 1 stages, a few, within
// w times α, of NBD(r, α).
//
//	1 − (1+w)^−r·Σ_{i<m} (r)ᵢ/i!·zⁱ,   z = w/(1+w)
//
// 1 for w = +Inf. Where that cancels, the terms from m on are added up instead:
// there z is small, or few customers have any rate at all, which expm1 knows.
// Agrees with 30-digit values to 1e-13 relative (TestErlangFutures…).
func reached(m int, r, w float64) float64 {
	const cancels = 0.1
	if math.IsInf(w, 1) {
		return 1
	}
	log := r * math.Log1p(w)
	any := -math.Expm1(-log)
	term, z := math.Exp(-log), w/(1+w)
	value := any
	for i := range m {
		if i > 0 {
			value -= term
		}
		term *= (r + float64(i)) / float64(i+1) * z
	}
	if m == 1 || value > cancels*any {
		return value
	}
	const rounding = 1e-17
	value = 0
	for i := float64(m); term > rounding*value; i++ {
		value += term
		term *= (r + i) / (i + 1) * z
	}
	return value
}

// passing adds up the probabilities of passing 0, 1, 2 … stages, in scaled numbers,
// for the first of them may be too small for any other.
type passing struct {
	r, z       float64
	next       int
	own, scale float64 // the probability of `next` is own·scale
	log        float64 // ln scale
}

func newPassing(r, w float64) *passing {
	log := -r * math.Log1p(w)
	return &passing{r: r, z: w / (1 + w), own: 1, scale: math.Exp(log), log: log}
}

// upTo returns the sum of those from the last call on up to `last`, a few.
func (p *passing) upTo(last int) float64 {
	const large = 1e200 // a few factors more are still a number
	if p.own > large {
		p.own /= large
		p.log += math.Log(large)
		p.scale = math.Exp(p.log)
	}
	sum := 0.0
	for ; p.next <= last; p.next++ {
		sum += p.own
		i := float64(p.next)
		p.own *= (p.r + i) / (i + 1) * p.z
	}
	return sum * p.scale
}
