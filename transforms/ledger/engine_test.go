package ledger

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

// typedRecord makes a record of so many rows of 64-bit or text keys, instants
// of two years, each so many steps of equal length after the one before, and
// amounts in cents.
func typedRecord(rows, customers int, integers bool, steps int) arrow.Record {
	rng := rand.New(rand.NewPCG(1, 2))
	key := array.NewBuilder(memory.DefaultAllocator, arrow.BinaryTypes.String)
	if integers {
		key = array.NewBuilder(memory.DefaultAllocator, arrow.PrimitiveTypes.Int64)
	}
	at := array.NewTimestampBuilder(memory.DefaultAllocator, &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"})
	amount := array.NewDecimal128Builder(memory.DefaultAllocator, &arrow.Decimal128Type{Precision: 18, Scale: 4})
	start := int64(calendar.Date(2022, 1, 1)) * calendar.MicrosPerDay
	for i := range rows {
		customer := rng.Int64N(int64(customers))
		if b, ok := key.(*array.Int64Builder); ok {
			b.Append(customer)
		} else {
			key.(*array.StringBuilder).Append(fmt.Sprintf("%08x-0000-4000-8000-%012x", customer, customer))
		}
		at.Append(arrow.Timestamp(start + int64(i*steps%rows)*(730*calendar.MicrosPerDay/int64(rows))))
		if err := amount.AppendValueFromString(fmt.Sprintf("%d.%02d", rng.IntN(100), rng.IntN(100))); err != nil {
			panic(err)
		}
	}
	columns := []arrow.Array{amount.NewArray(), at.NewArray(), key.NewArray()}
	var fields []arrow.Field
	for i, name := range []string{"amount", "at", "customer"} {
		fields = append(fields, arrow.Field{Name: name, Type: columns[i].DataType()})
	}
	return array.NewRecord(arrow.NewSchema(fields, nil), columns, int64(rows))
}

func typedBinding(tb testing.TB, record arrow.Record) *Binding {
	tb.Helper()
	zone, err := calendar.LoadZone("UTC")
	if err != nil {
		tb.Fatal(err)
	}
	m := Mapping{CustomerID: "customer", OccurredAt: TimeColumn{Column: "at"}, Amount: AmountColumns{Column: "amount", Decimals: 4}}
	b, problems := Bind(m, Settings{Zone: zone, AsOf: calendar.Date(2023, 12, 31), Currency: "EUR"}, SourceColumns(record.Schema()))
	if len(problems) > 0 {
		tb.Fatal(problems)
	}
	return b
}

// BenchmarkAdmit: rows of a batch to encoded postings.
func BenchmarkAdmit(b *testing.B) {
	for _, test := range []struct {
		name     string
		integers bool
		steps    int
	}{{"integers", true, 1}, {"texts", false, 1}, {"integers in no order of time", true, 7919}} {
		b.Run(test.name, func(b *testing.B) {
			record := typedRecord(1<<15, 1<<15, test.integers, test.steps)
			in := NewIntake(typedBinding(b, record), 0)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := in.Admit(record, Origin{FirstRow: 1}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N<<15), "ns/row")
		})
	}
}

// BenchmarkBuild: a shard of 64k encoded postings of 8k customers to
// customer-days.
func BenchmarkBuild(b *testing.B) {
	for name, integers := range map[string]bool{"integers": true, "texts": false} {
		b.Run(name, func(b *testing.B) {
			record := typedRecord(1<<16, 1<<13, integers, 1)
			bound := typedBinding(b, record)
			in := NewIntake(bound, 0)
			rows, err := in.Admit(record, Origin{FirstRow: 1})
			if err != nil {
				b.Fatal(err)
			}
			v, _ := NewVocabulary(bound, in)
			builder := NewBuilder(bound, v, 0)
			b.ReportAllocs()
			for b.Loop() {
				builder.Build(rows.Bytes)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N<<16), "ns/row")
		})
	}
}

