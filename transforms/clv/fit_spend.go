package clv

import (
	"fmt"
	"math"

	"github.com/perennial-clv/perennial/transforms/money"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// SpendCell is a group of customers whom the model of spend cannot tell apart.
type SpendCell struct {
	X     int32 // purchases averaged, ≥ 1: the repeat purchases
	Sum   int64 // their money together, in 10⁻⁴ of the currency
	Count int64 // customers, ≥ 1
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
	l := newSpendLikelihood(cells)
	if l.count < s.MinRepeaters || l.count == 0 {
		return insufficient(GammaGamma, l.count, int64(len(l.cells)),
			fmt.Sprintf("%d customers have repeat purchases of value, fewer than %d", l.count, max(1, s.MinRepeaters)))
	}
	start := func(p, q float64) vector {
		return vector{math.Log(p), math.Log(q), math.Log((q - 1) / p)} // mean pγ/(q−1) = 1
	}
	top := best(l.evaluate, 3, []vector{start(5, 4), start(1, 2), start(20, 10)}, s)
	shift := -float64(l.count) * math.Log(l.scale)
	f := fitted(GammaGamma, []string{"p", "q", "gamma"}, top, []float64{1, 1, l.scale}, shift, l.count, int64(len(l.cells)))
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
// so that a cell costs one logarithm.
type spendLikelihood struct {
	cells  []spendTerm
	counts []xCount
	count  int64   // customers
	scale  float64 // mean over customers of m, in currency
}

// spendTerm is a cell in scaled money.
type spendTerm struct {
	x, customers, sum, logSum, logMean float64
}

func newSpendLikelihood(cells []SpendCell) *spendLikelihood {
	l := &spendLikelihood{}
	var means numeric.Sum
	for _, c := range cells {
		if c.X <= 0 || c.Sum <= 0 {
			continue
		}
		x, customers, sum := float64(c.X), float64(c.Count), float64(c.Sum)/money.Scale
		l.cells = append(l.cells, spendTerm{x: x, customers: customers, sum: sum})
		if k := len(l.counts); k == 0 || l.counts[k-1].x != x {
			l.counts = append(l.counts, xCount{x: x})
		}
		l.counts[len(l.counts)-1].customers += customers
		l.count += c.Count
		means.Add(customers * sum / x)
	}
	l.scale = means.Value() / float64(l.count)
	for i := range l.cells {
		c := &l.cells[i]
		c.sum /= l.scale
		c.logSum, c.logMean = math.Log(c.sum), math.Log(c.sum/c.x)
	}
	return l
}

// evaluate returns the mean log-likelihood at (p, q, γ), in scaled money.
func (l *spendLikelihood) evaluate(v vector) evaluation {
	var sums termSums
	for _, count := range l.counts {
		sums.add(spendOfCount(count, v))
	}
	for from := 0; from < len(l.cells); from += blockCells {
		sums.add(spendOfBlock(l.cells[from:min(from+blockCells, len(l.cells))], v))
	}
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

// spendOfBlock is the sum of the cells' own terms, and their derivatives.
func spendOfBlock(cells []spendTerm, v vector) (e evaluation) {
	p, q, gamma := v[0], v[1], v[2]
	logGamma := math.Log(gamma)
	g, h := &e.gradient, &e.hessian
	for _, c := range cells {
		w, all, inverse := c.customers, math.Log(gamma+c.sum), 1/(gamma+c.sum)
		power := p*c.x + q
		e.value += w * (p*c.x*(c.logSum-all) + q*(logGamma-all) - c.logMean)
		g[0] += w * c.x * (c.logSum - all)
		g[1] += w * (logGamma - all)
		g[2] += w * (q/gamma - power*inverse)
		h[0][2] -= w * c.x * inverse
		h[1][2] += w * (1/gamma - inverse)
		h[2][2] += w * (power*inverse*inverse - q/(gamma*gamma))
	}
	return e
}
