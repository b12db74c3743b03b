package clv

import (
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// CustomerValue is a row of customer_values.
type CustomerValue struct {
	Key          ledger.Key
	Horizon      Horizon
	Basis        Basis
	Historic     int64
	Prediction   Prediction
	DiscountRate float64
	Models       ModelPlaces
	ModelID      string // where models differ between customers, in the place of Models; empty else
	SpendModelID string // likewise
}

// level returns the level of the interval of the residual value.
func (r *CustomerValue) level() (float64, bool) {
	_, ok := r.Prediction.Low.Get()
	return models.IntervalLevel, ok
}

// total returns historic and residual value together; null where the latter is.
func total(historic int64, residual numeric.Null[int64]) (int64, bool) {
	r, ok := residual.Get()
	return historic + r, ok
}

// CustomerValues returns how many rows of customer_values customers have, and
// what sets rows to them: in the order of customers, for each horizon and basis,
// the first of into to row from. Contribution has rows only where it is known.
func (v *Valuation) CustomerValues(s *ledger.Customers, values []Value) (n int, fill func(from int, into []CustomerValue)) {
	bases, models := v.bases(), v.models()
	each := len(v.Settings.Horizons) * len(bases)
	return s.Len() * each, func(from int, into []CustomerValue) {
		for n := range into {
			customer, horizon, basis := (from+n)/each, (from+n)%each/len(bases), bases[(from+n)%len(bases)]
			row := CustomerValue{
				Key: s.Keys.At(customer), Horizon: v.Settings.Horizons[horizon], Basis: basis, Historic: s.Net(customer),
				Prediction: v.predict(&values[customer], horizon, basis), DiscountRate: v.Settings.DiscountRate,
			}
			if basis == Contribution {
				row.Historic = s.Contribution[customer]
			}
			if values[customer].isScored() {
				row.Models = models
				if v.HasManyModels() {
					row.ModelID, row.SpendModelID = values[customer].modelIDs()
				}
			}
			into[n] = row
		}
	}
}
