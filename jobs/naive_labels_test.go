package jobs_test

import (
	"slices"
)

// labelColumns adds the labels. Those of value need a model, which no draw is large enough for.
func (b *naiveBook) labelColumns(row map[string]any, c naiveCustomer) {
	row["lifecycle_stage"], row["value_tier"], row["expected_next_purchase_date"] = nil, nil, nil
	if len(c.purchases) == 0 {
		return
	}
	// "lifecycle_stage by days since the last purchase against the base's gap quantiles: new (x = 0, T ≤ q75),
	// active ≤ q75, at_risk ≤ q90, dormant ≤ q97.5, else lost"
	active, atRisk, dormant := b.lifecycle()
	silent := naiveDaysBetween(c.lastDay(), b.AsOf)
	switch {
	case len(c.purchases) == 1 && naiveDaysBetween(c.firstDay(), b.AsOf) <= active:
		row["lifecycle_stage"] = "new"
	case silent <= active:
		row["lifecycle_stage"] = "active"
	case silent <= atRisk:
		row["lifecycle_stage"] = "at_risk"
	case silent <= dormant:
		row["lifecycle_stage"] = "dormant"
	default:
		row["lifecycle_stage"] = "lost"
	}
}

// lifecycle returns the quantiles 0.75, 0.90 and 0.975 of the days between consecutive purchases of a customer.
func (b *naiveBook) lifecycle() (active, atRisk, dormant int64) {
	var gaps []int64
	for _, c := range b.buyers() {
		for i := range c.purchases[1:] {
			gaps = append(gaps, naiveDaysBetween(c.purchases[i].day, c.purchases[i+1].day))
		}
	}
	// "fewer than 50 gaps: 90/180/365 days"
	if len(gaps) < 50 {
		return 90, 180, 365
	}
	slices.Sort(gaps)
	// The least gap g of which at least the share q of gaps is ≤ g. The k-th in order has at least k at or below it.
	quantile := func(thousandths int) int64 {
		k := 1
		for 1000*k < thousandths*len(gaps) {
			k++
		}
		return gaps[k-1]
	}
	return quantile(750), quantile(900), quantile(975)
}

// firstCohortSize compares the first month cohort with twice the median of the next six. There is no such check where the
// job says from when history is whole, where six complete months have not followed, and where most of them are empty.
func (b *naiveBook) firstCohortSize() (month string, size, most int64, isThere bool) {
	cohorts := b.cohorts(b.dimensions()[0], "month")
	if b.From != nil || len(cohorts) < 7 || !b.isOver(cohorts[6].before()) {
		return "", 0, 0, false
	}
	var sizes []int64
	for _, cohort := range cohorts[1:7] {
		sizes = append(sizes, int64(len(cohort.members)))
	}
	slices.Sort(sizes)
	most = sizes[2] + sizes[3] // the median of six is the mean of the middle two
	return naiveText(cohorts[0].start)[:7], int64(len(cohorts[0].members)), most, most > 0
}
