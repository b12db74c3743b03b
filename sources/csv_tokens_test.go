package sources

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func wholeInput(text string) *tokens { return mustTokens(strings.NewReader(text)) }

func byteByByte(text string) *tokens {
	return mustTokens(iotest.OneByteReader(strings.NewReader(text)))
}

func mustTokens(r io.Reader) *tokens {
	text, _, err := textEncoding{name: "UTF-8"}.open(r)
	if err != nil {
		panic(err)
	}
	return newTokens(text, ',')
}

// allRows returns the fields of all rows, and false if the text is unreadable.
// CRLF inside quotes becomes LF, as encoding/csv has it.
func allRows(t *tokens) (rows [][]string, ok bool) {
	for {
		err := t.advance()
		if err == io.EOF {
			return rows, true
		}
		if err != nil {
			return nil, false
		}
		var row []string
		for _, f := range t.fields {
			row = append(row, strings.ReplaceAll(string(t.field(f)), "\r\n", "\n"))
		}
		if t.broken != "" {
			row = []string{"broken: " + t.broken}
		}
		rows = append(rows, row)
	}
}

func TestTokensDoNotDependOnHowTheInputArrives(t *testing.T) {
	long := strings.Repeat("x", 3*firstBuffer)
	for _, text := range []string{
		"", "\ufeff", "a", "a,b\r\n\"c\"\"\",d\r\n", "\"a\"\r", "\"a\"\"", "a\"b\nc\n", "\"a\"b\n\"c\nd\n",
		long + ",1\n\"" + long + "\",2\n" + strings.Repeat("1,2\n", firstBuffer),
	} {
		want, wantOK := allRows(wholeInput(text))
		for name, input := range map[string]io.Reader{
			"byte by byte":   iotest.OneByteReader(strings.NewReader(text)),
			"half and half":  iotest.HalfReader(strings.NewReader(text)),
			"end with bytes": iotest.DataErrReader(strings.NewReader(text)),
		} {
			if len(text) > firstBuffer && name == "byte by byte" {
				continue // a million reads say no more than a few
			}
			got, ok := allRows(mustTokens(input))
			if ok != wantOK || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
				t.Errorf("%.40q %s: got %.80q, want %.80q", text, name, got, want)
			}
		}
	}
}

func TestTokensCountLines(t *testing.T) {
	tokens := wholeInput("\n\na,\"\n\n\"\nb\n\"c\nd\"e\nf\n")
	var got []int64
	for tokens.advance() == nil {
		got = append(got, tokens.line)
	}
	// Two empty lines, a row on lines 3 to 5, b on 6, a broken row on 7, and
	// d"e on 8, broken as well, f on 9.
	if want := "[3 6 7 8 9]"; fmt.Sprint(got) != want {
		t.Errorf("rows begin on lines %v, want %s", got, want)
	}
}

func TestTokensBoundWhatAQuoteCanSwallow(t *testing.T) {
	endless := io.MultiReader(strings.NewReader("a,b\n1,\""), iotest.HalfReader(zeros{}))
	tokens := mustTokens(endless)
	if err := tokens.advance(); err != nil {
		t.Fatal(err)
	}
	err := tokens.advance()
	if want := "line 2: a quote opens here and is not closed within 16 MiB"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestTokensBoundTheLengthOfALine(t *testing.T) {
	err := mustTokens(zeros{}).advance()
	if want := "line 1: a row is longer than 16 MiB"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// zeros is an endless line.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = '0'
	}
	return len(b), nil
}

// BenchmarkTokens cuts rows of 8 columns, about 100 bytes each.
func BenchmarkTokens(b *testing.B) {
	const row = "536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n"
	text := strings.Repeat(row, 100_000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		t, rows := wholeInput(text), 0
		for t.advance() == nil {
			rows++
		}
		if rows != 100_000 {
			b.Fatal(rows)
		}
	}
	b.ReportMetric(100_000*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
