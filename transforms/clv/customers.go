package clv

import (
	"math"
	"strconv"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/money"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Customer is a row of customers.
type Customer struct {
	Key         ledger.Key
	HasPurchase bool // without one, everything dated, rated or predicted is null
	CohortMonth calendar.Day
	First, Last calendar.Day
	AsOf        calendar.Day

	Orders, PurchaseDays int64
	GrossSales, Refunds  int64
	Contribution         numeric.Null[int64]
	FirstPurchaseValue   int64
	RepeatValue          int64
	Attributes           []string // in the order of the mapping

	Recency, Frequency, Monetary numeric.Null[int64]
	Percentile                   numeric.Null[int64]

	Stage Stage // empty without a purchase

	Status       Status
	Alive        numeric.Null[float64]
	NextPurchase numeric.Null[calendar.Day]
	Year         Prediction
	Lifetime     Prediction
	ModelID      string // empty where there are no predictions
	SpendID      string // empty where the spend part is not a model's
}

// NetRevenue returns gross sales and refunds together.
func (c *Customer) NetRevenue() int64 { return c.GrossSales + c.Refunds }

// x returns the number of repeat purchase days.
func (c *Customer) x() int64 { return max(0, c.PurchaseDays-1) }

// span returns t_x, the days from the first to the last purchase.
func (c *Customer) span() int64 { return int64(c.Last - c.First) }

// dated returns a number that only customers with a purchase have.
func (c *Customer) dated(v int64) (int64, bool) { return v, c.HasPurchase }

// meanRepeatValue returns the mean value of the purchases after the first.
func (c *Customer) meanRepeatValue() (int64, bool) { return money.Mean(c.RepeatValue, c.x()) }

// meanGap returns the mean days between purchases.
func (c *Customer) meanGap() (float64, bool) { return numeric.Ratio(c.span(), c.x()).Get() }

// segment returns the three scores as digits, of customers with a purchase.
func (c *Customer) segment() (string, bool) {
	recency, ok := c.Recency.Get()
	frequency, _ := c.Frequency.Get()
	monetary, _ := c.Monetary.Get()
	return strconv.FormatInt(100*recency+10*frequency+monetary, 10), ok
}

// tier returns the tier of the percentile.
func (c *Customer) tier() (string, bool) {
	percentile, ok := c.Percentile.Get()
	return string(tierOf(percentile)), ok
}

// Base is what scores and percentiles compare a customer with: all customers
// with a purchase.
type Base struct {
	recency, frequency, monetary, residual []int64
	size                                   float64 // Σ |net revenue| + |residual value|, to bound their sums

	year     int64   // Σ predicted value of a year
	years    int64   // customers that have one
	yearSize float64 // Σ |predicted value of a year|
}

// Enter enters customers with what they are worth.
func (b *Base) Enter(v *Valuation, c *ledger.Customers, values []Value, asOf calendar.Day) {
	for customer := range c.Len() {
		if !c.HasPurchase(customer) {
			continue
		}
		net := c.Net(customer)
		b.recency = append(b.recency, -int64(asOf-c.Last[customer]))
		b.frequency = append(b.frequency, int64(c.PurchaseDays[customer]))
		b.monetary = append(b.monetary, net)
		if residual, ok := v.lifetime(&values[customer]).Residual.Get(); ok {
			b.residual = append(b.residual, residual)
			b.size += math.Abs(float64(residual))
		}
		if year, ok := v.predict(&values[customer], v.year, NetRevenue).Value.Get(); ok {
			b.year += year
			b.years++
			b.yearSize += math.Abs(float64(year))
		}
		b.size += math.Abs(float64(net))
	}
}

// Add enters another part of the base.
func (b *Base) Add(o *Base) {
	b.recency = append(b.recency, o.recency...)
	b.frequency = append(b.frequency, o.frequency...)
	b.monetary = append(b.monetary, o.monetary...)
	b.residual = append(b.residual, o.residual...)
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
	for _, r := range b.residual {
		sum += r
	}
	return sum, len(b.residual) == len(b.recency) && len(b.recency) > 0
}

// YearPerCustomer returns what a customer is expected to bring in the 365 days
// after the as-of day: Σ predicted_value_365d ÷ customers with a purchase,
// rounded half-even. Null unless every such customer has a prediction.
func (b *Base) YearPerCustomer() numeric.Null[int64] {
	mean, ok := money.Mean(b.year, b.years)
	if !ok || b.years != int64(len(b.recency)) {
		return numeric.Null[int64]{}
	}
	return numeric.Known(mean)
}

// Ranks rank a customer within the base.
type Ranks struct{ recency, frequency, monetary, residual ranking }

// Rank sorts the base, which is of no further use.
func (b *Base) Rank() Ranks {
	return Ranks{newRanking(b.recency), newRanking(b.frequency), newRanking(b.monetary), newRanking(b.residual)}
}

const (
	rfmClasses        = 5
	percentileClasses = 100
)

func (r *Ranks) apply(c *Customer) {
	c.Recency = numeric.Known(r.recency.score(-int64(c.AsOf-c.Last), rfmClasses))
	c.Frequency = numeric.Known(r.frequency.score(c.PurchaseDays, rfmClasses))
	c.Monetary = numeric.Known(r.monetary.score(c.NetRevenue(), rfmClasses))
	if residual, ok := c.Lifetime.Residual.Get(); ok {
		c.Percentile = numeric.Known(r.residual.score(residual, percentileClasses))
	}
}

// Customers returns the rows of customers, in their order.
func (v *Valuation) Customers(f *cohort.Frame, s *ledger.Customers, values []Value, ranks *Ranks, limits Lifecycle) []Customer {
	rows := make([]Customer, s.Len())
	for i := range rows {
		rows[i] = v.customer(f, s, i, &values[i])
		if c := &rows[i]; c.HasPurchase {
			ranks.apply(c)
			c.Stage = limits.stage(int64(c.AsOf-c.Last), c.x())
		}
	}
	return rows
}

func (v *Valuation) customer(f *cohort.Frame, s *ledger.Customers, i int, value *Value) Customer {
	c := Customer{
		Key: s.Keys.At(i), AsOf: f.AsOf, Status: value.Status, Alive: value.Alive,
		Orders: int64(s.Orders[i]), GrossSales: s.GrossSales[i], Refunds: s.Refunds[i],
	}
	for a := range s.Attributes {
		c.Attributes = append(c.Attributes, s.Attributes[a].Value(i))
	}
	if v.HasContribution {
		c.Contribution = numeric.Known(s.Contribution[i])
	}
	if !s.HasPurchase(i) {
		return c
	}
	c.HasPurchase, c.First, c.Last, c.PurchaseDays = true, s.First[i], s.Last[i], int64(s.PurchaseDays[i])
	c.CohortMonth = f.Calendar.Start(calendar.ByMonth, f.Period(calendar.ByMonth, c.First))
	c.FirstPurchaseValue, c.RepeatValue = s.FirstValue[i], s.RepeatValue[i]
	c.Year, c.Lifetime = v.predict(value, v.year, NetRevenue), v.lifetime(value)
	c.NextPurchase = v.nextPurchase(value, s.X(i), c.First, f.AsOf)
	c.ModelID, c.SpendID = v.modelIDs(value.Status)
	return c
}
