package sources

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

const (
	firstBuffer = 256 << 10
	// longestRow bounds what a quote that is never closed can swallow, and so
	// the memory it can take.
	longestRow = 16 << 20
)

// The reasons of a row that cannot be cut into fields.
const (
	reasonBareQuote  = "a quote inside a field that does not begin with one"
	reasonAfterQuote = "text between a closing quote and the next delimiter"
)

// errNeedMore says that the buffer ends before the row does.
var errNeedMore = errors.New("row goes on beyond the buffer")

// rowError is a row that makes the file unreadable.
type rowError struct {
	line, column int64 // both from 1, the column in bytes
	what, hint   string
}

func (e *rowError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.what) }

// tokens cuts a stream of bytes into rows of fields (RFC 4180): a field that
// begins with a quote ends with one, a quote in it is doubled, and it may hold
// delimiters and line ends. Lines end with LF or CRLF. Empty lines are skipped;
// NUL is a byte like any other. Fields in quotes are kept as they are, line
// ends included.
//
// With blanks as the delimiter fields are what stands between runs of blanks
// and tabs, and quotes mean nothing.
//
// A row whose quotes are wrong is a broken row and ends with its first line,
// so that a quote out of place costs that line and not those it would swallow.
type tokens struct {
	input  io.Reader
	blanks bool
	comma  byte
	stop   [256]bool // the bytes that may end an unquoted field

	buf    []byte // what has been read and not been left behind is buf[start:]
	start  int    // of the current row, and after next of the one to come
	end    bool   // the input is exhausted
	failed error  // what ended the input before its end
	next   int64  // the line at start, from 1

	// The current row, valid until the next call of advance.
	row    []byte // as read, without its line end
	line   int64  // where it begins
	broken string // why it cannot be cut into fields; empty if it can
	fields []span

	unquoted []byte // scratch of field
}

// span is a field's place in the row. Doubled says that it holds quotes that
// stand for one each.
type span struct {
	from, to int
	doubled  bool
}

// newTokens begins to cut input, which has no byte order mark any more. Comma
// is the delimiter, unless it is zero: then fields are separated by blanks.
func newTokens(input io.Reader, comma byte) *tokens {
	t := &tokens{input: input, comma: comma, blanks: comma == 0, next: 1, buf: make([]byte, 0, firstBuffer)}
	t.stop[comma], t.stop['\n'], t.stop['"'] = true, true, true
	return t
}

// advance goes to the next row. It returns io.EOF after the last one, a
// *rowError where the file cannot be read on, and the input's errors.
func (t *tokens) advance() error {
	for {
		length, err := t.cut(t.buf[t.start:])
		if err == errNeedMore {
			if err := t.more(); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if length > longestRow {
			return t.tooLong()
		}
		t.line = t.next
		t.row = t.buf[t.start : t.start+length]
		t.start += length
		t.next += int64(bytes.Count(t.row, newline))
		t.row = trimLineEnd(t.row)
		if len(t.row) == 0 || t.blanks && len(t.fields) == 0 {
			continue
		}
		return t.validate()
	}
}

var newline = []byte("\n")

// cut finds the fields of the row that b begins with and returns the row's
// length including its line end.
func (t *tokens) cut(b []byte) (int, error) {
	t.fields, t.broken = t.fields[:0], ""
	switch {
	case len(b) == 0 && t.end:
		return 0, io.EOF
	case t.blanks:
		return t.cutBlanks(b)
	}
	for i := 0; ; i++ { // i is where a field begins; the loop steps over its delimiter
		var err error
		if i < len(b) && b[i] == '"' {
			i, err = t.cutQuoted(b, i)
		} else {
			i, err = t.cutPlain(b, i)
		}
		switch {
		case err != nil:
			return 0, err
		case t.broken != "":
			return t.firstLine(b)
		case i >= len(b):
			return len(b), nil
		case b[i] == '\n':
			return i + 1, nil
		}
	}
}

// cutPlain cuts the field without quotes that begins at from and returns where
// it ends: at a delimiter, a line end or the end of the input.
func (t *tokens) cutPlain(b []byte, from int) (int, error) {
	i := from
	for i < len(b) && !t.stop[b[i]] {
		i++
	}
	to := i
	switch {
	case i == len(b) && !t.end:
		return 0, errNeedMore
	case i < len(b) && b[i] == '"':
		t.broken = reasonBareQuote
	case (i == len(b) || b[i] == '\n') && to > from && b[to-1] == '\r':
		to--
	}
	t.fields = append(t.fields, span{from: from, to: to})
	return i, nil
}

// cutQuoted cuts the field in quotes that begins at from.
func (t *tokens) cutQuoted(b []byte, from int) (int, error) {
	to, doubled, err := t.closing(b, from)
	if err != nil {
		return 0, err
	}
	t.fields = append(t.fields, span{from: from + 1, to: to, doubled: doubled})
	return t.afterQuote(b, to+1)
}

// closing returns where the quote stands that closes the one at from, and
// whether there are doubled ones between them.
func (t *tokens) closing(b []byte, from int) (at int, doubled bool, err error) {
	for i := from + 1; ; i++ {
		k := bytes.IndexByte(b[i:], '"')
		if k < 0 || i+k >= longestRow {
			return 0, false, t.unclosed(b, from)
		}
		i += k
		if i+1 == len(b) && !t.end {
			return 0, false, errNeedMore // the next byte decides what this quote means
		}
		if i+1 == len(b) || b[i+1] != '"' {
			return i, doubled, nil
		}
		doubled = true
		i++
	}
}

// afterQuote checks what follows a closing quote and returns where it stands.
func (t *tokens) afterQuote(b []byte, i int) (int, error) {
	if i < len(b) && b[i] == '\r' {
		if i+1 == len(b) && !t.end {
			return 0, errNeedMore
		}
		if i+1 == len(b) || b[i+1] == '\n' {
			i++
		}
	}
	if i < len(b) && b[i] != t.comma && b[i] != '\n' {
		t.broken = reasonAfterQuote
	}
	return i, nil
}

// unclosed is the quote at from that nothing in b closes: an error once the
// input is exhausted.
func (t *tokens) unclosed(b []byte, from int) error {
	if !t.end && len(b) < longestRow {
		return errNeedMore
	}
	what := "a quote opens here and is never closed"
	if len(b) >= longestRow {
		what = fmt.Sprintf("a quote opens here and is not closed within %d MiB", longestRow>>20)
	}
	return &rowError{
		line:   t.next + int64(bytes.Count(b[:from], newline)),
		column: int64(from - bytes.LastIndexByte(b[:from], '\n')),
		what:   what, hint: "close the quote, or double it if it belongs to the text",
	}
}

// firstLine ends a broken row with its first line.
func (t *tokens) firstLine(b []byte) (int, error) {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return i + 1, nil
	}
	if !t.end {
		return 0, errNeedMore
	}
	return len(b), nil
}

