package table_test

import (
	"fmt"
	"testing"

	"github.com/perennial-clv/perennial/pipeline/table"
)

// wide is a row as large as one of customers.
type wide struct {
	values [40]int64
	text   string
}

// BenchmarkRecord makes a record of 65,536 rows and 36 columns: 30 of counts,
// amounts and numbers, half of them nullable, and six of texts.
func BenchmarkRecord(b *testing.B) {
	d := table.Definition[wide]{Name: "wide"}
	for i := range 10 {
		known := func(r *wide) bool { return r.values[i]%5 != 0 }
		d.Columns = append(d.Columns,
			table.Integers(fmt.Sprintf("count_%d", i), "a count", func(r *wide) int64 { return r.values[i] }),
			table.NullAmounts(fmt.Sprintf("amount_%d", i), "an amount", "where unknown", func(r *wide) (int64, bool) { return r.values[i+10], known(r) }),
			table.NullNumbers(fmt.Sprintf("number_%d", i), "a number", "where unknown", func(r *wide) (float64, bool) { return float64(r.values[i+20]), known(r) }),
		)
	}
	for i := range 6 {
		d.Columns = append(d.Columns, table.Texts(fmt.Sprintf("text_%d", i), "a text", func(r *wide) string { return r.text[i:] }))
	}
	rows := make([]wide, 1<<16)
	for i := range rows {
		for j := range rows[i].values {
			rows[i].values[j] = int64(i * j)
		}
		rows[i].text = fmt.Sprintf("text %d", i)
	}
	b.ReportAllocs()
	for b.Loop() {
		d.Record(rows).Release()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rows)*len(d.Columns)), "ns/value")
}
