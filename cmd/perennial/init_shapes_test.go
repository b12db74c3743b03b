//go:build unix

package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/parquet-go/parquet-go"
)

// shape is a file as some program exports it, and what the job that init
// proposes for it finds in it.
type shape struct {
	name, file string
	content    any      // text, bytes, or rows of a Parquet file
	mapping    []string // lines of the proposed file, blanks aside
	questions  []string // what the questions are about
	customers  int64    // with a purchase
	netRevenue string
}

// parquetRows are the rows of a Parquet file.
type parquetRows func(path string) error

func rowsOf[R any](rows ...R) parquetRows {
	return func(path string) error { return parquet.WriteFile(path, rows) }
}

// The customers and the sums below are counted by hand from the rows.
var shapes = []shape{
	{
		name: "our own names", file: "orders.csv",
		content: `customer_id,occurred_at,order_id,amount,currency
anna,2024-05-02,1,30,EUR
anna,2024-06-03,2,20,EUR
bert,2024-05-20,3,15.50,EUR
bert,2024-05-21,4,-5.50,EUR
`,
		mapping:   []string{"currency: EUR", "customer_id: customer_id", "occurred_at: occurred_at", "order_id: order_id", "amount: amount"},
		questions: []string{"cohorts.from"},
		customers: 2, netRevenue: "60",
	},
	{
		name: "Online Retail: quantity, price, cancellations, guests", file: "online.csv",
		content: `Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country
489434,85048,"LIGHTS, SMALL",12,2009-12-01 07:45:00,6.95,13085,United Kingdom
489434,22041,FRAME,2,2009-12-01 07:45:00,2.10,13085,United Kingdom
C489449,22041,FRAME,-1,2009-12-02 10:33:00,2.10,13085,United Kingdom
489450,22041,FRAME,4,2009-12-02 10:40:00,2.10,,United Kingdom
489451,22041,FRAME,10,2009-12-03 10:40:00,2.10,12682,France
489452,22041,FRAME,10,2009-12-09 10:40:00,2.10,12682,France
A506401,B,Adjust bad debt,1,2009-12-09 13:36:00,-53.36,,United Kingdom
`,
		mapping: []string{"as_of: 2009-12-09", "customer_id: Customer ID", "occurred_at: InvoiceDate", "order_id: Invoice", "quantity: Quantity", "unit_price: Price",
			"attributes: {country: Country}", "split_by: [country]", "# - {name: prefix_A, column: Invoice, starts_with: A}"},
		questions: []string{"timezone", "currency", "orders", "cohorts.from"},
		customers: 2, netRevenue: "127.5", // 83.40 + 4.20 − 2.10 + 21 + 21
	},
	{
		name: "a marketplace's line items: a customer id per order, a price and its freight", file: "items.csv",
		content: `order_id,order_item_id,customer_id,customer_unique_id,order_status,order_purchase_timestamp,price,freight_value,customer_state
o1,1,c1,u1,delivered,2018-01-02 10:00:00,58.90,13.29,SP
o1,2,c1,u1,delivered,2018-01-02 10:00:00,20.00,1.00,SP
o2,1,c2,u1,delivered,2018-02-02 11:00:00,10.00,2.00,SP
o3,1,c3,u2,canceled,2018-02-03 11:00:00,5.00,2.00,RJ
`,
		mapping: []string{"customer_id: customer_unique_id", "order_id: order_id", "amount: {plus: [price, freight_value]}", "occurred_at: order_purchase_timestamp",
			"# - {name: no_sale, column: order_status, in: [cancelled, failed]}"},
		questions: []string{"timezone", "currency", "status", "cohorts.from"},
		customers: 2, netRevenue: "112.19",
	},
	{
		name: "CDNOW: blanks, no header, dates as integers", file: "cdnow.txt",
		content: ` 00004 0001 19970101  2   29.33
 00004 0001 19970118  2   29.73
 00021 0002 19970101  3   63.34
 00050 0003 19970101  1    6.79
 00050 0003 19970120  1   10.00
 00071 0004 19970114  1   13.97
`,
		mapping: []string{`delimiter: "whitespace"`, "header: [customer_id, column_2, occurred_at, column_4, amount]",
			`occurred_at: {column: occurred_at, format: "%Y%m%d"}`, "customer_id: customer_id", "amount: amount"},
		questions: []string{"currency", "customer_id", "amount", "cohorts.from"},
		customers: 4, netRevenue: "153.16",
	},
	{
		name: "seconds since 1970, in several currencies", file: "events.csv",
		content: `user_id,ts,revenue,currency
1,1714636800,10.00,EUR
1,1717315200,12.50,EUR
2,1714723200,7.00,EUR
3,1714723200,8.00,USD
`,
		mapping:   []string{"currency: EUR", `occurred_at: {column: ts, format: "unix"}`, "- {name: other_currency, column: currency, in: [USD]}"},
		questions: []string{"timezone", "currency", "cohorts.from"},
		customers: 2, netRevenue: "29.5",
	},
	{
		name: "a currency in small and capital letters is one", file: "pay.csv",
		content: `customer_id,date,order_id,amount,currency
1,2024-05-02,c1,10.00,EUR
1,2024-06-02,1002,12.50,eur
2,2024-05-03,1003,7.00,EUR
2,2024-05-04,1004,1.00,Eur
3,2024-05-03,1005,8.00,usd
`,
		mapping:   []string{"currency: EUR", "- {name: other_currency, column: currency, in: [usd]}", "# - {name: prefix_c, column: order_id, starts_with: c}"},
		questions: []string{"currency", "orders", "cohorts.from"},
		customers: 2, netRevenue: "30.5",
	},
	{
		name: "the letters of hexadecimal order ids mean nothing", file: "hex.csv",
		content: `customer_id,date,order_id,amount,currency
1,2024-05-02,a3f1,1.00,EUR
1,2024-06-02,07bc,2.00,EUR
2,2024-05-03,91d0,4.00,EUR
2,2024-05-04,e211,8.00,EUR
3,2024-05-03,5c08,16.00,EUR
`,
		mapping:   []string{"order_id: order_id"},
		questions: []string{"cohorts.from"},
		customers: 3, netRevenue: "31",
	},
	{
		name: "instants with offsets", file: "app.csv",
		content: `customerId|createdAt|orderNumber|netAmount
a|2024-05-01T23:30:00+02:00|1|5.00
a|2024-06-02T10:00:00Z|2|6.00
b|2024-05-03T10:00:00.123-0500|3|7.00
`,
		mapping:   []string{`delimiter: "|"`, "customer_id: customerId", "occurred_at: createdAt", "order_id: orderNumber", "amount: netAmount"},
		questions: []string{"timezone", "currency", "cohorts.from"},
		customers: 2, netRevenue: "18",
	},
	{
		name: "days before months, as a day above 12 says", file: "uk.csv",
		content: `email,order_date,total
a@example.com,03/04/2024,5.00
a@example.com,25/04/2024,6.00
b@example.com,01/05/2024,7.00
`,
		mapping:   []string{`occurred_at: {column: order_date, format: "%d/%m/%Y"}`, "customer_id: email", "amount: total"},
		questions: []string{"currency", "cohorts.from"},
		customers: 2, netRevenue: "18",
	},
	{
		name: "months before days, as a day above 12 says", file: "us.csv",
		content: `customer_id,purchase_date,amount_usd
1,4/3/2024 9:05 AM,5.00
1,4/25/2024 12:10 PM,6.00
2,5/1/2024 1:00 PM,7.00
`,
		mapping:   []string{"currency: USD", `occurred_at: {column: purchase_date, format: "%m/%d/%Y %I:%M %p"}`, "amount: amount_usd"},
		questions: []string{"timezone", "currency", "cohorts.from"},
		customers: 2, netRevenue: "18",
	},
	{
		name: "no day above 12: a question", file: "unclear.csv",
		content: `customer_id,date,amount
1,03/04/2024,5.00
1,05/04/2024,6.00
2,01/05/2024,7.00
`,
		mapping:   []string{`occurred_at: {column: date, format: "%d/%m/%Y"}`},
		questions: []string{"currency", "occurred_at", "cohorts.from"},
		customers: 2, netRevenue: "18",
	},
	{
		name: "charges, refunded amounts, whole numbers that may be cents", file: "charges.csv",
		content: `id,Created (UTC),Amount,Amount Refunded,Currency,Customer ID,Customer Email,Status
ch_1,2024-05-01 10:00:00,1000,0,usd,cus_1,a@example.com,Paid
ch_2,2024-06-01 10:00:00,2000,500,usd,cus_1,a@example.com,Refunded
ch_3,2024-06-02 10:00:00,700,0,usd,cus_2,b@example.com,Paid
`,
		mapping:   []string{"currency: USD", "amount: {plus: [Amount], minus: [Amount Refunded]}", "customer_id: Customer ID", "occurred_at: Created (UTC)"},
		questions: []string{"timezone", "amount", "status", "cohorts.from"},
		customers: 2, netRevenue: "3200",
	},
	{
		name: "Shopify: an order's amount on its first line alone", file: "orders_export.csv",
		content: `Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Billing Country,Refunded Amount
#1001,anna@example.com,paid,2024-05-01 10:00:00 +0200,EUR,30.00,5.00,5.59,35.00,2024-05-01 09:59:50 +0200,1,Mug,10.00,DE,0.00
#1001,anna@example.com,,,,,,,,2024-05-01 09:59:50 +0200,2,Plate,10.00,,
#1002,anna@example.com,partially_refunded,2024-06-01 10:00:00 +0200,EUR,20.00,5.00,3.99,25.00,2024-06-01 09:59:50 +0200,2,Mug,10.00,DE,10.00
#1003,bert@example.com,paid,2024-05-02 10:00:00 +0200,EUR,7.00,0.00,1.12,7.00,2024-05-02 09:59:50 +0200,1,Spoon,7.00,AT,0.00
`,
		mapping: []string{"currency: EUR", "customer_id: Email", `occurred_at: {column: Created at, format: "%Y-%m-%d %H:%M:%S %z"}`, "order_id: Name",
			"amount: {plus: [Total], minus: [Refunded Amount], blank: zero}", "attributes: {billing_country: Billing Country}"},
		questions: []string{"timezone", "tax", "status", "cohorts.from"},
		customers: 2, netRevenue: "57",
	},
	{
		name: "German: semicolons, decimal commas, windows-1252", file: "verkäufe.csv",
		content: windows1252("Kundennummer;Bestellnr;Bestelldatum;Betrag;Währung;Länge\n" +
			"K1;1;01.05.2024;1.234,50;EUR;ä\nK1;2;02.06.2024;12,5;EUR;ö\nK2;3;31.05.2024;7;EUR;ü\nK2;4;01.06.2024;-0,50;EUR;ß\n"),
		mapping: []string{`delimiter: ";"`, "encoding: windows-1252", `decimal: ","`, "customer_id: Kundennummer", "order_id: Bestellnr",
			`occurred_at: {column: Bestelldatum, format: "%d.%m.%Y"}`, "amount: Betrag", "currency: Währung"},
		questions: []string{"cohorts.from"},
		customers: 2, netRevenue: "1253.5",
	},
	{
		name: "UTF-16 with tabs, as spreadsheets export it", file: "sheet.tsv",
		content:   utf16Text("\ufeffclient\tdate\tmontant\r\nA\t2024-05-02\t5.25\r\nA\t2024-06-02\t6.00\r\nB\t2024-05-03\t7.00\r\n"),
		mapping:   []string{`delimiter: "\t"`, "encoding: utf-16", "customer_id: client", "occurred_at: date", "amount: montant"},
		questions: []string{"currency", "cohorts.from"},
		customers: 2, netRevenue: "18.25",
	},
	{
		name: "the total of the order in each of its lines", file: "lines.csv",
		content:   orderLines(),
		mapping:   []string{"quantity: quantity", "unit_price: price", "order_id: order_id"},
		questions: []string{"currency", "cohorts.from"},
		customers: 10, netRevenue: "310", // 20 × 5 + (1 + … + 20)
	},
	{
		name: "a day above 12 after the first rows", file: "late.csv",
		content:   "customer_id,date,amount_eur\n" + strings.Repeat("1,03/04/2024,0.01\n", 25_000) + "2,04/25/2024,1\n",
		mapping:   []string{`occurred_at: {column: date, format: "%m/%d/%Y"}`},
		questions: []string{"currency", "duplicates", "cohorts.from"},
		customers: 2, netRevenue: "251",
	},
	{
		name: "a clerk who comes back is no customer", file: "till.csv",
		content: `user,customer_id,date,amount_eur
kim,1,2024-05-02,5.00
kim,2,2024-05-03,6.00
lee,3,2024-05-03,7.00
kim,4,2024-05-04,8.00
lee,5,2024-05-05,9.00
`,
		mapping:   []string{"customer_id: customer_id"},
		questions: []string{"currency", "cohorts.from"},
		customers: 5, netRevenue: "35",
	},
	{
		name: "names that YAML would misread", file: "odd names (1).csv",
		content: "\"Customer: ID\",\"Order\nDate\",\"Total \"\"#\"\"\",\"Currency\u00a0\",Amount ${HOME}\n" +
			"1,2024-05-02,5.00,EUR,1\n1,2024-06-02,6.00,EUR,1\n2,2024-05-03,7.00,EUR,1\n",
		mapping:   []string{`customer_id: "Customer: ID"`, `occurred_at: "Order\nDate"`, `amount: "Total \"#\""`, `currency: "Currency\u00a0"`},
		questions: []string{"cohorts.from"},
		customers: 2, netRevenue: "18",
	},
	{
		name: "row numbers without a name in front, as pandas writes them", file: "frame.csv",
		content: `,customer_id,date,amount,currency
0,1,2024-05-02,5.00,EUR
1,1,2024-06-02,6.00,EUR
2,2,2024-05-03,7.00,EUR
`,
		mapping:   []string{"customer_id: customer_id", "occurred_at: date", "amount: amount"},
		questions: []string{"cohorts.from"},
		customers: 2, netRevenue: "18",
	},
	{
		name: "Parquet with integer keys and dates", file: "orders.parquet",
		content: rowsOf(
			dated{1, 19_844, 10, 12_50}, dated{1, 19_880, 11, 7_50}, dated{2, 19_850, 12, 5_00}),
		mapping:   []string{"customer_id: customer_id", "occurred_at: order_date", "order_id: order_id", "amount: amount"},
		questions: []string{"currency", "cohorts.from"},
		customers: 2, netRevenue: "25",
	},
	{
		name: "Parquet with floating-point amounts", file: "floats.parquet",
		content: rowsOf(
			floating{"a", time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC), 12.25, 1.5},
			floating{"a", time.Date(2024, 6, 1, 10, 0, 0, 0, time.UTC), 0.1 + 0.2, 0.1},
			floating{"b", time.Date(2024, 6, 2, 10, 0, 0, 0, time.UTC), 5, 1}),
		mapping:   []string{"amount: {column: revenue, scale: 2}", "cost: {column: cost, scale: 2}", "occurred_at: created_at", "customer_id: user_id"},
		questions: []string{"timezone", "currency", "cohorts.from"},
		customers: 2, netRevenue: "17.55",
	},
}

