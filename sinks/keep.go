package sinks

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-clv/perennial/pipeline"
)

// keeping says which as-of dates stay when a newer one is published. A date
// stays if any of its terms keeps it.
type keeping struct {
	days      int  // dates so many days before the one being published, or fewer
	monthEnds bool // last days of civil months
	yearEnds  bool // last days of civil years
}

// parseKeeping reads the option keep_as_of: terms `<n>d`, `month_ends` and
// `year_ends`, joined by +. An empty text keeps everything and is nil.
func parseKeeping(text string) (*keeping, error) {
	if text == "" {
		return nil, nil
	}
	k := &keeping{}
	for term := range strings.SplitSeq(text, "+") {
		switch term = strings.TrimSpace(term); term {
		case "month_ends":
			k.monthEnds = true
		case "year_ends":
			k.yearEnds = true
		default:
			digits, isDays := strings.CutSuffix(term, "d")
			n, err := strconv.ParseUint(digits, 10, 31)
			if !isDays || err != nil || n == 0 {
				return nil, pipeline.Errorf(pipeline.ClassUsage, "keep_as_of", "join terms by +: a number of days such as 35d, month_ends, year_ends; leave it out to keep every date",
					"%q is no term of %q", term, text)
			}
			k.days = max(k.days, int(n))
		}
	}
	return k, nil
}

// keeps reports whether a date stays when published is, which is not before it.
func (k *keeping) keeps(date, published string) bool {
	const day = 24 * time.Hour // in UTC, where each has as many
	d, p := parseDate(date), parseDate(published)
	isMonthEnd := d.Add(day).Day() == 1
	return int(p.Sub(d)/day) <= k.days ||
		k.monthEnds && isMonthEnd ||
		k.yearEnds && isMonthEnd && d.Month() == time.December
}

// expired returns those of the dates that go once asOf is published. It reuses dates.
func (k *keeping) expired(dates []string, asOf string) []string {
	return slices.DeleteFunc(dates, func(date string) bool { return date >= asOf || k.keeps(date, asOf) })
}

// parseDate returns a date that checkDate has let pass.
func parseDate(asOf string) time.Time {
	d, err := time.Parse(time.DateOnly, asOf)
	if err != nil {
		panic(fmt.Sprintf("sinks: %q is no date", asOf))
	}
	return d
}
