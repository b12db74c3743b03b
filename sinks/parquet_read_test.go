package sinks

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// mixed is a row of extreme and common values. null says of which columns
// the value is null.
type mixed struct {
	integer, money, instant int64
	day                     int32
	number                  float64
	flag                    bool
	text, word, name        string
	null                    bool
}

var (
	integers = []int64{math.MinInt64, -1, 0, 1, math.MaxInt64}
	amounts  = []int64{-maxMoney, -1, 0, 1, maxMoney}
	days     = []int32{math.MinInt32, -1, 0, 1, math.MaxInt32}
	floats   = []float64{-math.MaxFloat64, -0.5, math.Copysign(0, -1), 0, math.SmallestNonzeroFloat64, math.MaxFloat64}
	texts    = []string{"", "a", "\x00", "é", "日本", "\U0010ffff", strings.Repeat("z", 15), strings.Repeat("z", 16), strings.Repeat("z", 17), strings.Repeat("é", indexBytes)}
)

// randomRows returns rows in which values change their nature from page to
// page: common, extreme, sorted, all null, none null, all equal.
func randomRows(n int) []mixed {
	r := rand.New(rand.NewPCG(3, 4))
	rows := make([]mixed, n)
	for i := range rows {
		rows[i] = commonRow(r, i)
		switch page := i / pageRows % 5; {
		case page == 1:
			rows[i] = extremeRow(r, i)
		case page == 2:
			rows[i].null = true
		case page == 3:
			rows[i] = mixed{word: "same", name: fmt.Sprint(i)}
		default:
			rows[i].null = r.IntN(3) == 0
		}
	}
	return rows
}

func commonRow(r *rand.Rand, i int) mixed {
	return mixed{
		integer: int64(i), money: r.Int64N(2_000_000) - 1_000_000, instant: r.Int64N(1 << 50), day: r.Int32N(20_000), number: r.NormFloat64(), flag: r.IntN(2) == 0,
		text: fmt.Sprintf("text %d", r.IntN(100)), word: fmt.Sprintf("word %d", r.IntN(9)), name: fmt.Sprintf("name-%x", r.Uint64()),
	}
}

