package models

import (
	"fmt"
	"math"
	"slices"

	"github.com/perennial-clv/perennial/transforms/money"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// SpendCell is a group of customers whom the model of spend cannot tell apart.
type SpendCell struct {
	Sum   int64 // money of the purchases averaged, in 10⁻⁴ of the currency
	X     int32 // how many they are, ≥ 1: the repeat purchases
	Count int32 // customers, ≥ 1
}

// leastQ is the q below which the mean of the population, pγ/(q−1), is over
// twenty times pγ and moves by half with a hundredth of q: no mean to publish.
const leastQ = 1.05

// FitSpend fits the Gamma–Gamma model to cells by maximum likelihood.
//
// Cells are distinct and sorted by (X, Sum). Each customer weighs the same.
// Cells without a repeat purchase or with a sum of 0 or less are left out: the
// model knows positive amounts only. Amounts are divided by their mean for the
// search; Gamma and the log-likelihood, a density of the mean value, are given
// in the currency. Fewer than MinRepeaters customers are insufficient data. A q
// of 1.05 or less, where the population has no mean that could be published, is
// FitBoundary, and Fit.Spend then gives no model. The maximum agrees with that
// of an independent program to 1e-6 in the parameters (TestFitsOfCDNOW…).
func FitSpend(cells []SpendCell, s FitSettings) Fit {
	l := newSpendLikelihood(cells, s.Each)
	if f := tooFewSpenders(l, s); f.Status != "" {
		return f
	}
	p := newSpendProblem(l)
	starts := p.starts
	if earlier, ok := s.earlier(GammaGamma); ok {
		starts = slices.Insert(starts, 0, p.thetaOf(earlier))
	}
	return withMean(p.fit(p.best(starts, s)))
}

// tooFewSpenders returns the fit of too few data, or one without a status.
func tooFewSpenders(l *spendLikelihood, s FitSettings) (f Fit) {
	if l.count < s.MinRepeaters || l.count == 0 {
		f = insufficient(GammaGamma, l.count, l.distinct,
			fmt.Sprintf("%d customers have repeat purchases of value, fewer than %d", l.count, max(1, s.MinRepeaters)))
	}
	return f
}

// spendParameters are those of the Gamma–Gamma model.
var spendParameters = []string{"p", "q", "gamma"}

// newSpendProblem returns the likelihood of the Gamma–Gamma model.
func newSpendProblem(l *spendLikelihood) problem {
	start := func(p, q float64) vector {
		return vector{math.Log(p), math.Log(q), math.Log((q - 1) / p)} // mean pγ/(q−1) = 1
	}
	return problem{
		family: GammaGamma, names: spendParameters, objective: l.evaluate,
		starts: []vector{start(5, 4), start(1, 2), start(20, 10)}, scales: []float64{1, 1, l.scale},
		shift:     -float64(l.count) * math.Log(l.scale),
		customers: l.count, cells: l.distinct,
	}
}

// withMean puts a fit whose population has no mean on the bound.
func withMean(f Fit) Fit {
	if q := f.Parameters[1].Estimate; f.usable() && q <= leastQ {
		f.Status = FitBoundary
		f.Reason = fmt.Sprintf("q is %.3g: so few customers make so much of the money that the mean value of a purchase has no bound", q)
		for i := range f.Parameters {
			f.Parameters[i].StdError = numeric.Null[float64]{}
		}
	}
	return f
}

// spendLikelihood evaluates the mean log-likelihood of the Gamma–Gamma model.
// With s = mx the likelihood of a cell is a function of x plus
//
//	px·[ln s − ln(γ+s)] + q·[ln γ − ln(γ+s)] − ln m
//
// of which Σ x·ln s and Σ ln m are the same at all parameters, so that a cell
// costs one logarithm.
type spendLikelihood struct {
	cells    []SpendCell // as given, also those left out
	counts   []xCount
	count    int64   // customers
	distinct int64   // cells that count
	scale    float64 // mean over customers of m, in currency
	unit     float64 // scaled money of one unit of Sum
	logSums  float64 // Σ x·ln s over customers, in scaled money
	logMeans float64 // Σ ln m
	blocks   []evaluation
	each     Each
}

// counts reports whether the model knows of the cell.
func (c *SpendCell) counts() bool { return c.X > 0 && c.Sum > 0 }

func newSpendLikelihood(cells []SpendCell, each Each) *spendLikelihood {
	l := &spendLikelihood{cells: cells, each: each, blocks: make([]evaluation, (len(cells)+blockCells-1)/blockCells)}
	var means numeric.Sum
	for i := range cells {
		c := &cells[i]
		if !c.counts() {
			continue
		}
		x, customers := float64(c.X), float64(c.Count)
		if k := len(l.counts); k == 0 || l.counts[k-1].x != x {
			l.counts = append(l.counts, xCount{x: x})
		}
		l.counts[len(l.counts)-1].customers += customers
		l.count += int64(c.Count)
		l.distinct++
		means.Add(customers * float64(c.Sum) / money.Scale / x)
	}
	l.scale = means.Value() / float64(l.count)
	l.unit = 1 / (money.Scale * l.scale)
	var logSums, logMeans numeric.Sum
	for i := range cells {
		if c := &cells[i]; c.counts() {
			x, customers := float64(c.X), float64(c.Count)
			logSum := math.Log(float64(c.Sum) * l.unit)
			logSums.Add(customers * x * logSum)
			logMeans.Add(customers * (logSum - math.Log(x)))
		}
	}
	l.logSums, l.logMeans = logSums.Value(), logMeans.Value()
	return l
}

// evaluate returns the mean log-likelihood at (p, q, γ), in scaled money.
func (l *spendLikelihood) evaluate(v vector) evaluation {
	var sums termSums
	for _, count := range l.counts {
		sums.add(spendOfCount(count, v))
	}
	sums.add(l.constant(v))
	l.each.addBlocks(&sums, l.blocks, func(block int) evaluation {
		from := block * blockCells
		return l.block(l.cells[from:min(from+blockCells, len(l.cells))], v)
	})
	return sums.mean(float64(l.count))
}

// spendOfCount is −ln B(px, q) and its derivatives, for the customers of one x.
func spendOfCount(count xCount, v vector) (e evaluation) {
	p, q, w, x := v[0], v[1], count.customers, count.x
	px := p * x
	both := numeric.Trigamma(px + q)
	e.value = -w * numeric.LogBeta(px, q)
	e.gradient = vector{w * x * numeric.DigammaRise(px, q), w * numeric.DigammaRise(q, px)}
	e.hessian[0] = vector{w * x * x * (both - numeric.Trigamma(px)), w * x * both}
	e.hessian[1][1] = w * (both - numeric.Trigamma(q))
	return e
}

// constant is the sum of p·x·ln s + q·ln γ − ln m, and its derivatives.
func (l *spendLikelihood) constant(v vector) (e evaluation) {
	p, q, gamma, n := v[0], v[1], v[2], float64(l.count)
	logGamma := math.Log(gamma)
	e.value = p*l.logSums + q*n*logGamma - l.logMeans
	e.gradient = vector{l.logSums, n * logGamma, n * q / gamma}
	e.hessian[1][2] = n / gamma
	e.hessian[2][2] = -n * q / (gamma * gamma)
	return e
}

// block is the sum of −(px+q)·ln(γ+s) over the cells, and its derivatives.
func (l *spendLikelihood) block(cells []SpendCell, v vector) (e evaluation) {
	p, q, gamma := v[0], v[1], v[2]
	var value, byP, byQ, byGamma, byPGamma, byQGamma, byGamma2 float64
	for i := range cells {
		c := &cells[i]
		if !c.counts() {
			continue
		}
		all := gamma + float64(c.Sum)*l.unit
		w, x, inverse := float64(c.Count), float64(c.X), 1/all
		logAll := w * math.Log(all)
		power := p*x + q
		inverse *= w
		value -= power * logAll
		byP -= x * logAll
		byQ -= logAll
		byPGamma -= x * inverse
		byQGamma -= inverse
		byGamma -= power * inverse
		byGamma2 += power * inverse / all
	}
	e.value = value
	e.gradient = vector{byP, byQ, byGamma}
	e.hessian[0][2], e.hessian[1][2], e.hessian[2][2] = byPGamma, byQGamma, byGamma2
	return e
}
