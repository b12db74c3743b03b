package models

import (
	"math"
)

// erlangStarts are the places to start from of random purchases, with stages
// passed k times as fast.
func erlangStarts(t cellTotals, k int) []vector {
	starts := purchaseStarts(t)
	for i := range starts {
		starts[i][1] -= math.Log(float64(k))
	}
	return starts
}

// erlangLikelihood evaluates the mean log-likelihood of a family of Erlang.
//
// The likelihood of a cell is a function of x plus
//
//	−(r+kx)·ln(α+T) + ln(A + e^L),   A = Σⱼ cⱼ,   L = ln[a/(b+n−1)] + (r+kx)·ln[(α+T)/(α+tx)]
//
// of which the first term and the logarithms are taken once for each day, as in
// purchaseLikelihood, whose dropout and tables it shares.
type erlangLikelihood struct {
	*purchaseLikelihood
	k        int
	constant float64 // what holds no parameter: (k−1)·Σ ln(gap) − Σx·ln (k−1)!
}

func newErlangLikelihood(name Family, k int, d Data, scaleDays float64, each Each) *erlangLikelihood {
	l := &erlangLikelihood{purchaseLikelihood: newPurchaseLikelihood(dropoutOf(name), d.Cells, scaleDays, each), k: k}
	l.powers = nil
	purchases := 0.0
	for day := range l.ages {
		purchases += l.ages[day].purchases
		l.ages[day].purchases *= float64(k) // to stages, which `alive` is to count
	}
	gaps := d.LogGaps - purchases*math.Log(scaleDays)
	l.constant = float64(k-1)*gaps - purchases*logFactorial(k-1)
	return l
}

// evaluate returns the mean log-likelihood at (r, α, a, b), in scaled time.
func (l *erlangLikelihood) evaluate(p vector) evaluation {
	l.setTimes(p[1])
	var sums termSums
	sums.add(evaluation{value: l.constant})
	l.addCounts(&sums, p, l.k)
	sums.add(l.alive(p[0]))
	l.each.addBlocks(&sums, l.blocks, func(block int) (e evaluation) {
		from := block * blockCells
		for _, run := range cellsByX(l.cells[from:min(from+blockCells, len(l.cells))]) {
			l.addRun(&e, run, p)
		}
		return e
	})
	return sums.mean(l.customers)
}

// addRun adds the sum of f = ln(A + e^L) over cells of one x, by r, α, a and b.
//
// With gone = e^L/(A + e^L) and D = L − ln A, all derivatives are those of two
// functions:
//
//	f′ = (ln A)′ + gone·D′
//	f″ = (ln A)″ + gone·D″ + gone·(1−gone)·D′D′ᵀ
//
// A depends on r and α alone, and L on a and b by its first term alone, so that
// sums of gone and gone·(1−gone) serve these.
func (l *erlangLikelihood) addRun(e *evaluation, cells []Cell, p vector) {
	x := cells[0].X
	m := Geometric{Family: l.family, R: p[0], Alpha: p[1], A: p[2], B: p[3]}
	atLast := m.logOddsAtLast(int(x))
	stays := 1.0 // where nobody drops out: of no use, but divided by
	if m.dropsOut(int(x)) {
		stays = p[3] + m.occasions(int(x)) - 1
	}
	s := newStagePolynomial(l.k, p[0]+float64(l.k)*float64(x))
	g, h := &e.gradient, &e.hessian
	for i := range cells {
		c := &cells[i]
		n, inverseT, inverseTx := float64(c.Count), l.inverses[c.T], l.inverses[c.Tx]
		log, gap := l.logs[c.T]-l.logs[c.Tx], inverseT-inverseTx
		d := float64(c.T-c.Tx) / l.scaleDays * inverseT
		a := s.at(d)
		// d falls with α: ∂d/∂α = −d/(α+T), ∂²d/∂α² = 2d/(α+T)².
		byD := a.byD / a.value
		byR, byAlpha := a.byR/a.value, -byD*d*inverseT
		rr := a.byRR/a.value - byR*byR
		rAlpha := -(a.byRD/a.value - byR*byD) * d * inverseT
		alphaAlpha := ((a.byDD/a.value-byD*byD)*d + 2*byD) * d * inverseT * inverseT

		logA := math.Log(a.value)
		odds := atLast + s.passed*log - logA // D
		value, gone := logOnePlusExp(odds)
		one, two := n*gone, n*gone*(1-gone)
		r, alpha := log-byR, s.passed*gap-byAlpha // D′
		e.value += n * (logA + value)
		g[0] += n*byR + one*r
		g[1] += n*byAlpha + one*alpha
		g[2] += one / p[2]
		g[3] -= one / stays
		h[0][0] += n*rr - one*rr + two*r*r
		h[0][1] += n*rAlpha + one*(gap-rAlpha) + two*r*alpha
		h[1][1] += n*alphaAlpha - one*(s.passed*gap*(inverseT+inverseTx)+alphaAlpha) + two*alpha*alpha
		h[0][2] += two * r / p[2]
		h[0][3] -= two * r / stays
		h[1][2] += two * alpha / p[2]
		h[1][3] -= two * alpha / stays
		h[2][2] += (two - one) / (p[2] * p[2])
		h[2][3] -= two / (p[2] * stays)
		h[3][3] += (two + one) / (stays * stays)
	}
}

// logOnePlusExp returns ln(1 + e^x) and its derivative, of one exponential.
func logOnePlusExp(x float64) (value, derivative float64) {
	e := math.Exp(-math.Abs(x))
	if x > 0 {
		return x + math.Log1p(e), 1 / (1 + e)
	}
	return math.Log1p(e), e / (1 + e)
}

// stagePolynomial is A = Σⱼ (ρ)ⱼ/j!·dʲ of one ρ = r + kx: its coefficients and
// their first and second derivatives by ρ.
type stagePolynomial struct {
	passed               float64 // ρ
	of, byPassed, second [MaxStages]float64
}

func newStagePolynomial(k int, passed float64) stagePolynomial {
	s := stagePolynomial{passed: passed}
	s.of[0] = 1
	for j := 1; j < k; j++ {
		factor, by := (passed+float64(j-1))/float64(j), 1/float64(j)
		s.of[j] = s.of[j-1] * factor
		s.byPassed[j] = s.byPassed[j-1]*factor + s.of[j-1]*by
		s.second[j] = s.second[j-1]*factor + 2*s.byPassed[j-1]*by
	}
	return s
}

// stageSums are A and its derivatives by r and d.
type stageSums struct {
	value, byR, byD, byRR, byRD, byDD float64
}

// at evaluates A at d by Horner's scheme.
func (s *stagePolynomial) at(d float64) (a stageSums) {
	for j := MaxStages - 1; j >= 0; j-- {
		a.byDD = a.byDD*d + 2*a.byD
		a.byD = a.byD*d + a.value
		a.value = a.value*d + s.of[j]
		a.byRD = a.byRD*d + a.byR
		a.byR = a.byR*d + s.byPassed[j]
		a.byRR = a.byRR*d + s.second[j]
	}
	return a
}
