package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/perennial-clv/perennial/pipeline"
)

// write writes files into a new folder and returns the folder.
func write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	writeInto(t, dir, files)
	return dir
}

func writeInto(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// result is all that a source delivers, in the order of parts and rows.
type result struct {
	columns []string
	types   []string   // as described
	rows    [][]string // "null" for null; a fault is one cell, "fault: reason: raw"
	first   []string   // origin's base name and first row of each batch
}

// read describes and reads a source with one reader, all columns unless some
// are named.
func read(source pipeline.Source, rows int, columns ...string) (result, error) {
	ctx := context.Background()
	d, err := source.Describe(ctx, "")
	if err != nil {
		return result{}, err
	}
	if columns == nil {
		for _, f := range d.Columns.Fields() {
			columns = append(columns, f.Name)
		}
	}
	got := result{columns: columns}
	for _, name := range columns {
		f, _ := d.Columns.FieldsByName(name)
		got.types = append(got.types, f[0].Type.String())
	}
	readers, err := source.Open(ctx, pipeline.Request{Columns: columns, Rows: rows, Readers: 1})
	if err != nil {
		return got, err
	}
	defer readers[0].Close()
	for {
		b, err := readers[0].Next(ctx)
		if err == io.EOF {
			return got, nil
		}
		if err != nil {
			return got, err
		}
		got.add(b)
		b.Record.Release()
	}
}

func (r *result) add(b pipeline.Batch) {
	r.first = append(r.first, fmt.Sprintf("%s:%d", filepath.Base(b.Origin), b.FirstRow))
	for i := range int(b.Record.NumRows()) {
		if k := slices.IndexFunc(b.Faults, func(f pipeline.Fault) bool { return f.Index == i }); k >= 0 {
			r.rows = append(r.rows, []string{"fault: " + b.Faults[k].Reason + ": " + b.Faults[k].Raw})
			continue
		}
		r.rows = append(r.rows, cellsOf(b.Record, i))
	}
}

func cellsOf(record arrow.Record, row int) []string {
	cells := make([]string, record.NumCols())
	for j, c := range record.Columns() {
		switch c := c.(type) {
		case *array.Decimal128: // Arrow prints them as floating-point numbers
			cells[j] = c.Value(row).ToString(c.DataType().(*arrow.Decimal128Type).Scale)
		default:
			cells[j] = strings.Clone(c.ValueStr(row)) // its bytes are the record's
		}
		if c.IsNull(row) {
			cells[j] = "null"
		}
	}
	return cells
}

// lines joins cells with | and rows with newlines, for comparing and printing.
func lines(rows [][]string) string {
	out := make([]string, len(rows))
	for i, row := range rows {
		out[i] = strings.Join(row, "|")
	}
	return strings.Join(out, "\n")
}

// wantError checks an error's class and that its text and hint hold pieces.
func wantError(t *testing.T, err error, class pipeline.Class, pieces ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want class %s with %q", class, pieces)
	}
	var e *pipeline.Error
	if !errors.As(err, &e) || e.Class != class {
		t.Fatalf("got %v of class %s, want class %s", err, pipeline.ClassOf(err), class)
	}
	for _, piece := range pieces {
		if !strings.Contains(e.Error()+"\n"+e.Hint, piece) {
			t.Errorf("error %q with hint %q does not say %q", e, e.Hint, piece)
		}
	}
}