func extremeRow(r *rand.Rand, i int) mixed {
	m := mixed{
		integer: pick(r, integers), money: pick(r, amounts), instant: pick(r, integers), day: pick(r, days), number: pick(r, floats), flag: true,
		text: pick(r, texts[:9]), word: pick(r, texts[:9]), name: pick(r, texts[:9]),
	}
	if i%5000 == 0 {
		m.text, m.name = texts[9], texts[9]
	}
	return m
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// mixedTable declares each kind of column with and without nulls.
func mixedTable() table.Definition[mixed] {
	return table.Definition[mixed]{Name: "mixed", Doc: "rows of all kinds", Key: []string{"name"}, Columns: []table.Field[mixed]{
		table.Texts("name", "the key", func(r *mixed) string { return r.name }),
		table.Integers("integer", "", func(r *mixed) int64 { return r.integer }),
		table.NullIntegers("null_integer", "", "", func(r *mixed) (int64, bool) { return r.integer, !r.null }),
		table.NullAmounts("null_money", "", "", func(r *mixed) (int64, bool) { return r.money, !r.null }),
		table.NullTimes("null_instant", "", "", func(r *mixed) (int64, bool) { return r.instant, !r.null }),
		table.Dates("day", "", func(r *mixed) int32 { return r.day }),
		table.NullDates("null_day", "", "", func(r *mixed) (int32, bool) { return r.day, !r.null }),
		table.Numbers("number", "", func(r *mixed) float64 { return r.number }),
		table.NullNumbers("null_number", "", "", func(r *mixed) (float64, bool) { return r.number, !r.null }),
		table.Flags("flag", "", func(r *mixed) bool { return r.flag }),
		table.Texts("word", "", func(r *mixed) string { return r.word }),
		table.NullTexts("null_text", "", "", func(r *mixed) (string, bool) { return r.text, !r.null }),
		table.NullTexts("null_name", "", "", func(r *mixed) (string, bool) { return r.name, !r.null }),
		table.NullTexts("nothing", "", "", func(r *mixed) (string, bool) { return "", false }),
		table.NullIntegers("no_integer", "", "", func(r *mixed) (int64, bool) { return 0, false }),
	}}
}

// inSlices delivers a record in slices of random lengths, as no batch of ours
// comes: with an offset into its buffers.
func inSlices(r arrow.Record) func() (arrow.Record, error) {
	random, from := rand.New(rand.NewPCG(5, 6)), int64(0)
	return func() (arrow.Record, error) {
		if from == r.NumRows() {
			return nil, io.EOF
		}
		to := min(from+random.Int64N(50_000), r.NumRows())
		slice := r.NewSlice(from, to)
		from = to
		return slice, nil
	}
}

// The expected values are those of the record that was written, as Arrow
// gives them.
func TestValuesAndStatisticsAreThoseOfTheRows(t *testing.T) {
	t.Parallel()
	rows := randomRows(5*pageRows + 77)
	// Only nine of the largest amounts fit a sum: they take turns.
	sign := int64(1)
	for i := range rows {
		if rows[i].money == maxMoney || rows[i].money == -maxMoney {
			rows[i].money, sign = maxMoney*sign, -sign
		}
	}
	d := mixedTable()
	record := d.Record(rows)
	defer record.Release()
	path := filepath.Join(t.TempDir(), "mixed.parquet")
	receipt, err := WriteParquetFile(t.Context(), path, d.Schema(), 3, inSlices(record))
	if err != nil {
		t.Fatal(err)
	}
	wantSum(t, receipt, rows)
	f, info := opened(t, path)
	p, err := parquet.OpenFile(f, info)
	if err != nil {
		t.Fatal(err)
	}
	first := 0
	for g, group := range p.RowGroups() {
		for i, chunk := range group.ColumnChunks() {
			got, want := valuesOf(t, chunk), wanted(d.Schema().Columns[i], record.Column(i), first, int(group.NumRows()))
			name := fmt.Sprintf("row group %d, column %s", g, d.Schema().Columns[i].Name)
			if len(got) != len(want) {
				t.Fatalf("%s: %d values, want %d", name, len(got), len(want))
			}
			for row := range want {
				if got[row].Kind() != want[row].Kind() || !bytes.Equal(got[row].Bytes(), want[row].Bytes()) {
					t.Fatalf("%s, row %d: got %v, want %v", name, row, got[row], want[row])
				}
			}
			at := g*len(d.Columns) + i
			wantIndex(t, name, p, at, chunk.Type(), want)
			wantStatistics(t, name, p.Metadata().RowGroups[g].Columns[i].MetaData, chunk.Type(), want)
		}
		first += int(group.NumRows())
	}
	if first != len(rows) {
		t.Errorf("%d rows, want %d", first, len(rows))
	}
}

func wantSum(t *testing.T, r pipeline.Receipt, rows []mixed) {
	t.Helper()
	want := int64(0)
	for _, row := range rows {
		if !row.null {
			want += row.money
		}
	}
	if r.Sums["null_money"] != want || r.Rows != int64(len(rows)) {
		t.Errorf("receipt of %d rows with the sum %d, want %d and %d", r.Rows, r.Sums["null_money"], len(rows), want)
	}
}

func opened(t *testing.T, path string) (*os.File, int64) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return f, info.Size()
}

// valuesOf reads all values of a column of a row group.
func valuesOf(t *testing.T, c parquet.ColumnChunk) []parquet.Value {
	t.Helper()
	pages := c.Pages()
	defer pages.Close()
	var values []parquet.Value
	for {
		page, err := pages.ReadPage()
		if err == io.EOF {
			return values
		}
		if err != nil {
			t.Fatal(err)
		}
		own := make([]parquet.Value, page.NumValues())
		if n, err := page.Values().ReadValues(own); n != len(own) {
			t.Fatalf("%d of %d values of a page: %v", n, len(own), err)
		}
		for i := range own {
			own[i] = own[i].Clone()
		}
		values = append(values, own...)
		parquet.Release(page)
	}
}

// wanted returns rows of an array as Parquet's values.
func wanted(c table.Column, a arrow.Array, first, rows int) []parquet.Value {
	values := make([]parquet.Value, rows)
	for i := range values {
		if a.IsNull(first + i) {
			values[i] = parquet.NullValue()
			continue
		}
		value := a.ValueStr(first + i)
		data := a.Data()
		switch c.Kind {
		case table.Text:
			values[i] = parquet.ByteArrayValue([]byte(value))
		case table.Date:
			values[i] = parquet.Int32Value(arrow.GetValues[int32](data, 1)[first+i])
		case table.Number:
			values[i] = parquet.DoubleValue(arrow.GetValues[float64](data, 1)[first+i])
		case table.Flag:
			values[i] = parquet.BooleanValue(value == "true")
		default:
			values[i] = parquet.Int64Value(arrow.GetValues[int64](data, 1)[first+i])
		}
	}
	return values
}

// extent returns the least and the greatest of values, null where all are.
func extent(k parquet.Type, values []parquet.Value) (low, high parquet.Value, nulls int64) {
	for _, v := range values {
		switch {
		case v.IsNull():
			nulls++
		case low.IsNull():
			low, high = v, v
		default:
			if k.Compare(v, low) < 0 {
				low = v
			}
			if k.Compare(v, high) > 0 {
				high = v
			}
		}
	}
	return low, high, nulls
}

