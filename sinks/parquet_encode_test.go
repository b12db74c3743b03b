package sinks

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/parquet-go/parquet-go/encoding/delta"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// one returns a table of one column and a record of one row of it.
func one(c table.Column, add func(array.Builder)) (table.Schema, func() (arrow.Record, error)) {
	t := table.Schema{Name: "one", Columns: []table.Column{c}}
	b := array.NewRecordBuilder(memory.DefaultAllocator, t.Arrow())
	defer b.Release()
	add(b.Field(0))
	r := b.NewRecord()
	return t, once(r)
}

func TestWhatATableMayNotHoldIsRefusedAtTheColumn(t *testing.T) {
	for _, c := range []struct {
		name   string
		column table.Column
		add    func(array.Builder)
	}{
		{"null where none may be", table.Column{Name: "x", Kind: table.Integer}, array.Builder.AppendNull},
		{"not a number", table.Column{Name: "x", Kind: table.Number}, func(b array.Builder) { b.(*array.Float64Builder).Append(math.NaN()) }},
		{"infinity", table.Column{Name: "x", Kind: table.Number, Nullable: true}, func(b array.Builder) { b.(*array.Float64Builder).Append(math.Inf(-1)) }},
		{"more than 18 digits", table.Column{Name: "x", Kind: table.Money}, func(b array.Builder) { b.(*array.Int64Builder).Append(1e18) }},
		{"less than 18 digits", table.Column{Name: "x", Kind: table.Money, Nullable: true}, func(b array.Builder) { b.(*array.Int64Builder).Append(-1e18) }},
	} {
		schema, next := one(c.column, c.add)
		_, err := WriteParquetFile(t.Context(), t.TempDir()+"/one.parquet", schema, 1, next)
		var e *pipeline.Error
		if !errors.As(err, &e) || e.Class != pipeline.ClassInternal || !strings.Contains(err.Error(), "column x: row 1") {
			t.Errorf("%s: got error %v, want an internal one at column x, row 1", c.name, err)
		}
	}
}

// The largest amounts of DECIMAL(18,4) are stored, but only nine of them fit
// into an int64 sum: 9 * (10^18 - 1) < 2^63 - 1 < 10 * (10^18 - 1).
func TestASumOfMoneyThatOverflowsIsRefused(t *testing.T) {
	for rows, fits := range map[int]bool{9: true, 10: false} {
		schema, next := one(table.Column{Name: "x", Kind: table.Money}, func(b array.Builder) {
			for range rows {
				b.(*array.Int64Builder).Append(maxMoney)
			}
		})
		r, err := WriteParquetFile(t.Context(), t.TempDir()+"/one.parquet", schema, 1, next)
		if (err == nil) != fits {
			t.Errorf("%d of the largest amounts: got error %v, want one: %v", rows, err, !fits)
		}
		if fits && r.Sums["x"] != int64(rows)*maxMoney {
			t.Errorf("%d of the largest amounts sum to %d, want %d", rows, r.Sums["x"], int64(rows)*maxMoney)
		}
	}
}

func TestARecordOfAnotherTableIsRefused(t *testing.T) {
	schema, _ := one(table.Column{Name: "x", Kind: table.Integer}, func(array.Builder) {})
	for _, other := range []table.Column{{Name: "y", Kind: table.Integer}, {Name: "x", Kind: table.Number}} {
		_, next := one(other, array.Builder.AppendNull)
		if _, err := WriteParquetFile(t.Context(), t.TempDir()+"/one.parquet", schema, 1, next); pipeline.ClassOf(err) != pipeline.ClassInternal || err == nil {
			t.Errorf("a record with column %+v: got error %v, want an internal one", other, err)
		}
	}
}

