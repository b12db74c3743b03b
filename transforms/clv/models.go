package clv

import (
	"cmp"
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Model is a row of models: a fit and what it was made of.
type Model struct {
	models.Fit
	Part             cohort.Dimension // of the base, that it was fitted on
	Role             string           // ForPurchases or ForSpend
	TimeUnit         TimeUnit
	Start            numeric.Null[calendar.Day] // the first purchase of all
	End              calendar.Day
	IsCandidate      bool // the job asks for it
	IsChosen         bool
	HoldoutDeviance  numeric.Null[float64] // null without backtests
	HoldoutBias      numeric.Null[float64]
	Widening         numeric.Null[models.Widening] // of the chosen model of purchases; null without backtests
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
			rows = append(rows, ModelParameter{m.ID(), p})
		}
	}
	slices.SortFunc(rows, func(a, b ModelParameter) int {
		return cmp.Or(cmp.Compare(a.ModelID, b.ModelID), cmp.Compare(a.Name, b.Name))
	})
	return rows
}

// Fits are models fitted to the same customers.
type Fits struct {
	Purchases []models.Fit // in the order of the families' names
	Spend     models.Fit
	Strata    models.Strata // that predict in its place; empty where it does
	WhyStrata string        // what came of them; empty where there was nothing to try
}

// FitAll fits the models that a job asks for and those that are always beside
// them. A job without candidates has no models.
func FitAll(s *Settings, cells *Cells, gaps *Gaps, stop func() bool, each models.Each) (f Fits) {
	if len(s.Candidates) == 0 {
		return f
	}
	fitting := models.DefaultFitSettings()
	fitting.Stop, fitting.Each, fitting.From = stop, each, s.StartFrom
	for _, family := range s.families() {
		fitting.DaysPerUnit = s.Unit(family).Days
		f.Purchases = append(f.Purchases, models.FitPurchases(family, cells.data(family, s, gaps), fitting))
	}
	f.Spend = models.FitSpend(cells.Spend, fitting)
	f.Strata, f.WhyStrata = models.FitSpendByFrequency(f.Spend, cells.Spend, fitting)
	return f
}

// families are the models of purchases that are fitted, in the order of their
// names: the candidates, and those that are always beside them where there are
// no contracts.
func (s *Settings) families() []models.Family {
	families := slices.Clone(s.Candidates)
	if !s.Opportunities.IsContractual {
		families = append(families, models.NBD, models.BGNBD)
	}
	slices.Sort(families)
	return slices.Compact(families)
}

// Of returns the fit of a family of purchases, nil where there is none.
func (f *Fits) Of(family models.Family) *models.Fit {
	i := slices.IndexFunc(f.Purchases, func(fit models.Fit) bool { return fit.Family == family })
	if i < 0 {
		return nil
	}
	return &f.Purchases[i]
}

// Grades are what backtests say of the families of purchases; empty without
// backtests.
type Grades struct {
	Holdouts  map[models.Family]models.Holdout  // of each that could be fitted at every origin
	Widenings map[models.Family]models.Widening // of each that could be at one
	Reason    string                            // why there are no backtests, or fewer than asked for; empty where there are as many
}

// Choose chooses among the candidates of a job.
func Choose(s *Settings, f *Fits, cells *Cells, g Grades) models.Choice {
	if len(s.Candidates) == 0 {
		return models.Choice{}
	}
	list := make([]models.Candidate, len(s.Candidates))
	for i, family := range s.Candidates {
		list[i].Fit = *f.Of(family)
		list[i].Reproduced = reproduced(s, list[i].Fit, cells)
		if holdout, ok := g.Holdouts[family]; ok {
			list[i].Holdout = &holdout
		}
	}
	var nbd models.Fit // under contracts there is none, for it knows of none
	if fit := f.Of(models.NBD); fit != nil {
		nbd = *fit
	}
	return models.Choose(list, nbd, len(g.Widenings) > 0)
}

// reproduced returns models.Reproduced of a fit: of opportunities where its family
// counts these.
func reproduced(s *Settings, fit models.Fit, cells *Cells) numeric.Null[float64] {
	fit.Opportunity = models.Opportunity{}
	m, ok := fit.Purchases()
	if !ok {
		return numeric.Null[float64]{}
	}
	return models.Reproduced(m, cells.of(fit.Family), m.Shape().CellsUnit(s.TimeUnit.Days))
}

// Widening returns how the intervals of the chosen model are widened.
func (g Grades) Widening(c models.Choice) models.Widening {
	if w, ok := g.Widenings[c.Family]; ok {
		return w
	}
	return models.NoWidening()
}

// ModelRows returns the rows of models in the order of the key.
func ModelRows(s *Settings, f *Fits, g Grades, choice models.Choice, cells *Cells, base *ledger.Totals, asOf calendar.Day) []Model {
	if len(f.Purchases) == 0 {
		return nil
	}
	var rows []Model
	for _, fit := range f.Purchases {
		row := Model{Fit: fit, Part: cohort.All, Role: ForPurchases, TimeUnit: s.Unit(fit.Family), Start: base.First, End: asOf}
		row.IsCandidate = slices.Contains(s.Candidates, fit.Family)
		if holdout, ok := g.Holdouts[fit.Family]; ok {
			row.HoldoutDeviance, row.HoldoutBias = numeric.Known(holdout.Deviance()), holdout.Bias()
		}
		switch {
		case fit.Family == choice.Family:
			row.IsChosen = true
			row.Reason += "; chosen: " + choice.Why
			if g.Reason != "" && len(g.Widenings) == 0 {
				row.Reason += "; no backtests: " + g.Reason
			}
			if w, ok := g.Widenings[fit.Family]; ok {
				row.Widening = numeric.Known(w)
			}
		case row.IsCandidate:
			row.Reason += "; not chosen: " + cmp.Or(choice.WhyNot[fit.Family], choice.Why)
		default:
			row.Reason += "; fitted for comparison"
		}
		rows = append(rows, row)
	}
	spend := Model{Part: cohort.All, TimeUnit: s.TimeUnit, Start: base.First, End: asOf, NetRevenueFactor: FactorsOf(base).NetRevenue}
	rows = append(rows, spendRows(f, spend, cells.Spend)...)
	sortModels(rows)
	return rows
}
