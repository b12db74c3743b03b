package models

import (
	"math"

	"github.com/perennial-clv/perennial/transforms/numeric"
)

// opportunityLikelihood evaluates the mean log-likelihood of BG/BB on cells. What
// was up to t_x is a sum over k of logarithms of α+k, β+k, α+β+k, δ+k and γ+δ+k,
// one table each; what was since is followed opportunity by opportunity, once
// for all T of the same (x, t_x).
type opportunityLikelihood struct {
	cells     []Cell
	customers float64
	tables    [5]risings // of α, β, α+β, δ, γ+δ
	blocks    []evaluation
	each      Each
}

// risings are, by k, the logarithm of the rising factorial z(z+1)…(z+k−1) and
// its first two derivatives by z.
type risings struct{ value, first, second []float64 }

func (r *risings) fill(z float64) {
	var value, first, second numeric.Sum
	for k := range r.value {
		r.value[k], r.first[k], r.second[k] = value.Value(), first.Value(), second.Value()
		y := z + float64(k)
		value.Add(math.Log(y))
		first.Add(1 / y)
		second.Add(-1 / (y * y))
	}
}

func newOpportunityLikelihood(cells []Cell, each Each) *opportunityLikelihood {
	l := &opportunityLikelihood{cells: cells, each: each, blocks: make([]evaluation, (len(cells)+blockCells-1)/blockCells)}
	most := int32(0)
	for _, c := range cells {
		most = max(most, c.T)
		l.customers += float64(c.Count)
	}
	for i := range l.tables {
		l.tables[i] = risings{make([]float64, most+1), make([]float64, most+1), make([]float64, most+1)}
	}
	return l
}

// evaluate returns the mean log-likelihood at (α, β, γ, δ).
func (l *opportunityLikelihood) evaluate(p vector) evaluation {
	for i, z := range [...]float64{p[0], p[1], p[0] + p[1], p[3], p[2] + p[3]} {
		l.tables[i].fill(z)
	}
	var sums termSums
	l.each.addBlocks(&sums, l.blocks, func(block int) evaluation {
		from := block * blockCells
		return l.block(l.cells[from:min(from+blockCells, len(l.cells))], p)
	})
	return sums.mean(l.customers)
}

// block returns the sum over cells.
func (l *opportunityLikelihood) block(cells []Cell, p vector) (e evaluation) {
	var s silence
	for i, c := range cells {
		if i == 0 || c.X != cells[i-1].X || c.Tx != cells[i-1].Tx {
			s = newSilence(p, c.X, c.Tx)
		}
		s.until(c.T)
		n := float64(c.Count)
		l.addPast(&e, c, n)
		s.addTo(&e, n)
	}
	return e
}

// addPast adds what n customers did up to t_x,
//
//	ln B(α+x, β+tx−x)/B(α, β) + ln B(γ, δ+tx)/B(γ, δ)
func (l *opportunityLikelihood) addPast(e *evaluation, c Cell, n float64) {
	add := func(table int, k int32, sign float64, first, second int) {
		r, w := &l.tables[table], sign*n
		e.value += w * r.value[k]
		e.gradient[first] += w * r.first[k]
		e.hessian[first][first] += w * r.second[k]
		if second != first {
			e.gradient[second] += w * r.first[k]
			e.hessian[first][second] += w * r.second[k]
			e.hessian[second][second] += w * r.second[k]
		}
	}
	add(0, c.X, 1, 0, 0)
	add(1, c.Tx-c.X, 1, 1, 1)
	add(2, c.Tx, -1, 0, 1)
	add(3, c.Tx, 1, 3, 3)
	add(4, c.Tx, -1, 2, 3)
}

// silence is BetaBinomial.silence of one (x, t_x) with its derivatives, as T
// goes on.
type silence struct {
	p     vector
	x     float64
	k     float64 // opportunities so far
	alive float64 // v(k); the derivatives of its logarithm are those of log
	log   evaluation
	gone  evaluation // Σ v(m)·γ/(γ+δ+m), and the sums of its derivatives
}

func newSilence(p vector, x, tx int32) silence {
	return silence{p: p, x: float64(x), k: float64(tx), alive: 1}
}

// until goes on to opportunity T.
func (s *silence) until(T int32) {
	for ; s.k < float64(T); s.k++ {
		s.leave()
		s.pass()
	}
}

// leave adds those who drop out before the next opportunity.
func (s *silence) leave() {
	gamma, all := s.p[2], s.p[2]+s.p[3]+s.k
	term := s.log
	term.gradient[2] += 1/gamma - 1/all
	term.gradient[3] -= 1 / all
	term.hessian[2][2] += -1/(gamma*gamma) + 1/(all*all)
	term.hessian[2][3] += 1 / (all * all)
	term.hessian[3][3] += 1 / (all * all)
	term.addAs(&s.gone, s.alive*gamma/all)
}

// pass lets those who stay pass the next opportunity.
func (s *silence) pass() {
	passed, chance := s.p[1]+s.k-s.x, s.p[0]+s.p[1]+s.k
	stayed, all := s.p[3]+s.k, s.p[2]+s.p[3]+s.k
	s.alive *= passed / chance * stayed / all
	g, h := &s.log.gradient, &s.log.hessian
	g[0] -= 1 / chance
	g[1] += 1/passed - 1/chance
	g[2] -= 1 / all
	g[3] += 1/stayed - 1/all
	h[0][0] += 1 / (chance * chance)
	h[0][1] += 1 / (chance * chance)
	h[1][1] += 1/(chance*chance) - 1/(passed*passed)
	h[2][2] += 1 / (all * all)
	h[2][3] += 1 / (all * all)
	h[3][3] += 1/(all*all) - 1/(stayed*stayed)
}

// addAs adds a term, given as the derivatives of its logarithm and its size, to
// a sum of terms with their own derivatives.
func (e *evaluation) addAs(sum *evaluation, size float64) {
	sum.value += size
	for i := range maxParameters {
		sum.gradient[i] += size * e.gradient[i]
		for j := i; j < maxParameters; j++ {
			sum.hessian[i][j] += size * (e.hessian[i][j] + e.gradient[i]*e.gradient[j])
		}
	}
}

// addTo adds the logarithm of the sum, of those gone and those alive, for n
// customers.
func (s *silence) addTo(e *evaluation, n float64) {
	all := s.gone
	s.log.addAs(&all, s.alive)
	e.value += n * math.Log(all.value)
	for i := range maxParameters {
		all.gradient[i] /= all.value
		e.gradient[i] += n * all.gradient[i]
	}
	for i := range maxParameters {
		for j := i; j < maxParameters; j++ {
			e.hessian[i][j] += n * (all.hessian[i][j]/all.value - all.gradient[i]*all.gradient[j])
		}
	}
}
