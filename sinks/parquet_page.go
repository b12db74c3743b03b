package sinks

import (
	"encoding/binary"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
)

// span is rows from..to of a record.
type span struct {
	record   arrow.Record
	from, to int
}

func (s span) rows() int { return s.to - s.from }

// page is the rows of one page of one column, gathered from the spans in
// which they came. Its buffers serve page after page.
type page struct {
	rows  int
	nulls int
	valid []byte // a bit per row, lowest first, 1 for a value; only where there are nulls

	// The values, nulls left out; of one column only one of these is filled.
	integers []int64 // counts, money, instants
	narrow   []int32 // the same, where they are all small
	days     []int32
	numbers  []float64
	flags    []byte  // a bit per value, lowest first
	labels   []uint8 // the place of each among the column's labels
	texts    []byte
	ends     []uint32 // where each text begins in texts, and where the last ends
	lengths  []int32  // of each text, where its page needs them
}

// values is how many rows have a value.
func (p *page) values() int { return p.rows - p.nulls }

// load takes the rows of spans and notes which of them are null.
func (p *page) load(spans []span, column int) {
	p.rows, p.nulls = 0, 0
	for _, s := range spans {
		a := s.record.Column(column)
		p.rows += s.rows()
		// Not NullN, which writes into an array that other goroutines read.
		if bits := a.NullBitmapBytes(); len(bits) > 0 {
			p.nulls += s.rows() - bitutil.CountSetBits(bits, a.Data().Offset()+s.from, s.rows())
		}
	}
	if p.nulls > 0 {
		p.loadValid(spans, column)
	}
}

func (p *page) loadValid(spans []span, column int) {
	p.valid = zeroBits(p.valid, p.rows)
	row := 0
	for _, s := range spans {
		a := s.record.Column(column)
		if bits := a.NullBitmapBytes(); len(bits) > 0 {
			bitutil.CopyBitmap(bits, a.Data().Offset()+s.from, s.rows(), p.valid, row)
		} else {
			bitutil.SetBitsTo(p.valid, int64(row), int64(s.rows()), true)
		}
		row += s.rows()
	}
}

// zeroBits returns room for n bits, all 0.
func zeroBits(buffer []byte, n int) []byte {
	buffer = resized(buffer, int(bitutil.BytesForBits(int64(n))))
	clear(buffer)
	return buffer
}

// resized returns a slice of length n, the same one if it is large enough.
func resized[T any](buffer []T, n int) []T {
	if cap(buffer) < n {
		return make([]T, n)
	}
	return buffer[:n]
}

// row returns the row of value i.
func (p *page) row(i int) int {
	if p.nulls == 0 {
		return i
	}
	row := 0
	for ; ; row++ {
		if bitutil.BitIsSet(p.valid, row) {
			if i == 0 {
				return row
			}
			i--
		}
	}
}

// firstNull returns the first row that is null, of a page that has one.
func (p *page) firstNull() int {
	row := 0
	for bitutil.BitIsSet(p.valid, row) {
		row++
	}
	return row
}

// gather returns the values of a column of fixed width, in buffer.
func gather[T arrow.FixedWidthType](p *page, spans []span, column int, buffer []T) []T {
	if p.values() == 0 {
		return buffer[:0]
	}
	buffer = resized(buffer, p.rows+1) // one more, for a null after the last value is written and not kept
	row, n := 0, 0
	for _, s := range spans {
		values := arrow.GetValues[T](s.record.Column(column).Data(), 1)[s.from:s.to]
		if p.nulls == 0 {
			n += copy(buffer[n:], values)
			continue
		}
		for _, v := range values {
			buffer[n] = v
			n += int(p.valid[row>>3]>>(row&7)) & 1
			row++
		}
	}
	return buffer[:n]
}

// gatherFlags takes the values of a column of flags.
func (p *page) gatherFlags(spans []span, column int) {
	p.flags = zeroBits(p.flags, p.values())
	row, n := 0, 0
	for _, s := range spans {
		data := s.record.Column(column).Data()
		bits, first := data.Buffers()[1].Bytes(), data.Offset()+s.from
		if p.nulls == 0 {
			bitutil.CopyBitmap(bits, first, s.rows(), p.flags, n)
			n += s.rows()
			continue
		}
		for i := range s.rows() {
			if bitutil.BitIsSet(p.valid, row) {
				bitutil.SetBitTo(p.flags, n, bitutil.BitIsSet(bits, first+i))
				n++
			}
			row++
		}
	}
}

// textBytes returns how long the values of a column of texts are together.
func (p *page) textBytes(spans []span, column int) int {
	if p.values() == 0 {
		return 0
	}
	sum, row := 0, 0
	for _, s := range spans {
		offsets := s.record.Column(column).(*array.String).ValueOffsets()[s.from : s.to+1]
		if p.nulls == 0 {
			sum += int(offsets[len(offsets)-1] - offsets[0])
			continue
		}
		for i := range s.rows() {
			sum += int(offsets[i+1]-offsets[i]) * int(p.valid[row>>3]>>(row&7)&1)
			row++
		}
	}
	return sum
}

// gatherTexts takes the values of a column of texts.
func (p *page) gatherTexts(spans []span, column int) {
	p.texts, p.ends = p.texts[:0], append(p.ends[:0], 0)
	if p.values() == 0 { // of labels too
		return
	}
	row := 0
	for _, s := range spans {
		a := s.record.Column(column).(*array.String)
		offsets, bytes := a.ValueOffsets()[s.from:s.to+1], a.ValueBytes()
		base := int32(a.ValueOffset(0)) // where ValueBytes begins
		if p.nulls == 0 {
			shift := uint32(len(p.texts)) - uint32(offsets[0])
			p.texts = append(p.texts, bytes[offsets[0]-base:offsets[len(offsets)-1]-base]...)
			for _, end := range offsets[1:] {
				p.ends = append(p.ends, uint32(end)+shift)
			}
			continue
		}
		for i := range s.rows() {
			if p.valid[row>>3]>>(row&7)&1 == 1 {
				p.texts = append(p.texts, bytes[offsets[i]-base:offsets[i+1]-base]...)
				p.ends = append(p.ends, uint32(len(p.texts)))
			}
			row++
		}
	}
}

// text returns value i of a page of texts.
func (p *page) text(i int) []byte { return p.texts[p.ends[i]:p.ends[i+1]] }

// appendLevels appends the definition levels: whether each row has a value,
// as a run of the RLE/bit-packing hybrid after its length in four bytes.
func (p *page) appendLevels(b []byte) []byte {
	b = append(b, 0, 0, 0, 0)
	start := len(b)
	switch p.nulls {
	case 0:
		b = append(binary.AppendUvarint(b, uint64(p.rows)<<1), 1)
	case p.rows:
		b = append(binary.AppendUvarint(b, uint64(p.rows)<<1), 0)
	default:
		b = binary.AppendUvarint(b, uint64(len(p.valid))<<1|1)
		b = append(b, p.valid...)
	}
	binary.LittleEndian.PutUint32(b[start-4:], uint32(len(b)-start))
	return b
}
