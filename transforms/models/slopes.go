package models

import (
	"math"
	"slices"
)

// slopes are how the discounted purchases of customers of one age depend on the
// parameters of the model: the derivatives of the logarithm of their sum by the
// logarithms of the parameters.
//
// They change slowly with age, so ages are taken together into some groups, and
// of each a sample of cells stands for all: cells are taken at even distances of
// what their customers are expected to buy. Nothing is drawn at random.
type slopes struct {
	fit    Fit
	from   []int32 // the least age of each group, in days
	groups [][]float64
}

const (
	slopeGroups  = 8  // groups of ages
	slopeSamples = 32 // cells that stand for each
)

func newSlopes(s IntervalSettings, cells []Cell, each Each) slopes {
	l := slopes{fit: s.Fit}
	m, ok := s.Fit.Purchases()
	if len(s.Fit.Covariance) == 0 || !ok || len(cells) == 0 {
		return l
	}
	unit := m.Shape().CellsUnit(s.DaysPerUnit)
	weights := roughDemand(m, cells, unit)
	l.from = agesOfGroups(cells, weights)
	l.groups = make([][]float64, len(l.from))
	samples := l.sample(cells, weights)
	delta := s.DiscountPerDay * s.DaysPerUnit
	h := presentTime(delta, math.Inf(1))
	if math.IsInf(h, 1) {
		h = timeOf(m.Shape())
	}
	each.Run(len(samples), func(group int) {
		l.groups[group] = l.slopesOf(samples[group], func(m Purchases, c Cell) float64 {
			return At(m, int(c.X), float64(c.Tx)/unit, float64(c.T)/unit).Expected(h)
		})
	})
	return l
}

// roughDemand returns about in what proportion cells are expected to buy: their
// customers times P(alive) times the rate of purchases.
func roughDemand(m Purchases, cells []Cell, unit float64) []float64 {
	shape, stages := m.Shape(), make([]float64, MaxStages)
	weights := make([]float64, len(cells))
	for i, c := range cells {
		tx, T := float64(c.Tx)/unit, float64(c.T)/unit
		alive := m.Alive(int(c.X), tx, T, stages[:shape.Stages])
		weights[i] = float64(c.Count) * alive * (shape.R + float64(c.X)) / (timeOf(shape) + T)
	}
	return weights
}

// agesOfGroups divides the ages of cells into groups of about the same weight.
func agesOfGroups(cells []Cell, weights []float64) []int32 {
	oldest := slices.MaxFunc(cells, func(a, b Cell) int { return int(a.T - b.T) }).T
	byAge := make([]float64, oldest+1)
	total := 0.0
	for i, c := range cells {
		byAge[c.T] += weights[i]
		total += weights[i]
	}
	from, sum := []int32{0}, 0.0
	for age, w := range byAge {
		if sum >= total*float64(len(from))/slopeGroups && len(from) < slopeGroups && w > 0 {
			from = append(from, int32(age))
		}
		sum += w
	}
	return from
}

// group returns the group of an age.
func (l *slopes) group(T int32) int {
	i, isFirst := slices.BinarySearch(l.from, T)
	if isFirst {
		return i
	}
	return max(0, i-1)
}

// sampled is a cell that stands for others, and the weight by which it was chosen.
type sampled struct {
	Cell
	weight float64
}

// sample returns by group cells at even distances of the sum of weights.
func (l *slopes) sample(cells []Cell, weights []float64) [][]sampled {
	totals, sums := make([]float64, len(l.from)), make([]float64, len(l.from))
	for i, c := range cells {
		totals[l.group(c.T)] += weights[i]
	}
	samples := make([][]sampled, len(l.from))
	for i, c := range cells {
		g := l.group(c.T)
		sums[g] += weights[i]
		for sums[g] > totals[g]*(float64(len(samples[g]))+0.5)/slopeSamples && len(samples[g]) < slopeSamples {
			one := c
			one.Count = 1
			samples[g] = append(samples[g], sampled{one, weights[i] / float64(c.Count)})
		}
	}
	return samples
}

// slopesOf returns the derivatives of the logarithm of what a sample stands for, by
// central differences of a hundredth.
func (l *slopes) slopesOf(cells []sampled, value func(m Purchases, c Cell) float64) []float64 {
	const step = 0.01
	sum := func(m Purchases) float64 {
		total := 0.0
		for _, c := range cells {
			total += value(m, c.Cell) / c.weight
		}
		return total
	}
	gradient := make([]float64, len(l.fit.Covariance))
	for i := range gradient {
		up, down := sum(l.fit.moved(i, step)), sum(l.fit.moved(i, -step))
		if up > 0 && down > 0 && !math.IsInf(up, 1) && !math.IsInf(down, 1) {
			gradient[i] = math.Log(up/down) / (2 * step)
		}
	}
	return gradient
}

// Part is what the customers of one age add to a sum of discounted values.
type Part struct {
	T      int32   // days
	Amount float64 // what is expected of them
	// SpendError is the standard deviation of Amount that is due to the parameters of
	// the model of spend: the sum of the amounts of customers, each times
	// Intervals.SpendError.
	SpendError float64
	Variance   float64 // of the sum at known parameters, by Intervals.Variance of each
}

// Sum returns the interval of a sum of discounted values over customers, given as
// the parts of their ages, and by how much it is widened (see SumInterval). The
// parameters of the models of purchases and of spend are independent.
func (in *Intervals) Sum(parts []Part, widening float64) (low, high float64) {
	gradient := make([]float64, len(in.slopes.fit.Covariance))
	mean, spend, process := 0.0, 0.0, 0.0
	for _, p := range parts {
		mean, spend, process = mean+p.Amount, spend+p.SpendError, process+p.Variance
		if len(in.slopes.groups) > 0 {
			for i, slope := range in.slopes.groups[in.slopes.group(p.T)] {
				gradient[i] += p.Amount * slope
			}
		}
	}
	if mean == 0 {
		return 0, 0
	}
	parameters := in.slopes.fit.varianceAlong(gradient) + spend*spend
	low, high = SumInterval(math.Abs(mean), parameters/(mean*mean), process, widening)
	if mean < 0 { // refunds outweigh sales
		low, high = -high, -low
	}
	return low, high
}
