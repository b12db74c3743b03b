package sinks

import (
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/pipeline"
)

// By hand: 2024 has a 29 February; 25 February is 35 days before 31 March.
func TestKeepAsOfKeepsWhatAnyOfItsTermsKeeps(t *testing.T) {
	for _, c := range []struct {
		option, date, published string
		keeps                   bool
	}{
		{"35d", "2024-03-31", "2024-03-31", true},
		{"35d", "2024-02-25", "2024-03-31", true},
		{"35d", "2024-02-24", "2024-03-31", false},
		{"35d", "2024-02-29", "2024-05-31", false},
		{"35d+month_ends", "2024-02-29", "2024-05-31", true},
		{"35d+month_ends", "2024-02-28", "2024-05-31", false},
		{"35d+month_ends", "2023-02-28", "2024-05-31", true},
		{"month_ends", "2024-04-30", "2024-05-01", true},
		{"month_ends", "2024-04-29", "2024-05-01", false},
		{"1d+year_ends", "2023-12-31", "2024-05-01", true},
		{"1d+year_ends", "2023-11-30", "2024-05-01", false},
		{" 7d + 35d ", "2024-02-25", "2024-03-31", true},
	} {
		k, err := parseKeeping(c.option)
		if err != nil {
			t.Errorf("%q: %v", c.option, err)
			continue
		}
		if got := k.keeps(c.date, c.published); got != c.keeps {
			t.Errorf("%q, %s published: keeps %s: %v, want %v", c.option, c.published, c.date, got, c.keeps)
		}
	}
}

func TestKeepAsOfThatMeansNothingIsRefused(t *testing.T) {
	for _, option := range []string{"35", "0d", "-1d", "d", "35d+", "month_end", "35d,month_ends", "99999999999d"} {
		_, err := NewParquet(Parquet{Path: "out", KeepAsOf: option})
		if pipeline.ClassOf(err) != pipeline.ClassUsage || !strings.Contains(err.Error(), "keep_as_of") {
			t.Errorf("%q: got error %v, want one of class usage that names keep_as_of", option, err)
		}
	}
}
