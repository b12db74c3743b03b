package jobs_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

// dailyRows is a source with a row on each day of so many before the given one
// (inclusive) of which open says so.
func dailyRows(last calendar.Day, days int, open func(calendar.Day) bool) string {
	var b strings.Builder
	b.WriteString("customer_id,occurred_at,amount\n")
	for d := last - calendar.Day(days) + 1; d <= last; d++ {
		if open(d) {
			fmt.Fprintf(&b, "c%d,%s,5\n", d%7, d)
		}
	}
	return b.String()
}

// weekday counts from Monday, 0: 1970-01-01 was a Thursday.
func weekday(d calendar.Day) int { return int(d+3) % 7 }

// TestMissingDays: days at the end without rows are missing if their weekday
// usually has some. June 30, 2024, the as-of day, was a Sunday.
func TestMissingDays(t *testing.T) {
	everyDay := func(calendar.Day) bool { return true }
	noSunday := func(d calendar.Day) bool { return weekday(d) != 6 }
	holiday := func(d calendar.Day) bool { return d != asOfJune-14 }
	holidays := func(d calendar.Day) bool { return d != asOfJune-14 && d != asOfJune-21 }
	for name, c := range map[string]struct {
		rows string
		want int64
	}{
		"up to the as-of day":                    {dailyRows(asOfJune, 100, everyDay), 0},
		"a day late":                             {dailyRows(asOfJune-1, 100, everyDay), 1},
		"nine days late: two of some weekdays":   {dailyRows(asOfJune-9, 100, everyDay), 9},
		"closed on Sundays":                      {dailyRows(asOfJune-1, 100, noSunday), 0},
		"closed on Sundays but Saturday missing": {dailyRows(asOfJune-2, 100, noSunday), 1},
		"one holiday in ten Sundays":             {dailyRows(asOfJune-1, 100, holiday), 1},
		"two of them":                            {dailyRows(asOfJune-1, 100, holidays), 0},
		"ten weeks of data":                      {dailyRows(asOfJune-1, 70, everyDay), 1},
		"nine Sundays":                           {dailyRows(asOfJune-1, 63, everyDay), 1},
		"a day later is there":                   {dailyRows(asOfJune-1, 100, everyDay) + "late,2024-07-01,5\n", 0},
		"eight Sundays":                          {dailyRows(asOfJune-1, 62, everyDay), 0},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			summary, err := runRows(t, dir, c.rows, "")
			if err != nil {
				t.Fatal(err)
			}
			naiveHas(t, tableRows(t, filepath.Join(dir, "out"), "run_checks"), naiveColumns{"check_name": "missing_days"},
				naiveColumns{"observed": c.want * naiveUnit, "expected": int64(0), "severity": "warning"})
			if warned := strings.Contains(strings.Join(summary.Warnings, "\n"), "the data seem to be late"); warned != (c.want > 0) {
				t.Errorf("warnings %q", summary.Warnings)
			}
		})
	}
}

// TestMappingOfCustomersIsDoubted where hardly anybody bought twice: then the
// column is probably that of orders.
func TestMappingOfCustomersIsDoubted(t *testing.T) {
	for repeats, want := range map[int]bool{0: true, 4: true, 5: false} { // one to 200 customers
		rows := "customer_id,occurred_at,amount\n"
		for i := range 1000 {
			rows += fmt.Sprintf("c%d,2024-06-17,5\n", i)
			if i < repeats {
				rows += fmt.Sprintf("c%d,2024-06-20,5\n", i)
			}
		}
		summary, err := runRows(t, t.TempDir(), rows, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(strings.Join(summary.Warnings, "\n"), "is customer_id the customer"); got != want {
			t.Errorf("%d repeats: warnings %q", repeats, summary.Warnings)
		}
	}
}
