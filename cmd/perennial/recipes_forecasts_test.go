//go:build unix

package main

import (
	"cmp"
	"slices"
	"testing"
)

// forecastByMonth adds up the rows of cohorts, which the recipe does not look at;
// the quantiles are those of the total.
func forecastByMonth(t *testing.T, p *shopTables) []row {
	type sums struct {
		existing, future int64
		low, high        any
	}
	months := map[string]*sums{}
	for _, r := range p.table(t, "cohort_forecasts", date(p.today.asOf)) {
		if r["dimension_name"] != "all" || r["months_ahead"] == nil {
			continue
		}
		if ahead := number(t, r["months_ahead"]).(float64); ahead < 1 || ahead > 12 {
			continue
		}
		of := months[r["forecast_month"].(string)]
		if of == nil {
			of = new(sums)
			months[r["forecast_month"].(string)] = of
		}
		switch {
		case r["grain"] == "total":
			of.low, of.high = r["net_revenue_p10"], r["net_revenue_p90"]
		case r["grain"] == "cohort" && r["vintage"] == "existing":
			of.existing += decimal(t, r["net_revenue"].(string))
		case r["grain"] == "cohort":
			of.future += decimal(t, r["net_revenue"].(string))
		}
	}
	var rows []row
	for month, of := range months {
		rows = append(rows, row{
			"forecast_month": month, "existing": money(of.existing), "future": money(of.future),
			"net_revenue": money(of.existing + of.future), "p10": of.low, "p90": of.high,
		})
	}
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Compare(a["forecast_month"].(string), b["forecast_month"].(string))
	})
	return rows
}

// forecastTiesOut adds up the residual values of the customers of each cohort.
func forecastTiesOut(t *testing.T, p *shopTables) []row {
	sums := map[string]int64{}
	for _, c := range p.table(t, "customers", date(p.today.asOf)) {
		if text, ok := c["residual_clv"].(string); ok {
			sums[c["cohort_month"].(string)] += decimal(t, text)
		}
	}
	var rows []row
	for month, sum := range sums {
		rows = append(rows, row{"cohort_month": month, "forecast": money(sum), "residual_clv": money(sum), "difference": money(0)})
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a["cohort_month"].(string), b["cohort_month"].(string)) })
	return rows
}
