package models

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Stratum is the customers of a range of repeat purchases, and the fit of spend
// that predicts for them.
type Stratum struct {
	From, To int32 // repeat purchases, both included; To is math.MaxInt32 where there is no bound
	Fit      Fit   // with a model
	Model    Spend // of that fit
}

// String returns the range: 1, 2-3 or 4+.
func (s *Stratum) String() string {
	switch s.To {
	case s.From:
		return strconv.Itoa(int(s.From))
	case math.MaxInt32:
		return strconv.Itoa(int(s.From)) + "+"
	default:
		return fmt.Sprintf("%d-%d", s.From, s.To)
	}
}

// ParseStratum returns the stratum of a range as String writes it, without a fit.
func ParseStratum(text string) (s Stratum, ok bool) {
	from, to, isRange := strings.Cut(text, "-")
	from, isOpen := strings.CutSuffix(from, "+")
	low, err := strconv.ParseInt(from, 10, 32)
	high := low
	if isRange && err == nil {
		high, err = strconv.ParseInt(to, 10, 32)
	}
	s.From, s.To = int32(low), int32(high)
	if isOpen {
		s.To = math.MaxInt32
	}
	return s, err == nil && s.From >= 1 && s.To >= s.From && s.String() == text
}

// Strata are fits of spend by frequency: ascending, the first from 1, each next
// from where the one before ends, the last without a bound. Empty where no model
// of spend is usable.
type Strata []Stratum

// OneStratum returns strata of which the only one is all customers.
func OneStratum(f Fit) Strata {
	m, ok := f.Spend()
	if !ok {
		return nil
	}
	return Strata{{From: 1, To: math.MaxInt32, Fit: f, Model: m}}
}

// AreWhole reports whether the strata are ascending without gaps from 1, and the
// last has no bound.
func (s Strata) AreWhole() bool {
	next := int64(1)
	for i := range s {
		if int64(s[i].From) != next || s[i].To < s[i].From {
			return false
		}
		next = int64(s[i].To) + 1
	}
	return next == math.MaxInt32+1
}

// Place returns the place of the stratum that predicts for customers with x repeat
// purchases of known value. Who has none is in the first, being nearest to it.
func (s Strata) Place(x int) int {
	place := 0
	for place+1 < len(s) && x >= int(s[place+1].From) {
		place++
	}
	return place
}

// text returns the ranges as text: 1, 2-3, 4+.
func (s Strata) text() string {
	ranges := make([]string, len(s))
	for i := range s {
		ranges[i] = s[i].String()
	}
	return strings.Join(ranges, ", ")
}

// mostStrata is how many strata there are at most: the quarters of the customers.
const mostStrata = 4

// FitSpendByFrequency fits the Gamma–Gamma model to strata of frequency, which it
// assumes to be independent of value. Strata differ in gamma, the level of the
// values; p and q are those of the pooled fit, which is that of all cells. They are
// accepted where
//
//	(2+S)·ln n − 2·Σ ln L,   S strata, n all customers,
//
// is below the BIC of the pooled fit: where they explain more than S levels would
// by chance. Empty where they are not accepted, where the pooled fit is not FitOK or
// has no model, and where all customers are of one stratum. why says what came of
// it, and is empty where there was nothing to try.
//
// With a p and q of its own a stratum would tell how purchases of a customer vary
// from how customers do by little but the form of a distribution: on CDNOW, where p
// is 6, it is 24 and 39 for those of one and of two, which takes a purchase for
// nearly all there is to know, and held-out net revenue was ranked worse than by the
// pooled fit.
//
// cells are those of FitSpend. A stratum begins at each quarter of the customers
// with a positive value, at the next x, and has at least MinRepeaters of them.
func FitSpendByFrequency(pooled Fit, cells []SpendCell, s FitSettings) (accepted Strata, why string) {
	strata := strataOf(cells, s.MinRepeaters)
	if _, ok := pooled.Spend(); !ok || pooled.Status != FitOK || len(strata) < 2 {
		return nil, ""
	}
	sum := float64(2+len(strata)) * math.Log(float64(pooled.Customers))
	for i := range strata {
		own := &strata[i]
		own.Fit = fitLevel(pooled, own.Cells(cells), s)
		own.Model, _ = own.Fit.Spend()
		if own.Fit.Status != FitOK {
			return nil, fmt.Sprintf("models by frequency (%s) cannot be used: that of %s is %s", strata.text(), own, own.Fit.Status)
		}
		likelihood, _ := own.Fit.LogLikelihood.Get()
		sum -= 2 * likelihood
	}
	if whole, _ := pooled.BIC.Get(); !(sum < whole) {
		return nil, fmt.Sprintf("models by frequency (%s) explain no more: BIC %.1f together", strata.text(), sum)
	}
	return strata, fmt.Sprintf("models by frequency (%s) explain more: BIC %.1f together", strata.text(), sum)
}

