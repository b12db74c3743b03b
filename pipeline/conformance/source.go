package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/perennial-clv/perennial/pipeline"
)

// Rows is what a source under test has to hold: text columns in the parts (of
// a source of files, the files) that it is to be made of. The cells of the
// first column differ from one another and are never null.
type Rows struct {
	Columns []string
	Parts   [][][]Cell
}

// Cell is a text, or null if it is nil.
type Cell = *string

// Source is the suite that every source must pass. Build makes a new
// source of the given rows; each is described once and opened once at most.
func Source(t *testing.T, build func(t *testing.T, rows Rows) pipeline.Source) {
	t.Run("describe tells what open delivers", func(t *testing.T) { testSourceDescribe(t, build) })
	t.Run("every row exactly once and in its place", func(t *testing.T) { testSourceRows(t, build) })
	t.Run("batches stand for the bytes described", func(t *testing.T) { testSourceBytes(t, build) })
	t.Run("columns as asked for", func(t *testing.T) { testSourceColumns(t, build) })
	t.Run("no rows", func(t *testing.T) { testSourceWithoutRows(t, build) })
	t.Run("a batch outlives its reader", func(t *testing.T) { testSourceBatch(t, build) })
	t.Run("a batch does not change while it is held", func(t *testing.T) { testSourceHeld(t, build) })
	t.Run("close early and twice", func(t *testing.T) { testSourceClose(t, build) })
	t.Run("a cancelled read never ends well", func(t *testing.T) { testSourceCancel(t, build) })
}

// sampleRows returns parts of the given sizes, with nulls here and there. The
// texts hold delimiters and more than ASCII, but no blanks, which not every
// format can hold.
func sampleRows(sizes ...int) Rows {
	rows := Rows{Columns: []string{"id", "name", "note"}, Parts: make([][][]Cell, len(sizes))}
	id := 0
	for part, size := range sizes {
		for range size {
			row := []Cell{text("row-%04d", id), text("name-%d,ünïcödé", id%7), text("%d", id*id)}
			if id%3 == 1 {
				row[1] = nil
			}
			if id%5 == 2 {
				row[2] = nil
			}
			rows.Parts[part] = append(rows.Parts[part], row)
			id++
		}
	}
	return rows
}

func text(format string, args ...any) Cell {
	s := fmt.Sprintf(format, args...)
	return &s
}

