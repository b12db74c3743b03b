package shop

import (
	"strings"
	"testing"
)

// BenchmarkRows measures one row of a million.
func BenchmarkRows(b *testing.B) {
	for _, bench := range []struct {
		name     string
		settings Settings
		csv      bool
	}{
		{"clean/int", Settings{Clean: true, IntegerKeys: true}, false},
		{"clean/text", Settings{Clean: true}, false},
		{"eight rows a customer/int", Settings{Clean: true, IntegerKeys: true}, false},
		{"dirty/text", Settings{}, false},
		{"dirty/text/csv", Settings{}, true},
	} {
		b.Run(bench.name, func(b *testing.B) {
			bench.settings.Rows = b.N
			if strings.HasPrefix(bench.name, "eight") {
				bench.settings.Customers = (b.N + 7) / 8
			}
			shop, err := New(bench.settings)
			if err != nil {
				b.Fatal(err)
			}
			var line []byte
			b.ReportAllocs()
			b.ResetTimer() // after the pilots of a truth that is scaled
			for batch := range shop.Batches(8192) {
				for i := range batch {
					if bench.csv {
						line = AppendCSV(line[:0], &batch[i])
					}
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
			b.ReportMetric(float64(shop.Report().Customers), "customers")
		})
	}
}