// wantBounds compares bounds with the values they are of. Those of texts
// longer than indexBytes are cut, and of zeros the outer one is wanted.
func wantBounds(t *testing.T, name string, k parquet.Type, gotLow, gotHigh []byte, low, high parquet.Value) {
	t.Helper()
	wantLow, wantHigh := low.Bytes(), high.Bytes()
	if k.Kind() == parquet.Double && low.Double() == 0 {
		wantLow = parquet.DoubleValue(math.Copysign(0, -1)).Bytes()
	}
	if k.Kind() == parquet.Double && high.Double() == 0 {
		wantHigh = parquet.DoubleValue(0).Bytes()
	}
	if len(wantLow) > indexBytes {
		if bytes.Compare(gotLow, wantLow) > 0 || len(gotLow) > indexBytes {
			t.Errorf("%s: the lower bound of %d bytes is above the values", name, len(gotLow))
		}
	} else if !bytes.Equal(gotLow, wantLow) {
		t.Errorf("%s: the lower bound is %x, want %x", name, gotLow, wantLow)
	}
	if len(wantHigh) > indexBytes {
		if bytes.Compare(gotHigh, wantHigh) < 0 || len(gotHigh) > indexBytes+4 {
			t.Errorf("%s: the upper bound of %d bytes is below the values", name, len(gotHigh))
		}
	} else if !bytes.Equal(gotHigh, wantHigh) {
		t.Errorf("%s: the upper bound is %x, want %x", name, gotHigh, wantHigh)
	}
}

func wantStatistics(t *testing.T, name string, m format.ColumnMetaData, k parquet.Type, values []parquet.Value) {
	t.Helper()
	low, high, nulls := extent(k, values)
	if m.Statistics.NullCount != nulls {
		t.Errorf("%s: %d nulls, want %d", name, m.Statistics.NullCount, nulls)
	}
	if low.IsNull() {
		if m.Statistics.MinValue != nil || m.Statistics.MaxValue != nil {
			t.Errorf("%s: bounds %x and %x of nulls", name, m.Statistics.MinValue, m.Statistics.MaxValue)
		}
		return
	}
	wantBounds(t, name, k, m.Statistics.MinValue, m.Statistics.MaxValue, low, high)
}

// wantIndex compares the page index of a column with its values, page by page.
func wantIndex(t *testing.T, name string, p *parquet.File, at int, k parquet.Type, values []parquet.Value) {
	t.Helper()
	index, offsets := p.ColumnIndexes()[at], p.OffsetIndexes()[at]
	var lows, highs []parquet.Value
	for i, page := range offsets.PageLocations {
		to := len(values)
		if i+1 < len(offsets.PageLocations) {
			to = int(offsets.PageLocations[i+1].FirstRowIndex)
		}
		low, high, nulls := extent(k, values[page.FirstRowIndex:to])
		if index.NullCounts[i] != nulls || index.NullPages[i] != low.IsNull() {
			t.Errorf("%s, page %d: %d nulls, all null %v, want %d of %d", name, i, index.NullCounts[i], index.NullPages[i], nulls, to-int(page.FirstRowIndex))
		}
		if low.IsNull() {
			continue
		}
		wantBounds(t, fmt.Sprintf("%s, page %d", name, i), k, index.MinValues[i], index.MaxValues[i], low, high)
		lows, highs = append(lows, low), append(highs, high)
	}
	rises := slices.IsSortedFunc(lows, k.Compare) && slices.IsSortedFunc(highs, k.Compare)
	down := func(a, b parquet.Value) int { return k.Compare(b, a) }
	falls := slices.IsSortedFunc(lows, down) && slices.IsSortedFunc(highs, down)
	want := format.Unordered
	if falls {
		want = format.Descending
	}
	if rises {
		want = format.Ascending
	}
	if index.BoundaryOrder != want {
		t.Errorf("%s: bounds are %s, want %s", name, index.BoundaryOrder, want)
	}
}