func testSourceDescribe(t *testing.T, build func(*testing.T, Rows) pipeline.Source) {
	rows := sampleRows(10, 20)
	source := build(t, rows)
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

func testSourceRows(t *testing.T, build func(*testing.T, Rows) pipeline.Source) {
	rows := sampleRows(40, 1, 0, 300, 7)
	for _, readers := range []int{1, 2, 3, 4, 5} {
		for _, size := range []int{0, 1, 7, 64, 1000} {
			source := build(t, rows)
			describe(t, source)
			batches := readAll(t, source, pipeline.Request{Columns: rows.Columns, Rows: size, Readers: readers})
			label := fmt.Sprintf("%d readers, batches of %d", readers, size)
			for _, b := range batches {
				if n := b.Record.NumRows(); n == 0 || size > 0 && n > int64(size) {
					t.Errorf("%s: a batch has %d rows", label, n)
				}
			}
			checkRows(t, label, batches, rows)
			release(batches)
		}
	}
}

func testSourceBytes(t *testing.T, build func(*testing.T, Rows) pipeline.Source) {
	rows := sampleRows(40, 300, 0, 7)
	for _, size := range []int{0, 1, 50} {
		source := build(t, rows)
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

func testSourceColumns(t *testing.T, build func(*testing.T, Rows) pipeline.Source) {
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
		source := build(t, rows)
		describe(t, source)
		batches := readAll(t, source, pipeline.Request{Columns: part.Columns, Readers: 2})
		checkRows(t, fmt.Sprint(part.Columns), batches, part)
		release(batches)
	}
}

func testSourceWithoutRows(t *testing.T, build func(*testing.T, Rows) pipeline.Source) {
	rows := sampleRows(0)
	source := build(t, rows)
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

func testSourceBatch(t *testing.T, build func(*testing.T, Rows) pipeline.Source) {
	rows := sampleRows(100)
	source := build(t, rows)
	describe(t, source)
	// readAll has closed every reader by the time the rows are looked at.
	batches := readAll(t, source, pipeline.Request{Columns: rows.Columns, Rows: 9, Readers: 1})
	checkRows(t, "after Close", batches, rows)
	for _, b := range batches {
		b.Record.Retain()
		b.Record.Release()
	}
	checkRows(t, "after an extra Retain and Release", batches, rows)
	release(batches)
}

// testSourceHeld holds every third batch while others come and are released,
// whose memory must be nobody's but theirs.
func testSourceHeld(t *testing.T, build func(*testing.T, Rows) pipeline.Source) {
	rows := sampleRows(200)
	source := build(t, rows)
	describe(t, source)
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
		first := b.FirstRow - 1
		defer func() {
			for i, row := range cells(b.Record) {
				if got, want := show(row), show(rows.Parts[0][first+int64(i)]); got != want {
					t.Errorf("row %d of a batch that was held: got %s, want %s", first+int64(i), got, want)
				}
			}
			b.Record.Release()
		}()
	}
}

func testSourceClose(t *testing.T, build func(*testing.T, Rows) pipeline.Source) {
	rows := sampleRows(50, 50)
	source := build(t, rows)
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

func testSourceCancel(t *testing.T, build func(*testing.T, Rows) pipeline.Source) {
	for _, before := range []int{0, 1, 3, 6} { // batches read before; the source has 6 in all
		rows := sampleRows(60)
		source := build(t, rows)
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
	d, err := source.Describe(context.Background())
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

// checkRows compares batches with the rows they were made of: per part, rows
// numbered from 1 without a gap, in order, equal cell by cell.
func checkRows(t *testing.T, label string, batches []pipeline.Batch, want Rows) {
	t.Helper()
	batches = slices.Clone(batches)
	slices.SortStableFunc(batches, func(a, b pipeline.Batch) int {
		if a.Part != b.Part {
			return a.Part - b.Part
		}
		return int(a.FirstRow - b.FirstRow)
	})
	var wanted, got [][]Cell
	for _, part := range want.Parts {
		wanted = append(wanted, part...)
	}
	part, next := -1, int64(1)
	for _, b := range batches {
		if b.Part != part {
			part, next = b.Part, 1
		}
		if b.Origin == "" || b.FirstRow != next || len(b.Faults) > 0 {
			t.Errorf("%s: part %d, origin %q: first row %d, want %d; %d faults, want 0", label, b.Part, b.Origin, b.FirstRow, next, len(b.Faults))
		}
		next = b.FirstRow + b.Record.NumRows()
		checkSchema(t, label, b.Record, want.Columns)
		got = append(got, cells(b.Record)...)
	}
	if len(got) != len(wanted) {
		t.Fatalf("%s: got %d rows, want %d", label, len(got), len(wanted))
	}
	for i := range got {
		if g, w := show(got[i]), show(wanted[i]); g != w {
			t.Fatalf("%s: row %d of all: got %s, want %s", label, i, g, w)
		}
	}
}

func checkSchema(t *testing.T, label string, record arrow.Record, columns []string) {
	t.Helper()
	var names []string
	for _, f := range record.Schema().Fields() {
		names = append(names, f.Name)
		if !pipeline.BatchType(arrow.BinaryTypes.String, f.Type) {
			t.Errorf("%s: column %s: a batch has text as %s", label, f.Name, f.Type)
		}
	}
	if !slices.Equal(names, columns) {
		t.Fatalf("%s: got columns %v, want %v", label, names, columns)
	}
}

// cells returns the rows of a record of text columns.
func cells(record arrow.Record) [][]Cell {
	rows := make([][]Cell, record.NumRows())
	for i := range rows {
		for _, column := range record.Columns() {
			rows[i] = append(rows[i], cellOf(column, i))
		}
	}
	return rows
}

// cellOf returns a cell of a column of text in either of its forms.
func cellOf(column arrow.Array, row int) Cell {
	if column.IsNull(row) {
		return nil
	}
	switch column := column.(type) {
	case *array.Dictionary:
		return text("%s", column.Dictionary().(*array.String).Value(column.GetValueIndex(row)))
	default:
		return text("%s", column.(*array.String).Value(row))
	}
}

func show(row []Cell) string {
	s := ""
	for _, cell := range row {
		if cell == nil {
			s += "|null"
		} else {
			s += fmt.Sprintf("|%q", *cell)
		}
	}
	return s
}
