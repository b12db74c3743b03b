package sinks

import (
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

func TestWriteParquetFileLeavesAWholeFileOrNone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sample.parquet")
	schema, next := small("sample", 4)
	r, err := WriteParquetFile(t.Context(), path, schema, 1, next)
	if err != nil {
		t.Fatal(err)
	}
	if got := readRows(t, path); len(got) != 4 || r.Rows != 4 || r.Files[0].Path != filepath.ToSlash(path) {
		t.Errorf("receipt %+v, rows %q, want 4 rows of %s", r, got, path)
	}
	broken := errors.New("broken")
	if _, err := WriteParquetFile(t.Context(), path, schema, 1, func() (arrow.Record, error) { return nil, broken }); err != broken {
		t.Errorf("got error %v, want that of next", err)
	}
	if got := readRows(t, path); len(got) != 4 {
		t.Errorf("after an error the file has %d rows, want the 4 of before", len(got))
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("the folder has %v, want the file alone", entries)
	}
}

// numbers returns a table of one nullable column and a function that delivers
// n numbers, seven a record, with what stands at an index replaced. The
// records come from an allocator that the test finds empty when it ends.
func numbers(t *testing.T, n int, replaced map[int]float64) (table.Schema, func() (arrow.Record, error)) {
	t.Helper()
	allocator := memory.NewCheckedAllocator(memory.DefaultAllocator)
	t.Cleanup(func() { allocator.AssertSize(t, 0) })
	schema := table.Schema{Name: "numbers", Columns: []table.Column{{Name: "x", Kind: table.Number, Nullable: true}}}
	from := 0
	return schema, func() (arrow.Record, error) {
		if from >= n {
			return nil, io.EOF
		}
		b := array.NewRecordBuilder(allocator, schema.Arrow())
		defer b.Release()
		for range min(7, n-from) {
			v, ok := replaced[from]
			if !ok {
				v = float64(from)
			}
			b.Field(0).(*array.Float64Builder).Append(v)
			from++
		}
		return b.NewRecord(), nil
	}
}

func TestWorkersChangeNoByte(t *testing.T) {
	var want []pipeline.File
	for _, workers := range []int{0, 1, 2, 9} {
		schema, next := numbers(t, 1000, nil)
		r, err := newTableWriter(partFolder{dir: t.TempDir()}, schema, cut{groupRows: 10, partGroups: 7}).write(t.Context(), workers, next)
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = r.Files
		}
		if len(r.Files) != 15 || !slices.Equal(r.Files, want) { // 1000 rows in parts of 70
			t.Errorf("%d workers wrote %d files, want the 15 that one wrote", workers, len(r.Files))
		}
	}
}

// Whoever is faster: the first row that cannot be stored is named, by its
// place in its file, and every record is released.
func TestOfSeveralMistakesTheFirstIsReported(t *testing.T) {
	for _, workers := range []int{1, 8} {
		schema, next := numbers(t, 1000, map[int]float64{85: math.NaN(), 95: math.Inf(1), 500: math.NaN()})
		_, err := newTableWriter(partFolder{dir: t.TempDir()}, schema, cut{groupRows: 10, partGroups: 7}).write(t.Context(), workers, next)
		if err == nil || err.Error() != "column x: row 16 of the file is NaN or infinite" { // 85 is in the second part of 70 rows
			t.Errorf("%d workers: got error %v, want one at row 16", workers, err)
		}
	}
}

func TestAnErrorOfNextReleasesWhatWasDrawn(t *testing.T) {
	schema, next := numbers(t, 1000, nil)
	drawn, broken := 0, errors.New("broken")
	_, err := WriteParquetFile(t.Context(), filepath.Join(t.TempDir(), "x.parquet"), schema, 4, func() (arrow.Record, error) {
		if drawn++; drawn > 100 {
			return nil, broken
		}
		return next()
	})
	if err != broken {
		t.Errorf("got error %v, want that of next", err)
	}
}
