package cohort

import (
	"github.com/perennial-clv/perennial/pipeline/table"
	"github.com/perennial-clv/perennial/transforms/money"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// BusinessPeriods declares business_periods.
var BusinessPeriods = table.Definition[BusinessPeriod]{
	Name: "business_periods",
	Doc:  "One row per dimension value, grain and period: the business in one line. Ordered by its key, the whole base first; every period from the first with anything in it to the one of the as-of day.",
	Key:  []string{"dimension_name", "dimension_value", "period_grain", "period_start"},
	Columns: []table.Field[BusinessPeriod]{
		table.Texts("dimension_name", "all for the whole base, else the name of the column in customers by which it is split.", func(r *BusinessPeriod) string { return r.Dimension.Name }),
		table.Texts("dimension_value", "all for the whole base, else the value of that column. Money by an attribute is revenue of customers acquired there.", func(r *BusinessPeriod) string { return r.Dimension.Value }),
		table.Texts("period_grain", "Length of the period: day, week, month, quarter or year.", func(r *BusinessPeriod) string { return r.Grain.String() }),
		table.Dates("period_start", "First day of the period.", func(r *BusinessPeriod) int32 { return int32(r.Start) }),
		table.Dates("period_end", "Last day of the period, inclusive.", func(r *BusinessPeriod) int32 { return int32(r.End) }),
		table.Flags("is_complete", "Whether the period ended on or before the as-of day.", func(r *BusinessPeriod) bool { return r.IsComplete }),
		table.Integers("active_customers", "Customers with a purchase in the period: new plus returning.", func(r *BusinessPeriod) int64 { return r.ActiveCustomers }).In("customers").NotOverTime(),
		table.Integers("new_customers", "Customers whose first purchase is in the period.", func(r *BusinessPeriod) int64 { return r.NewCustomers }).In("customers"),
		table.Integers("returning_customers", "Customers with a purchase in the period whose first purchase was before it.", func(r *BusinessPeriod) int64 { return r.ActiveCustomers - r.NewCustomers }).In("customers").NotOverTime(),
		table.Integers("orders", "Orders dated in the period, each on the day of its first sale.", func(r *BusinessPeriod) int64 { return r.Orders }).In("orders"),
		table.Integers("first_orders", "Orders of customers' first purchase days.", func(r *BusinessPeriod) int64 { return r.FirstOrders }).In("orders"),
		table.Integers("repeat_orders", "Orders after customers' first purchase days.", func(r *BusinessPeriod) int64 { return r.Orders - r.FirstOrders }).In("orders"),
		table.Integers("purchase_days", "Purchases: customer-days with an order and a positive sum.", func(r *BusinessPeriod) int64 { return r.PurchaseDays }).In("purchases"),
		table.Amounts("gross_sales", "Sum of sales, after discounts, without tax.", func(r *BusinessPeriod) int64 { return r.GrossSales }),
		table.Amounts("refunds", "Sum of refunds, at most 0, in the period they were booked.", func(r *BusinessPeriod) int64 { return r.Refunds }),
		table.Amounts("net_revenue", "gross_sales + refunds.", func(r *BusinessPeriod) int64 { return r.NetRevenue() }),
		table.NullAmounts("contribution", "Net revenue less cost, or times the margin rate.", "where neither is known for every row", func(r *BusinessPeriod) (int64, bool) { return r.Contribution.Get() }),
		table.NullAmounts("average_order_value", "gross_sales ÷ orders, rounded half-even to 4 decimals.", "without orders", func(r *BusinessPeriod) (int64, bool) { return money.Mean(r.GrossSales, r.Orders) }).Never(),
		table.NullNumbers("orders_per_active_customer", "orders ÷ active_customers.", "without active customers", func(r *BusinessPeriod) (float64, bool) { return numeric.Ratio(r.Orders, r.ActiveCustomers).Get() }).In("orders per customer"),
		table.Amounts("existing_customer_gross_sales", "Gross sales to customers whose first purchase was before the period.", func(r *BusinessPeriod) int64 { return r.ExistingGrossSales }),
		table.NullNumbers("existing_customer_revenue_share", "existing_customer_gross_sales ÷ gross_sales.", "without sales", func(r *BusinessPeriod) (float64, bool) {
			return numeric.Ratio(r.ExistingGrossSales, r.GrossSales).Get()
		}),
		table.Integers("previous_active_customers", "Customers with a purchase in the period before.", func(r *BusinessPeriod) int64 { return r.PreviousActive }).In("customers").NotOverTime(),
		table.Integers("retained_customers", "Customers with a purchase in the period before and in this one.", func(r *BusinessPeriod) int64 { return r.RetainedCustomers }).In("customers").NotOverTime(),
		table.NullNumbers("repeat_conversion_rate", "retained_customers ÷ previous_active_customers. Not a retention rate: who skips a period has not left.", "where nobody bought in the period before", func(r *BusinessPeriod) (float64, bool) {
			return numeric.Ratio(r.RetainedCustomers, r.PreviousActive).Get()
		}),
		table.Integers("customers_ever", "Customers acquired by the end of the period.", func(r *BusinessPeriod) int64 { return r.CustomersEver }).In("customers").NotOverTime(),
		table.Integers("repeat_customers_ever", "Customers with at least two purchases by the end of the period.", func(r *BusinessPeriod) int64 { return r.RepeatCustomersEver }).In("customers").NotOverTime(),
		table.NullNumbers("repeat_purchase_rate", "repeat_customers_ever ÷ customers_ever.", "before the first customer", func(r *BusinessPeriod) (float64, bool) {
			return numeric.Ratio(r.RepeatCustomersEver, r.CustomersEver).Get()
		}),
		table.NullAmounts("unattributed_net_revenue", "Sum of rows without a customer, which are in no other column.", "in rows other than those of the whole base", func(r *BusinessPeriod) (int64, bool) { return r.UnattributedRevenue.Get() }),
	},
}
