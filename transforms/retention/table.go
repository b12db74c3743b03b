package retention

import (
	"github.com/perennial-clv/perennial/pipeline/table"
	"github.com/perennial-clv/perennial/transforms/money"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// CohortPeriods declares cohort_periods.
var CohortPeriods = table.Definition[CohortPeriod]{
	Name: "cohort_periods",
	Doc:  "One row per dimension value, grain, cohort with members, offset mode and offset that has begun, ordered by its key. Exposed columns cover members whose whole offset lies on or before the as-of day: sum numerators and exposed_customers, then divide. Columns said to be so far cover all members and add up to the ledger.",
	Key:  []string{"dimension_name", "dimension_value", "cohort_grain", "cohort_start", "offset_mode", "period_offset"},
	Columns: []table.Field[CohortPeriod]{
		table.Texts("dimension_name", "all for the whole base, else the name of the column in customers by which it is split.", func(r *CohortPeriod) string { return r.Dimension.Name }),
		table.Texts("dimension_value", "all for the whole base, else the value of that column.", func(r *CohortPeriod) string { return r.Dimension.Value }),
		table.Texts("cohort_grain", "Length of the cohort's period and of an offset: day, week, month, quarter or year.", func(r *CohortPeriod) string { return r.Grain.String() }),
		table.Dates("cohort_start", "First day of the period in which the members bought first.", func(r *CohortPeriod) int32 { return int32(r.CohortStart) }),
		table.Texts("offset_mode", "calendar: the k-th period after the cohort's. rolling: from the k-th to the day before the (k+1)-th anniversary of each member's first purchase.", func(r *CohortPeriod) string { return r.Mode.String() }),
		table.Integers("period_offset", "Number of periods since the first purchase; 0 is the period of the first purchase itself.", func(r *CohortPeriod) int64 { return int64(r.Offset) }).In("periods").Never(),
		table.NullDates("period_start", "First day of the offset.", "when rolling, where members differ", func(r *CohortPeriod) (int32, bool) { return r.PeriodStart.Get() }),
		table.NullDates("period_end", "Last day of the offset, inclusive.", "when rolling", func(r *CohortPeriod) (int32, bool) { return r.PeriodEnd.Get() }),
		table.Texts("cell_state", "complete: all members are exposed. partial: some are not yet.", func(r *CohortPeriod) string {
			if r.IsComplete {
				return "complete"
			}
			return "partial"
		}),
		table.Flags("is_left_truncated", "Whether the cohort begins before history is whole (cohorts.from).", func(r *CohortPeriod) bool { return r.IsLeftTruncated }),
		table.Integers("cohort_size", "Customers acquired in the cohort.", func(r *CohortPeriod) int64 { return r.Size }).In("customers").NotOverTime(),
		table.Integers("exposed_customers", "Members whose whole offset lies on or before the as-of day: the denominator of every rate.", func(r *CohortPeriod) int64 { return r.Exposed }).In("customers").NotOverTime(),
		table.Integers("followup_periods", "Complete offsets after this one; an unbounded rate with little follow-up still rises.", func(r *CohortPeriod) int64 { return r.Followup }).In("periods").Never(),
		table.Integers("retained_customers", "Exposed members with a purchase in the offset after their first purchase day.", func(r *CohortPeriod) int64 { return r.Retained }).In("customers").NotOverTime(),
		table.Integers("retained_or_later_customers", "Exposed members with a purchase after their first purchase day in this offset or a later one.", func(r *CohortPeriod) int64 { return r.RetainedOrLater }).In("customers").NotOverTime(),
		table.Integers("repeated_customers", "Exposed members with a second purchase by the end of the offset.", func(r *CohortPeriod) int64 { return r.Repeated }).In("customers").NotOverTime(),
		table.NullNumbers("retention_rate", "retained_customers ÷ exposed_customers.", "if nobody is exposed", func(r *CohortPeriod) (float64, bool) { return numeric.Ratio(r.Retained, r.Exposed).Get() }),
		table.NullNumbers("retention_rate_low", "Lower end of the 90 % Wilson interval of retention_rate.", "as it is", func(r *CohortPeriod) (float64, bool) {
			low, _ := numeric.Wilson(r.Retained, r.Exposed, numeric.Z90)
			return low, r.Exposed > 0
		}),
		table.NullNumbers("retention_rate_high", "Upper end of the 90 % Wilson interval of retention_rate.", "as it is", func(r *CohortPeriod) (float64, bool) {
			_, high := numeric.Wilson(r.Retained, r.Exposed, numeric.Z90)
			return high, r.Exposed > 0
		}),
		table.NullNumbers("unbounded_retention_rate", "retained_or_later_customers ÷ exposed_customers. Rises in later runs when members return.", "if nobody is exposed", func(r *CohortPeriod) (float64, bool) { return numeric.Ratio(r.RetainedOrLater, r.Exposed).Get() }),
		table.NullNumbers("repurchase_rate", "repeated_customers ÷ exposed_customers.", "if nobody is exposed", func(r *CohortPeriod) (float64, bool) { return numeric.Ratio(r.Repeated, r.Exposed).Get() }),
		table.Amounts("exposed_net_revenue", "Net revenue of exposed members in the offset.", func(r *CohortPeriod) int64 { return r.ExposedNet }).NotOverTime(),
		table.Amounts("exposed_offset_0_net_revenue", "Net revenue of the same members in offset 0; exposed_net_revenue ÷ this is revenue retention.", func(r *CohortPeriod) int64 { return r.ExposedOffset0Net }).NotOverTime(),
		table.Amounts("exposed_cumulative_net_revenue", "Net revenue of the same members in offsets 0 to this one.", func(r *CohortPeriod) int64 { return r.ExposedCumulativeNet }).NotOverTime(),
		table.NullAmounts("exposed_cumulative_contribution", "Contribution of the same members in offsets 0 to this one.", "where contribution is not known for every row", func(r *CohortPeriod) (int64, bool) { return r.ExposedCumulativeContribution.Get() }).NotOverTime(),
		table.NullAmounts("cumulative_net_revenue_per_customer", "exposed_cumulative_net_revenue ÷ exposed_customers, rounded half-even to 4 decimals: realised value per customer.", "if nobody is exposed", func(r *CohortPeriod) (int64, bool) { return money.Mean(r.ExposedCumulativeNet, r.Exposed) }).Never(),
		table.Integers("active_customers", "So far: members with a purchase in the offset; in offset 0 the whole cohort.", func(r *CohortPeriod) int64 { return r.Active }).In("customers").NotOverTime(),
		table.Integers("orders", "So far: orders dated in the offset.", func(r *CohortPeriod) int64 { return r.Orders }).In("orders"),
		table.Integers("first_orders", "So far: orders of the first purchase day.", func(r *CohortPeriod) int64 { return r.FirstOrders }).In("orders"),
		table.Integers("purchase_days", "So far: purchases in the offset.", func(r *CohortPeriod) int64 { return r.PurchaseDays }).In("purchases"),
		table.Amounts("gross_sales", "So far: sum of sales in the offset.", func(r *CohortPeriod) int64 { return r.GrossSales }),
		table.Amounts("refunds", "So far: sum of refunds booked in the offset, at most 0.", func(r *CohortPeriod) int64 { return r.Refunds }),
		table.Amounts("net_revenue", "So far: gross_sales + refunds.", func(r *CohortPeriod) int64 { return r.NetRevenue() }),
		table.NullAmounts("contribution", "So far: contribution in the offset.", "where it is not known for every row", func(r *CohortPeriod) (int64, bool) { return r.Contribution.Get() }),
	},
}

// RetentionCurves declares retention_curves.
var RetentionCurves = table.Definition[CurvePoint]{
	Name: "retention_curves",
	Doc:  "One row per dimension value, curve and offset, ordered by its key. Curves of observed customers are pooled over the cohorts that are not left-truncated; the curve of the model is what the chosen model expects of a customer just acquired, of the whole base only, one year beyond what was observed.",
	Key:  []string{"dimension_name", "dimension_value", "curve_type", "offset_mode", "period_grain", "period_offset"},
	Columns: []table.Field[CurvePoint]{
		table.Texts("dimension_name", "all for the whole base, else the name of the column in customers by which it is split.", func(r *CurvePoint) string { return r.Dimension.Name }),
		table.Texts("dimension_value", "all for the whole base, else the value of that column.", func(r *CurvePoint) string { return r.Dimension.Value }),
		table.Texts("curve_type", "bounded: share with a purchase in the offset. repurchase: share with a second purchase by its end. survival_to_second: share without a second purchase yet. model: bounded, as the model expects it, by mean lengths of periods (a month is 365.25 ÷ 12 days).", func(r *CurvePoint) string { return string(r.Type) }),
		table.Texts("offset_mode", "calendar or rolling, as in cohort_periods; survival_to_second and model are rolling.", func(r *CurvePoint) string { return r.Mode.String() }),
		table.Texts("period_grain", "Length of an offset; survival_to_second is in days.", func(r *CurvePoint) string { return r.Grain.String() }),
		table.Integers("period_offset", "Number of periods since the first purchase.", func(r *CurvePoint) int64 { return int64(r.Offset) }).In("periods").Never(),
		table.NullIntegers("cohorts_included", "Cohorts with an exposed member; for survival_to_second month cohorts with a member at risk.", "for the model", func(r *CurvePoint) (int64, bool) { return r.observed(r.Cohorts) }).In("cohorts").Never(),
		table.NullIntegers("exposed_customers", "Denominator: members exposed to the offset; for survival_to_second members at risk on that day.", "for the model", func(r *CurvePoint) (int64, bool) { return r.observed(r.Exposed) }).In("customers").NotOverTime(),
		table.NullIntegers("events", "Numerator: members retained or repeated; for survival_to_second second purchases on that day.", "for the model", func(r *CurvePoint) (int64, bool) { return r.observed(r.Events) }).In("customers").NotOverTime(),
		table.Numbers("rate", "events ÷ exposed_customers; for survival_to_second the Kaplan–Meier share without a second purchase up to and including that day; for the model the probability of a purchase in the offset.", func(r *CurvePoint) float64 { rate, _ := r.Rate.Get(); return rate }),
		table.NullNumbers("rate_low", "Lower end of the 90 % interval: Wilson, for survival_to_second Greenwood.", "for the model", func(r *CurvePoint) (float64, bool) { return r.Low.Get() }),
		table.NullNumbers("rate_high", "Upper end of the 90 % interval.", "as rate_low is", func(r *CurvePoint) (float64, bool) { return r.High.Get() }),
		table.NullNumbers("hazard", "survival_to_second: events ÷ members at risk on that day.", "for other curves", func(r *CurvePoint) (float64, bool) { return r.Hazard.Get() }),
		table.Flags("is_extrapolated", "Whether the offset ends after the age of the oldest customer pooled; only those of the model do.", func(r *CurvePoint) bool { return r.IsExtrapolated }),
		table.NullTexts("model_id", "The model a curve comes from.", "for curves of observed customers", func(r *CurvePoint) (string, bool) { return r.ModelID, r.ModelID != "" }),
	},
}
