package models

import (
	"cmp"
	"math"
	"slices"
)

// block returns the sum of ln(1 + e^L) of the cells where dropout is possible. Its
// derivatives are gone·L′ and gone·L″ + gone·(1−gone)·L′L′ᵀ, gone = 1/(1+e^−L),
// with L′ = (ln[(α+T)/(α+tx)], (r+x)[1/(α+T) − 1/(α+tx)], 1/a, −1/(b+n−1)).
func (l *purchaseLikelihood) block(cells []Cell, p vector) (e evaluation) {
	r, a, b := p[0], p[2], p[3]
	m := Geometric{Family: l.family}
	g, h := &e.gradient, &e.hessian
	for from := 0; from < len(cells); {
		x := cells[from].X
		to := from
		for to < len(cells) && cells[to].X == x {
			to++
		}
		if m.dropsOut(int(x)) {
			stays := b + m.occasions(int(x)) - 1
			s := l.gone(cells[from:to], r+float64(x), math.Log(a/stays), l.powersOf(x))
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
	return e
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
// in common. Logarithms are taken of products as long as these are far from the
// largest number.
func (l *purchaseLikelihood) gone(cells []Cell, rx, common float64, known *powers) (s goneSums) {
	const (
		certain = 1e17  // from here on ln(1+e^L) is L
		large   = 1e280 // times certain is still a number
		most    = 600   // e^600 is a number, and certain, and so is that times all customers
	)
	logs, inverses := l.logs, l.inverses
	scale, product := math.Exp(common), 1.0
	var value, first, second, byLog, byGap, byLogSecond, byGapSecond, logLog, logGap, gapGap, gapSum float64
	for i := range cells {
		c := &cells[i]
		n := float64(c.Count)
		inverseT, inverseTx := inverses[c.T], inverses[c.Tx]
		log, gap := logs[c.T]-logs[c.Tx], inverseT-inverseTx
		odds := common + rx*log
		var e float64 // e^L
		if known != nil {
			e = scale * known.of[c.T] * known.inverse[c.Tx]
		} else {
			e = math.Exp(min(odds, most))
		}
		switch {
		case e >= certain:
			value += n * odds
		case n == 1:
			if product *= 1 + e; product > large {
				value += math.Log(product)
				product = 1
			}
		default:
			value += n * math.Log1p(e)
		}
		alive := 1 / (1 + e)
		one := n * e * alive // n·gone
		two := one * alive
		first += one
		second += two
		byLog += one * log
		byGap += one * gap
		byLogSecond += two * log
		byGapSecond += two * gap
		logLog += two * log * log
		logGap += two * log * gap
		gapGap += two * gap * gap
		gapSum += one * gap * (inverseT + inverseTx)
	}
	return goneSums{
		value: value + math.Log(product), first: first, second: second,
		byLog: byLog, byAlpha: rx * byGap, byLogSecond: byLogSecond, byAlphaSecond: rx * byGapSecond,
		logLog: logLog, logAlpha: rx*logGap + byGap, alphaAlpha: rx*rx*gapGap - rx*gapSum,
	}
}

// powers are (α+day)^(r+x) of one x, by day, so that a cell needs no
// exponential: they are divided by that of the last day, and of what would be
// too small to divide by there are none.
type powers struct {
	x           int32
	of, inverse []float64
	isKnown     bool
}

// newPowers returns powers, yet to be filled, for each x that has several times
// as many cells as there are days.
func newPowers(cells []Cell, days int) []powers {
	const several = 4
	var list []powers
	for _, run := range cellsByX(cells) {
		if len(run) >= several*days {
			list = append(list, powers{x: run[0].X, of: make([]float64, days), inverse: make([]float64, days)})
		}
	}
	return list
}

// fill computes the powers for an r and the logarithms of α+day.
func (p *powers) fill(r float64, logs []float64) {
	const least = -300 // e^300 squared is still a number
	rx, last := r+float64(p.x), logs[len(logs)-1]
	if p.isKnown = rx*(logs[0]-last) > least; !p.isKnown {
		return
	}
	for day, log := range logs {
		p.of[day] = math.Exp(rx * (log - last))
		p.inverse[day] = 1 / p.of[day]
	}
}

// powersOf returns the powers of x, nil where there are none.
func (l *purchaseLikelihood) powersOf(x int32) *powers {
	i, ok := slices.BinarySearchFunc(l.powers, x, func(p powers, x int32) int { return cmp.Compare(p.x, x) })
	if !ok || !l.powers[i].isKnown {
		return nil
	}
	return &l.powers[i]
}
