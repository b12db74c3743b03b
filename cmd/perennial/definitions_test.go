//go:build unix

package main

import "testing"

// The queries of docs/definitions-compared.md.

func returnedByNow(_ *testing.T, p *shopTables) []row {
	var rows []row
	for _, start := range p.today.cohorts() {
		returned, members := int64(0), p.today.cohort(start)
		for _, b := range members {
			returned += count(len(b.purchases) > 1)
		}
		rows = append(rows, row{"cohort_month": date(start), "new_customers": int64(len(members)), "returned_by_now": returned})
	}
	return rows
}

func returnOnOrAfter(_ *testing.T, p *shopTables) []row {
	var rows []row
	members := p.today.members(everybody)
	for k := 1; k < lastOffset; k++ {
		if c := p.today.cell(members, "calendar", k); c.exposed > 0 {
			rows = append(rows, row{
				"period_offset": int64(k), "return_on": share(c.retained, c.exposed), "return_on_or_after": share(c.retainedOrLater, c.exposed),
			})
		}
	}
	return rows
}

// predictiveAnalytics takes predictions from the tables, by the reader that is
// not DuckDB: they are the model's.
func predictiveAnalytics(t *testing.T, p *shopTables) []row {
	var rows []row
	for _, c := range p.table(t, "customers", "2024-12-31") {
		b := p.today.buyers[c["customer_id"].(string)]
		r := row{
			"customer_id": c["customer_id"], "historic_clv": money(total(b.net)), "predicted_clv": c["predicted_value_365d"],
			"total_clv": nil, "historic_number_of_orders": int64(len(b.orders)),
			"predicted_number_of_orders": number(t, c["expected_purchases_365d"]), "average_days_between_orders": nil,
			"average_order_value": moneyPer(total(b.sales), int64(len(b.orders))), "churn_probability": nil,
			"expected_date_of_next_order": c["expected_next_purchase_date"],
		}
		if predicted, ok := c["predicted_value_365d"].(string); ok {
			r["total_clv"] = money(total(b.net) + decimal(t, predicted))
		}
		if alive, ok := number(t, c["probability_alive"]).(float64); ok {
			r["churn_probability"] = 1 - alive
		}
		if n := len(b.purchases); n > 1 {
			r["average_days_between_orders"] = share(days(b.first, b.purchases[n-1]), int64(n-1))
		}
		rows = append(rows, r)
	}
	return sortRows(rows, "customer_id")
}

func lifetimesSummary(_ *testing.T, p *shopTables) []row {
	var rows []row
	for name, b := range p.today.buyers {
		n := len(b.purchases)
		if n == 0 {
			continue
		}
		repeats := int64(0)
		for _, day := range b.purchases[1:] {
			repeats += b.net[day]
		}
		r := row{
			"customer_id": name, "frequency": int64(n - 1), "recency": days(b.first, b.purchases[n-1]),
			"T": days(b.first, p.today.asOf), "monetary_value": money(0),
		}
		if n > 1 {
			r["monetary_value"] = moneyPer(repeats, int64(n-1))
		}
		rows = append(rows, r)
	}
	return sortRows(rows, "customer_id")
}
