package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"

	"github.com/perennial-clv/perennial/pipeline"
)

// Source is the suite that every source of files must pass. Build makes a new
// source of the given rows; each is described once and opened once at most.
func Source(t *testing.T, build func(t *testing.T, rows Rows) pipeline.Source) {
	sourceSuite{build: build}.run(t)
}

// SourceOfTables is the same suite for sources whose rows have no order and no
// parts but those that the service gives them.
func SourceOfTables(t *testing.T, build func(t *testing.T, rows Rows) pipeline.Source) {
	sourceSuite{build: build, isUnordered: true}.run(t)
}

type sourceSuite struct {
	build       func(*testing.T, Rows) pipeline.Source
	isUnordered bool // the rows come in any order, in any parts
}

func (s sourceSuite) run(t *testing.T) {
	t.Run("describe tells what open delivers", s.testSourceDescribe)
	t.Run("every row exactly once and in its place", s.testSourceRows)
	t.Run("batches stand for the bytes described", s.testSourceBytes)
	t.Run("columns as asked for", s.testSourceColumns)
	t.Run("no rows", s.testSourceWithoutRows)
	t.Run("a batch outlives its reader", s.testSourceBatch)
	t.Run("a batch does not change while it is held", s.testSourceHeld)
	t.Run("close early and twice", s.testSourceClose)
	t.Run("a cancelled read never ends well", s.testSourceCancel)
}

func (s sourceSuite) testSourceDescribe(t *testing.T) {
	rows := sampleRows(10, 20)
	source := s.build(t, rows)
	d := describe(t, source)
	if d.Name == "" {
		t.Error("the description has no name")
	}
	for _, f := range d.Columns.Fields() {
		if !pipeline.SourceType(f.Type) {
			t.Errorf("column %s: %s is no type of a source", f.Name, f.Type)
		}
	}
	for _, name := range rows.Columns {
		if len(d.Columns.FieldIndices(name)) != 1 {
			t.Errorf("column %s is not described once: %v", name, d.Columns)
		}
	}
	if d.Rows != -1 && d.Rows != 30 {
		t.Errorf("described rows: got %d, want 30 or -1", d.Rows)
	}
	if !slices.IsSorted(d.Files) {
		t.Errorf("described files are not sorted: %v", d.Files)
	}
}

func (s sourceSuite) testSourceRows(t *testing.T) {
	rows := sampleRows(40, 1, 0, 300, 7)
	for _, readers := range []int{1, 2, 3, 4, 5} {
		for _, size := range []int{0, 1, 7, 64, 1000} {
			source := s.build(t, rows)
			describe(t, source)
			batches := readAll(t, source, pipeline.Request{Columns: rows.Columns, Rows: size, Readers: readers})
			label := fmt.Sprintf("%d readers, batches of %d", readers, size)
			for _, b := range batches {
				if n := b.Record.NumRows(); n == 0 || size > 0 && n > int64(size) {
					t.Errorf("%s: a batch has %d rows", label, n)
				}
			}
			s.checkRows(t, label, batches, rows)
			release(batches)
		}
	}
}

func (s sourceSuite) testSourceBytes(t *testing.T) {
	rows := sampleRows(40, 300, 0, 7)
	for _, size := range []int{0, 1, 50} {
		source := s.build(t, rows)
		d := describe(t, source)
		batches := readAll(t, source, pipeline.Request{Columns: rows.Columns, Rows: size, Readers: 2})
		sum := int64(0)
		for _, b := range batches {
			if b.Bytes < 0 {
				t.Errorf("batches of %d: one stands for %d bytes", size, b.Bytes)
			}
			sum += b.Bytes
		}
		release(batches)
		// A source may count what it reads ahead, but nothing twice.
		if d.Bytes >= 0 && (sum <= 0 || sum > d.Bytes+d.Bytes/10) {
			t.Errorf("batches of %d stand for %d bytes in all, described are %d", size, sum, d.Bytes)
		}
	}
}

func (s sourceSuite) testSourceColumns(t *testing.T) {
	rows := sampleRows(9, 5)
	for _, columns := range [][]int{{0, 2, 1}, {0, 2}, {0}} {
		part := Rows{Parts: make([][][]Cell, len(rows.Parts))}
		for _, c := range columns {
			part.Columns = append(part.Columns, rows.Columns[c])
		}
		for p := range rows.Parts {
			for _, row := range rows.Parts[p] {
				var cells []Cell
				for _, c := range columns {
					cells = append(cells, row[c])
				}
				part.Parts[p] = append(part.Parts[p], cells)
			}
		}
		source := s.build(t, rows)
		describe(t, source)
		batches := readAll(t, source, pipeline.Request{Columns: part.Columns, Readers: 2})
		s.checkRows(t, fmt.Sprint(part.Columns), batches, part)
		release(batches)
	}
}

