package jobs

import "github.com/perennial-clv/perennial/transforms/ledger"

// glossary are the words that tables and documents use, in the order in which
// they build on each other. docs/concepts.md has them at length.
var glossary = []ledger.Term{
	{Name: "posting", Doc: "One signed row of money of one customer. Rows of one order_id of one customer on one civil day are summed first."},
	{Name: "sale", Doc: "A positive sum of an order's rows of a day; a negative one is a refund. gross_sales + refunds = net_revenue."},
	{Name: "order", Doc: "An order_id with a sale, counted once, on the day of its first sale. An invoice of refunds alone is no order."},
	{Name: "purchase", Doc: "A civil day on which a customer has an order and all their rows of that day sum to more than 0; its value is that sum."},
	{Name: "x", Doc: "Purchases after the first, frequency in customers. With t_x, the days from the first to the last purchase, and T, the days from the first purchase to the as-of day, it is all that models of purchases see."},
	{Name: "cohort", Doc: "The customers whose first purchase falls in one period. The first purchase is the acquisition and never counts as retention."},
	{Name: "offset", Doc: "Periods since the first purchase; 0 is the period of the first purchase itself."},
	{Name: "calendar", Doc: "An offset_mode: offsets are the civil periods after the cohort's, so who came on the 31st is in offset 1 a day later."},
	{Name: "rolling", Doc: "An offset_mode: offsets run from anniversary to anniversary of each customer's first purchase, clamped to the month's end. The first twelve months are offsets 0 to 11."},
	{Name: "exposed", Doc: "A member whose whole offset lies on or before the as-of day. Rates are of exposed members only, so SUM(numerator) ÷ SUM(exposed_customers) is right under any filter."},
	{Name: "partial", Doc: "A cell_state: some members are not exposed yet. Columns that are said to be so far cover all members, and add up to the ledger."},
	{Name: "left-truncated", Doc: "A cohort that begins before the history is whole (cohorts.from): its members may have bought before. It stays out of pooled curves."},
	{Name: "split", Doc: "A dimension_name other than all: the tables once more for each value of an attribute of the first purchase. The values of a split add up to all; never add both."},
	{Name: "residual", Doc: "What is expected from the as-of day on, discounted to it, beside historic, which is realised; total is both."},
}
