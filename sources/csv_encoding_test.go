package sources

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/conformance"
)

// inUTF16 writes text in UTF-16; high is where in a pair of bytes the higher
// one stands.
func inUTF16(text string, high int) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		pair := [2]byte{byte(unit), byte(unit)}
		pair[high] = byte(unit >> 8)
		b = append(b, pair[:]...)
	}
	return string(b)
}

func little(text string) string { return inUTF16(text, 1) }
func big(text string) string    { return inUTF16(text, 0) }

func TestCSVEncodings(t *testing.T) {
	const text = "naïve,€\r\n\"ü\n\",𝄞\r\n"
	const latin = "na\xefve,b\r\n\"\xfc\n\",\x80\r\n"
	for _, test := range []struct{ rule, encoding, stored, want string }{
		{"UTF-8", "utf-8", text, "naïve €: ü\n|𝄞"},
		{"UTF-8 with its mark", "UTF8", "\ufeff" + text, "naïve €: ü\n|𝄞"},
		{"every byte is a character", "latin-1", latin, "naïve b: ü\n|\u0080"},
		{"the same by its other name", "ISO-8859-1", latin, "naïve b: ü\n|\u0080"},
		{"letters where latin-1 has controls", "windows-1252", latin, "naïve b: ü\n|€"},
		{"little endian by its mark", "utf-16", little("\ufeff" + text), "naïve €: ü\n|𝄞"},
		{"big endian by its mark", "utf-16", big("\ufeff" + text), "naïve €: ü\n|𝄞"},
		{"little endian without a mark", "utf-16", little(text), "naïve €: ü\n|𝄞"},
		{"little endian", "utf-16le", little(text), "naïve €: ü\n|𝄞"},
		{"little endian with its mark", "utf-16le", little("\ufeff" + text), "naïve €: ü\n|𝄞"},
		{"big endian", "utf-16be", big(text), "naïve €: ü\n|𝄞"},
		{"big endian with its mark", "utf-16be", big("\ufeff" + text), "naïve €: ü\n|𝄞"},
		{"U+FFFD that is written is a character", "utf-16", little("a,b\n\ufffd,1\n"), "a b: \ufffd|1"},
		{"a second mark is a character", "utf-16", little("\ufeffa,b\n\ufeff1,2\n"), "a b: \ufeff1|2"},
	} {
		for _, form := range []struct {
			name   string
			stored string
		}{{"t.csv", test.stored}, {"t.csv.gz", gzipped(t, test.stored)}, {"t.csv.zst", zstandard(t, test.stored)}} {
			source, err := NewCSV(CSV{Paths: []string{filepath.Join(write(t, map[string]string{form.name: form.stored}), form.name)}, Encoding: test.encoding})
			if err != nil {
				t.Fatal(err)
			}
			got, err := read(source, 0)
			if text := strings.Join(got.columns, " ") + ": " + lines(got.rows); err != nil || text != test.want {
				t.Errorf("%s, %s: got %q, %v; want %q", test.rule, form.name, text, err, test.want)
			}
		}
	}
}

func TestCSVNotInItsEncoding(t *testing.T) {
	const rows = "a,b\n1,2\n\"é\n\",xy"
	for _, test := range []struct {
		rule, encoding, stored string
		pieces                 []string
	}{
		{"a byte that is no character", "windows-1252", "a,b\n1,2\n\"\xe9\n\",x\x81y\n", []string{"t.csv:4:4: the text is not windows-1252", "set source.csv.encoding to"}},
		{"in the first byte", "windows-1252", "\x8da\n", []string{"t.csv:1:1: the text is not windows-1252"}},
		{"after characters of several bytes", "windows-1252", "a,b\n\xe9\xe9\x9d,1\n", []string{"t.csv:2:5:"}}, // é is two bytes of UTF-8
		{"a low surrogate alone", "utf-16", little(rows) + "\x00\xdc" + little("z\n"), []string{"t.csv:4:5: the text is not utf-16"}},
		{"a high surrogate alone", "utf-16be", big(rows) + "\xd8\x00" + big("z\n"), []string{"t.csv:4:5: the text is not utf-16be"}},
		{"a high surrogate at the end", "utf-16le", little(rows) + "\x00\xd8", []string{"t.csv:4:5: the text is not utf-16le"}},
		{"half a character at the end", "utf-16", little(rows+"\n") + "z", []string{"t.csv:5:1: the text is not utf-16"}},
		{"UTF-16 read as UTF-8", "", little("\ufeff" + rows), []string{"t.csv:1:1: the text is not UTF-8", "set source.csv.encoding to utf-16: the file begins with its byte order mark"}},
		{"UTF-16 without its mark read as UTF-8", "", little(rows), []string{"t.csv:1: the header line has NULs", "set source.csv.encoding to utf-16"}},
		{"big endian without its mark read as latin-1", "latin-1", big(rows), []string{"t.csv:1: the header line has NULs", "set source.csv.encoding to utf-16"}},
		{"big endian read as latin-1", "latin-1", big("\ufeff" + rows), []string{"t.csv:1:1: the text is not latin-1", "to utf-16"}},
		{"big endian read as little endian", "utf-16le", big("\ufeff" + rows), []string{"t.csv:1:1: the text is not utf-16le", "to utf-16"}},
		{"UTF-8 read as windows-1252", "windows-1252", "\ufeff" + rows, []string{"t.csv:1:1: the text is not windows-1252", "to utf-8"}},
		{"UTF-8 read as UTF-16", "utf-16", "\ufeff" + rows, []string{"t.csv:1:1: the text is not utf-16", "to utf-8"}},
	} {
		t.Run(test.rule, func(t *testing.T) {
			_, err := read(csvOf(t, CSV{Encoding: test.encoding}, test.stored), 0)
			wantError(t, err, pipeline.ClassSource, test.pieces...)
		})
	}
}

// Rows before the place are delivered, wherever the input happens to be cut.
func TestCSVNotInItsEncodingIsFoundInItsPlace(t *testing.T) {
	const text = "1,2\n3,4\n5,\x816\n7,8\n"
	e, err := encodingOf("windows-1252")
	if err != nil {
		t.Fatal(err)
	}
	for name, input := range map[string]func() *tokens{
		"at once":      func() *tokens { return newTokens(e.decoded(strings.NewReader(text)), ',') },
		"byte by byte": func() *tokens { return newTokens(e.decoded(iotest.OneByteReader(strings.NewReader(text))), ',') },
	} {
		tokens, rows := input(), 0
		for err = tokens.advance(); err == nil; err = tokens.advance() {
			rows++
		}
		if line, column := tokens.place(len(tokens.buf)); rows != 2 || err != errNotEncoded || line != 3 || column != 3 {
			t.Errorf("%s: %d rows, then %v at %d:%d; want 2 and an error at 3:3", name, rows, err, line, column)
		}
	}
}

func TestCSVConformanceInUTF16(t *testing.T) {
	conformance.Source(t, func(t *testing.T, rows conformance.Rows) pipeline.Source {
		files := map[string]string{}
		for i, part := range rows.Parts {
			files[string(rune('a'+i))+".csv"] = little(csvText(rows.Columns, part, ",", `"`))
		}
		source, err := NewCSV(CSV{Paths: []string{filepath.Join(write(t, files), "*.csv")}, Encoding: "utf-16"})
		if err != nil {
			t.Fatal(err)
		}
		return source
	})
}
