package models

// counts are the distributions of the number of purchases of the customers of one
// x and T who are alive.
type counts struct {
	// beyond[i][n] is P(X > n), by horizon that ends and by stage in each; of one
	// length for all stages, up to where it is of no further use to a quantile.
	beyond [][]float64
}

// length returns for how many n the distributions of a horizon are known.
func (*counts) length(beyond [][]float64) int { return len(beyond[0]) }

// above returns P(X > n) of a customer by stages.
func (s *Score) above(beyond [][]float64, n int) float64 {
	sum := 0.0
	for stage := range s.prospects.untilNext {
		sum += s.stages[stage] * beyond[stage][n]
	}
	return sum
}

// countAll returns the counts of all cells.
func (in *Intervals) countAll(cells []Cell, each Each) []byAge[counts] {
	runs := cellsByX(cells)
	if len(runs) == 0 {
		return nil
	}
	all := make([]byAge[counts], runs[len(runs)-1][0].X+1)
	each.Run(len(runs), func(i int) {
		x := runs[i][0].X
		futures := futuresOf(in.model, float64(x))
		all[x] = newByAge[counts](runs[i])
		all[x].fill(func(T int32) counts { return in.count(T, futures) })
	})
	return all
}

// countsOf returns the counts of x and T days.
func (in *Intervals) countsOf(x, T int32) *counts {
	if int(x) < len(in.counts) {
		if own := in.counts[x].at(T); own != nil {
			return own
		}
	}
	own := in.count(T, futuresOf(in.model, float64(x)))
	return &own
}

// count computes the counts of customers alive at T days.
func (in *Intervals) count(T int32, futures []func(T float64) Future) (c counts) {
	for horizon, h := range in.horizons {
		if in.finite[horizon] < 0 {
			continue
		}
		from, longest := len(c.beyond), 0
		for _, at := range futures {
			own := upperTails(distribution(at(float64(T)/in.cellsUnit), h, (1-in.level)/2))
			c.beyond = append(c.beyond, own)
			longest = max(longest, len(own))
		}
		for i, own := range c.beyond[from:] {
			if len(own) < longest {
				pmf := make([]float64, longest)
				futures[i](float64(T)/in.cellsUnit).PMF(h, pmf)
				c.beyond[from+i] = upperTails(pmf)
			}
		}
	}
	return c
}

// distribution returns the probabilities of 0, 1, … purchases within h, h finite, of
// who is alive now, as far as those of more come to at most rest.
func distribution(f Future, h, rest float64) []float64 {
	const first = 16
	pmf := make([]float64, first)
	for {
		f.PMF(h, pmf)
		sum := 0.0
		for n, p := range pmf {
			if sum += p; 1-sum <= rest {
				return pmf[:n+1]
			}
		}
		if len(pmf) > mostPurchases {
			return pmf
		}
		pmf = make([]float64, 4*len(pmf))
	}
}

// upperTails turns probabilities of n into those of more than n, in their place.
func upperTails(pmf []float64) []float64 {
	sum := 0.0
	for n, p := range pmf {
		sum += p
		pmf[n] = max(0, 1-sum)
	}
	return pmf
}
