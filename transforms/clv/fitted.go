package clv

import (
	"cmp"
	"slices"

	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/money"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Fitted is what predictions rest on beside the customers themselves. A run
// makes it of its own customers, or takes that of an earlier run, so that
// nothing else may pass from the fits to the predictions.
type Fitted struct {
	Models   []Model // rows of models, in the order of the key; those chosen predict
	Factors  Factors
	Widening models.Widening // of intervals
}

// Chosen returns the model of a role that was chosen for a part of the base; nil
// if none was.
func (f *Fitted) Chosen(role string, part cohort.Dimension) *Model {
	i := slices.IndexFunc(f.Models, func(m Model) bool { return m.IsChosen && m.Role == role && m.Part == part })
	if i < 0 {
		return nil
	}
	return &f.Models[i]
}

// pooledSpend returns the model of spend of the whole base, also where those by
// frequency predict in its place; nil if it is not usable.
func (f *Fitted) pooledSpend() *Model {
	i := slices.IndexFunc(f.Models, func(m Model) bool { return m.Role == ForSpend && m.Part == cohort.All })
	if i < 0 {
		return nil
	}
	if _, ok := f.Models[i].Spend(); !ok {
		return nil
	}
	return &f.Models[i]
}

// AddSegments adds the rows of models of segments.
func (f *Fitted) AddSegments(rows []Model) {
	f.Models = append(f.Models, rows...)
	sortModels(f.Models)
}

// Factors turn purchases into money, by what the whole base has brought.
type Factors struct {
	NetRevenue   numeric.Null[float64] // net revenue ÷ value of purchases: below 1 where refunds come on other days; null where purchases are worth nothing
	Contribution numeric.Null[float64] // contribution ÷ net revenue; null without net revenue, and where contribution is not known
	MeanPurchase numeric.Null[float64] // value of a purchase, in currency, where no model of spend is usable; null without purchases
}

// FactorsOf returns the factors of a base.
func FactorsOf(base *ledger.Totals) Factors {
	f := Factors{NetRevenue: numeric.Ratio(base.NetRevenue(), base.PurchaseValue)}
	if base.MissingContribution == 0 {
		f.Contribution = numeric.Ratio(base.Contribution, base.NetRevenue())
	}
	if mean, ok := numeric.Ratio(base.PurchaseValue, base.PurchaseDays).Get(); ok {
		f.MeanPurchase = numeric.Known(mean / money.Scale)
	}
	return f
}

// The roles of models.
const (
	ForPurchases = "purchases" // when customers buy
	ForSpend     = "spend"     // what a purchase is worth
)

// ModelID returns a model's id: its family and the part of the base it was
// fitted on.
func ModelID(family models.Family, part cohort.Dimension) string {
	return string(family) + "/" + part.Name + "/" + part.Value
}

// ID returns the model's id.
func (m *Model) ID() string { return ModelID(m.Family, m.Part) }

// sortModels puts rows of models in the order of the key.
func sortModels(rows []Model) {
	slices.SortFunc(rows, func(a, b Model) int { return cmp.Compare(a.ID(), b.ID()) })
}
