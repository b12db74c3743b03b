// Package forecast computes what finance plans with: what each cohort, those
// that are there and those to come, is expected to bring in each calendar month
// from the as-of day on.
//
// In: the customers with their values, as clv has them, month by month what was
// acquired and bought, and an acquisition plan if there is one. Out: the table
// cohort_forecasts.
//
//	months.go          the months of the future, and how they are discounted
//	sums.go            what is known of the customers there are, added up by (x, T)
//	demand.go          what the model expects of a customer, month by month
//	existing.go        cohorts that are there: demand times sums
//	season.go          seasonality by calendar month
//	acquisition.go     how many customers will be acquired
//	future.go          cohorts to come
//	interval.go        variances of sums, and quantiles
//	sensitivity.go     what the uncertainty of parameters does to sums
//	apportion.go       rounding of parts so that they add up
//	amounts.go         money of a row, and rows that are sums of others
//	forecast.go        cohorts, vintages and the total put together
//	rows.go            rows of cohort_forecasts, and their warnings
//	table.go           the table
//
// The definitions:
//
//   - Net revenue of a cohort in a month: Σ over customers of the purchases
//     expected in it × expected_purchase_value, as in clv. A purchase is a
//     customer-day; decay belongs to the age of a customer, seasonality to the
//     calendar.
//   - A month is discounted from its middle; the terminal row is what remains
//     of the lifetime value, so that months and terminal row add up to
//     residual_clv exactly.
//   - Money adds up exactly: the cohorts to their vintage, existing and future
//     to the total, the values of a split to the whole base.
//   - Quantiles do not add up: each row has its own.
package forecast
