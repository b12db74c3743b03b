package clv

import (
	"fmt"
	"math"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/money"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Base is what scores and percentiles compare a customer with: all customers
// with a purchase. It holds the net revenue and the residual value of each, 8
// bytes each.
type Base struct {
	recency, frequency cohort.Series[int64] // customers by day of the last purchase, and by purchase days
	monetary, residual amounts              // a customer each
	size               float64              // Σ |net revenue| + |residual value|, to bound their sums

	year     int64   // Σ predicted value of a year
	years    int64   // customers that have one
	yearSize float64 // Σ |predicted value of a year|
}

// Enter enters customers with what they are worth.
func (b *Base) Enter(c *ledger.Customers, values []Value) {
	for customer := range c.Len() {
		if !c.HasPurchase(customer) {
			continue
		}
		net := c.Net(customer)
		*b.recency.At(int32(c.Last[customer]))++
		*b.frequency.At(c.PurchaseDays[customer])++
		b.monetary.add(net)
		if residual, ok := values[customer].residual.Get(); ok {
			b.residual.add(residual)
			b.size += math.Abs(float64(residual))
		}
		if year, ok := values[customer].year.Get(); ok {
			b.year += year
			b.years++
			b.yearSize += math.Abs(float64(year))
		}
		b.size += math.Abs(float64(net))
	}
}

// Add takes over another part of the base.
func (b *Base) Add(o *Base) {
	count := func(to, from *int64) { *to += *from }
	b.recency.Merge(&o.recency, count)
	b.frequency.Merge(&o.frequency, count)
	b.monetary.take(&o.monetary)
	b.residual.take(&o.residual)
	b.size += o.size
	b.year += o.year
	b.years += o.years
	b.yearSize += o.yearSize
}

// Overflows reports whether some sum of the customers' values might be more
// than a money column holds.
func (b *Base) Overflows() bool { return max(b.size, b.yearSize) > money.Max }

// Residual returns the sum of all residual values, and whether every customer
// has one.
func (b *Base) Residual() (sum int64, isWhole bool) {
	return b.residual.sum(), b.residual.n == b.monetary.n && b.monetary.n > 0
}

// YearPerCustomer returns what a customer is expected to bring in the 365 days
// after the as-of day: Σ predicted_value_365d ÷ customers with a purchase,
// rounded half-even. Null unless every such customer has a prediction.
func (b *Base) YearPerCustomer() numeric.Null[int64] {
	mean, ok := money.Mean(b.year, b.years)
	if !ok || b.years != int64(b.monetary.n) {
		return numeric.Null[int64]{}
	}
	return numeric.Known(mean)
}

const (
	rfmClasses        = 5
	percentileClasses = 100
)

// Ranks rank a customer within the base.
type Ranks struct{ recency, frequency, monetary, residual ranking }

// Rank ranks the base, which is of no further use.
func (b *Base) Rank() Ranks {
	var r Ranks
	if b.monetary.n > 0 {
		r.recency = newRankingOf(&b.recency, rfmClasses)
		r.frequency = newRankingOf(&b.frequency, rfmClasses)
		r.monetary = newRanking(&b.monetary, rfmClasses)
	}
	if b.residual.n > 0 {
		r.residual = newRanking(&b.residual, percentileClasses)
	}
	return r
}

// Scores are a customer's places in the base, 0 without one.
type Scores struct {
	Recency, Frequency, Monetary int64 // 1 to 5, of customers with a purchase
	Percentile                   int64 // 1 to 100, of customers with a residual value
}

// of returns the scores of a customer with a purchase.
func (r *Ranks) of(last calendar.Day, purchaseDays, net int64, residual numeric.Null[int64]) Scores {
	s := Scores{
		Recency:   r.recency.score(int64(last)),
		Frequency: r.frequency.score(purchaseDays),
		Monetary:  r.monetary.score(net),
	}
	if residual, ok := residual.Get(); ok {
		s.Percentile = r.residual.score(residual)
	}
	return s
}

// segments are the three scores as digits, in the order of segment.
func segments() []string {
	var texts []string
	for recency := range rfmClasses {
		for frequency := range rfmClasses {
			for monetary := range rfmClasses {
				texts = append(texts, fmt.Sprint(111+100*recency+10*frequency+monetary))
			}
		}
	}
	return texts
}

// segment returns the place of the three scores among the segments.
func (s *Scores) segment() uint8 {
	return uint8(rfmClasses*(rfmClasses*(s.Recency-1)+s.Frequency-1) + s.Monetary - 1)
}
