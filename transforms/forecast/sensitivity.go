package forecast

import (
	"math"
	"slices"

	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/models"
)

// sampleSize is the number of cells by which the uncertainty of parameters is
// carried to sums: the derivative of the logarithm of a sum is a mean over them,
// and 128 tell it to a tenth.
const sampleSize = 128

// thinnedSize is the number of cells among which those are chosen.
const thinnedSize = 64 * sampleSize

// Sample is cells that stand for all customers.
type Sample struct{ cells []sampled }

// sampled is a cell with how many customers it stands for.
type sampled struct {
	x     int
	tx, T float64 // in the model's unit
	count float64
}

// NewSample chooses the sample among the cells that the model was fitted to, in
// their order: first thinned by customers, then with probabilities in proportion
// to what is left of them, alive, at the rates they bought at. Systematic
// sampling, so that the same cells give the same sample (Madow 1949).
func NewSample(v *clv.Valuation, cells []models.Cell) *Sample {
	a, ok := v.Assumptions()
	if !ok {
		return &Sample{}
	}
	list, unit := make([]sampled, len(cells)), a.Model.Shape().CellsUnit(a.DaysPerUnit)
	for i, c := range cells {
		list[i] = sampled{int(c.X), float64(c.Tx) / unit, float64(c.T) / unit, float64(c.Count)}
	}
	list = systematic(list, thinnedSize, func(s *sampled) float64 { return s.count })
	var stages [models.MaxStages]float64
	shape := a.Model.Shape()
	return &Sample{systematic(list, sampleSize, func(s *sampled) float64 {
		alive := a.Model.Alive(s.x, s.tx, s.T, stages[:shape.Stages])
		return s.count * alive * (shape.R + float64(s.x)) / (shape.Alpha + s.T + 1)
	})}
}

// systematic chooses at most n of a list by size: those in which equal steps of
// the sum of sizes end. Each then stands for as many more as its chance was small.
func systematic(list []sampled, n int, size func(s *sampled) float64) []sampled {
	if len(list) <= n {
		return list
	}
	sizes, sum := make([]float64, len(list)), 0.0
	for i := range list {
		sizes[i] = size(&list[i])
		sum += sizes[i]
	}
	if !(sum > 0) || math.IsInf(sum, 0) {
		return list[:n]
	}
	step := sum / float64(n)
	var chosen []sampled
	reached, next := 0.0, step/2
	for i := range list {
		reached += sizes[i]
		hits := 0
		for ; next < reached; next += step {
			hits++
		}
		if hits > 0 {
			own := list[i]
			own.count *= float64(hits) * step / sizes[i]
			chosen = append(chosen, own)
		}
	}
	return chosen
}

// purchases sets values to the purchases that a model expects of all customers in
// each month, without season.
func (s *Sample) purchases(m models.Purchases, h *horizon, values []float64) {
	var (
		stages  = make([]float64, m.Shape().Stages)
		futures = make([]func(T float64) models.Future, len(stages))
	)
	clear(values)
	for i := range s.cells {
		c := &s.cells[i]
		m.Alive(c.x, c.tx, c.T, stages)
		for stage, alive := range stages {
			if i == 0 || c.x != s.cells[i-1].x {
				futures[stage] = m.Futures(float64(c.x), stage)
			}
			if alive == 0 {
				continue
			}
			future, before := futures[stage](c.T), 0.0
			for k := range h.months {
				until := future.Expected(h.months[k].To / h.daysPerUnit)
				values[k] += c.count * alive * (until - before)
				before = until
			}
		}
	}
}

// variances returns, by month, the variance of the logarithm of what all
// customers are expected to buy that is due to the uncertainty of parameters.
func (s *Sample) variances(f *models.Fit, h *horizon) []float64 {
	return f.ParameterVariances(len(h.months), func(m models.Purchases, values []float64) { s.purchases(m, h, values) })
}

// variancesOfNew returns the same of what customers acquired in each month are
// expected to buy again: by the month of acquisition, then by month.
func variancesOfNew(f *models.Fit, h *horizon) [][]float64 {
	n := len(h.months)
	all := f.ParameterVariances(n*n, func(m models.Purchases, values []float64) {
		customer := newFresh(m)
		clear(values)
		for from := range h.months {
			begin, before := h.months[from].middle(), 0.0
			for k := from; k < n; k++ {
				until := customer.expected((h.months[k].To - begin) / h.daysPerUnit)
				values[from*n+k] = until - before
				before = until
			}
		}
	})
	return slices.Collect(slices.Chunk(all, n))
}
