package sinks

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
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
