package shop

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

func newShop(t *testing.T, s Settings) *Shop {
	t.Helper()
	shop, err := New(s)
	if err != nil {
		t.Fatalf("New(%+v): %v", s, err)
	}
	return shop
}

// rowsOf returns the whole log.
func rowsOf(s *Shop, batch int) []Row {
	var rows []Row
	for b := range s.Batches(batch) {
		rows = append(rows, b...)
	}
	return rows
}

// day returns the row's civil day in UTC.
func (r *Row) day() calendar.Day { return calendar.Day(r.OccurredAt / microsecondsPerDay) }

const microsecondsPerDay = 24 * 60 * 60 * 1_000_000

func TestSameSettingsGiveSameRowsHoweverBatched(t *testing.T) {
	for _, settings := range []Settings{{Customers: 500}, {Customers: 500, Clean: true, IntegerKeys: true}, {Rows: 3000, Seed: 7}} {
		shop := newShop(t, settings)
		first, report := rowsOf(shop, 1000), shop.Report()
		if again := rowsOf(shop, 1000); !slices.Equal(first, again) {
			t.Errorf("%+v: a second iteration yields other rows", settings)
		}
		if small := rowsOf(newShop(t, settings), 7); !slices.Equal(first, small) {
			t.Errorf("%+v: batches of 7 yield other rows than batches of 1000", settings)
		}
		if again := shop.Report(); again != report {
			t.Errorf("%+v: report of the second iteration %+v, want %+v", settings, again, report)
		}
	}
}

func TestAnotherSeedIsAnotherLogWithOtherKeys(t *testing.T) {
	one, two := rowsOf(newShop(t, Settings{Customers: 50}), 100), rowsOf(newShop(t, Settings{Customers: 50, Seed: 2}), 100)
	keys := map[string]bool{}
	for _, r := range one {
		keys[r.CustomerID] = r.CustomerID != ""
	}
	for i, r := range two {
		if keys[r.CustomerID] {
			t.Fatalf("row %d of seed 2 has a customer of seed 1", i)
		}
	}
}

func TestRowsIsTheExactLengthOfTheLog(t *testing.T) {
	for _, settings := range []Settings{{Rows: 1}, {Rows: 1000}, {Rows: 30_001}, {Rows: 30_001, Clean: true}, {Rows: 3 * blockCustomers, Clean: true}} {
		shop, got := newShop(t, settings), 0
		for batch := range shop.Batches(8192) {
			got += len(batch)
		}
		if report := shop.Report(); got != settings.Rows || report.Rows != int64(got) {
			t.Errorf("%+v: %d rows, report says %d", settings, got, report.Rows)
		}
	}
}

// Every kind of row is told from its columns alone, as a job must.
func TestReportCountsWhatStandsInTheLog(t *testing.T) {
	for _, settings := range []Settings{{}, {Clean: true}, {Rows: 60_000, Seed: 3}} {
		shop := newShop(t, settings)
		rows := rowsOf(shop, 8192)
		want := recount(rows, shop.Settings().To)
		got := shop.Report()
		want.Rows, want.SameDay = int64(len(rows)), got.SameDay // not to be seen in the log
		if got != want {
			t.Errorf("%+v:\n got %+v\nwant %+v", settings, got, want)
		}
		if sum := got.Sales + got.Refunds + got.ZeroAmounts + got.Duplicates + got.Guests + got.OrphanRefunds + got.AfterTo + got.Unreadable; sum != got.Rows {
			t.Errorf("%+v: kinds add up to %d of %d rows", settings, sum, got.Rows)
		}
		kinds := []int64{got.Refunds, got.ZeroAmounts, got.Duplicates, got.Guests, got.OrphanRefunds, got.AfterTo, got.Unreadable, got.Late}
		for i, n := range kinds {
			if settings.Clean != (n == 0) {
				t.Errorf("%+v: dirt of kind %d comes %d times", settings, i, n)
			}
		}
	}
}

