package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// stepRows is how many rows are decoded of each column before the next look at
// the context and at how much text there is.
const stepRows = 4 << 10

// parquetRequest is what the readers of one Open have in common.
type parquetRequest struct {
	source *parquetSource
	schema *arrow.Schema // the columns asked for
	rows   int           // at most so many in a batch
	units  [][]rowGroup  // each of row groups of one file that follow each other
	work   *queue        // of units
	memory *table.Memory // of batches
}

// parquetReader delivers whole row groups, one after the other.
type parquetReader struct {
	parquetRequest
	within  *within      // the current call of next
	file    *parquetFile // nil before the first row group
	unit    []rowGroup   // what is left of it after group
	group   rowGroup
	columns []*columnReader // of group; nil between row groups
	current *columnReader   // that is being read, nil before the first
	done    int64           // rows of group that have been delivered
}

// leave frees what the reader holds.
func (r *parquetReader) leave() error {
	r.leaveGroup()
	return r.leaveFile()
}

// next returns the next batch of the current row group, or else of those after
// it.
func (r *parquetReader) next(ctx context.Context) (pipeline.Batch, error) {
	r.within.ctx = ctx
	for {
		if err := ctx.Err(); err != nil {
			return pipeline.Batch{}, err
		}
		if r.columns == nil {
			if err := r.enter(); err != nil {
				return pipeline.Batch{}, err
			}
		}
		if r.done < r.group.rows {
			return r.fill(ctx)
		}
		if err := r.finish(); err != nil {
			return pipeline.Batch{}, err
		}
	}
}

// enter begins the next row group; io.EOF if there is none left.
func (r *parquetReader) enter() error {
	if len(r.unit) == 0 {
		if err := r.enterUnit(); err != nil {
			return err
		}
	}
	group := r.unit[0]
	r.unit = r.unit[1:]
	if group.index >= len(r.file.groups) || r.file.groups[group.index].rows != group.rows {
		return r.source.files[group.file].changed()
	}
	r.group, r.done, r.columns = group, 0, []*columnReader{}
	return shielded(r.place(0), r.openColumns)
}

// enterUnit begins the next unit; io.EOF if there is none left.
func (r *parquetReader) enterUnit() error {
	i, ok := r.work.take()
	if !ok {
		return io.EOF
	}
	r.unit = r.units[i]
	if err := r.enterFile(r.source.files[r.unit[0].file]); err != nil {
		return err
	}
	r.file.planChunks(r.unit, r.schema)
	return nil
}

// enterFile opens a file unless it is the current one.
func (r *parquetReader) enterFile(from dataFile) error {
	if r.file != nil && r.file.path == from.path {
		return nil
	}
	if err := r.leaveFile(); err != nil {
		return err
	}
	file, err := openParquet(r.within, from, true)
	if err != nil {
		return err
	}
	r.file = file
	return nil
}

func (r *parquetReader) openColumns() error {
	chunks := r.file.content.RowGroups()[r.group.index].ColumnChunks()
	to := space{memory: r.memory, batch: int(min(int64(r.rows), r.group.rows))}
	for _, field := range r.schema.Fields() {
		i := r.file.column(field.Name)
		if i < 0 || !arrow.TypeEqual(r.file.columns[i].arrow, field.Type) {
			return r.source.files[r.group.file].changed()
		}
		c := r.file.columns[i]
		chunk := r.file.chunk(r.group.index, c)
		if err := checkChunk(r.place(-1), c.name, chunk); err != nil && r.group.rows > 0 {
			return err
		}
		r.columns = append(r.columns, &columnReader{name: c.name, pages: chunks[c.index].Pages(), decoder: c.decoder(to)})
	}
	return nil
}

