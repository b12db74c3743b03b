// Package clv computes what each customer is worth: what they have brought,
// and what they are expected to bring by a model of when customers buy and a
// model of what a purchase is worth.
//
// In: shards of the ledger, and the frame and cohorts of cohort. Out: the
// tables customers, customer_values, cohorts, models and model_parameters.
//
//	settings.go        horizons, time unit, discounting
//	cells.go           customers as cells (x, t_x, T) and (x, repeat value): what models are fitted on
//	purchases.go       NBD, BG/NBD, MBG/NBD: likelihood, P(alive)
//	purchases_future.go what they expect: purchases, discounted purchases, P(any purchase)
//	gammagamma.go      Gamma–Gamma: the value of a purchase
//	fit.go …           maximum likelihood, standard errors, status, choice
//	score.go           scoring many customers
//	valuation.go       models, factors and discounting put together: a customer's value
//	ranking.go         scores and percentiles: the share of customers strictly worse
//	customers.go       rows of customers
//	values.go          rows of customer_values
//	cohorts.go         rows of cohorts
//	models.go          rows of models and model_parameters
//	table.go           all of these as tables
//
// Symbols are the papers': x repeat purchase days, t_x days from the first to
// the last purchase, T days from the first purchase to the as-of day, m the
// mean value of the repeat purchases; r, alpha, a, b, p, q, gamma the
// parameters, in the model's time unit and the job's currency.
package clv
