package clv

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/perennial-clv/perennial/pipeline/table"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
)

const benchAsOf = calendar.Day(19_722) // 2023-12-31

// shopShard returns a shard of customers who came over a year or two ago and
// buy as in MBG/NBD, with a split by country; one day in fifty is a refund.
func shopShard(customers int, seed uint64) *ledger.Shard {
	random := rand.New(rand.NewPCG(seed, 0))
	s := &ledger.Shard{Customers: ledger.Customers{Attributes: []ledger.Coded{{Values: []string{"DE", "FR", "GB", "US"}}}}}
	add := func(day calendar.Day, gross, refund int64) {
		orders := int32(0)
		if gross > 0 {
			orders = 1
		}
		d := &s.Days
		d.Day, d.Orders, d.IsPurchase = append(d.Day, day), append(d.Orders, orders), append(d.IsPurchase, gross > 0)
		d.GrossSales, d.Refunds, d.Contribution = append(d.GrossSales, gross), append(d.Refunds, refund), append(d.Contribution, (gross+refund)/4)
		s.Totals.GrossSales, s.Totals.Refunds = s.Totals.GrossSales+gross, s.Totals.Refunds+refund
		if gross > 0 {
			s.Totals.PurchaseDays, s.Totals.PurchaseValue = s.Totals.PurchaseDays+1, s.Totals.PurchaseValue+gross
		}
	}
	var key [8]byte
	for i := range customers {
		mean, gap := 30*math.Exp(random.NormFloat64()), 10+60*random.ExpFloat64()
		leaves := 0.08 + 0.2*random.Float64()
		for day := benchAsOf - calendar.Day(random.Int32N(730)); day <= benchAsOf; day += 1 + calendar.Day(gap*random.ExpFloat64()) {
			if random.IntN(50) == 0 && len(s.Days.Day) > 0 && len(s.Start) > 0 && s.Start[len(s.Start)-1] < int32(len(s.Days.Day)) {
				add(day, 0, -10_0000)
			} else {
				add(day, int64(mean*(0.5+random.Float64())*100)*100+100, 0)
			}
			if random.Float64() < leaves {
				break
			}
		}
		s.Attributes[0].Codes = append(s.Attributes[0].Codes, random.Int32N(4))
		binary.LittleEndian.PutUint64(key[:], uint64(i))
		s.End(ledger.Key(key[:]))
	}
	return s
}

func benchFrame() *cohort.Frame {
	return &cohort.Frame{Calendar: calendar.NewAlmanac(calendar.Calendar{}, benchAsOf+1), AsOf: benchAsOf, Grains: []calendar.Grain{calendar.ByMonth}, SplitBy: []cohort.Attribute{{Name: "first_country", Index: 0}}}
}

const benchCustomers = 6000 // about those of a shard

// perCustomerDay reports the time of one customer-day of a shard.
func perCustomerDay(b *testing.B, s *ledger.Shard) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(s.Days.Day)), "ns/day")
}

func perCustomer(b *testing.B, s *ledger.Shard) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(s.Len()), "ns/customer")
}

// BenchmarkCells enters shards until there are a million customers, and
// compacts.
func BenchmarkCells(b *testing.B) {
	shards := make([]*ledger.Shard, 1_000_000/benchCustomers)
	customers, days := 0, 0
	for i := range shards {
		shards[i] = shopShard(benchCustomers, uint64(i))
		customers += shards[i].Len()
		days += len(shards[i].Days.Day)
	}
	var cells Cells
	var packed, repeaters int
	b.ReportAllocs()
	for b.Loop() {
		cells = Cells{}
		for _, s := range shards {
			cells.Enter(&s.Customers, benchAsOf)
		}
		cells.entered.pack()
		cells.enteredSpend.pack()
		packed = 0
		for _, run := range append(cells.entered.runs, cells.enteredSpend.runs...) {
			packed += len(run)
		}
		cells.Compact()
	}
	for _, c := range cells.Spend {
		repeaters += int(c.Count)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(customers), "ns/customer")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(days), "ns/day")
	b.ReportMetric(float64(packed)/float64(customers), "bytes/customer")
	b.ReportMetric(float64(repeaters)/float64(customers), "repeaters/customer")
	b.ReportMetric(float64(len(cells.Purchases)), "cells")
}

func BenchmarkGaps(b *testing.B) {
	s := shopShard(benchCustomers, 1)
	v := cohort.NewView(benchFrame(), s)
	var g Gaps
	b.ReportAllocs()
	for b.Loop() {
		g.AddShard(v)
	}
	perCustomerDay(b, s)
}

