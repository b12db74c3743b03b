package clv

import (
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
)

// Cells are customers as the models see them: those with equal numbers are one
// cell with a count. Enter customers, add the parts up, and Compact once; only
// then there are Purchases and Spend.
type Cells struct {
	Purchases []models.Cell      // distinct, sorted by (X, Tx, T)
	Spend     []models.SpendCell // distinct, sorted by (X, Sum)
	Taken     []models.Cell      // the same customers by opportunities, as sorted; empty where the job has no discrete model
	TakenSums TakenSums

	// By divides the customers into segments, nil does not; it is set before the
	// first of them is entered. Segments are those with customers, in their order.
	By       *Segmentation
	Segments []SegmentCells

	entered      tally // (segment and x, t_x and T)
	enteredSpend tally // (segment and x, repeat value)
	enteredTaken tally // (x, t_x and T) by opportunities
}

// TakenSums are what customers made of opportunities, all together.
type TakenSums struct {
	Opportunities, Purchases int64 // taken, and the purchase days in them
	CameBack                 int64 // customers with a purchase after an opportunity without one
}

// perOpportunity returns the mean number of purchases of an opportunity taken, 1
// where none was.
func (s *TakenSums) perOpportunity() float64 {
	if s.Opportunities == 0 {
		return 1
	}
	return float64(s.Purchases) / float64(s.Opportunities)
}

// Segmentation divides customers into segments, by the values of an attribute.
type Segmentation struct {
	Attribute int      // its index in ledger.Customers.Attributes
	Name      string   // of its column in customers, as first_country
	Values    []string // in order, at most MaxSegments
}

// part returns the part of the base that a segment is.
func (s *Segmentation) part(segment int) cohort.Dimension {
	return cohort.Dimension{Name: s.Name, Value: s.Values[segment]}
}

// SegmentCells are the customers of a segment.
type SegmentCells struct {
	Segment   int                // by the place of its value
	Purchases []models.Cell      // distinct, sorted by (X, Tx, T)
	Spend     []models.SpendCell // distinct, sorted by (X, Sum)
}

// segmentShift puts a segment above x in one number: there is room for MaxSegments
// beside a purchase a day for five thousand years.
const segmentShift = 21

// MaxSegments is how many values an attribute may have that divides customers
// into segments: more of them are not segments that anybody compares.
const MaxSegments = 1_000

// Enter enters customers.
func (c *Cells) Enter(customers *ledger.Customers, asOf calendar.Day) {
	for i := range customers.Len() {
		if customers.HasPurchase(i) {
			segment, first := 0, customers.First[i]
			if c.By != nil {
				segment, _ = customers.Attributes[c.By.Attribute].Place(i)
			}
			c.enter(int32(segment)<<segmentShift|customers.X(i), int32(customers.Last[i]-first), int32(asOf-first), customers.RepeatValue[i])
		}
	}
}

// timesShift puts t_x above T in one number, each into digits of its own of
// sortPairs.
const timesShift = 3 * digitBits

// EnterOne enters a customer whose x repeat purchases brought an amount, where there are no segments. Without a
// repeat purchase, or one of value, there is nothing for the model of spend.
func (c *Cells) EnterOne(x, tx, T int32, repeat int64) { c.enter(x, tx, T, repeat) }

// enter enters a customer, the segment above x.
func (c *Cells) enter(x, tx, T int32, repeat int64) {
	c.entered.enter(x, int64(tx)<<timesShift|int64(T))
	if x&(1<<segmentShift-1) > 0 && repeat > 0 {
		c.enteredSpend.enter(x, repeat)
	}
}

// EnterTaken enters what a customer made of the opportunities.
func (c *Cells) EnterTaken(t ledger.Taken) {
	c.enteredTaken.enter(t.X, int64(t.Tx)<<timesShift|int64(t.T))
	c.TakenSums.Opportunities += int64(t.X)
	c.TakenSums.Purchases += int64(t.Purchases)
	if t.CameBack {
		c.TakenSums.CameBack++
	}
}

// Add takes over the cells of another part.
func (c *Cells) Add(o *Cells) {
	c.entered.add(&o.entered)
	c.enteredSpend.add(&o.enteredSpend)
	c.enteredTaken.add(&o.enteredTaken)
	c.TakenSums.Opportunities += o.TakenSums.Opportunities
	c.TakenSums.Purchases += o.TakenSums.Purchases
	c.TakenSums.CameBack += o.TakenSums.CameBack
}

// Compact sorts what was entered and adds up what is equal. It is to follow the
// last Add.
func (c *Cells) Compact() {
	c.Purchases, c.Taken = drained(&c.entered), drained(&c.enteredTaken)
	c.enteredSpend.drain(func(pairs []pair) {
		c.Spend = room(c.Spend, len(pairs))
		for _, p := range pairs {
			c.Spend = append(c.Spend, models.SpendCell{X: p.x, Sum: p.y, Count: p.count})
		}
	})
	if c.By != nil {
		c.divide()
	}
}

// drained empties a tally of (x, t_x and T) into cells.
func drained(t *tally) (cells []models.Cell) {
	t.drain(func(pairs []pair) {
		cells = room(cells, len(pairs))
		for _, p := range pairs {
			tx, T := int32(p.y>>timesShift), int32(p.y&(1<<timesShift-1))
			cells = append(cells, models.Cell{X: p.x, Tx: tx, T: T, Count: p.count})
		}
	})
	return cells
}

// of returns the cells that a family is fitted to.
func (c *Cells) of(family models.Family) []models.Cell {
	if family.IsDiscrete() {
		return c.Taken
	}
	return c.Purchases
}

// data returns what a family is fitted to.
func (c *Cells) data(family models.Family, s *Settings, gaps *Gaps) models.Data {
	if !family.IsDiscrete() {
		return models.Data{Cells: c.Purchases, LogGaps: gaps.LogSum()}
	}
	return models.Data{Cells: c.Taken, Opportunity: models.Opportunity{
		Purchases: c.TakenSums.perOpportunity(), Elapsed: s.Opportunities.Elapsed(),
	}}
}

// room makes room for n more. It grows by half, for an append that has to copy
// millions of cells grows by a quarter only.
func room[T any](list []T, n int) []T {
	if cap(list)-len(list) < n {
		return slices.Grow(list, max(n, len(list)/2))
	}
	return list
}
