package clv

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/money"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Model is a row of models: a fit and what it was made of.
type Model struct {
	models.Fit
	Role             string // purchases or spend
	TimeUnit         TimeUnit
	Start            numeric.Null[calendar.Day] // the first purchase of all
	End              calendar.Day
	IsChosen         bool
	NetRevenueFactor numeric.Null[float64]
	Correlation      numeric.Null[float64]
}

// ModelParameter is a row of model_parameters.
type ModelParameter struct {
	ModelID string
	models.Parameter
}

// Parameters returns the rows of model_parameters in the order of the key.
func Parameters(models []Model) []ModelParameter {
	var rows []ModelParameter
	for _, m := range models {
		for _, p := range m.Fit.Parameters {
			rows = append(rows, ModelParameter{ModelID(m.Family), p})
		}
	}
	slices.SortFunc(rows, func(a, b ModelParameter) int {
		return cmp.Or(cmp.Compare(a.ModelID, b.ModelID), cmp.Compare(a.Name, b.Name))
	})
	return rows
}

// FitAll fits the models that a job asks for and those that are always beside
// them, chooses, and returns the rows of models in the order of the key, with
// the chosen fit of purchases (nil if none is usable) and the fit of spend. A
// job without candidates has no models.
func FitAll(s Settings, cells *Cells, gaps *Gaps, base *ledger.Totals, asOf calendar.Day, stop func() bool, each models.Each) (rows []Model, chosen *models.Fit, spend models.Fit) {
	if len(s.Candidates) == 0 {
		return nil, nil, models.Fit{}
	}
	fitting := models.DefaultFitSettings()
	fitting.DaysPerUnit, fitting.Stop, fitting.Each = s.TimeUnit.Days, stop, each
	families := append([]models.Family{models.NBD, models.BGNBD}, s.Candidates...)
	slices.Sort(families)
	data := models.Data{Cells: cells.Purchases, LogGaps: gaps.LogSum()}
	fits := map[models.Family]models.Fit{}
	for _, family := range slices.Compact(families) {
		fits[family] = models.FitPurchases(family, data, fitting)
	}
	family, why := choose(s.Candidates, fits)
	spend = models.FitSpend(cells.Spend, fitting)
	fits[models.GammaGamma] = spend
	for _, f := range slices.Sorted(maps.Keys(fits)) {
		row := Model{Fit: fits[f], Role: "purchases", TimeUnit: s.TimeUnit, Start: base.First, End: asOf}
		switch _, usable := spend.Spend(); {
		case f == models.GammaGamma:
			row.Role, row.IsChosen = "spend", usable
			row.NetRevenueFactor = netRevenueFactor(base)
			row.Correlation = SpendFrequencyCorrelation(cells.Spend)
		case f == family:
			row.IsChosen = true
			row.Reason += "; chosen: " + why
			chosen = &row.Fit
		case slices.Contains(s.Candidates, f):
			row.Reason += "; not chosen"
			if family != "" {
				row.Reason += fmt.Sprintf(": %s was, %s", family, why)
			}
		default:
			row.Reason += "; fitted for comparison"
		}
		rows = append(rows, row)
	}
	return rows, chosen, spend
}

// choose returns the family to predict with, empty if none, and why.
func choose(candidates []models.Family, fits map[models.Family]models.Fit) (models.Family, string) {
	list := make([]models.Fit, len(candidates))
	for i, family := range candidates {
		list[i] = fits[family]
	}
	switch i, why := models.Choose(list, fits[models.NBD]); i {
	case models.ChoseNone:
		return "", why
	case models.ChoseNBD:
		return models.NBD, why
	default:
		return candidates[i], why
	}
}

// SpendFrequencyCorrelation returns Pearson's correlation, over customers with
// a repeat purchase of positive value, of the number of repeat purchases and
// their mean value. Gamma–Gamma assumes that there is none. Null where either
// does not vary.
func SpendFrequencyCorrelation(cells []models.SpendCell) numeric.Null[float64] {
	var n, x, m numeric.Sum
	for _, c := range cells {
		n.Add(float64(c.Count))
		x.Add(float64(c.Count) * float64(c.X))
		m.Add(float64(c.Count) * meanValue(c))
	}
	if n.Value() == 0 {
		return numeric.Null[float64]{}
	}
	xMean, mMean := x.Value()/n.Value(), m.Value()/n.Value()
	var xx, mm, xm numeric.Sum
	for _, c := range cells {
		dx, dm := float64(c.X)-xMean, meanValue(c)-mMean
		xx.Add(float64(c.Count) * dx * dx)
		mm.Add(float64(c.Count) * dm * dm)
		xm.Add(float64(c.Count) * dx * dm)
	}
	if xx.Value() == 0 || mm.Value() == 0 {
		return numeric.Null[float64]{}
	}
	return numeric.Known(xm.Value() / math.Sqrt(xx.Value()*mm.Value()))
}

// meanValue returns the mean value of a cell's purchases, in currency.
func meanValue(c models.SpendCell) float64 { return float64(c.Sum) / money.Scale / float64(c.X) }
