// Package backtest holds models of purchases against what customers did.
//
// In: shards of the ledger, and fitted models. Out: the table model_tracking.
//
//	daily.go     acquisitions and repeat purchases day by day
//	tracking.go  expected beside actual, by period and by number of purchases
//	table.go     these as tables
package backtest
