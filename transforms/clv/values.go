package clv

import (
	"github.com/perennial-clv/perennial/transforms/ledger"
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
	ModelID      string
	SpendID      string
}

// total returns historic and residual value together; null where the latter is.
func total(historic int64, residual numeric.Null[int64]) (int64, bool) {
	r, ok := residual.Get()
	return historic + r, ok
}

// CustomerValues returns the rows of customers, in their order, for each
// horizon and basis. Contribution has rows only where it is known.
func (v *Valuation) CustomerValues(s *ledger.Customers, values []Value) []CustomerValue {
	bases := v.bases()
	rows := make([]CustomerValue, 0, s.Len()*len(v.Settings.Horizons)*len(bases))
	for customer := range s.Len() {
		row := CustomerValue{Key: s.Keys.At(customer), DiscountRate: v.Settings.DiscountRate}
		if values[customer].isScored() {
			row.ModelID, row.SpendID = v.purchasesID, v.spendID
		}
		for h := range v.Settings.Horizons {
			for _, basis := range bases {
				row.Horizon, row.Basis, row.Historic = v.Settings.Horizons[h], basis, s.Net(customer)
				if basis == Contribution {
					row.Historic = s.Contribution[customer]
				}
				row.Prediction = v.predict(&values[customer], h, basis)
				rows = append(rows, row)
			}
		}
	}
	return rows
}
