package backtest

import (
	"github.com/perennial-clv/perennial/pipeline/table"
)

// ModelTracking declares model_tracking.
var ModelTracking = table.Definition[Tracking]{
	Name: "model_tracking",
	Doc:  "What the chosen model of purchases, and nbd beside it, expected of all customers and what they did, ordered by its key. by_period: repeat purchases in each period since the first purchase of all, expected of customers just acquired with the parameters of models, so it shows how well the model describes what it was fitted to. distribution: customers by the number of their repeat purchases up to the as-of day.",
	Key:  []string{"model_id", "tracking_type", "period_grain", "period_start", "bucket"},
	Columns: []table.Field[Tracking]{
		table.Texts("model_id", "The model, as in models.", func(r *Tracking) string { return r.ModelID }),
		table.Texts("tracking_type", "by_period or distribution.", func(r *Tracking) string { return string(r.Type) }),
		table.NullTexts("period_grain", "Length of the period: month or week.", "unless by_period", func(r *Tracking) (string, bool) { g, ok := r.Grain.Get(); return g.String(), ok }),
		table.Dates("period_start", "First day of what is compared.", func(r *Tracking) int32 { return int32(r.Start) }),
		table.NullIntegers("bucket", "Number of repeat purchases, 7 for 7 and more.", "for by_period", func(r *Tracking) (int64, bool) { return r.Bucket.Get() }).In("purchases").Never(),
		table.Dates("period_end", "Last day of what is compared, inclusive; the as-of day where the period is not over on it.", func(r *Tracking) int32 { return int32(r.End) }),
		table.Flags("is_holdout", "Whether the model was fitted to the days before period_start alone.", func(r *Tracking) bool { return r.IsHoldout }),
		table.Integers("customers", "by_period: acquired by period_end. distribution: all with a purchase.", func(r *Tracking) int64 { return r.Customers }).In("customers").Never(),
		table.Numbers("expected", "What the model expects: repeat purchases, for distribution customers.", func(r *Tracking) float64 { return r.Expected }).In("purchases or customers").Additive(),
		table.Integers("actual", "The same as it happened.", func(r *Tracking) int64 { return r.Actual }).In("purchases or customers"),
		table.NullNumbers("expected_cumulative", "expected from the first period to this one.", "unless by_period", func(r *Tracking) (float64, bool) { return r.ExpectedCumulative.Get() }).In("purchases").Never(),
		table.NullIntegers("actual_cumulative", "actual from the first period to this one.", "unless by_period", func(r *Tracking) (int64, bool) { return r.ActualCumulative.Get() }).In("purchases").Never(),
		table.NullNumbers("chi_square", "(actual − expected)² ÷ expected. Its sum over the buckets is χ², with 7 degrees of freedom less the model's parameters.", "unless distribution, and where nobody is expected", func(r *Tracking) (float64, bool) { return r.ChiSquare.Get() }).In("χ²").Additive(),
	},
}
