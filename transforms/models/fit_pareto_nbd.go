package models

import (
	"math"
	"strings"

	"github.com/perennial-clv/perennial/transforms/numeric"
)

// paretoLikelihood evaluates the mean log-likelihood of Pareto/NBD on cells.
//
// The likelihood of a cell is a function of x plus
//
//	g(x, tx) + ln[ q(x, tx) + (1−q(x, T))·e^(g(x, T)−g(x, tx)) ],   g(x, t) = −r·ln(1+t/α) − x·ln(α+t) − s·ln(1+t/β)
//
// so that q and g with their derivatives are computed once for each corner, and
// an exponential and a logarithm for each cell.
type paretoLikelihood struct {
	cells     []Cell
	customers float64
	scaleDays float64
	each      Each
	counts    []xCount
	corners   corners
	places    [][2]int32    // of the corners of each cell: of t_x and of T
	terms     []cornerTerms // of each corner
	blocks    []evaluation  // of blockCells cells each
}

// cornerTerms are q and g of a corner with their derivatives by r, α, s, β.
type cornerTerms struct{ q, g numeric.Jet }

func newParetoLikelihood(cells []Cell, scaleDays float64, each Each) *paretoLikelihood {
	l := &paretoLikelihood{
		cells: cells, scaleDays: scaleDays, each: each, corners: cornersOf(cells),
		places: make([][2]int32, len(cells)),
		blocks: make([]evaluation, (len(cells)+blockCells-1)/blockCells),
	}
	l.terms = make([]cornerTerms, len(l.corners))
	l.counts, l.customers = countsByX(cells)
	for i, c := range cells {
		last, _ := l.corners.find(c.X, c.Tx)
		end, _ := l.corners.find(c.X, c.T)
		l.places[i] = [2]int32{int32(last), int32(end)}
	}
	return l
}

// countsByX counts the customers of each x among cells sorted by X first.
func countsByX(cells []Cell) (counts []xCount, customers float64) {
	for _, run := range cellsByX(cells) {
		count := xCount{x: float64(run[0].X)}
		for _, c := range run {
			count.customers += float64(c.Count)
		}
		counts = append(counts, count)
		customers += count.customers
	}
	return counts, customers
}

// evaluate returns the mean log-likelihood at (r, α, s, β), in scaled time.
func (l *paretoLikelihood) evaluate(p vector) evaluation {
	l.corners.each(l.each, func(place int, of corner) {
		l.terms[place] = termsAt(p, float64(of.x), float64(of.t)/l.scaleDays)
	})
	var sums termSums
	l.addCounts(&sums, p[0])
	l.each.addBlocks(&sums, l.blocks, func(block int) (e evaluation) {
		from := block * blockCells
		for i := from; i < min(from+blockCells, len(l.cells)); i++ {
			places := l.places[i]
			addCell(&e, float64(l.cells[i].Count), &l.terms[places[0]], &l.terms[places[1]])
		}
		return e
	})
	return sums.mean(l.customers)
}

// termsAt computes the terms of a corner.
func termsAt(p vector, x, t float64) (c cornerTerms) {
	r, alpha, s, beta := p[0], p[1], p[2], p[3]
	a, b := alpha+t, beta+t
	ra, rb := t/(alpha*a), t/(beta*b) // 1/α − 1/(α+t), and of β
	c.q = numeric.ParetoFirst(r+x, a, s, b)
	g, h := &c.g.Gradient, &c.g.Hessian
	*g = vector{-math.Log1p(t / alpha), r*ra - x/a, -math.Log1p(t / beta), s * rb}
	c.g.Value = r*g[0] - x*math.Log(a) + s*g[2]
	h[0][1], h[1][1] = ra, x/(a*a)-r*ra*(1/alpha+1/a)
	h[2][3], h[3][3] = rb, -s*rb*(1/beta+1/b)
	return c
}

