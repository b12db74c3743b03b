package sinks

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/format"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// encoder makes row groups of one table, one at a time, in buffers that serve
// group after group.
type encoder struct {
	table      table.Schema
	zstd       *zstd.Encoder
	texts      *zstd.Encoder // of pages of texts; nil before the first
	page       page
	dictionary *dictionary // nil before the first column that needs one
	out        []byte      // the row group so far
	body       []byte      // of a page, before compression
	packed     []byte      // values of a page, as an encoding of the library returns them
	compressed []byte
}

func newEncoder(t table.Schema) *encoder { return &encoder{table: t, zstd: newZstd(false)} }

// newZstd returns an encoder that is quick to give up on what does not repeat.
// One of literals goes on with the bytes that are left then, if some of them
// are rarer than others: the digits of ids take half the room, while of numbers
// nothing would be saved.
func newZstd(literals bool) *zstd.Encoder {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithAllLitEntropyCompression(literals), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	if err != nil {
		panic("sinks: " + err.Error()) // fixed options are good or not
	}
	return z
}

// encode returns a row group as it stands in a file, until the next one is
// encoded.
func (e *encoder) encode(g *rowGroup) (*encodedGroup, error) {
	e.out = slices.Grow(e.out[:0], usualBytes*g.rows*len(e.table.Columns))
	chunks := make([]chunk, len(e.table.Columns))
	for i, c := range e.table.Columns {
		chunks[i] = newChunk(c, len(e.out))
		if err := e.column(g, i, &chunks[i]); err != nil {
			return nil, err
		}
		chunks[i].finish(g.rows, len(e.out))
	}
	return &encodedGroup{first: g.first, rows: g.rows, bytes: e.out, chunks: chunks}, nil
}

// column encodes one column.
func (e *encoder) column(g *rowGroup, i int, c *chunk) error {
	if e.repeats(g, i) {
		return e.dictionaryPages(g, i, c)
	}
	first := g.first
	for _, spans := range g.pages {
		if err := e.plainPage(spans, i, first, c); err != nil {
			return err
		}
		first += int64(rowsOf(spans))
	}
	return nil
}

// isSoleKey reports whether a column is the key: it never repeats, and a
// dictionary of it would only be built to be given up.
func isSoleKey(t table.Schema, column int) bool {
	return len(t.Key) == 1 && t.Key[0] == t.Columns[column].Name && t.Columns[column].Labels == nil
}

// repeats puts the values of a column of texts or numbers into the dictionary,
// and reports whether they fit, and are any. That depends on the row group's
// rows alone.
func (e *encoder) repeats(g *rowGroup, i int) bool {
	c := e.table.Columns[i]
	if c.Kind != table.Number && (c.Kind != table.Text || isSoleKey(e.table, i)) {
		return false
	}
	if e.dictionary == nil {
		e.dictionary = newDictionary()
	}
	e.dictionary.reset()
	for _, spans := range g.pages {
		if !e.enter(spans, i) {
			return false
		}
	}
	n, values := e.dictionary.len(), len(e.dictionary.ids)
	return n > 0 && (c.Kind == table.Text || n <= values/dictionaryRepeats)
}

// enter puts the values of a page into the dictionary, and reports false where
// they do not fit.
func (e *encoder) enter(spans []span, i int) bool {
	p, c := &e.page, e.table.Columns[i]
	p.load(spans, i)
	switch {
	case c.Labels != nil:
		p.labels = gather(p, spans, i, p.labels)
		return e.dictionary.addLabels(p.labels, c.Labels)
	case c.Kind == table.Text:
		p.gatherTexts(spans, i)
		return e.dictionary.addTexts(p)
	default:
		p.numbers = gather(p, spans, i, p.numbers)
		return e.dictionary.addNumbers(p.numbers)
	}
}

// dictionaryPages writes the dictionary and the pages of ids in it.
func (e *encoder) dictionaryPages(g *rowGroup, i int, c *chunk) (err error) {
	d := e.dictionary
	e.body = d.plain(e.body[:0], c.column.Kind)
	e.out = c.dictionary(e.out, d.len(), e.body, e.compress())
	ids, first := d.ids, g.first
	for n, spans := range g.pages {
		if err := e.load(spans, i, first); err != nil {
			return err
		}
		var own []int32
		own, ids = ids[:e.page.values()], ids[e.page.values():]
		if e.packed, err = new(rle.DictionaryEncoding).EncodeInt32(e.packed, own); err != nil {
			return err
		}
		e.body = append(e.body, e.packed...)
		e.out = c.page(e.out, &e.page, format.RLEDictionary, e.boundsOf(spans, i, own, int32(n+1)), e.body, e.compress())
		first += int64(e.page.rows)
	}
	return nil
}

