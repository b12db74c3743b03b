package jobs_test

import (
	"time"
)

var naiveOffsetModes = []string{"calendar", "rolling"}

// naiveWindow is offset k of a member: from its first day up to, not including, the second day.
func naiveWindow(cohort naiveCohort, c naiveCustomer, mode string, k int) (from, before time.Time) {
	// "Offset unit = cohort grain. Calendar month offset = 12·Δyear + Δmonth."
	origin := cohort.start
	// "Rolling offset k = [first + k, first + k + 1), every anniversary counted from the first day"
	if mode == "rolling" {
		origin = c.firstDay()
	}
	return naiveAfter(origin, cohort.grain, k), naiveAfter(origin, cohort.grain, k+1)
}

// offsets counts the offsets that began on or before as_of, in rolling mode for any member: "future cells are not
// written".
func (b *naiveBook) offsets(cohort naiveCohort, mode string) int {
	if mode == "calendar" {
		return b.begun(cohort.start, cohort.grain)
	}
	count := 0
	for _, c := range cohort.members {
		count = max(count, b.begun(c.firstDay(), cohort.grain))
	}
	return count
}

// begun counts the offsets from a day that began on or before as_of.
func (b *naiveBook) begun(origin time.Time, grain string) int {
	count := 0
	for !naiveAfter(origin, grain, count).After(b.AsOf) {
		count++
	}
	return count
}

// exposed are the members whose offset k is over.
func (b *naiveBook) exposed(cohort naiveCohort, mode string, k int) []naiveCustomer {
	var exposed []naiveCustomer
	for _, c := range cohort.members {
		// "exposed: the member's whole offset lies on or before as_of."
		_, before := naiveWindow(cohort, c, mode, k)
		if b.isOver(before) {
			exposed = append(exposed, c)
		}
	}
	return exposed
}

func (b *naiveBook) isComplete(cohort naiveCohort, mode string, k int) bool {
	// "`complete`: all members exposed; else `partial`". A calendar offset is one period for all, so that an empty
	// cohort's cell is complete when the period is over.
	if mode == "calendar" {
		return b.isOver(naiveAfter(cohort.start, cohort.grain, k+1))
	}
	return len(b.exposed(cohort, mode, k)) == len(cohort.members)
}

// cohortPeriods is the table cohort_periods.
func (b *naiveBook) cohortPeriods() []map[string]any {
	var table []map[string]any
	for _, cohort := range b.allCohorts() {
		if len(cohort.members) == 0 {
			continue // a cohort of nobody has no cells
		}
		for _, mode := range naiveOffsetModes {
			offsets := b.offsets(cohort, mode)
			// "followup_periods (complete offsets after this one)", also those that max_offset cuts off
			var complete int64
			for k := range offsets {
				if b.isComplete(cohort, mode, k) {
					complete++
				}
			}
			for k := range offsets {
				if b.isComplete(cohort, mode, k) {
					complete--
				}
				// "max_offset: none": rows beyond it are left out.
				if limit, cut := b.MaxOffset[cohort.grain]; cut && k > limit {
					continue
				}
				row := b.cell(cohort, mode, k)
				row["followup_periods"] = complete
				table = append(table, row)
			}
		}
	}
	return table
}

// cell is one row of cohort_periods without followup_periods.
func (b *naiveBook) cell(cohort naiveCohort, mode string, k int) map[string]any {
	row := map[string]any{
		"dimension_name": cohort.dimension.name, "dimension_value": cohort.dimension.value,
		"cohort_grain": cohort.grain, "cohort_start": naiveText(cohort.start),
		"offset_mode": mode, "period_offset": int64(k), "cell_state": "partial",
		// "period_start, period_end DATE NULL (NULL when rolling)"
		"period_start": nil, "period_end": nil,
		"is_left_truncated": b.isLeftTruncated(cohort), "cohort_size": int64(len(cohort.members)),
	}
	if mode == "calendar" {
		row["period_start"] = naiveText(naiveAfter(cohort.start, cohort.grain, k))
		row["period_end"] = naiveText(naiveAfter(cohort.start, cohort.grain, k+1).AddDate(0, 0, -1))
	}
	if b.isComplete(cohort, mode, k) {
		row["cell_state"] = "complete"
	}
	b.exposedColumns(row, cohort, mode, k)
	b.soFarColumns(row, cohort, mode, k)
	return row
}