// fill decodes a batch of the current row group, which has rows left. It ends
// early where there is much text, or where a column goes on in another form.
func (r *parquetReader) fill(ctx context.Context) (pipeline.Batch, error) {
	rows, wanted := 0, int(min(int64(r.rows), r.group.rows-r.done))
	for rows < wanted && r.text() < batchText {
		if err := ctx.Err(); err != nil {
			return pipeline.Batch{}, err
		}
		step := min(stepRows, wanted-rows)
		err := shielded("", func() (err error) {
			step, err = r.step(step)
			return err
		})
		if err != nil {
			return pipeline.Batch{}, r.placed(err)
		}
		if step == 0 {
			break
		}
		rows += step
	}
	batch := pipeline.Batch{
		Record: r.record(rows), Origin: r.file.path, Part: r.group.file, FirstRow: r.group.firstRow + r.done,
		Bytes: r.bytesBefore(r.done+int64(rows)) - r.bytesBefore(r.done),
	}
	r.done += int64(rows)
	return batch, nil
}

// step decodes at most so many rows: as many as every column has in its current
// page and room for. It returns how many, 0 if the batch cannot go on with them.
func (r *parquetReader) step(rows int) (int, error) {
	for _, r.current = range r.columns {
		ahead, err := r.current.ahead()
		if err != nil {
			return 0, err
		}
		room := r.current.room()
		if room == 0 {
			return 0, nil
		}
		rows = min(rows, ahead, room)
	}
	for _, r.current = range r.columns {
		if err := r.current.read(rows); err != nil {
			return 0, err
		}
	}
	return rows, nil
}

// record hands over what the columns have collected.
func (r *parquetReader) record(rows int) arrow.Record {
	columns := make([]arrow.Array, len(r.columns))
	fields := slices.Clone(r.schema.Fields())
	for i, c := range r.columns {
		columns[i] = c.take()
		fields[i].Type = columns[i].DataType()
	}
	return newRecord(arrow.NewSchema(fields, nil), columns, rows)
}

// bytesBefore is how many bytes of the file the rows before one of the current
// row group stand for, whatever columns are read: each row for as many, so that
// all of them are the file.
func (r *parquetReader) bytesBefore(row int64) int64 {
	share := float64(r.group.firstRow-1+row) / float64(r.file.content.NumRows())
	return int64(share * float64(r.source.files[r.group.file].size))
}

// text is how many bytes of text the batch has.
func (r *parquetReader) text() int {
	bytes := 0
	for _, c := range r.columns {
		bytes += c.bytes()
	}
	return bytes
}

// placed says where an error of the current column is.
func (r *parquetReader) placed(err error) error {
	var known *pipeline.Error
	if !errors.As(err, &known) || r.current == nil {
		return err
	}
	c := r.current
	known.Place = r.place(c.row)
	known.Message = fmt.Sprintf("column %q: %s", c.name, known.Message)
	var value *valueError
	var dictionary *dictionaryError
	switch {
	case errors.As(err, &dictionary): // some row of the row group; which is not known
		known.Place, known.Hint = r.place(-1), ""
	case errors.As(err, &value):
		known.Place, known.Hint = r.place(c.rowOf(value.index)), ""
	}
	return known
}

// place names a row of the current row group, from 0; none if it is negative.
func (r *parquetReader) place(row int64) string {
	if row < 0 {
		return fmt.Sprintf("%s: row group %d", r.file.path, r.group.index)
	}
	return fmt.Sprintf("%s: row group %d, row %d", r.file.path, r.group.index, r.group.firstRow+row)
}

// finish ends a row group, whose columns must have no more values.
func (r *parquetReader) finish() error {
	for _, c := range r.columns {
		if err := shielded(r.place(-1), c.finish); err != nil {
			return err
		}
	}
	r.leaveGroup()
	return nil
}

// leaveGroup frees the columns. The library may trip over what it has left of
// a damaged page; there is nothing to lose any more.
func (r *parquetReader) leaveGroup() {
	for _, c := range r.columns {
		_ = shielded("", c.close)
	}
	r.columns, r.current = nil, nil
}

func (r *parquetReader) leaveFile() error {
	if r.file == nil {
		return nil
	}
	file := r.file
	r.file = nil
	return file.Close()
}
