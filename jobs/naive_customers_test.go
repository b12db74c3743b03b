package jobs_test

import (
	"fmt"
	"strings"
	"time"
)

// naiveSums are the additive measures of some days.
type naiveSums struct {
	orders, purchaseDays              int64
	gross, refunds, net, contribution int64
}

func (s *naiveSums) add(other naiveSums) {
	s.orders += other.orders
	s.purchaseDays += other.purchaseDays
	s.gross += other.gross
	s.refunds += other.refunds
	s.net += other.net
	s.contribution += other.contribution
}

// between sums the kept days from the first day up to, not including, the second.
func (c naiveCustomer) between(from, before time.Time) naiveSums {
	var sums naiveSums
	for _, day := range c.days {
		if day.day.Before(from) || !day.day.Before(before) {
			continue
		}
		sums.add(naiveSums{orders: day.orders, gross: day.gross, refunds: day.refunds, net: day.net,
			contribution: day.contribution})
		if day.isPurchase {
			sums.purchaseDays++
		}
	}
	return sums
}

// total sums all kept days.
func (c naiveCustomer) total() naiveSums {
	if len(c.days) == 0 {
		return naiveSums{}
	}
	return c.between(c.firstDay(), c.days[len(c.days)-1].day.AddDate(0, 0, 1))
}

// firstDay is the first purchase day of a customer who has one.
func (c naiveCustomer) firstDay() time.Time { return c.purchases[0].day }

func (c naiveCustomer) lastDay() time.Time { return c.purchases[len(c.purchases)-1].day }

// firstOrders counts the orders of the first purchase day.
func (c naiveCustomer) firstOrders() int64 { return c.purchases[0].orders }

// buysBetween tells whether there is a purchase from the first day up to, not including, the second.
func (c naiveCustomer) buysBetween(from, before time.Time) bool {
	return c.between(from, before).purchaseDays > 0
}

// buyers are the customers with a purchase.
func (b *naiveBook) buyers() []naiveCustomer {
	var buyers []naiveCustomer
	for _, c := range b.customers {
		if len(c.purchases) > 0 {
			buyers = append(buyers, c)
		}
	}
	return buyers
}

// customersTable is the table customers, ordered by customer_id.
func (b *naiveBook) customersTable() []map[string]any {
	var table []map[string]any
	for _, c := range b.customers {
		sums := c.total()
		row := map[string]any{
			"customer_id": c.id, "orders": sums.orders, "purchase_days": sums.purchaseDays,
			"gross_sales": sums.gross, "refunds": sums.refunds, "net_revenue": sums.net,
			"contribution": b.contribution(sums.contribution),
			// "frequency (x)"; "x = purchase days after the first"
			"frequency": max(0, sums.purchaseDays-1),
			// "is_one_time_buyer (purchase_days = 1)"
			"is_one_time_buyer": sums.purchaseDays == 1,
			// "average_order_value NULL (gross_sales ÷ orders)"
			"average_order_value": naiveMoneyPer(sums.gross, sums.orders),
		}
		b.datedColumns(row, c)
		b.rfmColumns(row, c)
		b.labelColumns(row, c)
		table = append(table, row)
	}
	return table
}

// datedColumns adds what only a customer with a purchase has.
func (b *naiveBook) datedColumns(row map[string]any, c naiveCustomer) {
	// "A customer without any purchase keeps a row in customers: money 0, dates and predictions NULL, status
	// `no_purchase`."
	names := []string{"cohort_month", "first_purchase_date", "last_purchase_date", "active_span_days", "age_days",
		"days_since_last_purchase", "first_purchase_value", "mean_repeat_value", "mean_days_between_purchases"}
	for _, name := range names {
		row[name] = nil
	}
	for _, name := range b.attributes {
		row["first_"+name] = nil
	}
	if len(c.purchases) == 0 {
		return
	}
	first, last := c.firstDay(), c.lastDay()
	// "First purchase = acquisition; the cohort is its period"
	row["cohort_month"] = naiveText(naivePeriod(first, "month", b.WeekStart))
	row["first_purchase_date"] = naiveText(first)
	row["last_purchase_date"] = naiveText(last)
	// "t_x = last − first purchase day; T = as_of − first purchase day; days in tables"
	row["active_span_days"] = naiveDaysBetween(first, last)
	row["age_days"] = naiveDaysBetween(first, b.AsOf)
	row["days_since_last_purchase"] = naiveDaysBetween(last, b.AsOf)
	// "its value is that sum": of all rows of the day
	row["first_purchase_value"] = c.purchases[0].net
	// "mean_repeat_value NULL (mean value of the purchases after the first)"
	var repeatValue, repeats int64
	for _, purchase := range c.purchases[1:] {
		repeatValue += purchase.net
		repeats++
	}
	row["mean_repeat_value"] = naiveMoneyPer(repeatValue, repeats)
	row["mean_days_between_purchases"] = naiveRate(naiveDaysBetween(first, last), repeats)
	for name, value := range c.first {
		row["first_"+name] = value
	}
}

// rfmColumns adds the three scores. The population is the customers with a purchase.
func (b *naiveBook) rfmColumns(row map[string]any, c naiveCustomer) {
	row["rfm_recency"], row["rfm_frequency"], row["rfm_monetary"], row["rfm_segment"] = nil, nil, nil, nil
	if len(c.purchases) == 0 {
		return
	}
	var population, worseRecency, worseFrequency, worseMonetary int64
	for _, other := range b.buyers() {
		population++
		if other.lastDay().Before(c.lastDay()) {
			worseRecency++
		}
		if len(other.purchases) < len(c.purchases) {
			worseFrequency++
		}
		if other.total().net < c.total().net {
			worseMonetary++
		}
	}
	// "1 + floor(5 × share of customers strictly worse), ties share a score; 5 is best"
	row["rfm_recency"] = 1 + 5*worseRecency/population
	row["rfm_frequency"] = 1 + 5*worseFrequency/population
	row["rfm_monetary"] = 1 + 5*worseMonetary/population
	// "rfm_segment (the three digits, `543`)"
	row["rfm_segment"] = strings.ReplaceAll(fmt.Sprint(row["rfm_recency"], row["rfm_frequency"], row["rfm_monetary"]), " ", "")
}