// exposedColumns: "Rates, their numerators and per-customer values cover exposed members only, and a rate is NULL exactly
// when exposed_customers = 0".
func (b *naiveBook) exposedColumns(row map[string]any, cohort naiveCohort, mode string, k int) {
	var retained, retainedOrLater, repeated, net, offset0Net, cumulativeNet, cumulativeContribution int64
	exposed := b.exposed(cohort, mode, k)
	for _, c := range exposed {
		from, before := naiveWindow(cohort, c, mode, k)
		origin, beforeOne := naiveWindow(cohort, c, mode, 0)
		// "First purchase ... is never counted as retention."
		var isRetained, isRetainedOrLater bool
		for _, purchase := range c.purchases[1:] {
			if !purchase.day.Before(from) {
				isRetainedOrLater = true
				// "retained_customers (a purchase in the offset after the first purchase day)"
				isRetained = isRetained || purchase.day.Before(before)
			}
		}
		retained += naiveOne(isRetained)
		retainedOrLater += naiveOne(isRetainedOrLater)
		// "repeated_customers (second purchase by the end of the offset)"
		repeated += naiveOne(len(c.purchases) >= 2 && c.purchases[1].day.Before(before))
		net += c.between(from, before).net
		offset0Net += c.between(origin, beforeOne).net
		cumulativeNet += c.between(origin, before).net
		cumulativeContribution += c.between(origin, before).contribution
	}
	count := int64(len(exposed))
	row["exposed_customers"] = count
	row["retained_customers"] = retained
	row["retained_or_later_customers"] = retainedOrLater
	row["repeated_customers"] = repeated
	// "retention_rate, retention_rate_low, retention_rate_high, unbounded_retention_rate, repurchase_rate NULL
	// (÷ exposed_customers; Wilson, 90 %)"
	row["retention_rate"] = naiveRate(retained, count)
	row["retention_rate_low"], row["retention_rate_high"] = naiveWilson(retained, count)
	row["unbounded_retention_rate"] = naiveRate(retainedOrLater, count)
	row["repurchase_rate"] = naiveRate(repeated, count)
	row["exposed_net_revenue"] = net
	row["exposed_offset_0_net_revenue"] = offset0Net
	row["exposed_cumulative_net_revenue"] = cumulativeNet
	row["exposed_cumulative_contribution"] = b.contribution(cumulativeContribution)
	// "cumulative_net_revenue_per_customer NULL (÷ exposed_customers)"
	row["cumulative_net_revenue_per_customer"] = naiveMoneyPer(cumulativeNet, count)
}

// soFarColumns: "Columns marked *so far* cover all members up to as_of and add up to the ledger."
func (b *naiveBook) soFarColumns(row map[string]any, cohort naiveCohort, mode string, k int) {
	var active, firstOrders int64
	var sums naiveSums
	for _, c := range cohort.members {
		from, before := naiveWindow(cohort, c, mode, k)
		sums.add(c.between(from, before))
		// "active_customers (a purchase in the offset; at offset 0 the whole cohort)"
		active += naiveOne(c.buysBetween(from, before))
		// "first_orders (those of the first purchase day)"
		if k == 0 {
			firstOrders += c.firstOrders()
		}
	}
	row["active_customers"] = active
	row["orders"] = sums.orders
	row["first_orders"] = firstOrders
	row["purchase_days"] = sums.purchaseDays
	row["gross_sales"] = sums.gross
	row["refunds"] = sums.refunds
	row["net_revenue"] = sums.net
	row["contribution"] = b.contribution(sums.contribution)
}

// naiveOne counts a customer for whom the condition holds.
func naiveOne(holds bool) int64 {
	if holds {
		return 1
	}
	return 0
}
