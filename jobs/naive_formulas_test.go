package jobs_test

import (
	"math"
	"math/big"
	"strings"
	"time"
)

// naiveRounded is money rounded from a number that may be off in its last digits: it may be off by one unit.
type naiveRounded int64

// naiveMonths is what the members of a dimension did in a window and in the one before.
type naiveMonths struct {
	months                                   int64
	sums                                     naiveSums
	active, total, previous, retained        int64
	previousOrders, repeatedOrders           int64
	isHistory, isTooShort, knowsContribution bool
}

// clvFormulas is the table clv_formulas without the columns of the model.
func (b *naiveBook) clvFormulas() []map[string]any {
	var table []map[string]any
	for _, d := range b.dimensions() {
		for _, method := range []string{"churn_discount", "customer_centred", "four_step", "historic", "transaction_based"} {
			// "window_months (1, 3, 12; 0 where there is none)"
			months := []int{1, 3, 12}
			if method == "historic" {
				months = []int{0}
			}
			for _, w := range months {
				table = append(table, b.formulasOf(d, method, b.window(d, w))...)
			}
		}
	}
	return table
}

// formulasOf are the rows of one method and window.
func (b *naiveBook) formulasOf(d naiveDimension, method string, w naiveMonths) []map[string]any {
	denominators := map[string][]string{"four_step": {"active", "all"}, "customer_centred": {"active", "all"},
		"transaction_based": {"active"}, "churn_discount": {"active"}, "historic": {"all"}}[method]
	bases := []string{"net_revenue"}
	if b.hasContribution {
		bases = []string{"contribution", "net_revenue"}
	}
	var rows []map[string]any
	for _, denominator := range denominators {
		for _, basis := range bases {
			row := w.row(method, denominator, basis)
			row["dimension_name"], row["dimension_value"] = d.name, d.value
			rows = append(rows, row)
		}
	}
	return rows
}

// window sums the last w complete calendar months and the w before. 0 months are everything.
func (b *naiveBook) window(d naiveDimension, months int) naiveMonths {
	w := naiveMonths{months: int64(months), isHistory: months == 0, knowsContribution: b.hasContribution}
	// "Window = the last w complete calendar months": the last one ends on or before as_of.
	before := naivePeriod(b.AsOf.AddDate(0, 0, 1), "month", b.WeekStart)
	start, previous := naiveAfter(before, "month", -months), naiveAfter(before, "month", -2*months)
	if w.isHistory {
		start, before, previous = time.Time{}, b.AsOf.AddDate(0, 0, 1), time.Time{}
	}
	for _, c := range d.members {
		w.sums.add(c.between(start, before))
		isActive, wasActive := c.buysBetween(start, before), !w.isHistory && c.buysBetween(previous, start)
		w.active += naiveOne(isActive)
		w.previous += naiveOne(wasActive)
		w.retained += naiveOne(isActive && wasActive)
		w.total += naiveOne(c.firstDay().Before(before))
		orders := c.orderDays()
		for i, day := range orders {
			if day.Before(previous) || !day.Before(start) {
				continue
			}
			w.previousOrders++
			// "q = share of the previous window's orders followed by another within w months"
			w.repeatedOrders += naiveOne(i+1 < len(orders) && !orders[i+1].After(naiveAfter(day, "month", months)))
		}
	}
	// The two windows reach before the month in which the whole base bought first.
	w.isTooShort = !w.isHistory
	for _, c := range b.buyers() {
		w.isTooShort = w.isTooShort && naivePeriod(c.firstDay(), "month", b.WeekStart).After(previous)
	}
	return w
}

// orderDays are the days of the customer's orders, a day with several orders as often.
func (c naiveCustomer) orderDays() []time.Time {
	var days []time.Time
	for _, day := range c.days {
		for range day.orders {
			days = append(days, day.day)
		}
	}
	return days
}

// naiveFraction is part ÷ whole, exactly; nil where the whole is 0 or either is NULL.
func naiveFraction(part, whole *big.Rat) *big.Rat {
	if part == nil || whole == nil || whole.Sign() == 0 {
		return nil
	}
	return new(big.Rat).Quo(part, whole)
}

// naiveProduct multiplies exactly; nil where a factor is.
func naiveProduct(factors ...*big.Rat) *big.Rat {
	product := big.NewRat(1, 1)
	for _, factor := range factors {
		if factor == nil {
			return nil
		}
		product.Mul(product, factor)
	}
	return product
}

func naiveCount(n int64) *big.Rat { return new(big.Rat).SetInt64(n) }

// naiveOneLess is 1 − rate, nil where there is none.
func naiveOneLess(rate *big.Rat) *big.Rat {
	if rate == nil {
		return nil
	}
	return new(big.Rat).Sub(naiveCount(1), rate)
}

