package sinks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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
// file of table t, encoded as a sink would, on at most workers goroutines,
// whose number changes no byte. The file appears under path only when it is
// whole, and replaces what was there; after an error nothing is left of it.
// Each record is released. An error of next is returned as it is. The
// receipt's only file has path as it was given.
func WriteParquetFile(ctx context.Context, path string, t table.Schema, workers int, next func() (arrow.Record, error)) (pipeline.Receipt, error) {
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
	r, err := newTableWriter(disk{}, dir, t, cut{rowGroupRows, math.MaxInt32}).write(ctx, workers, next)
	if foreign, ok := errors.AsType[nextError](err); ok {
		return pipeline.Receipt{}, foreign.error
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

// tableWriter writes a table as the parts of one folder. There is always a
// part, for a reader needs a schema also where there are no rows.
type tableWriter struct {
	disk    disk
	dir     string
	table   table.Schema
	cut     cut
	part    *part // being written, nil between two parts
	receipt pipeline.Receipt
}

func newTableWriter(d disk, dir string, t table.Schema, c cut) *tableWriter {
	w := &tableWriter{disk: d, dir: dir, table: t, cut: c, receipt: pipeline.Receipt{Table: t.Name, Columns: pipeline.Columns(t)}}
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
// relative to the folder. Row groups are encoded side by side and written in
// their order. An error of next is returned as a nextError.
func (w *tableWriter) write(ctx context.Context, workers int, next func() (arrow.Record, error)) (pipeline.Receipt, error) {
	defer w.abandon()
	groups := &cutter{ctx: ctx, next: next, table: w.table, schema: w.table.Arrow(), cut: w.cut}
	defer groups.close()
	encoders := make([]*encoder, max(1, workers))
	encode := func(worker int, g *rowGroup) (*encodedGroup, error) {
		defer g.release()
		if encoders[worker] == nil {
			encoders[worker] = newEncoder(w.table)
		}
		return encoders[worker].encode(g)
	}
	if err := pipeline.InOrder(ctx, len(encoders), groups.group, encode, w.add); err != nil {
		return w.receipt, err
	}
	if len(w.receipt.Files) == 0 && w.part == nil {
		if err := w.begin(); err != nil {
			return w.receipt, err
		}
	}
	return w.receipt, w.end()
}

// add writes a row group.
func (w *tableWriter) add(g *encodedGroup) error {
	if w.part == nil {
		if err := w.begin(); err != nil {
			return err
		}
	}
	for _, c := range g.chunks {
		if c.column.Kind != table.Money {
			continue
		}
		total, ok := c.sum.addTo(w.receipt.Sums[c.column.Name])
		if !ok {
			return mistake(c.column, g.first+int64(g.rows)-1, "or one before it in its row group makes the column's sum overflow")
		}
		w.receipt.Sums[c.column.Name] = total
	}
	if err := w.part.add(g); err != nil {
		return err
	}
	if len(w.part.groups) == w.cut.partGroups {
		return w.end()
	}
	return nil
}

// begin opens the next part under a name that readers would not take.
func (w *tableWriter) begin() error {
	f, err := w.disk.create(filepath.Join(w.dir, fmt.Sprintf(".part-%05d.tmp", len(w.receipt.Files))))
	if err != nil {
		return err
	}
	w.part = &part{file: f, table: w.table}
	return w.part.begin()
}

// end closes the part, if one is open, reads it back, and names it after its
// content.
func (w *tableWriter) end() error {
	if w.part == nil {
		return nil
	}
	f := w.part.file
	if err := cmp.Or(w.part.end(), f.finish()); err != nil {
		return err
	}
	written := pipeline.File{Rows: w.part.rows, Bytes: f.bytes, SHA256: f.sum()}
	w.part = nil
	if err := readBack(f.path, written); err != nil {
		return err
	}
	const shown = 12 // hex digits of the checksum: enough that no two parts of a date share a name
	written.Path = fmt.Sprintf("part-%05d-%s.parquet", len(w.receipt.Files), written.SHA256[:shown])
	w.receipt.Files = append(w.receipt.Files, written)
	w.receipt.Rows += written.Rows
	w.receipt.Bytes += written.Bytes
	return w.disk.rename(f.path, filepath.Join(w.dir, written.Path))
}

// abandon closes a part that an error has left open.
func (w *tableWriter) abandon() {
	if w.part != nil {
		w.part.file.file.Close() // of no use any more, and perhaps closed already
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