func BenchmarkFormulaSums(b *testing.B) {
	s, f := shopShard(benchCustomers, 1), benchFrame()
	v := cohort.NewView(f, s)
	var sums FormulaSums
	b.ReportAllocs()
	for b.Loop() {
		sums.AddShard(f, v)
	}
	perCustomerDay(b, s)
}

// valued values a shard with the published models of CDNOW.
func valued(s *ledger.Shard) (*Valuation, []Value) {
	var cells Cells
	cells.Enter(&s.Customers, benchAsOf)
	cells.Compact()
	chosen, spend := cdnowFits()
	settings := Settings{Horizons: []Horizon{Year, Lifetime}, DiscountRate: 0.10, TimeUnit: Week}
	v := NewValuation(settings, fittedOf(&chosen, spend, &s.Totals), &cells, true, nil)
	return v, v.Values(nil, &s.Customers, benchAsOf)
}

func BenchmarkValues(b *testing.B) {
	s := shopShard(benchCustomers, 1)
	v, values := valued(s)
	b.ReportAllocs()
	for b.Loop() {
		values = v.Values(values, &s.Customers, benchAsOf)
	}
	perCustomer(b, s)
}

// BenchmarkPredictions values customers with all that customer_values shows of
// them, at two horizons.
func BenchmarkPredictions(b *testing.B) {
	s := shopShard(benchCustomers, 1)
	v, values := valued(s)
	b.ReportAllocs()
	for b.Loop() {
		values = v.Values(values, &s.Customers, benchAsOf)
		for i := range values {
			for horizon := range v.Settings.Horizons {
				v.predict(&values[i], horizon, NetRevenue)
			}
		}
	}
	perCustomer(b, s)
}

func BenchmarkBase(b *testing.B) {
	s := shopShard(benchCustomers, 1)
	_, values := valued(s)
	b.ReportAllocs()
	for b.Loop() {
		var base Base
		base.Enter(&s.Customers, values)
	}
	perCustomer(b, s)
}

func BenchmarkResiduals(b *testing.B) {
	s := shopShard(benchCustomers, 1)
	v, values := valued(s)
	var r Residuals
	f := benchFrame()
	b.ReportAllocs()
	for b.Loop() {
		r.Enter(f, &s.Customers, v, values)
	}
	perCustomer(b, s)
}

// BenchmarkRanking ranks a million values of which a few are very large.
func BenchmarkRanking(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 0))
	var values amounts
	for range 1_000_000 {
		values.add(int64(math.Exp(12 + 2*random.NormFloat64())))
	}
	for b.Loop() {
		newRanking(&values, percentileClasses)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(values.n), "ns/value")
}

func BenchmarkCustomers(b *testing.B) {
	s, f := shopShard(benchCustomers, 1), benchFrame()
	v, values := valued(s)
	var base Base
	base.Enter(&s.Customers, values)
	ranks := base.Rank()
	rows := new(CustomerBlock)
	b.ReportAllocs()
	for b.Loop() {
		fill := v.Customers(f, &s.Customers, values, &ranks, usualLifecycle)
		for from := 0; from < s.Customers.Len(); from += table.BlockRows {
			fill(from, min(table.BlockRows, s.Customers.Len()-from), rows)
		}
	}
	perCustomer(b, s)
}

func BenchmarkCustomerRecords(b *testing.B) {
	s, f := shopShard(benchCustomers, 1), benchFrame()
	v, values := valued(s)
	var base Base
	base.Enter(&s.Customers, values)
	ranks := base.Rank()
	definition := Customers(true, []string{"country"})
	var memory table.Memory
	b.ReportAllocs()
	for b.Loop() {
		definition.RecordOfBlocks(&memory, s.Customers.Len(), v.Customers(f, &s.Customers, values, &ranks, usualLifecycle)).Release()
	}
	perCustomer(b, s)
}

// BenchmarkCustomerValueRecords has four rows a customer.
func BenchmarkCustomerValueRecords(b *testing.B) {
	s := shopShard(benchCustomers, 1)
	v, values := valued(s)
	definition := CustomerValues(true)
	var memory table.Memory
	b.ReportAllocs()
	for b.Loop() {
		n, rows := v.CustomerValues(&s.Customers, values)
		definition.RecordOf(&memory, n, rows).Release()
	}
	perCustomer(b, s)
}
