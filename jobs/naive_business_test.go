package jobs_test

import (
	"time"
)

// businessPeriods is the table business_periods.
func (b *naiveBook) businessPeriods() []map[string]any {
	var table []map[string]any
	for _, d := range b.dimensions() {
		// "month always, plus cohorts.grains"
		for _, grain := range b.grains() {
			first, found := b.firstActivity(d)
			if !found {
				continue
			}
			start := naivePeriod(first, grain, b.WeekStart)
			for !start.After(b.AsOf) {
				table = append(table, b.businessPeriod(d, grain, start))
				start = naiveAfter(start, grain, 1)
			}
		}
	}
	return table
}

// firstActivity is the earliest day with a kept row of the dimension, or in `all` with an unattributed row.
func (b *naiveBook) firstActivity(d naiveDimension) (first time.Time, found bool) {
	var days []time.Time
	for _, c := range d.members {
		for _, day := range c.days {
			days = append(days, day.day)
		}
	}
	for i, row := range b.rows {
		if d.name == "all" && b.fates[i] == "unattributed" {
			days = append(days, naiveDate(row.Civil))
		}
	}
	for _, day := range days {
		if !found || day.Before(first) {
			first, found = day, true
		}
	}
	return first, found
}

// businessPeriod is one row of business_periods.
func (b *naiveBook) businessPeriod(d naiveDimension, grain string, start time.Time) map[string]any {
	before := naiveAfter(start, grain, 1)
	previous := naiveAfter(start, grain, -1)
	var active, joined, returning, previousActive, retained, ever, repeatEver, firstOrders, existingGross int64
	var sums naiveSums
	for _, c := range d.members {
		inPeriod := c.between(start, before)
		sums.add(inPeriod)
		isActive := c.buysBetween(start, before)
		wasActive := c.buysBetween(previous, start)
		isNew := !c.firstDay().Before(start) && c.firstDay().Before(before)
		active += naiveOne(isActive)
		joined += naiveOne(isNew)
		returning += naiveOne(isActive && !isNew)
		previousActive += naiveOne(wasActive)
		// "repeat_conversion_rate NULL (who bought last period and again)"
		retained += naiveOne(wasActive && isActive)
		ever += naiveOne(c.firstDay().Before(before))
		// "repeat_customers_ever (purchase_days ≥ 2)", by the end of the period
		repeatEver += naiveOne(len(c.purchases) >= 2 && c.purchases[1].day.Before(before))
		if isNew {
			firstOrders += c.firstOrders()
		}
		// "existing_customer_gross_sales": of customers whose first purchase was before the period
		if c.firstDay().Before(start) {
			existingGross += inPeriod.gross
		}
	}
	return map[string]any{
		"dimension_name": d.name, "dimension_value": d.value, "period_grain": grain,
		"period_start": naiveText(start), "period_end": naiveText(before.AddDate(0, 0, -1)),
		"is_complete": b.isOver(before),
		// "active_customers = new_customers + returning_customers"
		"active_customers": active, "new_customers": joined, "returning_customers": returning,
		"orders": sums.orders, "first_orders": firstOrders, "repeat_orders": sums.orders - firstOrders,
		"purchase_days": sums.purchaseDays, "gross_sales": sums.gross, "refunds": sums.refunds,
		"net_revenue": sums.net, "contribution": b.contribution(sums.contribution),
		// "average_order_value NULL (gross_sales ÷ orders) · orders_per_active_customer NULL"
		"average_order_value":        naiveMoneyPer(sums.gross, sums.orders),
		"orders_per_active_customer": naiveRate(sums.orders, active),
		// "existing_customer_revenue_share NULL (÷ gross_sales)"
		"existing_customer_gross_sales":   existingGross,
		"existing_customer_revenue_share": naiveRate(existingGross, sums.gross),
		"previous_active_customers":       previousActive, "retained_customers": retained,
		"repeat_conversion_rate": naiveRate(retained, previousActive),
		"customers_ever":         ever, "repeat_customers_ever": repeatEver,
		"repeat_purchase_rate":     naiveRate(repeatEver, ever),
		"unattributed_net_revenue": b.unattributed(d, start, before),
	}
}

// unattributed: "unattributed_net_revenue (row `all` only, in no other column)".
func (b *naiveBook) unattributed(d naiveDimension, from, before time.Time) any {
	if d.name != "all" {
		return nil
	}
	var sum int64
	for i, row := range b.rows {
		day := naiveDate(row.Civil)
		if b.fates[i] == "unattributed" && !day.Before(from) && day.Before(before) {
			sum += row.Amount
		}
	}
	return sum
}
