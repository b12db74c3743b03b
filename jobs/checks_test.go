package jobs_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// monthlyRows returns a source in which so many customers are new in each of the
// months that end with June 2024.
func monthlyRows(newCustomers ...int) string {
	var b strings.Builder
	b.WriteString("customer_id,occurred_at,amount\n")
	for i, n := range newCustomers {
		month := 2024*12 + 6 - len(newCustomers) + i // counted from January of year 0
		for c := range n {
			fmt.Fprintf(&b, "c%d.%d,%04d-%02d-20,5\n", i, c, month/12, month%12+1)
		}
	}
	return b.String()
}

// TestFirstCohortSize: a first cohort above twice the median of the next six is
// a warning that says what to set; not at the limit, where history is said to be
// whole, before six months are over, nor of a closed group.
func TestFirstCohortSize(t *testing.T) {
	const warning = "the first cohort, 2023-12, has 5 customers, more than twice as many as a usual month: if the data begin later than the business, set cohorts.from: 2024-01-01"
	for name, c := range map[string]struct {
		newCustomers []int
		more, status string
	}{
		"too large":      {[]int{5, 2, 2, 1, 3, 2, 2}, "", "warn"},
		"at the limit":   {[]int{4, 2, 2, 1, 3, 2, 2}, "", "pass"},
		"between two":    {[]int{5, 1, 2, 3, 4, 0, 9}, "", "pass"}, // the median of 0 1 2 3 4 9 is 2.5
		"said to be":     {[]int{5, 2, 2, 1, 3, 2, 2}, "cohorts: {from: 2024-01-01}\n", ""},
		"five months":    {[]int{5, 2, 2, 1, 3, 2}, "", ""},
		"a closed group": {[]int{5, 2, 0, 0, 0, 0, 1}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			summary, err := runRows(t, dir, monthlyRows(c.newCustomers...), c.more)
			if err != nil {
				t.Fatal(err)
			}
			rows := naiveSelect(tableRows(t, filepath.Join(dir, "out"), "run_checks"), naiveColumns{"check_name": "first_cohort_size"})
			status := ""
			if len(rows) == 1 {
				status = rows[0]["status"].(string)
			}
			if status != c.status {
				t.Errorf("status %q, want %q: %v", status, c.status, rows)
			}
			if hasWarning := strings.Contains(strings.Join(summary.Warnings, "\n"), warning); hasWarning != (c.status == "warn") {
				t.Errorf("warnings %q", summary.Warnings)
			}
		})
	}
}
