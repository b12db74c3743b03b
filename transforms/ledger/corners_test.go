package ledger

import (
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

// literalRecord makes a record of text columns of cells as they are: an empty
// one is empty text and no null.
func literalRecord(names []string, rows ...[]string) arrow.Record {
	var fields []arrow.Field
	columns := make([]arrow.Array, len(names))
	for i, name := range names {
		fields = append(fields, arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true})
		b := array.NewStringBuilder(memory.DefaultAllocator)
		for _, row := range rows {
			b.Append(row[i])
		}
		columns[i] = b.NewArray()
	}
	return array.NewRecord(arrow.NewSchema(fields, nil), columns, int64(len(rows)))
}

// An order id that is blank text names no order: three purchases on three days
// are three orders.
func TestBlankOrderIDsNameNoOrder(t *testing.T) {
	m := testMapping()
	m.Attributes, m.Cost = nil, AmountColumns{}
	shard, _ := build(t, m, testSettings(t), literalRecord([]string{"customer", "at", "order", "amount"},
		[]string{"a", "2024-01-01", "", "5"}, []string{"a", "2024-02-01", " ", "7"}, []string{"a", "2024-02-01", "", "1"}))
	want(t, "days", days(shard), []string{"a: 2024-01-01 1 5 0 true", "a: 2024-02-01 2 8 0 true"})
}

// A currency that is blank text is missing.
func TestBlankCurrenciesAreMissing(t *testing.T) {
	m := Mapping{CustomerID: "customer", OccurredAt: TimeColumn{Column: "at"}, Amount: AmountColumns{Column: "amount", Decimals: 4}, Currency: "currency"}
	_, tally := build(t, m, testSettings(t), literalRecord([]string{"customer", "at", "amount", "currency"},
		[]string{"a", "2024-01-01", "5", ""}, []string{"a", "2024-01-01", "5", "EUR"}))
	if q := tally.Quarantine; len(q) != 1 || q[0].Row != 1 || q[0].Reason != "the currency is missing" {
		t.Errorf("quarantine %+v, want row 1", q)
	}
}

// A customer counts once for a reason and month, whatever the order of the
// rows: also where unreadable rows, which have no month, meet rows of the day
// that programs write for a date they do not know.
func TestCustomersOfAReasonAreCountedOnceInAnyOrder(t *testing.T) {
	s := testSettings(t)
	s.Rules = []Rule{{Name: "old", Column: "at", LessThan: &Operand{text: "1901"}}}
	var lines []string
	for i := range 20 {
		lines = append(lines, "a, never, , 1", fmt.Sprintf("a, 1900-01-01, , %d", i+1))
	}
	rng := rand.New(rand.NewPCG(7, 8))
	for range 20 {
		rng.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		shard, _ := build(t, testMapping(), s, textRecord(testColumns, lines))
		want(t, "exclusions", excluded(shard, s.Rules), []string{"rule:old 1900-01 20 1 210", "unreadable - 20 1 -"})
	}
}

// A key that is longer than a posting can say is unreadable, and its row is
// nobody's; the longest that is not is a key as any other.
func TestKeysThatAreTooLong(t *testing.T) {
	m := Mapping{CustomerID: "customer", OccurredAt: TimeColumn{Column: "at"}, Amount: AmountColumns{Column: "amount", Decimals: 4}}
	long := strings.Repeat("k", MaxKey)
	shard, tally := build(t, m, testSettings(t), literalRecord([]string{"customer", "at", "amount"},
		[]string{long + "k", "2024-01-01", "5"}, []string{long, "2024-01-01", "6"}, []string{"a", "2024-01-01", "7"}))
	if shard.Len() != 2 || shard.Totals.NetRevenue() != 13_0000 {
		t.Errorf("%d customers with %d, want 2 with 130000", shard.Len(), shard.Totals.NetRevenue())
	}
	if q := tally.Quarantine; len(q) != 1 || q[0].Row != 1 || q[0].Reason != "the key is too long" {
		t.Errorf("%d unreadable rows, want the first", len(q))
	}
}

// A civil day of which the microseconds do not fit 64 bits is out of range and
// not another day.
func TestDatesBeyondMicroseconds(t *testing.T) {
	keys, at, amounts := array.NewInt64Builder(memory.DefaultAllocator), array.NewDate32Builder(memory.DefaultAllocator), array.NewInt64Builder(memory.DefaultAllocator)
	for _, day := range []arrow.Date32{213_503_982 + 19_000, -213_503_982, arrow.Date32(calendar.Date(2024, 1, 2)), 2_147_483_647, -2_147_483_648} {
		keys.Append(1)
		at.Append(day)
		amounts.Append(3)
	}
	record := array.NewRecord(arrow.NewSchema([]arrow.Field{
		{Name: "customer", Type: arrow.PrimitiveTypes.Int64}, {Name: "at", Type: arrow.FixedWidthTypes.Date32}, {Name: "amount", Type: arrow.PrimitiveTypes.Int64},
	}, nil), []arrow.Array{keys.NewArray(), at.NewArray(), amounts.NewArray()}, 5)
	m := Mapping{CustomerID: "customer", OccurredAt: TimeColumn{Column: "at"}, Amount: AmountColumns{Column: "amount", Decimals: 4}}
	shard, tally := build(t, m, testSettings(t), record)
	if tally.Unreadable != 4 || !slices.Equal(shard.Days.Day, []calendar.Day{calendar.Date(2024, 1, 2)}) {
		t.Errorf("%d unreadable rows, days %v; want 4 and 2024-01-02", tally.Unreadable, shard.Days.Day)
	}
}

// Digests of rows differ where two columns differ in single bits, also the
// highest, which a product carries nowhere.
func TestDigestsOfRowsTellSingleBitsApart(t *testing.T) {
	of := func(a, b uint64) digest {
		d := digest{laneSeed, nullLane}
		d.mix(a)
		d.mix(b)
		return d
	}
	rng := rand.New(rand.NewPCG(9, 10))
	for range 2_000 {
		a, b := rng.Uint64(), rng.Uint64()
		for i := range 64 {
			if of(a, b) == of(a^1<<63, b^1<<i) || of(a, b) == of(a^1<<i, b) {
				t.Fatalf("%x, %x: bit %d is not told apart", a, b, i)
			}
		}
	}
}
