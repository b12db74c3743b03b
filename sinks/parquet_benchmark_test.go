package sinks

import (
	"io"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
)

// BenchmarkEncode encodes one row group of all kinds of columns, without a
// disk.
func BenchmarkEncode(b *testing.B) {
	next := factRecords(1 << 14)
	var records []arrow.Record
	for {
		r, err := next()
		if err == io.EOF {
			break
		}
		records = append(records, r)
	}
	t := facts().Schema()
	for b.Loop() {
		e := newEncoder(io.Discard, t, rowGroupRows)
		for _, r := range records {
			if err := e.write(r, 0, int(r.NumRows())); err != nil {
				b.Fatal(err)
			}
		}
		if err := e.close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(factRows*len(t.Columns)), "ns/value")
}
