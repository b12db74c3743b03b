package clv

import "github.com/perennial-clv/perennial/transforms/ledger"

// Families are the models with how they predict.
var Families = []ledger.Term{
	{Name: string(NBD), Doc: "While alive a customer buys at random at a rate λ, which differs between customers as Gamma(r, alpha), and nobody ever leaves. Expected purchases in a time t: (r + x)/(alpha + T)·t. Fitted beside the others, to see whether dropout explains anything. Ehrenberg (1959)."},
	{Name: string(BGNBD), Doc: "As nbd; after each repeat purchase a customer leaves for ever with probability p, which differs as Beta(a, b). Who bought once counts as alive with certainty, so it predicts only where it is the sole candidate. Fader, Hardie & Lee (2005), Marketing Science 24(2)."},
	{Name: string(MBGNBD), Doc: "As bg_nbd, and a customer may leave after the first purchase too: the probability of being alive falls with silence for everybody. The default. Batislam, Denizel & Filiztekin (2007), IJRM 24(3)."},
	{Name: string(GammaGamma), Doc: "The value of a purchase. A customer's purchases vary around a mean of their own, which differs between customers. Expected mean after x purchases of mean m: p(gamma + m·x)/(p·x + q − 1), between the population's mean and the customer's own. Fader & Hardie (2013)."},
}

// Definitions say how the values of a customer are computed.
var Definitions = []ledger.Term{
	{Name: "probability_alive", Doc: "The share of customers with the same x, t_x and T who have not left for ever, by the chosen model of purchases."},
	{Name: "expected_purchases", Doc: "Expected purchases in (as-of day, as-of day + horizon], by the chosen model of purchases given the customer's x, t_x and T."},
	{Name: "expected_purchase_value", Doc: "gamma_gamma's expected mean of the customer's purchases × net_revenue_factor; for contribution also × Σ contribution ÷ Σ net revenue of the base. Where no model of spend can be used the base's mean purchase stands in."},
	{Name: "net_revenue_factor", Doc: "Σ net revenue ÷ Σ value of purchases of the whole base: below 1 where refunds come on other days than purchases."},
	{Name: "predicted_value", Doc: "expected_purchases × expected_purchase_value, undiscounted, rounded half-even to 4 decimals per customer."},
	{Name: "residual_clv", Doc: "As predicted_value, with each expected purchase discounted to the as-of day: E[M]·∫ e^(−δt) dE[X(t)] with δ = ln(1 + value.discount_rate) ÷ 365.25 per day. Rounded half-even to 4 decimals per customer, then summed. Infinite, so NULL, for lifetime at a discount rate of 0."},
	{Name: "historic_value", Doc: "What the customer has brought up to the as-of day, refunds deducted, undiscounted."},
	{Name: "total_clv", Doc: "historic_value + residual_clv. In customers: net_revenue + the lifetime residual_clv."},
	{Name: "value_percentile", Doc: "1 + floor(100 × share of customers with strictly less residual_clv); ties share one. The rfm scores are made the same way with 5 classes."},
	{Name: "contribution", Doc: "Net revenue less cost; where a row has no cost, its amount × value.margin_rate, rounded half-even. NULL unless known for every row that counts."},
}
