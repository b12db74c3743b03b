package sinks

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/conformance"
)

// folder is an output folder under test.
type folder string

func TestParquetConformance(t *testing.T) {
	conformance.TestSink(t, func(t *testing.T) conformance.Place { return folder(filepath.Join(t.TempDir(), "out")) })
}

// Where the file system cannot exchange two folders, the suite must pass too.
func TestParquetConformanceWithoutExchange(t *testing.T) {
	conformance.TestSink(t, func(t *testing.T) conformance.Place {
		return plainFolder{folder(filepath.Join(t.TempDir(), "out"))}
	})
}

type plainFolder struct{ folder }

func (f plainFolder) Open(t *testing.T) pipeline.Sink {
	s := f.folder.open(t)
	s.disk.step = noExchange
	return s
}

// noExchange is a file system that cannot exchange folders.
func noExchange(name string) error {
	if strings.HasPrefix(name, "exchange ") {
		return errors.ErrUnsupported
	}
	return nil
}

func (f folder) open(t *testing.T) *parquetSink {
	t.Helper()
	s, err := NewParquet(Parquet{Path: string(f)})
	if err != nil {
		t.Fatalf("NewParquet(%s): %v", f, err)
	}
	return s.(*parquetSink)
}

// Open opens the folder.
func (f folder) Open(t *testing.T) pipeline.Sink { return f.open(t) }

// Staged returns what stands in _staging.
func (f folder) Staged(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(string(f), stagingDir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// Rows reads the parts of a partition in the order of their names.
func (f folder) Rows(t *testing.T, table, asOf string) []string {
	t.Helper()
	dir := partition(string(f), table, asOf)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	rows := []string{}
	for _, e := range entries {
		rows = append(rows, readRows(t, filepath.Join(dir, e.Name()))...)
	}
	return rows
}

// readRows renders the rows of a file as the conformance suite wants them.
func readRows(t *testing.T, path string) []string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	p, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	var lines []string
	for _, group := range p.RowGroups() {
		rows := group.Rows()
		buffer := make([]parquet.Row, 100)
		for {
			n, err := rows.ReadRows(buffer)
			for _, row := range buffer[:n] {
				lines = append(lines, render(p.Schema(), row))
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
		}
		rows.Close()
	}
	return lines
}

func render(s *parquet.Schema, row parquet.Row) string {
	cells := make([]string, len(row))
	for i, v := range row {
		cells[i] = renderValue(s.Fields()[i].Type(), v)
	}
	return strings.Join(cells, "|")
}

func renderValue(t parquet.Type, v parquet.Value) string {
	if v.IsNull() {
		return "null"
	}
	switch logical := t.String(); {
	case strings.HasPrefix(logical, "DECIMAL"):
		n, sign := v.Int64(), ""
		if n < 0 {
			n, sign = -n, "-"
		}
		return fmt.Sprintf("%s%d.%04d", sign, n/10_000, n%10_000)
	case logical == "DATE":
		return time.Unix(int64(v.Int32())*86_400, 0).UTC().Format(time.DateOnly)
	case strings.HasPrefix(logical, "TIMESTAMP"):
		return time.UnixMicro(v.Int64()).UTC().Format(time.RFC3339Nano)
	case v.Kind() == parquet.Double:
		return strconv.FormatFloat(v.Double(), 'g', -1, 64)
	default:
		return v.String()
	}
}

func TestNewParquetRefusesWhatIsNoFolder(t *testing.T) {
	for _, path := range []string{"", "  ", "ftp://bucket/out", "gs://", "s3://bucket/../out"} {
		if _, err := NewParquet(Parquet{Path: path}); pipeline.ClassOf(err) != pipeline.ClassUsage {
			t.Errorf("path %q: got error %v, want one of class usage", path, err)
		}
	}
}

func TestBeginRefusesAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, filepath.Join(path, "deeper")} {
		s := folder(p).open(t)
		_, err := s.Begin(t.Context(), pipeline.RunKey{Job: "shop", AsOf: asOf, RunID: "r1"})
		if pipeline.ClassOf(err) != pipeline.ClassUsage || !strings.Contains(err.Error(), "is a file") && p == path {
			t.Errorf("Begin in %s: got error %v, want one of class usage", p, err)
		}
	}
}

func TestLayoutIsAsPromised(t *testing.T) {
	f := folder(filepath.Join(t.TempDir(), "out"))
	runOnce(t, f.open(t), "r1", map[string]int{"a": 3, "b": 0})
	runOnce(t, f.open(t), "r2", map[string]int{"a": 2})
	j, err := f.open(t).Check(t.Context(), asOf)
	if err != nil {
		t.Fatal(err)
	}
	part := j.Tables[0].Files[0]
	wantName := "a/as_of_date=" + asOf + "/part-00000-" + part.SHA256[:12] + ".parquet"
	if part.Path != wantName {
		t.Errorf("the journal's path is %s, want %s", part.Path, wantName)
	}
	var files []string
	err = filepath.WalkDir(string(f), func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files = append(files, strings.TrimPrefix(path, string(f)+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"_locks/" + asOf, "_locks/latest", "_runs/" + asOf + ".json", "_runs/" + asOf + ".r1.json", "_runs/latest.json", wantName}
	if !slices.Equal(files, want) {
		t.Errorf("files are\n%s\nwant\n%s", strings.Join(files, "\n"), strings.Join(want, "\n"))
	}
}

func TestPartsAndRowGroupsAreCutByRows(t *testing.T) {
	f := folder(filepath.Join(t.TempDir(), "out"))
	s := f.open(t)
	s.cut = cut{groupRows: 10, partGroups: 3}
	runOnce(t, s, "r1", map[string]int{"a": 65, "b": 60})
	j, err := s.Check(t.Context(), asOf)
	if err != nil {
		t.Fatal(err)
	}
	// Row i has minus i, and null where three divides i.
	sum := int64(0)
	for i := range int64(65) {
		if i%3 != 0 {
			sum -= i * 10_000
		}
	}
	if got := j.Tables[0].Sums["amount"]; got != sum {
		t.Errorf("the amounts of all parts sum to %d, want %d", got, sum)
	}
	// 65 = 30 + 30 + 5; 60 is two full parts, without an empty third.
	for i, want := range [][]int64{{30, 30, 5}, {30, 30}} {
		var got []int64
		for _, file := range j.Tables[i].Files {
			got = append(got, file.Rows)
		}
		if !slices.Equal(got, want) {
			t.Errorf("parts of table %s have %v rows, want %v", j.Tables[i].Table, got, want)
		}
	}
	rows := f.Rows(t, "a", asOf)
	for i, row := range rows {
		if want := line(i); row != want {
			t.Fatalf("row %d is %q, want %q", i, row, want)
		}
	}
	if len(rows) != 65 {
		t.Errorf("a has %d rows, want 65", len(rows))
	}
}
