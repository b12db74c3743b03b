package jobs_test

import (
	"fmt"
	"math/rand"
	"slices"
	"time"
)

// naiveShop draws one messy source. Its names, orders and amounts come from small sets, so that accidents (an order id
// used by two customers or on two days, a sum of exactly 0, ties in time) happen in nearly every draw.
type naiveShop struct {
	rng             *rand.Rand
	days            []time.Time
	customers       int
	hasContribution bool
	rows            []naiveRow
}

// randomRows draws a small messy source and the settings of a job on it. The same state of rng gives the same draw.
func randomRows(rng *rand.Rand) ([]naiveRow, naiveSettings) {
	s := randomNaiveSettings(rng)
	shop := naiveShop{rng: rng, customers: 1 + rng.Intn(7), hasContribution: rng.Intn(2) == 0}
	shop.days = randomNaiveDays(rng, s)
	for range rng.Intn(60) {
		shop.happen()
	}
	rng.Shuffle(len(shop.rows), func(i, j int) { shop.rows[i], shop.rows[j] = shop.rows[j], shop.rows[i] })
	return shop.rows, s
}

// randomBusyRows draws a source of many customers over 26 months: enough for quantiles of the gaps between purchases, for
// windows of twelve months and for a first cohort with six after it.
func randomBusyRows(rng *rand.Rand) ([]naiveRow, naiveSettings) {
	s := randomNaiveSettings(rng)
	s.Grains, s.MaxOffset = []string{"quarter"}, nil // short grains would make too many cells
	shop := naiveShop{rng: rng, customers: 40 + rng.Intn(80), hasContribution: rng.Intn(2) == 0}
	shop.days = naiveMonthEnds(s, 26)
	for range 300 {
		shop.happen()
	}
	return shop.rows, s
}

// randomNaiveSettings draws an as_of around ends of months, the leap day of 2024 among them, and the switches.
func randomNaiveSettings(rng *rand.Rand) naiveSettings {
	monthEnds := []string{"2023-12-31", "2024-02-28", "2024-02-29", "2024-03-31", "2024-04-30", "2025-02-28"}
	asOf, _ := time.Parse(time.DateOnly, naivePick(rng, monthEnds))
	s := naiveSettings{
		AsOf: asOf.AddDate(0, 0, rng.Intn(5)-2), WeekStart: naivePick(rng, []time.Weekday{time.Monday, time.Sunday}),
		DropDuplicates: rng.Intn(2) == 0, IgnoreRefunds: rng.Intn(4) == 0, ZeroIsPurchase: rng.Intn(3) == 0,
	}
	for _, grain := range naiveGrains {
		if rng.Intn(3) == 0 {
			s.Grains = append(s.Grains, grain)
		}
	}
	for _, attribute := range []string{"country", "channel"} {
		if rng.Intn(2) == 0 {
			s.SplitBy = append(s.SplitBy, attribute)
		}
	}
	if rng.Intn(3) == 0 {
		from := s.AsOf.AddDate(0, 0, -rng.Intn(100))
		s.From = &from
	}
	if rng.Intn(4) == 0 {
		s.MaxOffset = map[string]int{naivePick(rng, naiveGrains): rng.Intn(4)}
	}
	return s
}

// randomNaiveDays returns the days of the draw: the last and first days of the months up to as_of, and a few days after it.
// Short grains span few months, because the cells grow with the square of the periods.
func randomNaiveDays(rng *rand.Rand, s naiveSettings) []time.Time {
	months := naivePick(rng, []int{1, 2, 3, 14, 26})
	if slices.Contains(s.Grains, "week") {
		months = min(months, 3)
	}
	if slices.Contains(s.Grains, "day") {
		months = 1
	}
	return naiveMonthEnds(s, months)
}

// naiveMonthEnds returns the last and first days of so many months up to as_of, and the day after it.
func naiveMonthEnds(s naiveSettings, months int) []time.Time {
	var days []time.Time
	for back := range months + 1 {
		firstOfMonth := naivePeriod(s.AsOf, "month", s.WeekStart).AddDate(0, 1-back, 0)
		for shift := -3; shift <= 1; shift++ {
			days = append(days, firstOfMonth.AddDate(0, 0, shift))
		}
	}
	return append(days, s.AsOf.AddDate(0, 0, 1))
}

// happen adds what one event in the shop leaves behind.
func (s *naiveShop) happen() {
	row := s.sale()
	switch s.rng.Intn(14) {
	case 0: // several rows of one order, with a discount row
		discount := row
		discount.Amount = -row.Amount / 2
		s.add(row, row, discount)
	case 1: // bought and cancelled the same day, in the same order or beside it
		cancel := row
		cancel.Amount = -row.Amount
		cancel.HasOrder = row.HasOrder && s.rng.Intn(2) == 0
		s.add(row, cancel)
	case 2, 3: // a refund, of an order that was there or not, before or after it
		row.Amount = -row.Amount
		s.add(row)
	case 4: // a zero row, alone or beside a sale
		zero := row
		zero.Amount = 0
		s.add(zero)
		if s.rng.Intn(3) == 0 {
			s.add(row)
		}
	case 5: // a later capture or edit of an order
		later := row
		later.Civil = s.moment()
		s.add(row, later)
	case 6:
		row.Guest, row.Customer = true, ""
		s.add(row)
	case 7: // an exact duplicate of any row, or a near one
		if len(s.rows) > 0 {
			twin := naivePick(s.rng, s.rows)
			if s.rng.Intn(3) == 0 {
				twin.Amount++
			}
			s.add(twin)
		}
	case 8:
		row.Unreadable = true
		s.add(row)
	case 9: // a refused row may be a refund and may lack its cost
		row.Rule = naivePick(s.rng, []string{"bad_debt", "internal"})
		row.Amount *= int64(1 - 2*s.rng.Intn(2))
		row.HasContribution = row.HasContribution && s.rng.Intn(2) == 0
		s.add(row)
	default:
		s.add(row)
	}
}

// sale draws one plain sale.
func (s *naiveShop) sale() naiveRow {
	row := naiveRow{
		Customer: fmt.Sprintf("c%d", 1+s.rng.Intn(s.customers)), Civil: s.moment(),
		Amount: naivePick(s.rng, []int64{1, 25_000, 100_000, 100_000, 200_000, 333_333}),
		Attributes: map[string]string{
			"country": naivePick(s.rng, []string{"DE", "FR", ""}),
			"channel": naivePick(s.rng, []string{"web", "shop", "", ""}),
		},
	}
	if s.rng.Intn(4) > 0 {
		row.Order, row.HasOrder = fmt.Sprintf("o%d", 1+s.rng.Intn(6)), true
	}
	row.HasContribution = s.hasContribution
	return row
}

// moment draws a civil time: three in a day, so that ties happen, the last of them just before midnight.
func (s *naiveShop) moment() time.Time {
	secondOfDay := naivePick(s.rng, []time.Duration{0, 34_200, 86_399})
	return naivePick(s.rng, s.days).Add(secondOfDay * time.Second)
}

// add appends the rows. The contribution is a function of the amount, so that copies of a row stay equal.
func (s *naiveShop) add(rows ...naiveRow) {
	for _, row := range rows {
		row.Contribution = 0
		if row.HasContribution {
			row.Contribution = row.Amount * 3 / 8
		}
		s.rows = append(s.rows, row)
	}
}

func naivePick[E any](rng *rand.Rand, from []E) E { return from[rng.Intn(len(from))] }
