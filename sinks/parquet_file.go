package sinks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/parquet-go/parquet-go"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// WriteParquetFile writes all records of next, until io.EOF, as one Parquet
// file of table t, encoded as a sink would. The file appears under path only
// when it is whole, and replaces what was there; after an error nothing is
// left of it. Each record is released. An error of next is returned as it is.
// The receipt's only file has path as it was given.
func WriteParquetFile(ctx context.Context, path string, t table.Schema, next func() (arrow.Record, error)) (pipeline.Receipt, error) {
	if err := checkTable(t); err != nil {
		return pipeline.Receipt{}, err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), "."+filepath.Base(path)+".")
	if errors.Is(err, fs.ErrNotExist) {
		return pipeline.Receipt{}, pipeline.Errorf(pipeline.ClassUsage, path, "make its folder first, or choose another", "cannot be written: %w", bare(err))
	}
	if err != nil {
		return pipeline.Receipt{}, diskError(path, err)
	}
	defer os.RemoveAll(dir)
	source := &stream{ctx: ctx, next: next}
	r, err := newTableWriter(disk{}, dir, t, cut{rowGroupRows, math.MaxInt32}).write(source)
	if source.err != nil {
		return pipeline.Receipt{}, source.err
	}
	if err != nil {
		return pipeline.Receipt{}, err
	}
	if err := (disk{}).rename(filepath.Join(dir, r.Files[0].Path), path); err != nil {
		return pipeline.Receipt{}, err
	}
	r.Files[0].Path = filepath.ToSlash(path)
	return r, disk{}.syncDir(filepath.Dir(path))
}

// stream delivers records until io.EOF, or until its context ends. It keeps
// the error of whoever makes the records apart from those of writing them.
type stream struct {
	ctx  context.Context
	next func() (arrow.Record, error)
	err  error
}

func (s *stream) read() (arrow.Record, error) {
	if s.err = s.ctx.Err(); s.err != nil {
		return nil, s.err
	}
	r, err := s.next()
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return r, err
}

// tableWriter writes a table as the parts of one folder. There is always a
// part, for a reader needs a schema also where there are no rows.
type tableWriter struct {
	disk    disk
	dir     string
	table   table.Schema
	schema  *arrow.Schema
	cut     cut
	file    *file
	encoder *encoder // of the part being written, nil between two parts
	receipt pipeline.Receipt
}

func newTableWriter(d disk, dir string, t table.Schema, c cut) *tableWriter {
	w := &tableWriter{disk: d, dir: dir, table: t, schema: t.Arrow(), cut: c, receipt: pipeline.Receipt{Table: t.Name, Columns: pipeline.Columns(t)}}
	for _, c := range t.Columns {
		if c.Kind == table.Money {
			if w.receipt.Sums == nil {
				w.receipt.Sums = make(map[string]int64)
			}
			w.receipt.Sums[c.Name] = 0
		}
	}
	return w
}

// write takes all records and returns the table's receipt, in which paths are
// relative to the folder.
func (w *tableWriter) write(s *stream) (pipeline.Receipt, error) {
	defer w.abandon()
	for {
		r, err := s.read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return w.receipt, err
		}
		err = w.add(r)
		r.Release()
		if err != nil {
			return w.receipt, err
		}
	}
	if len(w.receipt.Files) == 0 && w.encoder == nil {
		if err := w.begin(); err != nil {
			return w.receipt, err
		}
	}
	return w.receipt, w.end()
}

// add writes one record into as many parts as it needs.
func (w *tableWriter) add(r arrow.Record) error {
	if err := w.checkRecord(r); err != nil {
		return err
	}
	partRows := int64(w.cut.groupRows) * int64(w.cut.partGroups)
	for from, rows := 0, int(r.NumRows()); from < rows; {
		if w.encoder == nil {
			if err := w.begin(); err != nil {
				return err
			}
		}
		to := int(min(int64(rows), int64(from)+partRows-w.encoder.rows))
		if err := w.encoder.write(r, from, to); err != nil {
			return err
		}
		from = to
		if w.encoder.rows == partRows {
			if err := w.end(); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkRecord refuses a record of another table: a programmer's mistake.
func (w *tableWriter) checkRecord(r arrow.Record) error {
	if r.Schema() == w.schema {
		return nil
	}
	if int(r.NumCols()) != w.schema.NumFields() {
		return pipeline.Errorf(pipeline.ClassInternal, "", "", "table %s has %d columns, its record %d", w.table.Name, w.schema.NumFields(), r.NumCols())
	}
	for i, want := range w.schema.Fields() {
		got := r.Schema().Field(i)
		if got.Name != want.Name || !arrow.TypeEqual(got.Type, want.Type) {
			return pipeline.Errorf(pipeline.ClassInternal, "", "", "table %s: column %d is %s %s, in its record %s %s", w.table.Name, i+1, want.Name, want.Type, got.Name, got.Type)
		}
	}
	return nil
}

// begin opens the next part under a name that readers would not take.
func (w *tableWriter) begin() (err error) {
	path := filepath.Join(w.dir, fmt.Sprintf(".part-%05d.tmp", len(w.receipt.Files)))
	if w.file, err = w.disk.create(path); err != nil {
		return err
	}
	w.encoder = newEncoder(w.file, w.table, w.cut.groupRows)
	for i := range w.encoder.columns {
		c := &w.encoder.columns[i]
		c.sum = w.receipt.Sums[c.name] // of the parts before, so that an overflow shows
	}
	return nil
}

// end closes the part, if one is open, reads it back, and names it after its
// content.
func (w *tableWriter) end() error {
	if w.encoder == nil {
		return nil
	}
	if err := cmp.Or(w.encoder.close(), w.file.finish()); err != nil {
		return err
	}
	part := pipeline.File{Rows: w.encoder.rows, Bytes: w.file.bytes, SHA256: w.file.sum()}
	for _, c := range w.encoder.columns {
		if c.kind == table.Money {
			w.receipt.Sums[c.name] = c.sum
		}
	}
	w.encoder = nil
	if err := readBack(w.file.path, part); err != nil {
		return err
	}
	const shown = 12 // hex digits of the checksum: enough that no two parts of a date share a name
	part.Path = fmt.Sprintf("part-%05d-%s.parquet", len(w.receipt.Files), part.SHA256[:shown])
	w.receipt.Files = append(w.receipt.Files, part)
	w.receipt.Rows += part.Rows
	w.receipt.Bytes += part.Bytes
	return w.disk.rename(w.file.path, filepath.Join(w.dir, part.Path))
}

// abandon closes a part that an error has left open.
func (w *tableWriter) abandon() {
	if w.encoder != nil {
		w.encoder.release(len(w.encoder.held))
		w.file.file.Close() // of no use any more, and perhaps closed already
	}
}

// readBack opens a part as a reader would and compares its rows.
func readBack(path string, want pipeline.File) error {
	f, err := os.Open(path)
	if err != nil {
		return diskError(path, err)
	}
	defer f.Close()
	p, err := parquet.OpenFile(f, want.Bytes)
	if err != nil {
		return pipeline.Errorf(pipeline.ClassTemporary, path, "run again; if it happens twice, check the disk", "cannot be read back: %w", err)
	}
	if p.NumRows() != want.Rows {
		return pipeline.Errorf(pipeline.ClassInternal, path, "", "has %d rows when read back, %d were written", p.NumRows(), want.Rows)
	}
	return nil
}
