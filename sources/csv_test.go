package sources

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/conformance"
)

// csvOf is a source of one file of this text.
func csvOf(t testing.TB, o CSV, text string) pipeline.Source {
	t.Helper()
	o.Paths = []string{filepath.Join(write(t, map[string]string{"t.csv": text}), "t.csv")}
	source, err := NewCSV(o)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func TestCSVConformance(t *testing.T) {
	for name, encode := range map[string]func(t testing.TB, text string) string{
		".csv":     func(_ testing.TB, text string) string { return text },
		".csv.gz":  gzipped,
		".csv.zst": zstandard,
	} {
		t.Run(name, func(t *testing.T) {
			conformance.Source(t, func(t *testing.T, rows conformance.Rows) pipeline.Source {
				files := make(map[string]string)
				for i, part := range rows.Parts {
					files[fmt.Sprintf("%02d%s", i, name)] = encode(t, csvText(rows.Columns, part, ",", `"`))
				}
				source, err := NewCSV(CSV{Paths: []string{filepath.Join(write(t, files), "*"+name)}})
				if err != nil {
					t.Fatal(err)
				}
				return source
			})
		})
	}
	t.Run("whitespace", func(t *testing.T) {
		conformance.Source(t, func(t *testing.T, rows conformance.Rows) pipeline.Source {
			files := make(map[string]string)
			for i, part := range rows.Parts {
				files[fmt.Sprintf("%02d.txt", i)] = csvText(rows.Columns, part, "\t", "")
			}
			source, err := NewCSV(CSV{Paths: []string{filepath.Join(write(t, files), "*.txt")}, Delimiter: "whitespace", NullValues: []string{"NA"}})
			if err != nil {
				t.Fatal(err)
			}
			return source
		})
	})
}

// csvText writes rows as text; nulls are empty, or NA where there are no quotes.
func csvText(columns []string, rows [][]conformance.Cell, delimiter, quote string) string {
	var b strings.Builder
	b.WriteString(strings.Join(columns, delimiter) + "\n")
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			switch {
			case cell != nil:
				cells[i] = quote + *cell + quote
			case quote == "":
				cells[i] = "NA"
			}
		}
		b.WriteString(strings.Join(cells, delimiter) + "\n")
	}
	return b.String()
}

