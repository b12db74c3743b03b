package backtest

import (
	"strings"

	"github.com/perennial-clv/perennial/pipeline/table"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
)

// Backtests declares backtests.
var Backtests = table.Definition[Row]{
	Name: "backtests",
	Doc: "What the models and simple baselines would have predicted at earlier days, the origins, beside what came in (origin_date, origin_date + horizon]; one row per origin, part of the base, grain, measure and model, ordered by its key, the whole base first. " +
		"Models are fitted to what was known at the origin, and so are the factors that turn purchases into money; nobody acquired later is in it. Of a base of more than 100,000 customers those with the smallest hash of customer_id are graded. Of predicted_decile only tenths that hold customers are there. No rows where the history is too short, or too few had bought again.",
	Key:     []string{"origin_date", "horizon", "dimension_name", "dimension_value", "grain", "measure", "model"},
	Columns: append(keyColumns(), append(sizeColumns(), orderColumns()...)...),
}

func keyColumns() []table.Field[Row] {
	return []table.Field[Row]{
		table.Dates("origin_date", "Last day that the models knew.", func(r *Row) int32 { return int32(r.Origin) }),
		table.Texts("horizon", "Days after it that were predicted, as 182d.", func(r *Row) string { return r.Horizon.Name }),
		table.Texts("dimension_name", "all for the whole base; the name of the column in customers by which it is split; predicted_decile for tenths of all customers by what was predicted of them.", func(r *Row) string { return r.Dimension.Name }),
		table.Texts("dimension_value", "all, the value of that column, or 01 to 10: 1 + floor(10 × share of customers with less predicted); 10 is the highest, ties share one.", func(r *Row) string { return r.Dimension.Value }),
		table.Texts("grain", "What is compared: customer; cohort, the customers acquired in one month together; total, all together.", func(r *Row) string { return string(r.Grain) }),
		table.Texts("measure", "purchases (days), or net_revenue in the job's currency.", func(r *Row) string { return string(r.Measure) }),
		table.Texts("model", "A family of models, or a baseline. "+termsOf(Baselines), func(r *Row) string { return r.Model }),
	}
}

func sizeColumns() []table.Field[Row] {
	return []table.Field[Row]{
		table.Flags("is_chosen", "Whether the run predicts with it.", func(r *Row) bool { return r.IsChosen }),
		table.Integers("customers", "Customers acquired by the origin.", func(r *Row) int64 { return r.Customers }).In("customers").Never(),
		table.Integers("units", "What they are compared as: customers, cohorts, or 1.", func(r *Row) int64 { return r.Units }).In("units").Never(),
		table.Numbers("predicted", "Sum of what was predicted, in purchases or in the currency by measure; not rounded.", func(r *Row) float64 { return r.Predicted }).In("purchases or currency"),
		table.Numbers("actual", "Sum of what came, in the same.", func(r *Row) float64 { return r.Actual }).In("purchases or currency"),
		table.NullNumbers("bias", "predicted ÷ actual − 1.", "unless actual is above 0", func(r *Row) (float64, bool) { return r.Bias.Get() }).In("share"),
		table.NullNumbers("wape", "Σ |predicted − actual| ÷ Σ |actual| over the units.", "where nothing came", func(r *Row) (float64, bool) { return r.WAPE.Get() }).In("share"),
		table.Numbers("mae", "Mean |predicted − actual| of a unit.", func(r *Row) float64 { return r.MAE }).In("purchases or currency"),
		table.Numbers("rmse", "√(mean (predicted − actual)²) of a unit.", func(r *Row) float64 { return r.RMSE }).In("purchases or currency"),
	}
}

func orderColumns() []table.Field[Row] {
	const noOrder, noShare = "for total and for deciles, and where either does not vary", "unless customers, for deciles, and unless actual is above 0"
	columns := []table.Field[Row]{
		table.NullNumbers("spearman", "Rank correlation of predicted and actual; ties share the mean of their ranks.", noOrder, func(r *Row) (float64, bool) { return r.Spearman.Get() }).In("correlation"),
		table.NullNumbers("gini_normalised", "Gini coefficient of actual in the order of predicted ÷ that in its own order: 1 for an order without fault, 0 for one by chance.", noOrder, func(r *Row) (float64, bool) { return r.GiniNormalised.Get() }).In("ratio"),
	}
	for i, percent := range []string{"1", "5", "10"} {
		columns = append(columns,
			table.NullNumbers("top_"+percent+"_share", "Share of actual that the "+percent+" % of customers with the highest predicted brought; of ties the part inside.", noShare, func(r *Row) (float64, bool) { return r.Top[i].Get() }).In("share"),
			table.NullNumbers("ideal_top_"+percent+"_share", "Share that the "+percent+" % who brought most did: the most that top_"+percent+"_share can be.", noShare, func(r *Row) (float64, bool) { return r.IdealTop[i].Get() }).In("share"))
	}
	const noInterval = "for baselines, for net_revenue of customers, for net_revenue without a model of spend, and where nothing was predicted"
	return append(columns,
		table.NullNumbers("interval_level", "Share of units that the intervals claim to hold, from p10 to p90.", noInterval, func(r *Row) (float64, bool) { _, ok := r.Coverage.Get(); return models.IntervalLevel, ok }).In("probability"),
		table.NullNumbers("interval_coverage", "Share of units of which the model's interval held actual. Intervals of purchases of customers are of whole numbers and hold more than they claim, the more the fewer purchases there are.", noInterval, func(r *Row) (float64, bool) { return r.Coverage.Get() }).In("share"),
		table.NullNumbers("widened_coverage", "The same of intervals widened by what all origins say of this model; for the chosen one the factors are in models.", noInterval, func(r *Row) (float64, bool) { return r.WidenedCoverage.Get() }).In("share"),
	)
}

