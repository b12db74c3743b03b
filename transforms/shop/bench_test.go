package shop

import "testing"

// BenchmarkRows measures one row of a million.
func BenchmarkRows(b *testing.B) {
	for _, bench := range []struct {
		name     string
		settings Settings
		csv      bool
	}{
		{"clean/int", Settings{Clean: true, IntegerKeys: true}, false},
		{"clean/text", Settings{Clean: true}, false},
		{"dirty/text", Settings{}, false},
		{"dirty/text/csv", Settings{}, true},
	} {
		b.Run(bench.name, func(b *testing.B) {
			bench.settings.Rows = b.N
			shop, err := New(bench.settings)
			if err != nil {
				b.Fatal(err)
			}
			var line []byte
			b.ReportAllocs()
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