// boundsOf returns the bounds of the page that is loaded, counted from 1, whose
// values have ids.
func (e *encoder) boundsOf(spans []span, i int, ids []int32, page int32) bounds {
	if e.table.Columns[i].Kind == table.Text {
		return e.dictionary.bounds(ids, page)
	}
	e.page.numbers = gather(&e.page, spans, i, e.page.numbers)
	return numberBounds(e.page.numbers)
}

// load begins a page of a column, whose first row is the file's row first,
// with what is null in it.
func (e *encoder) load(spans []span, i int, first int64) error {
	e.page.load(spans, i)
	c := e.table.Columns[i]
	if e.page.nulls > 0 && !c.Nullable {
		return mistake(c, first+int64(e.page.firstNull()), "is null in a column declared without nulls")
	}
	e.body = e.body[:0]
	if c.Nullable {
		e.body = e.page.appendLevels(e.body)
	}
	return nil
}

// plainPage encodes a page without a dictionary, as its column's kind wants.
func (e *encoder) plainPage(spans []span, i int, first int64, c *chunk) error {
	if err := e.load(spans, i, first); err != nil {
		return err
	}
	switch e.table.Columns[i].Kind {
	case table.Text:
		return e.textPage(spans, i, first, c)
	case table.Date:
		return e.dayPage(spans, i, c)
	case table.Number:
		return e.numberPage(spans, i, first, c)
	case table.Flag:
		e.flagPage(spans, i, c)
		return nil
	default:
		return e.integerPage(spans, i, first, c)
	}
}

// textPage encodes a page of texts, or two of half the rows where they are
// longer than pageBytes: all lengths, then all texts.
func (e *encoder) textPage(spans []span, i int, first int64, c *chunk) (err error) {
	p := &e.page
	if rows := p.rows / 2; rows > 0 && p.textBytes(spans, i) > pageBytes {
		front, back := split(spans, rows)
		if err := e.plainPage(front, i, first, c); err != nil {
			return err
		}
		return e.plainPage(back, i, first+int64(rows), c)
	}
	p.gatherTexts(spans, i)
	p.lengths = p.lengths[:0]
	for at, end := range p.ends[1:] {
		p.lengths = append(p.lengths, int32(end-p.ends[at]))
	}
	if e.packed, err = new(delta.BinaryPackedEncoding).EncodeInt32(e.packed, p.lengths); err != nil {
		return err
	}
	e.body = append(append(e.body, e.packed...), p.texts...)
	if e.texts == nil {
		e.texts = newZstd(true)
	}
	e.compressed = e.texts.EncodeAll(e.body, e.compressed[:0])
	e.out = c.page(e.out, p, format.DeltaLengthByteArray, textBounds(p), e.body, e.compressed)
	return nil
}

func (e *encoder) dayPage(spans []span, i int, c *chunk) (err error) {
	p := &e.page
	p.days = gather(p, spans, i, p.days)
	if e.packed, err = new(delta.BinaryPackedEncoding).EncodeInt32(e.packed, p.days); err != nil {
		return err
	}
	e.body = append(e.body, e.packed...)
	e.write(c, format.DeltaBinaryPacked, dayBounds(p.days))
	return nil
}

func (e *encoder) numberPage(spans []span, i int, first int64, c *chunk) error {
	p := &e.page
	p.numbers = gather(p, spans, i, p.numbers)
	if at := firstNotFinite(p.numbers); at >= 0 {
		return mistake(e.table.Columns[i], first+int64(p.row(at)), "is NaN or infinite")
	}
	start := len(e.body)
	e.body = slices.Grow(e.body, 8*len(p.numbers))[:start+8*len(p.numbers)]
	for i, v := range p.numbers {
		binary.LittleEndian.PutUint64(e.body[start+8*i:], math.Float64bits(v))
	}
	e.write(c, format.Plain, numberBounds(p.numbers))
	return nil
}

func (e *encoder) flagPage(spans []span, i int, c *chunk) {
	p := &e.page
	p.gatherFlags(spans, i)
	e.body = append(e.body, p.flags...)
	e.write(c, format.Plain, flagBounds(p.values(), bitutil.CountSetBits(p.flags, 0, p.values())))
}