func recount(rows []Row, to calendar.Day) Report {
	var r Report
	first := firstPurchases(rows)
	seen, customers := map[Row]bool{}, map[string]bool{}
	var latest int64
	for _, row := range rows {
		if row.CustomerID != "" {
			customers[row.CustomerID] = true
		}
		if row.OccurredAt < latest {
			r.Late++
		}
		latest = max(latest, row.OccurredAt)
		if row.RawAmount == "" && row.RawTime == "" {
			r.Amount += row.Amount
		}
		switch known := seen[row]; {
		case row.RawAmount != "" || row.RawTime != "":
			r.Unreadable++
		case row.day() > to:
			r.AfterTo++
		case known:
			r.Duplicates++
		case row.CustomerID == "":
			r.Guests++
		case row.day() < first[row.CustomerID]:
			r.OrphanRefunds++
		case row.Amount < 0:
			r.Refunds++
		case row.Amount == 0:
			r.ZeroAmounts++
		default:
			r.Sales++
		}
		seen[row] = true
	}
	r.Customers = int64(len(customers))
	return r
}

// firstPurchases returns each customer's first day with a sale.
func firstPurchases(rows []Row) map[string]calendar.Day {
	first := map[string]calendar.Day{}
	for _, row := range rows {
		if row.Amount <= 0 || row.RawAmount != "" || row.RawTime != "" {
			continue
		}
		if day, known := first[row.CustomerID]; !known || row.day() < day {
			first[row.CustomerID] = row.day()
		}
	}
	return first
}

func TestUnreadableRowsStayBelowTheLimitOfAJob(t *testing.T) {
	const limit = 0.001 // max_rejected_rate's default
	for rows := 100; rows <= 10_000; rows += 700 {
		shop := newShop(t, Settings{Rows: rows})
		rowsOf(shop, rows)
		if got := float64(shop.Report().Unreadable) / float64(rows); got > limit {
			t.Errorf("%d rows: share of unreadable rows %g above %g", rows, got, limit)
		}
	}
}

func TestCleanLogHasOneRowForEachPurchaseDay(t *testing.T) {
	type visit struct {
		customer int64
		day      calendar.Day
	}
	shop := newShop(t, Settings{Clean: true, IntegerKeys: true})
	visits, orders := map[visit]bool{}, map[string]bool{}
	settings := shop.Settings()
	for _, row := range rowsOf(shop, 8192) {
		v := visit{row.CustomerKey, row.day()}
		if visits[v] || orders[row.OrderID] {
			t.Fatalf("order %s is not the first of its number, or of its customer on %v", row.OrderID, v.day)
		}
		visits[v], orders[row.OrderID] = true, true
		if v.day < settings.From || v.day > settings.To {
			t.Errorf("order %s is on %v, outside of the log", row.OrderID, v.day)
		}
		if hour := time.UnixMicro(row.OccurredAt).UTC().Hour(); hour < 6 || hour >= 18 {
			t.Errorf("order %s is at %d o'clock, want 6 to 18", row.OrderID, hour)
		}
		if row.CustomerKey <= 0 || row.CustomerID != "" || row.Amount < cent || row.Currency != "EUR" {
			t.Errorf("row %+v: want a key from 1, no text key, at least a cent, EUR", row)
		}
	}
	if got := shop.Report().Customers; got != 10_000 {
		t.Errorf("customers = %d, want the default of 10000", got)
	}
}

