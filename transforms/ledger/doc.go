// Package ledger decides what counts: which source rows become postings,
// which postings make a sale, a refund, an order, a purchase, and what became
// of every row that does not count. Everything later in the river (cohort,
// retention, clv) computes from its customer-days and from nothing else.
//
// In: source rows, column by column, and a Mapping that says which column
// plays which part. Out: a Shard for each group of customers, with one entry
// per customer and per customer-day, and the exclusions with their reasons.
//
//	mapping.go   which columns of the source play which part; rules; settings
//	fate.go      what becomes of a source row, in order of precedence
//	binding.go   a mapping that fits a source's columns, or what does not fit
//	rule.go      exclusion rules
//	intake.go    source rows to postings, column by column: customers, rules, orders, attributes
//	intake_time.go  their instants and civil days
//	intake_money.go their amounts, contributions and currencies
//	digest.go    hashes of whole rows: duplicates, and the fingerprint of the input
//	words.go     values of attributes, as numbers on the way
//	tally.go     what was read: rows, amounts by month, fingerprint, quarantine
//	posting.go   a posting, and its encoding on the way to its shard
//	plain.go     the same in 16 bytes, where a posting has nothing but amount and integer key
//	build.go     encoded postings to customers: dealt and sorted by hash
//	customer.go  one customer's postings: sales, refunds, orders, purchases
//	shard.go     customer-days; the columns everything computes from
//	customers.go what is left of customers: one entry each; as bytes
//	opportunities.go periods as opportunities to buy again or to renew, and what customers made of them
//	exclusions.go rows, customers and amounts that do not count, by reason and month
//	table.go     source columns as Arrow delivers them; run_exclusions
//
// The definitions:
//
//   - A posting is one signed money row. Rows of one order of one customer on
//     one civil day are summed first; without an order id each row stands
//     alone. A positive sum is a sale, a negative one a refund.
//     gross_sales + refunds (≤ 0) = net_revenue.
//   - An order is an order id with a sale, counted once, on the day of its
//     first sale. A refund-only invoice is no order; a later capture is money,
//     not a new order.
//   - A purchase is a civil day on which a customer has an order and all their
//     rows of that day sum to more than 0; its value is that sum.
//   - A row without an amount, where the mapping says that this is 0, is money
//     of nothing: it makes no order, purchase or refund, whatever the settings,
//     and gives no attribute. It is kept like any other row.
//   - With zero amounts counted as purchases, a day of nothing but zero rows is
//     a purchase, and its order ids are orders. On any other day a sum of 0 is
//     neither sale nor order.
//
// Money is int64 in units of 10^-4. No sum of it can overflow, because Tally
// bounds the sum of all absolute amounts first (Tally.Overflows).
package ledger
