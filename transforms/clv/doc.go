// Package clv computes what each customer is worth: what they have brought,
// and what they are expected to bring by a model of when customers buy and a
// model of what a purchase is worth.
//
// In: shards of the ledger, and the frame and cohorts of cohort. Out: the
// tables customers, customer_values, cohorts, clv_formulas, models and
// model_parameters.
//
//	settings.go        horizons, time unit, discounting
//	cells.go           customers as cells (x, t_x, T) and (x, repeat value): what models are fitted on
//	cells_segments.go  the same by the values of an attribute
//	tally.go           counted pairs of numbers in little memory, of which cells are made
//	fitted.go          what predictions rest on beside the customers: chosen models and factors
//	segments.go        models of parts of the base: fits, and which predicts for whom
//	valuation.go       models, factors and discounting put together: a customer's value
//	prospect.go        what forecasts are made of: a customer's prospects, and what holds for all
//	intervals.go       how far values may come out, of customers and of sums
//	curve.go           the chosen model's retention curve
//	base.go            what scores and percentiles compare a customer with
//	ranking.go         scores and percentiles: the share of customers strictly worse
//	gaps.go            days between purchases, and the stages of customers that follow from them
//	labels.go          stages, tiers and models as places of labels, the expected day of the next purchase
//	customers.go       rows of customers, as blocks of columns
//	values.go          rows of customer_values
//	cohorts.go         rows of cohorts
//	formula_sums.go    what customers did in the last months and in those before
//	fraction.go        exact numbers, in which formulas are reckoned
//	formulas.go        methods, their factors and warnings: rows of clv_formulas
//	frequency.go       models of the value of purchases by their frequency
//	independence.go    how far the value of purchases depends on their frequency
//	models.go          rows of models and model_parameters
//	definitions.go     what the models and values mean, for people
//	table.go           all of these as tables
//
// The definitions:
//
//   - expected_purchases are those in (as-of day, as-of day + horizon], from the
//     chosen model of purchases given the customer's x, t_x and T.
//   - expected_purchase_value is the expected mean of a customer's purchases
//     from the model of spend, of their frequency where value depends on it (the
//     population's, or that of the lowest frequency, where they have no repeat
//     purchase) × net_revenue_factor, which is Σ net revenue ÷ Σ value of
//     purchases of the base; for contribution also × Σ contribution ÷ Σ net
//     revenue.
//   - predicted_value = expected_purchases × expected_purchase_value,
//     undiscounted. residual_clv is the same with each purchase discounted to
//     the as-of day at δ = ln(1 + discount_rate)/365.25 per day. Both are rounded
//     half-even to 10^-4 per customer, then summed.
//   - historic_value is realised and undiscounted; total_clv = historic_value +
//     residual_clv.
//   - Scores and value_percentile are 1 + floor(classes × share of customers
//     strictly worse); ties share one.
//
// Symbols are the papers': x repeat purchase days, t_x days from the first to
// the last purchase, T days from the first purchase to the as-of day, m the
// mean value of the repeat purchases; r, alpha, a, b, p, q, gamma the
// parameters, in the model's time unit and the job's currency.
package clv
