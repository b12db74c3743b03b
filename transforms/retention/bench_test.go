package retention_test

import (
	"testing"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/retention"
)

// BenchmarkAddShard measures what pass A of cohort and retention costs for
// each day of a shard's customers, by grain month, without a split but for the
// last.
func BenchmarkAddShard(b *testing.B) {
	asOf := calendar.Date(2024, 6, 15)
	shard := shopShard(8_192, asOf)
	whole, split := frame(asOf), frame(asOf)
	split.SplitBy = []cohort.Attribute{{Name: "first_attribute"}}
	var cohorts cohort.Cohorts
	var business cohort.Business
	var survival retention.Survival
	sums := grid(whole)
	together := func(f *cohort.Frame) {
		cohorts.AddShard(f, shard)
		business.AddShard(f, shard)
		sums.AddShard(f, shard)
		survival.AddShard(f, shard)
	}
	for _, c := range []struct {
		name string
		add  func()
	}{
		{"Cohorts", func() { cohorts.AddShard(whole, shard) }},
		{"Business", func() { business.AddShard(whole, shard) }},
		{"Grid", func() { sums.AddShard(whole, shard) }},
		{"Survival", func() { survival.AddShard(whole, shard) }},
		{"together", func() { together(whole) }},
		{"together, one split", func() { together(split) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.add()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(shard.Days.Day)), "ns/day")
		})
	}
}
