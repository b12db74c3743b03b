package sources

import (
	"bufio"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/perennial-clv/perennial/pipeline"
)

// csvFile is an open file, its header read.
type csvFile struct {
	path     string
	encoding textEncoding
	stored   *countedReader
	mark     int64 // bytes of its byte order mark
	tokens   *tokens
	columns  []string // nil if nothing says how many there are
	pending  bool     // the current row of tokens is a row of data, not yet read
	close    func() error
}

// countedReader counts what has been read.
type countedReader struct {
	io.Reader
	bytes int64
}

// Read implements io.Reader.
func (r *countedReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	r.bytes += int64(n)
	return n, err
}

// open opens a file and reads its header.
func (f csvFormat) open(w *within, from dataFile) (*csvFile, error) {
	stored, err := from.open(w)
	if err != nil {
		return nil, err
	}
	return f.started(from.path, stored, section{bytes: toEnd})
}

// started reads the header of an open file, whose rows are to be read as far as
// the first section goes.
func (f csvFormat) started(path string, stored openFile, first section) (*csvFile, error) {
	var text io.Reader = stored
	if first.bytes != toEnd {
		first.begin, first.bytes = 0, first.begin+first.bytes
		text = first.text(stored)
	}
	file := &csvFile{path: path, encoding: f.encoding, stored: &countedReader{Reader: text}, close: stored.Close}
	if err := file.begin(f); err != nil {
		file.Close()
		return nil, file.placed(err)
	}
	return file, nil
}

func (c *csvFile) begin(f csvFormat) error {
	text, err := c.decompressed()
	if err != nil {
		return err
	}
	start := bufio.NewReader(text)
	head, _ := start.Peek(longestKind) // what is wrong with reading on, reading on will say
	if err := checkBinary(c.path, head); err != nil {
		return err
	}
	text, mark, err := f.encoding.open(start)
	if err != nil {
		return err
	}
	c.mark = int64(mark)
	c.tokens = newTokens(text, f.comma)
	c.columns, c.pending, err = f.readColumns(c.tokens, c.path)
	return err
}

// openAt opens a file at the beginning of one of its sections, unless the section
// has it open.
func (f csvFormat) openAt(w *within, from dataFile, s section) (*csvFile, error) {
	stored, err := s.open, error(nil)
	if stored == nil {
		stored, err = from.open(w)
	}
	if err != nil {
		return nil, err
	}
	if s.isFirst {
		return f.started(from.path, stored, s)
	}
	text := &countedReader{Reader: s.text(stored)}
	file := &csvFile{path: from.path, encoding: f.encoding, stored: text, columns: s.columns, close: stored.Close}
	file.tokens = newTokens(f.encoding.decoded(text), f.comma)
	file.tokens.next = s.line
	return file, nil
}

// Close closes the file.
func (c *csvFile) Close() error { return c.close() }

// decompressed returns the text of a file whose name says how it is stored.
func (c *csvFile) decompressed() (io.Reader, error) {
	switch strings.ToLower(filepath.Ext(c.path)) {
	case ".gz":
		r, err := gzip.NewReader(c.stored)
		if err == io.EOF { // an empty file is no gzip file, though the package takes it for the end of one
			err = io.ErrUnexpectedEOF
		}
		return r, err
	case ".zst":
		// One at a time: the decoder then starts no goroutine.
		r, err := zstd.NewReader(c.stored, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(largestWindow))
		if err != nil {
			return nil, err
		}
		closeFile := c.close
		c.close = func() error {
			r.Close()
			return closeFile()
		}
		return r, nil
	case ".bz2":
		return bzip2.NewReader(c.stored), nil
	default:
		return c.stored, nil
	}
}

// isPlain reports whether a file is stored as it is, by its name.
func isPlain(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".gz", ".zst", ".bz2":
		return false
	default:
		return true
	}
}

// largestWindow is what the zstd program takes without --long=31; more would
// let a damaged header ask for any amount of memory.
const largestWindow = 128 << 20

// placed gives an error of reading the file its class and place.
func (c *csvFile) placed(err error) error {
	var known *pipeline.Error
	var row *rowError
	var disk *fs.PathError
	hint := "fetch the file again, it may have been cut short"
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, zstd.ErrMagicMismatch) {
		hint = "the name says how a file is compressed: .gz, .zst or .bz2; rename it if it is not"
	}
	switch {
	case errors.As(err, &known), isEnded(err):
		return err
	case errors.Is(err, errNotEncoded):
		line, column := c.tokens.place(len(c.tokens.buf))
		return c.placed(&rowError{line: line, column: column, what: c.encoding.mismatch(),
			hint: "set source.csv.encoding to what the file is written in, or fetch the file again, it may have been damaged"})
	case errors.As(err, &row):
		place := fmt.Sprintf("%s:%d:%d", c.path, row.line, row.column)
		return pipeline.Errorf(pipeline.ClassSource, place, row.hint, "%s", row.what)
	case errors.As(err, &disk):
		return openError(c.path, err)
	default:
		return pipeline.Errorf(pipeline.ClassSource, fmt.Sprintf("%s:%d", c.path, c.line()), hint,
			"the compressed data are damaged: %w", err)
	}
}

// line is the line that reading has come to.
func (c *csvFile) line() int64 {
	if c.tokens == nil {
		return 1
	}
	return c.tokens.next
}
