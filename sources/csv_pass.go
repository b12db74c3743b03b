package sources

import (
	"bytes"
	"context"
	"io"
)

// passOver goes over rows without cutting them into fields, which takes a small
// part of the time: over at least one row, and until it has passed over so many
// bytes. It returns how many bytes and rows those were, empty lines being no
// rows. What is one row is the same to advance; the text of a row is not looked
// at here.
func (t *tokens) passOver(ctx context.Context, wanted int64) (passed, rows int64, err error) {
	for passed < wanted || rows == 0 {
		b := t.buf[t.start:]
		quote := len(b)
		if !t.blanks {
			if i := bytes.IndexByte(b, '"'); i >= 0 {
				quote = i
			}
		}
		n, found := t.passLines(b[:quote], wanted-passed, rows == 0)
		passed, rows = passed+int64(n), rows+found
		if passed >= wanted && rows > 0 {
			break
		}
		length, isRow, err := t.passOne(b[n:], quote-n)
		if err == errNeedMore {
			if err = ctx.Err(); err == nil {
				err = t.more()
			}
		}
		if err != nil {
			return passed, rows, err
		}
		passed += int64(length)
		if isRow {
			rows++
		}
	}
	return passed, rows, nil
}

// passLines passes over the whole lines of b, which has no quotes, until
// nothing more is wanted. It returns how many bytes and rows those were.
func (t *tokens) passLines(b []byte, wanted int64, needsRow bool) (passed int, rows int64) {
	for int64(passed) < wanted || needsRow && rows == 0 {
		k := bytes.IndexByte(b[passed:], '\n')
		if k < 0 {
			break
		}
		if k > 1 && !t.blanks || t.isRow(b[passed:passed+k+1]) {
			rows++
		}
		passed += k + 1
		t.next++
	}
	t.start += passed
	return passed, rows
}

// isRow reports whether a line without quotes is a row, not an empty one.
func (t *tokens) isRow(line []byte) bool {
	line = trimLineEnd(line)
	if t.blanks {
		line = bytes.Trim(line, " \t")
	}
	return len(line) > 0
}

// passOne passes over the row that b begins with: one with a quote at the
// given place, or without an end of its line if that is the end of b.
func (t *tokens) passOne(b []byte, quote int) (length int, isRow bool, err error) {
	switch {
	case quote < len(b):
		length, err = t.extent(b, quote)
	case !t.end:
		err = errNeedMore
	case len(b) == 0:
		err = io.EOF
	default:
		length = len(b)
	}
	if err != nil {
		return 0, false, err
	}
	t.start += length
	t.next += int64(bytes.Count(b[:length], newline))
	return length, quote < len(b) || t.isRow(b), nil
}

// lastInQuotes goes from the field in quotes at i over those that follow it
// directly, and returns where one stands after which that is not so, or not
// certain. In files with everything in quotes this is nearly all there is to do.
func (t *tokens) lastInQuotes(b []byte, i int) int {
	for {
		k := bytes.IndexByte(b[i+1:], '"')
		next := i + 1 + k + 2
		if k < 0 || next >= min(len(b), longestRow) || b[next-1] != t.comma || b[next] != '"' {
			return i
		}
		i = next
	}
}

// extent returns the length of the row that b begins with, whose first quote
// is at i, as cut does. It goes from quote to quote: one that opens a field
// follows a delimiter, else the row is broken and ends with its first line.
func (t *tokens) extent(b []byte, i int) (int, error) {
	for i == 0 || b[i-1] == t.comma {
		i = t.lastInQuotes(b, i)
		end, _, err := t.closing(b, i)
		if err != nil {
			return 0, err
		}
		t.broken = ""
		if i, err = t.afterQuote(b, end+1); err != nil {
			return 0, err
		}
		switch {
		case t.broken != "":
			return t.firstLine(b)
		case i >= len(b):
			return len(b), nil
		case b[i] == '\n':
			return i + 1, nil
		}
		rest, err := t.firstLine(b[i:])
		if err != nil {
			return 0, err
		}
		quote := bytes.IndexByte(b[i:i+rest], '"')
		if quote < 0 {
			return i + rest, nil
		}
		i += quote
	}
	return t.firstLine(b)
}
