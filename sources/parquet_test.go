package sources

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
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
	d, err := source.Describe(context.Background(), "")
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
		_, err = source.Describe(context.Background(), "")
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
	if _, err := source.Describe(ctx, ""); err != nil {
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

// TestParquetSurvivesFlippedBytes does in a moment, for every third byte, what
// the fuzz test does at length.
func TestParquetSurvivesFlippedBytes(t *testing.T) {
	for version := 1; version <= 2; version++ {
		whole := threeGroups(t, parquet.DataPageVersion(version), parquet.Compression(&parquet.Zstd))
		for i := version; i < len(whole); i += 3 {
			content := bytes.Clone(whole)
			content[i] ^= 0xff
			_, err := read(parquetOf(t, content), 0)
			if err != nil && pipeline.ClassOf(err) != pipeline.ClassSource {
				t.Errorf("byte %d: %v: class %s, want %s", i, err, pipeline.ClassOf(err), pipeline.ClassSource)
			}
		}
	}
}

// forms reads the only column and returns, for each batch, its rows and whether
// they have a dictionary, such as "60 coded 40 plain".
func forms(t *testing.T, source pipeline.Source, rows int) string {
	t.Helper()
	ctx := context.Background()
	if _, err := source.Describe(ctx, ""); err != nil {
		t.Fatal(err)
	}
	readers, err := source.Open(ctx, pipeline.Request{Columns: []string{"a"}, Rows: rows, Readers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer readers[0].Close()
	var found []string
	for {
		b, err := readers[0].Next(ctx)
		if err == io.EOF {
			return strings.Join(found, ", ")
		}
		if err != nil {
			t.Fatal(err)
		}
		form := "plain"
		if c, ok := b.Record.Column(0).(*array.Dictionary); ok {
			form = fmt.Sprintf("by %d entries", c.Dictionary().Len())
		}
		found = append(found, fmt.Sprintf("%d %s", b.Record.NumRows(), form))
		b.Record.Release()
	}
}

func TestParquetDictionariesAreDeliveredWhereTheyAreSmall(t *testing.T) {
	column := func(distinct int) pipeline.Source {
		var rows [][]parquet.Value
		for i := range 200 {
			rows = append(rows, []parquet.Value{parquet.ByteArrayValue([]byte(fmt.Sprintf("text %d", i%distinct)))})
		}
		return parquetOf(t, parquetBytes(t, parquet.Group{"a": parquet.Encoded(parquet.String(), &parquet.RLEDictionary)}, rows, 100))
	}
	for _, test := range []struct {
		distinct, rows int
		want           string
	}{
		{50, 0, "100 by 50 entries, 100 by 50 entries"},
		{51, 0, "100 plain, 100 plain"},
		{3, 60, "60 by 3 entries, 40 by 3 entries, 60 by 3 entries, 40 by 3 entries"},
		{30, 59, "59 plain, 41 plain, 59 plain, 41 plain"}, // small against the row group is not enough
	} {
		if got := forms(t, column(test.distinct), test.rows); got != test.want {
			t.Errorf("%d distinct texts, batches of %d: got %s, want %s", test.distinct, test.rows, got, test.want)
		}
	}
}

// TestParquetLongTextsAreWrittenOut: a batch must tell how much text it has, or
// whoever writes its rows out has no measure. A text of 20,000 bytes stands
// 3355.4 times in the 64 MiB after which a batch is cut, so 2000 rows may share
// it and 3400 may not.
func TestParquetLongTextsAreWrittenOut(t *testing.T) {
	long := parquet.ByteArrayValue(bytes.Repeat([]byte("x"), 20_000))
	for _, test := range []struct {
		rows int
		want string
	}{
		{2000, "2000 by 1 entries"},
		{3400, "3356 plain, 44 plain"},
	} {
		rows := make([][]parquet.Value, test.rows)
		for i := range rows {
			rows[i] = []parquet.Value{long}
		}
		content := parquetBytes(t, parquet.Group{"a": parquet.Encoded(parquet.String(), &parquet.RLEDictionary)}, rows, test.rows)
		if got := forms(t, parquetOf(t, content), 0); got != test.want {
			t.Errorf("%d rows: got %s, want %s", test.rows, got, test.want)
		}
	}
}

func TestParquetBatchEndsWhereADictionaryDoes(t *testing.T) {
	var rows [][]parquet.Value
	for i := range 300 { // 30 texts, then each its own
		text := fmt.Sprintf("text %03d", i%30)
		if i >= 120 {
			text = fmt.Sprintf("text %03d", i)
		}
		rows = append(rows, []parquet.Value{parquet.ByteArrayValue([]byte(text))})
	}
	content := parquetBytes(t, parquet.Group{"a": parquet.Encoded(parquet.String(), &parquet.RLEDictionary)}, rows, 300,
		parquet.PageBufferSize(100), parquet.DictionaryMaxBytes(400))
	got := forms(t, parquetOf(t, content), 0)
	var coded, entries, plain int
	if _, err := fmt.Sscanf(got, "%d by %d entries, %d plain", &coded, &entries, &plain); err != nil || coded < 120 || coded+plain != 300 {
		t.Errorf("got batches of %s, want one with a dictionary of at least 120 rows and a plain one of the rest of 300", got)
	}
}

func TestParquetBatchesOfARowGroupShareADictionary(t *testing.T) {
	var rows [][]parquet.Value
	for i := range 40 {
		rows = append(rows, []parquet.Value{parquet.ByteArrayValue([]byte{byte('a' + i%3)})})
	}
	ctx := context.Background()
	source := parquetOf(t, parquetBytes(t, parquet.Group{"a": parquet.Encoded(parquet.String(), &parquet.RLEDictionary)}, rows, 20))
	if _, err := source.Describe(ctx, ""); err != nil {
		t.Fatal(err)
	}
	readers, err := source.Open(ctx, pipeline.Request{Columns: []string{"a"}, Rows: 10, Readers: 1})
	if err != nil {
		t.Fatal(err)
	}
	var dictionaries []arrow.ArrayData
	for range 4 {
		b, err := readers[0].Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Record.Release()
		dictionaries = append(dictionaries, b.Record.Column(0).(*array.Dictionary).Dictionary().Data())
	}
	if d := dictionaries; d[0] != d[1] || d[2] != d[3] || d[0] == d[2] {
		t.Errorf("got dictionaries %p, want one for the first two batches and another for the others", dictionaries)
	}
}
