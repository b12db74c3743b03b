//go:build unix

package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The raw log of the documents' tests, and what becomes of its rows: read with
// encoding/csv and counted with maps, by the words of docs/concepts.md and
// nothing of the program.

// rawHeader is the header of the log, whose names are those of a shop.
var rawHeader = []string{"invoice", "buyer", "paid_at", "total", "cost", "ccy", "country"}

// recipeJob reads the log. Its history is whole from February 2023 on.
const recipeJob = `name: recipes
timezone: Europe/Berlin
currency: EUR
source:
  csv: {paths: [orders.csv]}
  columns: {order_id: invoice, customer_id: buyer, occurred_at: paid_at, amount: total, currency: ccy}
  attributes: {country: country}
rules:
  exclude: [{name: foreign, column: ccy, equals: USD}]
  max_rejected_rate: 0.05
cohorts:
  split_by: [country]
  from: 2023-02-01
sink:
  parquet: {path: out}
`

// historyWhole is cohorts.from of recipeJob.
var historyWhole = time.Date(2023, 2, 1, 0, 0, 0, 0, time.UTC)

// shopLog writes rows for the log, with random numbers of a fixed seed.
type shopLog struct {
	random *rand.Rand
	rows   [][]string
	orders int
}

func (l *shopLog) add(invoice, buyer string, at time.Time, cents int, ccy, country string) {
	// A row costs 60 % of its amount, to the cent.
	l.rows = append(l.rows, []string{invoice, buyer, at.Format(time.DateTime), cents2(cents), cents2(cents * 6 / 10), ccy, country})
}

func cents2(cents int) string { return exactText(int64(cents), 2) }

// exactText writes an integer of units of 10^-decimals.
func exactText(units int64, decimals int) string {
	sign := ""
	if units < 0 {
		sign, units = "-", -units
	}
	digits := fmt.Sprintf("%0*d", decimals+1, units)
	return sign + digits[:len(digits)-decimals] + "." + digits[len(digits)-decimals:]
}

// buyer adds a customer who buys until they drop out or the log ends: orders
// of one to three lines, some cancelled on the same day, some refunded later,
// with the invoice or without. Some buy seldom, and some of these for much.
func (l *shopLog) buyer(name, country string, end time.Time) {
	pace, price := []float64{30, 60, 90}[l.random.IntN(3)], []int{1, 2, 8}[l.random.IntN(3)]
	at := time.Date(2023, 1, 1, 8, 0, 0, 0, time.UTC).Add(time.Duration(l.random.IntN(730*24*60)) * time.Minute)
	for at.Before(end) {
		l.orders++
		invoice, total := fmt.Sprintf("F%05d", l.orders), 0
		for range 1 + l.random.IntN(3) {
			cents := price * (500 + l.random.IntN(3000))
			total += cents
			l.add(invoice, name, at, cents, "EUR", country)
		}
		switch l.random.IntN(24) {
		case 0: // the same minute, so the same civil day
			l.add(invoice+"-C", name, at, -total, "EUR", country)
		case 1:
			l.add(invoice, name, at.AddDate(0, 0, 3+l.random.IntN(30)), -total/2, "EUR", country)
		case 2:
			l.add("", name, at.AddDate(0, 0, 3+l.random.IntN(30)), -total/3, "EUR", country)
		}
		if l.random.IntN(8) == 0 {
			return
		}
		at = at.Add(time.Duration(1+l.random.ExpFloat64()*pace*24*60) * time.Minute)
	}
}

// writeLogs writes the log as it is on the day before and on the day itself.
// The second has an older order that came late and an older refund, and lacks
// a customer of the first.
func writeLogs(t *testing.T, dir string) (before, after string) {
	t.Helper()
	l := &shopLog{random: rand.New(rand.NewPCG(20241231, 7))}
	countries := []string{"AT", "DE", "DE", "FR", "IT", ""}
	for i := range 420 {
		l.buyer(fmt.Sprintf("B%03d", i), countries[i%len(countries)], time.Date(2025, 1, 2, 0, 0, 0, 0, time.UTC))
	}
	day := func(i int) time.Time { return time.Date(2023, 1, 5+i*17, 21, 30, 0, 0, time.UTC) }
	for i := range 40 {
		l.add(fmt.Sprintf("G%03d", i), "", day(i), 1500+i, "EUR", "DE")                                   // a guest
		l.add(fmt.Sprintf("U%03d", i), fmt.Sprintf("B%03d", i), day(i), 9900, "USD", "US")                // another currency
		l.add("", fmt.Sprintf("B%03d", i*7), time.Date(2023, 1, 1, 0, i, 0, 0, time.UTC), -50, "EUR", "") // before the first purchase
	}
	for i := range 7 {
		l.add("", fmt.Sprintf("R%d", i), day(i), -700, "EUR", "DE") // a refund of a sale that is not in the log
		l.rows = append(l.rows, []string{fmt.Sprintf("X%d", i), "B001", day(i).Format(time.DateTime), "n/a", "1.00", "EUR", "DE"})
	}
	l.add("F90000", "B905", day(20), 2500, "EUR", "AT")
	shared := len(l.rows)
	l.add("GONE", "B900", day(3), 4200, "EUR", "IT")
	before = writeLog(t, filepath.Join(dir, "before.csv"), l.rows)
	l.rows = l.rows[:shared]
	l.add("LATE", "B901", day(20), 8800, "EUR", "FR")
	l.add("", "B902", day(30), -100, "EUR", "FR")
	l.add("F00001", "B000", day(40), -300, "EUR", "AT")
	// Whatever random numbers say: a new customer and one who comes again on the last day.
	l.add("NEW", "B903", time.Date(2024, 12, 31, 9, 0, 0, 0, time.UTC), 3300, "EUR", "FR")
	l.add("AGAIN", "B905", time.Date(2024, 12, 31, 10, 0, 0, 0, time.UTC), 1100, "EUR", "AT")
	after = writeLog(t, filepath.Join(dir, "after.csv"), l.rows)
	return before, after
}

