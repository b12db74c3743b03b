package clv

import (
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/money"
)

// CustomerBlock is rows of customers as columns, of which as many entries count
// as there are rows. Some have a meaning only where a flag is 1.
type CustomerBlock struct {
	rows int

	keys                column[ledger.Key]
	integers            column[int64] // those of keys that are
	orders              column[int64]
	gross, refunds, net column[int64]
	contribution        column[int64]
	hasContribution     column[uint8] // of all or of none
	hasOrder            column[uint8]
	meanOrder           column[int64]    // with an order
	attributes          []column[string] // with a purchase, in the order of the mapping
	purchaseDays, x     column[int64]    // x: of repeat purchases
	isOneTime           column[uint8]    // x is 0, with a purchase

	hasPurchase                  column[uint8] // what follows is only with one
	cohortMonth, first, last     column[calendar.Day]
	span, age, silent            column[int64] // t_x, T, and the days since the last purchase
	firstValue                   column[int64]
	recency, frequency, monetary column[int64] // scores
	segment                      column[uint8]
	stage                        column[Stage]

	hasRepeat  column[uint8] // x is not 0; what follows is only with one
	meanRepeat column[int64]
	meanGap    column[float64]

	status                 column[Status]
	isScored               column[uint8] // what follows is only where a model predicts
	alive, purchasesOfYear column[float64]
	purchasesModel         column[uint8] // among modelIDs
	hasSpendModel          column[uint8]
	spendModel             column[uint8]  // among modelIDs
	modelIDs, spendIDs     column[string] // where models differ between customers, in the place of these
	hasYear                column[uint8]
	valueOfYear            column[int64] // undiscounted
	hasNext                [3]column[uint8]
	next                   [3]column[calendar.Day] // when the next purchase is expected: early, as likely as not, late
	hasResidual            column[uint8]
	residual, total        column[int64] // residual: without end, discounted to the as-of day
	hasInterval            column[uint8]
	low, high              column[int64] // the interval of residual
	percentile             column[int64]
	tier                   column[Tier]
}

// Customers returns what sets a block to rows of customers, a row each, in their
// order, from that of customer from on.
func (v *Valuation) Customers(f *cohort.Frame, s *ledger.Customers, values []Value, ranks *Ranks, limits Lifecycle) func(from, rows int, into *CustomerBlock) {
	models := v.models()
	return func(from, rows int, b *CustomerBlock) {
		b.rows = rows
		b.traded(s, from, v.HasContribution)
		b.bought(f, s, from)
		b.compared(ranks, limits, values[from:])
		b.predicted(values[from:], f.AsOf, models)
		b.spread(v, values[from:])
		if v.HasManyModels() {
			b.modelled(values[from:])
		}
	}
}

// traded fills in what money customers brought up to the as-of day.
func (b *CustomerBlock) traded(s *ledger.Customers, from int, hasContribution bool) {
	for i := range b.rows {
		k := from + i
		b.keys[i] = s.Keys.At(k)
		b.orders[i], b.gross[i], b.refunds[i], b.net[i] = int64(s.Orders[k]), s.GrossSales[k], s.Refunds[k], s.Net(k)
		b.contribution[i], b.hasContribution[i] = s.Contribution[k], one(hasContribution)
		mean, ok := money.Mean(b.gross[i], b.orders[i])
		b.meanOrder[i], b.hasOrder[i] = mean, one(ok)
	}
	if len(b.attributes) != len(s.Attributes) {
		b.attributes = make([]column[string], len(s.Attributes))
	}
	for a := range s.Attributes {
		for i := range b.rows {
			b.attributes[a][i] = s.Attributes[a].Value(from + i)
		}
	}
}

// bought fills in when customers bought, and what.
func (b *CustomerBlock) bought(f *cohort.Frame, s *ledger.Customers, from int) {
	for i := range b.rows {
		k := from + i
		first, last, days := s.First[k], s.Last[k], int64(s.PurchaseDays[k])
		x := max(0, days-1)
		b.purchaseDays[i], b.x[i], b.isOneTime[i] = days, x, one(days == 1)
		b.hasPurchase[i], b.hasRepeat[i] = one(days > 0), one(x > 0)
		b.first[i], b.last[i], b.cohortMonth[i] = first, last, f.Calendar.StartOf(calendar.ByMonth, first)
		b.span[i], b.age[i], b.silent[i] = int64(last-first), int64(f.AsOf-first), int64(f.AsOf-last)
		b.firstValue[i] = s.FirstValue[k]
		b.meanRepeat[i], _ = money.Mean(s.RepeatValue[k], x)
		b.meanGap[i] = float64(last-first) / float64(x)
	}
}

// compared fills in where customers stand in the base.
func (b *CustomerBlock) compared(ranks *Ranks, limits Lifecycle, values []Value) {
	for i := range b.rows {
		if b.hasPurchase[i] == 0 {
			continue
		}
		scores := ranks.of(b.last[i], b.purchaseDays[i], b.net[i], values[i].residual)
		b.recency[i], b.frequency[i], b.monetary[i] = scores.Recency, scores.Frequency, scores.Monetary
		b.percentile[i], b.tier[i] = scores.Percentile, tierOf(scores.Percentile)
		b.segment[i] = scores.segment()
		b.stage[i] = limits.stage(b.silent[i], b.x[i])
	}
}

// predicted fills in what is expected of customers.
func (b *CustomerBlock) predicted(values []Value, asOf calendar.Day, models ModelPlaces) {
	purchases, _ := models.Purchases.Get()
	spend, hasSpend := models.Spend.Get()
	for i := range b.rows {
		value := &values[i]
		isScored := value.isScored()
		residual, hasResidual := value.residual.Get()
		year, hasYear := value.year.Get()
		b.status[i], b.isScored[i] = value.Status, one(isScored)
		b.alive[i], b.purchasesOfYear[i] = value.score.Alive, value.purchases
		b.purchasesModel[i], b.spendModel[i], b.hasSpendModel[i] = purchases, spend, one(isScored && hasSpend)
		b.valueOfYear[i], b.hasYear[i] = year, one(hasYear)
		for k, day := range value.nextPurchase(asOf) {
			next, hasNext := day.Get()
			b.next[k][i], b.hasNext[k][i] = next, one(hasNext)
		}
		b.residual[i], b.total[i], b.hasResidual[i] = residual, b.net[i]+residual, one(hasResidual)
	}
}

// spread fills in how far the residual values of customers may come out.
func (b *CustomerBlock) spread(v *Valuation, values []Value) {
	for i := range b.rows {
		var own Interval
		if values[i].isScored() {
			own = v.residualInterval(&values[i])
		}
		low, hasLow := own.Low.Get()
		high, hasHigh := own.High.Get()
		b.low[i], b.high[i], b.hasInterval[i] = low, high, one(hasLow && hasHigh)
	}
}

// modelled fills in the models of customers where they differ.
func (b *CustomerBlock) modelled(values []Value) {
	for i := range b.rows {
		b.modelIDs[i], b.spendIDs[i] = values[i].modelIDs()
		b.hasSpendModel[i] = one(b.spendIDs[i] != "")
	}
}

// ids returns the keys as integers, which they are.
func (b *CustomerBlock) ids() []int64 {
	for i, key := range b.keys[:b.rows] {
		b.integers[i] = key.Integer()
	}
	return b.integers[:b.rows]
}

// one returns 1 for true; the compiler makes no branch of it.
func one(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}
