//go:build duckdb

package sources

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/perennial-clv/perennial/pipeline"
)

// duckReader delivers whole parts, one after the other.
type duckReader struct {
	duckRequest
	connection *duckConnection
	collected  []duckVectors

	// The current part.
	part   int
	result *duckResult // nil between parts
	done   int64       // rows that have been delivered

	// The rows that DuckDB has delivered last.
	chunk   duckdb.DataChunk
	at, end int
	levels  [][]byte // of each column, between uses

	faults []duckFault // of the current batch
}

// duckFault is a value that a row cannot be read for.
type duckFault struct {
	row, column  int // of the batch
	reason, text string
}

func newDuckReader(shared duckRequest, c *duckConnection) *duckReader {
	r := &duckReader{duckRequest: shared, connection: c, levels: make([][]byte, len(shared.columns))}
	for _, column := range shared.columns {
		r.collected = append(r.collected, column.collect(space{memory: shared.memory, batch: shared.rows}))
	}
	return r
}

// leave frees what the reader holds.
func (r *duckReader) leave() error {
	r.leavePart()
	r.connection.close()
	return nil
}

func (r *duckReader) leavePart() {
	duckdb.DestroyDataChunk(&r.chunk)
	if r.result != nil {
		r.result.close()
	}
	r.result, r.at, r.end = nil, 0, 0
}

// next returns the next batch of the current part, or else of those after it.
func (r *duckReader) next(ctx context.Context) (pipeline.Batch, error) {
	for {
		if err := ctx.Err(); err != nil {
			return pipeline.Batch{}, err
		}
		if r.result == nil {
			if err := r.enter(ctx); err != nil {
				return pipeline.Batch{}, err
			}
		}
		rows := 0
		err := r.connection.during(ctx, func() (err error) {
			rows, err = r.fill()
			return err
		})
		if err != nil {
			return pipeline.Batch{}, placedAt(r.parts[r.part].origin, err)
		}
		if rows > 0 {
			return r.batch(rows), nil
		}
		if err := r.count.end(r.done); err != nil {
			return pipeline.Batch{}, placedAt(r.parts[r.part].origin, err)
		}
		r.leavePart()
	}
}

// enter begins the next part; io.EOF if there is none left.
func (r *duckReader) enter(ctx context.Context) (err error) {
	var ok bool
	if r.part, ok = r.work.take(); !ok {
		return io.EOF
	}
	r.done = 0
	r.result, err = r.connection.query(ctx, r.parts[r.part].statement)
	return placedAt(r.parts[r.part].origin, err)
}

// fill collects the rows of a batch and returns how many they are, 0 at the end
// of the part.
func (r *duckReader) fill() (rows int, err error) {
	for rows < r.rows && r.text() < batchText {
		if r.at == r.end {
			if err := r.fetch(); err == io.EOF {
				break
			} else if err != nil {
				return 0, err
			}
		}
		n := min(r.end-r.at, r.rows-rows)
		if err := r.append(rows, n); err != nil {
			return 0, err
		}
		r.at += n
		rows += n
	}
	return rows, nil
}

// fetch asks for the next rows.
func (r *duckReader) fetch() (err error) {
	duckdb.DestroyDataChunk(&r.chunk)
	r.at, r.end = 0, 0
	if r.chunk, err = r.result.next(); err != nil {
		return err
	}
	r.end = int(duckdb.DataChunkGetSize(r.chunk))
	return nil
}

// append collects the next n rows, of which the first is the given row of the
// batch.
func (r *duckReader) append(row, n int) error {
	for i, c := range r.collected {
		v := duckVectorOf(r.chunk, i)
		r.levels[i] = v.part(r.at, n, r.levels[i])
		isClean, err := c.append(&v)
		if err != nil {
			return pipeline.Errorf(pipeline.ClassSource, "", "", "column %q: %w", r.columns[i].name, err)
		}
		if !isClean {
			r.note(&v, row, i)
		}
	}
	return nil
}

