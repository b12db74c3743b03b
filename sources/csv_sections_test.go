package sources

import (
	"context"
	"fmt"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/conformance"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// inSections returns a source whose files are cut into sections of about so
// many bytes.
func inSections(t testing.TB, o CSV, bytes int64) pipeline.Source {
	t.Helper()
	source, err := NewCSV(o)
	if err != nil {
		t.Fatal(err)
	}
	source.(*csvSource).sectionBytes = bytes
	return source
}

// whole is all that a source delivers, whoever reads it: its rows by file and
// number, and the error that ends it.
type whole struct {
	rows  map[string]string
	bytes int64
	err   error
}

// readBy reads a source with a number of readers, each on a goroutine of its
// own, or all in turn on one.
func readBy(t testing.TB, source pipeline.Source, readers, rows int, atOnce bool) whole {
	t.Helper()
	ctx := context.Background()
	d, err := source.Describe(ctx, "")
	if err != nil {
		return whole{err: err}
	}
	var columns []string
	for _, f := range d.Columns.Fields() {
		columns = append(columns, f.Name)
	}
	opened, err := source.Open(ctx, pipeline.Request{Columns: columns, Rows: rows, Readers: readers})
	if err != nil {
		return whole{err: err}
	}
	parts := make([]whole, len(opened))
	ended := make([]bool, len(opened))
	var all sync.WaitGroup
	for i, r := range opened {
		defer r.Close()
		parts[i].rows = map[string]string{}
		if atOnce {
			all.Go(func() {
				for parts[i].next(t, r) {
				}
			})
		}
	}
	for all.Wait(); !atOnce && slices.Contains(ended, false); {
		for i, r := range opened {
			ended[i] = ended[i] || !parts[i].next(t, r)
		}
	}
	for _, p := range parts[1:] {
		parts[0].add(t, p)
	}
	return parts[0]
}

// next adds a reader's next batch and reports whether there was one.
func (w *whole) next(t testing.TB, r pipeline.Reader) bool {
	b, err := r.Next(context.Background())
	if err != nil {
		if err != io.EOF {
			w.err = err
		}
		return false
	}
	defer b.Record.Release()
	var got result
	got.add(b)
	w.bytes += b.Bytes
	for i, row := range got.rows {
		w.put(t, fmt.Sprintf("%d:%06d", b.Part, b.FirstRow+int64(i)), strings.Join(row, "|"))
	}
	return true
}

func (w *whole) put(t testing.TB, at, row string) {
	if _, twice := w.rows[at]; twice {
		t.Errorf("row %s comes twice", at)
	}
	w.rows[at] = row
}

func (w *whole) add(t testing.TB, o whole) {
	for at, row := range o.rows {
		w.put(t, at, row)
	}
	w.bytes += o.bytes
	switch {
	case w.err == nil:
		w.err = o.err
	case o.err != nil && w.err.Error() != o.err.Error():
		t.Errorf("readers end with different errors: %v and %v", w.err, o.err)
	}
}

// checkSections compares reading in sections, by several readers, with reading
// by one.
func checkSections(t testing.TB, o CSV, bytes int64, readers, rows int, atOnce bool) {
	t.Helper()
	want := readBy(t, inSections(t, o, 1<<40), 1, rows, false)
	got := readBy(t, inSections(t, o, bytes), readers, rows, atOnce)
	if fmt.Sprint(got.err) != fmt.Sprint(want.err) {
		t.Errorf("%d readers, sections of %d: error %v, want %v", readers, bytes, got.err, want.err)
	}
	if want.err != nil {
		return // what was delivered before it may differ
	}
	if len(got.rows) != len(want.rows) {
		t.Errorf("%d readers, sections of %d: %d rows, want %d", readers, bytes, len(got.rows), len(want.rows))
	}
	for at, row := range want.rows {
		if got.rows[at] != row {
			t.Errorf("%d readers, sections of %d: row %s is %q, want %q", readers, bytes, at, got.rows[at], row)
			return
		}
	}
	// Empty lines may make a section without rows, whose bytes no batch stands for.
	if got.bytes > want.bytes || len(got.rows) > 0 && got.bytes == 0 {
		t.Errorf("%d readers, sections of %d: %d bytes, want at most %d", readers, bytes, got.bytes, want.bytes)
	}
}

// pieces make up texts in which everything goes wrong that can.
var pieces = []string{
	"1,2\n", "3,4\r\n", "\n", "\r\n", "\"a\",\"b\"\n", "\"a\nb\",\"c\r\n\"\"d\"\n", "\"\",\"\"\"\"\r\n", "x,\"y\n\n\n\"\n",
	"1\n", "1,2,3\n", "a\"b,c\n", "\"a\"b,c\n", "\"x\"\ry,2\n", "a\rb,\"\r\"\n", "\"", ",", "\n", "\r", "é,ü\n", " , \t\n", "  \n", "a b\n", "\ufeff1,2\n",
	"\"" + strings.Repeat("long, ", 20) + "\n" + strings.Repeat("longer\n", 20) + "\",1\n", "\xff,1\n",
}

func randomText(random *rand.Rand, oddities int) string {
	var b strings.Builder
	if random.Intn(4) == 0 {
		b.WriteString("\ufeff")
	}
	b.WriteString([]string{"x,y\n", "\"x\",\"y\"\r\n", "\n\nx,y\n", "\"x\n\",y\n"}[random.Intn(4)])
	for range random.Intn(60) {
		// The pieces at the beginning are usual ones: odd ones all over would
		// leave few texts that can be read to their end.
		b.WriteString(pieces[random.Intn([]int{8, 13, len(pieces)}[oddities])])
	}
	if random.Intn(2) == 0 {
		b.WriteString("5,6")
	}
	return b.String()
}

func TestCSVSectionsAreWhatOneReaderReads(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	dir := t.TempDir()
	for i := range 600 {
		name := fmt.Sprintf("%03d", i)
		texts := map[string]string{}
		for f := range 1 + random.Intn(3) {
			texts[fmt.Sprintf("%s-%d.csv", name, f)] = randomText(random, random.Intn(3))
		}
		writeInto(t, dir, texts)
		o := CSV{Paths: []string{filepath.Join(dir, name+"-*.csv")}}
		o.Encoding = []string{"", "latin-1", "windows-1252"}[random.Intn(3)]
		switch random.Intn(4) {
		case 0:
			o.Header.None = true
		case 1:
			o.Header.Names = []string{"x", "y"}
		case 2:
			o.Delimiter = []string{"whitespace", ";", ","}[random.Intn(3)]
		}
		checkSections(t, o, int64(1+random.Intn(40)), 2+random.Intn(4), random.Intn(4), random.Intn(2) == 0)
		if t.Failed() {
			t.Fatalf("options %+v, files %q", o, texts)
		}
	}
}

// Rows longer than the buffer, and than many sections.
func TestCSVSectionsOfLongRows(t *testing.T) {
	var b strings.Builder
	b.WriteString("x,y\n")
	for i := range 300 {
		fmt.Fprintf(&b, "%d,\"%s\"\n", i, strings.Repeat("text,\n\"\"", i*i%4001))
	}
	b.WriteString("1,2\n3\n4,5")
	o := CSV{Paths: []string{filepath.Join(write(t, map[string]string{"t.csv": b.String()}), "t.csv")}}
	for _, bytes := range []int64{100, 10_000, 300_000} {
		checkSections(t, o, bytes, 3, 10, true)
	}
}

// A quote that is never closed, or only far beyond the end of its section, is
// judged as by one reader.
func TestCSVSectionsLookBeyondTheirEnd(t *testing.T) {
	rows := strings.Repeat("1,2\n", 100)
	for name, text := range map[string]string{
		"closed far away, text after it": "x,y\n" + rows + "\"3,4\n" + rows + "5\"6,7\n" + rows,
		"closed far away":                "x,y\n" + rows + "\"3,4\n" + rows + "\",7\n" + rows,
		"never closed":                   "x,y\n" + rows + "\"3,4\n" + rows,
	} {
		o := CSV{Paths: []string{filepath.Join(write(t, map[string]string{"t.csv": text}), "t.csv")}}
		for bytes := int64(1); bytes < 500; bytes += 7 {
			checkSections(t, o, bytes, 2, 0, false)
		}
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// Of several errors the first is reported, whoever comes upon which.
func TestCSVSectionsReportTheFirstError(t *testing.T) {
	text := "x,y\n" + strings.Repeat("1,2\n", 50)
	for _, bad := range []int{1, 13, 17, 44} {
		text = strings.Replace(text, "1,2\n", fmt.Sprintf("\xff%d,2\n", bad), 1)
		text += strings.Repeat("1,2\n", 20)
	}
	dir := write(t, map[string]string{"a.csv": "x,y\n" + strings.Repeat("1,2\n", 100), "b.csv": text, "c.csv": "x,y\n\xff,3\n"})
	for range 50 {
		for _, readers := range []int{1, 2, 5} {
			got := readBy(t, inSections(t, CSV{Paths: []string{dir + "/*.csv"}}, 8), readers, 0, true)
			wantError(t, got.err, pipeline.ClassSource, "b.csv:2:1: the text is not UTF-8")
		}
	}
}

func TestCSVSectionsConformance(t *testing.T) {
	conformance.Source(t, func(t *testing.T, rows conformance.Rows) pipeline.Source {
		files := make(map[string]string)
		for i, part := range rows.Parts {
			files[fmt.Sprintf("%02d.csv", i)] = csvText(rows.Columns, part, ",", `"`)
		}
		return inSections(t, CSV{Paths: []string{filepath.Join(write(t, files), "*.csv")}}, 200)
	})
}

// A cancelled reader leaves the others what it was about to read.
func TestCSVSectionsOutliveACancelledReader(t *testing.T) {
	dir := write(t, map[string]string{"t.csv": "x,y\n" + strings.Repeat("1,2\n", 1000)})
	source := inSections(t, CSV{Paths: []string{dir + "/t.csv"}}, 100)
	if _, err := source.Describe(context.Background(), ""); err != nil {
		t.Fatal(err)
	}
	readers, err := source.Open(context.Background(), pipeline.Request{Columns: []string{"x"}, Readers: 2})
	if err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := readers[0].Next(cancelled); err != context.Canceled {
		t.Errorf("cancelled: got %v", err)
	}
	rows := int64(0)
	for {
		b, err := readers[1].Next(context.Background())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		rows += b.Record.NumRows()
		b.Record.Release()
	}
	if rows != 1000 {
		t.Errorf("got %d rows, want 1000", rows)
	}
}

// A file cut short between passing over its rows and reading them is an error.
func TestCSVSectionsMissNoRows(t *testing.T) {
	name := filepath.Join(write(t, map[string]string{"t.csv": "x,y\n" + strings.Repeat("1,2\n", 1000)}), "t.csv")
	source := inSections(t, CSV{Paths: []string{name}}, 1000).(*csvSource)
	if _, err := source.Describe(context.Background(), ""); err != nil {
		t.Fatal(err)
	}
	work := newSections(source, true)
	r := newCSVReader(csvRequest{source: source, schema: pick(source.schema, nil), rows: 10, work: work, memory: new(table.Memory)})
	var err error
	r.within.ctx = context.Background()
	for range 2 {
		if r.section, err = work.take(r.within); err != nil {
			t.Fatal(err)
		}
	}
	// The second section begins at byte 1000 and has 250 rows of 4 bytes.
	if err := os.Truncate(name, 1999-4); err != nil {
		t.Fatal(err)
	}
	err = r.readThrough(context.Background())
	wantError(t, err, pipeline.ClassSource, "t.csv: the file has changed while it was read")
}

// A file that is replaced, or cut short, while it is read in sections is an
// error, and not a part of one file and a part of another. One may grow.
func TestCSVSectionsAreOfOneFile(t *testing.T) {
	const rows = 1000
	for _, test := range []struct {
		what    string
		change  func(name string) error
		isError bool
	}{
		{"replaced", func(name string) error {
			if err := os.WriteFile(name+".new", []byte("x,y\n"+strings.Repeat("33,4\n", 2*rows)), 0o600); err != nil {
				return err
			}
			return os.Rename(name+".new", name)
		}, true},
		{"cut short", func(name string) error { return os.Truncate(name, 2000) }, true}, // between two rows of 4 bytes
		{"grown", func(name string) error {
			return os.WriteFile(name, []byte("x,y\n"+strings.Repeat("1,2\n", 2*rows)), 0o600)
		}, false},
	} {
		t.Run(test.what, func(t *testing.T) {
			name := filepath.Join(write(t, map[string]string{"t.csv": "x,y\n" + strings.Repeat("1,2\n", rows)}), "t.csv")
			source := inSections(t, CSV{Paths: []string{name}}, 100)
			if _, err := source.Describe(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
			readers, err := source.Open(t.Context(), pipeline.Request{Columns: []string{"x"}, Readers: 2})
			if err != nil {
				t.Fatal(err)
			}
			got := whole{rows: map[string]string{}}
			got.next(t, readers[0])
			if err := test.change(name); err != nil {
				t.Fatal(err)
			}
			for got.next(t, readers[0]) {
			}
			switch {
			case test.isError:
				wantError(t, got.err, pipeline.ClassSource, "t.csv: the file has changed while it was read")
			case got.err != nil || len(got.rows) != 2*rows:
				t.Errorf("%d rows, %v; want %d", len(got.rows), got.err, 2*rows)
			}
		})
	}
}

// BenchmarkCSVReaders reads a file of 50 MB with one reader and with several.
func BenchmarkCSVReaders(b *testing.B) {
	for _, form := range []struct{ name, row string }{
		{"plain", "536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n"},
		{"quoted", "\"536365\",\"85123A\",\"WHITE HANGING HEART T-LIGHT HOLDER\",\"6\",\"2010-12-01 08:26:00\",\"2.55\",\"17850\",\"United Kingdom\"\n"},
	} {
		dir := write(b, map[string]string{"t.csv": strings.Repeat(form.row, 500_000)})
		for _, n := range []int{1, 2, 4} {
			b.Run(fmt.Sprintf("%s/%d", form.name, n), func(b *testing.B) {
				for b.Loop() {
					source, err := NewCSV(CSV{Paths: []string{dir + "/t.csv"}, Header: Header{None: true}})
					if err != nil {
						b.Fatal(err)
					}
					countRows(b, source, n, 500_000)
				}
				b.ReportMetric(500_000*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
			})
		}
	}
}

// FuzzCSVSections compares reading in sections with reading by one reader.
func FuzzCSVSections(f *testing.F) {
	for _, seed := range []string{"x,y\n1,2\n3,4\n", "x,y\n\"a\nb\",\"\"\"\"\r\n\r\n1,\r\n\"c\"d\n", "\ufeffx,y\na\"b\n\"a\"b\n\"c\n"} {
		f.Add(seed, uint8(5), uint8(2))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string, bytes, how uint8) {
		writeInto(t, dir, map[string]string{"t.csv": text})
		o := CSV{Paths: []string{filepath.Join(dir, "t.csv")}}
		o.Header.None = how&1 != 0
		if how&2 != 0 {
			o.Delimiter = "whitespace"
		}
		checkSections(t, o, 1+int64(bytes), 2+int(how>>2&3), int(how>>4&3), how&64 != 0)
	})
}
