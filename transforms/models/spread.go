package models

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// spreads are the distributions of the value of who makes a purchase, as multiples
// of its mean, on a grid of x and T.
//
// Between the points their logarithms are interpolated linearly in ln(r+x) and
// ln(α+T), of which they are smooth. Points are computed where cells are near.
type spreads struct {
	settings  IntervalSettings
	model     Purchases
	horizons  []float64 // in units
	delta     float64   // per unit
	cellsUnit float64   // days, or opportunities, of a cell that are a unit
	byX       []place   // among the x of the grid
	byT       []place   // among its ages
	ages      int       // of the grid
	points    []*point  // by x, and by age in each; nil where no cell is near
}

// place is where a number lies among those of a grid.
type place struct {
	index int32   // of the last that is not above it
	above float64 // how much of the way to the next
}

// point is the spreads of the customers of one x and T: by horizon, by stage in each.
type point []spread

// spread is the distribution of the value of who makes a purchase within a
// horizon, as a multiple of its mean.
type spread struct {
	logs   [levels]float64 // of the quantiles at levels whose log odds are evenly spaced
	square float64         // the mean square
}

const (
	// The levels of the quantiles: log odds from −6 to 6 in steps of a half, between
	// which the logarithms of quantiles are nearly straight.
	levels, levelStep, lastLevel = 25, 0.5, 6
	// xStep and ageStep are the distances of the grid in ln(r+x) and ln(α+T): the
	// quantiles are interpolated to about 1 % (TestIntervalsAgree…).
	xStep, ageStep = 0.25, 0.35
)

func newSpreads(in *Intervals, s IntervalSettings, cells []Cell, each Each) *spreads {
	g := &spreads{settings: s, model: in.model, horizons: in.horizons, delta: s.DiscountPerDay * s.DaysPerUnit, cellsUnit: in.cellsUnit}
	most, oldest := int32(0), int32(0)
	for _, c := range cells {
		most, oldest = max(most, c.X), max(oldest, c.T)
	}
	shape := in.model.Shape()
	var xs, ages []float64
	xs, g.byX = gridOf(int(most), 1, shape.R, xStep)
	ages, g.byT = gridOf(int(oldest), in.cellsUnit, timeOf(shape), ageStep)
	g.ages, g.points = len(ages), make([]*point, len(xs)*len(ages))
	var near []int
	for _, c := range cells {
		for _, own := range g.neighbours(c.X, c.T) {
			if own.weight > 0 && g.points[own.index] == nil {
				g.points[own.index] = new(point)
				near = append(near, own.index)
			}
		}
	}
	each.Run(len(near), func(i int) {
		*g.points[near[i]] = g.compute(xs[near[i]/g.ages], ages[near[i]%g.ages])
	})
	return g
}

// timeOf returns the time for which futures are taken to be smooth functions of
// ln(time+T).
func timeOf(s Shape) float64 { return cmp.Or(s.Alpha, 1) }

// gridOf returns a grid over 0 to most, given in as many per unit, with steps of
// ln(shift + number in units) as long as asked for or one, whichever is longer, and
// the place of each whole number in it.
func gridOf(most int, perUnit, shift, step float64) (grid []float64, places []place) {
	log := func(n int) float64 { return math.Log(shift + float64(n)/perUnit) }
	for n := 0; n < most; {
		grid = append(grid, float64(n)/perUnit)
		next := n + 1
		for next < most && log(next+1)-log(n) <= step {
			next++
		}
		for own := n; own < next; own++ {
			places = append(places, place{int32(len(grid) - 1), (log(own) - log(n)) / (log(next) - log(n))})
		}
		n = next
	}
	grid = append(grid, float64(most)/perUnit)
	return grid, append(places, place{int32(len(grid) - 1), 0})
}

// neighbour is a point of the grid, and its weight.
type neighbour struct {
	index  int
	weight float64
}

// neighbours returns the points between which x and T days lie, which are within the
// grid. Those of weight 0 may be outside it.
func (g *spreads) neighbours(x, T int32) [4]neighbour {
	i, j := g.byX[x], g.byT[T]
	at := int(i.index)*g.ages + int(j.index)
	return [4]neighbour{
		{at, (1 - i.above) * (1 - j.above)},
		{at + 1, (1 - i.above) * j.above},
		{at + g.ages, i.above * (1 - j.above)},
		{at + g.ages + 1, i.above * j.above},
	}
}

// mixture is spreads of points with their weights.
type mixture struct {
	points  [4]*point
	weights [4]float64
	n       int
}