// row is one row but for its dimension.
func (w naiveMonths) row(method, denominator, basis string) map[string]any {
	customers := w.total
	if denominator == "active" {
		customers = w.active
	}
	gross, net, orders := naiveCount(w.sums.gross), naiveCount(w.sums.net), naiveCount(w.sums.orders)
	// "AOV = gross_sales/O; f = O/(A·w) or O/(all·w); r = |A∩B|/|B|; months = w/(1 − r)"
	aov := naiveFraction(gross, orders)
	f := naiveFraction(orders, naiveCount(customers*w.months))
	r := naiveFraction(naiveCount(w.retained), naiveCount(w.previous))
	if method == "transaction_based" {
		r = naiveFraction(naiveCount(w.repeatedOrders), naiveCount(w.previousOrders))
	}
	if w.isTooShort || w.isHistory {
		r = nil
	}
	months := naiveFraction(naiveCount(w.months), naiveOneLess(r))
	g, margin := naiveCount(1), any(nil)
	if basis == "contribution" {
		if g = nil; w.sums.net > 0 {
			g = naiveFraction(naiveCount(w.sums.contribution), net)
		}
		margin = naiveNumber(g)
	}
	row := map[string]any{
		"method": method, "window_months": w.months, "customer_denominator": denominator, "value_basis": basis,
		"orders": w.sums.orders, "active_customers": w.active, "total_customers": w.total,
		"gross_sales": w.sums.gross, "net_revenue": w.sums.net, "contribution": nil,
		"previous_customers": w.previous, "retained_customers": w.retained,
		"previous_orders": w.previousOrders, "repeated_orders": w.repeatedOrders,
		"average_order_value": naiveMoneyPer(w.sums.gross, w.sums.orders), "orders_per_customer_month": naiveNumber(f),
		"retention_rate": naiveNumber(r), "churn_rate": naiveNumber(naiveOneLess(r)), "retention_months": naiveNumber(months),
		"margin_rate": margin, "discount_rate": 0.1, // the default of the job file
		"model_clv": nil, "ratio_to_model": nil, "warning": w.warning(method, r),
	}
	if w.knowsContribution {
		row["contribution"] = w.sums.contribution
	}
	if w.isHistory {
		for _, column := range []string{"previous_customers", "retained_customers", "previous_orders", "repeated_orders"} {
			row[column] = nil
		}
	}
	if method == "transaction_based" {
		row["retention_months"] = nil
	}
	switch method {
	case "four_step": // "AOV·f·months", times g
		row["clv"] = naiveMoney(naiveProduct(g, aov, f, months))
	case "customer_centred": // "g·N/(customers·w)·months"
		row["clv"] = naiveMoney(naiveProduct(g, naiveFraction(net, naiveCount(customers*w.months)), months))
	case "transaction_based": // "g·AOV/(1 − q)"
		row["clv"] = naiveMoney(naiveFraction(naiveProduct(g, aov), naiveOneLess(r)))
	case "historic": // "all net revenue ÷ customers"
		row["clv"] = naiveMoney(naiveProduct(g, naiveFraction(net, naiveCount(customers))))
	case "churn_discount": // "g·(N/A)·r/(1 + d − r)", "d = (1 + rate)^(w/12) − 1"
		d := new(big.Rat).SetFloat64(math.Pow(1.1, float64(w.months)/12) - 1)
		if r != nil {
			d.Add(d, naiveOneLess(r))
		}
		if amount, ok := naiveMoney(naiveProduct(g, naiveFraction(net, naiveCount(w.active)), naiveFraction(r, d))).(int64); ok {
			row["clv"] = naiveRounded(amount) // d is not exact
		} else {
			row["clv"] = nil
		}
	}
	return row
}

// naiveNumber is a fraction as a number, NULL where it is nil.
func naiveNumber(fraction *big.Rat) any {
	if fraction == nil {
		return nil
	}
	number, _ := fraction.Float64()
	return number
}

// naiveMoney is a fraction of units rounded to a unit, a half to the even one.
func naiveMoney(units *big.Rat) any {
	if units == nil {
		return nil
	}
	below := new(big.Int).Div(units.Num(), units.Denom()) // towards minus infinity
	rest := new(big.Rat).Sub(units, new(big.Rat).SetInt(below))
	switch rest.Cmp(big.NewRat(1, 2)) {
	case 1:
		below.Add(below, big.NewInt(1))
	case 0:
		below.Add(below, new(big.Int).And(below, big.NewInt(1)))
	}
	return below.Int64()
}

// warning is the words that apply, in their order.
func (w naiveMonths) warning(method string, r *big.Rat) any {
	if w.isHistory {
		return nil
	}
	words := []string{"repeat_buying_used_as_retention"}
	if method == "transaction_based" {
		words = []string{"order_repeat_used_as_retention"}
	}
	if w.isTooShort {
		words = append(words, "history_too_short")
	}
	if method != "transaction_based" && w.previous == 0 || method == "transaction_based" && w.previousOrders == 0 {
		words = append(words, "no_previous_customers")
	}
	if r != nil && r.Cmp(naiveCount(1)) == 0 {
		words = append(words, "no_observed_churn")
	}
	return strings.Join(words, ",")
}
