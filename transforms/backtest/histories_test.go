package backtest

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
)

// visit is a day of a customer: a purchase if gross > 0.
type visit struct {
	day           calendar.Day
	gross, refund int64
}

// shardOf makes a shard of customers by their visits up to a day, with the last
// digit of their number as an attribute.
func shardOf(until calendar.Day, customers ...[]visit) *ledger.Shard {
	s := &ledger.Shard{Customers: ledger.Customers{Attributes: []ledger.Coded{{}}}}
	a := &s.Attributes[0]
	for i, visits := range customers {
		code := int32(-1)
		for _, v := range visits {
			if v.day > until {
				break
			}
			s.Days.Day = append(s.Days.Day, v.day)
			s.Days.Orders = append(s.Days.Orders, 1)
			s.Days.GrossSales, s.Days.Refunds = append(s.Days.GrossSales, v.gross), append(s.Days.Refunds, v.refund)
			s.Days.Contribution = append(s.Days.Contribution, 0)
			s.Days.IsPurchase = append(s.Days.IsPurchase, v.gross+v.refund > 0)
			value := fmt.Sprint(i % 10)
			if code = int32(slices.Index(a.Values, value)); code < 0 {
				code = int32(len(a.Values))
				a.Values = append(a.Values, value)
			}
		}
		a.Codes = append(a.Codes, code)
		s.End(ledger.Key(fmt.Sprint(i)))
	}
	return s
}

// historiesOf enters shards.
func historiesOf(limit int, shards ...*ledger.Shard) *Histories {
	f := &cohort.Frame{SplitBy: []cohort.Attribute{{Name: "first_digit"}}}
	h := NewHistories(limit)
	for _, s := range shards {
		if !h.Enter(Append(nil, cohort.NewView(f, s))) {
			break
		}
	}
	return h
}

// shopOf simulates customers with no randomness: the i-th comes on day i mod 600
// and returns i mod 7 times, after some weeks each.
func shopOf(customers int) [][]visit {
	list := make([][]visit, customers)
	for i := range list {
		day := calendar.Day(i * 37 % 600)
		for k := 0; k <= i%7; k++ {
			list[i] = append(list[i], visit{day, int64(10_0000 + i*7919%90_0000), 0})
			day += calendar.Day(5 + (i*31+k*17)%90)
			if (i+k)%9 == 0 {
				list[i] = append(list[i], visit{day, 0, -5_0000})
				day++
			}
		}
	}
	return list
}

func statesOf(h *Histories, origin calendar.Day) []State {
	return slices.Collect(h.AsOf(origin).States())
}

// A refund is money and no purchase; a day bought and cancelled is neither.
// Customers without a purchase are not there.
func TestStatesAreThoseOfTheOrigin(t *testing.T) {
	h := historiesOf(MaxSample, shardOf(math.MaxInt32,
		[]visit{{10, 100, 0}, {12, 50, -50}, {15, 30, 0}, {20, 0, -20}, {31, 40, 0}},
		nil,
		[]visit{{30, 7, 0}},
	))
	for origin, want := range map[calendar.Day][]State{
		9:  nil,
		10: {{Customer: 0, First: 10, FirstValue: 100, NetRevenue: 100}},
		30: {{Customer: 0, First: 10, X: 1, Tx: 5, T: 20, FirstValue: 100, RepeatValue: 30, NetRevenue: 110}, {Customer: 1, First: 30, FirstValue: 7, NetRevenue: 7}},
		31: {{Customer: 0, First: 10, X: 2, Tx: 21, T: 21, FirstValue: 100, RepeatValue: 70, NetRevenue: 150}, {Customer: 1, First: 30, T: 1, FirstValue: 7, NetRevenue: 7}},
	} {
		if got := statesOf(h, origin); !reflect.DeepEqual(got, want) {
			t.Errorf("as of day %d: %+v, want %+v", origin, got, want)
		}
	}
	if got, want := h.Trade(0, 15, 31), (Trade{1, 20}); got != want {
		t.Errorf("in (15, 31]: %+v, want %+v", got, want)
	}
	if got, want := h.AsOf(30).Trade(0, 10, 99), (Trade{1, 10}); got != want {
		t.Errorf("up to day 30 since day 10: %+v, want %+v", got, want)
	}
	if d := h.Dimensions[h.Parts(1)[0]]; d != (cohort.Dimension{Name: "first_digit", Value: "2"}) {
		t.Errorf("the second customer is of %v", d)
	}
}

// What is cut off the data after the origin changes nothing as of the origin.
func TestNothingAfterTheOriginIsSeen(t *testing.T) {
	const origin = 400
	customers := shopOf(500)
	whole, cut := historiesOf(MaxSample, shardOf(math.MaxInt32, customers...)), historiesOf(MaxSample, shardOf(origin, customers...))
	seen, known := statesOf(whole, origin), statesOf(cut, origin)
	for i := range seen { // the cut has fewer customers, and so other numbers for them
		seen[i].Customer, known[i].Customer = 0, 0
	}
	if len(seen) == 0 || !slices.Equal(seen, known) {
		t.Errorf("%d states differ from the %d of the cut", len(seen), len(known))
	}
	cells, gaps := whole.AsOf(origin).Cells()
	cutCells, cutGaps := cut.AsOf(origin).Cells()
	if !slices.Equal(cells.Purchases, cutCells.Purchases) || !slices.Equal(cells.Spend, cutCells.Spend) || gaps.LogSum() != cutGaps.LogSum() {
		t.Error("the cells differ from those of the cut")
	}
}

// Blocks of any size give the same histories, and a sample is the first
// customers of them.
func TestHistoriesDoNotDependOnShards(t *testing.T) {
	customers := shopOf(300)
	all := historiesOf(MaxSample, shardOf(math.MaxInt32, customers...))
	parts := historiesOf(MaxSample, shardOf(math.MaxInt32, customers[:100]...), shardOf(math.MaxInt32), shardOf(math.MaxInt32, customers[100:]...))
	sample := historiesOf(150, shardOf(math.MaxInt32, customers[:100]...), shardOf(math.MaxInt32, customers[100:]...))
	if !all.IsWhole() || sample.IsWhole() || all.Len() != 300 || parts.Len() != 300 || sample.Len() != 150 {
		t.Fatalf("%d, %d and %d customers", all.Len(), parts.Len(), sample.Len())
	}
	for i := range all.Len() {
		want := slices.Collect(all.Days(i))
		if !slices.Equal(slices.Collect(parts.Days(i)), want) || i < sample.Len() && !slices.Equal(slices.Collect(sample.Days(i)), want) {
			t.Fatalf("the days of customer %d differ", i)
		}
	}
}
