// Package transforms holds what is computed, as pure functions of columns: no
// clock, no environment, no logger, no goroutine. It is empty itself; its
// packages are the instruments
//
//	numeric     sums, special functions, quadrature, intervals, values that may be unknown
//	money       exact amounts, in units of 10^-4
//	calendar    civil days, zones, periods, offsets, formats of times
//
// which know nothing of customers, and the river, in which each may import
// what stands before it:
//
//	ledger      rows to customer-days: what is a sale, a refund, an order, a purchase   ► run_exclusions
//	cohort      customers to cohorts, days to periods                                   ► business_periods
//	retention   what became of cohorts, offset by offset                                ► cohort_periods, retention_curves
//	models      when customers buy and what a purchase is worth: likelihoods, fits, predictions
//	clv         what customers are worth                                                ► customers, customer_values, cohorts, clv_formulas, models, model_parameters
//	backtest    how well the models would have predicted at earlier days                ► backtests, model_tracking
//	forecast    what cohorts will bring, month by month                                 ► cohort_forecasts
//
// and shop, the simulated shop of the commands sample and demo.
//
// To find the definition of a number: the list above names the package of its
// table, that package's comment names the file.
package transforms
