package sinks

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
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
	r, err := newTableWriter(partFolder{disk{}, dir}, t, cut{rowGroupRows, math.MaxInt32}).write(ctx, workers, next)
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

// partStore is where the parts of a table are written.
type partStore interface {
	// create opens a part, counted from 0, where no reader takes it for one.
	create(number int) (partOutput, error)

	// keep reads a finished part back and gives it the name in f.
	keep(number int, f pipeline.File) error
}

// partOutput is a part being written.
type partOutput interface {
	io.Writer
	finish() error // makes what was written durable and closes it, also when it fails
	abandon()      // gives up what an error has left open
}

// hashed is a part being written, with checksum and size of what was written to it.
type hashed struct {
	partOutput
	hash  hash.Hash
	bytes int64
}

// Write writes p and adds it to the checksum.
func (h *hashed) Write(p []byte) (int, error) {
	n, err := h.partOutput.Write(p)
	h.hash.Write(p[:n])
	h.bytes += int64(n)
	return n, err
}

// tableWriter writes a table as parts in one place. There is always a part, for
// a reader needs a schema also where there are no rows.
type tableWriter struct {
	store   partStore
	table   table.Schema
	cut     cut
	part    *part // being written, nil between two parts
	receipt pipeline.Receipt
}

func newTableWriter(s partStore, t table.Schema, c cut) *tableWriter {
	w := &tableWriter{store: s, table: t, cut: c, receipt: pipeline.Receipt{Table: t.Name, Columns: pipeline.Columns(t)}}
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
// the parts' names. Row groups are encoded side by side and written in
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

// begin opens the next part.
func (w *tableWriter) begin() error {
	f, err := w.store.create(len(w.receipt.Files))
	if err != nil {
		return err
	}
	w.part = &part{file: &hashed{partOutput: f, hash: sha256.New()}, table: w.table}
	return w.part.begin()
}

// end closes the part, if one is open, and names it after its content.
func (w *tableWriter) end() error {
	if w.part == nil {
		return nil
	}
	f := w.part.file
	if err := cmp.Or(w.part.end(), f.finish()); err != nil {
		return err
	}
	const shown = 12 // hex digits of the checksum: enough that no two parts of a date share a name
	written := pipeline.File{Rows: w.part.rows, Bytes: f.bytes, SHA256: hex.EncodeToString(f.hash.Sum(nil))}
	written.Path = fmt.Sprintf("part-%05d-%s.parquet", len(w.receipt.Files), written.SHA256[:shown])
	w.part = nil
	if err := w.store.keep(len(w.receipt.Files), written); err != nil {
		return err
	}
	w.receipt.Files = append(w.receipt.Files, written)
	w.receipt.Rows += written.Rows
	w.receipt.Bytes += written.Bytes
	return nil
}

// abandon gives up a part that an error has left open.
func (w *tableWriter) abandon() {
	if w.part != nil {
		w.part.file.abandon()
	}
}

// partFolder is a folder of parts on a local disk.
type partFolder struct {
	disk disk
	dir  string
}

func (f partFolder) unfinished(number int) string {
	return filepath.Join(f.dir, fmt.Sprintf(".part-%05d.tmp", number))
}

func (f partFolder) create(number int) (partOutput, error) {
	return f.disk.create(f.unfinished(number))
}

func (f partFolder) keep(number int, written pipeline.File) error {
	path := f.unfinished(number)
	if err := readBack(path, written); err != nil {
		return err
	}
	return f.disk.rename(path, filepath.Join(f.dir, written.Path))
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
