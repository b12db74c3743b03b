package backtest

import (
	"math"
	"slices"

	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Metrics compare what was predicted of some units, customers or cohorts, with
// what came.
type Metrics struct {
	Predicted, Actual float64 // sums
	MAE, RMSE         float64 // of a unit; 0 without any

	Bias           numeric.Null[float64] // predicted ÷ actual − 1; null unless actual > 0
	WAPE           numeric.Null[float64] // Σ |predicted − actual| ÷ Σ |actual|; null where that is 0
	Spearman       numeric.Null[float64] // null where either does not vary
	GiniNormalised numeric.Null[float64] // likewise
	Top, IdealTop  [len(topShares)]numeric.Null[float64]
}

// topShares are the shares of units, best predicted first, of which Metrics.Top
// says what they brought.
var topShares = [...]float64{0.01, 0.05, 0.10}

// sizes are the metrics of errors: sums, bias, wape, mae and rmse. predicted and
// actual are of the same units; the sums are taken in their order.
func sizes(predicted, actual []float64) (m Metrics) {
	var sumP, sumA, absolute, errors, squares numeric.Sum
	for i, p := range predicted {
		a := actual[i]
		sumP.Add(p)
		sumA.Add(a)
		absolute.Add(math.Abs(a))
		errors.Add(math.Abs(p - a))
		squares.Add((p - a) * (p - a))
	}
	m.Predicted, m.Actual = sumP.Value(), sumA.Value()
	if n := float64(len(predicted)); n > 0 {
		m.MAE, m.RMSE = errors.Value()/n, math.Sqrt(squares.Value()/n)
	}
	if m.Actual > 0 {
		m.Bias = numeric.Known(m.Predicted/m.Actual - 1)
	}
	m.WAPE = quotient(errors.Value(), absolute.Value())
	return m
}

// order are the metrics of whom a prediction puts first, beside those of sizes.
//
// Ties share the mean of their ranks, and of a tied group that a top share cuts
// through, each customer counts by the part that is inside: what a random order
// of them would give on average.
//
//	Spearman          cov(R(p), R(a)) ÷ √(var R(p)·var R(a))
//	Gini, normalised  cov(a, R(p)) ÷ cov(a, R(a))
//
// p predicted, a actual, R mid-ranks. The second is the Gini coefficient of a in
// the order of p, 2·cov(a, R(p)) ÷ (n²·mean a), by that in its own order: 1 for
// an order without fault, 0 for one by chance. Sources: Spearman (1904); Lerman &
// Yitzhaki (1984), Economics Letters 15, eq. (4); Frees, Meyers & Cummings (2011),
// JASA 106.
func order(byP, byA *ranking) Metrics {
	actual := byA.values
	m := sizes(byP.values, actual)
	varP, varA := covariance(byP.ranks, byP.ranks), covariance(byA.ranks, byA.ranks)
	if varP > 0 && varA > 0 {
		m.Spearman = numeric.Known(covariance(byP.ranks, byA.ranks) / math.Sqrt(varP*varA))
		m.GiniNormalised = quotient(covariance(actual, byP.ranks), covariance(actual, byA.ranks))
	}
	if m.Actual > 0 {
		for i, share := range topShares {
			m.Top[i] = numeric.Known(byP.top(share, actual) / m.Actual)
			m.IdealTop[i] = numeric.Known(byA.top(share, actual) / m.Actual)
		}
	}
	return m
}

// quotient returns part ÷ whole; null unless whole > 0.
func quotient(part, whole float64) numeric.Null[float64] {
	if !(whole > 0) {
		return numeric.Null[float64]{}
	}
	return numeric.Known(part / whole)
}

// covariance returns Σ (x − mean x)(y − mean y).
func covariance(x, y []float64) float64 {
	meanX, meanY := mean(x), mean(y)
	var sum numeric.Sum
	for i := range x {
		sum.Add((x[i] - meanX) * (y[i] - meanY))
	}
	return sum.Value()
}

// mean returns the mean, 0 of nothing.
func mean(values []float64) float64 {
	var sum numeric.Sum
	for _, v := range values {
		sum.Add(v)
	}
	return sum.Value() / max(1, float64(len(values)))
}

// ranking is some values in ascending order.
type ranking struct {
	values []float64
	order  []int32   // of the values, equal ones by their place
	ranks  []float64 // of each value, from 1; equal ones share the mean of theirs
}

func ranked(values []float64) *ranking {
	type placed struct {
		value float64
		place int32
	}
	list := make([]placed, len(values))
	for i, v := range values {
		list[i] = placed{v, int32(i)}
	}
	slices.SortFunc(list, func(a, b placed) int {
		switch {
		case a.value < b.value:
			return -1
		case a.value > b.value:
			return 1
		default:
			return int(a.place - b.place)
		}
	})
	r := &ranking{values, make([]int32, len(values)), make([]float64, len(values))}
	for i := range list {
		r.order[i] = list[i].place
	}
	for from := 0; from < len(r.order); {
		to := r.groupEnd(from)
		for _, i := range r.order[from:to] {
			r.ranks[i] = float64(from+1+to) / 2
		}
		from = to
	}
	return r
}

// groupEnd returns where the values that are equal to that of a place end.
func (r *ranking) groupEnd(from int) int {
	to := from + 1
	for to < len(r.order) && r.values[r.order[to]] == r.values[r.order[from]] {
		to++
	}
	return to
}

// top returns what the given share of units with the highest values brought.
func (r *ranking) top(share float64, brought []float64) float64 {
	var sum numeric.Sum
	left := share * float64(len(r.order))
	for to := len(r.order); to > 0 && left > 0; {
		from := to - 1
		for from > 0 && r.values[r.order[from-1]] == r.values[r.order[from]] {
			from--
		}
		var group numeric.Sum
		for _, i := range r.order[from:to] {
			group.Add(brought[i])
		}
		size := float64(to - from)
		sum.Add(group.Value() * min(1, left/size))
		left -= size
		to = from
	}
	return sum.Value()
}

// deciles returns for each value 1 + floor(10 × share of values strictly less):
// 10 is the highest, ties share one.
func (r *ranking) deciles() []int {
	classes := make([]int, len(r.order))
	for from := 0; from < len(r.order); {
		to := r.groupEnd(from)
		for _, i := range r.order[from:to] {
			classes[i] = 1 + 10*from/len(r.order)
		}
		from = to
	}
	return classes
}

// deviance returns the Poisson deviance of a count from its expectation,
//
//	2·(a·ln(a/p) − (a − p))
//
// which is least, on average, for the true expectation, whatever the distribution
// (Gneiting 2011, JASA 106, Bregman scores). An expectation below a billionth,
// as of who is as good as certainly gone, counts as that.
func deviance(predicted, actual float64) float64 {
	const least = 1e-9
	p := max(predicted, least)
	if actual == 0 {
		return 2 * p
	}
	return 2 * (actual*math.Log(actual/p) - (actual - p))
}
