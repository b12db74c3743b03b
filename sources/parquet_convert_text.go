package sources

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go/encoding"
)

// texts are values cut out of data by ascending offsets, one more of them than
// values.
type texts struct {
	data    []byte
	offsets []uint32
}

// textConversion turns the first n values of a page or dictionary into texts.
// They may share the memory of either.
type textConversion func(to texts, from encoding.Values, n int) (texts, error)

// plainTexts takes bytes as they are, which must be UTF-8.
func plainTexts(_ texts, from encoding.Values, n int) (texts, error) {
	if n == 0 {
		return texts{offsets: make([]uint32, 1)}, nil
	}
	data, offsets := from.ByteArray()
	t := texts{data, part(offsets, 0, n+1)}
	if err := t.ascend(); err != nil {
		return texts{}, err
	}
	if t.allUTF8() {
		return t, nil
	}
	for i := range n {
		if !utf8.Valid(data[offsets[i]:offsets[i+1]]) {
			return texts{}, &valueError{i, "the text is not UTF-8"}
		}
	}
	return t, nil
}

var errOverlap = errors.New("the lengths of the texts do not add up")

// ascend makes sure that the offsets do, up to the end of the data at most.
func (t texts) ascend() error {
	overlap := t.offsets[len(t.offsets)-1] > uint32(len(t.data))
	for i, end := range t.offsets[1:] {
		overlap = overlap || end < t.offsets[i]
	}
	if overlap {
		return errOverlap
	}
	return nil
}

// allUTF8 reports whether the texts joined together are UTF-8 and each begins
// where a character does, which comes to the same as each being UTF-8 and
// takes one pass over the whole.
func (t texts) allUTF8() bool {
	n := len(t.offsets) - 1
	joined := t.data[t.offsets[0]:t.offsets[n]]
	if isASCII(joined) {
		return true
	}
	all := utf8.Valid(joined)
	for i := range n {
		value := t.data[t.offsets[i]:t.offsets[i+1]]
		all = all && (len(value) == 0 || utf8.RuneStart(value[0]))
	}
	return all
}

// isASCII reports whether every byte is below utf8.RuneSelf, 32 at a time.
func isASCII(b []byte) bool {
	const high = 0x8080808080808080
	for ; len(b) >= 32; b = b[32:] {
		or := binary.LittleEndian.Uint64(b) | binary.LittleEndian.Uint64(b[8:]) |
			binary.LittleEndian.Uint64(b[16:]) | binary.LittleEndian.Uint64(b[24:])
		if or&high != 0 {
			return false
		}
	}
	for _, v := range b {
		if v >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

const uuidText = 36 // characters of an id in its usual form

func uuidTexts(to texts, from encoding.Values, n int) (texts, error) {
	data, size := from.FixedLenByteArray()
	to = to.ofLength(uuidText, n)
	for i := range n {
		id, text := data[i*size:(i+1)*size], to.data[i*uuidText:(i+1)*uuidText]
		hexadecimal(text[:8], id[:4])
		text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
		hexadecimal(text[9:13], id[4:6])
		hexadecimal(text[14:18], id[6:8])
		hexadecimal(text[19:23], id[8:10])
		hexadecimal(text[24:36], id[10:16])
	}
	return to, nil
}

func hexTexts(to texts, from encoding.Values, n int) (texts, error) {
	data, size := from.FixedLenByteArray()
	to = to.ofLength(2*size, n)
	hexadecimal(to.data, part(data, 0, n*size))
	return to, nil
}

// hexadecimal writes bytes as two lower-case digits each.
func hexadecimal(to, bytes []byte) {
	for i, b := range bytes {
		binary.LittleEndian.PutUint16(to[2*i:2*i+2], hexDigits[b])
	}
}

// hexDigits are the two digits of each byte, the first one in the low bits.
var hexDigits = func() (digits [256]uint16) {
	for b := range digits {
		text := hex.EncodeToString([]byte{byte(b)})
		digits[b] = binary.LittleEndian.Uint16([]byte(text))
	}
	return digits
}()

// ofLength returns n texts of one length, in the memory of t if that suffices,
// whose bytes the caller sets.
func (t texts) ofLength(length, n int) texts {
	t.data = slices.Grow(t.data[:0], length*n)[:length*n]
	t.offsets = t.offsets[:0]
	for i := range n + 1 {
		t.offsets = append(t.offsets, uint32(i*length))
	}
	return t
}