func TestOrderIsOneCustomersOnOneDayAndRefundsFollow(t *testing.T) {
	type order struct {
		customer, country, channel string
		day                        calendar.Day
		value, refunded            int64
	}
	orders := map[string]*order{}
	rows := rowsOf(newShop(t, Settings{Customers: 3000}), 8192)
	for _, r := range rows {
		if r.Amount <= 0 || r.RawAmount != "" || r.RawTime != "" {
			continue
		}
		o := orders[r.OrderID]
		if o == nil {
			o = &order{r.CustomerID, r.Country, r.Channel, r.day(), 0, 0}
			orders[r.OrderID] = o
		}
		if o.customer != r.CustomerID || o.country != r.Country || o.channel != r.Channel || o.day != r.day() {
			t.Errorf("order %s: %+v and %+v", r.OrderID, *o, r)
		}
		o.value += r.Amount
	}
	for _, r := range rows {
		o := orders[r.OrderID]
		if r.Amount >= 0 || o == nil {
			continue
		}
		o.refunded -= r.Amount
		if r.day() <= o.day || o.refunded > o.value || o.customer != r.CustomerID {
			t.Errorf("order %s of %v: refund of %d of %d on %v", r.OrderID, o.day, o.refunded, o.value, r.day())
		}
	}
}

func TestAttributesComeByTheirShares(t *testing.T) {
	shop := newShop(t, Settings{Clean: true, Customers: 20_000})
	countries, channels := map[string]float64{}, map[string]float64{}
	country := map[string]string{}
	rows := rowsOf(shop, 8192)
	for _, r := range rows {
		if known, ok := country[r.CustomerID]; ok && known != r.Country {
			t.Fatalf("a customer of %s is later of %s", known, r.Country)
		} else if !ok {
			country[r.CustomerID] = r.Country
			countries[r.Country]++
		}
		channels[r.Channel]++
	}
	checkShares(t, countries, shop.Truth().Countries, len(country))
	checkShares(t, channels, shop.Truth().Channels, len(rows))
}

// checkShares allows four standard errors of a share of n independent draws.
func checkShares(t *testing.T, counts map[string]float64, want []Share, n int) {
	t.Helper()
	total := 0.0
	for _, s := range want {
		total += s.Share
		got, tolerance := counts[s.Value]/float64(n), 4*math.Sqrt(s.Share*(1-s.Share)/float64(n))
		if math.Abs(got-s.Share) > tolerance {
			t.Errorf("share of %s = %.4f, want %.4f ± %.4f", s.Value, got, s.Share, tolerance)
		}
	}
	if math.Abs(total-1) > 1e-12 || len(counts) != len(want) {
		t.Errorf("%d values come, of %d whose shares add up to %v", len(counts), len(want), total)
	}
}

func TestLogIsInOrderOfTimeWithLateRowsAtTheEnd(t *testing.T) {
	shop := newShop(t, Settings{Customers: 3000})
	rows := rowsOf(shop, 8192)
	onTime := rows[:len(rows)-int(shop.Report().Late)]
	if !slices.IsSortedFunc(onTime, func(a, b Row) int { return int(a.OccurredAt - b.OccurredAt) }) {
		t.Error("the rows before the late ones are not in order of time")
	}
}

func TestSettingsThatMakeNoShopAreAllNamed(t *testing.T) {
	_, err := New(Settings{Customers: -1, Rows: -1, From: calendar.Date(2024, 1, 1), To: calendar.Date(2023, 1, 1)})
	for _, want := range []string{"customers: -1 is negative", "rows: -1 is negative", "from: 2024-01-01 is after to, 2023-01-01"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want it to name %q", err, want)
		}
	}
	if _, err := New(Settings{Customers: 2, Rows: 1}); err == nil {
		t.Error("fewer rows than customers: no error")
	}
	if _, err := New(Settings{Customers: 10, Rows: 10 * 730}); err == nil {
		t.Error("a row on every day for every customer: no error")
	}
	if _, err := New(Settings{From: calendar.Date(1900, 1, 1)}); err == nil {
		t.Error("125 years: no error")
	}
}

func TestOneDayIsALog(t *testing.T) {
	day := calendar.Date(2024, 2, 29)
	for _, r := range rowsOf(newShop(t, Settings{Customers: 20, From: day, To: day, Clean: true}), 100) {
		if r.day() != day {
			t.Errorf("order %s is on %v, want %v", r.OrderID, r.day(), day)
		}
	}
}
