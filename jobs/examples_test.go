package jobs_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/parquet-go/parquet-go"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/transforms/calendar"
)

// example is a job of this folder on a small file of the shape it is for.
type example struct {
	write func(t *testing.T, folder string)
	asOf  string
	want  []exampleCustomer // by key
	// excluded are rows by reason.
	excluded map[string]int64
}

// exampleCustomer is what the file's rows make of one customer, reckoned by
// hand beside each file.
type exampleCustomer struct {
	id                          any
	orders, purchases           int64
	gross, refunds, first, last string
	contribution                string // empty: NULL
	attribute                   string // of the job's first attribute, if it has one
}

var examples = map[string]example{
	// #1001 has two items, 40 + 5 shipping and 3.60 tax in all. #1002 was refunded in part.
	// #1003 is a draft that was never paid. #1004, late in the evening of
	// January 31 in New York, is February in UTC.
	"shopify.yaml": {
		write: text("orders_export_1.csv", `Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Refunded Amount,Lineitem quantity,Lineitem name,Created at,Shipping Country,Source
#1001,ann@example.com,paid,2024-01-05 10:00:00 -0500,USD,40.00,5.00,3.60,48.60,0.00,1,Tea,2024-01-05 10:00:00 -0500,US,web
#1001,ann@example.com,,,,,,,,,2,"Cup, blue",2024-01-05 10:00:00 -0500,,
#1002,bob@example.com,partially_refunded,2024-01-10 09:00:00 -0500,USD,30.00,0.00,0.00,30.00,10.00,1,Tea,2024-01-10 09:00:00 -0500,CA,pos
#1003,bob@example.com,pending,,USD,99.00,0.00,0.00,99.00,0.00,9,Tea,2024-01-20 09:00:00 -0500,CA,web
#1004,ann@example.com,paid,2024-01-31 23:30:00 -0500,USD,12.50,0.00,0.00,12.50,0.00,1,Tea,2024-01-31 23:30:00 -0500,US,web
`),
		asOf: "2024-01-31",
		want: []exampleCustomer{
			{"ann@example.com", 2, 2, "57.5", "0", "2024-01-05", "2024-01-31", "", "web"},
			{"bob@example.com", 1, 1, "20", "0", "2024-01-10", "2024-01-10", "", "pos"},
		},
		excluded: map[string]int64{"rule:unpaid": 1},
	},
	// o1 is two equal items of 10 + 2 freight: 24. o2 is cancelled. o3 comes from
	// the same person under another customer_id.
	"marketplace.yaml": {
		write: text("order_items.csv", `order_id,order_item_id,customer_id,customer_unique_id,order_status,order_purchase_timestamp,price,freight_value,customer_state
o1,1,c1,u1,delivered,2018-03-01 21:15:19,10.00,2.00,SP
o1,2,c1,u1,delivered,2018-03-01 21:15:19,10.00,2.00,SP
o2,1,c2,u2,canceled,2018-03-02 08:00:00,50.00,5.00,RJ
o3,1,c3,u1,delivered,2018-04-09 12:00:00,7.90,1.10,SP
o4,1,c4,u3,shipped,2018-04-10 12:00:00,100.00,0.00,MG
`),
		asOf: "2018-04-15",
		want: []exampleCustomer{
			{"u1", 2, 2, "33", "0", "2018-03-01", "2018-04-09", "4.95", "SP"},
			{"u3", 1, 1, "100", "0", "2018-04-10", "2018-04-10", "15", "MG"},
		},
		excluded: map[string]int64{"rule:cancelled": 1},
	},
	// Customer 007 keeps its zeros; the credit note of February 2 is a refund.
	"erp.yaml": {
		write: text("umsatz_2024.csv", latin1("Kundennummer;Kunde;Belegdatum;Belegnummer;Nettobetrag;Einstandswert;Länderkürzel\r\n"+
			"007;Müller & Söhne;03.01.2024;R1;1.234,50;800,25;DE\r\n"+
			"007;Müller & Söhne;02.02.2024;G1;-34,50;-20,25;DE\r\n"+
			"12;Ölmühle;05.01.2024;R2;99,9;50;ÖS\r\n"+
			"12;Ölmühle;05.02.2024;R3;0,10;0,05;ÖS\r\n")),
		asOf: "2024-02-10",
		want: []exampleCustomer{
			{"007", 1, 1, "1234.5", "-34.5", "2024-01-03", "2024-01-03", "420", "DE"},
			{"12", 2, 2, "100", "0", "2024-01-05", "2024-02-05", "49.95", "ÖS"},
		},
	},
	// S1 is 2 × 4.25 + 1 × 1.50 = 10, its last line pasted twice. R9 returns one
	// of the 4.25.
	"spreadsheet.yaml": {
		write: text("sales.txt", littleEndian("\ufeffCustomer\tDate\tOrder\tQty\tUnit Price\tItem\r\n"+
			"17\t31/03/2024 09:00\tS1\t2\t4.25\tTea – green\r\n"+
			"17\t31/03/2024 09:00\tS1\t1\t1.50\tCup\r\n"+
			"17\t31/03/2024 09:00\tS1\t1\t1.50\tCup\r\n"+
			"17\t04/04/2024 11:30\tR9\t-1\t4.25\tTea – green\r\n"+
			"18\t01/04/2024 00:10\tS2\t3\t0.99\t\"Sweets, \"\"mixed\"\"\"\r\n")),
		asOf: "2024-04-05",
		want: []exampleCustomer{
			{"17", 1, 1, "10", "-4.25", "2024-03-31", "2024-03-31", "", ""},
			{"18", 1, 1, "2.97", "0", "2024-04-01", "2024-04-01", "", ""},
		},
		excluded: map[string]int64{"exact_duplicate": 1},
	},
	// Two rows of one day are two orders and one purchase: there are no order ids.
	"extract.yaml": {
		write: func(t *testing.T, folder string) {
			rows := []extractRow{
				{41, day("2024-01-30"), 19.99}, {41, day("2024-01-30"), 0.01}, {41, day("2024-02-03"), 5.1}, {9_000_000_000, day("2024-02-01"), 7},
			}
			if err := errors.Join(os.Mkdir(filepath.Join(folder, "extract"), 0o755), parquet.WriteFile(filepath.Join(folder, "extract", "part-0.parquet"), rows)); err != nil {
				t.Fatal(err)
			}
		},
		asOf: "2024-02-05",
		want: []exampleCustomer{
			{int64(41), 3, 2, "25.1", "0", "2024-01-30", "2024-02-03", "", ""},
			{int64(9_000_000_000), 1, 1, "7", "0", "2024-02-01", "2024-02-01", "", ""},
		},
	},
}