// note notes the values of a vector that cannot be read.
func (r *duckReader) note(v *duckVector, row, column int) {
	for i := range v.n {
		if v.levels != nil && v.levels[i] == absent {
			continue
		}
		if reason, text := r.collected[column].faultOf(v, i); reason != "" {
			r.faults = append(r.faults, duckFault{row + i, column, reason, text})
		}
	}
}

// text is how many bytes of text the batch has.
func (r *duckReader) text() int {
	bytes := 0
	for _, c := range r.collected {
		bytes += c.bytes()
	}
	return bytes
}

// batch hands over what the columns have collected.
func (r *duckReader) batch(rows int) pipeline.Batch {
	columns := make([]arrow.Array, len(r.collected))
	fields := slices.Clone(r.schema.Fields())
	for i, c := range r.collected {
		columns[i] = c.take()
		fields[i].Type = columns[i].DataType()
	}
	faults := r.takeFaults(columns)
	batch := pipeline.Batch{
		Record: newRecord(arrow.NewSchema(fields, nil), columns, rows), Origin: r.parts[r.part].origin, Part: r.part, FirstRow: r.done + 1, Faults: faults,
	}
	r.done += int64(rows)
	return batch
}

// takeFaults returns the rows that cannot be read, each for its first column
// that cannot, and makes their values null.
func (r *duckReader) takeFaults(columns []arrow.Array) []pipeline.Fault {
	if len(r.faults) == 0 {
		return nil
	}
	slices.SortStableFunc(r.faults, func(a, b duckFault) int { return cmp.Or(a.row-b.row, a.column-b.column) })
	var faults []pipeline.Fault
	var rows []int
	for i, f := range r.faults {
		if i > 0 && r.faults[i-1].row == f.row {
			continue
		}
		rows = append(rows, f.row)
		faults = append(faults, pipeline.Fault{Index: f.row, Reason: "column " + r.columns[f.column].name + ": " + f.reason, Raw: r.raw(columns, r.faults[i:])})
	}
	r.faults = r.faults[:0]
	for i, c := range columns {
		columns[i] = withNulls(c, rows)
		c.Release()
	}
	return faults
}

// raw renders the row of the first of some faults, which come in the order of
// rows and columns: name=value, as the ledger renders rows.
func (r *duckReader) raw(columns []arrow.Array, faults []duckFault) string {
	row := faults[0].row
	cells := make([]string, len(columns))
	for i, c := range columns {
		cells[i] = "NULL"
		if !c.IsNull(row) {
			cells[i] = strconv.Quote(duckCellText(c, row))
		}
	}
	for _, f := range faults {
		if f.row == row {
			cells[f.column] = strconv.Quote(f.text)
		}
	}
	for i := range cells {
		cells[i] = r.columns[i].name + "=" + cells[i]
	}
	return kept([]byte(strings.Join(cells, " ")))
}

// duckCellText returns a value as a text.
func duckCellText(c arrow.Array, row int) string {
	if d, ok := c.(*array.Decimal128); ok { // which Arrow shows as floats
		return d.Value(row).ToString(d.DataType().(*arrow.Decimal128Type).Scale)
	}
	return c.ValueStr(row)
}

// withNulls returns a column whose values at some ascending rows are null.
func withNulls(c arrow.Array, rows []int) arrow.Array {
	data := c.Data()
	var v validity
	for row := range c.Len() {
		isOut := len(rows) > 0 && rows[0] == row
		if isOut {
			rows = rows[1:]
		}
		if isOut || c.IsNull(row) {
			v.null(1)
		} else {
			v.known(1)
		}
	}
	bitmap, n, nulls := v.take()
	defer bitmap.Release()
	buffers := append([]*memory.Buffer{bitmap}, data.Buffers()[1:]...)
	changed := array.NewData(data.DataType(), n, buffers, nil, nulls, 0)
	if c, ok := c.(*array.Dictionary); ok {
		changed.SetDictionary(c.Dictionary().Data())
	}
	defer changed.Release()
	return array.MakeFromData(changed)
}