// integerPage encodes counts, amounts and instants.
func (e *encoder) integerPage(spans []span, i int, first int64, c *chunk) (err error) {
	p := &e.page
	p.integers = gather(p, spans, i, p.integers)
	values := spreadOf(p.integers)
	if e.table.Columns[i].Kind == table.Money {
		if values.low < -maxMoney || values.high > maxMoney {
			return mistake(e.table.Columns[i], first+int64(p.row(firstTooLarge(p.integers))), "does not fit DECIMAL(18,4)")
		}
		c.sum.addAll(p.integers, values)
	}
	if e.packed, err = p.packIntegers(e.packed, values); err != nil {
		return err
	}
	e.body = append(e.body, e.packed...)
	e.write(c, format.DeltaBinaryPacked, values.bounds())
	return nil
}

// packIntegers returns the page's integers, of a known spread, as differences
// in packed bits. Those of small numbers that lie close together are the same
// bits as of integers of 4 bytes, which the library packs faster as long as a
// difference, less the smallest, takes at most 16 bits.
func (p *page) packIntegers(to []byte, values spread) ([]byte, error) {
	const small, near = 1 << 30, 1 << 15
	if values.low < -small || values.high > small || values.high-values.low >= near {
		return new(delta.BinaryPackedEncoding).EncodeInt64(to, p.integers)
	}
	p.narrow = resized(p.narrow, len(p.integers))
	for i, v := range p.integers {
		p.narrow[i] = int32(v)
	}
	return new(delta.BinaryPackedEncoding).EncodeInt32(to, p.narrow)
}

// write adds the page, whose levels and values are in body, to the row group,
// compressed if that is worth it.
func (e *encoder) write(c *chunk, encoding format.Encoding, b bounds) {
	if e.shrinks() {
		e.compress()
	} else {
		e.compressed = appendStored(e.compressed[:0], e.body)
	}
	e.out = c.page(e.out, &e.page, encoding, b, e.body, e.compressed)
}

// shrinks reports whether body gets smaller by a worthwhile share, as a piece
// from its middle does. Most pages of packed integers, and of numbers that do
// not repeat, don't.
func (e *encoder) shrinks() bool {
	from := max(0, len(e.body)-sampleBytes) / 2
	sample := e.body[from:min(from+sampleBytes, len(e.body))]
	e.compressed = e.zstd.EncodeAll(sample, e.compressed[:0])
	return len(e.compressed) <= len(sample)-len(sample)/worthwhileShare
}

// compress returns body compressed, until the next page.
func (e *encoder) compress() []byte {
	e.compressed = e.zstd.EncodeAll(e.body, e.compressed[:0])
	return e.compressed
}

// firstNotFinite returns the index of the first NaN or infinity, -1 if there
// is none.
func firstNotFinite(values []float64) int {
	for i, v := range values {
		if v-v != 0 { // NaN and both infinities, and nothing else
			return i
		}
	}
	return -1
}

// maxMoney is the largest amount of DECIMAL(18,4), in units of 10^-4.
const maxMoney = 1e18 - 1

// firstTooLarge returns the index of the first amount that DECIMAL(18,4) does
// not hold, of which there is one.
func firstTooLarge(amounts []int64) int {
	return slices.IndexFunc(amounts, func(v int64) bool { return v > maxMoney || v < -maxMoney })
}

// sum is a sum of amounts in 128 bits, which those of a file cannot overflow.
type sum struct{ high, low uint64 }

func (s *sum) add(amount int64) {
	var carry uint64
	s.low, carry = bits.Add64(s.low, uint64(amount), 0)
	s.high += uint64(amount>>63) + carry
}

// addAll adds amounts of a known spread: in 64 bits where they cannot overflow.
func (s *sum) addAll(amounts []int64, x spread) {
	if n := int64(len(amounts)); n == 0 || max(x.high, -x.low) <= math.MaxInt64/n {
		s.add(x.sum)
		return
	}
	for _, v := range amounts {
		s.add(v)
	}
}

// addTo returns the sum plus an amount, and false where int64 does not hold it.
func (s sum) addTo(amount int64) (int64, bool) {
	s.add(amount)
	total := int64(s.low)
	return total, s.high == uint64(total>>63)
}

// mistake says that a value can't be stored. What computed it is at fault.
// row is the file's row, counted from 0.
func mistake(c table.Column, row int64, what string) error {
	return pipeline.Errorf(pipeline.ClassInternal, "", "", "column %s: row %d of the file %s", c.Name, row+1, what)
}
