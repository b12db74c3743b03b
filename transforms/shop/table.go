package shop

import "github.com/perennial-clv/perennial/pipeline/table"

// Definition returns the table of the log's Parquet form, with customer keys
// as integers or as texts.
func Definition(integerKeys bool) table.Definition[Row] {
	return table.Definition[Row]{
		Name: "transactions",
		Doc:  "Simulated transactions: one row per row of an order. Ordered by time, late rows at the end; a large log block by block of customers.",
		Columns: []table.Field[Row]{
			table.Texts("order_id", "Order; a refund carries the order it belongs to.", func(r *Row) string { return r.OrderID }),
			customerColumn(integerKeys),
			table.NullTimes("occurred_at", "When it happened, UTC.", "in an unreadable row", func(r *Row) (int64, bool) { return r.OccurredAt, r.RawTime == "" }),
			table.NullAmounts("amount", "Signed amount: sales above 0, refunds below.", "in an unreadable row", func(r *Row) (int64, bool) { return r.Amount, r.RawAmount == "" }),
			table.Texts("country", "The customer's country.", func(r *Row) string { return r.Country }),
			table.Texts("channel", "The channel through which the order came.", func(r *Row) string { return r.Channel }),
			table.Texts("currency", "ISO 4217 code; the same in every row.", func(r *Row) string { return r.Currency }),
		},
	}
}

func customerColumn(integerKeys bool) table.Field[Row] {
	const name, doc, null = "customer_id", "Customer.", "for a guest's order"
	if integerKeys {
		return table.NullIntegers(name, doc, null, func(r *Row) (int64, bool) { return r.CustomerKey, r.CustomerKey != 0 }).In("id").Never()
	}
	return table.NullTexts(name, doc, null, func(r *Row) (string, bool) { return r.CustomerID, r.CustomerID != "" })
}