func TestPathsAreSortedAndTakenOnce(t *testing.T) {
	dir := write(t, map[string]string{"b.csv": "x\n2\n", "a.csv": "x\n1\n", "c[1].csv": "x\n3\n"})
	source, err := NewCSV(CSV{Paths: []string{filepath.Join(dir, "b.csv"), filepath.Join(dir, "?.csv"), filepath.Join(dir, ".", "c[1].csv")}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(source, 0)
	if err != nil {
		t.Fatal(err)
	}
	if want := "1\n2\n3"; lines(got.rows) != want {
		t.Errorf("got rows %q, want %q", lines(got.rows), want)
	}
}

func TestPathsThatCannotBeRead(t *testing.T) {
	dir := write(t, map[string]string{"a.csv": "x\n1\n"})
	for _, test := range []struct {
		path   string
		class  pipeline.Class
		pieces []string
	}{
		{filepath.Join(dir, "missing.csv"), pipeline.ClassSource, []string{"missing.csv", "check the path"}},
		{filepath.Join(dir, "*.tsv"), pipeline.ClassSource, []string{"*.tsv: no file matches", "check the pattern"}},
		{dir, pipeline.ClassSource, []string{"a folder", filepath.Join(dir, "*.csv")}},
		{filepath.Join(dir, "[a"), pipeline.ClassUsage, []string{"[a"}},
	} {
		source, err := NewCSV(CSV{Paths: []string{test.path}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = source.Describe(context.Background(), "")
		wantError(t, err, test.class, test.pieces...)
	}
}

func TestFileThatMayNotBeReadIsAPermission(t *testing.T) {
	err := openError("a.csv", &os.PathError{Op: "open", Path: "a.csv", Err: os.ErrPermission})
	wantError(t, err, pipeline.ClassPermission, "a.csv", "let the job's user read")
}

func TestOptionsAreCheckedOffline(t *testing.T) {
	for name, o := range map[string]CSV{
		"paths is empty":        {},
		"empty entry":           {Paths: []string{""}},
		"ftp:// paths are not":  {Paths: []string{"ftp://host/a.csv"}},
		"no place in an object": {Paths: []string{"gs:///a.csv"}},
		`delimiter ";;"`:        {Paths: []string{"a"}, Delimiter: ";;"},
		`delimiter "\n"`:        {Paths: []string{"a"}, Delimiter: "\n"},
		`delimiter "\""`:        {Paths: []string{"a"}, Delimiter: `"`},
		`delimiter "é"`:         {Paths: []string{"a"}, Delimiter: "é"},
		`encoding "latin1"`:     {Paths: []string{"a"}, Encoding: "latin1"},
		"have the same name":    {Paths: []string{"a"}, Header: Header{Names: []string{"x", "x"}}},
		"column 2 has no name":  {Paths: []string{"a"}, Header: Header{Names: []string{"x", ""}}},
	} {
		_, err := NewCSV(o)
		wantError(t, err, pipeline.ClassUsage, name)
	}
	_, err := NewParquet(Parquet{Paths: []string{"https://host/a.parquet"}})
	wantError(t, err, pipeline.ClassUsage, "https:// paths are not supported")
}

func TestReadersAreAsManyAsThereIsWorkFor(t *testing.T) {
	for _, test := range []struct{ units, wanted, want int }{{3, 5, 3}, {3, 2, 2}, {0, 4, 1}, {3, 0, 1}} {
		if got := readersFor(test.units, test.wanted); got != test.want {
			t.Errorf("%d units, %d readers wanted: got %d, want %d", test.units, test.wanted, got, test.want)
		}
	}
}

func TestAskingForAnUnknownColumnPanics(t *testing.T) {
	source := csvOf(t, CSV{}, "a\n1\n")
	for _, when := range []string{"before Describe", "after Describe"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", when)
				}
			}()
			_, _ = source.Open(context.Background(), pipeline.Request{Columns: []string{"b"}})
		}()
		if _, err := source.Describe(context.Background(), ""); err != nil {
			t.Fatal(err)
		}
	}
}

// countRows reads all columns with so many readers, each on a goroutine, for
// benchmarks.
func countRows(b *testing.B, source pipeline.Source, readers int, want int64) {
	b.Helper()
	ctx := context.Background()
	d, err := source.Describe(ctx, "")
	if err != nil {
		b.Fatal(err)
	}
	request := pipeline.Request{Readers: readers}
	for _, f := range d.Columns.Fields() {
		request.Columns = append(request.Columns, f.Name)
	}
	opened, err := source.Open(ctx, request)
	if err != nil {
		b.Fatal(err)
	}
	var rows atomic.Int64
	var all sync.WaitGroup
	for _, r := range opened {
		all.Go(func() {
			defer r.Close()
			batch, err := r.Next(ctx)
			for ; err == nil; batch, err = r.Next(ctx) {
				rows.Add(batch.Record.NumRows())
				batch.Record.Release()
			}
			if err != io.EOF {
				b.Error(err)
			}
		})
	}
	all.Wait()
	if rows.Load() != want {
		b.Fatalf("%d rows, want %d", rows.Load(), want)
	}
}
