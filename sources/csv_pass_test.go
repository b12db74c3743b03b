package sources

import (
	"context"
	"strings"
	"testing"
)

// FuzzTokensPass compares passing over rows with cutting them.
func FuzzTokensPass(f *testing.F) {
	for _, seed := range pieces {
		f.Add(seed + "1,2\n" + seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, comma := range []byte{',', 0} {
			cut, passed := newTokens(strings.NewReader(text), comma), newTokens(strings.NewReader(text), comma)
			for {
				wantErr := cut.advance()
				_, _, err := passed.passOver(context.Background(), 1)
				if _, notUTF8 := wantErr.(*rowError); notUTF8 && err == nil {
					break // advance looks at the text
				}
				if (err == nil) != (wantErr == nil) || err == nil && (passed.next != cut.next || passed.start != cut.start) {
					t.Fatalf("%q: passed to byte %d, line %d, %v; cut to byte %d, line %d, %v", text, passed.start, passed.next, err, cut.start, cut.next, wantErr)
				}
				if err != nil {
					break
				}
			}
		}
	})
}

// BenchmarkTokensPass passes over the rows of BenchmarkTokens, then over rows
// whose fields all stand in quotes.
func BenchmarkTokensPass(b *testing.B) {
	for name, row := range map[string]string{
		"plain":  "536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n",
		"quoted": "\"536365\",\"85123A\",\"WHITE HANGING HEART T-LIGHT HOLDER\",\"6\",\"2010-12-01 08:26:00\",\"2.55\",\"17850\",\"United Kingdom\"\n",
	} {
		b.Run(name, func(b *testing.B) {
			text := strings.Repeat(row, 100_000)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				t := newTokens(strings.NewReader(text), ',')
				if _, rows, _ := t.passOver(context.Background(), toEnd); rows != 100_000 {
					b.Fatal(rows)
				}
			}
		})
	}
}
