package jobs_test

import (
	"math"
	"slices"
	"time"
)

// naiveGrains are the grains from short to long, which is their order in the tables.
var naiveGrains = []string{"day", "week", "month", "quarter", "year"}

// naiveZ90 is the standard normal quantile at 0.95: the bounds of a two-sided interval of 90 %.
const naiveZ90 = 1.6448536269514722

// naiveDate is the civil day of a civil time.
func naiveDate(civil time.Time) time.Time {
	year, month, day := civil.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func naiveText(day time.Time) string { return day.Format(time.DateOnly) }

// naiveDaysBetween counts days. In UTC each has 24 hours.
func naiveDaysBetween(from, to time.Time) int64 { return int64(to.Sub(from) / (24 * time.Hour)) }

// naivePeriod is the first day of the period that holds the civil time.
func naivePeriod(civil time.Time, grain string, weekStart time.Weekday) time.Time {
	day := naiveDate(civil)
	switch grain {
	case "week":
		for day.Weekday() != weekStart {
			day = day.AddDate(0, 0, -1)
		}
	case "month":
		day = time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, time.UTC)
	case "quarter":
		firstMonth := (day.Month()-1)/3*3 + 1
		day = time.Date(day.Year(), firstMonth, 1, 0, 0, 0, 0, time.UTC)
	case "year":
		day = time.Date(day.Year(), time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	return day
}

// naiveAfter is the day `count` units after a day: "every anniversary counted from the first day, clamped to the
// month's end". From the first day of a period it is the first day of a later period.
func naiveAfter(day time.Time, grain string, count int) time.Time {
	switch grain {
	case "day":
		return day.AddDate(0, 0, count)
	case "week":
		return day.AddDate(0, 0, 7*count)
	}
	months := map[string]int{"month": 1, "quarter": 3, "year": 12}[grain] * count
	firstOfMonth := time.Date(day.Year(), day.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	lastOfMonth := firstOfMonth.AddDate(0, 1, -1)
	return firstOfMonth.AddDate(0, 0, min(day.Day(), lastOfMonth.Day())-1)
}

// grains are the grains of the job in order.
func (b *naiveBook) grains() []string {
	var grains []string
	for _, grain := range naiveGrains {
		// "month is always there"
		if grain == "month" || slices.Contains(b.Grains, grain) {
			grains = append(grains, grain)
		}
	}
	return grains
}

// isOver tells whether a period that ends before the given day lies on or before as_of.
func (b *naiveBook) isOver(before time.Time) bool {
	lastDay := before.AddDate(0, 0, -1)
	return !lastDay.After(b.AsOf)
}

// naiveRate is part ÷ whole, NULL where the whole is 0.
func naiveRate(part, whole int64) any {
	if whole == 0 {
		return nil
	}
	return float64(part) / float64(whole)
}

// naiveMoneyPer is money ÷ count as money, rounded half-even to 10⁻⁴, NULL where the count is 0.
func naiveMoneyPer(money, count int64) any {
	if count == 0 {
		return nil
	}
	floor := money / count
	if money%count < 0 {
		floor--
	}
	rest := money - floor*count // 0 ≤ rest < count
	isAboveHalf := 2*rest > count
	isHalfAndOdd := 2*rest == count && floor%2 != 0
	if isAboveHalf || isHalfAndOdd {
		floor++
	}
	return floor
}

// naiveWilson is the Wilson score interval of 90 % of a share, NULL where the whole is 0:
//
//	(p + z²/2n ∓ z·√(p(1 − p)/n + z²/4n²)) ÷ (1 + z²/n)
func naiveWilson(part, whole int64) (low, high any) {
	if whole == 0 {
		return nil, nil
	}
	n, z := float64(whole), naiveZ90
	p := float64(part) / n
	centre := p + z*z/(2*n)
	half := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	scale := 1 + z*z/n
	return max(0, (centre-half)/scale), min(1, (centre+half)/scale)
}