// ModelTracking declares model_tracking.
var ModelTracking = table.Definition[Tracking]{
	Name: "model_tracking",
	Doc:  "What the chosen model of purchases, and nbd beside it, expected of customers and what they did, ordered by its key. by_period: repeat purchases of all in each period since the first purchase of all, expected of customers just acquired with the parameters of models, so it shows how well the model describes what it was fitted to. distribution: customers by the number of their repeat purchases up to the as-of day. by_frequency, by_recency: purchases in the horizon after the latest origin of backtests, expected by the model fitted as of that day; no rows without backtests.",
	Key:  []string{"model_id", "tracking_type", "period_grain", "period_start", "bucket"},
	Columns: []table.Field[Tracking]{
		table.Texts("model_id", "The model, as in models.", func(r *Tracking) string { return r.ModelID }),
		table.Texts("tracking_type", "by_frequency: customers by their repeat purchases as of the origin. by_period: repeat purchases week by week and month by month. by_recency: customers by the days since their last purchase as of the origin. distribution: customers by their repeat purchases up to the as-of day.", func(r *Tracking) string { return string(r.Type) }),
		table.NullTexts("period_grain", "Length of the period: month or week.", "unless by_period", func(r *Tracking) (string, bool) { g, ok := r.Grain.Get(); return g.String(), ok }),
		table.Dates("period_start", "First day of what is compared.", func(r *Tracking) int32 { return int32(r.Start) }),
		table.NullIntegers("bucket", "by_frequency, distribution: number of repeat purchases, 7 for 7 and more. by_recency: days since the last purchase, from this one on, 28 days to a bucket, and all beyond from 364 on.", "for by_period", func(r *Tracking) (int64, bool) { return r.Bucket.Get() }).In("purchases or days").Never(),
		table.Dates("period_end", "Last day of what is compared, inclusive; the as-of day where the period is not over on it.", func(r *Tracking) int32 { return int32(r.End) }),
		table.Flags("is_holdout", "Whether the model was fitted to days before period_start alone: by_frequency, by_recency, and periods after the calibration of a model that was not fitted in this run.", func(r *Tracking) bool { return r.IsHoldout }),
		table.Integers("customers", "by_period: acquired by period_end. distribution: all with a purchase. by_frequency, by_recency: those of the bucket, among the customers that backtests grade.", func(r *Tracking) int64 { return r.Customers }).In("customers").Never(),
		table.Numbers("expected", "What the model expects of them in all: purchases, for distribution customers. Divided by customers it is the mean.", func(r *Tracking) float64 { return r.Expected }).In("purchases or customers").Additive(),
		table.Integers("actual", "The same as it happened.", func(r *Tracking) int64 { return r.Actual }).In("purchases or customers"),
		table.NullNumbers("expected_cumulative", "expected from the first period to this one.", "unless by_period", func(r *Tracking) (float64, bool) { return r.ExpectedCumulative.Get() }).In("purchases").Never(),
		table.NullIntegers("actual_cumulative", "actual from the first period to this one.", "unless by_period", func(r *Tracking) (int64, bool) { return r.ActualCumulative.Get() }).In("purchases").Never(),
		table.NullNumbers("chi_square", "(actual − expected)² ÷ expected. Its sum over the buckets is χ², with 7 degrees of freedom less the model's parameters.", "unless distribution, and where nobody is expected", func(r *Tracking) (float64, bool) { return r.ChiSquare.Get() }).In("χ²").Additive(),
	},
}

// termsOf lists terms with their meaning, for people.
func termsOf(terms []ledger.Term) string {
	var list []string
	for _, t := range terms {
		list = append(list, t.Name+": "+t.Doc)
	}
	return strings.Join(list, " ")
}
