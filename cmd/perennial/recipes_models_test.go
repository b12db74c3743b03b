//go:build unix

package main

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// winBack selects by a stage that is computed from the raw rows, and by a tier
// computed from the residual values that the reader that is not DuckDB found.
func winBack(t *testing.T, p *shopTables) []row {
	asOf := date(p.today.asOf)
	from, to := p.today.gapQuantile(750), p.today.gapQuantile(900)
	values := p.residuals(t, asOf)
	var chosen []row
	for _, c := range p.table(t, "customers", asOf) {
		name := c["customer_id"].(string)
		b := p.today.buyers[name]
		if len(b.purchases) == 0 {
			continue
		}
		silent := days(b.purchases[len(b.purchases)-1], p.today.asOf)
		if silent <= from || silent > to || percentile(values, name) < 90 {
			continue
		}
		chosen = append(chosen, row{
			"customer_id": name, "value_tier": tierOf(percentile(values, name)), "residual_clv": c["residual_clv"], "net_revenue": money(total(b.net)),
			"purchase_days": int64(len(b.purchases)), "last_purchase_date": date(b.purchases[len(b.purchases)-1]), "days_since_last_purchase": silent,
			"probability_alive": number(t, c["probability_alive"]), "expected_next_purchase_date": c["expected_next_purchase_date"],
		})
	}
	slices.SortFunc(chosen, func(a, b row) int {
		x, y := a["customer_id"].(string), b["customer_id"].(string)
		return cmp.Or(cmp.Compare(values[y], values[x]), cmp.Compare(x, y))
	})
	return chosen
}

// gapQuantile returns the shortest gap between purchases that as many
// thousandths of all gaps do not exceed.
func (h *history) gapQuantile(thousandths int) int64 {
	var gaps []int64
	for _, b := range h.buyers {
		for i := 1; i < len(b.purchases); i++ {
			gaps = append(gaps, days(b.purchases[i-1], b.purchases[i]))
		}
	}
	slices.Sort(gaps)
	return gaps[(thousandths*len(gaps)+999)/1000-1]
}

// percentile is 1 + floor(100 × share of customers with less).
func percentile(values map[string]int64, name string) int64 {
	less := 0
	for _, value := range values {
		less += int(count(value < values[name]))
	}
	return int64(1 + 100*less/len(values))
}

func tierOf(percentile int64) string {
	switch {
	case percentile >= 99:
		return "top"
	case percentile >= 90:
		return "high"
	case percentile >= 50:
		return "medium"
	default:
		return "low"
	}
}

// modelCurve takes the model's shares from the tables, by the reader that is not
// DuckDB; the observed ones are counted in the raw rows, with Wilson's interval
// at 90 %.
func modelCurve(t *testing.T, p *shopTables) []row {
	var rows []row
	members := p.today.members(isWhole)
	for _, r := range p.table(t, "retention_curves", date(p.today.asOf)) {
		if r["curve_type"] != "model" || r["period_grain"] != "month" {
			continue
		}
		k, expected := len(rows), number(t, r["rate"]).(float64) // the table is in the order of the offset
		curve := row{
			"period_offset": int64(k), "exposed_customers": nil, "observed": nil, "expected": expected,
			"difference": nil, "is_within_interval": nil,
		}
		if c := p.today.cell(members, "rolling", k); c.exposed > 0 {
			observed := share(c.retained, c.exposed).(float64)
			low, high := wilson(c.retained, c.exposed)
			curve["exposed_customers"], curve["observed"] = c.exposed, observed
			curve["difference"], curve["is_within_interval"] = expected-observed, low <= expected && expected <= high
		}
		rows = append(rows, curve)
	}
	return rows
}

// wilson returns Wilson's interval of k in n at 90 %.
func wilson(k, n int64) (low, high float64) {
	const z = 1.6448536269514722 // the normal distribution's 95 % quantile
	count, share := float64(n), float64(k)/float64(n)
	centre := share + z*z/(2*count)
	half := z * math.Sqrt(share*(1-share)/count+z*z/(4*count*count))
	return (centre - half) / (1 + z*z/count), (centre + half) / (1 + z*z/count)
}

// backtestBias takes the predictions from the table, by the reader that is not
// DuckDB; what came is added up from the raw rows.
func backtestBias(t *testing.T, p *shopTables) []row {
	var rows []row
	for _, r := range p.table(t, "backtests", date(p.today.asOf)) {
		if r["dimension_name"] != "all" || r["grain"] != "total" || r["measure"] != "net_revenue" || r["is_chosen"] != true && r["model"] != "naive_last_year" {
			continue
		}
		origin, err := time.Parse(time.DateOnly, r["origin_date"].(string))
		if err != nil {
			t.Fatal(err)
		}
		horizon, err := strconv.Atoi(strings.TrimSuffix(r["horizon"].(string), "d"))
		if err != nil {
			t.Fatal(err)
		}
		actual := int64(0)
		for _, b := range p.today.buyers {
			if !b.first.IsZero() && !b.first.After(origin) {
				actual += between(b.net, origin.AddDate(0, 0, 1), origin.AddDate(0, 0, horizon+1))
			}
		}
		predicted, bias, came := number(t, r["predicted"]).(float64), number(t, r["bias"]).(float64), float64(actual)/1e4
		if math.Abs(predicted/came-1-bias) > 1e-12 {
			t.Errorf("origin %s, %s: bias %v, want %v", r["origin_date"], r["model"], bias, predicted/came-1)
		}
		rows = append(rows, row{"origin_date": r["origin_date"], "model": r["model"], "predicted": predicted, "actual": came, "bias": bias})
	}
	return rows
}

