package conformance

import (
	"fmt"
	"slices"
	"strings"
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

// checkRows compares batches with the rows they were made of: per part, rows
// numbered from 1 without a gap, in order unless there is none, equal cell by
// cell.
func (s sourceSuite) checkRows(t *testing.T, label string, batches []pipeline.Batch, want Rows) {
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
	if s.isUnordered {
		sortRows(wanted)
		sortRows(got)
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

// sortRows orders rows by their first column.
func sortRows(rows [][]Cell) {
	slices.SortFunc(rows, func(a, b []Cell) int { return strings.Compare(*a[0], *b[0]) })
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
