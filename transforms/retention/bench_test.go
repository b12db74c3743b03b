package retention_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/retention"
)

// shopShard makes a shard of customers who came within three years up to an
// as-of day. Half of them buy once; the others return after some weeks, and
// one day in twenty has a refund alone. There are eight days a customer on
// average, and an attribute of four values.
func shopShard(customers int, asOf calendar.Day) *ledger.Shard {
	const history = 3 * 365
	random := rand.New(rand.NewPCG(1, 2))
	s := &ledger.Shard{}
	s.Attributes = []ledger.Coded{{Values: []string{"a", "b", "c", "d"}}}
	for i := range customers {
		day := asOf - calendar.Day(random.IntN(history))
		pause := 10 + random.IntN(70) // days between visits, on average
		isLoyal := random.IntN(2) == 0
		for isFirst := true; day <= asOf && (isFirst || isLoyal); isFirst = false {
			enterDay(&s.Days, day, isFirst || random.IntN(20) > 0, int64(1+random.IntN(500_0000)))
			day += calendar.Day(1 + random.IntN(2*pause))
		}
		s.Attributes[0].Codes = append(s.Attributes[0].Codes, int32(random.IntN(4)))
		s.End(ledger.Key(fmt.Sprint(i)))
	}
	return s
}

// enterDay enters a day with one order, or with a refund.
func enterDay(d *ledger.Days, day calendar.Day, isPurchase bool, amount int64) {
	orders, gross, refund := int32(1), amount, int64(0)
	if !isPurchase {
		orders, gross, refund = 0, 0, -amount
	}
	d.Day, d.Orders, d.IsPurchase = append(d.Day, day), append(d.Orders, orders), append(d.IsPurchase, isPurchase)
	d.GrossSales, d.Refunds = append(d.GrossSales, gross), append(d.Refunds, refund)
	d.Contribution = append(d.Contribution, (gross+refund)/2)
}

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
