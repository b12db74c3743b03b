package ledger

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/money"
)

// An amount that is packed comes back, and those that do not fit are exactly
// those of which no unit makes a number of 22 bits: 20,971.51 in cents, and one
// more; small ones to the last digit; large ones of whole and of hundreds.
func TestPackedAmountsComeBack(t *testing.T) {
	for amount, fits := range map[int64]bool{
		0: true, 1: true, -1: true, 99: true, 2_097_151: true, 2_097_152: false, -2_097_151: true, -2_097_152: false,
		209_715_100: true, 209_715_200: false, 209_715_300: false, -209_715_100: true, -209_715_300: false,
		20_971_510_000: true, 20_971_520_000: false, 20_971_530_000: false,
		2_097_151_000_000: true, 2_097_152_000_000: false, math.MaxInt64: false, math.MinInt64: false,
	} {
		h := packed(amount)
		if h.isLong() == fits {
			t.Errorf("%d: long is %t", amount, h.isLong())
		}
		if fits && h.unpacked() != amount {
			t.Errorf("%d comes back as %d", amount, h.unpacked())
		}
		if h > packedMask {
			t.Errorf("%d takes more bits than there are: %x", amount, h)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		amount := random.Int64() >> random.IntN(64)
		if random.IntN(2) == 0 {
			amount = amount / 1_000_000 * packingUnits[random.IntN(4)]
		}
		if h := packed(amount); !h.isLong() && h.unpacked() != amount {
			t.Fatalf("%d comes back as %d", amount, h.unpacked())
		}
	}
}

// Plain postings, also long ones and those of nobody, make the customers and
// days that rows of all parts make: the same rows under a margin rate, which
// gives each a contribution.
func TestPlainPostingsAreAsAnyOthers(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	record := plainRecord(random, 5000)
	plain := testSettings(t)
	margin := plain
	margin.MarginRate = &money.Decimal{Coefficient: 5, Scale: 1}
	var got [2]*Shard
	for i, s := range []Settings{plain, margin} {
		b := bind(t, Mapping{CustomerID: "customer", OccurredAt: TimeColumn{Column: "at"}, Amount: AmountColumns{Column: "amount"}}, s, record.Schema())
		in := NewIntake(b, 0)
		rows, err := in.Admit(project(record, b), Origin{FirstRow: 1})
		if err != nil {
			t.Fatal(err)
		}
		l := layoutOf(b)
		if l.isPlain() != (i == 0) {
			t.Fatalf("%d: plain is %t", i, l.isPlain())
		}
		if i == 0 && len(rows.Hash) <= int(record.NumRows()) {
			t.Error("no posting takes two rows")
		}
		half := len(rows.Bytes) / rows.Length / 2 * rows.Length
		for half > 0 && rows.Hash[half/rows.Length] == rows.Hash[half/rows.Length-1] {
			half -= rows.Length // whole postings in each run
		}
		got[i], _ = builder(t, b, in).Build(rows.Bytes[:half], rows.Bytes[half:])
	}
	a, b := got[0], got[1]
	if !slices.Equal(a.Keys.bytes, b.Keys.bytes) || !slices.Equal(a.Start, b.Start) || !slices.Equal(a.Days.Day, b.Days.Day) ||
		!slices.Equal(a.Days.GrossSales, b.Days.GrossSales) || !slices.Equal(a.Days.Refunds, b.Days.Refunds) || !slices.Equal(a.Days.IsPurchase, b.Days.IsPurchase) {
		t.Error("plain postings make other customers or days")
	}
	if len(a.Keys.end) < 50 || a.Totals.KeptAmount != b.Totals.KeptAmount || len(a.Unattributed) == 0 || len(a.Unattributed) != len(b.Unattributed) {
		t.Errorf("%d customers, %d and %d kept, nobody on %d and %d days", len(a.Keys.end), a.Totals.KeptAmount, b.Totals.KeptAmount, len(a.Unattributed), len(b.Unattributed))
	}
	for day, amount := range a.Unattributed {
		if b.Unattributed[day] != amount {
			t.Errorf("nobody's amount of %s: %d and %d", day, amount, b.Unattributed[day])
		}
	}
}

// plainRecord returns rows of a hundred customers and of nobody, with amounts of
// all sizes.
func plainRecord(random *rand.Rand, rows int) arrow.Record {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "customer", Type: arrow.PrimitiveTypes.Int64, Nullable: true}, {Name: "at", Type: arrow.FixedWidthTypes.Date32},
		{Name: "amount", Type: arrow.PrimitiveTypes.Int64},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for range rows {
		if key := random.Int64N(101); key < 100 {
			b.Field(0).(*array.Int64Builder).Append(key*7_919 - 300_000)
		} else {
			b.Field(0).AppendNull()
		}
		day := calendar.Date(2023, 1, 1) + calendar.Day(random.IntN(400))
		b.Field(1).(*array.Date32Builder).Append(arrow.Date32(day))
		b.Field(2).(*array.Int64Builder).Append(random.Int64N(4_000_000>>random.IntN(20)+2) * int64(1-2*(random.IntN(5)/4)))
	}
	return b.NewRecord()
}