func gzipped(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zstandard(t testing.TB, text string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return string(w.EncodeAll([]byte(text), nil))
}

// TestCSVRows has, for each rule, a small file and what it means. A fault is
// shown as its reason and the row as read.
func TestCSVRows(t *testing.T) {
	for _, test := range []struct {
		rule, text, want string
		options          CSV
	}{
		{rule: "plain fields", text: "a,b\n1,2\n3,4\n", want: "1|2\n3|4"},
		{rule: "last line without an end", text: "a,b\n1,2", want: "1|2"},
		{rule: "CRLF", text: "a,b\r\n1,2\r\n3,\"4\"\r\n", want: "1|2\n3|4"},
		{rule: "CR before the end of the file", text: "a,b\n1,2\r", want: "1|2"},
		{rule: "a CR elsewhere is a character", text: "a,b\n1\rx,2\n", want: "1\rx|2"},
		{rule: "byte order mark", text: "\ufeffa,b\n1,2\n", want: "1|2"},
		{rule: "empty lines are skipped", text: "\na,b\n\n1,2\n\r\n\n3,4\n\n", want: "1|2\n3|4"},
		{rule: "quotes", text: "a,b\n\"1\",\"x,y\"\n", want: "1|x,y"},
		{rule: "doubled quotes", text: "a,b\n\"say \"\"hi\"\"\",\"\"\"\"\n", want: "say \"hi\"|\""},
		{rule: "line ends in quotes", text: "a,b\n\"1\n2\r\n3\",x\n4,5\n", want: "1\n2\r\n3|x\n4|5"},
		{rule: "blanks are kept", text: "a,b\n 1 ,\" 2 \"\n", want: " 1 | 2 "},
		{rule: "NUL is a character", text: "a,b\n1\x00,2\n", want: "1\x00|2"},
		{rule: "empty is null, in quotes or not", text: "a,b\n,\"\"\n", want: "null|null"},
		{rule: "other nulls", text: "a,b\nNA,\"-\"\n,x\n", want: "null|null\n|x", options: CSV{NullValues: []string{"NA", "-"}}},
		{rule: "no nulls at all", text: "a,b\n,x\n", want: "|x", options: CSV{NullValues: []string{}}},
		{rule: "too few and too many fields", text: "a,b\n1\n1,2,3\n4,5\n", want: "fault: 1 fields instead of 2: 1\nfault: 3 fields instead of 2: 1,2,3\n4|5"},
		{rule: "quote inside a field", text: "a,b\n1,2\"\n3,4\n", want: "fault: " + reasonBareQuote + ": 1,2\"\n3|4"},
		{rule: "text after a closing quote", text: "a,b\n\"1\"x,2\n3,4\n", want: "fault: " + reasonAfterQuote + ": \"1\"x,2\n3|4"},
		{rule: "a stray quote costs its line only", text: "a,b\n\"1,2\n3,4\n\"5\",6\n", want: "fault: " + reasonAfterQuote + ": \"1,2\n3|4\n5|6"},
		{rule: "semicolons", text: "a;b\n1,5;2\n", want: "1,5|2", options: CSV{Delimiter: ";"}},
		{rule: "tabs", text: "a\tb\n1\t2\n", want: "1|2", options: CSV{Delimiter: `\t`}},
		{rule: "runs of blanks", text: " a\t b\r\n  1  \t2 \r\n\r\n   \r\n3 \"4\r\n5\r\n", want: "1|2\n3|\"4\nfault: 1 fields instead of 2: 5", options: CSV{Delimiter: "whitespace"}},
		{rule: "no header", text: "1,2\n3,4\n", want: "1|2\n3|4", options: CSV{Header: Header{None: true}}},
		{rule: "names from the job file", text: "1,2\n3,4\n", want: "1|2\n3|4", options: CSV{Header: Header{Names: []string{"x", "y"}}}},
		{rule: "one column", text: "a\n1\n\n2\n", want: "1\n2"},
	} {
		for _, rows := range []int{0, 1} {
			got, err := read(csvOf(t, test.options, test.text), rows)
			if err != nil {
				t.Errorf("%s: %v", test.rule, err)
			} else if lines(got.rows) != test.want {
				t.Errorf("%s: %q: got %q, want %q", test.rule, test.text, lines(got.rows), test.want)
			}
		}
	}
}

func TestCSVFilesThatCannotBeRead(t *testing.T) {
	for _, test := range []struct {
		rule, text string
		options    CSV
		pieces     []string
	}{
		{"quote never closed", "a,b\n1,2\n3,\"4\n5,6\n", CSV{}, []string{"t.csv:3:3: a quote opens here", "double it"}},
		{"not UTF-8", "a,b\n1,2\nxy,caf\xe9\n", CSV{}, []string{"t.csv:3:7: the text is not UTF-8", "set source.csv.encoding to"}},
		{"not UTF-8 in a row of several lines", "a,b\n1,\"\nxy\xff\"\n", CSV{}, []string{"t.csv:3:3:"}},
		{"not UTF-8 in the header", "a,\xff\n1,2\n", CSV{}, []string{"t.csv:1:3:"}},
		{"no header", "", CSV{}, []string{"the file is empty"}},
		{"no header and no row", "", CSV{Header: Header{None: true}}, []string{"the number of columns is unknown"}},
		{"repeated name", "a,b,a\n1,2,3\n", CSV{}, []string{"t.csv:1: header: columns 1 and 3 have the same name"}},
		{"a name that a column without one gets", ",column_1\n", CSV{}, []string{"columns 1 and 2 have the same name", "set header to false"}},
		{"broken header", "a\"b,c\n", CSV{}, []string{"t.csv:1", reasonBareQuote}},
		{"too few names", "1,2,3\n", CSV{Header: Header{Names: []string{"a", "b"}}}, []string{"the first row has 3 fields and header lists 2 names"}},
	} {
		_, err := read(csvOf(t, test.options, test.text), 0)
		t.Run(test.rule, func(t *testing.T) { wantError(t, err, pipeline.ClassSource, test.pieces...) })
	}
}

func TestCSVFaultKeepsItsPlaceAndTheBeginningOfItsText(t *testing.T) {
	long := strings.Repeat("é", 3000) // 6,000 bytes; the cut at 4,096 less the 2 bytes of "x," falls between characters
	source := csvOf(t, CSV{}, "a,b\n1,2\n\"x\",y,"+long+"\n3,4\n")
	d, err := source.Describe(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	if d.Rows != -1 {
		t.Errorf("described rows: got %d, want -1", d.Rows)
	}
	readers, err := source.Open(context.Background(), pipeline.Request{Columns: []string{"b"}, Readers: 1})
	if err != nil {
		t.Fatal(err)
	}
	b, err := readers[0].Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Record.Release()
	if len(b.Faults) != 1 || b.Faults[0].Index != 1 || b.Record.NumRows() != 3 || b.Record.Column(0).IsValid(1) {
		t.Fatalf("got %d faults in %d rows, want row 1 of 3 to be one, and null", len(b.Faults), b.Record.NumRows())
	}
	// 6 bytes of "x",y, and 2045 characters of 2 bytes are 4,096.
	if got, want := b.Faults[0].Raw, `"x",y,`+strings.Repeat("é", 2045); got != want {
		t.Errorf("raw text: got %d bytes, want %d", len(got), len(want))
	}
}

func TestCSVColumnsWithoutANameAreCalledByTheirPosition(t *testing.T) {
	for text, o := range map[string]CSV{
		"1,2\n":          {Header: Header{None: true}},
		",column_2\n1,2": {}, // the row numbers that pandas writes
	} {
		got, err := read(csvOf(t, o, text), 0, "column_2", "column_1")
		if err != nil {
			t.Fatal(err)
		}
		if lines(got.rows) != "2|1" {
			t.Errorf("%q: got %q, want 2|1", text, lines(got.rows))
		}
	}
}

func TestCSVFilesMayOrderTheirColumnsDifferently(t *testing.T) {
	dir := write(t, map[string]string{"1.csv": "a,b\n1,2\n", "2.csv": "b,a\n4,3\n", "3.csv": "a,b\n"})
	source, err := NewCSV(CSV{Paths: []string{dir + "/*.csv"}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(source, 0)
	if err != nil {
		t.Fatal(err)
	}
	if want := "1|2\n3|4"; lines(got.rows) != want {
		t.Errorf("got %q, want %q", lines(got.rows), want)
	}
}

func TestCSVFilesMustHaveTheSameColumns(t *testing.T) {
	for _, test := range []struct{ other, piece string }{
		{"a,c\n", `2.csv: there is no column "b", which `},
		{"a,b,c\n", `2.csv: column "c" is not in `},
	} {
		dir := write(t, map[string]string{"1.csv": "a,b\n1,2\n", "2.csv": test.other})
		source, err := NewCSV(CSV{Paths: []string{dir + "/*.csv"}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = source.Describe(context.Background(), "")
		wantError(t, err, pipeline.ClassSource, test.piece, "1.csv")
	}
}

func TestCSVDamagedCompression(t *testing.T) {
	var text strings.Builder
	text.WriteString("a,b\n")
	for i := range 20000 {
		fmt.Fprintf(&text, "%d,%d\n", i, i*i*7919%10007)
	}
	for name, stored := range map[string]string{"t.csv.gz": gzipped(t, text.String()), "t.csv.zst": zstandard(t, text.String())} {
		for cut, damaged := range map[string]string{
			"half":      stored[:len(stored)/2],
			"last byte": stored[:len(stored)-1],
			"bad bytes": stored[:len(stored)/2] + "xxxxxxxx" + stored[len(stored)/2+8:],
		} {
			t.Run(name+" "+cut, func(t *testing.T) {
				source, err := NewCSV(CSV{Paths: []string{filepath.Join(write(t, map[string]string{name: damaged}), name)}})
				if err != nil {
					t.Fatal(err)
				}
				_, err = read(source, 0)
				wantError(t, err, pipeline.ClassSource, name+":", "damaged", "fetch the file again")
			})
		}
	}
}

func TestCSVBzip2(t *testing.T) {
	source, err := NewCSV(CSV{Paths: []string{"testdata/three.csv.bz2"}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(source, 0)
	if err != nil {
		t.Fatal(err)
	}
	if want := "1|a\n2|null\n3|c,d"; lines(got.rows) != want {
		t.Errorf("got %q, want %q", lines(got.rows), want)
	}
	stored, err := os.ReadFile("testdata/three.csv.bz2")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(write(t, map[string]string{"cut.csv.bz2": string(stored[:len(stored)-2])}), "cut.csv.bz2")
	if source, err = NewCSV(CSV{Paths: []string{name}}); err != nil {
		t.Fatal(err)
	}
	_, err = read(source, 0)
	wantError(t, err, pipeline.ClassSource, "cut.csv.bz2", "damaged")
}

func TestCSVEmptyGzipIsDamagedNotEmpty(t *testing.T) {
	name := filepath.Join(write(t, map[string]string{"t.csv.gz": ""}), "t.csv.gz")
	source, err := NewCSV(CSV{Paths: []string{name}, Header: Header{Names: []string{"a"}}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = read(source, 0)
	wantError(t, err, pipeline.ClassSource, "t.csv.gz", "damaged")
}

func TestCSVBatchesAreCutByText(t *testing.T) {
	row := strings.Repeat("x", 1<<20) + "\n"
	got, err := read(csvOf(t, CSV{}, "a\n"+strings.Repeat(row, 70)), 0)
	if err != nil {
		t.Fatal(err)
	}
	// The 64th row of 1 MiB makes 64 MiB full.
	if want := "t.csv:1 t.csv:65"; strings.Join(got.first, " ") != want {
		t.Errorf("first rows of batches: got %v, want %s", got.first, want)
	}
}

func TestCSVHeaderInYAML(t *testing.T) {
	for text, want := range map[string]string{
		"paths: [a]":                      "{false []}",
		"{paths: [a], header: true}":      "{false []}",
		"{paths: [a], header: false}":     "{true []}",
		"{paths: [a], header: [x, y z]}":  "{false [x y z]}",
		"{paths: [a], header: 5}":         "header must be true, false or a list of names",
		"{paths: [a], header: []}":        "header must be true, false or a list of names",
		"{paths: [a], header: {a: true}}": "header must be true, false or a list of names",
	} {
		var o CSV
		err := yaml.UnmarshalWithOptions([]byte(text), &o, yaml.Strict())
		got := fmt.Sprint(o.Header)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// FuzzCSVAgainstEncodingCSV compares with encoding/csv, in its strict mode,
// every text that both can read: same rows, or a fault where the other stops.
func FuzzCSVAgainstEncodingCSV(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "\"a\"\"\",\"b\nc\"\r\n\r\n1,\r\n", "a\rb,\"\"\n\n,\"\r\n\"", "a\"b\n", "\"a\"b\n\"c\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		reference := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
		reference.FieldsPerRecord = -1
		want, err := reference.ReadAll()
		if err != nil {
			t.Skip()
		}
		for _, input := range []func(string) *tokens{wholeInput, byteByByte} {
			got, ok := allRows(input(text))
			if !ok {
				return // not UTF-8, which encoding/csv does not mind
			}
			if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
				t.Fatalf("%q: got %q, want %q", text, got, want)
			}
		}
	})
}