func (s sourceSuite) testSourceWithoutRows(t *testing.T) {
	rows := sampleRows(0)
	source := s.build(t, rows)
	describe(t, source)
	readers := open(t, source, pipeline.Request{Columns: rows.Columns, Readers: 3})
	for _, r := range readers {
		for range 2 { // the end stays the end
			if b, err := r.Next(context.Background()); err != io.EOF {
				t.Errorf("an empty source delivers %v, %v; want io.EOF", b, err)
			}
		}
		r.Close()
	}
}

func (s sourceSuite) testSourceBatch(t *testing.T) {
	rows := sampleRows(100)
	source := s.build(t, rows)
	describe(t, source)
	// readAll has closed every reader by the time the rows are looked at.
	batches := readAll(t, source, pipeline.Request{Columns: rows.Columns, Rows: 9, Readers: 1})
	s.checkRows(t, "after Close", batches, rows)
	for _, b := range batches {
		b.Record.Retain()
		b.Record.Release()
	}
	s.checkRows(t, "after an extra Retain and Release", batches, rows)
	release(batches)
}

// testSourceHeld holds every third batch while others come and are released,
// whose memory must be nobody's but theirs.
func (s sourceSuite) testSourceHeld(t *testing.T) {
	rows := sampleRows(200)
	source := s.build(t, rows)
	describe(t, source)
	wanted := make(map[string]string)
	for _, row := range rows.Parts[0] {
		wanted[*row[0]] = show(row)
	}
	reader := open(t, source, pipeline.Request{Columns: rows.Columns, Rows: 8, Readers: 1})[0]
	defer reader.Close()
	for i := 0; ; i++ {
		b, err := reader.Next(context.Background())
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if i%3 != 0 {
			b.Record.Release()
			continue
		}
		defer func() {
			for _, row := range cells(b.Record) {
				if got, want := show(row), wanted[*row[0]]; got != want {
					t.Errorf("a row of a batch that was held: got %s, want %s", got, want)
				}
			}
			b.Record.Release()
		}()
	}
}

func (s sourceSuite) testSourceClose(t *testing.T) {
	rows := sampleRows(50, 50)
	source := s.build(t, rows)
	describe(t, source)
	readers := open(t, source, pipeline.Request{Columns: rows.Columns, Rows: 10, Readers: 2})
	b, err := readers[0].Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	b.Record.Release()
	for _, r := range readers {
		for i := range 2 {
			if err := r.Close(); err != nil {
				t.Errorf("call %d of Close: %v", i+1, err)
			}
		}
	}
}

func (s sourceSuite) testSourceCancel(t *testing.T) {
	for _, before := range []int{0, 1, 3, 6} { // batches read before; the source has 6 in all
		rows := sampleRows(60)
		source := s.build(t, rows)
		describe(t, source)
		ctx, cancel := context.WithCancel(context.Background())
		r := open(t, source, pipeline.Request{Columns: rows.Columns, Rows: 10, Readers: 1})[0]
		for range before {
			b, err := r.Next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			b.Record.Release()
		}
		cancel()
		if _, err := r.Next(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled after %d batches: got %v, want %v", before, err, context.Canceled)
		}
		r.Close()
	}
}

func describe(t *testing.T, source pipeline.Source) pipeline.Description {
	t.Helper()
	d, err := source.Describe(context.Background(), "")
	if err != nil {
		t.Fatalf("describe: %v", err)
	}
	return d
}

func open(t *testing.T, source pipeline.Source, r pipeline.Request) []pipeline.Reader {
	t.Helper()
	readers, err := source.Open(context.Background(), r)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	if len(readers) == 0 {
		t.Fatal("open: no reader")
	}
	return readers
}

// readAll reads all readers at the same time, a goroutine each, and closes
// them.
func readAll(t *testing.T, source pipeline.Source, r pipeline.Request) []pipeline.Batch {
	t.Helper()
	readers := open(t, source, r)
	read := make([][]pipeline.Batch, len(readers))
	var all sync.WaitGroup
	for i, reader := range readers {
		all.Go(func() { read[i] = readOne(t, reader) })
	}
	all.Wait()
	return slices.Concat(read...)
}

func readOne(t *testing.T, reader pipeline.Reader) []pipeline.Batch {
	var batches []pipeline.Batch
	b, err := reader.Next(context.Background())
	for ; err == nil; b, err = reader.Next(context.Background()) {
		batches = append(batches, b)
	}
	if err != io.EOF {
		t.Errorf("next: %v", err)
	}
	if err := reader.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	return batches
}

func release(batches []pipeline.Batch) {
	for _, b := range batches {
		b.Record.Release()
	}
}
