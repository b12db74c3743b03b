package sources

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// What Sniff looks at: the structure shows in the first rows, but the first
// letter that is not ASCII may come late.
const (
	sniffedText  = 256 << 10 // bytes that are cut into rows
	sniffedBytes = 64 << 20  // bytes in which the encoding is looked for
	sniffedRows  = 1_000
)

// Sniff guesses from the first of some delimited text files how they are to be
// read: delimiter, header and encoding; what is the default is left at zero. It
// is a guess for a person to confirm: a run never guesses.
//
//   - Encoding: that of a byte order mark; UTF-16 if every second byte is zero;
//     else UTF-8 if all bytes of the first 64 MiB are, else windows-1252, which
//     has the letters of Latin-1 at the same places, or Latin-1 where a byte
//     means nothing in it.
//   - Delimiter: of comma, semicolon, tab and bar the one that cuts most rows
//     into the same number of fields; of equals the one that makes more fields.
//     Blanks only where none of them cuts anything.
//   - Header: the first row holds names if none of its fields is a number or a
//     date. A log of transactions has a date and an amount in each row.
//
// It fails as a source of these paths would where there is no file, or none that
// can be read, and where the first is of another kind.
func Sniff(paths []string) (CSV, error) {
	if err := checkPaths(paths); err != nil {
		return CSV{}, err
	}
	// Nothing here goes on for long: a guess needs no context.
	ctx := context.Background()
	files, err := listFiles(ctx, paths, ".csv", new(buckets))
	if err != nil {
		return CSV{}, err
	}
	start, encoding, err := sniffEncoding(ctx, files[0])
	if err != nil {
		return CSV{}, err
	}
	if err := checkKind(files[0].path, start); err != nil {
		return CSV{}, err
	}
	guess := CSV{Paths: paths, Encoding: encoding}
	rows := sniffDelimiter(start, &guess)
	if len(rows) > 0 && !looksLikeNames(rows[0]) {
		guess.Header = Header{None: true}
	}
	return guess, nil
}

// sniffEncoding returns the beginning of a file as UTF-8, up to the end of a
// line, and the name of its encoding, empty for UTF-8.
func sniffEncoding(ctx context.Context, from dataFile) (start []byte, encoding string, err error) {
	stored, err := from.open(&within{ctx})
	if err != nil {
		return nil, "", err
	}
	file := &csvFile{path: from.path, stored: &countedReader{Reader: stored}, close: stored.Close}
	defer file.Close()
	text, err := file.decompressed()
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
	if err := checkBinary(from.path, start); err != nil {
		return nil, "", err
	}
	if encoding, err = encodingOfText(start, text); err != nil {
		return nil, "", file.placed(err)
	}
	return wholeLines(decodedStart(start, encoding), isWhole), encoding, nil
}

// encodingOfText returns the name of the encoding of a text, its beginning and
// what follows.
func encodingOfText(start []byte, rest io.Reader) (string, error) {
	for _, m := range byteOrderMarks {
		if bytes.HasPrefix(start, []byte(m.mark)) {
			return strings.TrimPrefix(m.name, "utf-8"), nil
		}
	}
	if name := unmarkedUTF16(start); name != "" {
		return name, nil
	}
	isUTF8, err := isAllUTF8(start, rest)
	switch {
	case err != nil || isUTF8:
		return "", err
	case validWindows1252(start, false) == len(start):
		return "windows-1252", nil
	default:
		return "latin-1", nil
	}
}

// unmarkedUTF16 returns the name of UTF-16 if a text has a zero in every second
// place of its first characters, as ASCII has them, else nothing.
func unmarkedUTF16(start []byte) string {
	const looked = 64
	var zeros [2]int
	n := min(looked, len(start))
	for i, c := range start[:n] {
		if c == 0 {
			zeros[i%2]++
		}
	}
	switch most := n / 2 * 3 / 4; {
	case most > 0 && zeros[1] >= most:
		return "utf-16" // without a mark it is little endian
	case most > 0 && zeros[0] >= most:
		return "utf-16be"
	default:
		return ""
	}
}

// decodedStart returns the beginning of a text in UTF-8; a character that its
// end cuts in two is left out.
func decodedStart(start []byte, name string) []byte {
	encoding, err := encodingOf(name)
	if err != nil {
		panic("sources: " + err.Error())
	}
	text, _, err := encoding.open(bytes.NewReader(start))
	if err != nil {
		return nil // the mark has been looked at: there is no text
	}
	decoded, _ := io.ReadAll(text)
	return decoded
}

// isAllUTF8 reports whether the first sniffedBytes of start and what follows it
// are UTF-8.
func isAllUTF8(start []byte, rest io.Reader) (bool, error) {
	text := transform.NewReader(io.MultiReader(bytes.NewReader(start), rest), encoding.UTF8Validator)
	_, err := io.CopyN(io.Discard, text, sniffedBytes)
	switch {
	case errors.Is(err, encoding.ErrInvalidUTF8):
		return false, nil
	case errors.Is(err, io.EOF):
		return true, nil
	default:
		return true, err
	}
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
	t := newTokens(bytes.NewReader(text), comma)
	var rows [][]string
	for len(rows) < sniffedRows && t.advance() == nil {
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
func looksLikeNames(row []string) bool { return !slices.ContainsFunc(row, isFigure) }

// isFigure reports whether a text is a number, an amount or a date: digits and
// what stands between them.
func isFigure(text string) bool {
	return strings.ContainsAny(text, "0123456789") && strings.Trim(text, "0123456789+-.,:/ TZ€$£%") == ""
}
