package sources

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// What Sniff looks at: the structure shows in the first rows, but the first
// letter that is not ASCII may come late.
const (
	sniffedText  = 256 << 10 // bytes that are cut into rows
	sniffedBytes = 64 << 20  // bytes in which the encoding is looked for
	sniffedRows  = 1_000
)

// Sniff guesses from a delimited text file how it is to be read: delimiter,
// header and encoding. The result names the file as its only path; what is the
// default is left at zero. It is a guess for a person to confirm: a run never
// guesses.
//
//   - Encoding: a byte order mark or a zero in every second byte is UTF-16;
//     else UTF-8 if all bytes of the first 64 MiB are, else windows-1252, which
//     has the printable characters of Latin-1 at the same places.
//   - Delimiter: of comma, semicolon, tab and bar the one that cuts most rows
//     into the same number of fields; of equals the one that makes more fields.
//     Blanks only where none of them cuts anything.
//   - Header: the first row holds names if none of its fields is a number or a
//     date and no two are equal. A log of transactions has a date and an amount
//     in each row.
//
// It fails with ClassSource or ClassPermission where the file cannot be read.
func Sniff(path string) (CSV, error) {
	start, encoding, err := sniffEncoding(path)
	if err != nil {
		return CSV{}, err
	}
	guess := CSV{Paths: []string{path}, Encoding: encoding}
	rows := sniffDelimiter(start, &guess)
	if len(rows) > 0 && !looksLikeNames(rows[0]) {
		guess.Header = Header{None: true}
	}
	return guess, nil
}

// sniffEncoding returns the beginning of a file as UTF-8, up to the end of a
// line, and the name of its encoding, empty for UTF-8.
func sniffEncoding(path string) (start []byte, encoding string, err error) {
	stored, err := os.Open(path)
	if err != nil {
		return nil, "", openError(path, err)
	}
	file := &csvFile{path: path, close: stored.Close}
	defer file.Close()
	text, err := file.decompressed(stored)
	if err != nil {
		return nil, "", file.placed(err)
	}
	start = make([]byte, sniffedText)
	n, err := io.ReadFull(text, start)
	isWhole := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if err != nil && !isWhole {
		return nil, "", file.placed(err)
	}
	start = start[:n]
	if decoded, encoding := decodeUTF16(start); encoding != "" {
		return wholeLines(decoded, isWhole), encoding, nil
	}
	isUTF8, err := isAllUTF8(start, text)
	if err != nil {
		return nil, "", file.placed(err)
	}
	if !isUTF8 {
		return wholeLines(decodeLatin(start), isWhole), "windows-1252", nil
	}
	return wholeLines(bytes.TrimPrefix(start, byteOrderMark), isWhole), "", nil
}

// decodeUTF16 decodes text with a byte order mark, or with a zero byte in
// every second place of its first characters, as ASCII has them in UTF-16, and
// returns the name of its encoding, empty if it is not UTF-16.
func decodeUTF16(text []byte) (decoded []byte, encoding string) {
	const looked = 64
	bigEndian, marked := false, true
	switch {
	case bytes.HasPrefix(text, []byte{0xff, 0xfe}):
	case bytes.HasPrefix(text, []byte{0xfe, 0xff}):
		bigEndian = true
	default:
		marked = false
		zeros := [2]int{}
		for i, c := range text[:min(looked, len(text))] {
			if c == 0 {
				zeros[i%2]++
			}
		}
		least := min(looked, len(text)) / 2 * 3 / 4
		if least == 0 || max(zeros[0], zeros[1]) < least {
			return nil, ""
		}
		bigEndian = zeros[0] > zeros[1]
	}
	units := make([]uint16, len(text)/2)
	for i := range units {
		low, high := text[2*i], text[2*i+1]
		if bigEndian {
			low, high = high, low
		}
		units[i] = uint16(high)<<8 | uint16(low)
	}
	encoding = "utf-16"
	switch {
	case marked:
		units = units[1:]
	case bigEndian:
		encoding = "utf-16be" // without a mark utf-16 is little endian
	}
	return []byte(string(utf16.Decode(units))), encoding
}