// Integers are hashed as the library hashes their bytes: the order of published
// customers rests on it.
func TestIntegersAreHashedAsTheirBytes(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range 100_000 {
		v := int64(rng.Uint64()) >> (i % 64)
		key := Key(binary.BigEndian.AppendUint64(nil, uint64(v)))
		if got, want := hashInteger(v), key.hash(); got != want {
			t.Fatalf("%d: %x, want %x", v, got, want)
		}
	}
}

// What .ci/bench makes its colliding keys by is a copy of the seed and of the
// formula: these are the first of its keys, and the hashes that it made them for.
// If the hash changes, so must .ci/bench/collide.go. The hashes are also those of
// xxHash 0.8.4, by its Python module 4.1.0:
//
//	xxhash.xxh3_64_hexdigest(key.to_bytes(8, "big", signed=True), seed=0x706572656e6e6961)
func TestIntegersOfTheBenchCollide(t *testing.T) {
	for key, want := range map[int64]uint64{
		586337021071964621:   0x5eed500000000000,
		-8453761878640159185: 0x5eed59e3779b97f4,
	} {
		if got := hashInteger(key); got != want {
			t.Errorf("%d: %x, want %x", key, got, want)
		}
	}
}

// Customers come back from their bytes: keys, days, sums, attributes.
func TestCustomersComeBackFromTheirBytes(t *testing.T) {
	record := textRecord(testColumns, []string{
		"a, 2024-01-02, o1, 5, FR", "a, 2024-02-02, o2, 7", "long key of b, 2024-01-05, o3, 9, DE", "c, 2024-01-05, , -9, DE",
	})
	b := bind(t, testMapping(), testSettings(t), record.Schema())
	in := NewIntake(b, 0)
	rows, err := in.Admit(project(record, b), Origin{FirstRow: 1})
	if err != nil {
		t.Fatal(err)
	}
	v, err := NewVocabulary(b, in)
	if err != nil {
		t.Fatal(err)
	}
	shard, _ := NewBuilder(b, v, 0).Build(rows.Bytes)
	var got Customers
	got.Decode(shard.Customers.Append(nil), v)
	if a, b := fmt.Sprint(got), fmt.Sprint(shard.Customers); a != b {
		t.Errorf("got %s, want %s", a, b)
	}
	if got.Decode((&Customers{Attributes: make([]Coded, 1)}).Append(nil), v); got.Len() != 0 || got.Keys.Len() != 0 {
		t.Errorf("nobody comes back as %d customers", got.Len())
	}
	got.Decode(shard.Customers.Append(nil), v)
	if a, b := fmt.Sprint(got), fmt.Sprint(shard.Customers); a != b {
		t.Errorf("where others were: got %s, want %s", a, b)
	}
}

// Keys that share a hash are told apart, and their customers come in the order
// of the keys. Texts with one hash are not to be had, so that entries of two
// customers are given one by hand.
func TestKeysWithOneHash(t *testing.T) {
	record := textRecord(testColumns, []string{"b, 2024-01-01, o1, 5", "a, 2024-01-02, o2, 7", "b, 2024-01-03, o3, 9", "a, 2024-01-01, o4, 1"})
	b := bind(t, testMapping(), testSettings(t), record.Schema())
	in := NewIntake(b, 0)
	rows, err := in.Admit(project(record, b), Origin{FirstRow: 1})
	if err != nil {
		t.Fatal(err)
	}
	build := builder(t, b, in)
	build.rows = bytes.Clone(rows.Bytes)
	build.parse()
	for i := range build.hashes {
		build.hashes[i] = 42
	}
	build.codes = []map[int32]int32{{}}
	build.shard.reset(1)
	build.shard.Days.grow(len(build.hashes))
	width := build.deal()
	build.dealRows(width)
	if n, in := len(build.dealt), build.endOfHand(42, width); n != 4 || in != n {
		t.Fatalf("%d postings, %d in the hand", n, in)
	}
	build.enterHand(build.dealt)
	want(t, "days", days(&build.shard), []string{
		"a: 2024-01-01 1 1 0 true", "a: 2024-01-02 1 7 0 true", "b: 2024-01-01 1 5 0 true", "b: 2024-01-03 1 9 0 true",
	})
	if first := string(build.shard.Keys.At(0)); first != "a" {
		t.Errorf("the first customer is %q", first)
	}
}

