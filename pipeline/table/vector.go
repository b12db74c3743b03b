package table

import (
	"math"
	"math/bits"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// vector is a column of a record in the making: Arrow's buffers, which chunks
// of rows fill from the front. Every chunk but the last has a multiple of eight
// rows, so that each begins with a byte of the bits.
type vector struct {
	memory *Memory
	kind   Kind
	rows   int // so far
	nulls  int // of them

	valid  []byte // a bit a row, lowest first, 1 for a value; nil where the column is never null
	fixed  []byte // the values; of flags a bit a row; of labels a byte; of texts where each begins, and where the last ends
	texts  []byte
	labels *array.Data // nil where the column has none
}

// newVector returns room for n rows of a column, with its labels if it has any.
func newVector(m *Memory, c Column, labels *array.Data, n int) vector {
	v := vector{memory: m, kind: c.Kind, labels: labels}
	if c.Nullable {
		v.valid = m.Allocate(bytesOf(n))
	}
	if labels != nil {
		v.fixed = m.Allocate(n)
		return v
	}
	switch c.Kind {
	case Text:
		v.fixed = m.Allocate(4 * (n + 1))
		clear(v.fixed[:4])
		v.texts = m.Allocate(8 * n)[:0] // of names and ids; longer ones make it grow
	case Flag:
		v.fixed = m.Allocate(bytesOf(n))
	case Date:
		v.fixed = m.Allocate(4 * n)
	default:
		v.fixed = m.Allocate(8 * n)
	}
	return v
}

// bytesOf returns how many bytes n bits take.
func bytesOf(n int) int { return (n + 7) / 8 }

// fixedWidth are the values of columns of a fixed width but flags, of which
// uint8 are places of labels.
type fixedWidth interface {
	~int32 | int64 | float64 | ~uint8
}

// fillValues appends what get returns for rows. NaN and infinity panic.
func fillValues[R any, V fixedWidth](v *vector, rows []R, get func(*R) V) {
	values := arrow.GetData[V](v.fixed)[v.rows:][:len(rows)]
	for i := range rows {
		value := get(&rows[i])
		if !isFinite(value) {
			panic(notFinite)
		}
		values[i] = value
	}
	v.rows += len(rows)
}

// fillNullValues appends what get returns for rows. NaN and infinity panic.
// What stands beneath a null has no meaning: to decide about it would cost a
// branch that cannot be foreseen.
func fillNullValues[R any, V fixedWidth](v *vector, rows []R, get func(*R) (V, bool)) {
	values, valid := arrow.GetData[V](v.fixed)[v.rows:][:len(rows)], v.valid[v.rows/8:]
	for from := 0; from < len(rows); from += 8 {
		to := min(from+8, len(rows))
		var known byte
		for i := from; i < to; i++ {
			value, ok := get(&rows[i])
			if !isFinite(value) && ok {
				panic(notFinite)
			}
			values[i] = value
			known |= bit(ok) << (i - from)
		}
		valid[from/8] = known
		v.nulls += to - from - bits.OnesCount8(known)
	}
	v.rows += len(rows)
}

const notFinite = "table: NaN or infinity in a table"

// isFinite reports whether a value is neither NaN nor infinite, as an integer
// never is.
func isFinite[V fixedWidth](value V) bool {
	difference := value - value
	return difference == 0
}

// bit returns 1 for true; the compiler makes no branch of it.
func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// fillFlags appends what get returns for rows.
func fillFlags[R any](v *vector, rows []R, get func(*R) bool) {
	flags := v.fixed[v.rows/8:]
	for from := 0; from < len(rows); from += 8 {
		var set byte
		for i := from; i < min(from+8, len(rows)); i++ {
			set |= bit(get(&rows[i])) << (i - from)
		}
		flags[from/8] = set
	}
	v.rows += len(rows)
}

// fillTexts appends what get returns for rows.
func fillTexts[R any](v *vector, rows []R, get func(*R) string) {
	ends := arrow.GetData[int32](v.fixed)[v.rows+1:][:len(rows)]
	for i := range rows {
		appendText(v, get(&rows[i]))
		ends[i] = int32(len(v.texts))
	}
	v.rows += len(rows)
}

// fillNullTexts appends what get returns for rows.
func fillNullTexts[R any](v *vector, rows []R, get func(*R) (string, bool)) {
	ends, valid := arrow.GetData[int32](v.fixed)[v.rows+1:][:len(rows)], v.valid[v.rows/8:]
	for from := 0; from < len(rows); from += 8 {
		to := min(from+8, len(rows))
		var known byte
		for i := from; i < to; i++ {
			text, ok := get(&rows[i])
			if ok {
				appendText(v, text)
			}
			ends[i] = int32(len(v.texts))
			known |= bit(ok) << (i - from)
		}
		valid[from/8] = known
		v.nulls += to - from - bits.OnesCount8(known)
	}
	v.rows += len(rows)
}

func appendText[T ~string | ~[]byte](v *vector, text T) {
	if cap(v.texts)-len(v.texts) < len(text) {
		v.grow(len(text))
	}
	v.texts = append(v.texts, text...)
}

// grow makes room for n more bytes of text, and for as much again as there is.
func (v *vector) grow(n int) {
	used := len(v.texts)
	if used+n > math.MaxInt32 {
		panic("table: more text in a column than a record holds")
	}
	v.texts = v.memory.Reallocate(2*used+n, v.texts)[:used]
}

// array returns the column. Its memory is free again when the last who holds it
// lets go.
func (v *vector) array() arrow.Array {
	buffers := []*memory.Buffer{nil, memory.NewBufferWithAllocator(v.fixed, v.memory)}
	if v.valid != nil {
		buffers[0] = memory.NewBufferWithAllocator(v.valid, v.memory)
	}
	var data *array.Data
	switch {
	case v.labels != nil:
		data = array.NewDataWithDictionary(labelType, v.rows, buffers, v.nulls, 0, v.labels)
	case v.kind == Text:
		buffers = append(buffers, memory.NewBufferWithAllocator(v.texts, v.memory))
		fallthrough
	default:
		data = array.NewData(v.kind.arrow(), v.rows, buffers, nil, v.nulls, 0)
	}
	defer data.Release()
	for _, b := range buffers {
		if b != nil {
			b.Release()
		}
	}
	return array.MakeFromData(data)
}

// labelsOf returns labels as the values of an Arrow dictionary.
func labelsOf(labels []string) *array.Data {
	if len(labels) > MaxLabels {
		panic("table: more labels than a column may have")
	}
	b := array.NewStringBuilder(memory.DefaultAllocator)
	defer b.Release()
	b.AppendValues(labels, nil)
	return b.NewStringArray().Data().(*array.Data)
}
