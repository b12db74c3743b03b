package models

import (
	"fmt"
	"math"
	"slices"

	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Cell is a group of customers whom the models of purchases cannot tell apart.
type Cell struct {
	X     int32 // repeat purchase days; opportunities taken where the family is discrete
	Tx, T int32 // days, or opportunities, from the first purchase to the last, and to the end of observation; 0 ≤ Tx ≤ T
	Count int32 // customers, ≥ 1
}

// cellsByX divides cells, sorted by X first, into those of each x.
func cellsByX(cells []Cell) [][]Cell {
	var runs [][]Cell
	for from := 0; from < len(cells); {
		to := from
		for to < len(cells) && cells[to].X == cells[from].X {
			to++
		}
		runs = append(runs, cells[from:to])
		from = to
	}
	return runs
}

// Data are what models of purchases are fitted to.
type Data struct {
	Cells   []Cell  // distinct, sorted by (X, Tx, T)
	LogGaps float64 // Σ ln(days) over all gaps between consecutive purchases of a customer
	// Opportunity is what an opportunity is, of cells that count these.
	Opportunity Opportunity
}

// FitPurchases fits a family of purchases to cells by maximum likelihood.
//
// Cells are distinct and sorted by (X, Tx, T): their sums are taken in that
// order, so that equal cells give equal bits. Each customer weighs the same.
// Times are divided by their mean for the search, and the result is given in
// the model's unit. The search starts from fixed places, one after the other
// until one leads to a sound maximum, after that of an earlier fit where the
// settings have one; of many cells it is otherwise first brought near the maximum
// on fewer, coarser ones. Fewer than MinRepeaters customers with
// x > 0 are insufficient data. The maximum agrees with that of an independent program to 1e-7 in the
// parameters and 1e-8 in the log-likelihood (TestFitsOfCDNOW…).
func FitPurchases(name Family, d Data, s FitSettings) Fit {
	family := familyOf(name)
	if f := family.tooFewRepeaters(totalsOf(d.Cells), len(d.Cells), s); f.Status != "" {
		return f
	}
	p := newPurchaseProblem(family, d, s)
	starts := p.starts
	if earlier, ok := s.earlier(name); ok {
		starts = slices.Insert(starts, 0, p.thetaOf(earlier))
	} else if len(d.Cells) > manyCells && !family.isDiscrete {
		coarse := newPurchaseProblem(family, Data{Cells: coarsened(d.Cells), LogGaps: d.LogGaps}, s)
		starts = slices.Insert(starts, 0, coarse.best(starts, s).theta)
	}
	return p.fit(p.best(starts, s))
}

// tooFewRepeaters returns the fit of too few data, or one without a status.
func (f family) tooFewRepeaters(t cellTotals, cells int, s FitSettings) (few Fit) {
	if t.repeaters < s.MinRepeaters || t.repeaters == 0 {
		few = insufficient(f.name, t.customers, int64(cells),
			fmt.Sprintf("%d customers %s, fewer than %d", t.repeaters, f.again(), max(1, s.MinRepeaters)))
	}
	return few
}

// newPurchaseProblem returns the likelihood of cells in a family, with times
// divided by their mean.
func newPurchaseProblem(f family, d Data, s FitSettings) problem {
	totals := totalsOf(d.Cells)
	scaleDays := totals.ageDays / float64(totals.customers)
	unit := scaleDays / s.DaysPerUnit
	if f.isDiscrete {
		unit = 1
	}
	scales := make([]float64, len(f.parameters))
	for i, isTime := range f.times {
		scales[i] = 1
		if isTime {
			scales[i] = unit
		}
	}
	var besides []vector
	if f.besides != nil {
		besides = f.besides(totals)
	}
	return problem{
		family: f.name, names: f.parameters, starts: f.starts(totals), besides: besides, scales: scales,
		objective: f.likelihood(d, scaleDays, s.Each),
		shift:     -totals.purchases * math.Log(unit), // a density of x times changes with the unit by its x-th power
		customers: totals.customers, cells: int64(len(d.Cells)), opportunity: d.Opportunity, limit: f.limit,
	}
}

// again says what customers with a repeat purchase did.
func (f family) again() string {
	switch {
	case f.name.IsContractual():
		return "renewed"
	case f.isDiscrete:
		return "took an opportunity after the first purchase"
	default:
		return "bought on more than one day"
	}
}

// cellTotals are the sums that decide whether and from where to fit.
type cellTotals struct {
	customers, repeaters int64
	purchases, ageDays   float64 // Σx and ΣT over customers: whole numbers, of opportunities where these are counted
}

func totalsOf(cells []Cell) (t cellTotals) {
	for _, c := range cells {
		t.customers += int64(c.Count)
		t.purchases += float64(c.Count) * float64(c.X)
		t.ageDays += float64(c.Count) * float64(c.T)
		if c.X > 0 {
			t.repeaters += int64(c.Count)
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
// so that one logarithm for each day, a sum over T and a sum over k < x for each
// x serve all cells but for the last term (fit_gone.go).
type purchaseLikelihood struct {
	family    Family
	cells     []Cell
	customers float64
	scaleDays float64
	counts    []xCount
	ages      []ageCount   // by T in days
	logs      []float64    // ln(α + day), by day
	inverses  []float64    // 1/(α + day)
	powers    []powers     // of the x that have many cells, ascending
	blocks    []evaluation // of blockCells cells each
	each      Each
}

// xCount is how many customers made x repeat purchases.
type xCount struct {
	x, customers float64
}

// ageCount is how many customers are of one age, and Σx over them.
type ageCount struct {
	customers, purchases float64
}

func newPurchaseLikelihood(family Family, cells []Cell, scaleDays float64, each Each) *purchaseLikelihood {
	l := &purchaseLikelihood{
		family: family, cells: cells, scaleDays: scaleDays, each: each,
		blocks: make([]evaluation, (len(cells)+blockCells-1)/blockCells),
	}
	days := int32(0)
	for _, c := range cells {
		days = max(days, c.T)
	}
	l.ages, l.logs, l.inverses = make([]ageCount, days+1), make([]float64, days+1), make([]float64, days+1)
	for _, c := range cells {
		if k := len(l.counts); k == 0 || l.counts[k-1].x != float64(c.X) {
			l.counts = append(l.counts, xCount{x: float64(c.X)})
		}
		n, age := float64(c.Count), &l.ages[c.T]
		l.counts[len(l.counts)-1].customers += n
		age.customers += n
		age.purchases += n * float64(c.X)
		l.customers += n
	}
	l.powers = newPowers(cells, len(l.logs))
	return l
}

// evaluate returns the mean log-likelihood at (r, α, a, b), in scaled time.
func (l *purchaseLikelihood) evaluate(p vector) evaluation {
	l.setTimes(p[1])
	var sums termSums
	l.addCounts(&sums, p, 1)
	sums.add(l.alive(p[0]))
	if l.family != NBD {
		l.each.Run(len(l.powers), func(i int) { l.powers[i].fill(p[0], l.logs) })
		l.each.addBlocks(&sums, l.blocks, func(block int) evaluation {
			from := block * blockCells
			return l.block(l.cells[from:min(from+blockCells, len(l.cells))], p)
		})
	}
	return sums.mean(l.customers)
}

// setTimes computes what is needed of α + day, for each day.
func (l *purchaseLikelihood) setTimes(alpha float64) {
	for day := range l.logs {
		t := alpha + float64(day)/l.scaleDays
		l.logs[day], l.inverses[day] = math.Log(t), 1/t
	}
}

// alive returns Σ −(r+x)·ln(α+T) over the customers, and its derivatives.
func (l *purchaseLikelihood) alive(r float64) (e evaluation) {
	for day, age := range l.ages {
		all := r*age.customers + age.purchases
		logT, inverseT := l.logs[day], l.inverses[day]
		e.value -= all * logT
		e.gradient[0] -= age.customers * logT
		e.gradient[1] -= all * inverseT
		e.hessian[0][1] -= age.customers * inverseT
		e.hessian[1][1] += all * inverseT * inverseT
	}
	return e
}

// addCounts adds the terms that depend on x alone, where k stages make a
// purchase,
//
//	ln Γ(r+kx)/Γ(r) + r·ln α + ln B(a, b+n)/B(a, b)
//
// as sums over k of ln(r+k) and of ln[(b+k)/(a+b+k)] = −log1p(a/(b+k)), which
// grow along with x and have no large terms to cancel.
func (l *purchaseLikelihood) addCounts(sums *termSums, p vector, k int) {
	r, alpha, a, b := p[0], p[1], p[2], p[3]
	var rising, staying numeric.Sum // over stages < kx, and over occasions < n
	var byR, byRR, byA, byB, byAB, byBB numeric.Sum
	m := Geometric{Family: l.family}
	stage, n := 0.0, 0.0
	for _, count := range l.counts {
		for ; stage < float64(k)*count.x; stage++ {
			rising.Add(math.Log(r + stage))
			byR.Add(1 / (r + stage))
			byRR.Add(-1 / ((r + stage) * (r + stage)))
		}
		for ; l.family != NBD && n < m.occasions(int(count.x)); n++ {
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
