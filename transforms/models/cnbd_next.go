package models

import "math"

// timeToPurchase returns the time by which a customer in the stage has bought with
// probability q.
func (f erlangFuture) timeToPurchase(q float64) float64 {
	var weights [MaxStages]float64
	weights[f.stage] = 1
	return f.timeToPurchaseAmong(weights[:f.k], q)
}

// timeToPurchaseAmong implements staged.
//
//	Σⱼ weightⱼ·P(N(h) < k−j) = (1−q)·Σⱼ weightⱼ,   N ~ NBD(ρ+j, α), ρ = r + kx
//
// Solved for y = ln(1 + h/α) by Newton's method on the logarithm of the left side,
// which is as good as linear in y, between bounds that close in.
func (f erlangFuture) timeToPurchaseAmong(weights []float64, q float64) float64 {
	const (
		rounding = 1e-15
		most     = 200 // halvings of the bounds at worst
	)
	total := 0.0
	for _, weight := range weights {
		total += weight
	}
	passed := f.r - float64(f.stage)
	want := math.Log1p(-q) + math.Log(total)
	low, high := 0.0, math.Inf(1)
	y := (float64(len(weights)-1) - math.Log1p(-q)) / passed // beyond it, where steps close in from one side
	for range most {
		log, slope := noPurchase(passed, y, weights)
		if log > want {
			low = y
		} else {
			high = y
		}
		next := y - (log-want)/slope
		if !(next > low && next < high) {
			next = min(2*y, low+(high-low)/2)
		}
		if math.Abs(next-y) <= rounding*y {
			break
		}
		y = next
	}
	return f.alpha * math.Expm1(y)
}

// noPurchase returns the logarithm of the weighted probability of no purchase until
// e^y − 1 times α, and its derivative by y.
//
//	e^(−ρy)·Σⱼ weightⱼ·e^(−jy)·Σ_{i<k−j} (ρ+j)ᵢ/i!·uⁱ,   u = 1 − e^−y
//	−e^(−ρy)·Σⱼ weightⱼ·e^(−jy)·(ρ+j)_{k−j}/(k−j−1)!·u^(k−j−1)
func noPurchase(passed, y float64, weights []float64) (log, slope float64) {
	u, stay := -math.Expm1(-y), math.Exp(-y)
	sum, falls, factor := 0.0, 0.0, 1.0
	for j, weight := range weights {
		term, silent := 1.0, 0.0
		for i := range len(weights) - j {
			silent += term
			factors := passed + float64(j+i)
			if i == len(weights)-j-1 {
				falls += weight * factor * term * factors
			}
			term *= factors / float64(i+1) * u
		}
		sum += weight * factor * silent
		factor *= stay
	}
	return math.Log(sum) - passed*y, -falls / sum
}
