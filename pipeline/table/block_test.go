package table_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/perennial-clv/perennial/pipeline/table"
)

// shelfBlock is rows of shelves as columns.
type shelfBlock struct {
	names  []string
	keys   [][]byte
	counts []int64
	rates  []float64
	days   []int32
	full   []uint8
	known  []uint8
	sides  []uint8
}

// shelfBlocks declares shelves, without columns of a kind that differs from
// another in name alone.
func shelfBlocks() table.Definition[shelfBlock] {
	known := func(b *shelfBlock) []uint8 { return b.known }
	return table.Definition[shelfBlock]{Columns: []table.Field[shelfBlock]{
		table.TextValues("name", "Name.", func(b *shelfBlock) [][]byte { return b.keys }),
		table.NullTextValues("note", "Note.", "if unknown", func(b *shelfBlock) ([]string, []uint8) { return b.names, known(b) }),
		table.Values(table.Integer, "count", "Count.", func(b *shelfBlock) []int64 { return b.counts }),
		table.NullValues(table.Money, "known_price", "Price.", "if unknown", func(b *shelfBlock) ([]int64, []uint8) { return b.counts, known(b) }),
		table.Values(table.Number, "rate", "Rate.", func(b *shelfBlock) []float64 { return b.rates }),
		table.NullValues(table.Number, "known_rate", "Rate.", "if unknown", func(b *shelfBlock) ([]float64, []uint8) { return b.rates, known(b) }),
		table.NullValues(table.Date, "known_day", "Day.", "if unknown", func(b *shelfBlock) ([]int32, []uint8) { return b.days, known(b) }),
		table.FlagValues("is_full", "Whether it is full.", func(b *shelfBlock) []uint8 { return b.full }),
		table.LabelValues("side", "Side.", sides, func(b *shelfBlock) []uint8 { return b.sides }),
		table.NullLabelValues("known_side", "Side.", "if unknown", sides, func(b *shelfBlock) ([]uint8, []uint8) { return b.sides, known(b) }),
	}}
}

// shelfRows declares the same columns row by row.
func shelfRows() table.Definition[shelf] {
	return table.Definition[shelf]{Columns: []table.Field[shelf]{
		table.Texts("name", "Name.", func(r *shelf) string { return r.name }),
		table.NullTexts("note", "Note.", "if unknown", func(r *shelf) (string, bool) { return r.name, r.known }),
		table.Integers("count", "Count.", func(r *shelf) int64 { return r.count }),
		table.NullAmounts("known_price", "Price.", "if unknown", func(r *shelf) (int64, bool) { return r.count, r.known }),
		table.Numbers("rate", "Rate.", func(r *shelf) float64 { return r.rate }),
		table.NullNumbers("known_rate", "Rate.", "if unknown", func(r *shelf) (float64, bool) { return r.rate, r.known }),
		table.NullDates("known_day", "Day.", "if unknown", func(r *shelf) (int32, bool) { return r.day, r.known }),
		table.Flags("is_full", "Whether it is full.", func(r *shelf) bool { return r.full }),
		table.Labels("side", "Side.", sides, (*shelf).side),
		table.NullLabels("known_side", "Side.", "if unknown", sides, func(r *shelf) (uint8, bool) { return r.side(), r.known }),
	}}
}

// blockOf returns rows as a block.
func blockOf(rows []shelf) (b shelfBlock) {
	one := map[bool]uint8{true: 1}
	for i := range rows {
		r := &rows[i]
		b.names, b.keys, b.counts = append(b.names, r.name), append(b.keys, []byte(r.name)), append(b.counts, r.count)
		b.rates, b.days, b.sides = append(b.rates, r.rate), append(b.days, r.day), append(b.sides, r.side())
		b.full, b.known = append(b.full, one[r.full]), append(b.known, one[r.known])
	}
	return b
}

// Blocks make the record that their rows make: of no row, a part of a byte of
// the bits, whole blocks, and a part of one, in memory that others had before.
func TestBlocksMakeTheRecordOfTheirRows(t *testing.T) {
	memory := new(table.Memory)
	for _, n := range []int{1003, 0, 7, 2 * table.BlockRows, 17} {
		rows := make([]shelf, n)
		for i := range rows {
			rows[i] = shelf{name: fmt.Sprint("name ", i*i), count: int64(i), rate: float64(i) / 3, day: int32(-i), full: i%3 == 0, known: i%5 > 1}
		}
		want := shelfRows().Record(rows)
		got := shelfBlocks().RecordOfBlocks(memory, n, func(from, rowsOfBlock int, into *shelfBlock) { *into = blockOf(rows[from : from+rowsOfBlock]) })
		if !got.Schema().Equal(want.Schema()) || !array.RecordEqual(got, want) {
			t.Errorf("%d rows: got %v, want %v", n, got, want)
		}
		for i, column := range got.Columns() {
			if column.NullN() != want.Column(i).NullN() {
				t.Errorf("%d rows: %s has %d nulls, want %d", n, got.ColumnName(i), column.NullN(), want.Column(i).NullN())
			}
		}
		got.Release()
		want.Release()
	}
}

// NaN and infinity never reach a table from a block either, but beneath a null.
func TestNaNAndInfinityOfABlockPanicUnlessNull(t *testing.T) {
	for _, c := range []struct {
		column int
		known  bool
		panics bool
	}{{4, true, true}, {5, true, true}, {5, false, false}} {
		d := shelfBlocks()
		d.Columns = d.Columns[c.column : c.column+1]
		for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			func() {
				defer func() {
					if (recover() != nil) != c.panics {
						t.Errorf("%s: %v, known %v: panics is not %v", d.Columns[0].Name, v, c.known, c.panics)
					}
				}()
				d.RecordOfBlocks(new(table.Memory), 1, func(_, _ int, into *shelfBlock) { *into = blockOf([]shelf{{rate: v, known: c.known}}) }).Release()
			}()
		}
	}
}