// cutBlanks cuts a line at its blanks and tabs.
func (t *tokens) cutBlanks(b []byte) (int, error) {
	length, err := t.firstLine(b)
	if err != nil {
		return 0, err
	}
	line := trimLineEnd(b[:length])
	for i := 0; i < len(line); {
		if line[i] == ' ' || line[i] == '\t' {
			i++
			continue
		}
		from := i
		for i < len(line) && line[i] != ' ' && line[i] != '\t' {
			i++
		}
		t.fields = append(t.fields, span{from: from, to: i})
	}
	return length, nil
}

func trimLineEnd(line []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(line, newline), []byte("\r"))
}

// more reads at least as much as there is of the current row, so that a long
// row is looked at a few times only, however small the pieces of the input.
// An error of the input is returned once what came before it has been cut.
func (t *tokens) more() error {
	for have := len(t.buf) - t.start; ; {
		err := t.read()
		switch got := len(t.buf) - t.start; {
		case err != nil && got > have:
			return nil
		case err != nil || t.end || got >= 2*have:
			return err
		}
	}
}

// read appends input to the buffer, first moving the current row to its front.
func (t *tokens) read() error {
	if len(t.buf)-t.start > longestRow {
		return t.tooLong()
	}
	if t.failed != nil {
		return t.failed
	}
	if len(t.buf) == cap(t.buf) {
		rest := t.buf[t.start:]
		to := t.buf[:0]
		if len(rest) > cap(t.buf)/2 {
			to = make([]byte, 0, 2*cap(t.buf))
		}
		t.buf, t.start = append(to, rest...), 0
	}
	for range maxEmptyReads {
		n, err := t.input.Read(t.buf[len(t.buf):cap(t.buf)])
		t.buf = t.buf[:len(t.buf)+n]
		switch {
		case err == io.EOF:
			t.end = true
			return nil
		case err != nil:
			t.failed = err
			return err
		case n > 0:
			return nil
		}
	}
	return io.ErrNoProgress
}

// tooLong is a row that would take too much memory.
func (t *tokens) tooLong() error {
	return &rowError{line: t.next, column: 1, what: fmt.Sprintf("a row is longer than %d MiB", longestRow>>20), hint: "is this file delimited text?"}
}

// place returns the line and column of the byte at i in the buffer.
func (t *tokens) place(i int) (line, column int64) {
	before := t.buf[t.start:i]
	return t.next + int64(bytes.Count(before, newline)), int64(len(before) - bytes.LastIndexByte(before, '\n'))
}

// maxEmptyReads is how often in a row an input may return neither bytes nor an
// error, as in package bufio.
const maxEmptyReads = 100

// validate reports the first byte of the row that is not UTF-8.
func (t *tokens) validate() error {
	if utf8.Valid(t.row) {
		return nil
	}
	i := invalidByte(t.row)
	return &rowError{
		line:   t.line + int64(bytes.Count(t.row[:i], newline)),
		column: int64(i - bytes.LastIndexByte(t.row[:i], '\n')),
		what:   "the text is not UTF-8",
		hint:   "set source.csv.encoding to what the file is written in, most often windows-1252",
	}
}

// invalidByte returns where b stops being UTF-8.
func invalidByte(b []byte) int {
	i := 0
	for i < len(b) {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		i += n
	}
	return i
}

// field returns the text of a field, valid until the next call.
func (t *tokens) field(s span) []byte {
	text := t.row[s.from:s.to]
	if s.doubled {
		t.unquoted = appendUnquoted(t.unquoted[:0], text)
		text = t.unquoted
	}
	return text
}

// appendUnquoted appends text with each doubled quote made one.
func appendUnquoted(to, text []byte) []byte {
	for {
		i := bytes.IndexByte(text, '"')
		if i < 0 {
			return append(to, text...)
		}
		to = append(to, text[:i+1]...)
		text = text[i+2:]
	}
}
