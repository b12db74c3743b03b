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
	wholeView, splitView := cohort.NewView(whole, shard), cohort.NewView(split, shard)
	together := func(f *cohort.Frame, v *cohort.View) {
		v.Look(f, shard)
		cohorts.AddShard(f, v)
		business.AddShard(f, v)
		sums.AddShard(f, v)
		survival.AddShard(f, v)
	}
	for _, c := range []struct {
		name string
		add  func()
	}{
		{"View", func() { wholeView.Look(whole, shard) }},
		{"Cohorts", func() { cohorts.AddShard(whole, wholeView) }},
		{"Business", func() { business.AddShard(whole, wholeView) }},
		{"Grid", func() { sums.AddShard(whole, wholeView) }},
		{"Survival", func() { survival.AddShard(whole, wholeView) }},
		{"together", func() { together(whole, wholeView) }},
		{"together, one split", func() { together(split, splitView) }},
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
