package jobs_test

import (
	"maps"
	"slices"
)

// runExclusions is the table of the rows that are not kept, ordered by reason and period, NULL first.
func (b *naiveBook) runExclusions() []map[string]any {
	type key struct{ reason, period string }
	places := map[key][]int{}
	for i, row := range b.rows {
		if b.fates[i] == naiveFateKept {
			continue
		}
		// "All but kept are in run_exclusions by posting month"; "period_start DATE NULL (posting month; NULL if
		// unreadable)"
		k := key{b.fates[i], naiveText(naivePeriod(row.Civil, "month", b.WeekStart))}
		if k.reason == "unreadable" {
			k.period = ""
		}
		places[k] = append(places[k], i)
	}
	inOrder := func(one, other key) int {
		return slices.Compare([]string{one.reason, one.period}, []string{other.reason, other.period})
	}
	var table []map[string]any
	for _, k := range slices.SortedFunc(maps.Keys(places), inOrder) {
		row := map[string]any{
			"reason": k.reason, "period_start": any(k.period), "row_count": int64(len(places[k])),
			"customers": b.distinctCustomers(places[k]), "amount": any(b.sum(places[k])),
		}
		if k.reason == "unreadable" {
			row["period_start"], row["amount"] = nil, nil
		}
		table = append(table, row)
	}
	return table
}

func (b *naiveBook) distinctCustomers(places []int) int64 {
	ids := map[string]bool{}
	for _, i := range places {
		if !b.rows[i].Guest {
			ids[b.rows[i].Customer] = true
		}
	}
	return int64(len(ids))
}
