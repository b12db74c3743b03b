// Package backtest asks how well the models predict: it takes the base back to
// earlier days, the origins, fits the models to what was known then, and compares
// what they and simple baselines expected with what came. Beside that it compares
// what the models of today say of the past with what happened.
//
// In: shards of the ledger as cohort views them, and fitted models. Out: the
// tables backtests and model_tracking, and what backtests say of the models: how
// they are chosen (models.Choose) and how much their intervals are widened
// (models.Widening).
//
//	histories.go    what a sample of customers did, day by day, packed
//	past.go         the same as of a day: nothing later can be seen
//	origins.go      which days, and how far is predicted
//	calibration.go  what is learnt at an origin: fits, factors, retention
//	crowd.go        customers of whom a model expects the same, together
//	predict.go      what models and baselines expect of each customer
//	metrics.go      errors, ranks and shares: predicted beside actual
//	intervals.go    what intervals hold, and how they are widened to hold as much as they claim
//	grade.go        rows of backtests
//	run.go          all origins together
//	daily.go        acquisitions and repeat purchases of all customers, by day
//	tracking.go     rows of model_tracking: expected beside actual
//	classes.go      those of the latest origin: by how often, and how long ago, customers bought
//	table.go        backtests and model_tracking as tables
//
// An origin is the last day that counts, as an as-of day is; what came is in
// (origin, origin + horizon]. The predictions of an origin are made of a Past
// alone; outcomes are read after them.
package backtest
