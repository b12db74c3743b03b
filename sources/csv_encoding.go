package sources

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/perennial-clv/perennial/pipeline"
)

// textEncoding is how the text of files is stored. Text is decoded before
// anything else looks at it, so that names, rows and columns of places are
// those of UTF-8.
type textEncoding struct {
	name    string
	decoder encoding.Encoding                   // nil: the text is UTF-8 already
	valid   func(stored []byte, isEnd bool) int // how many bytes of stored, from its beginning, the encoding has
	isBytes bool                                // a byte below 0x80 is that character wherever it stands
}

// encodingOf returns the encoding of a name in the job file.
func encodingOf(name string) (textEncoding, error) {
	switch strings.ToLower(name) {
	case "", "utf-8", "utf8":
		return textEncoding{name: "UTF-8", isBytes: true}, nil
	case "latin-1", "iso-8859-1":
		return textEncoding{name: "latin-1", decoder: charmap.ISO8859_1, valid: validLatin1, isBytes: true}, nil
	case "windows-1252":
		return textEncoding{name: "windows-1252", decoder: charmap.Windows1252, valid: validWindows1252, isBytes: true}, nil
	case "utf-16", "utf-16le": // without a mark little endian, as Windows writes it
		return textEncoding{name: strings.ToLower(name), decoder: utf16Little, valid: validUTF16(1)}, nil
	case "utf-16be":
		return textEncoding{name: "utf-16be", decoder: utf16Big, valid: validUTF16(0)}, nil
	default:
		return textEncoding{}, pipeline.Errorf(pipeline.ClassUsage, "encoding", "write utf-8, latin-1, windows-1252, utf-16, utf-16le or utf-16be", "encoding %q is not known", name)
	}
}

var (
	utf16Little = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	utf16Big    = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
)

// byteOrderMarks are what text may begin with: the encoding that each stands
// for, and the name that a job file best gives it.
var byteOrderMarks = []struct{ mark, encoding, name string }{
	{"\xef\xbb\xbf", "UTF-8", "utf-8"}, {"\xff\xfe", "utf-16le", "utf-16"}, {"\xfe\xff", "utf-16be", "utf-16"},
}

const longestMark = 3

// open returns the text of a file from its beginning, in UTF-8 and without its
// byte order mark, and how many bytes that has. The mark of another encoding is
// a *rowError.
func (e textEncoding) open(stored io.Reader) (text io.Reader, mark int, err error) {
	head := make([]byte, longestMark)
	n, err := io.ReadFull(stored, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, 0, err
	}
	head = head[:n]
	for _, m := range byteOrderMarks {
		rest, ok := bytes.CutPrefix(head, []byte(m.mark))
		if !ok {
			continue
		}
		if m.encoding != e.name && m.name != e.name {
			hint := fmt.Sprintf("set source.csv.encoding to %s: the file begins with its byte order mark", m.name)
			return nil, 0, &rowError{line: 1, column: 1, what: e.mismatch(), hint: hint}
		}
		head, mark = rest, len(m.mark)
		if e, err = encodingOf(m.encoding); err != nil {
			return nil, 0, err
		}
		break
	}
	return e.decoded(io.MultiReader(bytes.NewReader(head), stored)), mark, nil
}

// decoded returns text in UTF-8. A byte that the encoding does not have is
// errNotEncoded, after all that stands before it.
func (e textEncoding) decoded(stored io.Reader) io.Reader {
	if e.decoder == nil {
		return stored
	}
	return transform.NewReader(stored, &strictDecoder{e.decoder.NewDecoder(), e.valid})
}

// mismatch says that a text is not in the encoding.
func (e textEncoding) mismatch() string { return "the text is not " + e.name }

// errNotEncoded is where a text is not in the encoding that it is said to be in.
var errNotEncoded = errors.New("not in this encoding")

// strictDecoder is a decoder that fails where the library's would put U+FFFD,
// or a control character, for bytes that the encoding does not have.
type strictDecoder struct {
	*encoding.Decoder
	valid func(stored []byte, isEnd bool) int
}

// Transform implements transform.Transformer.
func (d *strictDecoder) Transform(to, from []byte, isEnd bool) (written, read int, err error) {
	n := d.valid(from, isEnd)
	written, read, err = d.Decoder.Transform(to, from[:n], isEnd && n == len(from))
	if err == nil && n < len(from) {
		err = errNotEncoded
	}
	return written, read, err
}

func validLatin1(stored []byte, _ bool) int { return len(stored) }

func validWindows1252(stored []byte, _ bool) int {
	for i, b := range stored {
		switch b {
		case 0x81, 0x8d, 0x8f, 0x90, 0x9d:
			return i
		}
	}
	return len(stored)
}

// validUTF16 returns how much of a text has its surrogates in pairs. High is
// where in a pair of bytes the higher one stands. What the end of stored cuts
// in two counts as valid unless the text ends there.
func validUTF16(high int) func(stored []byte, isEnd bool) int {
	return func(stored []byte, isEnd bool) int {
		i := 0
		for ; i+1 < len(stored); i += 2 {
			switch stored[i+high] & 0xfc { // surrogates are U+D800 to U+DBFF, then U+DC00 to U+DFFF
			case 0xdc:
				return i
			case 0xd8:
				if i+3 >= len(stored) {
					return validEnd(stored, i, isEnd)
				}
				if stored[i+2+high]&0xfc != 0xdc {
					return i
				}
				i += 2
			}
		}
		return validEnd(stored, i, isEnd)
	}
}

// validEnd returns how much of a text is valid whose last character, from i
// on, may not be whole.
func validEnd(stored []byte, i int, isEnd bool) int {
	if isEnd {
		return i
	}
	return len(stored)
}
