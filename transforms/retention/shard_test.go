package retention_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/numeric"
	"github.com/perennial-clv/perennial/transforms/retention"
)

// shopShard makes a shard of customers who came within three years up to an
// as-of day. Half of them buy once; the others return after some weeks, and
// one day in twenty has a refund alone. There are about nine days a customer,
// and an attribute of four values.
func shopShard(customers int, asOf calendar.Day) *ledger.Shard {
	const history = 3 * 365
	random := rand.New(rand.NewPCG(1, 2))
	s := &ledger.Shard{}
	s.Attributes = []ledger.Coded{{Values: []string{"a", "b", "c", "d"}}}
	for i := range customers {
		day := asOf - calendar.Day(random.IntN(history))
		pause := 10 + random.IntN(70) // days between visits, on average
		isLoyal := random.IntN(2) == 0
		for isFirst := true; day <= asOf && (isFirst || isLoyal); isFirst = false {
			enterDay(&s.Days, day, isFirst || random.IntN(20) > 0, int64(1+random.IntN(500_0000)))
			day += calendar.Day(1 + random.IntN(2*pause))
		}
		s.Attributes[0].Codes = append(s.Attributes[0].Codes, int32(random.IntN(4)))
		s.End(ledger.Key(fmt.Sprint(i)))
	}
	return s
}

// enterDay enters a day with one order, or with a refund.
func enterDay(d *ledger.Days, day calendar.Day, isPurchase bool, amount int64) {
	orders, gross, refund := int32(1), amount, int64(0)
	if !isPurchase {
		orders, gross, refund = 0, 0, -amount
	}
	d.Day, d.Orders, d.IsPurchase = append(d.Day, day), append(d.Orders, orders), append(d.IsPurchase, isPurchase)
	d.GrossSales, d.Refunds = append(d.GrossSales, gross), append(d.Refunds, refund)
	d.Contribution = append(d.Contribution, (gross+refund)/2)
}

// single returns the shard of one of a shard's customers.
func single(s *ledger.Shard, customer int) *ledger.Shard {
	from, to := s.Range(customer)
	a := s.Attributes[0]
	one := &ledger.Shard{Days: ledger.Days{
		Day: s.Days.Day[from:to], Orders: s.Days.Orders[from:to], IsPurchase: s.Days.IsPurchase[from:to],
		GrossSales: s.Days.GrossSales[from:to], Refunds: s.Days.Refunds[from:to], Contribution: s.Days.Contribution[from:to],
	}}
	one.Attributes = []ledger.Coded{{Values: a.Values[a.Codes[customer]:][:1], Codes: []int32{0}}}
	one.End(s.Keys.At(customer))
	return one
}

// everyGrain is a frame of all grains and one split, from a day on.
func everyGrain(asOf, from calendar.Day) *cohort.Frame {
	f := cohort.NewFrame(calendar.Calendar{WeekStart: 6}, asOf, []calendar.Grain{calendar.ByDay, calendar.ByMonth, calendar.ByQuarter, calendar.ByWeek, calendar.ByYear})
	f.From = numeric.Known(from)
	f.SplitBy = []cohort.Attribute{{Name: "first_attribute"}}
	return f
}

// sums are what a shard adds to.
type sums struct {
	grid     retention.Grid
	survival retention.Survival
}

func newSums(maxOffset int32) *sums {
	s := &sums{}
	for g := range s.grid.MaxOffset {
		s.grid.MaxOffset[g] = maxOffset
	}
	return s
}

func (s *sums) addShard(f *cohort.Frame, shard *ledger.Shard) {
	s.grid.AddShard(f, cohort.NewView(f, shard))
	s.survival.AddShard(f, cohort.NewView(f, shard))
}

func (s *sums) add(o *sums) {
	s.grid.Add(&o.grid)
	s.survival.Add(&o.survival)
}

// check compares what is published of two sums.
func (s *sums) check(t *testing.T, f *cohort.Frame, name string, want *sums) {
	t.Helper()
	got, rows := periods(f, &s.grid), periods(f, &want.grid)
	if !slices.Equal(got, rows) || s.grid.Rows() != want.grid.Rows() || s.grid.Rows() != int64(len(rows)) {
		t.Errorf("%s: %d rows of cohort_periods, %d announced, are not the %d of the whole shard", name, len(got), s.grid.Rows(), len(rows))
	}
	for mode := retention.ByCalendar; mode <= retention.Rolling; mode++ {
		for _, g := range f.Grains {
			if got, want := s.grid.Beyond(g, mode), want.grid.Beyond(g, mode); got != want {
				t.Errorf("%s: beyond the last offset of grain %s, %s: %+v; want %+v", name, g, mode, got, want)
			}
		}
	}
	if got, want := curves(f, &s.grid, &s.survival), curves(f, &want.grid, &want.survival); !slices.Equal(got, want) {
		t.Errorf("%s: %d points of curves are not the %d of the whole shard", name, len(got), len(want))
	}
}

// A shard adds what its customers add one by one, and in whatever parts they
// were added up before.
func TestShardIsTheSumOfItsCustomers(t *testing.T) {
	asOf := calendar.Date(2024, 6, 15)
	f := everyGrain(asOf, asOf-900)
	shard := shopShard(30, asOf)
	for _, maxOffset := range []int32{0, 2, 10_000} {
		whole, oneByOne, merged := newSums(maxOffset), newSums(maxOffset), newSums(maxOffset)
		whole.addShard(f, shard)
		for i := range shard.Len() {
			customer := single(shard, shard.Len()-1-i)
			oneByOne.addShard(f, customer)
			own := newSums(maxOffset)
			own.addShard(f, customer)
			merged.add(own)
		}
		oneByOne.check(t, f, fmt.Sprint("one by one, up to offset ", maxOffset), whole)
		merged.check(t, f, fmt.Sprint("merged, up to offset ", maxOffset), whole)
	}
}

// Without a day laid out, everything is computed; it is the same.
func TestShardAddsTheSameWithoutDaysLaidOut(t *testing.T) {
	asOf := calendar.Date(2024, 6, 15)
	f := everyGrain(asOf, asOf-900)
	computed := *f
	computed.Calendar = calendar.Almanac{Calendar: f.Calendar.Calendar}
	shard := shopShard(30, asOf)
	want, got := newSums(10_000), newSums(10_000)
	want.addShard(f, shard)
	got.addShard(&computed, shard)
	got.check(t, f, "computed", want)
}
