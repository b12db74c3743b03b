// Package backtest asks how well the models predict: it compares what they
// expect with what came. To see how they would have predicted, it takes the base
// back to an earlier day, an origin, and fits them on what was known then.
//
// In: shards of the ledger as cohort views them, and fitted models. Out: the
// histories of a sample of customers, what is read of them as of a day, and the
// table model_tracking.
//
//	histories.go  what a sample of customers did, day by day, packed
//	past.go       the same as of a day: nothing later can be seen
//	daily.go      acquisitions and repeat purchases of all customers, by day
//	tracking.go   rows of model_tracking: expected beside actual
//	table.go      these as tables
//
// An origin is the last day that counts, as an as-of day is; what came is in
// (origin, origin + horizon].
package backtest
