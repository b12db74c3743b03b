//go:build unix

package main

import (
	"encoding/json"
	"math/big"
	"testing"
	"time"
)

func everybody(*buyer) bool { return true }

// money writes units of 0.0001 as a column of money is printed.
func money(units int64) string { return exactText(units, 4) }

func date(day time.Time) string { return day.Format(time.DateOnly) }

// month reads a month as 2024-03.
func month(t *testing.T, text string) time.Time {
	t.Helper()
	m, err := time.Parse("2006-01", text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// share is a quotient of counts or of units of money, NULL of nothing.
func share(part, whole int64) any {
	if whole == 0 {
		return nil
	}
	return float64(part) / float64(whole)
}

// moneyPer is a quotient of units of money, rounded as a column of money.
func moneyPer(units, count int64) any {
	if count == 0 {
		return nil
	}
	return roundedMoney(big.NewRat(units, count))
}

// roundedMoney rounds units of money half-even to 0.0001, as columns are.
func roundedMoney(units *big.Rat) string {
	floor := new(big.Int).Div(units.Num(), units.Denom()) // rounds down, for the denominator is positive
	rest := new(big.Rat).Sub(units, new(big.Rat).SetInt(floor))
	half := rest.Cmp(big.NewRat(1, 2))
	if half > 0 || half == 0 && floor.Bit(0) == 1 {
		floor.Add(floor, big.NewInt(1))
	}
	return money(floor.Int64())
}

func isWhole(b *buyer) bool { return !monthOf(b.first).Before(historyWhole) }

// lastOffset is beyond every offset of the log, which holds two years.
const lastOffset = 30

// calendarCurve is README's query.
func calendarCurve(_ *testing.T, p *shopTables) []row {
	var rows []row
	members := p.today.members(isWhole)
	for k := range lastOffset {
		if c := p.today.cell(members, "calendar", k); c.exposed > 0 {
			rows = append(rows, row{"period_offset": int64(k), "retention": share(c.retained, c.exposed)})
		}
	}
	return rows
}

func heatmap(_ *testing.T, p *shopTables) []row {
	var rows []row
	for _, start := range p.today.cohorts() {
		members := p.today.cohort(start)
		r := row{"cohort_start": date(start), "cohort_size": int64(len(members))}
		for name, k := range map[string]int{"month_1": 1, "month_2": 2, "month_3": 3, "month_4": 4, "month_5": 5, "month_6": 6, "month_9": 9, "month_12": 12} {
			c := p.today.cell(members, "calendar", k)
			r[name] = share(c.retained, c.exposed)
		}
		rows = append(rows, r)
	}
	return rows
}

func filteredCurve(t *testing.T, p *shopTables) []row {
	var rows []row
	from, to := month(t, "2023-03"), month(t, "2024-06")
	members := p.today.members(func(b *buyer) bool {
		m := monthOf(b.first)
		return (b.country == "DE" || b.country == "FR") && !m.Before(from) && !m.After(to)
	})
	for k := range lastOffset {
		if c := p.today.cell(members, "calendar", k); c.exposed > 0 {
			rows = append(rows, row{"period_offset": int64(k), "exposed_customers": c.exposed, "retention_rate": share(c.retained, c.exposed)})
		}
	}
	return rows
}

func realisedValue(_ *testing.T, p *shopTables) []row {
	var rows []row
	for _, start := range p.today.cohorts() {
		members := p.today.cohort(start)
		r := row{"cohort_start": date(start), "cohort_size": int64(len(members)), "exposed_12": nil}
		for name, k := range map[string]int{"ltv_3": 2, "ltv_6": 5, "ltv_12": 11} {
			c := p.today.cell(members, "rolling", k)
			r[name] = moneyPer(c.cumulative, c.exposed)
			if begun := !earliest(members, k).After(p.today.asOf); k == 11 && begun {
				r["exposed_12"] = c.exposed
			}
		}
		rows = append(rows, r)
	}
	return rows
}

// earliest is the first day on which a member is in a rolling offset: cells of
// which nobody is yet are not written.
func earliest(members []*buyer, k int) time.Time {
	day, _ := members[0].offset("rolling", k)
	for _, b := range members[1:] {
		if from, _ := b.offset("rolling", k); from.Before(day) {
			day = from
		}
	}
	return day
}

func pooledValue(_ *testing.T, p *shopTables) []row {
	var rows []row
	for _, k := range []int{2, 5, 11} {
		c := p.today.cell(p.today.members(isWhole), "rolling", k)
		rows = append(rows, row{"months": int64(k + 1), "exposed_customers": c.exposed, "ltv": share(c.cumulative, c.exposed*10_000)})
	}
	return rows
}

func revenueRetention(_ *testing.T, p *shopTables) []row {
	var rows []row
	members := p.today.members(isWhole)
	for k := range lastOffset {
		if c := p.today.cell(members, "rolling", k); c.net0 > 0 {
			rows = append(rows, row{"period_offset": int64(k), "exposed_customers": c.exposed, "revenue_retention": share(c.net, c.net0)})
		}
	}
	return rows
}

func payback(t *testing.T, p *shopTables) []row {
	var rows []row
	for _, s := range []struct {
		month string
		spend int64 // in units of 0.0001
	}{{"2023-03", 600_0000}, {"2023-09", 3600_0000}, {"2024-03", 9000_0000}, {"2024-11", 9000_0000}} {
		members := p.today.cohort(month(t, s.month))
		r := row{
			"month": s.month + "-01", "spend": exactText(s.spend/100, 2), "new_customers": int64(len(members)),
			"cac": share(s.spend, int64(len(members))*10_000), "payback_offset": nil, "observed_offset": nil,
		}
		for k := range lastOffset {
			c := p.today.cell(members, "rolling", k)
			if c.exposed < c.size {
				break
			}
			r["observed_offset"] = int64(k)
			if r["payback_offset"] == nil && c.contribution >= s.spend {
				r["payback_offset"] = int64(k)
			}
		}
		rows = append(rows, r)
	}
	return rows
}

func reconciliation(_ *testing.T, p *shopTables) []row {
	net, excluded := map[time.Time]int64{}, map[time.Time]int64{}
	for _, b := range p.today.buyers {
		for day, amount := range b.net {
			net[monthOf(day)] += amount
		}
	}
	for key, e := range p.today.excluded {
		excluded[key.month] += e.amount
	}
	var rows []row
	for m, source := range p.today.source {
		rows = append(rows, row{
			"month": date(m), "source": money(source), "net_revenue": money(net[m]), "excluded": money(excluded[m]), "difference": money(0),
		})
	}
	return sortRows(rows, "month")
}

func excludedRowsByReason(_ *testing.T, p *shopTables) []row {
	byReason := map[string]row{}
	amounts, counts := map[string]int64{}, map[string]int64{}
	for key, e := range p.today.excluded {
		r := byReason[key.reason]
		if r == nil {
			r = row{"reason": key.reason, "amount": nil, "first_month": nil, "last_month": nil}
			byReason[key.reason] = r
		}
		counts[key.reason] += e.rows
		r["row_count"], r["share_of_rows"] = counts[key.reason], share(counts[key.reason], p.today.rows)
		if e.hasAmount {
			amounts[key.reason] += e.amount
			r["amount"] = money(amounts[key.reason])
		}
		if key.month.IsZero() {
			continue
		}
		if m := date(key.month); r["first_month"] == nil || m < r["first_month"].(string) {
			r["first_month"] = m
		}
		if m := date(key.month); r["last_month"] == nil || m > r["last_month"].(string) {
			r["last_month"] = m
		}
	}
	var rows []row
	for _, r := range byReason {
		rows = append(rows, r)
	}
	return sortRows(rows, "reason")
}

// quarantined finds the rows of the log that have no amount to be read.
func quarantined(_ *testing.T, p *shopTables) []row {
	return []row{{
		"reason": "not a number", "column_name": "total", "n": p.today.excluded[exclusion{reason: "unreadable"}].rows,
		"origin": "orders.csv", "first_row": p.today.firstUnreadable,
	}}
}

func wholeDate(*testing.T, *shopTables) []row { return []row{{"as_of_date": "2024-12-31"}} }

func journalFiles(_ *testing.T, p *shopTables) []row {
	sum := int64(0)
	for _, b := range p.today.buyers {
		sum += total(b.net)
	}
	return []row{{"customers": int64(len(p.today.buyers)), "net_revenue": money(sum)}}
}

func restatedMonths(_ *testing.T, p *shopTables) []row {
	was, is := map[time.Time]int64{}, map[time.Time]int64{}
	for h, into := range map[*history]map[time.Time]int64{&p.yesterday: was, &p.today: is} {
		for _, b := range h.buyers {
			for day, amount := range b.net {
				into[monthOf(day)] += amount
			}
		}
	}
	var rows []row
	for m, now := range is {
		if now != was[m] {
			rows = append(rows, row{"month": date(m), "was": money(was[m]), "is_now": money(now), "difference": money(now - was[m])})
		}
	}
	return sortRows(rows, "month")
}

// changedCustomers takes the residual values from the tables, by the reader
// that is not DuckDB: they are the model's.
func changedCustomers(t *testing.T, p *shopTables) []row {
	was, is := p.residuals(t, "2024-12-30"), p.residuals(t, "2024-12-31")
	type change struct{ customers, net, residual int64 }
	changes := map[string]change{}
	add := func(what string, net, residual int64) {
		c := changes[what]
		changes[what] = change{c.customers + 1, c.net + net, c.residual + residual}
	}
	for name, b := range p.today.buyers {
		old := p.yesterday.buyers[name]
		residual := is[name] - was[name]
		switch {
		case old == nil:
			add("new", total(b.net), residual)
		case len(b.purchases) > len(old.purchases):
			add("bought again", total(b.net)-total(old.net), residual)
		case total(b.net) != total(old.net):
			add("other money", total(b.net)-total(old.net), residual)
		default:
			add("silent", 0, residual)
		}
	}
	for name, old := range p.yesterday.buyers {
		if p.today.buyers[name] == nil {
			add("gone from the source", -total(old.net), -was[name])
		}
	}
	var rows []row
	for what, c := range changes {
		rows = append(rows, row{"what_happened": what, "customers": c.customers, "net_revenue": money(c.net), "residual_clv": money(c.residual)})
	}
	return sortRows(rows, "what_happened")
}

// residuals returns each customer's residual value, 0 where there is none.
func (p *shopTables) residuals(t *testing.T, asOf string) map[string]int64 {
	t.Helper()
	return p.residualsIn(t, "out", asOf)
}

// residualsIn is residuals, of a folder of tables.
func (p *shopTables) residualsIn(t *testing.T, folder, asOf string) map[string]int64 {
	t.Helper()
	values := map[string]int64{}
	for _, r := range p.tableIn(t, folder, "customers", asOf) {
		if text, ok := r["residual_clv"].(string); ok {
			values[r["customer_id"].(string)] = decimal(t, text)
		}
	}
	return values
}

// decimal reads a column of money as units of 0.0001.
func decimal(t *testing.T, text string) int64 {
	t.Helper()
	value, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatal("a column of money is no decimal")
	}
	return value.Mul(value, big.NewRat(10_000, 1)).Num().Int64()
}

// number reads a column of float64, NULL as nil.
func number(t *testing.T, value any) any {
	t.Helper()
	if value == nil {
		return nil
	}
	f, err := value.(json.Number).Float64()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func days(from, to time.Time) int64 { return int64(to.Sub(from) / (24 * time.Hour)) }
