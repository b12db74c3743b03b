package sources

import (
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// leastUse is how many rows of a batch there must be for each entry of a
// dictionary for it to be delivered as it is; a larger one is written out row by
// row. With two, whoever does something for each entry instead of each row has
// at most half the work, even if they do it again for every batch.
//
// A dictionary of long texts is written out too, so that a batch has at most
// batchText of a column in either form: whoever writes its rows out, as the
// shuffle does with keys, then knows how much that can be.
const leastUse = 2

// textDecoder is the decoder of text columns. Small dictionaries stay what they
// are; all other texts are copied into the array.
type textDecoder struct {
	textColumn
	batch   int // at most so many rows in an array
	convert textConversion

	plain texts // of the page loaded, unless it has indexes

	indexed    bool            // the page loaded has indexes
	indexes    encoding.Values // of that page
	dictionary parquet.Dictionary
	entries    texts       // of dictionary
	longest    int         // of entries, in bytes
	shared     *array.Data // dictionary as arrays share it; nil if it is not small
	codes      []int32     // collected indexes into shared; nil if text is collected
}

func newTextDecoder(c textConversion, s space) *textDecoder {
	return &textDecoder{convert: c, batch: s.batch, textColumn: textColumn{memory: s.memory, likelyRows: s.batch}}
}

func (d *textDecoder) load(page parquet.Page, n int) (err error) {
	dictionary := page.Dictionary()
	d.indexed = dictionary != nil
	if !d.indexed {
		d.plain, err = d.convert(d.plain, page.Data(), n)
		return err
	}
	d.indexes = page.Data()
	if dictionary == d.dictionary {
		return nil
	}
	if d.entries, err = d.convert(d.entries, dictionary.Page().Data(), dictionary.Len()); err != nil {
		return &dictionaryError{err}
	}
	d.dictionary, d.shared, d.longest = dictionary, nil, d.entries.longest()
	if dictionary.Len() <= d.batch/leastUse && d.longest*d.batch <= batchText {
		d.shared = d.entries.array()
	}
	return nil
}

// longest returns how many bytes the longest text has.
func (t texts) longest() int {
	most := uint32(0)
	for i, end := range t.offsets[1:] {
		most = max(most, end-t.offsets[i])
	}
	return int(most)
}

// array returns texts as an array of their own, which many others share until
// the garbage collector frees it.
func (t texts) array() *array.Data {
	n := len(t.offsets) - 1
	first := t.offsets[0]
	ends := make([]int32, n+1)
	for i, end := range t.offsets {
		ends[i] = int32(end - first)
	}
	data := memory.NewBufferBytes(slices.Clone(t.data[first:t.offsets[n]]))
	offsets := memory.NewBufferBytes(arrow.GetBytes(ends))
	return array.NewData(arrow.BinaryTypes.String, n, []*memory.Buffer{nil, offsets, data}, nil, 0, 0)
}

// coded reports whether the page loaded is to be delivered as indexes.
func (d *textDecoder) coded() bool { return d.indexed && d.shared != nil }

func (d *textDecoder) room() int {
	if d.rows > 0 && d.coded() != (d.codes != nil) {
		return 0
	}
	if !d.indexed || d.coded() || d.longest == 0 {
		return stepRows
	}
	return max(1, (batchText-len(d.data))/d.longest)
}

func (d *textDecoder) append(from, n int, levels []byte) error {
	if d.coded() {
		return d.appendCodes(from, n, levels)
	}
	d.start()
	if d.indexed {
		return d.lookUp(from, n, levels)
	}
	return d.run(d.plain.data, part(d.plain.offsets, from, n+1), levels)
}

// start begins an array of text. The first one expects texts as long as those
// loaded.
func (d *textDecoder) start() {
	if d.likelyBytes == 0 {
		loaded := d.plain
		if d.indexed {
			loaded = d.entries
		}
		n := len(loaded.offsets) - 1
		d.likelyBytes = min(int(loaded.offsets[n]-loaded.offsets[0])/max(n, 1)*d.batch, batchText)
	}
	d.begin()
}

// appendCodes appends n of the indexes loaded as they are.
func (d *textDecoder) appendCodes(from, n int, levels []byte) error {
	indexes, err := indexesInto(d.indexes, from, n, len(d.entries.offsets)-1)
	if err != nil {
		return err
	}
	if d.codes == nil {
		d.codes = table.RoomFor[int32](d.memory, d.batch)
	}
	d.codes = entered(&d.validity, append(d.codes, indexes...), n, levels)
	return nil
}

// lookUp appends the texts that n of the indexes loaded mean.
func (d *textDecoder) lookUp(from, n int, levels []byte) error {
	offsets, text := d.entries.offsets, d.entries.data
	indexes, err := indexesInto(d.indexes, from, n, len(offsets)-1)
	if err != nil {
		return err
	}
	at, end := len(d.data), len(d.data)
	for i, ends := 0, d.moreEnds(n); i < n; i++ {
		end += int(offsets[indexes[i]+1] - offsets[indexes[i]])
		ends[i] = int32(end)
	}
	if end > math.MaxInt32 {
		return errTextTooLong
	}
	d.data = slices.Grow(d.data, end-at)[:end]
	data := d.data
	for _, index := range indexes {
		at += copy(data[at:], text[offsets[index]:offsets[index+1]])
	}
	d.spread(n, levels)
	return nil
}

func (d *textDecoder) bytes() int { return len(d.data) }

func (d *textDecoder) take() arrow.Array {
	if d.codes == nil {
		return d.textColumn.take()
	}
	bitmap, rows, nulls := d.validity.take()
	buffers := []*memory.Buffer{bitmap, table.BufferOf(d.memory, d.codes)}
	d.codes = nil
	data := array.NewDataWithDictionary(pipeline.DictionaryText, rows, buffers, nulls, 0, d.shared)
	defer data.Release()
	letGo(buffers)
	return array.MakeFromData(data)
}
