// Package cohort places customers into cohorts and time into periods. The
// first purchase is the acquisition; the cohort is the period it falls in.
//
// In: shards of the ledger. Out: sums per cohort and per business period, for
// the whole base and for each value of the attributes that the job splits by.
// It refuses to know of rates of return (retention) and of models (clv).
//
//	frame.go      the run's calendar: as-of day, grains, where history begins; dimensions
//	member.go     the customers with a purchase, with their dimensions
//	view.go       a shard's members with their days and periods, as accumulators see them
//	split.go      one accumulator per dimension value; series of periods
//	acquired.go   what each cohort is: size, first revenue, second purchases within n days
//	business.go   business_periods: new, returning and retained customers, orders, money
//	table.go      business_periods as a table
//
// Accumulators hold integers only. Adding shards in any order and any division
// gives the same sums.
package cohort