// forecastTest takes the predictions from the tables of a year ago, by the
// reader that is not DuckDB; what the customers have brought since is added up
// from the raw rows.
func forecastTest(t *testing.T, p *shopTables) []row {
	past := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	const asOf = "2024-01-01"
	values := p.residualsIn(t, "test", asOf)
	type sums struct{ customers, predicted, brought int64 }
	tiers := map[string]sums{}
	for _, c := range p.tableIn(t, "test", "customers", asOf) {
		name := c["customer_id"].(string)
		b := p.today.buyers[name]
		if b.first.IsZero() || b.first.After(past) {
			continue
		}
		predicted := decimal(t, c["predicted_value_365d"].(string))
		brought := between(b.net, past.AddDate(0, 0, 1), p.today.asOf.AddDate(0, 0, 1))
		for _, tier := range []string{tierOf(percentile(values, name)), "all"} {
			s := tiers[tier]
			tiers[tier] = sums{s.customers + 1, s.predicted + predicted, s.brought + brought}
		}
	}
	var rows []row
	for tier, s := range tiers {
		rows = append(rows, row{
			"value_tier": tier, "customers": s.customers, "predicted": money(s.predicted), "brought": money(s.brought),
			"brought_to_predicted": share(s.brought, s.predicted),
		})
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a["customers"].(int64), b["customers"].(int64)) })
	return rows
}

// year is what the shop did in a year.
type year struct {
	orders, sales, net, active int64
	customers                  map[*buyer]bool // with a purchase
}

func (h *history) year(from, to time.Time) year {
	y := year{customers: map[*buyer]bool{}}
	for _, b := range h.buyers {
		y.sales += between(b.sales, from, to)
		y.net += between(b.net, from, to)
		for _, day := range b.orders {
			y.orders += count(!day.Before(from) && day.Before(to))
		}
		if slices.ContainsFunc(b.purchases, func(day time.Time) bool { return !day.Before(from) && day.Before(to) }) {
			y.customers[b] = true
		}
	}
	y.active = int64(len(y.customers))
	return y
}

// formulas computes each formula exactly, by the contract's words: the windows
// are the years 2024 and 2023, so that the discount of a window is that of a
// year, 0.10.
func formulas(t *testing.T, p *shopTables) []row {
	january := func(year int) time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }
	now, before, ever := p.today.year(january(2024), january(2025)), p.today.year(january(2023), january(2024)), p.today.year(time.Time{}, january(2025))
	retained := int64(0)
	for b := range before.customers {
		retained += count(now.customers[b])
	}
	repeated := p.today.repeatedOrders(january(2023), january(2024))
	r, q := big.NewRat(retained, before.active), big.NewRat(repeated, before.orders)
	one, d := big.NewRat(1, 1), big.NewRat(1, 10)
	perCustomer := big.NewRat(now.net, now.active)
	over := func(a, b *big.Rat) *big.Rat { return new(big.Rat).Quo(a, b) }
	minus := func(a, b *big.Rat) *big.Rat { return new(big.Rat).Sub(a, b) }
	row12 := func(method string, share *big.Rat, clv *big.Rat, warning string) row {
		f, _ := share.Float64()
		return row{
			"method": method, "average_order_value": moneyPer(now.sales, now.orders), "retention_rate": f,
			"orders_per_customer_month": float64(now.orders) / float64(12*now.active), "clv": roundedMoney(clv), "warning": warning,
		}
	}
	const customers, orders = "repeat_buying_used_as_retention", "order_repeat_used_as_retention"
	rows := []row{
		row12("churn_discount", r, over(new(big.Rat).Mul(perCustomer, r), minus(new(big.Rat).Add(one, d), r)), customers),
		row12("customer_centred", r, over(perCustomer, minus(one, r)), customers),
		row12("four_step", r, over(big.NewRat(now.sales, now.active), minus(one, r)), customers),
		{
			"method": "historic", "average_order_value": moneyPer(ever.sales, ever.orders), "retention_rate": nil, "orders_per_customer_month": nil,
			"clv": moneyPer(ever.net, ever.active), "warning": nil,
		},
		row12("transaction_based", q, over(big.NewRat(now.sales, now.orders), minus(one, q)), orders),
	}
	p.addModelValues(t, rows)
	return rows
}

// repeatedOrders counts the orders of [from, to) that another of the same
// customer followed within twelve months, on the same day at the earliest.
func (h *history) repeatedOrders(from, to time.Time) int64 {
	n := int64(0)
	for _, b := range h.buyers {
		var list []time.Time
		for _, day := range b.orders {
			list = append(list, day)
		}
		slices.SortFunc(list, time.Time.Compare)
		for i, day := range list {
			n += count(!day.Before(from) && day.Before(to) && i+1 < len(list) && !list[i+1].After(addMonths(day, 12)))
		}
	}
	return n
}

// addModelValues takes what the models say of the formulas from the tables, by
// the reader that is not DuckDB.
func (p *shopTables) addModelValues(t *testing.T, rows []row) {
	t.Helper()
	for _, c := range p.table(t, "clv_formulas", date(p.today.asOf)) {
		for _, r := range rows {
			if c["method"] == r["method"] && c["dimension_name"] == "all" && c["value_basis"] == "net_revenue" &&
				(c["customer_denominator"] == "active" && number(t, c["window_months"]) == 12.0 || c["method"] == "historic") {
				r["model_clv"], r["ratio_to_model"] = c["model_clv"], number(t, c["ratio_to_model"])
			}
		}
	}
}
