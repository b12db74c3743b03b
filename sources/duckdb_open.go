//go:build duckdb

package sources

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// duckRequest is what the readers of one Open have in common.
type duckRequest struct {
	schema  *arrow.Schema // the columns asked for
	columns []duckColumn  // likewise
	rows    int           // at most so many in a batch
	parts   []duckPart
	work    *queue        // of parts
	memory  *table.Memory // of batches
	count   *duckCount    // nil if the rows are not counted
}

// duckPart is a part of what is read, with rows of its own numbering.
type duckPart struct {
	origin    string // for people, also as the place of errors
	statement string
}

// Open implements pipeline.Source.
func (s *duckSource) Open(ctx context.Context, r pipeline.Request) ([]pipeline.Reader, error) {
	schema := pick(s.schema, r.Columns)
	c, known, err := s.bind(ctx, s.threads(r))
	if err != nil {
		return nil, err
	}
	readers, err := s.openOn(ctx, c, known, schema, r)
	if err != nil {
		closeReaders(readers)
		c.close()
		return nil, placedAt(s.place(), err)
	}
	return readers, nil
}

// threads returns how many threads DuckDB is to use beside those that ask it. A
// table is divided among these already.
func (s *duckSource) threads(r pipeline.Request) int {
	switch {
	case s.isTable():
		return 1
	case s.options.Threads > 0:
		return s.options.Threads
	default:
		return max(1, r.Readers)
	}
}

// openOn returns readers, of which the first has connection c. With an error it
// returns those that it has opened.
func (s *duckSource) openOn(ctx context.Context, c *duckConnection, known []duckColumn, schema *arrow.Schema, r pipeline.Request) ([]pipeline.Reader, error) {
	shared := duckRequest{schema: schema, rows: rowsOf(r), parts: s.parts(schema, s.until(r)), memory: new(table.Memory)}
	shared.work = &queue{units: len(shared.parts)}
	var err error
	if shared.columns, err = s.columns(known, schema); err != nil {
		return nil, err
	}
	if s.isTable() {
		if shared.count, err = s.counted(ctx, c, len(shared.parts), s.until(r)); err != nil {
			return nil, err
		}
	}
	readers := make([]pipeline.Reader, 0, readersFor(len(shared.parts), r.Readers))
	for len(readers) < cap(readers) {
		if len(readers) > 0 {
			if c, err = c.instance.connect(ctx); err != nil {
				return readers, err
			}
		}
		readers = append(readers, &reader{batches: newDuckReader(shared, c)})
	}
	return readers, nil
}

func closeReaders(readers []pipeline.Reader) {
	for _, r := range readers {
		_ = r.Close() // another error is on its way
	}
}

// columns returns the columns asked for as they are now, which must be as they
// were described.
func (s *duckSource) columns(known []duckColumn, schema *arrow.Schema) ([]duckColumn, error) {
	columns := make([]duckColumn, schema.NumFields())
	for i, f := range schema.Fields() {
		at := slices.IndexFunc(known, func(c duckColumn) bool { return c.name == f.Name })
		if at < 0 || !arrow.TypeEqual(known[at].arrow, f.Type) || known[at].isCast != s.casts[f.Name] {
			return nil, pipeline.Errorf(pipeline.ClassSource, s.name(), "run again when nobody alters it", "column %q has changed since it was described", f.Name)
		}
		columns[i] = known[at]
	}
	return columns, nil
}

// parts divides a table by its row ids. Only the last part has no end, so that
// no row can be beyond it.
func (s *duckSource) parts(schema *arrow.Schema, until string) []duckPart {
	name := s.name()
	if s.rowIDs <= s.partRows {
		return []duckPart{{name, s.selection(schema, until)}}
	}
	var parts []duckPart
	for first := int64(0); first < s.rowIDs; first += s.partRows {
		from, to := fmt.Sprintf("rowid >= %d", first), fmt.Sprintf("rowid < %d", first+s.partRows)
		if first+s.partRows >= s.rowIDs {
			to = ""
		}
		parts = append(parts, duckPart{fmt.Sprintf("%s from rowid %d", name, first), s.selection(schema, from, to, until)})
	}
	return parts
}

// duckCount holds the rows that all parts deliver against those that DuckDB
// counts.
type duckCount struct {
	promised  int64
	delivered atomic.Int64
	parts     atomic.Int64 // that have not ended
}

// counted counts the rows of a table that are wanted. A database that is open
// to be read does not change.
func (s *duckSource) counted(ctx context.Context, c *duckConnection, parts int, until string) (*duckCount, error) {
	promised, err := c.number(ctx, "SELECT count(*)"+s.from(until))
	if err != nil {
		return nil, err
	}
	count := &duckCount{promised: promised}
	count.parts.Store(int64(parts))
	return count, nil
}

// end notes that a part has delivered so many rows. After the last part it fails
// if they are not as many as promised.
func (c *duckCount) end(rows int64) error {
	if c == nil {
		return nil
	}
	delivered := c.delivered.Add(rows)
	if c.parts.Add(-1) > 0 || delivered == c.promised {
		return nil
	}
	return pipeline.Errorf(pipeline.ClassTemporary, "", "run it again", "DuckDB counts %d rows and delivers %d", c.promised, delivered)
}