// at returns the spreads of x and T days: computed where they are off the grid.
func (g *spreads) at(x, T int32) (m mixture) {
	if int(x) < len(g.byX) && int(T) < len(g.byT) {
		for _, c := range g.neighbours(x, T) {
			if c.weight > 0 {
				m.points[m.n], m.weights[m.n] = g.points[c.index], c.weight
				m.n++
			}
		}
		if !slices.Contains(m.points[:m.n], nil) {
			return m
		}
	}
	own := g.compute(float64(x), float64(T)/g.cellsUnit)
	return mixture{points: [4]*point{&own}, weights: [4]float64{1}, n: 1}
}

// quantile returns the quantile of a level within (0, 1) of a customer's value, as
// a multiple of its mean: the mean over the stages that who buys may be in. It
// falls straight to 0 below the first level of the tables.
func (m *mixture) quantile(score *Score, horizon int, level float64) float64 {
	logit := math.Log(level / (1 - level))
	below := 1.0
	if logit < -lastLevel {
		below, logit = level*(1+math.Exp(lastLevel)), -lastLevel
	}
	step := min((logit+lastLevel)/levelStep, levels-1)
	k := min(int(step), levels-2)
	above := step - float64(k)
	return below * score.overBuyers(horizon, func(stage int) float64 {
		return math.Exp(m.mean(score, horizon, stage, func(s *spread) float64 { return s.logs[k] + above*(s.logs[k+1]-s.logs[k]) }))
	})
}

// square returns the mean square of that multiple.
func (m *mixture) square(score *Score, horizon int) float64 {
	return score.overBuyers(horizon, func(stage int) float64 {
		return m.mean(score, horizon, stage, func(s *spread) float64 { return s.square })
	})
}

func (m *mixture) mean(score *Score, horizon, stage int, value func(*spread) float64) float64 {
	sum := 0.0
	for i := range m.n {
		sum += m.weights[i] * value(&(*m.points[i])[horizon*len(score.prospects.untilNext)+stage])
	}
	return sum
}

// overBuyers returns the mean of a value over the stages, weighted by the
// probabilities of being in them and making a purchase within a horizon.
func (s *Score) overBuyers(horizon int, value func(stage int) float64) float64 {
	stages := len(s.prospects.untilNext)
	if stages == 1 {
		return value(0)
	}
	horizons := s.prospects.horizons()
	sum, total := 0.0, 0.0
	for stage := range stages {
		w := s.stages[stage] * s.prospects.outlooks[stage*horizons+horizon].ProbabilityOfPurchase
		sum, total = sum+w*value(stage), total+w
	}
	return sum / total
}

// compute computes the spreads of customers with x repeat purchases at an age.
func (g *spreads) compute(x, age float64) point {
	fit := g.settings.Spend(int(x))
	spend := spendOf(fit)
	uncertainty := math.Pow(fit.meanError(x), 2)
	var p point
	for _, h := range g.horizons {
		worth := presentTime(g.delta, h)
		for stage := range g.model.Shape().Stages {
			if math.IsInf(worth, 1) {
				p = append(p, spread{})
				continue
			}
			s := spreadOf(buyersOf(g.model.Futures(x, stage)(age), worth), spend.P, spend.Q+spend.P*x)
			s.widen(uncertainty + g.settings.Fit.ParameterVariance(func(m Purchases) float64 {
				f := m.Futures(x, stage)(age)
				return f.Expected(worth) / f.Retained(0, worth)
			}))
			p = append(p, s)
		}
	}
	return p
}

// buyers are the numbers of purchases of who makes any, with their probabilities;
// many of a number share the mean of some neighbours.
type buyers struct{ numbers, weights []float64 }

// buyersOf returns the purchases within h, finite, of who is alive now and makes any.
func buyersOf(f Future, h float64) (b buyers) {
	const (
		rest   = 1e-6 // the probability of numbers left out
		single = 8    // up to here each number is alone
	)
	pmf := distribution(f, h, rest)
	for from := 1; from < len(pmf); {
		to := min(from+1+max(0, from-single)/8, len(pmf))
		weight, sum := 0.0, 0.0
		for n := from; n < to; n++ {
			weight, sum = weight+pmf[n], sum+float64(n)*pmf[n]
		}
		if weight > 0 {
			b.numbers, b.weights = append(b.numbers, sum/weight), append(b.weights, weight)
		}
		from = to
	}
	total := 0.0
	for _, w := range b.weights {
		total += w
	}
	if total == 0 { // so unlikely to buy at all that it is once
		return buyers{[]float64{1}, []float64{1}}
	}
	for i := range b.weights {
		b.weights[i] /= total
	}
	return b
}

// moments returns the mean and the mean square.
func (b buyers) moments() (mean, square float64) {
	for i, n := range b.numbers {
		mean += b.weights[i] * n
		square += b.weights[i] * n * n
	}
	return mean, square
}

// largestShape bounds the shapes of the gamma distributions of purchases, which
// vary by a thousandth there.
const largestShape = 1e6

