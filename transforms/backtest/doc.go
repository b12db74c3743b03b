// Package backtest asks how well the models would have predicted: it takes the
// base back to an earlier day, an origin, fits the models on what was known
// then, and compares what they expected with what came.
//
// In: shards of the ledger as cohort views them. Out: the histories of a sample
// of customers, and what is read of them as of a day.
//
//	histories.go  what a sample of customers did, day by day, packed
//	past.go       the same as of a day: nothing later can be seen
//
// An origin is the last day that counts, as an as-of day is; what came is in
// (origin, origin + horizon].
package backtest