// Bounds and sums are those of a loop, of an even and an odd number of values,
// wherever the least and the greatest stand; a sum of what may overflow in 64
// bits is right too: 3 × 2^62 is 2^63 + 2^62.
func TestTheSpreadOfValues(t *testing.T) {
	if got := spreadOf(nil); got.bounds().smallest != nil {
		t.Errorf("no values have bounds %+v", got)
	}
	for _, values := range [][]int64{{5}, {-3, 7}, {7, -3}, {1, 9, -4}, {-4, 1, 9}, {9, -4, 1}, {math.MinInt64, 0, math.MaxInt64, 1}} {
		want := spread{low: slices.Min(values), high: slices.Max(values), n: len(values)}
		for _, v := range values {
			want.sum += v
		}
		if got := spreadOf(values); got != want {
			t.Errorf("%v: got %+v, want %+v", values, got, want)
		}
	}
	for _, c := range []struct {
		values []int64
		want   sum
	}{
		{[]int64{-1, -2, -3}, sum{math.MaxUint64, math.MaxUint64 - 5}},
		{[]int64{1 << 62, 1 << 62, 1 << 62}, sum{0, 1<<63 + 1<<62}},
		{[]int64{-1 << 62, -1 << 62, -1 << 62}, sum{math.MaxUint64, 1 << 62}},
	} {
		var got sum
		if got.addAll(c.values, spreadOf(c.values)); got != c.want {
			t.Errorf("%v: sum %x, want %x", c.values, got, c.want)
		}
	}
}

// However integers are packed, the bits are those of integers of 8 bytes: of a
// page's part, of values that lie just close enough and just not, and of those
// at the ends of 4 and of 8 bytes.
func TestPackedIntegersAreThoseOfEightBytes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, low := range []int64{0, -1, -7_000, -1 << 30, -1<<30 - 1, 1<<30 - 1<<15 + 1, 1 << 30, math.MinInt32, math.MaxInt32 - 1<<15, math.MinInt64, math.MaxInt64 - 1<<40} {
		for _, width := range []int64{0, 1, 1000, 1<<15 - 1, 1 << 15, 1 << 20, 1 << 40} {
			for _, n := range []int{0, 1, 2, 33, 127, 128, 129, 130, 5000} {
				p := page{integers: make([]int64, n)}
				for i := range p.integers {
					p.integers[i] = low + []int64{0, width, random.Int64N(width + 1)}[min(i, random.IntN(3))]
				}
				want, err := new(delta.BinaryPackedEncoding).EncodeInt64(nil, p.integers)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := p.packIntegers(nil, spreadOf(p.integers)); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%d integers from %d on, %d apart: other bits than of 8 bytes, error %v", n, low, width, err)
				}
			}
		}
	}
}

// The places in a record mean the table's labels and no others.
func TestARecordOfOtherLabelsIsRefused(t *testing.T) {
	of := func(labels ...string) table.Definition[uint8] {
		return table.Definition[uint8]{Name: "labels", Columns: []table.Field[uint8]{
			table.Labels("x", "", labels, func(place *uint8) uint8 { return *place }),
		}}
	}
	for _, other := range []table.Definition[uint8]{of("a"), of("a", "c"), of("a", "b", "c")} {
		next := once(other.Record([]uint8{0}))
		if _, err := WriteParquetFile(t.Context(), t.TempDir()+"/labels.parquet", of("a", "b").Schema(), 1, next); pipeline.ClassOf(err) != pipeline.ClassInternal || err == nil {
			t.Errorf("a record of %v: got error %v, want an internal one", other.Schema().Columns[0].Labels, err)
		}
	}
}

// A text of 32 random hexadecimal digits and 4 dashes holds 128 bits: 16 of its
// 36 bytes. An entropy code of single characters comes to 4.3 bits each, as the
// dashes are rarer than the digits, so to 20 bytes; the rest is headers.
func TestIDsThatNeverRepeatTakeLittleMoreThanTheirInformation(t *testing.T) {
	const rows = 20_000
	random := rand.New(rand.NewPCG(1, 0))
	schema, next := one(table.Column{Name: "x", Kind: table.Text}, func(b array.Builder) {
		for range rows {
			b.(*array.StringBuilder).Append(fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", random.Uint32(), uint16(random.Uint32()), uint16(random.Uint32()), uint16(random.Uint32()), random.Uint64()>>16))
		}
	})
	schema.Key = []string{"x"}
	r, err := WriteParquetFile(t.Context(), t.TempDir()+"/one.parquet", schema, 1, next)
	if err != nil {
		t.Fatal(err)
	}
	if r.Bytes > 21*rows {
		t.Errorf("%d texts of 36 bytes take %d bytes, want at most 21 each", rows, r.Bytes)
	}
}