// orderLines is twenty orders of ten customers with two lines each: 2 pieces of
// 2.50 and 1 of the order's number.
func orderLines() string {
	var b strings.Builder
	b.WriteString("order_id,customer_id,order_date,quantity,price,order_total\n")
	for n := 1; n <= 20; n++ {
		for _, line := range []string{"2,2.50", fmt.Sprintf("1,%d.00", n)} {
			fmt.Fprintf(&b, "%d,c%d,2024-05-%02d,%s,%d.00\n", n, n%10, n, line, n+5)
		}
	}
	return b.String()
}

// windows1252 encodes text whose letters are those of Latin-1.
func windows1252(text string) []byte {
	var encoded []byte
	for _, r := range text {
		encoded = append(encoded, byte(r))
	}
	return encoded
}

func utf16Text(text string) []byte {
	var encoded []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		encoded = append(encoded, byte(unit), byte(unit>>8))
	}
	return encoded
}

type dated struct {
	Customer int64 `parquet:"customer_id"`
	Day      int32 `parquet:"order_date,date"`
	Order    int64 `parquet:"order_id"`
	Amount   int64 `parquet:"amount,decimal(2:18)"`
}

type floating struct {
	User    string    `parquet:"user_id"`
	Created time.Time `parquet:"created_at,timestamp(microsecond)"`
	Revenue float64   `parquet:"revenue"`
	Cost    float64   `parquet:"cost"`
}
