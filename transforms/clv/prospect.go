package clv

import (
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Prospect is what forecasts of a customer's purchases and their value are made
// of.
type Prospect struct {
	Model    int                       // that predicts, among Assumptions.Models
	X, T     int32                     // as the model counts them: T in days, or in opportunities
	Stages   [models.MaxStages]float64 // probabilities of being alive and in each stage of the model
	Purchase float64                   // expected net revenue of a purchase, in currency
	// OwnSpread is the squared coefficient of variation of what is not known of
	// the customer's mean purchase.
	OwnSpread float64
	// Residual is the lifetime residual value in net revenue, and Contribution the
	// same in contribution: null where infinite, the latter also where
	// contribution is not known.
	Residual, Contribution numeric.Null[int64]
}

// Prospect returns the prospects of customer i, of whom `value` is expected. Not
// ok without a model.
func (v *Valuation) Prospect(value *Value, c *ledger.Customers, i int, asOf calendar.Day) (p Prospect, ok bool) {
	if !value.isScored() {
		return p, false
	}
	p.X, _, p.T = v.state(c, i, asOf)
	p.Model = v.modelOf(value, c, i)
	for stage := range value.by.purchases.Shape().Stages {
		p.Stages[stage] = value.score.Stage(stage)
	}
	known := 0 // purchases of which the value is known
	if value.Status == Predicted {
		known = int(c.X(i))
	}
	p.Purchase, p.OwnSpread, p.Residual = value.spend, value.by.ownSpread(known), value.residual
	if v.HasContribution {
		p.Contribution = v.predict(value, len(v.Settings.Horizons)-1, Contribution).Residual
	}
	return p, true
}

// ownSpread returns the squared coefficient of variation of the mean purchase of
// a customer with x repeat purchases; 0 where no model of spend is usable.
func (p *predictor) ownSpread(x int) float64 {
	m, ok := p.spendOf(x)
	if !ok {
		return 0
	}
	return m.Model.OwnSpread(x)
}

// spreadOf returns the squared coefficient of variation of the purchases of a
// customer with x repeat purchases around their mean: 1/p. Where no model of spend
// is usable they are taken to vary as exponential ones, by as much as their mean.
func (p *predictor) spreadOf(x int32) float64 {
	m, ok := p.spendOf(int(x))
	if !ok {
		return 1
	}
	return 1 / m.Model.P
}

// modelOf returns the place of the model behind a value: 0 for that of the whole
// base, 1 and more for those of segments.
func (v *Valuation) modelOf(value *Value, c *ledger.Customers, i int) int {
	if value.by.purchasesID == v.purchasesID {
		return 0
	}
	segment, _ := c.Attributes[v.segments.Attribute].Place(i)
	return 1 + segment
}

// purchasesModels returns the models of purchases in the order of modelOf; nil for
// segments without one of their own.
func (v *Valuation) purchasesModels() []models.Purchases {
	list := []models.Purchases{v.purchases}
	for _, p := range v.bySegment {
		if p == nil || p.purchasesID == v.purchasesID {
			list = append(list, nil)
		} else {
			list = append(list, p.purchases)
		}
	}
	return list
}

// Cells returns the cells among those of the customers that the model of purchases
// counts by.
func (v *Valuation) Cells(c *Cells) []models.Cell { return c.of(v.fit.Family) }

// Assumptions are what forecasts take as given for all customers.
type Assumptions struct {
	Fit         models.Fit       // of purchases, of the whole base
	Model       models.Purchases // of that fit
	ModelID     string
	Models      []models.Purchases // that predict: that one first, then those of segments, nil where there is none
	DaysPerUnit float64            // of the model's time
	DeltaPerDay float64            // continuous discount rate
	// Purchase is the expected net revenue of a purchase of a customer without
	// repeat purchases, OwnSpread what is not known of their mean.
	Purchase, OwnSpread float64
	// Spread returns the squared coefficient of variation of the purchases of a
	// customer with x repeat purchases around the mean.
	Spread       func(x int32) float64
	NetFactor    float64               // net revenue ÷ purchase value
	Widening     models.Widening       // of intervals
	Contribution numeric.Null[float64] // contribution ÷ net revenue; null where it is not known
}

// Assumptions returns what forecasts take as given. Not ok without a usable
// model of purchases.
func (v *Valuation) Assumptions() (a Assumptions, ok bool) {
	if !v.hasPurchases {
		return a, false
	}
	a = Assumptions{
		Fit: v.fit, Model: v.purchases, ModelID: v.purchasesID,
		DaysPerUnit: v.unit().Days, DeltaPerDay: v.Settings.deltaPerDay(),
		Purchase: v.purchaseValue(&v.predictor, 0, 0) * v.net, OwnSpread: v.ownSpread(0), Models: v.purchasesModels(), Spread: v.spreadOf, NetFactor: v.net, Widening: v.widening,
	}
	if v.HasContribution {
		a.Contribution = v.contribution
	}
	return a, true
}
