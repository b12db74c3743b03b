package clv

import (
	"fmt"
	"math"

	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Cell is a group of customers whom the models of purchases cannot tell apart.
type Cell struct {
	X     int32 // repeat purchase days
	Tx, T int32 // days from the first purchase to the last, and to the end of observation; 0 ≤ Tx ≤ T
	Count int64 // customers, ≥ 1
}

// FitPurchases fits a family of purchases to cells by maximum likelihood.
//
// Cells are distinct and sorted by (X, Tx, T): their sums are taken in that
// order, so that equal cells give equal bits. Each customer weighs the same.
// Times are divided by their mean for the search, and the result is given in
// the model's unit. The search starts from fixed places, one after the other
// until one leads to a sound maximum. Fewer than MinRepeaters customers with x > 0 are insufficient data.
// The maximum agrees with that of an independent program to 1e-7 in the
// parameters and 1e-8 in the log-likelihood (TestFitsOfCDNOW…).
func FitPurchases(family Family, cells []Cell, s FitSettings) Fit {
	totals := totalsOf(cells)
	if totals.repeaters < s.MinRepeaters || totals.repeaters == 0 {
		return insufficient(family, totals.customers, int64(len(cells)),
			fmt.Sprintf("%d customers bought on more than one day, fewer than %d", totals.repeaters, max(1, s.MinRepeaters)))
	}
	scaleDays := totals.ageDays / float64(totals.customers)
	likelihood := newPurchaseLikelihood(family, cells, scaleDays, totals.customers)
	names, dim := []string{"r", "alpha", "a", "b"}, 4
	if family == NBD {
		names, dim = names[:2], 2
	}
	top := best(likelihood.evaluate, dim, purchaseStarts(totals), s)
	unit := scaleDays / s.DaysPerUnit
	// A density of x times changes with the unit by its x-th power.
	shift := -totals.purchases * math.Log(unit)
	return fitted(family, names, top, []float64{1, unit, 1, 1}, shift, totals.customers, int64(len(cells)))
}

// cellTotals are the sums that decide whether and from where to fit.
type cellTotals struct {
	customers, repeaters int64
	purchases, ageDays   float64 // Σx and ΣT over customers: whole numbers
}

func totalsOf(cells []Cell) (t cellTotals) {
	for _, c := range cells {
		t.customers += c.Count
		t.purchases += float64(c.Count) * float64(c.X)
		t.ageDays += float64(c.Count) * float64(c.T)
		if c.X > 0 {
			t.repeaters += c.Count
		}
	}
	return t
}

// purchaseStarts are the logarithms of (r, α, a, b) to start from, in units of
// the mean age, in which the mean rate of purchases without dropout is Σx ÷ n.
// The first is where fits of retail data end, the others disagree with it about
// the spread of rates and about how many drop out.
func purchaseStarts(t cellTotals) []vector {
	rate := t.purchases / float64(t.customers)
	start := func(r, rate, a, b float64) vector {
		return vector{math.Log(r), math.Log(r / rate), math.Log(a), math.Log(b)}
	}
	return []vector{start(0.5, 2*rate, 0.8, 2), start(1, rate, 0.1, 1), start(2, 3*rate, 3, 3)}
}

// purchaseLikelihood evaluates the mean log-likelihood of a family on cells.
//
// The likelihood of a cell is a function of x plus
//
//	−(r+x)·ln(α+T) + ln(1 + e^L),   L = ln[a/(b+n−1)] + (r+x)·ln[(α+T)/(α+tx)]
//
// so that one logarithm for each day and a sum over k < x for each x serve all
// cells, and a cell costs one exponential and one logarithm.
type purchaseLikelihood struct {
	family    Family
	cells     []Cell
	customers float64
	scaleDays float64
	counts    []xCount
	logs      []float64 // ln(α + day), by day
	inverses  []float64 // 1/(α + day)
}

// xCount is how many customers made x repeat purchases.
type xCount struct {
	x, customers float64
}

func newPurchaseLikelihood(family Family, cells []Cell, scaleDays float64, customers int64) *purchaseLikelihood {
	l := &purchaseLikelihood{family: family, cells: cells, customers: float64(customers), scaleDays: scaleDays}
	days := int32(0)
	for _, c := range cells {
		days = max(days, c.T)
		if k := len(l.counts); k == 0 || l.counts[k-1].x != float64(c.X) {
			l.counts = append(l.counts, xCount{x: float64(c.X)})
		}
		l.counts[len(l.counts)-1].customers += float64(c.Count)
	}
	l.logs, l.inverses = make([]float64, days+1), make([]float64, days+1)
	return l
}

// evaluate returns the mean log-likelihood at (r, α, a, b), in scaled time.
func (l *purchaseLikelihood) evaluate(p vector) evaluation {
	for day := range l.logs {
		t := p[1] + float64(day)/l.scaleDays
		l.logs[day], l.inverses[day] = math.Log(t), 1/t
	}
	var sums termSums
	l.addCounts(&sums, p)
	for from := 0; from < len(l.cells); from += blockCells {
		sums.add(l.block(l.cells[from:min(from+blockCells, len(l.cells))], p))
	}
	return sums.mean(l.customers)
}

// blockCells is the size of the blocks of which plain sums are taken. The sums
// of blocks are added in their order with compensation.
const blockCells = 1024

// block returns the sum of the cells' own terms, and their derivatives.
func (l *purchaseLikelihood) block(cells []Cell, p vector) (e evaluation) {
	l.addAlive(&e, cells, p[0])
	l.addGone(&e, cells, p)
	return e
}

// addAlive adds −(r+x)·ln(α+T) of each cell.
func (l *purchaseLikelihood) addAlive(e *evaluation, cells []Cell, r float64) {
	var value, byR, byAlpha, byRAlpha, byAlpha2 float64
	for _, c := range cells {
		n, rx := float64(c.Count), r+float64(c.X)
		logT, inverseT := l.logs[c.T], l.inverses[c.T]
		value -= n * rx * logT
		byR -= n * logT
		byRAlpha -= n * inverseT
		byAlpha -= n * rx * inverseT
		byAlpha2 += n * rx * inverseT * inverseT
	}
	e.value += value
	e.gradient[0] += byR
	e.gradient[1] += byAlpha
	e.hessian[0][1] += byRAlpha
	e.hessian[1][1] += byAlpha2
}

// addGone adds ln(1 + e^L) of each cell where dropout is possible. Its
// derivatives are gone·L′ and gone·L″ + gone·(1−gone)·L′L′ᵀ, gone = 1/(1+e^−L),
// with L′ = (ln[(α+T)/(α+tx)], (r+x)[1/(α+T) − 1/(α+tx)], 1/a, −1/(b+n−1)).
func (l *purchaseLikelihood) addGone(e *evaluation, cells []Cell, p vector) {
	r, a, b := p[0], p[2], p[3]
	m := Purchases{Family: l.family}
	g, h := &e.gradient, &e.hessian
	for from := 0; from < len(cells); {
		x := cells[from].X
		to := from
		for to < len(cells) && cells[to].X == x {
			to++
		}
		if m.dropsOut(int(x)) {
			stays := b + m.occasions(int(x)) - 1
			s := l.gone(cells[from:to], r+float64(x), math.Log(a/stays))
			e.value += s.value
			g[0] += s.byLog
			g[1] += s.byAlpha
			g[2] += s.first / a
			g[3] -= s.first / stays
			h[0][0] += s.logLog
			h[0][1] += s.logAlpha
			h[0][2] += s.byLogSecond / a
			h[0][3] -= s.byLogSecond / stays
			h[1][1] += s.alphaAlpha
			h[1][2] += s.byAlphaSecond / a
			h[1][3] -= s.byAlphaSecond / stays
			h[2][2] += (s.second - s.first) / (a * a)
			h[2][3] -= s.second / (a * stays)
			h[3][3] += (s.second + s.first) / (stays * stays)
		}
		from = to
	}
}

// goneSums are sums over cells of one x: of n·ln(1+e^L), of first = n·gone and
// second = n·gone·(1−gone), and of these with the derivatives of L by r and α.
type goneSums struct {
	value, first, second         float64
	byLog, byAlpha               float64
	byLogSecond, byAlphaSecond   float64
	logLog, logAlpha, alphaAlpha float64
}

// gone sums over cells of one x, with rx = r+x and the part of L that is theirs
// in common.
func (l *purchaseLikelihood) gone(cells []Cell, rx, common float64) (s goneSums) {
	for _, c := range cells {
		n := float64(c.Count)
		inverseT, inverseTx := l.inverses[c.T], l.inverses[c.Tx]
		byR, inverseGap := l.logs[c.T]-l.logs[c.Tx], inverseT-inverseTx
		byAlpha := rx * inverseGap
		odds := common + rx*byR
		small := math.Exp(-math.Abs(odds))
		gone := 1 / (1 + small)
		rest := small * gone
		if odds < 0 {
			gone, rest = rest, gone
		}
		first := n * gone
		second := first * rest
		s.value += n * (max(odds, 0) + math.Log1p(small))
		s.first += first
		s.second += second
		s.byLog += first * byR
		s.byAlpha += first * byAlpha
		s.byLogSecond += second * byR
		s.byAlphaSecond += second * byAlpha
		s.logLog += second * byR * byR
		s.logAlpha += second*byR*byAlpha + first*inverseGap
		s.alphaAlpha += second*byAlpha*byAlpha - first*byAlpha*(inverseT+inverseTx)
	}
	return s
}

// addCounts adds the terms that depend on x alone,
//
//	ln Γ(r+x)/Γ(r) + r·ln α + ln B(a, b+n)/B(a, b)
//
// as sums over k of ln(r+k) and of ln[(b+k)/(a+b+k)] = −log1p(a/(b+k)), which
// grow along with x and have no large terms to cancel.
func (l *purchaseLikelihood) addCounts(sums *termSums, p vector) {
	r, alpha, a, b := p[0], p[1], p[2], p[3]
	var rising, staying numeric.Sum // over k < x, and over k < n
	var byR, byRR, byA, byB, byAB, byBB numeric.Sum
	m := Purchases{Family: l.family}
	x, n := 0.0, 0.0
	for _, count := range l.counts {
		for ; x < count.x; x++ {
			rising.Add(math.Log(r + x))
			byR.Add(1 / (r + x))
			byRR.Add(-1 / ((r + x) * (r + x)))
		}
		for ; l.family != NBD && n < m.occasions(int(x)); n++ {
			stay, all := b+n, a+b+n
			staying.Add(-math.Log1p(a / stay))
			byA.Add(-1 / all)
			byB.Add(a / (stay * all))
			byAB.Add(1 / (all * all))
			byBB.Add(-a * (stay + all) / (stay * stay * all * all))
		}
		w := count.customers
		var e evaluation
		e.value = w * (rising.Value() + r*math.Log(alpha) + staying.Value())
		e.gradient = vector{w * (byR.Value() + math.Log(alpha)), w * r / alpha, w * byA.Value(), w * byB.Value()}
		e.hessian[0] = vector{w * byRR.Value(), w / alpha}
		e.hessian[1][1] = -w * r / (alpha * alpha)
		e.hessian[2][2], e.hessian[2][3], e.hessian[3][3] = w*byAB.Value(), w*byAB.Value(), w*byBB.Value()
		sums.add(e)
	}
}

// termSums adds evaluations with compensation. Only the upper triangle of the
// Hessian is kept.
type termSums struct {
	value    numeric.Sum
	gradient [maxParameters]numeric.Sum
	hessian  [maxParameters][maxParameters]numeric.Sum
}

func (s *termSums) add(e evaluation) {
	s.value.Add(e.value)
	for i := range maxParameters {
		s.gradient[i].Add(e.gradient[i])
		for j := i; j < maxParameters; j++ {
			s.hessian[i][j].Add(e.hessian[i][j])
		}
	}
}

// mean returns the sums divided by n, with the whole Hessian.
func (s *termSums) mean(n float64) (e evaluation) {
	e.value = s.value.Value() / n
	for i := range maxParameters {
		e.gradient[i] = s.gradient[i].Value() / n
		for j := i; j < maxParameters; j++ {
			e.hessian[i][j] = s.hessian[i][j].Value() / n
			e.hessian[j][i] = e.hessian[i][j]
		}
	}
	return e
}
