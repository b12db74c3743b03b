package forecast

import (
	"math"

	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// demand is what a customer who is alive is expected to do: in each month, and
// in the last entry after the last month.
type demand struct {
	purchases []float64 // expected number; the last may be +Inf
	active    []float64 // probability of a purchase; nothing is said of the last
	second    []float64 // expected square of the number; likewise
}

func newDemand(months int) demand {
	all := make([]float64, 3*(months+1))
	n := months + 1
	return demand{all[:n], all[n : 2*n], all[2*n:]}
}

// horizon is the months of a forecast, and what they take to be computed.
type horizon struct {
	months      []Month
	daysPerUnit float64
	season      season
}

// plain sets d to the demand of a future that begins so many days after the
// as-of day, without season; what lies before is 0.
func (h *horizon) plain(f models.Future, begin float64, d demand) {
	before, last := 0.0, len(h.months)
	for k := range h.months {
		from, to := max(0, h.months[k].From-begin)/h.daysPerUnit, (h.months[k].To-begin)/h.daysPerUnit
		d.purchases[k], d.active[k] = 0, 0
		if to <= 0 {
			continue
		}
		until := f.Expected(to)
		d.purchases[k], d.active[k] = max(0, until-before), f.Retained(from, to)
		before = until
	}
	d.purchases[last] = max(0, f.Expected(math.Inf(1))-before)
}

// seasoned puts the season on a demand: each block of months keeps its sum of
// purchases, and who buys is moved as purchases are, as far as there are
// customers. blocks says where blocks begin.
func (h *horizon) seasoned(d demand, blocks func(k int) int, factors []float64) {
	n := len(h.months)
	h.season.apply(d.purchases[:n], h.months, blocks, factors[:n])
	for k := range n {
		d.active[k] = min(1, d.active[k]*factors[k], d.purchases[k])
		d.second[k] = secondMoment(d.purchases[k], d.active[k])
	}
}

// yearsAhead are the blocks of customers that there are: months 0 to 12 ahead,
// 13 to 24, and so on.
func (h *horizon) yearsAhead(k int) int { return max(0, h.months[k].Ahead-1) / monthsPerYear }

// secondMoment returns the expected square of a number of purchases in a month,
// from the expected number e and the probability p of any.
//
//	E[N²] = e·(2e/p − 1)
//
// Exact where the number, given that there is one, is geometric with mean e/p,
// as for a Poisson rate that is exponential; for a Poisson number it agrees to
// the second order of e. Within 3 % of a month's in shops as they are, which is
// 1.5 % of the width of an interval (TestSecondMomentIsThatOfTheModel). e if p is
// 0.
func secondMoment(e, p float64) float64 {
	if p <= 0 {
		return e
	}
	return e * max(1, 2*e/p-1)
}

// agesDegree is the degree of the polynomials by which demand is interpolated
// between ages: they are analytic in ln(alpha+T), and 24 is what models.Scorer
// needs for 1e-13 on nearly all bases.
const agesDegree = 24

// byAge returns the demand, without season, of customers of x in a stage as a
// function of their age, which is one of ages (ascending).
//
// Where a model is a smooth function of ln(alpha+T) and the ages are many, the
// logarithms of its demand are interpolated; where they are not finite, as
// where nothing is expected, each age is computed by itself. Agrees with the
// model to 1e-8 relative (TestDemandIsTheModels).
func (h *horizon) byAge(m models.Purchases, x int32, stage int, ages []int32) func(T int32, into demand) {
	at, unit := m.Futures(float64(x), stage), m.Shape().CellsUnit(h.daysPerUnit)
	direct := func(T int32, into demand) { h.plain(at(float64(T)/unit), 0, into) }
	alpha := m.Shape().Alpha
	if alpha == 0 || len(ages) <= agesDegree+1 {
		return direct
	}
	logAge := func(T int32) float64 { return math.Log(alpha + float64(T)/unit) }
	points := numeric.NewChebyshev(agesDegree, logAge(ages[0]), logAge(ages[len(ages)-1]))
	logs := make([][]float64, len(points.Points))
	d := newDemand(len(h.months))
	for i, point := range points.Points {
		h.plain(at(math.Exp(point)-alpha), 0, d)
		var ok bool
		if logs[i], ok = d.logs(); !ok {
			return direct
		}
	}
	isInfinite := math.IsInf(d.purchases[len(h.months)], 1)
	weights, sums := make([]float64, len(points.Points)), make([]float64, len(logs[0]))
	return func(T int32, into demand) {
		points.WeightsAt(min(max(logAge(T), points.Points[agesDegree]), points.Points[0]), weights)
		clear(sums)
		for i, w := range weights {
			for k, l := range logs[i] {
				sums[k] += w * l
			}
		}
		into.setLogs(sums)
		if isInfinite {
			into.purchases[len(h.months)] = math.Inf(1)
		}
	}
}

// logs returns the logarithms of purchases and of active, of an infinite number
// 0. Not ok where one is not finite.
func (d *demand) logs() (logs []float64, ok bool) {
	n := len(d.purchases)
	logs = make([]float64, 2*n-1)
	for k, p := range d.purchases {
		if k == n-1 && math.IsInf(p, 1) {
			p = 1
		}
		logs[k] = math.Log(p)
	}
	for k, p := range d.active[:n-1] {
		logs[n+k] = math.Log(p)
	}
	for _, l := range logs {
		if math.IsInf(l, 0) || math.IsNaN(l) {
			return nil, false
		}
	}
	return logs, true
}

// setLogs sets purchases and active by their logarithms.
func (d *demand) setLogs(logs []float64) {
	n := len(d.purchases)
	for k := range d.purchases {
		d.purchases[k] = math.Exp(logs[k])
	}
	for k := range d.active[:n-1] {
		d.active[k] = math.Exp(logs[n+k])
	}
}
