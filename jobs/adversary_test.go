package jobs_test

import (
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"testing"
	"time"

	"github.com/perennial-clv/perennial/jobs"
)

// adversaries are logs that are made to be slow, or to end in another way than
// ordinary ones: each puts most rows where an engine expects few.
func adversaries(rng *rand.Rand) map[string][]naiveRow {
	const rows = 1_500
	first := time.Date(2023, 1, 1, 9, 0, 0, 0, time.UTC)
	log := func(customer func(i int) string, day func(i int) int, country func(i int) string) []naiveRow {
		list := make([]naiveRow, rows)
		for i := range list {
			list[i] = naiveRow{
				Customer: customer(i), Civil: first.AddDate(0, 0, day(i)).Add(time.Duration(i%3600) * time.Second),
				Amount: int64(rng.Intn(400)-60) * 10_000, Attributes: map[string]string{"country": country(i), "channel": "web"},
			}
		}
		return list
	}
	one := func(text string) func(int) string { return func(int) string { return text } }
	many := func(i int) string { return fmt.Sprintf("c%04d", i%45) }
	some := func(i int) string { return fmt.Sprintf("v%d", i%7) }
	anyDay := func(int) int { return rng.Intn(420) }
	return map[string][]naiveRow{
		"one customer has half of the rows": log(func(i int) string {
			if i%2 == 0 {
				return "giant"
			}
			return many(i)
		}, anyDay, some),
		"all on one day":                      log(many, func(int) int { return 200 }, some),
		"one customer on one day":             log(one("giant"), func(int) int { return 200 }, some),
		"one value of a dimension":            log(many, anyDay, one("DE")),
		"every row has a value of its own":    log(many, anyDay, func(i int) string { return fmt.Sprintf("v%04d", i) }),
		"time runs backwards":                 log(many, func(i int) int { return 420 - i*420/rows }, some),
		"every customer has one row":          log(func(i int) string { return fmt.Sprintf("c%05d", i) }, anyDay, some),
		"one customer, every day, many times": log(one("giant"), func(i int) int { return i % 400 }, some),
	}
}

// Logs that are made to be slow come out right: every cell is naive's, which
// knows no models, so that there are too few repeaters for one; and the
// same bytes for any workers, shards, batches and order of rows.
func TestAdversariesComeOutRight(t *testing.T) {
	rng := rand.New(rand.NewSource(9))
	logs := adversaries(rng)
	for _, name := range slices.Sorted(maps.Keys(logs)) {
		rows := logs[name]
		asOf := time.Date(2024, 3, 31, 0, 0, 0, 0, time.UTC)
		s := naiveSettings{AsOf: asOf, WeekStart: time.Monday}
		if name != "every row has a value of its own" {
			s.SplitBy = []string{"country"}
		}
		out, ok := runDraw(t, rows, s, nil)
		if !ok {
			t.Fatalf("%s: refused", name)
		}
		for table, want := range naive(rows, s) {
			compareTable(t, name, table, tableRows(t, out, table), want)
		}
		wanted := dataFiles(t, out)
		rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		other, _ := runDraw(t, rows, s, func(r *jobs.Run) { r.Workers, r.ShardBits, r.BatchRows = 3, 5, 37 })
		wantSameFiles(t, name, dataFiles(t, other), wanted)
	}
}
