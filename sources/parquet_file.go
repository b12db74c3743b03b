package sources

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/perennial-clv/perennial/pipeline"
)

// parquetFile is an open file and what its footer promises.
type parquetFile struct {
	path    string
	stored  openFile
	size    int64
	object  *openObject // stored, if that is in an object store
	end     *stretch    // of object: what has been read with the footer
	content *parquet.File
	columns []parquetColumn
	groups  []rowGroup
}

// parquetColumn is a column a source can deliver.
type parquetColumn struct {
	name    string
	index   int            // of its chunk in a row group
	arrow   arrow.DataType // one of pipeline.SourceType
	decoder func(space) decoder
}

// readBuffer is how much of a column chunk is read from the disk at once.
const readBuffer = 64 << 10

// openParquet opens a file and reads its footer, and isRead says that rows will
// be read as well.
func openParquet(w *within, from dataFile, isRead bool) (*parquetFile, error) {
	stored, err := from.open(w)
	if err != nil {
		return nil, err
	}
	f := &parquetFile{path: from.path, stored: stored, size: from.size}
	f.object, _ = stored.(*openObject)
	f.planFooter(isRead)
	if err := shielded(from.path, f.readFooter); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// column returns the index of a column of this name, negative if there is none.
func (f *parquetFile) column(name string) int {
	return slices.IndexFunc(f.columns, func(c parquetColumn) bool { return c.name == name })
}

// chunk returns what the footer says of a column in a row group.
func (f *parquetFile) chunk(group int, c parquetColumn) *format.ColumnMetaData {
	return &f.content.Metadata().RowGroups[group].Columns[c.index].MetaData
}

// Close closes the file.
func (f *parquetFile) Close() error { return f.stored.Close() }

func (f *parquetFile) readFooter() error {
	if local, ok := f.stored.(*os.File); ok { // which may have grown
		info, err := local.Stat()
		if err != nil {
			return err
		}
		f.size = info.Size()
	}
	if err := f.checkFrame(); err != nil {
		return err
	}
	// Through a section, an offset beyond the file is an end of file and not an
	// error of the disk.
	var err error
	f.content, err = parquet.OpenFile(io.NewSectionReader(f.stored, 0, f.size), f.size,
		parquet.SkipMagicBytes(true), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(readBuffer))
	if err != nil {
		return err
	}
	for _, column := range f.content.Root().Columns() {
		if c, ok := flatColumn(column); ok {
			f.columns = append(f.columns, c)
		}
	}
	if err := checkNames(columnNames(f.columns)); err != nil {
		return err
	}
	return f.listGroups()
}

const (
	magic      = "PAR1"
	footerTail = 8 // the length of the footer, 4 bytes, and the magic bytes again
)

// checkFrame looks at both ends of the file before the library does, which
// would take any length it finds there for an amount of memory.
func (f *parquetFile) checkFrame() error {
	size := f.size
	if size < int64(len(magic))+footerTail {
		return pipeline.Errorf(pipeline.ClassSource, f.path, damagedHint, "this is not a whole Parquet file: it has %d bytes", size)
	}
	tail := make([]byte, footerTail)
	if _, err := f.stored.ReadAt(tail, size-footerTail); err != nil {
		return err
	}
	footer, isWhole := int64(binary.LittleEndian.Uint32(tail)), string(tail[4:]) == magic
	if !isWhole || f.object == nil { // where it would take a request, only to say what is wrong
		if err := f.checkHead(); err != nil {
			return err
		}
	}
	switch {
	case !isWhole:
		return pipeline.Errorf(pipeline.ClassSource, f.path, damagedHint, "the file is cut short: it does not end with %s", magic)
	case footer > size-footerTail-int64(len(magic)):
		return pipeline.Errorf(pipeline.ClassSource, f.path, damagedHint, "the file is damaged: its footer would be larger than the file")
	}
	f.planLongFooter(footer)
	return nil
}

func (f *parquetFile) checkHead() error {
	head := make([]byte, len(magic))
	if _, err := f.stored.ReadAt(head, 0); err != nil {
		return err
	}
	if string(head) != magic {
		return pipeline.Errorf(pipeline.ClassSource, f.path, "is it encrypted, or another format?", "this is not a Parquet file: it does not begin with %s", magic)
	}
	return nil
}

// listGroups lists the row groups and checks that they add up.
func (f *parquetFile) listGroups() error {
	rows := int64(0)
	for i, g := range f.content.RowGroups() {
		n := g.NumRows()
		if n < 0 || n > f.content.NumRows()-rows {
			return pipeline.Errorf(pipeline.ClassSource, f.path, damagedHint, "row group %d has %d rows, more than its footer allows", i, n)
		}
		f.groups = append(f.groups, rowGroup{index: i, firstRow: rows + 1, rows: n, bytes: f.storedBytes(i)})
		rows += n
	}
	if rows != f.content.NumRows() {
		return pipeline.Errorf(pipeline.ClassSource, f.path, damagedHint, "the row groups have %d rows and the footer promises %d", rows, f.content.NumRows())
	}
	return nil
}

// storedBytes is how many bytes the columns of a row group have.
func (f *parquetFile) storedBytes(group int) int64 {
	bytes := int64(0)
	for _, c := range f.content.Metadata().RowGroups[group].Columns {
		bytes += max(0, c.MetaData.TotalCompressedSize)
	}
	return bytes
}

const damagedHint = "fetch or write the file again"

// shielded runs f, which reads a file through the library, and gives its error
// class and place. The library panics on some damaged files; here, at the
// boundary to it, such a panic is an error of the input like any other.
func shielded(place string, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = pipeline.Errorf(pipeline.ClassSource, place, damagedHint, "the file is damaged: %v", p)
		}
	}()
	err = f()
	var known *pipeline.Error
	var disk *fs.PathError
	switch {
	case err == nil, errors.As(err, &known), isEnded(err):
		return err
	case errors.As(err, &disk):
		return openError(place, err)
	default:
		return pipeline.Errorf(pipeline.ClassSource, place, damagedHint, "%w", err)
	}
}