// isAllUTF8 reports whether start and what follows it are UTF-8.
func isAllUTF8(start []byte, rest io.Reader) (bool, error) {
	block := make([]byte, len(start), max(cap(start), sniffedText))
	copy(block, start)
	for seen := len(start); ; {
		cut := len(block)
		for back := 1; back <= min(utf8.UTFMax, len(block)); back++ {
			if i := len(block) - back; utf8.RuneStart(block[i]) {
				if !utf8.FullRune(block[i:]) {
					cut = i // the rest of the character is in the next block
				}
				break
			}
		}
		if !utf8.Valid(block[:cut]) {
			return false, nil
		}
		left := copy(block[:cap(block)], block[cut:])
		n, err := rest.Read(block[left:cap(block)])
		seen += n
		switch {
		case n == 0 && errors.Is(err, io.EOF):
			return left == 0, nil
		case err != nil && !errors.Is(err, io.EOF):
			return false, err
		case seen > sniffedBytes:
			return true, nil
		}
		block = block[:left+n]
	}
}

// decodeLatin decodes Latin-1, which is windows-1252 but for rare characters
// that are no delimiter, digit or letter of a column's name.
func decodeLatin(text []byte) []byte {
	decoded := make([]byte, 0, len(text)+len(text)/8)
	for _, c := range text {
		decoded = utf8.AppendRune(decoded, rune(c))
	}
	return decoded
}

// wholeLines cuts off a last line that has not been read to its end.
func wholeLines(text []byte, isWhole bool) []byte {
	if end := bytes.LastIndexByte(text, '\n'); end >= 0 && !isWhole {
		return text[:end+1]
	}
	return text
}

// sniffDelimiter sets the delimiter and returns the rows that it makes.
func sniffDelimiter(text []byte, guess *CSV) [][]string {
	best, most := cutInto(text, ','), 0.0
	for _, delimiter := range []string{",", ";", "\t", "|", "whitespace"} {
		comma := delimiter[0]
		if delimiter == "whitespace" {
			if most > 0 {
				continue // blanks also stand inside the fields of others
			}
			comma = 0
		}
		rows := cutInto(text, comma)
		if score := regularity(rows); score > most {
			best, most = rows, score
			guess.Delimiter = strings.TrimPrefix(delimiter, ",")
		}
	}
	return best
}

// cutInto cuts text into rows, the first sniffedRows of them.
func cutInto(text []byte, comma byte) [][]string {
	t, err := newTokens(bytes.NewReader(text), comma)
	var rows [][]string
	for err == nil && len(rows) < sniffedRows {
		if err = t.advance(); err != nil {
			break
		}
		var row []string
		for _, field := range t.fields {
			row = append(row, string(t.field(field)))
		}
		rows = append(rows, row)
	}
	return rows
}

// regularity scores rows: the share of them that have the commonest number of
// fields, and a little for each field; 0 if that number is 1.
func regularity(rows [][]string) float64 {
	const enough, perField = 0.9, 1e-3
	counts := map[int]int{}
	commonest := 0
	for _, row := range rows {
		counts[len(row)]++
		if n := len(row); counts[n] > counts[commonest] || counts[n] == counts[commonest] && n > commonest {
			commonest = n
		}
	}
	share := float64(counts[commonest]) / float64(max(1, len(rows)))
	if commonest < 2 || share < enough {
		return 0
	}
	return share + perField*float64(commonest)
}

// looksLikeNames reports whether a first row is a header.
func looksLikeNames(row []string) bool {
	seen := map[string]bool{}
	for _, field := range row {
		if isFigure(field) || seen[field] && field != "" {
			return false
		}
		seen[field] = true
	}
	return true
}

// isFigure reports whether a text is a number, an amount or a date: digits and
// what stands between them.
func isFigure(text string) bool {
	return strings.ContainsAny(text, "0123456789") && strings.Trim(text, "0123456789+-.,:/ TZ€$£%") == ""
}
