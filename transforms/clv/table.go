package clv

import (
	"slices"
	"strconv"

	"github.com/perennial-clv/perennial/pipeline/table"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/money"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// column is a column of a block of rows.
type column[T any] [table.BlockRows]T

const customerDoc = "The customer, as in the source."

// keyColumn declares customer_id of customer_values, which is text or an integer
// as in the source.
func keyColumn(integers bool) table.Field[CustomerValue] {
	if integers {
		return table.Integers("customer_id", customerDoc, func(r *CustomerValue) int64 { return r.Key.Integer() }).In("id").Never()
	}
	return table.Texts("customer_id", customerDoc, func(r *CustomerValue) string { return string(r.Key) })
}

// keyValues declares customer_id of customers.
func keyValues(integers bool) table.Field[CustomerBlock] {
	if integers {
		return table.Values(table.Integer, "customer_id", customerDoc, (*CustomerBlock).ids).In("id").Never()
	}
	return table.TextValues("customer_id", customerDoc, func(b *CustomerBlock) []ledger.Key { return b.keys[:b.rows] })
}

// Customers declares customers, whose columns depend on the kind of keys and
// on the attributes of the job.
func Customers(integerKeys bool, attributes []string) table.Definition[CustomerBlock] {
	d := table.Definition[CustomerBlock]{
		Name: "customers",
		Doc:  "One row per customer, ordered by a fixed hash of customer_id. Customers without any purchase have money 0 and everything dated, rated or predicted NULL.",
		Key:  []string{"customer_id"},
		Columns: []table.Field[CustomerBlock]{
			keyValues(integerKeys),
			table.NullValues(table.Date, "cohort_month", "First day of the month of the first purchase.", "without a purchase", func(b *CustomerBlock) ([]calendar.Day, []uint8) {
				return b.cohortMonth[:b.rows], b.hasPurchase[:b.rows]
			}),
			table.NullValues(table.Date, "first_purchase_date", "Civil day of the first purchase.", "without one", func(b *CustomerBlock) ([]calendar.Day, []uint8) { return b.first[:b.rows], b.hasPurchase[:b.rows] }),
			table.NullValues(table.Date, "last_purchase_date", "Civil day of the last purchase.", "without one", func(b *CustomerBlock) ([]calendar.Day, []uint8) { return b.last[:b.rows], b.hasPurchase[:b.rows] }),
			table.Values(table.Integer, "orders", "Order ids with a sale, each counted once.", func(b *CustomerBlock) []int64 { return b.orders[:b.rows] }).In("orders"),
			table.Values(table.Integer, "purchase_days", "Purchases: civil days with an order and a positive sum.", func(b *CustomerBlock) []int64 { return b.purchaseDays[:b.rows] }).In("purchases"),
			table.Values(table.Integer, "frequency", "x: purchases after the first.", func(b *CustomerBlock) []int64 { return b.x[:b.rows] }).In("purchases"),
			table.NullValues(table.Integer, "active_span_days", "t_x: days from the first to the last purchase.", "without a purchase", func(b *CustomerBlock) ([]int64, []uint8) { return b.span[:b.rows], b.hasPurchase[:b.rows] }).In("days").Never(),
			table.NullValues(table.Integer, "age_days", "T: days from the first purchase to the as-of day.", "without a purchase", func(b *CustomerBlock) ([]int64, []uint8) { return b.age[:b.rows], b.hasPurchase[:b.rows] }).In("days").Never(),
			table.NullValues(table.Integer, "days_since_last_purchase", "Days from the last purchase to the as-of day.", "without a purchase", func(b *CustomerBlock) ([]int64, []uint8) { return b.silent[:b.rows], b.hasPurchase[:b.rows] }).In("days").Never(),
			table.Values(table.Money, "gross_sales", "Sum of sales, after discounts, without tax.", func(b *CustomerBlock) []int64 { return b.gross[:b.rows] }),
			table.Values(table.Money, "refunds", "Sum of refunds, at most 0.", func(b *CustomerBlock) []int64 { return b.refunds[:b.rows] }),
			table.Values(table.Money, "net_revenue", "gross_sales + refunds.", func(b *CustomerBlock) []int64 { return b.net[:b.rows] }),
			table.NullValues(table.Money, "contribution", "Net revenue less cost, or times the margin rate.", "where neither is known for every row", func(b *CustomerBlock) ([]int64, []uint8) { return b.contribution[:b.rows], b.hasContribution[:b.rows] }),
			table.NullValues(table.Money, "first_purchase_value", "Sum of the rows of the first purchase day.", "without a purchase", func(b *CustomerBlock) ([]int64, []uint8) { return b.firstValue[:b.rows], b.hasPurchase[:b.rows] }),
			table.NullValues(table.Money, "average_order_value", "gross_sales ÷ orders, rounded half-even to 4 decimals.", "without orders", func(b *CustomerBlock) ([]int64, []uint8) { return b.meanOrder[:b.rows], b.hasOrder[:b.rows] }).Never(),
			table.NullValues(table.Money, "mean_repeat_value", "Mean value of the purchases after the first, rounded half-even to 4 decimals.", "without any", func(b *CustomerBlock) ([]int64, []uint8) { return b.meanRepeat[:b.rows], b.hasRepeat[:b.rows] }).Never(),
			table.NullValues(table.Number, "mean_days_between_purchases", "active_span_days ÷ frequency.", "without a repeat purchase", func(b *CustomerBlock) ([]float64, []uint8) { return b.meanGap[:b.rows], b.hasRepeat[:b.rows] }).In("days"),
		},
	}
	for i, name := range attributes {
		d.Columns = append(d.Columns, table.NullTextValues("first_"+name, name+" of the earliest row of the first purchase day; (none) where the source has none.", "without a purchase", func(b *CustomerBlock) ([]string, []uint8) { return b.attributes[i][:b.rows], b.hasPurchase[:b.rows] }))
	}
	d.Columns = append(d.Columns, scoreColumns()...)
	return d
}

func scoreColumns() []table.Field[CustomerBlock] {
	return []table.Field[CustomerBlock]{
		table.FlagValues("is_one_time_buyer", "Whether purchase_days is 1.", func(b *CustomerBlock) []uint8 { return b.isOneTime[:b.rows] }),
		table.NullValues(table.Integer, "rfm_recency", "1 + floor(5 × share of customers who bought last longer ago): 5 is most recent.", "without a purchase", func(b *CustomerBlock) ([]int64, []uint8) { return b.recency[:b.rows], b.hasPurchase[:b.rows] }).In("score 1 to 5").Never(),
		table.NullValues(table.Integer, "rfm_frequency", "1 + floor(5 × share of customers with fewer purchase_days): 5 is most frequent.", "without a purchase", func(b *CustomerBlock) ([]int64, []uint8) { return b.frequency[:b.rows], b.hasPurchase[:b.rows] }).In("score 1 to 5").Never(),
		table.NullValues(table.Integer, "rfm_monetary", "1 + floor(5 × share of customers with less net_revenue): 5 is most.", "without a purchase", func(b *CustomerBlock) ([]int64, []uint8) { return b.monetary[:b.rows], b.hasPurchase[:b.rows] }).In("score 1 to 5").Never(),
		table.NullLabelValues("rfm_segment", "rfm_recency, rfm_frequency and rfm_monetary as three digits: 543.", "without a purchase", segments(), func(b *CustomerBlock) ([]uint8, []uint8) { return b.segment[:b.rows], b.hasPurchase[:b.rows] }),
		table.NullLabelValues("lifecycle_stage", "By days since the last purchase, with the base's gaps between purchases as limits (in run_checks). "+listed(Stages), "without a purchase", names(Stages), func(b *CustomerBlock) ([]Stage, []uint8) { return b.stage[:b.rows], b.hasPurchase[:b.rows] }),
		table.NullValues(table.Number, "probability_alive", "Probability that the customer has not dropped out for ever.", "without a prediction", func(b *CustomerBlock) ([]float64, []uint8) { return b.alive[:b.rows], b.isScored[:b.rows] }).In("probability").Additive(),
		table.NullValues(table.Number, "expected_purchases_365d", "Expected purchases in the 365 days after the as-of day.", "without a prediction", func(b *CustomerBlock) ([]float64, []uint8) { return b.purchasesOfYear[:b.rows], b.isScored[:b.rows] }).In("purchases").Additive(),
		table.NullValues(table.Money, "predicted_value_365d", "Expected net revenue in the 365 days after the as-of day, undiscounted.", "without a prediction", func(b *CustomerBlock) ([]int64, []uint8) { return b.valueOfYear[:b.rows], b.hasYear[:b.rows] }),
		table.NullValues(table.Money, "residual_clv", "Expected net revenue after the as-of day without end, discounted to it.", "without a prediction, and where infinite (a discount rate of 0)", func(b *CustomerBlock) ([]int64, []uint8) { return b.residual[:b.rows], b.hasResidual[:b.rows] }),
		table.NullValues(table.Money, "residual_clv_low", "What residual_clv comes out below for one customer in ten like this one: "+spreadDoc, "without a prediction, and without a discount", func(b *CustomerBlock) ([]int64, []uint8) { return b.low[:b.rows], b.hasInterval[:b.rows] }).Never(),
		table.NullValues(table.Money, "residual_clv_high", "What it comes out above for one customer in ten like this one; 0 where fewer than one in ten will buy at all. Intervals never add up: cohorts has those of sums.", "as residual_clv_low is", func(b *CustomerBlock) ([]int64, []uint8) { return b.high[:b.rows], b.hasInterval[:b.rows] }).Never(),
		table.NullValues(table.Money, "total_clv", "net_revenue + residual_clv.", "where residual_clv is", func(b *CustomerBlock) ([]int64, []uint8) { return b.total[:b.rows], b.hasResidual[:b.rows] }),
		table.NullValues(table.Integer, "value_percentile", "1 + floor(100 × share of customers with less residual_clv): 100 is best.", "where residual_clv is", func(b *CustomerBlock) ([]int64, []uint8) { return b.percentile[:b.rows], b.hasResidual[:b.rows] }).In("percentile").Never(),
		table.NullLabelValues("value_tier", listed(Tiers), "where value_percentile is", names(Tiers), func(b *CustomerBlock) ([]Tier, []uint8) { return b.tier[:b.rows], b.hasResidual[:b.rows] }),
		table.NullValues(table.Date, "expected_next_purchase_date", "Day by which the customer, if alive, has bought again with probability ½, silent up to the as-of day.", "without a prediction, where probability_alive is below 0.5, and beyond the year 9999", func(b *CustomerBlock) ([]calendar.Day, []uint8) { return b.next[1][:b.rows], b.hasNext[1][:b.rows] }),
		table.NullValues(table.Date, "next_purchase_date_low", "Day by which the customer, if alive, has bought again with probability 0.1.", "as expected_next_purchase_date is", func(b *CustomerBlock) ([]calendar.Day, []uint8) { return b.next[0][:b.rows], b.hasNext[0][:b.rows] }),
		table.NullValues(table.Date, "next_purchase_date_high", "Day by which the customer, if alive, has bought again with probability 0.9: silence beyond it is a reason to act.", "as expected_next_purchase_date is, and where a purchase is less likely than that", func(b *CustomerBlock) ([]calendar.Day, []uint8) { return b.next[2][:b.rows], b.hasNext[2][:b.rows] }),
		table.LabelValues("prediction_status", listed(Statuses), names(Statuses), func(b *CustomerBlock) []Status { return b.status[:b.rows] }),
		table.NullLabelValues("model_id", modelDoc, noModel, modelIDs(), func(b *CustomerBlock) ([]uint8, []uint8) { return b.purchasesModel[:b.rows], b.isScored[:b.rows] }),
		table.NullLabelValues("spend_model_id", spendModelDoc, noSpendModel, modelIDs(), func(b *CustomerBlock) ([]uint8, []uint8) { return b.spendModel[:b.rows], b.hasSpendModel[:b.rows] }),
	}
}

// spreadDoc is what intervals of customers take into account.
const spreadDoc = "who is alive, how often and when they buy, what a purchase is worth, and how well the models are known; widened to what backtests show."

// sumDoc is what intervals of sums over customers take into account.
const sumDoc = "what chance does to customers, independently of one another, and how well the models are known, which is the same for all; widened to what backtests show. Intervals of cohorts never add up to that of all customers, which is in run_checks."

const (
	modelDoc      = "Model of purchases behind the prediction."
	noModel       = "without one"
	spendModelDoc = "Model of the value of a purchase: gamma_gamma/all/all; where value depends on frequency that of the customer's range, of the lowest for one-time buyers; or that of the segment."
	noSpendModel  = "where the mean purchase stands in, or without a prediction"
)

// CustomersOfManyModels declares customers where models differ between them:
// there may be more models than a column has labels.
func CustomersOfManyModels(integerKeys bool, attributes []string) table.Definition[CustomerBlock] {
	return replaced(Customers(integerKeys, attributes),
		table.NullTextValues("model_id", modelDoc, noModel, func(b *CustomerBlock) ([]string, []uint8) { return b.modelIDs[:b.rows], b.isScored[:b.rows] }),
		table.NullTextValues("spend_model_id", spendModelDoc, noSpendModel, func(b *CustomerBlock) ([]string, []uint8) { return b.spendIDs[:b.rows], b.hasSpendModel[:b.rows] }))
}

// CustomerValuesOfManyModels is CustomerValues of such customers.
func CustomerValuesOfManyModels(integerKeys bool) table.Definition[CustomerValue] {
	return replaced(CustomerValues(integerKeys),
		table.NullTexts("model_id", modelDoc, noModel, func(r *CustomerValue) (string, bool) { return r.ModelID, r.ModelID != "" }),
		table.NullTexts("spend_model_id", spendModelDoc, noSpendModel, func(r *CustomerValue) (string, bool) { return r.SpendModelID, r.SpendModelID != "" }))
}

// replaced returns a table with other columns in the place of those of their names.
func replaced[R any](d table.Definition[R], columns ...table.Field[R]) table.Definition[R] {
	for _, c := range columns {
		i := slices.IndexFunc(d.Columns, func(old table.Field[R]) bool { return old.Name == c.Name })
		d.Columns[i] = c
	}
	return d
}

// CustomerValues declares customer_values.
func CustomerValues(integerKeys bool) table.Definition[CustomerValue] {
	return table.Definition[CustomerValue]{
		Name: "customer_values",
		Doc:  "One row per customer, horizon and value basis, ordered by a fixed hash of customer_id, then horizon, then basis. historic_value repeats per horizon: never sum over horizons. The basis contribution is there only where contribution is known.",
		Key:  []string{"customer_id", "horizon", "value_basis"},
		Columns: []table.Field[CustomerValue]{
			keyColumn(integerKeys),
			table.Texts("horizon", "Length of the future, as 365d from the as-of day, or lifetime without end.", func(r *CustomerValue) string { return r.Horizon.Name }),
			table.Labels("value_basis", "net_revenue or contribution.", basisNames(), func(r *CustomerValue) uint8 { return r.Basis.place() }),
			table.Amounts("historic_value", "What the customer has brought up to the as-of day, undiscounted; the same at every horizon.", func(r *CustomerValue) int64 { return r.Historic }).NotOverTime(),
			table.NullNumbers("expected_purchases", "Expected purchases within the horizon.", "without a prediction, and for lifetime where infinite", func(r *CustomerValue) (float64, bool) { return r.Prediction.Purchases.Get() }).In("purchases").NotOverTime(),
			table.NullAmounts("expected_purchase_value", "Expected value of a purchase in this basis: the model of spend × net_revenue_factor (in models), for contribution also × contribution ÷ net revenue of the base; rounded half-even to 4 decimals.", "without a prediction", func(r *CustomerValue) (int64, bool) { return r.Prediction.PurchaseValue.Get() }).Never(),
			table.NullAmounts("predicted_value", "Expected value within the horizon, undiscounted.", "without a prediction, and for lifetime where infinite", func(r *CustomerValue) (int64, bool) { return r.Prediction.Value.Get() }).NotOverTime(),
			table.NullAmounts("residual_clv", "The same discounted to the as-of day.", "without a prediction, and where infinite (a discount rate of 0)", func(r *CustomerValue) (int64, bool) { return r.Prediction.Residual.Get() }).NotOverTime(),
			table.NullAmounts("total_clv", "historic_value + residual_clv.", "where residual_clv is", func(r *CustomerValue) (int64, bool) { return total(r.Historic, r.Prediction.Residual) }).NotOverTime(),
			table.NullAmounts("residual_clv_low", "What residual_clv comes out below for one customer in ten like this one: "+spreadDoc, "without a prediction, and for lifetime without a discount", func(r *CustomerValue) (int64, bool) { return r.Prediction.Low.Get() }).Never(),
			table.NullAmounts("residual_clv_high", "What it comes out above for one customer in ten like this one; 0 where fewer than one in ten will buy at all. Intervals never add up: cohorts has those of sums.", "as residual_clv_low is", func(r *CustomerValue) (int64, bool) { return r.Prediction.High.Get() }).Never(),
			table.NullNumbers("interval_level", "Level of that interval, and of purchases_p10 to purchases_p90.", "as residual_clv_low is", (*CustomerValue).level).In("probability"),
			table.NullIntegers("purchases_p10", "Number of purchases within the horizon that is not exceeded with probability 0.1 at least; who may have dropped out is included.", "without a prediction, and for lifetime", func(r *CustomerValue) (int64, bool) { return r.Prediction.PurchasesLow.Get() }).In("purchases").Never(),
			table.NullIntegers("purchases_p50", "Number of purchases that is not exceeded with probability ½ at least.", "as purchases_p10 is", func(r *CustomerValue) (int64, bool) { return r.Prediction.PurchasesMedian.Get() }).In("purchases").Never(),
			table.NullIntegers("purchases_p90", "Number of purchases that is not exceeded with probability 0.9 at least.", "as purchases_p10 is", func(r *CustomerValue) (int64, bool) { return r.Prediction.PurchasesHigh.Get() }).In("purchases").Never(),
			table.NullNumbers("probability_of_purchase", "Probability of at least one purchase within the horizon.", "without a prediction", func(r *CustomerValue) (float64, bool) { return r.Prediction.Probability.Get() }).In("probability").NotOverTime(),
			table.Numbers("discount_rate", "Annual effective rate by which residual_clv is discounted.", func(r *CustomerValue) float64 { return r.DiscountRate }).In("share per year"),
			table.NullLabels("model_id", modelDoc, noModel, modelIDs(), func(r *CustomerValue) (uint8, bool) { return r.Models.Purchases.Get() }),
			table.NullLabels("spend_model_id", spendModelDoc, noSpendModel, modelIDs(), func(r *CustomerValue) (uint8, bool) { return r.Models.Spend.Get() }),
		},
	}
}

// Cohorts declares cohorts.
var Cohorts = table.Definition[Cohort]{
	Name:    "cohorts",
	Doc:     "One row per dimension value, grain and cohort, ordered by its key, the whole base first. The whole base has every period since the first; splits have cohorts with members only.",
	Key:     []string{"dimension_name", "dimension_value", "cohort_grain", "cohort_start"},
	Columns: append(cohortColumns(), append(windowColumns(), cohortValueColumns()...)...),
}

func cohortColumns() []table.Field[Cohort] {
	return []table.Field[Cohort]{
		table.Texts("dimension_name", "all for the whole base, else the name of the column in customers by which it is split.", func(r *Cohort) string { return r.Dimension.Name }),
		table.Texts("dimension_value", "all for the whole base, else the value of that column.", func(r *Cohort) string { return r.Dimension.Value }),
		table.Texts("cohort_grain", "Length of the cohort's period: day, week, month, quarter or year.", func(r *Cohort) string { return r.Grain.String() }),
		table.Dates("cohort_start", "First day of the period in which the members bought first.", func(r *Cohort) int32 { return int32(r.Start) }),
		table.Dates("cohort_end", "Last day of that period, inclusive.", func(r *Cohort) int32 { return int32(r.End) }),
		table.Integers("cohort_size", "Customers acquired in the period.", func(r *Cohort) int64 { return r.Size }).In("customers"),
		table.Flags("is_closed", "Whether the period is over, so that nobody joins any more.", func(r *Cohort) bool { return r.IsClosed }),
		table.Flags("is_left_truncated", "Whether the cohort begins before history is whole (cohorts.from); it stays out of pooled curves.", func(r *Cohort) bool { return r.IsLeftTruncated }),
		table.NullIntegers("max_complete_offset", "The last calendar offset that is over.", "while the cohort's own period is not", func(r *Cohort) (int64, bool) { return r.MaxComplete.Get() }).In("periods").Never(),
		table.Amounts("first_purchase_revenue", "Sum of the members' first purchase days.", func(r *Cohort) int64 { return r.FirstPurchaseRevenue }),
	}
}

// windowColumns are those of second purchases within n days, window by window.
func windowColumns() []table.Field[Cohort] {
	var columns []table.Field[Cohort]
	for i, days := range cohort.Windows {
		n := strconv.Itoa(int(days)) + "d"
		columns = append(columns,
			table.Integers("exposed_"+n, "Members whose first "+n+" after the first purchase lie on or before the as-of day.", func(r *Cohort) int64 { return r.Exposed[i] }).In("customers"),
			table.Integers("repeated_"+n, "Of exposed_"+n+", members with a second purchase within that time.", func(r *Cohort) int64 { return r.Repeated[i] }).In("customers"),
			table.NullNumbers("second_purchase_rate_"+n, "repeated_"+n+" ÷ exposed_"+n+".", "while nobody is exposed", func(r *Cohort) (float64, bool) { return numeric.Ratio(r.Repeated[i], r.Exposed[i]).Get() }))
	}
	return columns
}

func cohortValueColumns() []table.Field[Cohort] {
	return []table.Field[Cohort]{
		table.Amounts("gross_sales", "Sum of the members' sales up to the as-of day.", func(r *Cohort) int64 { return r.GrossSales }),
		table.Amounts("refunds", "Sum of the members' refunds, at most 0.", func(r *Cohort) int64 { return r.Refunds }),
		table.Amounts("net_revenue", "gross_sales + refunds.", (*Cohort).NetRevenue),
		table.NullAmounts("contribution", "Net revenue less cost, or times the margin rate.", "where neither is known for every row", func(r *Cohort) (int64, bool) { return r.Contribution, r.HasContribution }),
		table.NullAmounts("net_revenue_per_customer", "net_revenue ÷ cohort_size, rounded half-even to 4 decimals.", "for an empty cohort", func(r *Cohort) (int64, bool) { return money.Mean(r.NetRevenue(), r.Size) }).Never(),
		table.NullAmounts("residual_clv", "Sum of the members' lifetime residual_clv, in net revenue.", "where a member has none", func(r *Cohort) (int64, bool) { return r.Residual.Get() }),
		table.NullAmounts("residual_clv_low", "Lower end of the interval of 80 % of that sum: "+sumDoc, "where residual_clv is, and without a discount", func(r *Cohort) (int64, bool) { return r.Low.Get() }).Never(),
		table.NullAmounts("residual_clv_high", "Upper end of that interval.", "as residual_clv_low is", func(r *Cohort) (int64, bool) { return r.High.Get() }).Never(),
		table.NullAmounts("total_clv_per_customer", "(net_revenue + residual_clv) ÷ cohort_size, rounded half-even to 4 decimals.", "where residual_clv is, and for an empty cohort", func(r *Cohort) (int64, bool) {
			value, ok := r.TotalValue()
			mean, some := money.Mean(value, r.Size)
			return mean, ok && some
		}).Never(),
	}
}

// Formulas declares clv_formulas.
var Formulas = table.Definition[Formula]{
	Name:    "clv_formulas",
	Doc:     "The formulas that everybody quotes, with their factors, beside the model: one row per dimension value, method, window, denominator and value basis, ordered by its key, the whole base first. The window is the last w = window_months complete calendar months on or before the as-of day. Nothing here adds up over rows. " + FormulaSymbols,
	Key:     []string{"dimension_name", "dimension_value", "method", "window_months", "customer_denominator", "value_basis"},
	Columns: append(formulaKeyColumns(), append(formulaSumColumns(), formulaFactorColumns()...)...),
}

func formulaKeyColumns() []table.Field[Formula] {
	return []table.Field[Formula]{
		table.Texts("dimension_name", "all for the whole base, else the name of the column in customers by which it is split.", func(r *Formula) string { return r.Dimension.Name }),
		table.Texts("dimension_value", "all for the whole base, else the value of that column.", func(r *Formula) string { return r.Dimension.Value }),
		table.Texts("method", listed(MethodTerms()), func(r *Formula) string { return r.Method.Name }),
		table.Integers("window_months", "Length of the window: 1, 3 or 12 months; 0: everything up to the as-of day (historic).", func(r *Formula) int64 { return int64(r.Months) }).In("months").Never(),
		table.Texts("customer_denominator", "Whom the formula divides by, C; transaction_based and churn_discount have active only, historic has all only. "+listed(Denominators), func(r *Formula) string { return string(r.Denominator) }),
		table.Texts("value_basis", "net_revenue or contribution; contribution is there only where it is known.", func(r *Formula) string { return string(r.Basis) }),
	}
}

func formulaSumColumns() []table.Field[Formula] {
	const historic = "for historic"
	return []table.Field[Formula]{
		table.Integers("orders", "O: orders in the window.", func(r *Formula) int64 { return r.sums.orders }).In("orders").Never(),
		table.Integers("active_customers", "A: customers with a purchase in the window.", func(r *Formula) int64 { return r.sums.active }).In("customers").Never(),
		table.Integers("total_customers", "Customers acquired by the end of the window.", func(r *Formula) int64 { return r.sums.customers }).In("customers").Never(),
		table.Amounts("gross_sales", "Sum of sales in the window.", func(r *Formula) int64 { return r.sums.gross }).Never(),
		table.Amounts("net_revenue", "N: sales and refunds booked in the window.", func(r *Formula) int64 { return r.sums.net }).Never(),
		table.NullAmounts("contribution", "Contribution of the window.", "where it is not known for every row", func(r *Formula) (int64, bool) { return r.sums.contribution, r.hasContribution }).Never(),
		table.NullIntegers("previous_customers", "Customers with a purchase in the w months before the window.", historic, func(r *Formula) (int64, bool) { return r.windowed(r.sums.previousActive) }).In("customers").Never(),
		table.NullIntegers("retained_customers", "Of previous_customers, those with a purchase in the window.", historic, func(r *Formula) (int64, bool) { return r.windowed(r.sums.retained) }).In("customers").Never(),
		table.NullIntegers("previous_orders", "Orders in the w months before the window.", historic, func(r *Formula) (int64, bool) { return r.windowed(r.sums.previousOrders) }).In("orders").Never(),
		table.NullIntegers("repeated_orders", "Of previous_orders, those followed by another of the same customer: a later one of the same day, or one on or before the day w calendar months after it, at a month's end its last day.", historic, func(r *Formula) (int64, bool) { return r.windowed(r.sums.repeated) }).In("orders").Never(),
	}
}

func formulaFactorColumns() []table.Field[Formula] {
	const noRetention = "for historic, where there were none before, and where the windows reach before the month of the first purchase of the whole base"
	return []table.Field[Formula]{
		table.NullAmounts("average_order_value", "AOV: gross_sales ÷ orders, rounded half-even to 4 decimals; clv is computed before rounding.", "without orders", func(r *Formula) (int64, bool) { return money.Mean(r.sums.gross, r.sums.orders) }).Never(),
		table.NullNumbers("orders_per_customer_month", "f: orders ÷ (C × window_months), C by customer_denominator.", "for historic, and without customers", func(r *Formula) (float64, bool) { return r.factors.frequency.number() }).In("orders per month"),
		table.NullNumbers("retention_rate", "r: retained_customers ÷ previous_customers; for transaction_based q: repeated_orders ÷ previous_orders.", noRetention, func(r *Formula) (float64, bool) { return r.factors.r.number() }),
		table.NullNumbers("churn_rate", "1 − retention_rate.", "where retention_rate is", func(r *Formula) (float64, bool) { return whole(1).minus(r.factors.r).number() }),
		table.NullNumbers("retention_months", "window_months ÷ churn_rate.", "where churn_rate is or is 0, and for transaction_based, which counts orders", func(r *Formula) (float64, bool) { return r.factors.months.number() }).In("months"),
		table.NullNumbers("margin_rate", "g: contribution ÷ net_revenue.", "for the basis net_revenue, where g is 1, and where net_revenue is not above 0", (*Formula).margin),
		table.Numbers("discount_rate", "Annual effective rate of churn_discount and of model_clv.", func(r *Formula) float64 { return r.DiscountRate }).In("share per year"),
		table.NullAmounts("clv", "What the method comes to, rounded half-even to 4 decimals.", "where a factor is or a divisor is 0", func(r *Formula) (int64, bool) { return r.Value.Get() }).Never(),
		table.NullAmounts("model_clv", "Lifetime value of a customer just acquired by the chosen models, the first purchase included, in this basis: expected value of a purchase, with net_revenue_factor (in models) and for contribution also contribution ÷ net revenue of the whole base, × (1 + expected repeat purchases, each discounted).", "without a usable model, where infinite, and for parts of the base: models are of the whole", func(r *Formula) (int64, bool) { return r.Model.Get() }).Never(),
		table.NullNumbers("ratio_to_model", "clv ÷ model_clv, both as they stand here.", "where either is, and where model_clv is 0", (*Formula).ratio).In("ratio"),
		table.NullTexts("warning", "Words separated by commas, in this order. "+listed(FormulaWarnings), "where there is none", func(r *Formula) (string, bool) { return r.Warning, r.Warning != "" }),
	}
}

// Models declares models.
var Models = table.Definition[Model]{
	Name: "models",
	Doc:  "One row per fitted model, chosen or not, with how the fit went.",
	Key:  []string{"model_id"},
	Columns: []table.Field[Model]{
		table.Texts("model_id", "<family>/<dimension_name>/<dimension_value>.", (*Model).ID),
		table.Texts("role", "purchases: when customers buy. spend: what a purchase is worth.", func(r *Model) string { return r.Role }),
		table.Texts("family", named(models.Families), func(r *Model) string { return string(r.Family) }),
		table.Texts("dimension_name", "The part of the base it was fitted on: all; frequency, of models of spend where the value of a purchase depends on it; or the column in customers by which models.segment_by divides it.", func(r *Model) string { return r.Part.Name }),
		table.Texts("dimension_value", "The part of the base it was fitted on: all, a range of frequency as 1, 2-3 or 4+, or the value of that column.", func(r *Model) string { return r.Part.Value }),
		table.Texts("time_unit", "Unit of time of the parameters.", func(r *Model) string { return r.TimeUnit.Name }),
		table.NullDates("calibration_start", "Day of the first purchase of all.", "without any", func(r *Model) (int32, bool) { d, ok := r.Start.Get(); return int32(d), ok }),
		table.Dates("calibration_end", "Last day of what it was fitted on: the as-of day, an earlier one where the models were read from a model file.", func(r *Model) int32 { return int32(r.End) }),
		table.Integers("customers", "Customers that the fit used.", func(r *Model) int64 { return r.Fit.Customers }).In("customers").Never(),
		table.Integers("cells", "Distinct (x, t_x, T), or (x, repeat value) for spend, among them.", func(r *Model) int64 { return r.Fit.Cells }).In("cells").Never(),
		table.NullNumbers("log_likelihood", "Log-likelihood at the estimates, in the time unit, without the parameter-free factor of the times.", "without a fit, and of segments, whose estimates are drawn to those of the whole base", func(r *Model) (float64, bool) { return r.LogLikelihood.Get() }).In("nats"),
		table.NullNumbers("aic", "2 × parameters − 2 × log_likelihood.", "where log_likelihood is", func(r *Model) (float64, bool) { return r.AIC.Get() }).In("nats"),
		table.NullNumbers("bic", "ln(customers) × parameters − 2 × log_likelihood. Of models by frequency, whose p and q are those of all, gamma alone counts here and in aic; reason of the model of all compares them together.", "where log_likelihood is", func(r *Model) (float64, bool) { return r.BIC.Get() }).In("nats"),
		table.Flags("is_converged", "Whether the search ended at a maximum or at a bound.", func(r *Model) bool { return r.Converged }),
		table.Integers("iterations", "Iterations of the search.", func(r *Model) int64 { return int64(r.Iterations) }).In("iterations").Never(),
		table.Texts("status", named(models.FitStatuses), func(r *Model) string { return string(r.Fit.Status) }),
		table.Flags("is_candidate", "Whether the job lets it predict purchases; nbd may stand in without.", func(r *Model) bool { return r.IsCandidate }),
		table.Flags("is_chosen", "Whether predictions rest on it.", func(r *Model) bool { return r.IsChosen }),
		table.Texts("reason", "Why it has this status, and why it was chosen or not.", func(r *Model) string { return r.Reason }),
		table.NullNumbers("net_revenue_factor", "Net revenue ÷ value of purchases of the whole base, by which the value of a purchase is multiplied.", "for purchases, and where purchases are worth nothing", func(r *Model) (float64, bool) { return r.NetRevenueFactor.Get() }).In("ratio"),
		table.NullNumbers("spend_frequency_correlation", "Spearman correlation (of ranks) of frequency and mean repeat value, which gamma_gamma assumes to be independent; reason says what it does where it matters, and whether models by frequency explain more.", "for purchases, and where it is not defined", func(r *Model) (float64, bool) { return r.Correlation.Get() }).In("correlation"),
		table.NullNumbers("holdout_deviance", "Mean Poisson deviance of a customer's purchases in the horizon from what the model would have predicted, over all origins of backtests. Less is better; candidates are chosen by it.", "for spend, without backtests, and where it could not be fitted at every origin", func(r *Model) (float64, bool) { return r.HoldoutDeviance.Get() }).In("nats"),
		table.NullNumbers("holdout_bias", "Predicted ÷ actual purchases − 1, over all origins of backtests together.", "where holdout_deviance is, and where nobody bought", func(r *Model) (float64, bool) { return r.HoldoutBias.Get() }).In("share"),
		table.NullNumbers("interval_widening_customer_level", "Nominal level at which intervals of customers are taken, so that in the backtests they held as many as they claim; at least 0.8, at most 0.99.", "unless chosen, and where it could be fitted at no origin of backtests", func(r *Model) (float64, bool) { w, ok := r.Widening.Get(); return w.Level, ok }).In("probability"),
		table.NullNumbers("interval_widening_cohort", "Relative standard deviation that is added, in squares, to those of sums over a cohort: the least at which √(mean z²) × t(n) ÷ t(∞) ≤ 1 of the deviations z of the cohorts at n origins, in standard deviations; t(n) is the quantile 0.9 of Student's distribution. 0 where it is so without, at most 2.2: then an interval ends at three times the mean, which no wider distribution of sums exceeds.", "unless chosen, and where it could be fitted at no origin of backtests", func(r *Model) (float64, bool) { w, ok := r.Widening.Get(); return w.Cohort, ok }).In("ratio"),
		table.NullNumbers("interval_widening_total", "The same for sums over all customers, of which each origin gives one for purchases and one for net revenue; the larger counts.", "unless chosen, and where it could be fitted at no origin of backtests", func(r *Model) (float64, bool) { w, ok := r.Widening.Get(); return w.Total, ok }).In("ratio"),
	},
}

// ModelParameters declares model_parameters.
var ModelParameters = table.Definition[ModelParameter]{
	Name: "model_parameters",
	Doc:  "One row per model and parameter, in the model's time unit and the job's currency.",
	Key:  []string{"model_id", "parameter"},
	Columns: []table.Field[ModelParameter]{
		table.Texts("model_id", "The model, as in models.", func(r *ModelParameter) string { return r.ModelID }),
		table.Texts("parameter", "Symbol of the papers: r alpha a b, or p q gamma. Models by frequency share p and q with gamma_gamma/all/all.", func(r *ModelParameter) string { return r.Name }),
		table.Numbers("estimate", "Maximum-likelihood estimate.", func(r *ModelParameter) float64 { return r.Estimate }).In("model units"),
		table.NullNumbers("std_error", "Standard error from the observed information.", "where it is not available", func(r *ModelParameter) (float64, bool) { return r.StdError.Get() }).In("model units"),
	},
}