// An attribute with more values than a run may tell apart is an error, whoever
// met them.
func TestTooManyValuesOfAnAttribute(t *testing.T) {
	b := bind(t, testMapping(), testSettings(t), textRecord(testColumns, nil).Schema())
	half := func(number, from int) *Intake {
		in := NewIntake(b, number)
		for i := range MaxValues/2 + 1 {
			if _, ok := in.words[0].of(fmt.Append(nil, from+i)); !ok {
				t.Fatal("no room for half of them")
			}
		}
		return in
	}
	if _, err := NewVocabulary(b, half(0, 0), half(1, 0)); err != nil {
		t.Errorf("the same values twice: %v", err)
	}
	_, err := NewVocabulary(b, half(0, 0), half(1, MaxValues))
	if err == nil || !strings.Contains(err.Error(), `attribute country (column "country") has more than 1048576 distinct values`) {
		t.Errorf("got %v", err)
	}
	in := half(0, 0)
	for i := range MaxValues {
		if _, ok := in.words[0].of(fmt.Append(nil, i)); !ok {
			return
		}
	}
	if _, ok := in.words[0].of([]byte("one more")); ok {
		t.Error("there is room for more than MaxValues")
	}
}

// What the order of a customer's rows is does not matter, however many there
// are: long hands are sorted in another way than short ones.
func TestOrderOfRowsDoesNotMatter(t *testing.T) {
	var lines []string
	for i := range 500 {
		lines = append(lines, fmt.Sprintf("c%d, 2024-0%d-%02d, , %d", i%3, 1+i%3, 1+i%28, i%7-1))
	}
	m := testMapping()
	m.OrderID = ""
	sorted, _ := build(t, m, testSettings(t), textRecord(testColumns, lines))
	wanted, totals := days(sorted), sorted.Totals
	rand.New(rand.NewPCG(3, 4)).Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	shuffled, _ := build(t, m, testSettings(t), textRecord(testColumns, lines))
	if got := days(shuffled); !slices.Equal(got, wanted) || shuffled.Totals != totals {
		t.Errorf("got %v, want %v", got, wanted)
	}
}

// Sales that stand alone on their days are entered together, and come to what
// they come to day by day: with refunds and rows of nothing between them, several
// rows a day, and rows before the first purchase.
func TestSalesAloneAreDaysLikeAnyOther(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	var lines []string
	for range 4000 {
		lines = append(lines, fmt.Sprintf("c%d, 2024-%02d-%02d, , %d", rng.IntN(200), 1+rng.IntN(12), 1+rng.IntN(28), rng.IntN(20)-2))
	}
	record := textRecord(testColumns, lines)
	for name, change := range map[string]func(*Mapping, *Settings){
		"as they are":            func(*Mapping, *Settings) {},
		"zero is a purchase":     func(_ *Mapping, s *Settings) { s.ZeroIsPurchase = true },
		"refunds are ignored":    func(_ *Mapping, s *Settings) { s.IgnoreRefunds = true },
		"duplicates are dropped": func(_ *Mapping, s *Settings) { s.DropDuplicates = true },
	} {
		m, s := testMapping(), testSettings(t)
		m.OrderID, m.Cost = "", AmountColumns{}
		change(&m, &s)
		b := bind(t, m, s, record.Schema())
		in := NewIntake(b, 0)
		rows, err := in.Admit(project(record, b), Origin{FirstRow: 1})
		if err != nil {
			t.Fatal(err)
		}
		together, oneByOne := builder(t, b, in), builder(t, b, in)
		if !together.standAlone {
			t.Fatal("no sale stands alone")
		}
		oneByOne.standAlone = false
		got, n := together.Build(rows.Bytes)
		want, _ := oneByOne.Build(rows.Bytes)
		if a, b := fmt.Sprint(*got), fmt.Sprint(*want); a != b || n != int64(len(lines)) {
			t.Errorf("%s: %d rows: got\n%s\nwant\n%s", name, n, a, b)
		}
	}
}
