package sources

import (
	"context"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

const (
	rawKept    = 4 << 10 // bytes of a faulty row that are kept
	rowsAtOnce = 1 << 10 // rows between two looks at the context
)

// csvRequest is what the readers of one Open have in common.
type csvRequest struct {
	source *csvSource
	schema *arrow.Schema // the columns asked for
	rows   int           // at most so many in a batch
	work   *sections
	memory *table.Memory // of batches
}

// csvReader delivers whole files and sections of files, one after the other.
type csvReader struct {
	csvRequest
	within  *within // the current call of next
	section section
	file    *csvFile // nil between sections
	done    int64    // rows of section that have been delivered
	told    int64    // bytes that those batches stand for
	field   []int    // of each requested column, its index in a row of file
	column  []textColumn
}

func newCSVReader(r csvRequest) *csvReader {
	reader := &csvReader{csvRequest: r, within: new(within), column: make([]textColumn, r.schema.NumFields())}
	for i := range reader.column {
		reader.column[i].memory = r.memory
	}
	return reader
}

// leave closes the current file, if there is one.
func (r *csvReader) leave() error {
	if r.file == nil {
		return nil
	}
	file := r.file
	r.file = nil
	return file.Close()
}

// next returns the next batch of the current section, or else of those after
// it.
func (r *csvReader) next(ctx context.Context) (pipeline.Batch, error) {
	r.within.ctx = ctx
	for {
		if err := ctx.Err(); err != nil {
			return pipeline.Batch{}, err
		}
		if r.file == nil {
			var err error
			if r.section, err = r.work.take(r.within); err != nil {
				return pipeline.Batch{}, err
			}
		}
		batch, err := r.read(ctx)
		switch {
		case err != nil && ctx.Err() != nil:
			return pipeline.Batch{}, ctx.Err()
		case err != nil:
			return pipeline.Batch{}, r.firstError(ctx, err)
		case batch.Record != nil:
			return batch, nil
		}
		r.work.end(r.section.number)
	}
}

// firstError returns the error of the first section that has one, where the
// current one has failed with err, so that it does not matter who was faster:
// sections before it that others are still reading are looked through here.
func (r *csvReader) firstError(ctx context.Context, err error) error {
	if pipeline.ClassOf(err) == pipeline.ClassTemporary { // which another time will be another
		r.work.fail(err)
		return err
	}
	request := r.csvRequest
	request.schema = pick(r.schema, nil)
	for _, s := range r.work.before(r.section.number) {
		other := newCSVReader(request)
		other.section = s
		if found := other.readThrough(ctx); found != nil {
			err = found
			break
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r.work.fail(err)
	return err
}

// readThrough reads the current section for its error alone.
func (r *csvReader) readThrough(ctx context.Context) error {
	r.within.ctx = ctx
	defer r.leave()
	for {
		batch, err := r.read(ctx)
		if err != nil || batch.Record == nil {
			return err
		}
		batch.Record.Release()
	}
}

// read returns the next batch of the current section, which it opens and
// leaves; the batch's record is nil if there is no row left.
func (r *csvReader) read(ctx context.Context) (pipeline.Batch, error) {
	if r.file == nil {
		if err := r.enter(); err != nil {
			return pipeline.Batch{}, err
		}
	}
	batch, err := r.fill(ctx)
	if err == nil && batch.Record == nil {
		err = r.leave()
	}
	return batch, err
}

// enter opens the file of the current section.
func (r *csvReader) enter() error {
	from := r.source.files[r.section.part]
	file, err := r.source.format.openAt(r.within, from, r.section)
	if err != nil {
		return err
	}
	if !r.section.isStored(from.path) {
		file.Close()
		return from.changed()
	}
	if file.columns != nil { // else it has no row
		if err := sameColumns(file.columns, from.path, r.source.columns, described(r.source.paths)); err != nil {
			file.Close()
			return err
		}
	}
	r.file, r.done, r.told = file, 0, 0
	r.field = r.field[:0]
	for _, f := range r.schema.Fields() {
		r.field = append(r.field, slices.Index(file.columns, f.Name))
	}
	return nil
}

// fill reads a batch of the current section; its record is nil if there is no
// row left.
func (r *csvReader) fill(ctx context.Context) (pipeline.Batch, error) {
	batch := pipeline.Batch{Origin: r.file.path, Part: r.section.part, FirstRow: r.section.row + r.done}
	wanted := int(min(int64(r.rows), r.section.rows-r.done))
	rows, text := 0, 0
	for i := range r.column {
		r.column[i].begin()
	}
	for rows < wanted && text < batchText {
		if rows%rowsAtOnce == 0 && ctx.Err() != nil {
			return pipeline.Batch{}, ctx.Err()
		}
		err := r.advance()
		if err == io.EOF && r.section.rows == toEnd {
			break
		}
		if err == io.EOF { // rows were here when they were passed over
			return pipeline.Batch{}, r.source.files[r.section.part].changed()
		}
		if err != nil {
			return pipeline.Batch{}, r.file.placed(err)
		}
		if reason := r.fault(); reason != "" {
			batch.Faults = append(batch.Faults, pipeline.Fault{Index: rows, Reason: reason, Raw: kept(r.file.tokens.row)})
			r.appendNulls()
		} else {
			r.appendRow()
		}
		text += len(r.file.tokens.row)
		rows++
	}
	if rows > 0 {
		batch.Record = r.record(rows)
		r.done += int64(rows)
		batch.Bytes = r.consumed() - r.told
		r.told += batch.Bytes
	}
	return batch, nil
}

// consumed is about how many stored bytes the batches of the current section
// stand for: what has been read, which runs ahead of the rows by a buffer.
func (r *csvReader) consumed() int64 {
	if r.done == r.section.rows { // never those of a section to the end
		return r.section.bytes
	}
	return min(r.section.bytes, r.file.stored.bytes)
}

// advance goes to the next row, which may be the one that opening has read.
func (r *csvReader) advance() error {
	if r.file.pending {
		r.file.pending = false
		return nil
	}
	return r.file.tokens.advance()
}

// fault says why the current row cannot be read; empty if it can.
func (r *csvReader) fault() string {
	t := r.file.tokens
	if t.broken != "" {
		return t.broken
	}
	if got, want := len(t.fields), len(r.file.columns); got != want {
		return fmt.Sprintf("%d fields instead of %d", got, want)
	}
	return ""
}

// kept returns the beginning of a row as it is kept for the quarantine.
func kept(row []byte) string {
	if len(row) <= rawKept {
		return string(row)
	}
	end := rawKept
	for !utf8.RuneStart(row[end]) {
		end--
	}
	return string(row[:end])
}

func (r *csvReader) appendRow() {
	t := r.file.tokens
	for i := range r.column {
		c := &r.column[i]
		text := t.field(t.fields[r.field[i]])
		if r.isNull(text) {
			c.nothing(1)
			continue
		}
		c.data = append(c.data, text...)
		c.end()
	}
}

func (r *csvReader) isNull(text []byte) bool {
	for _, null := range r.source.format.nulls {
		if string(text) == null {
			return true
		}
	}
	return false
}

func (r *csvReader) appendNulls() {
	for i := range r.column {
		r.column[i].nothing(1)
	}
}

// record hands over what the columns have collected.
func (r *csvReader) record(rows int) arrow.Record {
	columns := make([]arrow.Array, len(r.column))
	for i := range r.column {
		columns[i] = r.column[i].take()
	}
	return newRecord(r.schema, columns, rows)
}
