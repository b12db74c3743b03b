// Package retention computes what became of each cohort, offset by offset,
// and pools cohorts into curves.
//
// In: shards of the ledger and the frame of cohort. Out: cohort_periods and
// retention_curves. It refuses to know of models: what one expects is handed
// in as a rate per offset.
//
//	grid.go      sums per cohort and offset, calendar and rolling, of members exposed alike
//	member.go    a customer's days to offsets, and to those sums
//	periods.go   cohort_periods: the sums read out, part by part
//	curves.go    retention_curves: bounded and repurchase, pooled over cohorts; the order of all curves
//	survival.go  retention_curves: Kaplan–Meier share without a second purchase
//	expected.go  retention_curves: the curve of a model, beyond what was observed
//	table.go     both as tables
//
// The definitions:
//
//   - The offset unit is the cohort's grain. A calendar offset k is the k-th
//     period after the cohort's. A rolling offset k is [first + k, first + k+1)
//     of each member, every anniversary counted from the first day and clamped
//     to the month's end.
//   - A member is exposed to an offset whose every day is on or before the
//     as-of day. Rates, their numerators and per-customer values cover exposed
//     members only, so that SUM(numerator) ÷ SUM(exposed_customers) is right
//     under any filter within one dimension, grain, mode and offset.
//   - The columns "so far" cover all members up to the as-of day and add up to
//     the ledger.
//   - Retained means: a purchase in the offset after the first purchase day.
package retention