// The encodings of a row group follow from its rows: a dictionary where texts
// repeat, none where there are more than dictionaryValues or too many bytes.
func TestTextsThatRepeatHaveADictionary(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		distinct int
		length   int
		want     format.Encoding
	}{
		{"few", 7, 4, format.RLEDictionary},
		{"as many as may be", dictionaryValues, 4, format.RLEDictionary},
		{"one more", dictionaryValues + 1, 4, format.DeltaLengthByteArray},
		{"few but long", 1 + dictionaryBytes/1024, 1024, format.DeltaLengthByteArray},
	} {
		d := table.Definition[int]{Name: "texts", Columns: []table.Field[int]{
			table.Texts("text", "", func(i *int) string { return fmt.Sprintf("%0*d", c.length, *i%c.distinct) }),
		}}
		rows := make([]int, 2*dictionaryValues)
		for i := range rows {
			rows[i] = i
		}
		record := d.Record(rows)
		path := filepath.Join(t.TempDir(), "texts.parquet")
		if _, err := WriteParquetFile(t.Context(), path, d.Schema(), 1, once(record)); err != nil {
			t.Fatal(err)
		}
		f, size := opened(t, path)
		p, err := parquet.OpenFile(f, size)
		if err != nil {
			t.Fatal(err)
		}
		m := p.Metadata().RowGroups[0].Columns[0].MetaData
		if got := m.EncodingStats[len(m.EncodingStats)-1].Encoding; got != c.want {
			t.Errorf("%s: texts are %s, want %s", c.name, got, c.want)
		}
		values := valuesOf(t, p.RowGroups()[0].ColumnChunks()[0])
		for i, v := range values {
			if want := fmt.Sprintf("%0*d", c.length, i%c.distinct); string(v.ByteArray()) != want {
				t.Fatalf("%s: row %d is read as %.20s, want %.20s", c.name, i, v.ByteArray(), want)
			}
		}
	}
}

// Numbers get a dictionary where each comes dictionaryRepeats times on average,
// and there are at most dictionaryValues. What does not repeat and fills its
// bits is not compressed; small integers in eight bytes are.
func TestNumbersThatRepeatHaveADictionaryAndOnlyWhatShrinksIsCompressed(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]float64, dictionaryRepeats*(dictionaryValues+1))
	for i := range noise {
		noise[i] = random.NormFloat64()
	}
	few := func(rows, distinct int) []float64 {
		values := make([]float64, rows)
		for i := range values {
			values[i] = noise[i%distinct]
		}
		return values
	}
	counts := make([]float64, len(noise))
	for i := range counts {
		counts[i] = float64(i)
	}
	for _, c := range []struct {
		name     string
		values   []float64
		want     format.Encoding
		isStored bool // the pages take about as many bytes as the values
	}{
		{"seldom enough", few(dictionaryRepeats*100, 100), format.RLEDictionary, false},
		{"too often another", few(dictionaryRepeats*101-1, 101), format.Plain, false},
		{"as many as may be", few(len(noise), dictionaryValues), format.RLEDictionary, false},
		{"one more", few(len(noise), dictionaryValues+1), format.Plain, true},
		{"noise", noise, format.Plain, true},
		{"whole numbers after noise", slices.Concat(noise[:pageRows], counts), format.Plain, false},
		{"whole numbers", counts, format.Plain, false},
	} {
		d := table.Definition[float64]{Name: "numbers", Columns: []table.Field[float64]{
			table.Numbers("number", "", func(v *float64) float64 { return *v }),
		}}
		path := filepath.Join(t.TempDir(), "numbers.parquet")
		if _, err := WriteParquetFile(t.Context(), path, d.Schema(), 1, once(d.Record(c.values))); err != nil {
			t.Fatal(err)
		}
		f, size := opened(t, path)
		p, err := parquet.OpenFile(f, size)
		if err != nil {
			t.Fatal(err)
		}
		m := p.Metadata().RowGroups[0].Columns[0].MetaData
		if got := m.EncodingStats[len(m.EncodingStats)-1].Encoding; got != c.want || m.Codec != format.Zstd || (m.TotalCompressedSize > m.TotalUncompressedSize) != c.isStored {
			t.Errorf("%s: numbers are %s and %s, %d bytes for %d; want %s, stored: %v", c.name, got, m.Codec, m.TotalCompressedSize, m.TotalUncompressedSize, c.want, c.isStored)
		}
		for i, v := range valuesOf(t, p.RowGroups()[0].ColumnChunks()[0]) {
			if v.Double() != c.values[i] {
				t.Fatalf("%s: row %d is read as %v, want %v", c.name, i, v.Double(), c.values[i])
			}
		}
	}
}

// A cut upper bound is above every text that begins like it. The wanted ones
// are by hand, from the order of code points.
func TestTheTextAfterAllThatBeginAlike(t *testing.T) {
	for text, want := range map[string]string{"a": "b", "az": "a{", "\u007f": "\u0080", "\ud7ff": "\ue000", "a\U0010ffff": "b", "é\U0010ffff\U0010ffff": "ê"} {
		if got := string(following([]byte(text))); got != want || cmp.Compare(got, text+"\U0010ffff\U0010ffff") <= 0 {
			t.Errorf("after %q comes %q, want %q", text, got, want)
		}
	}
	if got := following([]byte("\U0010ffff")); got != nil {
		t.Errorf("after the last character comes %q, want nothing", got)
	}
}