// extractRow is a row of a warehouse's extract.
type extractRow struct {
	Customer int64        `parquet:"customer_key"`
	Date     calendar.Day `parquet:"order_date,date"`
	Amount   float64      `parquet:"net_amount"`
}

// Each job of this folder is tested: on public data, on a file of its shape, or
// beside a real service by the tests of the command.
func TestEveryJobOfTheFolderIsTested(t *testing.T) {
	files, err := filepath.Glob("*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tested := append([]string{"cdnow.yaml", "cdnow_sample.yaml", "online_retail.yaml", "bigquery.yaml", "postgres.yaml", "lake.yaml"}, slices.Collect(maps.Keys(examples))...)
	if slices.Sort(tested); !slices.Equal(files, tested) {
		t.Errorf("jobs %v, tested %v", files, tested)
	}
}

func TestExampleJobsReadTheirShape(t *testing.T) {
	for file, e := range examples {
		t.Run(file, func(t *testing.T) {
			folder := t.TempDir()
			e.write(t, folder)
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			job := load(t, string(content), map[string]string{"PERENNIAL_DATA": folder, "PERENNIAL_OUT": folder})
			summary, err := newRun(job, day(e.asOf)).Do(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			e.compare(t, tableRows(t, filepath.Join(folder, strings.TrimSuffix(file, ".yaml")), "customers"), summary)
		})
	}
}

func (e *example) compare(t *testing.T, customers []map[string]any, summary *jobs.Summary) {
	t.Helper()
	if len(customers) != len(e.want) {
		t.Errorf("%d customers, want %d", len(customers), len(e.want))
	}
	for _, want := range e.want {
		columns := naiveColumns{
			"orders": want.orders, "purchase_days": want.purchases, "gross_sales": units(t, want.gross), "refunds": units(t, want.refunds),
			"first_purchase_date": want.first, "last_purchase_date": want.last, "contribution": nil,
		}
		if want.contribution != "" {
			columns["contribution"] = units(t, want.contribution)
		}
		for _, name := range []string{"first_channel", "first_country", "first_state"} {
			if _, has := customers[0][name]; has && want.attribute != "" {
				columns[name] = want.attribute
				break
			}
		}
		naiveHas(t, customers, naiveColumns{"customer_id": want.id}, columns)
	}
	excluded := map[string]int64{}
	for _, total := range summary.Excluded {
		excluded[total.Reason] = total.Rows
	}
	if !maps.Equal(excluded, e.excluded) {
		t.Errorf("excluded %v, want %v", excluded, e.excluded)
	}
}

// text returns what writes a file.
func text(name, content string) func(*testing.T, string) {
	return func(t *testing.T, folder string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// latin1 returns text, all of whose characters are below U+0100, in ISO 8859-1,
// which is that of Windows there.
func latin1(text string) string {
	var b bytes.Buffer
	for _, r := range text {
		b.WriteByte(byte(r))
	}
	return b.String()
}

// littleEndian returns text in UTF-16.
func littleEndian(text string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return string(b)
}

// day returns the day of a date written as YYYY-MM-DD.
func day(text string) calendar.Day {
	d, ok := calendar.ParseDay(text)
	if !ok {
		panic(text)
	}
	return d
}