func writeLog(t *testing.T, path string, rows [][]string) string {
	t.Helper()
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.WriteAll(append([][]string{rawHeader}, rows...)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// history is what the log says as of a day.
type history struct {
	asOf     time.Time
	rows     int64
	buyers   map[string]*buyer
	source   map[time.Time]int64 // amounts of readable rows in the job's currency, by month
	excluded map[exclusion]*excludedRows

	firstUnreadable int64 // position of the first unreadable row, the first row being 1
}

// exclusion is a reason and a month; the zero month stands for none.
type exclusion struct {
	reason string
	month  time.Time
}

type excludedRows struct {
	rows, amount int64
	hasAmount    bool
}

// buyer is a customer: what the kept rows of each day add up to.
type buyer struct {
	country   string
	first     time.Time // zero without a purchase
	purchases []time.Time
	orders    map[string]time.Time // by the day of their first sale
	net, cost map[time.Time]int64
	sales     map[time.Time]int64
}

// rawRow is a readable row of a known customer.
type rawRow struct {
	invoice      string
	day          time.Time
	amount, cost int64
	country      string
}

// readHistory reads a log as of a day.
func readHistory(t *testing.T, path string, asOf time.Time) history {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	h := history{asOf: asOf, rows: int64(len(records) - 1), buyers: map[string]*buyer{}, source: map[time.Time]int64{}, excluded: map[exclusion]*excludedRows{}}
	known := map[string][]rawRow{}
	h.firstUnreadable = 1 + int64(slices.IndexFunc(records[1:], isUnreadable))
	for _, r := range records[1:] {
		if name, row, ok := h.read(t, r); ok {
			known[name] = append(known[name], row)
		}
	}
	for name, rows := range known {
		h.buyers[name] = h.follow(rows)
	}
	return h
}

// read gives a record its fate, unless that depends on the customer's others.
func (h *history) read(t *testing.T, r []string) (string, rawRow, bool) {
	t.Helper()
	if isUnreadable(r) {
		h.exclude("unreadable", time.Time{}, 0, false)
		return "", rawRow{}, false
	}
	at, err := time.Parse(time.DateTime, r[2])
	if err != nil {
		t.Fatal(err)
	}
	row := rawRow{invoice: r[0], day: at.Truncate(24 * time.Hour), amount: units(t, r[3]), cost: units(t, r[4]), country: cmp.Or(r[6], "(none)")}
	euros := r[5] == "EUR"
	if euros {
		h.source[monthOf(row.day)] += row.amount
	}
	switch {
	case row.day.After(h.asOf):
		h.exclude("after_as_of", row.day, row.amount, euros)
	case r[5] == "USD":
		h.exclude("rule:foreign", row.day, 0, false)
	case r[1] == "":
		h.exclude("unattributed", row.day, row.amount, true)
	default:
		return r[1], row, true
	}
	return "", rawRow{}, false
}

// isUnreadable reports whether a record has no amount to be read.
func isUnreadable(r []string) bool { return r[3] == "n/a" }

// units reads an amount of two decimals as units of 0.0001.
func units(t *testing.T, amount string) int64 {
	t.Helper()
	value, ok := new(big.Int).SetString(strings.Replace(amount, ".", "", 1), 10)
	if !ok || len(amount)-strings.Index(amount, ".") != 3 {
		t.Fatalf("an amount of the log has not two decimals")
	}
	return value.Int64() * 100
}

func (h *history) exclude(reason string, day time.Time, amount int64, hasAmount bool) {
	key := exclusion{reason: reason}
	if reason != "unreadable" {
		key.month = monthOf(day)
	}
	if h.excluded[key] == nil {
		h.excluded[key] = &excludedRows{}
	}
	e := h.excluded[key]
	e.rows++
	if hasAmount {
		e.amount += amount
		e.hasAmount = true
	}
}

// follow makes a customer of their rows, and excludes those before the first
// purchase.
func (h *history) follow(rows []rawRow) *buyer {
	b := &buyer{orders: map[string]time.Time{}, net: map[time.Time]int64{}, cost: map[time.Time]int64{}, sales: map[time.Time]int64{}}
	type posting struct {
		invoice string
		day     time.Time
	}
	postings, ofDay := map[posting]int64{}, map[time.Time]int64{}
	for i, r := range rows {
		if r.invoice == "" {
			r.invoice = fmt.Sprintf("row %d", i) // stands alone; the log has such rows for refunds only
		}
		postings[posting{r.invoice, r.day}] += r.amount
		ofDay[r.day] += r.amount
	}
	for p, sum := range postings {
		if day, has := b.orders[p.invoice]; sum > 0 && (!has || p.day.Before(day)) {
			b.orders[p.invoice] = p.day
		}
	}
	days := map[time.Time]bool{}
	for _, day := range b.orders {
		if ofDay[day] > 0 {
			days[day] = true
		}
	}
	b.purchases = slices.SortedFunc(maps.Keys(days), time.Time.Compare)
	if len(b.purchases) > 0 {
		b.first = b.purchases[0]
	}
	for _, r := range rows {
		if b.first.IsZero() || r.day.Before(b.first) {
			h.exclude("before_first_purchase", r.day, r.amount, true)
			continue
		}
		b.net[r.day] += r.amount
		b.cost[r.day] += r.cost
		b.country = r.country // the log has one country a customer, and one row without
	}
	maps.DeleteFunc(b.orders, func(_ string, day time.Time) bool { return b.first.IsZero() || day.Before(b.first) })
	for p, sum := range postings {
		if sum > 0 && !b.first.IsZero() && !p.day.Before(b.first) {
			b.sales[p.day] += sum
		}
	}
	return b
}

func monthOf(day time.Time) time.Time {
	return time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// addMonths returns the k-th anniversary in months, clamped to the month's end.
func addMonths(day time.Time, k int) time.Time {
	first := monthOf(day).AddDate(0, k, 0)
	last := first.AddDate(0, 1, -1)
	return first.AddDate(0, 0, min(day.Day(), last.Day())-1)
}

// offset returns the days of an offset of a customer: the first one, and the
// first one after it.
func (b *buyer) offset(mode string, k int) (from, to time.Time) {
	if mode == "calendar" {
		return addMonths(monthOf(b.first), k), addMonths(monthOf(b.first), k+1)
	}
	return addMonths(b.first, k), addMonths(b.first, k+1)
}

// bought says whether a customer bought within [from, to) after the first day.
func (b *buyer) bought(from, to time.Time) bool {
	return slices.ContainsFunc(b.purchases, func(day time.Time) bool {
		return day.After(b.first) && !day.Before(from) && day.Before(to)
	})
}

// between adds up days of [from, to).
func between(money map[time.Time]int64, from, to time.Time) int64 {
	sum := int64(0)
	for day, amount := range money {
		if !day.Before(from) && day.Before(to) {
			sum += amount
		}
	}
	return sum
}

// total adds up all days.
func total(money map[time.Time]int64) int64 {
	return between(money, time.Time{}, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))
}

// cell is what is known of an offset of some customers.
type cell struct {
	size, exposed, retained, retainedOrLater, repeated int64
	net, net0, cumulative, contribution                int64 // of exposed members
}

func (h *history) cell(members []*buyer, mode string, k int) cell {
	c := cell{size: int64(len(members))}
	for _, b := range members {
		from, to := b.offset(mode, k)
		if to.After(h.asOf.AddDate(0, 0, 1)) {
			continue
		}
		start, endOfFirst := b.offset(mode, 0)
		c.exposed++
		c.retained += count(b.bought(from, to))
		c.retainedOrLater += count(b.bought(from, h.asOf.AddDate(0, 0, 1)))
		c.repeated += count(b.bought(start, to))
		c.net += between(b.net, from, to)
		c.net0 += between(b.net, start, endOfFirst)
		c.cumulative += between(b.net, start, to)
		c.contribution += between(b.net, start, to) - between(b.cost, start, to)
	}
	return c
}

func count(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// members returns the customers with a purchase who are of interest.
func (h *history) members(of func(*buyer) bool) []*buyer {
	var chosen []*buyer
	for _, b := range h.buyers {
		if !b.first.IsZero() && of(b) {
			chosen = append(chosen, b)
		}
	}
	return chosen
}

// cohorts returns the months in which customers came, in order.
func (h *history) cohorts() []time.Time {
	months := map[time.Time]bool{}
	for _, b := range h.members(func(*buyer) bool { return true }) {
		months[monthOf(b.first)] = true
	}
	return slices.SortedFunc(maps.Keys(months), time.Time.Compare)
}

// cohort returns the customers who came in a month.
func (h *history) cohort(month time.Time) []*buyer {
	return h.members(func(b *buyer) bool { return monthOf(b.first).Equal(month) })
}
