package models

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
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
	return s, err == nil && s.From >= 1 && s.String() == text
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
// assumes to be independent of value. They are accepted where every stratum has a
// model, and their
//
//	Σ (k·ln n − 2·ln L),   k = 3 parameters of each, n all customers,
//
// is below the BIC of the pooled fit, which is that of all cells: where they
// explain more than their parameters would by chance. Empty where they are not
// accepted, where the pooled fit has no model, and where all customers are of one
// stratum. why says what came of it, and is empty where there was nothing to try.
//
// cells are those of FitSpend. A stratum begins at each quarter of the customers
// with a positive value, at the next x, and has at least MinRepeaters of them.
// Searches do not begin from earlier fits.
func FitSpendByFrequency(pooled Fit, cells []SpendCell, s FitSettings) (accepted Strata, why string) {
	strata := strataOf(cells, s.MinRepeaters)
	_, ok := pooled.Spend()
	whole, known := pooled.BIC.Get()
	if !ok || !known || len(strata) < 2 {
		return nil, ""
	}
	s.From = nil
	sum := 0.0
	for i := range strata {
		own := &strata[i]
		own.Fit = FitSpend(own.Cells(cells), s)
		if own.Model, ok = own.Fit.Spend(); !ok {
			return nil, fmt.Sprintf("models by frequency (%s) cannot be used: that of %s is %s", strata.text(), own, own.Fit.Status)
		}
		likelihood, _ := own.Fit.LogLikelihood.Get()
		sum += float64(len(own.Fit.Parameters))*math.Log(float64(pooled.Customers)) - 2*likelihood
	}
	if !(sum < whole) {
		return nil, fmt.Sprintf("models by frequency (%s) explain no more: BIC %.1f together", strata.text(), sum)
	}
	return strata, fmt.Sprintf("models by frequency (%s) explain more: BIC %.1f together", strata.text(), sum)
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
	total := int64(0)
	for i := range cells {
		if cells[i].counts() {
			total += int64(cells[i].Count)
		}
	}
	strata := Strata{{From: 1, To: math.MaxInt32}}
	before, entered := int64(0), int64(0) // customers of the strata that have ended, and of all x so far
	for i := range cells {
		if !cells[i].counts() {
			continue
		}
		entered += int64(cells[i].Count)
		isLastOfX := i+1 == len(cells) || cells[i+1].X > cells[i].X
		next := total * (mostStrata*before/max(1, total) + 1) // the quarter to reach, times four
		if isLastOfX && mostStrata*entered >= next && entered-before >= least && total-entered >= max(1, least) {
			strata[len(strata)-1].To = cells[i].X
			strata = append(strata, Stratum{From: cells[i].X + 1, To: math.MaxInt32})
			before = entered
		}
	}
	return strata
}
