package models

import "math"

// Between whole numbers of opportunities everything is linear: an opportunity
// that is taken is a purchase at a time of its own within the period, any time
// as likely as another, so that of the periods at the ends of a stretch of time
// the share counts that lies within it.

// bothEnds returns the value of whole stretches of opportunities (from, to],
// 0 ≤ from ≤ to, for any such.
func bothEnds(from, to float64, whole func(from, to float64) float64) float64 {
	low, high := math.Floor(from), math.Floor(to)
	if math.IsInf(to, 1) {
		high = to
	}
	early, late := from-low, to-high // the shares of the periods cut off and let in
	if math.IsInf(to, 1) {
		late = 0
	}
	if low == high {
		if to == from {
			return 0
		}
		return (to - from) * whole(low, low+1)
	}
	sum := 0.0
	for _, part := range []struct{ weight, from, to float64 }{
		{(1 - early) * (1 - late), low, high},
		{(1 - early) * late, low, high + 1},
		{early * (1 - late), low + 1, high},
		{early * late, low + 1, high + 1},
	} {
		if part.weight > 0 && part.to > part.from {
			sum += part.weight * whole(part.from, part.to)
		}
	}
	return sum
}

// wholePMFs sets into[n] to the probability of n purchases within h, from those
// within whole numbers of opportunities.
func wholePMFs(h float64, into []float64, whole func(h int, into []float64)) {
	low := math.Floor(h)
	whole(int(low), into)
	share := h - low
	if share == 0 {
		return
	}
	more := make([]float64, len(into))
	whole(int(low)+1, more)
	for n := range into {
		into[n] += share * (more[n] - into[n])
	}
}

// longestWait bounds the search for the time to a purchase, in opportunities: as
// days they are more than 270 years.
const longestWait = 100_000

// waitFor returns the time by which a customer has bought with probability q,
// where first(j) is the probability that the next purchase is at opportunity
// j = 1, 2, …, which falls; +Inf where that never is, or not within longestWait.
func waitFor(q float64, first func(j float64) float64) float64 {
	sum := 0.0
	for j := 1.0; j <= longestWait; j++ {
		p := first(j)
		if sum+p >= q && p > 0 {
			return j - 1 + (q-sum)/p
		}
		if sum += p; p*longestWait < q-sum { // it falls, so that there is not enough to come
			break
		}
	}
	return math.Inf(1)
}
