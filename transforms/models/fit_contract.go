package models

import (
	"math"

	"github.com/perennial-clv/perennial/transforms/numeric"
)

// contractLikelihood evaluates the mean log-likelihood of sBG or BdW, which are
// functions of how many customers left at each opportunity, and of how many are
// left at each age:
//
//	Σ_t left_t·ln[S(t) − S(t+1)] + Σ_T there_T·ln S(T)
//
// Cohorts of all ages are pooled, each with its own last opportunity. Source:
// Fader & Hardie (2007), appendix B, and (2010), eq. (8).
type contractLikelihood struct {
	left, there []float64 // customers by renewals made
	customers   float64
	hasShape    bool // c is a parameter, else 1
}

func newContractLikelihood(cells []Cell, hasShape bool) *contractLikelihood {
	most := int32(0)
	for _, c := range cells {
		most = max(most, c.X)
	}
	l := &contractLikelihood{left: make([]float64, most+1), there: make([]float64, most+1), hasShape: hasShape}
	for _, c := range cells {
		if n := float64(c.Count); c.X >= c.T {
			l.there[c.X] += n
		} else {
			l.left[c.X] += n
		}
		l.customers += float64(c.Count)
	}
	return l
}

// evaluate returns the mean log-likelihood at (α, β, c).
func (l *contractLikelihood) evaluate(p vector) evaluation {
	m := Contract{Alpha: p[0], Beta: p[1], C: p[2]}
	if !l.hasShape {
		m.C = 1
	}
	var sums termSums
	here := m.logSurvival(0)
	for t := range l.left {
		next := m.logSurvival(float64(t + 1))
		sums.add(here.times(l.there[t] + l.left[t]))
		if l.left[t] > 0 {
			sums.add(m.logLeaves(float64(t), here, next).times(l.left[t]))
		}
		here = next
	}
	return sums.mean(l.customers)
}

// times returns an evaluation of n customers.
func (e evaluation) times(n float64) evaluation {
	e.value *= n
	for i := range maxParameters {
		e.gradient[i] *= n
		for j := range maxParameters {
			e.hessian[i][j] *= n
		}
	}
	return e
}

// logSurvival evaluates ln S(t) of new customers, and its derivatives,
//
//	ln Γ(β+u)/Γ(β) − ln Γ(α+β+u)/Γ(α+β),   u = t^c
func (m Contract) logSurvival(t float64) (e evaluation) {
	if t == 0 {
		return e
	}
	a, b := m.Alpha, m.Beta
	u := math.Pow(t, m.C)
	byC := u * math.Log(t)
	own, all := numeric.Trigamma(b+u), numeric.Trigamma(a+b+u)
	ownRise, allRise := own-numeric.Trigamma(b), all-numeric.Trigamma(a+b)
	byU := -numeric.DigammaRise(b+u, a)
	e.value = m.after(0).logSurvival(t)
	alpha := -numeric.DigammaRise(a+b, u)
	e.gradient = vector{alpha, numeric.DigammaRise(b, u) + alpha, byU * byC}
	e.hessian[0] = vector{-allRise, -allRise, -all * byC}
	e.hessian[1] = vector{0, ownRise - allRise, (own - all) * byC}
	e.hessian[2] = vector{0, 0, byU*byC*math.Log(t) + (own-all)*byC*byC}
	return e
}

// logLeaves evaluates ln(1 − S(t+1)/S(t)), where here and next are the
// evaluations of ln S at t and t+1: with their difference d it is ln(1 − e^d),
// whose derivatives by d are −1/(e^−d − 1) and −e^−d/(e^−d − 1)².
func (m Contract) logLeaves(t float64, here, next evaluation) (e evaluation) {
	leaves := m.leaves(t)
	odds := leaves / (1 - leaves) // e^−d − 1
	first, second := -1/odds, -(1+odds)/(odds*odds)
	e.value = math.Log(leaves)
	var slope vector
	for i := range maxParameters {
		slope[i] = next.gradient[i] - here.gradient[i]
		e.gradient[i] = first * slope[i]
	}
	for i := range maxParameters {
		for j := i; j < maxParameters; j++ {
			e.hessian[i][j] = first*(next.hessian[i][j]-here.hessian[i][j]) + second*slope[i]*slope[j]
		}
	}
	return e
}