// spreadOf returns the spread of the value of buyers' purchases.
//
//	V = (γ+mx)·G/H,   G ~ Gamma(p·N), H ~ Gamma(q+px),   R = V/E[V]
//	P(R ≤ r) = Σ P(N=n)·I(y; pn, q+px),   y/(1−y) = r·p·E[N]/(q+px−1)
//	E[R²] = (E[N²] + E[N]/p)/E[N]²·(q+px−1)/(q+px−2)
//
// N are the purchases of who makes any, order is q+px, I the regularised incomplete
// beta function. Given their rate the purchases of a customer are Gamma(p), so
// that n of them are Gamma(pn), and the rate is Gamma(q+px, γ+mx): Fader & Hardie
// (2013), eq. (3).
func spreadOf(b buyers, p, order float64) (s spread) {
	mean, square := b.moments()
	finite := max(order, leastOrder)
	s.square = (square + mean/p) / (mean * mean) * (finite - 1) / (finite - 2)
	h := min(order, largestShape)
	below := func(log float64) float64 {
		sum := 0.0
		for i, n := range b.numbers {
			g := min(p*n, largestShape)
			sum += b.weights[i] * ratioBelow(log+math.Log(mean/n*g/(h-1)), g, h)
		}
		return sum
	}
	s.invert(below)
	return s
}

// ratioBelow returns P(ln(G/H) ≤ log) of G ~ Gamma(g) and H ~ Gamma(h).
func ratioBelow(log, g, h float64) float64 {
	const far = 10 // standard deviations, from which it is 0 or 1 to 1e-15
	if g > far && h > far {
		switch away := (log - math.Log(g/h)) / math.Sqrt(1/g+1/h); {
		case away < -far:
			return 0
		case away > far:
			return 1
		}
	}
	if log > 0 { // the complement, that of H/G, keeps its digits
		return 1 - mathext.RegIncBeta(h, g, 1/(1+math.Exp(log)))
	}
	y := math.Exp(log)
	return mathext.RegIncBeta(g, h, y/(1+y))
}

// invert finds the quantiles of a distribution of ln R, which rises from 0 to 1
// around some place near 0: from its values at places that are evenly spaced below
// the median and above it, by straight lines between their log odds.
func (s *spread) invert(below func(log float64) float64) {
	const places = 20 // on either side
	first := 1 / (1 + math.Exp(lastLevel))
	from, median, to := bracket(below, first, -1), bracket(below, 0.5, 1), bracket(below, 1-first, 1)
	k, last, lastOdds := 0, from, math.Inf(-1)
	for i := range 2*places + 1 {
		at := from + (median-from)*float64(i)/places
		if i > places {
			at = median + (to-median)*float64(i-places)/places
		}
		p := below(at)
		odds := math.Log(p / (1 - p))
		for ; k < levels && odds >= levelStep*float64(k)-lastLevel; k++ {
			s.logs[k] = at
			if want := levelStep*float64(k) - lastLevel; !math.IsInf(lastOdds, 0) && !math.IsInf(odds, 0) {
				s.logs[k] = last + (at-last)*(want-lastOdds)/(odds-lastOdds)
			}
		}
		last, lastOdds = at, odds
	}
	for ; k < levels; k++ {
		s.logs[k] = to
	}
}

// bracket returns a place beyond which, in a direction, a distribution has not
// reached a probability, or has left it behind, to within a few hundredths
// of its distance from 0.
func bracket(below func(log float64) float64, p, direction float64) float64 {
	const most = 60 // e^60 times the mean is no money
	isBeyond := func(away float64) bool { return (below(direction*away)-p)*direction >= 0 }
	near, far := 0.0, 1.0
	if isBeyond(0) {
		near, far = -1, 0
		for isBeyond(near) && near > -most {
			near, far = 2*near, near
		}
	} else {
		for !isBeyond(far) && far < most {
			near, far = far, 2*far
		}
	}
	for range 5 {
		if middle := (near + far) / 2; isBeyond(middle) {
			far = middle
		} else {
			near = middle
		}
	}
	return direction * far
}

// widen widens the distribution by the variance of the logarithm of its mean that
// is due to parameters, which are as good as independent of it: the logarithms of
// quantiles move away from the median as standard deviations add.
func (s *spread) widen(variance float64) {
	const lower, median, upper = 8, levels / 2, 16 // log odds of −2, 0 and 2: probabilities of 0.12 and 0.88
	const deviations = 2.3580                      // of a normal distribution between them
	own := (s.logs[upper] - s.logs[lower]) / deviations
	if !(own > 0) || !(variance > 0) {
		return
	}
	factor := math.Sqrt(1 + variance/(own*own))
	for i := range s.logs {
		s.logs[i] = s.logs[median] + factor*(s.logs[i]-s.logs[median])
	}
	s.square *= 1 + variance
}
