package forecast

import (
	"strings"

	"github.com/perennial-clv/perennial/pipeline/table"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/money"
)

// CohortForecasts declares cohort_forecasts.
var CohortForecasts = table.Definition[Row]{
	Name: "cohort_forecasts",
	Doc: "What each cohort is expected to bring in each calendar month after the as-of day: one row per part of the base, cohort and month for 36 months, and a terminal row for all that follows; the same for all cohorts of a vintage and in total. " +
		"Where the as-of day is not the last of its month, what is left of that month comes first (months_ahead 0, forecast_days). Choose one grain, and dimension_name all or one split: money then adds up exactly, cohorts to their vintage, vintages to the total, the values of a split to all, and discounted_net_revenue of existing cohorts over months and terminal row to cohorts.residual_clv. " +
		"Future cohorts are those acquired in these months. Without a usable model there are no rows. Ordered by its key, the terminal row after the months.",
	Key:     []string{"dimension_name", "dimension_value", "grain", "vintage", "cohort_month", "forecast_month", "is_terminal"},
	Columns: append(keyColumns(), append(demandColumns(), append(moneyColumns(), basisColumns()...)...)...),
}

// terminal says where columns of months are null.
const terminal = "in the terminal row"

func keyColumns() []table.Field[Row] {
	return []table.Field[Row]{
		table.Texts("dimension_name", "all for the whole base, else the name of the column in customers by which it is split.", func(r *Row) string { return r.Dimension.Name }),
		table.Texts("dimension_value", "all for the whole base, else the value of that column.", func(r *Row) string { return r.Dimension.Value }),
		table.Texts("grain", listed(Grains), func(r *Row) string { return Grains[r.Grain].Name }),
		table.Texts("vintage", listed(Vintages), func(r *Row) string { return Vintages[r.Vintage].Name }),
		table.NullDates("cohort_month", "First day of the month of the cohort's first purchases.", "for the grains vintage and total", func(r *Row) (int32, bool) { d, ok := r.Cohort.Get(); return int32(d), ok }),
		table.NullDates("forecast_month", "First day of the month that is forecast.", terminal, func(r *Row) (int32, bool) {
			if r.Month == nil {
				return 0, false
			}
			return int32(r.Month.Start), true
		}),
		table.Flags("is_terminal", "Whether the row is what follows the last month.", func(r *Row) bool { return r.Month == nil }),
		table.NullIntegers("months_ahead", "Calendar months from that of the as-of day; 0: what is left of it.", terminal, func(r *Row) (int64, bool) {
			if r.Month == nil {
				return 0, false
			}
			return int64(r.Month.Ahead), true
		}).In("months").Never(),
		table.NullIntegers("forecast_days", "Days of the month after the as-of day.", terminal, func(r *Row) (int64, bool) {
			if r.Month == nil {
				return 0, false
			}
			return int64(r.Month.Days()), true
		}).In("days").Never(),
	}
}

func demandColumns() []table.Field[Row] {
	const infinite = "where infinite, as it may be in the terminal row"
	return []table.Field[Row]{
		table.Numbers("new_customers", "Expected first purchases: those of the cohort to come in its own month, else 0. Of a month without a plan the level of the last twelve complete months, with the damped trend of the last two years and acquisition's own season where there are two.", func(r *Row) float64 { return r.line.acquired }).In("customers"),
		table.NullNumbers("expected_active_customers", "Expected customers with at least one purchase in the month.", terminal, func(r *Row) (float64, bool) { return r.line.active, r.Month != nil }).In("customers").NotOverTime(),
		table.NullNumbers("expected_purchases", "Expected purchases, which are customer-days, by the chosen model.", infinite, func(r *Row) (float64, bool) { return r.ordersOf(r.line.purchases, 1) }).In("purchases"),
		table.NullNumbers("expected_orders", "first_orders + repeat_orders: expected_purchases × orders ÷ purchases of the base.", infinite, func(r *Row) (float64, bool) { return r.ordersOf(r.line.purchases, r.perOrder) }).In("orders"),
		table.Numbers("first_orders", "Expected orders of first purchase days: new_customers × orders ÷ purchases of the base.", func(r *Row) float64 { return r.line.acquired * r.perOrder }).In("orders"),
		table.NullNumbers("repeat_orders", "Expected orders after customers' first purchase days.", infinite, func(r *Row) (float64, bool) { return r.ordersOf(r.line.purchases-r.line.acquired, r.perOrder) }).In("orders"),
		table.NullNumbers("orders_per_active_customer", "expected_orders ÷ expected_active_customers.", terminal+", and without active customers", (*Row).frequency).In("orders per customer"),
		table.NullAmounts("net_revenue_per_order", "net_revenue ÷ expected_orders, rounded half-even to 4 decimals.", "where either is and without orders", (*Row).basket).Never(),
	}
}

