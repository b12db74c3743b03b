package cohort_test

import (
	"fmt"
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

// The business in one line, by hand: a buys in January and February, b in
// February; a refund of b comes in March, when nobody buys.
func TestBusinessPeriodsByHand(t *testing.T) {
	s := &ledger.Shard{Unattributed: map[calendar.Day]int64{calendar.Date(2023, 12, 31): 7}}
	enter := func(day calendar.Day, orders int32, gross, refunds int64) {
		d := &s.Days
		d.Day, d.Orders, d.IsPurchase = append(d.Day, day), append(d.Orders, orders), append(d.IsPurchase, orders > 0)
		d.GrossSales, d.Refunds, d.Contribution = append(d.GrossSales, gross), append(d.Refunds, refunds), append(d.Contribution, 0)
	}
	enter(calendar.Date(2024, 1, 5), 2, 100, 0)
	enter(calendar.Date(2024, 2, 5), 1, 50, 0)
	s.End(ledger.Key{'a'})
	enter(calendar.Date(2024, 2, 7), 1, 30, 0)
	enter(calendar.Date(2024, 3, 1), 0, 0, -10)
	s.End(ledger.Key{'b'})
	f := cohort.NewFrame(calendar.Calendar{}, calendar.Date(2024, 3, 15), []calendar.Grain{calendar.ByMonth})
	var b cohort.Business
	b.AddShard(f, s)
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
