package sources

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/conformance"
)

// none is a null in a test row.
var none = parquet.NullValue()

// parquetBytes writes a file of flat columns. Parquet-go orders a group's
// columns by name; a row's values stand in that order. A new row group begins
// every so many rows.
func parquetBytes(t testing.TB, columns parquet.Group, rows [][]parquet.Value, perGroup int, options ...parquet.WriterOption) []byte {
	t.Helper()
	var out bytes.Buffer
	schema := parquet.NewSchema("t", columns)
	w := parquet.NewWriter(&out, append([]parquet.WriterOption{schema}, options...)...)
	for i, row := range rows {
		var levelled parquet.Row
		for j, v := range row {
			level := 0
			if schema.Fields()[j].Optional() && !v.IsNull() {
				level = 1
			}
			levelled = append(levelled, v.Level(0, level, j))
		}
		if _, err := w.WriteRows([]parquet.Row{levelled}); err != nil {
			t.Fatal(err)
		}
		if (i+1)%perGroup == 0 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func parquetOf(t testing.TB, content []byte) pipeline.Source {
	t.Helper()
	dir := write(t, map[string]string{"t.parquet": string(content)})
	source, err := NewParquet(Parquet{Paths: []string{filepath.Join(dir, "t.parquet")}})
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func TestParquetConformance(t *testing.T) {
	dictionary := func(n parquet.Node) parquet.Node { return parquet.Encoded(n, &parquet.RLEDictionary) }
	delta := func(n parquet.Node) parquet.Node { return parquet.Encoded(n, &parquet.DeltaByteArray) }
	plain := func(n parquet.Node) parquet.Node { return parquet.Encoded(n, &parquet.Plain) }
	pages := parquet.PageBufferSize(100) // a few rows each, so that pages of different columns do not line up
	for _, test := range []struct {
		name    string
		encode  func(parquet.Node) parquet.Node
		options []parquet.WriterOption
	}{
		{"plain, data page v1", plain, []parquet.WriterOption{pages, parquet.DataPageVersion(1)}},
		{"plain, data page v2, zstd", plain, []parquet.WriterOption{pages, parquet.Compression(&parquet.Zstd)}},
		{"dictionary, data page v1, snappy", dictionary, []parquet.WriterOption{pages, parquet.DataPageVersion(1), parquet.Compression(&parquet.Snappy)}},
		{"dictionary, data page v2, gzip", dictionary, []parquet.WriterOption{pages, parquet.Compression(&parquet.Gzip)}},
		{"dictionary, then plain", dictionary, []parquet.WriterOption{pages, parquet.DictionaryMaxBytes(200)}},
		{"delta", delta, []parquet.WriterOption{pages}},
		{"one large page", plain, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			columns := parquet.Group{
				"id":   test.encode(parquet.String()),
				"name": test.encode(parquet.Optional(parquet.String())),
				"note": test.encode(parquet.Optional(parquet.String())),
			}
			conformance.Source(t, func(t *testing.T, rows conformance.Rows) pipeline.Source {
				files := make(map[string]string)
				for i, part := range rows.Parts {
					files[fmt.Sprintf("%02d.parquet", i)] = string(parquetBytes(t, columns, textValues(part), 90, test.options...))
				}
				source, err := NewParquet(Parquet{Paths: []string{filepath.Join(write(t, files), "*.parquet")}})
				if err != nil {
					t.Fatal(err)
				}
				return source
			})
		})
	}
}

func textValues(rows [][]conformance.Cell) [][]parquet.Value {
	values := make([][]parquet.Value, len(rows))
	for i, row := range rows {
		for _, cell := range row {
			v := none
			if cell != nil {
				v = parquet.ByteArrayValue([]byte(*cell))
			}
			values[i] = append(values[i], v)
		}
	}
	return values
}

func TestParquetFallsBackFromDictionaryInTheMiddleOfAColumn(t *testing.T) {
	// Guards the case of the conformance test: the writer must really have
	// written both kinds of pages into one column chunk.
	var rows [][]parquet.Value
	for i := range 300 {
		rows = append(rows, []parquet.Value{parquet.ByteArrayValue([]byte(fmt.Sprintf("row-%04d", i)))})
	}
	content := parquetBytes(t, parquet.Group{"a": parquet.Encoded(parquet.String(), &parquet.RLEDictionary)}, rows, 1000,
		parquet.PageBufferSize(100), parquet.DictionaryMaxBytes(200))
	file, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	indexed, direct := 0, 0
	pages := file.RowGroups()[0].ColumnChunks()[0].Pages()
	defer pages.Close()
	for {
		page, err := pages.ReadPage()
		if err != nil {
			break
		}
		if page.Dictionary() != nil {
			indexed++
		} else {
			direct++
		}
	}
	if indexed == 0 || direct == 0 {
		t.Errorf("got %d pages with and %d without a dictionary, want some of each", indexed, direct)
	}
}

// wide is the 16-byte form of a small number, for decimals.
func wide(n int, v int64) []byte {
	b := bytes.Repeat([]byte{byte(v >> 63)}, n)
	for i := 0; i < n && i < 8; i++ {
		b[n-1-i] = byte(v >> (8 * i))
	}
	return b
}

func julian(day uint32, nanos uint64) parquet.Value {
	return parquet.Int96Value(deprecated.Int96{uint32(nanos), uint32(nanos >> 32), day})
}

// TestParquetTypes has one column each. Expected texts are the values as Arrow
// prints them, worked out by hand from the stored number.
func TestParquetTypes(t *testing.T) {
	uuid := []byte{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
	second := int64(1_000_000_000) // 2001-09-09 01:46:40 UTC
	i32, i64, flba, ba := parquet.Int32Value, parquet.Int64Value, parquet.FixedLenByteArrayValue, parquet.ByteArrayValue
	for _, test := range []struct {
		name   string
		node   parquet.Node
		values []parquet.Value
		arrow  string
		want   string
	}{
		{"INT32", parquet.Leaf(parquet.Int32Type), []parquet.Value{i32(-5), i32(math.MaxInt32)}, "int64", "-5 2147483647"},
		{"INT_8", parquet.Int(8), []parquet.Value{i32(-128), i32(127)}, "int64", "-128 127"},
		{"UINT_8", parquet.Uint(8), []parquet.Value{i32(255)}, "int64", "255"},
		{"UINT_32", parquet.Uint(32), []parquet.Value{i32(-1), i32(7)}, "int64", "4294967295 7"},
		{"INT64", parquet.Leaf(parquet.Int64Type), []parquet.Value{i64(math.MinInt64), i64(3)}, "int64", "-9223372036854775808 3"},
		{"UINT_64", parquet.Uint(64), []parquet.Value{i64(math.MaxInt64)}, "int64", "9223372036854775807"},
		{"FLOAT", parquet.Leaf(parquet.FloatType), []parquet.Value{parquet.FloatValue(1.5)}, "float64", "1.5"},
		{"DOUBLE", parquet.Leaf(parquet.DoubleType), []parquet.Value{parquet.DoubleValue(-0.25), parquet.DoubleValue(2)}, "float64", "-0.25 2"},
		{"DATE", parquet.Date(), []parquet.Value{i32(-1), i32(365)}, "date32", "1969-12-31 1971-01-01"},
		{"TIMESTAMP ms UTC", parquet.Timestamp(parquet.Millisecond), []parquet.Value{i64(second*1000 + 7)}, "timestamp[us, tz=UTC]", "2001-09-09 01:46:40.007Z"},
		{"TIMESTAMP us UTC", parquet.Timestamp(parquet.Microsecond), []parquet.Value{i64(second*1e6 + 7)}, "timestamp[us, tz=UTC]", "2001-09-09 01:46:40.000007Z"},
		{"TIMESTAMP ns UTC, rounded down", parquet.Timestamp(parquet.Nanosecond), []parquet.Value{i64(second*1e9 + 7999), i64(-1)}, "timestamp[us, tz=UTC]", "2001-09-09 01:46:40.000007Z 1969-12-31 23:59:59.999999Z"},
		{"TIMESTAMP us civil", parquet.TimestampAdjusted(parquet.Microsecond, false), []parquet.Value{i64(second * 1e6)}, "timestamp[us]", "2001-09-09 01:46:40Z"},
		{"TIMESTAMP ms civil", parquet.TimestampAdjusted(parquet.Millisecond, false), []parquet.Value{i64(-1)}, "timestamp[us]", "1969-12-31 23:59:59.999Z"},
		{"INT96", parquet.Leaf(parquet.Int96Type), []parquet.Value{julian(2440588, 3_600_000_001_999), julian(2440587, 0)}, "timestamp[us, tz=UTC]", "1970-01-01 01:00:00.000001Z 1969-12-31 00:00:00Z"},
		{"DECIMAL on INT32", parquet.Decimal(2, 9, parquet.Int32Type), []parquet.Value{i32(-12345), i32(5)}, "decimal(9, 2)", "-123.45 0.05"},
		{"DECIMAL on INT64", parquet.Decimal(4, 18, parquet.Int64Type), []parquet.Value{i64(-10001), i64(20000)}, "decimal(18, 4)", "-1.0001 2.0000"},
		{"DECIMAL on 16 bytes", parquet.Decimal(9, 38, parquet.FixedLenByteArrayType(16)), []parquet.Value{flba(wide(16, -1)), flba(wide(16, 1500000000))}, "decimal(38, 9)", "-0.000000001 1.500000000"},
		{"DECIMAL on 5 bytes", parquet.Decimal(2, 10, parquet.FixedLenByteArrayType(5)), []parquet.Value{flba(wide(5, -12345)), flba(wide(5, 12345))}, "decimal(10, 2)", "-123.45 123.45"},
		{"DECIMAL on 20 bytes", parquet.Decimal(2, 38, parquet.FixedLenByteArrayType(20)), []parquet.Value{flba(wide(20, -12345))}, "decimal(38, 2)", "-123.45"},
		{"DECIMAL on BYTE_ARRAY", parquet.Decimal(2, 20, parquet.ByteArrayType), []parquet.Value{ba([]byte{0xff}), ba([]byte{0x30, 0x39})}, "decimal(20, 2)", "-0.01 123.45"},
		{"STRING", parquet.String(), []parquet.Value{ba([]byte("é")), ba(nil)}, "utf8", "é "},
		{"ENUM", parquet.Enum(), []parquet.Value{ba([]byte("A"))}, "utf8", "A"},
		{"JSON", parquet.JSON(), []parquet.Value{ba([]byte("{}"))}, "utf8", "{}"},
		{"BYTE_ARRAY", parquet.Leaf(parquet.ByteArrayType), []parquet.Value{ba([]byte("x"))}, "utf8", "x"},
		{"UUID", parquet.UUID(), []parquet.Value{flba(uuid)}, "utf8", "00112233-4455-6677-8899-aabbccddeeff"},
		{"FIXED_LEN_BYTE_ARRAY", parquet.Leaf(parquet.FixedLenByteArrayType(3)), []parquet.Value{flba([]byte{0, 0xab, 0x1f})}, "utf8", "00ab1f"},
		{"BOOLEAN", parquet.Leaf(parquet.BooleanType), []parquet.Value{parquet.BooleanValue(true), parquet.BooleanValue(false)}, "bool", "true false"},
	} {
		for _, optional := range []bool{false, true} {
			for _, dictionary := range []bool{false, true} {
				node, values, want := test.node, test.values, test.want
				if optional {
					node = parquet.Optional(node)
					values = append(append([]parquet.Value{none}, values...), none)
					want = "null " + want + " null"
				}
				if dictionary && test.name != "BOOLEAN" {
					node = parquet.Encoded(node, &parquet.RLEDictionary)
				}
				var rows [][]parquet.Value
				for _, v := range values {
					rows = append(rows, []parquet.Value{v})
				}
				got, err := read(parquetOf(t, parquetBytes(t, parquet.Group{"a": node}, rows, 2)), 0)
				if err != nil {
					t.Errorf("%s, optional %t, dictionary %t: %v", test.name, optional, dictionary, err)
					continue
				}
				if text := strings.ReplaceAll(lines(got.rows), "\n", " "); text != want {
					t.Errorf("%s, optional %t, dictionary %t: got %q, want %q", test.name, optional, dictionary, text, want)
				}
				if got.types[0] != test.arrow {
					t.Errorf("%s: got type %s, want %s", test.name, got.types[0], test.arrow)
				}
			}
		}
	}
}

func TestParquetValuesWithoutACounterpart(t *testing.T) {
	filler := parquet.Int64Value(1)
	bad := parquet.ByteArrayValue([]byte("a\xff"))
	good := parquet.ByteArrayValue([]byte("good"))
	for _, test := range []struct {
		name   string
		node   parquet.Node
		values []parquet.Value
		pieces []string
	}{
		{"UINT_64 above 2^63-1", parquet.Uint(64), []parquet.Value{filler, filler, filler, parquet.Int64Value(-1)}, []string{"row group 1, row 4", `column "a": an unsigned integer is above 2^63-1`}},
		{"TIMESTAMP ms beyond us", parquet.Timestamp(parquet.Millisecond), []parquet.Value{filler, parquet.Int64Value(math.MaxInt64)}, []string{"row group 0, row 2", "beyond the range"}},
		{"INT96 beyond us", parquet.Leaf(parquet.Int96Type), []parquet.Value{julian(math.MaxUint32, 0)}, []string{"row group 0, row 1", "beyond the range"}},
		{"INT96 beyond a day", parquet.Leaf(parquet.Int96Type), []parquet.Value{julian(2440588, 86_400_000_000_000)}, []string{"row group 0, row 1", "within a day"}},
		{"text that is not UTF-8", parquet.String(), []parquet.Value{good, good, bad}, []string{"row group 1, row 3", "the text is not UTF-8"}},
		{"text that is not UTF-8, after nulls", parquet.Optional(parquet.String()), []parquet.Value{good, none, none, bad}, []string{"row group 1, row 4", "the text is not UTF-8"}},
		{"a character cut in two", parquet.String(), []parquet.Value{parquet.ByteArrayValue([]byte("\xc3")), parquet.ByteArrayValue([]byte("\xa9"))}, []string{"row group 0, row 1", "the text is not UTF-8"}},
		{"text that is not UTF-8, in a dictionary", parquet.Encoded(parquet.String(), &parquet.RLEDictionary), []parquet.Value{good, good, bad}, []string{"t.parquet: row group 1: ", "in the dictionary, the text is not UTF-8"}},
		{"DECIMAL beyond 128 bits", parquet.Decimal(0, 38, parquet.FixedLenByteArrayType(17)), []parquet.Value{parquet.FixedLenByteArrayValue(append([]byte{1}, make([]byte, 16)...))}, []string{"row group 0, row 1", "does not fit 128 bits"}},
	} {
		var rows [][]parquet.Value
		for _, v := range test.values {
			rows = append(rows, []parquet.Value{v})
		}
		_, err := read(parquetOf(t, parquetBytes(t, parquet.Group{"a": test.node}, rows, 2)), 0)
		t.Run(test.name, func(t *testing.T) { wantError(t, err, pipeline.ClassSource, test.pieces...) })
	}
}

func TestParquetOffersFlatColumnsOnly(t *testing.T) {
	content := parquetBytes(t, parquet.Group{
		"bson": parquet.BSON(), "flat": parquet.Int(64), "group": parquet.Group{"inner": parquet.Int(64)},
		"interval": parquet.IntervalNode(), "list": parquet.Repeated(parquet.Int(64)), "time": parquet.Time(parquet.Microsecond),
		"wide": parquet.Decimal(2, 76, parquet.FixedLenByteArrayType(32)),
	}, nil, 1)
	d, err := parquetOf(t, content).Describe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if n := d.Columns.NumFields(); n != 1 || d.Columns.Field(0).Name != "flat" {
		t.Errorf("got %v, want the column flat alone", d.Columns)
	}
}

// threeGroups is a valid file of 7 rows in row groups of 3, 3 and 1.
func threeGroups(t testing.TB, options ...parquet.WriterOption) []byte {
	t.Helper()
	var rows [][]parquet.Value
	for i := range 7 {
		name := none
		if i%2 == 0 {
			name = parquet.ByteArrayValue([]byte(fmt.Sprintf("name %d", i%3)))
		}
		rows = append(rows, []parquet.Value{parquet.Int64Value(int64(i)), name, parquet.DoubleValue(float64(i) / 2), parquet.Int32Value(int32(i))})
	}
	return parquetBytes(t, parquet.Group{
		"a": parquet.Int(64), "b": parquet.Encoded(parquet.Optional(parquet.String()), &parquet.RLEDictionary),
		"c": parquet.Leaf(parquet.DoubleType), "d": parquet.Decimal(2, 9, parquet.Int32Type),
	}, rows, 3, options...)
}

func TestParquetDescriptionIsExactAndRowsAreNumberedThroughTheFile(t *testing.T) {
	content := threeGroups(t)
	source := parquetOf(t, content)
	d, err := source.Describe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if d.Rows != 7 || d.Bytes != int64(len(content)) {
		t.Errorf("got %d rows and %d bytes, want 7 and %d", d.Rows, d.Bytes, len(content))
	}
	got, err := read(source, 2)
	if err != nil {
		t.Fatal(err)
	}
	if want := "t.parquet:1 t.parquet:3 t.parquet:4 t.parquet:6 t.parquet:7"; strings.Join(got.first, " ") != want {
		t.Errorf("first rows of batches: got %v, want %s", got.first, want)
	}
}

func TestParquetFilesMustAgree(t *testing.T) {
	base := parquet.Group{"a": parquet.Int(64), "b": parquet.String()}
	for _, test := range []struct {
		other  parquet.Group
		pieces []string
	}{
		{parquet.Group{"a": parquet.Int(64)}, []string{`2.parquet: there is no column "b", which `, "1.parquet has"}},
		{parquet.Group{"a": parquet.Int(64), "b": parquet.String(), "c": parquet.String()}, []string{`2.parquet: column "c" is not in `}},
		{parquet.Group{"a": parquet.Int(64), "b": parquet.Date()}, []string{`2.parquet: column "b" is date32, and utf8 in `}},
		{parquet.Group{"a": parquet.Decimal(2, 9, parquet.Int32Type), "b": parquet.String()}, []string{`column "a" is decimal(9, 2), and int64`}},
	} {
		dir := write(t, map[string]string{"1.parquet": string(parquetBytes(t, base, nil, 1)), "2.parquet": string(parquetBytes(t, test.other, nil, 1))})
		source, err := NewParquet(Parquet{Paths: []string{dir + "/*.parquet"}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = source.Describe(context.Background())
		wantError(t, err, pipeline.ClassSource, test.pieces...)
	}
}

func TestParquetFilesMayStoreATypeDifferently(t *testing.T) {
	one := parquetBytes(t, parquet.Group{"a": parquet.Int(32)}, [][]parquet.Value{{parquet.Int32Value(1)}}, 1)
	two := parquetBytes(t, parquet.Group{"a": parquet.Optional(parquet.Int(64))}, [][]parquet.Value{{parquet.Int64Value(2)}, {none}}, 5)
	dir := write(t, map[string]string{"1.parquet": string(one), "2.parquet": string(two)})
	source, err := NewParquet(Parquet{Paths: []string{dir + "/*.parquet"}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(source, 0)
	if err != nil {
		t.Fatal(err)
	}
	if want := "1\n2\nnull"; lines(got.rows) != want {
		t.Errorf("got %q, want %q", lines(got.rows), want)
	}
}

func TestParquetFilesThatAreDamaged(t *testing.T) {
	whole := threeGroups(t)
	huge := bytes.Clone(whole)
	binary.LittleEndian.PutUint32(huge[len(huge)-8:], math.MaxUint32)
	for name, test := range map[string]struct {
		content []byte
		piece   string
	}{
		"cut short":    {whole[:len(whole)-9], "cut short"},
		"another kind": {[]byte("a,b,c,d,e\n1,2,3,4,5\n"), "not a Parquet file"},
		"empty":        {nil, "it has 0 bytes"},
		"huge footer":  {huge, "larger than the file"},
		"zeros":        {append(append([]byte("PAR1"), make([]byte, 100)...), whole[len(whole)-8:]...), "t.parquet"},
	} {
		_, err := read(parquetOf(t, test.content), 0)
		t.Run(name, func(t *testing.T) { wantError(t, err, pipeline.ClassSource, test.piece) })
	}
}

// promise changes how many rows the footer says that a row group and the file
// have.
func promise(t *testing.T, content []byte, group int, rows int64) []byte {
	t.Helper()
	file, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	metadata := file.Metadata()
	metadata.NumRows += rows - metadata.RowGroups[group].NumRows
	metadata.RowGroups[group].NumRows = rows
	footer, err := thrift.Marshal(new(thrift.CompactProtocol), metadata)
	if err != nil {
		t.Fatal(err)
	}
	length := binary.LittleEndian.Uint32(content[len(content)-8:])
	out := append(bytes.Clone(content[:len(content)-8-int(length)]), footer...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(footer)))
	return append(out, "PAR1"...)
}

func TestParquetRowGroupsMustKeepTheFootersPromise(t *testing.T) {
	whole := threeGroups(t)
	for _, test := range []struct {
		rows   int64
		pieces []string
	}{
		{4, []string{"row group 1, row 7", `column "a"`, "ends here"}},
		{2, []string{"row group 1", "more values than the footer promises"}},
	} {
		_, err := read(parquetOf(t, promise(t, whole, 1, test.rows)), 0)
		wantError(t, err, pipeline.ClassSource, test.pieces...)
	}
}

func TestParquetFileThatChangesWhileItIsRead(t *testing.T) {
	ctx := context.Background()
	dir := write(t, map[string]string{"t.parquet": string(threeGroups(t))})
	name := filepath.Join(dir, "t.parquet")
	source, err := NewParquet(Parquet{Paths: []string{name}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source.Describe(ctx); err != nil {
		t.Fatal(err)
	}
	other := parquetBytes(t, parquet.Group{"a": parquet.Date()}, [][]parquet.Value{{parquet.Int32Value(1)}}, 1)
	if err := os.WriteFile(name, other, 0o600); err != nil {
		t.Fatal(err)
	}
	readers, err := source.Open(ctx, pipeline.Request{Columns: []string{"a"}, Readers: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = readers[0].Next(ctx)
	wantError(t, err, pipeline.ClassSource, "t.parquet", "has changed while it was read")
}

// FuzzParquetFlippedBytes changes bytes of small valid files. Whatever comes
// of it, reading ends with the promised rows or with an error of the source,
// never with a panic.
func FuzzParquetFlippedBytes(f *testing.F) {
	var files [][]byte
	for _, codec := range []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Zstd} {
		for version := 1; version <= 2; version++ {
			files = append(files, threeGroups(f, parquet.DataPageVersion(version), parquet.Compression(codec)))
		}
	}
	for i := range files {
		f.Add(uint8(i), uint16(20*i), uint16(200), uint8(i), uint8(0x80))
	}
	f.Fuzz(func(t *testing.T, which uint8, at, also uint16, by, alsoBy uint8) {
		content := bytes.Clone(files[int(which)%len(files)])
		content[int(at)%len(content)] ^= by
		content[int(also)%len(content)] ^= alsoBy
		got, err := read(parquetOf(t, content), 0)
		if err != nil {
			if pipeline.ClassOf(err) != pipeline.ClassSource {
				t.Errorf("%v: class %s, want %s", err, pipeline.ClassOf(err), pipeline.ClassSource)
			}
		} else if len(got.rows) > 1<<20 {
			t.Errorf("%d rows", len(got.rows))
		}
	})
}

// TestParquetSurvivesEveryFlippedByte does in a moment what the fuzz test does
// at length.
func TestParquetSurvivesEveryFlippedByte(t *testing.T) {
	for version := 1; version <= 2; version++ {
		whole := threeGroups(t, parquet.DataPageVersion(version), parquet.Compression(&parquet.Zstd))
		for i := range whole {
			content := bytes.Clone(whole)
			content[i] ^= 0xff
			_, err := read(parquetOf(t, content), 0)
			if err != nil && pipeline.ClassOf(err) != pipeline.ClassSource {
				t.Errorf("byte %d: %v: class %s, want %s", i, err, pipeline.ClassOf(err), pipeline.ClassSource)
			}
		}
	}
}

func BenchmarkParquet(b *testing.B) {
	var rows [][]parquet.Value
	for i := range int64(200_000) {
		rows = append(rows, []parquet.Value{
			parquet.ByteArrayValue([]byte(fmt.Sprintf("country %d", i%37))), parquet.Int64Value(i * 7919 % 100_003),
			parquet.Int64Value(i * 1e6), parquet.Int64Value(i * 31 % 10_007),
		})
	}
	content := parquetBytes(b, parquet.Group{
		"a": parquet.Encoded(parquet.String(), &parquet.RLEDictionary), "b": parquet.Int(64),
		"c": parquet.Timestamp(parquet.Microsecond), "d": parquet.Decimal(2, 18, parquet.Int64Type),
	}, rows, 1<<20, parquet.Compression(&parquet.Zstd))
	source := parquetOf(b, content)
	for b.Loop() {
		countRows(b, source, 200_000)
	}
	b.ReportMetric(200_000*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
