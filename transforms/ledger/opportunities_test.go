package ledger

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

func daysOf(t *testing.T, texts ...string) (days []calendar.Day) {
	t.Helper()
	for _, text := range texts {
		day, ok := calendar.ParseDay(text)
		if !ok {
			t.Fatal(text)
		}
		days = append(days, day)
	}
	return days
}

// By hand, as of 2024-04-15: the last complete month is March, and half of April is
// over.
func TestOpportunitiesAreCompletePeriodsAfterThatOfTheFirstPurchase(t *testing.T) {
	months := Opportunities{Grain: calendar.ByMonth}.AsOf(daysOf(t, "2024-04-15")[0])
	contract := months
	contract.IsContractual = true
	if months.Elapsed() != 0.5 {
		t.Errorf("%v of the month is over", months.Elapsed())
	}
	for _, c := range []struct {
		name                string
		days                []string
		want, underContract Taken
	}{
		{"bought once", []string{"2024-01-31"}, Taken{0, 0, 2, 0, false}, Taken{0, 0, 2, 0, false}},
		{"the month of the first purchase is none", []string{"2024-01-02", "2024-01-31"}, Taken{0, 0, 2, 0, false}, Taken{0, 0, 2, 0, false}},
		{"several purchases take one", []string{"2024-01-02", "2024-02-01", "2024-02-29"}, Taken{1, 1, 2, 2, false}, Taken{1, 1, 2, 2, false}},
		{"missed and back", []string{"2024-01-31", "2024-03-31"}, Taken{1, 2, 2, 1, true}, Taken{2, 2, 2, 1, true}},
		{"the running month does not count yet", []string{"2024-02-10", "2024-04-10"}, Taken{0, 0, 1, 0, true}, Taken{1, 1, 1, 0, true}},
		{"paid in the running month", []string{"2024-03-05", "2024-04-05"}, Taken{0, 0, 0, 0, false}, Taken{0, 0, 0, 0, false}},
		{"acquired in the running month", []string{"2024-04-05"}, Taken{}, Taken{}},
	} {
		days := daysOf(t, c.days...)
		if got := months.Of(slices.Values(days)); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		if got := contract.Of(slices.Values(days)); got != c.underContract {
			t.Errorf("%s, under contract: %+v, want %+v", c.name, got, c.underContract)
		}
		one := &Customers{First: days[:1], Last: days[len(days)-1:]}
		if got := contract.OfCustomer(one, 0); got.X != c.underContract.X || got.T != c.underContract.T {
			t.Errorf("%s: the first and the last purchase say %+v, want %+v", c.name, got, c.underContract)
		}
	}
}

// What the days say is kept per customer, on the shelf too, and is absent unless
// asked for.
func TestOpportunitiesTakenAreKeptPerCustomer(t *testing.T) {
	months := Opportunities{Grain: calendar.ByMonth}.AsOf(daysOf(t, "2024-03-31")[0])
	s := &Shard{}
	for i, days := range [][]calendar.Day{daysOf(t, "2024-01-31", "2024-03-01"), nil, daysOf(t, "2024-02-01")} {
		for _, day := range days {
			s.Days.Day, s.Days.IsPurchase, s.Days.Orders = append(s.Days.Day, day), append(s.Days.IsPurchase, true), append(s.Days.Orders, 1)
			s.Days.GrossSales, s.Days.Refunds, s.Days.Contribution = append(s.Days.GrossSales, 5), append(s.Days.Refunds, 0), append(s.Days.Contribution, 0)
		}
		s.End(Key{byte('a' + i)})
	}
	plain := s.Append(nil)
	var all []Taken
	s.Take(months, func(t Taken) { all = append(all, t) })
	if want := []Taken{{1, 2, 2, 1, true}, {0, 0, 1, 0, false}}; !slices.Equal(all, want) {
		t.Errorf("%+v, want %+v", all, want)
	}
	var back Customers
	back.Decode(s.Append(nil), &Vocabulary{})
	if !slices.Equal(back.Taken, []int32{1, 0, 0}) || !slices.Equal(back.LastTaken, []int32{2, 0, 0}) {
		t.Errorf("taken %v, last %v", back.Taken, back.LastTaken)
	}
	if got := months.OfCustomer(&back, 0); !reflect.DeepEqual(got, Taken{1, 2, 2, 0, false}) {
		t.Errorf("of the first customer %+v", got)
	}
	back.Decode(plain, &Vocabulary{})
	if len(back.Taken) != 0 || !bytes.Equal(back.Append(nil), plain) {
		t.Errorf("customers without opportunities have %v", back.Taken)
	}
}
