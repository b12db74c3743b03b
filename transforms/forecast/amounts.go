package forecast

import (
	"github.com/perennial-clv/perennial/transforms/money"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// amount is money in units of 10^-4; null where it is infinite or more than a
// money column holds.
type amount = numeric.Null[int64]

// amounts is the money of a row.
type amounts struct {
	purchases              amount // value of the purchases
	net                    amount // net revenue
	contribution           amount
	discounted             amount // net revenue
	discountedContribution amount
}

// fields are the amounts by which rows add up.
func (a *amounts) fields() []*amount {
	return []*amount{&a.purchases, &a.net, &a.contribution, &a.discounted, &a.discountedContribution}
}

func (a *amounts) add(o *amounts) {
	own, other := a.fields(), o.fields()
	for i := range own {
		*own[i] = plus(*own[i], *other[i])
	}
}

// zeroAmounts is the sum of no rows.
func zeroAmounts() (a amounts) {
	for _, field := range a.fields() {
		*field = numeric.Known(int64(0))
	}
	return a
}

// plus returns a + b; null where either is or the sum is no amount.
func plus(a, b amount) amount {
	left, hasLeft := a.Get()
	right, hasRight := b.Get()
	sum, fits := money.Add(left, right)
	if !hasLeft || !hasRight || !fits {
		return amount{}
	}
	return numeric.Known(sum)
}

// minus returns a − b.
func minus(a, b amount) amount {
	v, ok := b.Get()
	if !ok {
		return amount{}
	}
	return plus(a, numeric.Known(-v))
}

// inUnits returns currency in units of 10^-4, rounded half-even.
func inUnits(currency float64) amount {
	units, fault := money.FromNumber(currency)
	if fault != money.NoFault {
		return amount{}
	}
	return numeric.Known(units)
}

// inCurrency returns units of 10^-4 in currency.
func inCurrency(units float64) float64 { return units / money.Scale }

// rates turn the net revenue of a month into its other amounts.
type rates struct {
	netFactor    float64               // net revenue ÷ purchase value
	contribution numeric.Null[float64] // contribution ÷ net revenue
}

// amountsOf returns the amounts of a net revenue, in currency, that is worth a
// share of it today. Value of purchases is null where the factor is 0, for then
// net revenue tells nothing of it.
func (r *rates) amountsOf(net, discount float64) amounts {
	a := amounts{net: inUnits(net), discounted: inUnits(net * discount)}
	if r.netFactor != 0 {
		a.purchases = inUnits(net / r.netFactor)
	}
	if share, ok := r.contribution.Get(); ok {
		a.contribution, a.discountedContribution = inUnits(net*share), inUnits(net*share*discount)
	}
	return a
}

// remains sets the discounted amounts of what follows the months to what these
// leave of the lifetime values.
func (a *amounts) remains(lifetime, contribution amount, months []line) {
	a.discounted, a.discountedContribution = lifetime, contribution
	for i := range months {
		a.discounted = minus(a.discounted, months[i].discounted)
		a.discountedContribution = minus(a.discountedContribution, months[i].discountedContribution)
	}
}

// divide divides the amounts of a row among parts in proportion to their net
// revenue, so that they add up to it exactly.
func (a *amounts) divide(shares []float64) []amounts {
	parts := make([]amounts, len(shares))
	for i, field := range a.fields() {
		whole, ok := field.Get()
		if !ok {
			continue
		}
		for p, units := range apportion(whole, shares) {
			*parts[p].fields()[i] = numeric.Known(units)
		}
	}
	return parts
}
