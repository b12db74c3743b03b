package clv

import "github.com/perennial-clv/perennial/transforms/ledger"

// Definitions say how the values of a customer are computed.
var Definitions = []ledger.Term{
	{Name: "probability_alive", Doc: "The share of customers with the same x, t_x and T who have not left for ever, by the chosen model of purchases."},
	{Name: "expected_purchases", Doc: "Expected purchases in (as-of day, as-of day + horizon], by the chosen model of purchases given the customer's x, t_x and T."},
	{Name: "expected_purchase_value", Doc: "gamma_gamma's expected mean of the customer's purchases, by their frequency where value depends on it, × net_revenue_factor; for contribution also × Σ contribution ÷ Σ net revenue of the base. Where no model of spend can be used the base's mean purchase stands in."},
	{Name: "net_revenue_factor", Doc: "Σ net revenue ÷ Σ value of purchases of the whole base: below 1 where refunds come on other days than purchases."},
	{Name: "predicted_value", Doc: "expected_purchases × expected_purchase_value, undiscounted, rounded half-even to 4 decimals per customer."},
	{Name: "residual_clv", Doc: "As predicted_value, with each expected purchase discounted to the as-of day: E[M]·∫ e^(−δt) dE[X(t)] with δ = ln(1 + value.discount_rate) ÷ 365.25 per day. Rounded half-even to 4 decimals per customer, then summed. Infinite, so NULL, for lifetime at a discount rate of 0."},
	{Name: "historic_value", Doc: "What the customer has brought up to the as-of day, refunds deducted, undiscounted."},
	{Name: "total_clv", Doc: "historic_value + residual_clv. In customers: net_revenue + the lifetime residual_clv."},
	{Name: "value_percentile", Doc: "1 + floor(100 × share of customers with strictly less residual_clv); ties share one. The rfm scores are made the same way with 5 classes."},
	{Name: "contribution", Doc: "Net revenue less cost; where a row has no cost, its amount × value.margin_rate, rounded half-even. NULL unless known for every row that counts."},
}
