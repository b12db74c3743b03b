package table_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/perennial-clv/perennial/pipeline/table"
)

// shelf is a row with every kind of column.
type shelf struct {
	name  string
	count int64
	price int64
	rate  float64
	day   int32
	at    int64
	full  bool
	known bool
}

var sides = []string{"left", "right", "back"}

func (r *shelf) side() uint8 { return uint8(r.count % 3) }

func shelves() table.Definition[shelf] {
	return table.Definition[shelf]{
		Name: "shelves", Doc: "One row per shelf.", Key: []string{"name"},
		Columns: []table.Field[shelf]{
			table.Texts("name", "Name.", func(r *shelf) string { return r.name }),
			table.NullTexts("note", "Note.", "if unknown", func(r *shelf) (string, bool) { return r.name, r.known }),
			table.Integers("count", "Count.", func(r *shelf) int64 { return r.count }),
			table.NullIntegers("known_count", "Count.", "if unknown", func(r *shelf) (int64, bool) { return r.count, r.known }),
			table.Amounts("price", "Price.", func(r *shelf) int64 { return r.price }),
			table.NullAmounts("known_price", "Price.", "if unknown", func(r *shelf) (int64, bool) { return r.price, r.known }),
			table.Numbers("rate", "Rate.", func(r *shelf) float64 { return r.rate }),
			table.NullNumbers("known_rate", "Rate.", "if unknown", func(r *shelf) (float64, bool) { return r.rate, r.known }),
			table.Dates("day", "Day.", func(r *shelf) int32 { return r.day }),
			table.NullDates("known_day", "Day.", "if unknown", func(r *shelf) (int32, bool) { return r.day, r.known }),
			table.Times("at", "Time.", func(r *shelf) int64 { return r.at }),
			table.NullTimes("known_at", "Time.", "if unknown", func(r *shelf) (int64, bool) { return r.at, r.known }),
			table.Flags("is_full", "Whether it is full.", func(r *shelf) bool { return r.full }),
			table.Labels("side", "Side.", sides, (*shelf).side),
			table.NullLabels("known_side", "Side.", "if unknown", sides, func(r *shelf) (uint8, bool) { return r.side(), r.known }),
		},
	}
}

// The record's schema is the definition's, column by column, and money carries
// its number of decimals.
func TestRecordHasTheDefinitionsSchema(t *testing.T) {
	d := shelves()
	record := d.Record([]shelf{{name: "a", count: 2, price: 19_900, rate: 0.5, day: 10, at: 7, full: true}, {name: "b", known: true}})
	defer record.Release()
	if !record.Schema().Equal(d.Schema().Arrow()) {
		t.Errorf("schema %v, want %v", record.Schema(), d.Schema().Arrow())
	}
	for i, c := range d.Schema().Columns {
		field := record.Schema().Field(i)
		if decimals, ok := field.Metadata.GetValue(table.MoneyKey); ok != (c.Kind == table.Money) || ok && decimals != "4" {
			t.Errorf("%s: money metadata %q, %v", c.Name, decimals, ok)
		}
		if nulls := record.Column(i).NullN(); c.Nullable != (nulls == 1) {
			t.Errorf("%s: %d nulls, nullable is %v", c.Name, nulls, c.Nullable)
		}
	}
	if got := record.Column(4).(*array.Int64).Int64Values(); got[0] != 19_900 {
		t.Errorf("price %v, want 19900", got)
	}
	if got := record.Column(13).String(); !strings.Contains(got, `indices: [2 0]`) || !strings.Contains(got, `["left" "right" "back"]`) {
		t.Errorf("sides %s, want the places 2 and 0 of left, right and back", got)
	}
}

func TestRecordOfNoRows(t *testing.T) {
	record := shelves().Record(nil)
	defer record.Release()
	if record.NumRows() != 0 || record.NumCols() != 15 {
		t.Errorf("%d rows of %d columns, want 0 of 15", record.NumRows(), record.NumCols())
	}
}

// NaN and infinity never reach a table: it is a mistake of who computed them.
func TestNaNAndInfinityPanic(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v entered a table", v)
				}
			}()
			shelves().Record([]shelf{{rate: v}})
		}()
	}
}

func ExampleDefinition() {
	type order struct {
		id     string
		amount int64
	}
	orders := table.Definition[order]{
		Name: "orders", Doc: "One row per order.", Key: []string{"order_id"},
		Columns: []table.Field[order]{
			table.Texts("order_id", "The order.", func(o *order) string { return o.id }),
			table.Amounts("amount", "What it cost.", func(o *order) int64 { return o.amount }),
		},
	}
	record := orders.Record([]order{{"o1", 120_0000}})
	defer record.Release()
	fmt.Println(record.Column(0), record.Column(1))
	// Output: ["o1"] [1200000]
}

// However rows come, a few at a time in memory that others had before or all at
// once, they make the same record: of no row, of a byte of the bits and one
// more, of several chunks and a part of one.
func TestRecordOfRowsThatAreFilledInIsThatOfTheRows(t *testing.T) {
	d, memory := shelves(), new(table.Memory)
	for _, n := range []int{1000, 0, 9, 1003, 7} {
		rows := make([]shelf, n)
		for i := range rows {
			name := strings.Repeat("long name ", i%4)
			rows[i] = shelf{name, int64(i), int64(-i), float64(i) / 3, int32(i), int64(i) << 40, i%3 == 0, i%5 > 1}
		}
		want := d.Record(rows)
		got := d.RecordOf(memory, n, func(from int, into []shelf) { copy(into, rows[from:]) })
		if !array.RecordEqual(got, want) {
			t.Errorf("%d rows: got %v, want %v", n, got, want)
		}
		if column := got.Column(3); n > 0 && column.IsNull(0) == rows[0].known {
			t.Errorf("%d rows: the first is null: %v, known: %v", n, column.IsNull(0), rows[0].known)
		}
		got.Release()
		want.Release()
	}
}
