package cohort_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

func ExampleFrame() {
	f := cohort.NewFrame(calendar.Calendar{}, calendar.Date(2024, 3, 30), []calendar.Grain{calendar.ByMonth})
	f.From = numeric.Known(calendar.Date(2024, 1, 15))
	january := f.Period(calendar.ByMonth, calendar.Date(2024, 1, 20))
	last := f.LastComplete(calendar.ByMonth)
	fmt.Println(f.Calendar.Start(calendar.ByMonth, january), f.IsLeftTruncated(calendar.ByMonth, january), f.Calendar.Start(calendar.ByMonth, last))
	// Output: 2024-01-01 true 2024-02-01
}

// The whole base comes first, then dimensions by name and value.
func TestDimensionsAreSorted(t *testing.T) {
	var s cohort.Split[int]
	for _, d := range []cohort.Dimension{{"first_country", "FR"}, {"first_channel", "web"}, {"first_country", "DE"}} {
		*s.Of(d) = 1
	}
	want := []cohort.Dimension{cohort.All, {"first_channel", "web"}, {"first_country", "DE"}, {"first_country", "FR"}}
	if got := s.Sorted(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if *s.Get(want[1]) != 1 || *s.Get(cohort.All) != 0 || *s.Get(cohort.Dimension{Name: "nothing"}) != 0 {
		t.Error("a dimension is not read as it was added to")
	}
	if s.Values("first_country") != 2 || s.Values("nothing") != 0 {
		t.Errorf("%d countries", s.Values("first_country"))
	}
}

// A series grows to both sides and keeps what it holds.
func TestSeriesGrowsBothWays(t *testing.T) {
	var s, o cohort.Series[int]
	*s.At(5) = 50
	*s.At(3) = 30
	*s.At(8) = 80
	if first, _ := s.First(); first != 3 || s.End() != 9 || s.Get(5) != 50 || s.Get(4) != 0 || s.Get(100) != 0 || s.Get(-1) != 0 {
		t.Errorf("from %d to %d: %v", first, s.End(), s)
	}
	*o.At(1) = 10
	*o.At(5) = 5
	s.Merge(&o, func(to, from *int) { *to += *from })
	if s.Get(1) != 10 || s.Get(5) != 55 || s.Get(8) != 80 {
		t.Errorf("merged: %v", s)
	}
}

// A span grows to both sides, and is the cells themselves.
func TestSpanOfASeries(t *testing.T) {
	var s cohort.Series[int]
	s.Span(5, 6)[1] = 60
	span := s.Span(3, 8)
	span[0], span[5] = 30, 80
	if first, _ := s.First(); first != 3 || s.End() != 9 || s.Get(3) != 30 || s.Get(6) != 60 || s.Get(8) != 80 || len(s.Span(6, 6)) != 1 {
		t.Errorf("from %d to %d: %v", first, s.End(), s)
	}
}

func enterDay(s *ledger.Shard, day calendar.Day, orders int32, gross, refunds int64) {
	d := &s.Days
	d.Day, d.Orders, d.IsPurchase = append(d.Day, day), append(d.Orders, orders), append(d.IsPurchase, gross+refunds > 0)
	d.GrossSales, d.Refunds = append(d.GrossSales, gross), append(d.Refunds, refunds)
	d.Contribution = append(d.Contribution, (gross+refunds)/2)
}

// enterCustomer enters a customer of random days, of which some have a refund
// alone, and one of two attribute values.
func enterCustomer(s *ledger.Shard, random *rand.Rand, asOf calendar.Day) {
	day := asOf - calendar.Day(random.IntN(800))
	enterDay(s, day, 1, 100, 0)
	for range random.IntN(9) {
		if day += calendar.Day(1 + random.IntN(60)); day > asOf {
			break
		}
		if random.IntN(4) == 0 {
			enterDay(s, day, 0, 0, -10)
		} else {
			enterDay(s, day, 1+int32(random.IntN(2)), int64(50+random.IntN(50)), 0)
		}
	}
	s.Attributes[0].Codes = append(s.Attributes[0].Codes, int32(random.IntN(2)))
	s.End(ledger.Key{'c'})
}

func newShard() *ledger.Shard {
	return &ledger.Shard{Customers: ledger.Customers{Attributes: []ledger.Coded{{Values: []string{"a", "b"}}}}}
}

// A shard adds what its customers add one by one, and in whatever parts they
// were added up before.
func TestShardIsTheSumOfItsCustomers(t *testing.T) {
	asOf := calendar.Date(2024, 2, 29)
	f := cohort.NewFrame(calendar.Calendar{}, asOf, []calendar.Grain{calendar.ByDay, calendar.ByMonth, calendar.ByQuarter, calendar.ByWeek, calendar.ByYear})
	f.SplitBy = []cohort.Attribute{{Name: "first_attribute"}}
	var business, businessOneByOne, businessMerged cohort.Business
	var cohorts, cohortsOneByOne, cohortsMerged cohort.Cohorts
	shard := newShard()
	for seed := range uint64(100) {
		single := newShard()
		enterCustomer(shard, rand.New(rand.NewPCG(seed, 1)), asOf)
		enterCustomer(single, rand.New(rand.NewPCG(seed, 1)), asOf)
		businessOneByOne.AddShard(f, cohort.NewView(f, single))
		cohortsOneByOne.AddShard(f, cohort.NewView(f, single))
		var ownBusiness cohort.Business
		var ownCohorts cohort.Cohorts
		ownBusiness.AddShard(f, cohort.NewView(f, single))
		ownCohorts.AddShard(f, cohort.NewView(f, single))
		businessMerged.Add(&ownBusiness)
		cohortsMerged.Add(&ownCohorts)
	}
	business.AddShard(f, cohort.NewView(f, shard))
	cohorts.AddShard(f, cohort.NewView(f, shard))
	want := business.Periods(f, true)
	if got := businessOneByOne.Periods(f, true); !slices.Equal(got, want) {
		t.Errorf("one by one: got\n%v\nwant\n%v", got, want)
	}
	if got := businessMerged.Periods(f, true); !slices.Equal(got, want) {
		t.Errorf("merged: got\n%v\nwant\n%v", got, want)
	}
	for _, d := range cohorts.Sorted() {
		for _, g := range f.Grains {
			series := &cohorts.Of(d)[g]
			for c, _ := series.First(); c < series.End(); c++ {
				want := series.Get(c)
				if got, merged := cohortsOneByOne.Of(d)[g].Get(c), cohortsMerged.Of(d)[g].Get(c); got != want || merged != want {
					t.Errorf("%v, %s of %v: one by one %+v, merged %+v; want %+v", d, g, f.Calendar.Start(g, c), got, merged, want)
				}
			}
		}
	}
}

// What a customer is to a cohort, by hand: the first purchase of 100 on 1
// January, a refund of 10 three weeks later, the second purchase of 50 after 45
// days. On the 80th day, 30 and 60 days are over, and 60 saw the second.
func TestAcquiredByHand(t *testing.T) {
	first := calendar.Date(2024, 1, 1)
	f := cohort.NewFrame(calendar.Calendar{}, first+80, []calendar.Grain{calendar.ByMonth})
	s := &ledger.Shard{}
	enterDay(s, first, 1, 100, 0)
	enterDay(s, first+21, 0, 0, -10)
	enterDay(s, first+45, 1, 50, 0)
	s.End(ledger.Key{'a'})
	var c cohort.Cohorts
	c.AddShard(f, cohort.NewView(f, s))
	got := c.Of(cohort.All)[calendar.ByMonth].Get(f.Period(calendar.ByMonth, first))
	want := cohort.Acquired{
		Size: 1, FirstPurchaseRevenue: 100, Exposed: [4]int64{1, 1, 0, 0}, Repeated: [4]int64{0, 1, 0, 0},
		GrossSales: 150, Refunds: -10, Contribution: 50 - 5 + 25,
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// The business in one line, by hand: a buys in January and February, b in
// February; a refund of b comes in March, when nobody buys.
func TestBusinessPeriodsByHand(t *testing.T) {
	s := &ledger.Shard{Unattributed: map[calendar.Day]int64{calendar.Date(2023, 12, 31): 7}}
	enterDay(s, calendar.Date(2024, 1, 5), 2, 100, 0)
	enterDay(s, calendar.Date(2024, 2, 5), 1, 50, 0)
	s.End(ledger.Key{'a'})
	enterDay(s, calendar.Date(2024, 2, 7), 1, 30, 0)
	enterDay(s, calendar.Date(2024, 3, 1), 0, 0, -10)
	s.End(ledger.Key{'b'})
	f := cohort.NewFrame(calendar.Calendar{}, calendar.Date(2024, 3, 15), []calendar.Grain{calendar.ByMonth})
	var b cohort.Business
	b.AddShard(f, cohort.NewView(f, s))
	var got []string
	for _, p := range b.Periods(f, false) {
		unattributed, _ := p.UnattributedRevenue.Get()
		got = append(got, fmt.Sprint(p.Start, p.IsComplete, " active ", p.ActiveCustomers, " new ", p.NewCustomers, " kept ", p.RetainedCustomers, "/", p.PreviousActive,
			" orders ", p.Orders, " net ", p.NetRevenue(), " existing ", p.ExistingGrossSales, " ever ", p.RepeatCustomersEver, "/", p.CustomersEver, " nobody's ", unattributed))
	}
	want := []string{
		"2023-12-01 true active 0 new 0 kept 0/0 orders 0 net 0 existing 0 ever 0/0 nobody's 7",
		"2024-01-01 true active 1 new 1 kept 0/0 orders 2 net 100 existing 0 ever 0/1 nobody's 0",
		"2024-02-01 true active 2 new 1 kept 1/1 orders 2 net 80 existing 50 ever 1/2 nobody's 0",
		"2024-03-01 false active 0 new 0 kept 0/2 orders 0 net -10 existing 0 ever 1/2 nobody's 0",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}