func moneyColumns() []table.Field[Row] {
	const (
		infinite       = "where infinite or more than the column holds, as it may be in the terminal row"
		noContribution = "where contribution is not known for every row, and where net revenue is"
	)
	return []table.Field[Row]{
		table.NullAmounts("purchase_value", "Expected value of the purchases, refunds of other days not deducted: net_revenue ÷ net_revenue_factor (in models).", infinite+", and where that factor is 0", func(r *Row) (int64, bool) { return r.line.amounts.purchases.Get() }),
		table.NullAmounts("net_revenue", "Expected net revenue: Σ over customers of expected purchases × expected_purchase_value (in customer_values); of cohorts to come new_customers × mean first purchase of the last twelve months × net_revenue_factor, and repeat purchases at the population's value.", infinite, func(r *Row) (int64, bool) { return r.line.net.Get() }),
		table.NullAmounts("contribution", "net_revenue × contribution ÷ net revenue of the base.", noContribution, func(r *Row) (int64, bool) { return r.line.contribution.Get() }),
		table.NullAmounts("discounted_net_revenue", "net_revenue × discount_factor; in the terminal row what the months leave of the lifetime residual_clv.", "in the terminal row where residual_clv is", func(r *Row) (int64, bool) { return r.line.discounted.Get() }),
		table.NullAmounts("discounted_contribution", "The same in contribution.", noContribution, func(r *Row) (int64, bool) { return r.line.discountedContribution.Get() }),
		table.NullAmounts("net_revenue_p10", "Below it net_revenue comes to lie in one of ten cases. Quantiles do not add up: each row has its own. They know chance, the uncertainty of the model's parameters, how far backtests say intervals are too narrow, and of cohorts to come how far acquisition differed from its forecasts.", terminal+", and where acquisition's errors are not known", func(r *Row) (int64, bool) { return r.band.low.Get() }).Never(),
		table.NullAmounts("net_revenue_p50", "The median.", "where net_revenue_p10 is", func(r *Row) (int64, bool) { return r.band.middle.Get() }).Never(),
		table.NullAmounts("net_revenue_p90", "Above it net_revenue comes to lie in one of ten cases.", "where net_revenue_p10 is", func(r *Row) (int64, bool) { return r.band.high.Get() }).Never(),
		table.NullNumbers("interval_level", "Share of cases between net_revenue_p10 and net_revenue_p90.", "where they are", func(r *Row) (float64, bool) { _, ok := r.band.low.Get(); return models.IntervalLevel, ok }),
	}
}

func basisColumns() []table.Field[Row] {
	return []table.Field[Row]{
		table.NullNumbers("seasonal_index", "What the calendar month is above or below others, in repeat purchases of the last whole years of the history against the model, drawn towards 1 by its standard error; 1 below two years. It moves purchases within twelve months of a customer's future and makes none.", terminal, func(r *Row) (float64, bool) { return r.season, r.Month != nil }).In("ratio"),
		table.NullNumbers("discount_factor", "e^(−δ × days to the middle of the month), δ = ln(1 + value.discount_rate) ÷ 365.25.", terminal, func(r *Row) (float64, bool) { return r.discount, r.Month != nil }).In("ratio"),
		table.Texts("model_id", "The model of purchases behind it, as in models; for the customers of segments (models.segment_by) that of their segment where it has one.", func(r *Row) string { return r.ModelID }),
		table.NullTexts("warning", "Words separated by commas, in this order. "+listed(Warnings), "where there is none", func(r *Row) (string, bool) { return r.Warning, r.Warning != "" }),
	}
}

// ordersOf returns a number of purchases as orders, unless it is infinite.
func (r *Row) ordersOf(purchases, perPurchase float64) (float64, bool) {
	return orZero(purchases * perPurchase), !r.isInfinite
}

// orZero returns 0 for what is not finite, and is therefore null.
func orZero(v float64) float64 {
	if finite(v) {
		return v
	}
	return 0
}

// frequency returns the orders of an active customer.
func (r *Row) frequency() (float64, bool) {
	if r.Month == nil || r.line.active <= 0 {
		return 0, false
	}
	return r.line.purchases * r.perOrder / r.line.active, true
}

// basket returns the net revenue of an order.
func (r *Row) basket() (int64, bool) {
	net, ok := r.line.net.Get()
	if !ok || r.isInfinite || !(r.line.purchases > 0) {
		return 0, false
	}
	units, fault := money.FromNumber(inCurrency(float64(net)) / (r.line.purchases * r.perOrder))
	return units, fault == money.NoFault
}

// listed returns terms with their meaning, as a column's description has them.
func listed(terms []ledger.Term) string {
	var parts []string
	for _, t := range terms {
		parts = append(parts, t.Name+": "+t.Doc)
	}
	return strings.Join(parts, " ")
}
