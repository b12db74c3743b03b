package calendar

// Anniversary returns the first day of rolling offset k of a customer whose
// first day is first: k periods of the grain later. It is counted from first
// each time and clamped to the end of the month, so a customer of 31 January
// has the anniversaries 29 February and 31 March, not 29 March.
func Anniversary(g Grain, first Day, k int32) Day {
	switch g {
	case ByDay:
		return first + Day(k)
	case ByWeek:
		return first + 7*Day(k)
	default:
		return first.AddMonths(int(k) * monthsOf(g))
	}
}

// RollingOffset returns the k for which d lies on or after anniversary k of
// first and before the next one. It is 0 from first on, and negative before.
func RollingOffset(g Grain, first, d Day) int32 {
	switch g {
	case ByDay:
		return int32(d - first)
	case ByWeek:
		return int32(floorDiv(int(d)-int(first), 7))
	}
	fromYear, fromMonth, _ := first.Date()
	toYear, toMonth, _ := d.Date()
	k := int32(floorDiv(12*(toYear-fromYear)+toMonth-fromMonth, monthsOf(g)))
	// Anniversary k lies in d's month or an earlier one, and k+1 in a later
	// one: only the day within the month is open.
	if Anniversary(g, first, k) > d {
		k--
	}
	return k
}

// monthsOf returns how many months a period of the grain has.
func monthsOf(g Grain) int {
	switch g {
	case ByMonth:
		return 1
	case ByQuarter:
		return 3
	case ByYear:
		return 12
	default:
		panic(panicOn(g))
	}
}