// fitLevel fits gamma to cells, with p and q of the pooled fit, which is FitOK. AIC
// and BIC count gamma alone.
func fitLevel(pooled Fit, cells []SpendCell, s FitSettings) Fit {
	l := newSpendLikelihood(cells, s.Each)
	problem := newSpendProblem(l)
	model, _ := pooled.Spend()
	at := func(gamma float64) evaluation { return l.evaluate(vector{model.P, model.Q, gamma}) }
	problem.names, problem.scales = spendParameters[2:], []float64{l.scale}
	problem.starts = []vector{{math.Log(model.Gamma / l.scale)}}
	problem.objective = func(v vector) evaluation {
		e := at(v[0])
		level := evaluation{value: e.value, gradient: vector{e.gradient[2]}}
		level.hessian[0][0] = e.hessian[2][2]
		return level
	}
	f := problem.fit(problem.best(problem.starts, s))
	if f.Status == FitOK {
		gamma := f.Parameters[0].Estimate / l.scale
		f.Covariance = levelCovariance(pooled, f.Covariance[0][0], gamma, at(gamma).hessian)
		f.Parameters[0].StdError = numeric.Known(f.Parameters[0].Estimate * math.Sqrt(f.Covariance[2][2]))
	}
	f.Parameters = append(slices.Clone(pooled.Parameters[:2]), f.Parameters...)
	return f
}

// levelCovariance returns the covariance of the logarithms of p, q and gamma where
// gamma is that of a stratum, of the given variance at known p and q:
//
//	Cov(θ, ln γ) = Σd,   Var(ln γ) = variance + dᵀΣd,   d = −∂²ℓ/∂θ∂ln γ ÷ ∂²ℓ/∂(ln γ)²
//
// θ are ln p and ln q, Σ is their covariance in the pooled fit, and d by how much the
// maximum moves with them; h are the second derivatives of the likelihood there by p, q
// and γ.
func levelCovariance(pooled Fit, variance, gamma float64, h matrix) [][]float64 {
	covariance := [][]float64{make([]float64, 3), make([]float64, 3), make([]float64, 3)}
	var moves [2]float64
	for i := range moves {
		moves[i] = -pooled.Parameters[i].Estimate * h[i][2] / (gamma * h[2][2])
	}
	covariance[2][2] = variance
	for i := range moves {
		for j := range moves {
			covariance[i][j] = pooled.Covariance[i][j]
			covariance[i][2] += pooled.Covariance[i][j] * moves[j]
		}
		covariance[2][i] = covariance[i][2]
		covariance[2][2] += moves[i] * covariance[i][2]
	}
	return covariance
}

// Cells returns the cells of the stratum's customers, of all sorted by X.
func (s *Stratum) Cells(all []SpendCell) []SpendCell {
	from := sort.Search(len(all), func(i int) bool { return all[i].X >= s.From })
	to := sort.Search(len(all), func(i int) bool { return all[i].X > s.To })
	return all[from:to]
}

// strataOf divides the customers that the model of spend knows of into strata of at
// least so many.
func strataOf(cells []SpendCell, least int64) Strata {
	counts, total := spendersByX(cells)
	strata := Strata{{From: 1, To: math.MaxInt32}}
	before, entered := int64(0), int64(0) // customers of the strata that have ended, and of all x so far
	for i, c := range counts {
		entered += int64(c.customers)
		quarter := mostStrata*before/total + 1 // that the stratum is to reach
		isLarge := mostStrata*entered >= quarter*total && entered-before >= least
		if isLarge && i+1 < len(counts) && total-entered >= least {
			strata[len(strata)-1].To = int32(c.x)
			strata = append(strata, Stratum{From: int32(c.x) + 1, To: math.MaxInt32})
			before = entered
		}
	}
	return strata
}

// spendersByX returns how many customers that the model of spend knows of have each
// x, ascending, and all.
func spendersByX(cells []SpendCell) (counts []xCount, total int64) {
	for i := range cells {
		c := &cells[i]
		if !c.counts() {
			continue
		}
		if k := len(counts); k == 0 || counts[k-1].x != float64(c.X) {
			counts = append(counts, xCount{x: float64(c.X)})
		}
		counts[len(counts)-1].customers += float64(c.Count)
		total += int64(c.Count)
	}
	return counts, total
}
