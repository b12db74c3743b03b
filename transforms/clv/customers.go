package clv

import (
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

	Scores
	Stage Stage // meaningless without a purchase

	Status          Status
	Alive           numeric.Null[float64]
	NextPurchase    numeric.Null[calendar.Day]
	PurchasesOfYear float64             // null where Alive is
	ValueOfYear     numeric.Null[int64] // undiscounted
	Residual        numeric.Null[int64] // without end, discounted to the as-of day
	Models          ModelPlaces
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

// purchasesOfYear returns the expected purchases of the next year.
func (c *Customer) purchasesOfYear() (float64, bool) {
	_, ok := c.Alive.Get()
	return c.PurchasesOfYear, ok
}

// Customers returns what sets rows to those of customers, a row each, in their
// order: the first of into to that of customer from.
func (v *Valuation) Customers(f *cohort.Frame, s *ledger.Customers, values []Value, ranks *Ranks, limits Lifecycle) func(from int, into []Customer) {
	models := v.models()
	return func(from int, into []Customer) {
		for n := range into {
			c, i := &into[n], from+n
			*c = Customer{Attributes: c.Attributes[:0]}
			c.bought(f, s, i)
			if v.HasContribution {
				c.Contribution = numeric.Known(s.Contribution[i])
			}
			if c.Status = values[i].Status; values[i].isScored() {
				c.predicted(&values[i])
				c.Models = models
			}
			if c.HasPurchase {
				c.Scores = ranks.of(c)
				c.Stage = limits.stage(int64(c.AsOf-c.Last), c.x())
			}
		}
	}
}

// bought fills in what customer i did up to the as-of day.
func (c *Customer) bought(f *cohort.Frame, s *ledger.Customers, i int) {
	c.Key, c.AsOf = s.Keys.At(i), f.AsOf
	c.Orders, c.GrossSales, c.Refunds = int64(s.Orders[i]), s.GrossSales[i], s.Refunds[i]
	for a := range s.Attributes {
		c.Attributes = append(c.Attributes, s.Attributes[a].Value(i))
	}
	if !s.HasPurchase(i) {
		return
	}
	c.HasPurchase, c.First, c.Last, c.PurchaseDays = true, s.First[i], s.Last[i], int64(s.PurchaseDays[i])
	c.CohortMonth = f.Calendar.StartOf(calendar.ByMonth, c.First)
	c.FirstPurchaseValue, c.RepeatValue = s.FirstValue[i], s.RepeatValue[i]
}

// predicted fills in what is expected of a customer.
func (c *Customer) predicted(value *Value) {
	c.Alive = numeric.Known(value.score.Alive)
	c.PurchasesOfYear, c.ValueOfYear = value.purchases, value.year
	c.Residual = value.residual
	c.NextPurchase = value.nextPurchase(c.AsOf)
}
