package sinks

import (
	"context"
	"errors"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// rowGroup is the rows of a row group as they came, page by page. It holds
// its records until release.
type rowGroup struct {
	first int64 // the file's row number of its first row, from 0
	rows  int
	pages [][]span
}

// release lets go of the records.
func (g *rowGroup) release() {
	for _, spans := range g.pages {
		for _, s := range spans {
			s.record.Release()
		}
	}
}

// add appends rows to the last page, or to a new one where that is full.
func (g *rowGroup) add(s span) {
	s.record.Retain()
	if g.rows%pageRows == 0 {
		g.pages = append(g.pages, nil)
	}
	last := &g.pages[len(g.pages)-1]
	*last = append(*last, s)
	g.rows += s.rows()
}

// rowsOf returns how many rows spans have.
func rowsOf(spans []span) int {
	rows := 0
	for _, s := range spans {
		rows += s.rows()
	}
	return rows
}

// split cuts spans after some of their rows.
func split(spans []span, rows int) (front, back []span) {
	for _, s := range spans {
		n := min(rows, s.rows())
		if n > 0 {
			front = append(front, span{s.record, s.from, s.from + n})
		}
		if n < s.rows() {
			back = append(back, span{s.record, s.from + n, s.to})
		}
		rows -= n
	}
	return front, back
}

// cutter cuts the records of a table into row groups, by rows alone.
type cutter struct {
	ctx    context.Context
	next   func() (arrow.Record, error)
	table  table.Schema
	schema *arrow.Schema
	cut    cut
	groups int  // so far
	rest   span // rows that no group has yet; its record is nil if there are none
}

// nextError is an error of whoever makes the records, kept apart from those
// of writing them.
type nextError struct{ error }

// group returns the next row group, and io.EOF after the last.
func (c *cutter) group() (*rowGroup, error) {
	g := &rowGroup{first: int64(c.groups%c.cut.partGroups) * int64(c.cut.groupRows)}
	for g.rows < c.cut.groupRows {
		err := c.fill()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			g.release()
			return nil, err
		}
		n := min(c.rest.rows(), c.cut.groupRows-g.rows, pageRows-g.rows%pageRows)
		g.add(span{c.rest.record, c.rest.from, c.rest.from + n})
		if c.rest.from += n; c.rest.rows() == 0 {
			c.close()
		}
	}
	if g.rows == 0 {
		return nil, io.EOF
	}
	c.groups++
	return g, nil
}

// fill draws records until one has rows that no group has yet. It looks at
// the context before each.
func (c *cutter) fill() error {
	for c.rest.record == nil {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		r, err := c.next()
		if errors.Is(err, io.EOF) {
			return io.EOF
		}
		if err != nil {
			return nextError{err}
		}
		if err := c.check(r); err != nil {
			r.Release()
			return err
		}
		c.rest = span{record: r, to: int(r.NumRows())}
		if r.NumRows() == 0 {
			c.close()
		}
	}
	return nil
}

// close lets go of the record at hand.
func (c *cutter) close() {
	if c.rest.record != nil {
		c.rest.record.Release()
		c.rest = span{}
	}
}

// check refuses a record of another table: a programmer's mistake.
func (c *cutter) check(r arrow.Record) error {
	if r.Schema() == c.schema {
		return nil
	}
	if int(r.NumCols()) != c.schema.NumFields() {
		return pipeline.Errorf(pipeline.ClassInternal, "", "", "table %s has %d columns, its record %d", c.table.Name, c.schema.NumFields(), r.NumCols())
	}
	for i, want := range c.schema.Fields() {
		got := r.Schema().Field(i)
		if got.Name != want.Name || !arrow.TypeEqual(got.Type, want.Type) {
			return pipeline.Errorf(pipeline.ClassInternal, "", "", "table %s: column %d is %s %s, in its record %s %s", c.table.Name, i+1, want.Name, want.Type, got.Name, got.Type)
		}
		if labels := c.table.Columns[i].Labels; labels != nil && !hasLabels(r.Column(i), labels) {
			return pipeline.Errorf(pipeline.ClassInternal, "", "", "table %s: column %s has other labels in its record", c.table.Name, want.Name)
		}
	}
	return nil
}

// hasLabels reports whether the values of a dictionary array are labels.
func hasLabels(a arrow.Array, labels []string) bool {
	values := a.(*array.Dictionary).Dictionary().(*array.String)
	if values.Len() != len(labels) {
		return false
	}
	for i, label := range labels {
		if values.Value(i) != label {
			return false
		}
	}
	return true
}