// addCell adds n times the part of the log-likelihood of a cell that depends on
// its times. With E = g(T) − g(tx), D = q(tx) + p·e^E and p = 1 − q(T) it is
// g(tx) + ln D, and
//
//	D′ = q(tx)′ + e^E·(p·E′ − q(T)′),   D″ = q(tx)″ + e^E·(p·(E″ + E′E′ᵀ) − q(T)″ − q(T)′E′ᵀ − E′q(T)′ᵀ)
//
// e^E is a probability: nothing overflows.
func addCell(sum *evaluation, n float64, last, end *cornerTerms) {
	e, p := math.Exp(end.g.Value-last.g.Value), 1-end.q.Value
	d := last.q.Value + p*e
	var by, byE vector // D′/D and E′
	for i := range maxParameters {
		byE[i] = end.g.Gradient[i] - last.g.Gradient[i]
		by[i] = (last.q.Gradient[i] + e*(p*byE[i]-end.q.Gradient[i])) / d
		sum.gradient[i] += n * (last.g.Gradient[i] + by[i])
	}
	sum.value += n * (last.g.Value + math.Log(d))
	for i := range maxParameters {
		for j := i; j < maxParameters; j++ {
			gone := end.q.Hessian[i][j] + end.q.Gradient[i]*byE[j] + byE[i]*end.q.Gradient[j]
			stays := p * (end.g.Hessian[i][j] - last.g.Hessian[i][j] + byE[i]*byE[j])
			second := (last.q.Hessian[i][j] + e*(stays-gone)) / d
			sum.hessian[i][j] += n * (last.g.Hessian[i][j] + second - by[i]*by[j])
		}
	}
}

// addCounts adds ln Γ(r+x)/Γ(r), as sums over k < x of ln(r+k).
func (l *paretoLikelihood) addCounts(sums *termSums, r float64) {
	var rising, byR, byRR numeric.Sum
	x := 0.0
	for _, count := range l.counts {
		for ; x < count.x; x++ {
			rising.Add(math.Log(r + x))
			byR.Add(1 / (r + x))
			byRR.Add(-1 / ((r + x) * (r + x)))
		}
		var e evaluation
		e.value, e.gradient[0], e.hessian[0][0] = count.customers*rising.Value(), count.customers*byR.Value(), count.customers*byRR.Value()
		sums.add(e)
	}
}

// paretoStarts are the logarithms of (r, α, s, β) to start from, in units of the
// mean age: as retail data end; slow dropout, hardly different between customers;
// dropout that is early or never.
func paretoStarts(t cellTotals) []vector {
	rate := t.purchases / float64(t.customers)
	start := func(r, rate, s, beta float64) vector {
		return vector{math.Log(r), math.Log(r / rate), math.Log(s), math.Log(beta)}
	}
	return []vector{start(0.6, 2*rate, 0.6, 0.4), start(1, rate, 1, 5), start(2, 3*rate, 0.2, 0.02)}
}

// paretoLimit says which model Pareto/NBD becomes where its parameters have run
// to a bound: that of nobody who drops out, of one rate of dropout, of a dropout
// that is at once or never, or of one rate of purchases.
func paretoLimit(theta vector) string {
	r, alpha, s, beta := theta[0], theta[1], theta[2], theta[3]
	var found []string
	switch {
	case s <= -nearBound || s-beta <= -nearBound:
		found = append(found, "nobody drops out, as in nbd")
	case s >= nearBound || beta >= nearBound:
		found = append(found, "all customers drop out at one rate, s ÷ beta")
	case beta <= -nearBound:
		found = append(found, "customers drop out at once or hardly ever")
	}
	switch {
	case r >= nearBound || alpha >= nearBound:
		found = append(found, "all customers buy at one rate, r ÷ alpha")
	case r <= -nearBound || alpha <= -nearBound:
		found = append(found, "hardly anybody buys, and few without end")
	}
	return strings.Join(found, ", and ")
}
