package sources

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
)

// decoder collects an Arrow column from the pages of a column chunk. Pages
// hold only the values present; nulls come from their levels.
type decoder interface {
	// load takes n values from a page, which stays valid until the next load.
	// A chunk may begin with pages of dictionary indexes and go on with plain
	// ones.
	load(page parquet.Page, n int) error
	// run appends n of the values loaded, from the given one on.
	run(from, n int) error
	// nothing appends n nulls.
	nothing(n int)
	// bytes is how much text has been collected.
	bytes() int
	// take returns the column and starts a new one.
	take() arrow.Array
}

// dictionaryError is a value of a dictionary that has no counterpart.
type dictionaryError struct{ cause error }

func (e *dictionaryError) Error() string { return "in the dictionary, " + e.cause.Error() }
func (e *dictionaryError) Unwrap() error { return e.cause }

// indexesInto returns the n indexes of a page, which must lie in a dictionary
// of a number of entries.
func indexesInto(page parquet.Page, n, entries int) ([]int32, error) {
	data := page.Data()
	indexes := data.Int32()[:n]
	for i, index := range indexes {
		if uint(index) >= uint(entries) {
			return nil, &valueError{i, "a value refers to an entry that the dictionary does not have"}
		}
	}
	return indexes, nil
}

// fixedDecoder is the decoder of columns whose values all have one size.
type fixedDecoder[T arrow.FixedWidthType] struct {
	validity
	arrow   arrow.DataType
	convert conversion[T]

	dictionary parquet.Dictionary
	entries    []T // of dictionary
	loaded     []T
	collected  []T
}

func (d *fixedDecoder[T]) load(page parquet.Page, n int) (err error) {
	dictionary := page.Dictionary()
	if dictionary == nil {
		d.loaded, err = d.convert(d.loaded[:0], page.Data(), n)
		return err
	}
	if dictionary != d.dictionary {
		if d.entries, err = d.convert(d.entries[:0], dictionary.Page().Data(), dictionary.Len()); err != nil {
			return &dictionaryError{err}
		}
		d.dictionary = dictionary
	}
	indexes, err := indexesInto(page, n, len(d.entries))
	d.loaded = d.loaded[:0]
	for _, index := range indexes {
		d.loaded = append(d.loaded, d.entries[index])
	}
	return err
}

func (d *fixedDecoder[T]) run(from, n int) error {
	d.collected = append(d.collected, d.loaded[from:from+n]...)
	d.known(n)
	return nil
}

func (d *fixedDecoder[T]) nothing(n int) {
	var zero T
	for range n {
		d.collected = append(d.collected, zero)
	}
	d.null(n)
}

func (d *fixedDecoder[T]) bytes() int { return 0 }

func (d *fixedDecoder[T]) take() arrow.Array {
	bitmap, rows, nulls := d.validity.take()
	values := memory.NewBufferBytes(arrow.GetBytes(d.collected))
	d.collected = make([]T, 0, rows)
	return newArray(d.arrow, rows, nulls, bitmap, values)
}

// flagDecoder is the decoder of truth values, which the library never keeps in
// a dictionary.
type flagDecoder struct {
	validity
	loaded    encoding.Values
	collected []byte // a bit each
	length    int
}

func (d *flagDecoder) load(page parquet.Page, _ int) error {
	d.loaded = page.Data()
	return nil
}

func (d *flagDecoder) run(from, n int) error {
	bits := d.loaded.Boolean()
	d.grow(n)
	for i := from; i < from+n; i++ {
		if bits[i>>3]>>(i&7)&1 != 0 {
			setBits(d.collected, d.length+i-from, 1)
		}
	}
	d.length += n
	d.known(n)
	return nil
}

func (d *flagDecoder) nothing(n int) {
	d.grow(n)
	d.length += n
	d.null(n)
}

// grow makes room for n more flags, all false.
func (d *flagDecoder) grow(n int) {
	for len(d.collected) < (d.length+n+7)/8 {
		d.collected = append(d.collected, 0)
	}
}

func (d *flagDecoder) bytes() int { return 0 }

func (d *flagDecoder) take() arrow.Array {
	bitmap, rows, nulls := d.validity.take()
	values := memory.NewBufferBytes(d.collected)
	d.collected, d.length = nil, 0
	return newArray(arrow.FixedWidthTypes.Boolean, rows, nulls, bitmap, values)
}

// textDecoder is the decoder of text columns.
type textDecoder struct {
	textColumn
	convert textConversion

	dictionary parquet.Dictionary
	entries    texts   // of dictionary
	indexes    []int32 // of the values loaded; nil if they are in plain
	plain      texts
}

func newTextDecoder(c textConversion) *textDecoder {
	d := &textDecoder{convert: c}
	d.reserve(0, 0)
	return d
}

func (d *textDecoder) load(page parquet.Page, n int) (err error) {
	dictionary := page.Dictionary()
	if dictionary == nil {
		d.indexes = nil
		d.plain, err = d.convert(d.plain, page.Data(), n)
		return err
	}
	if dictionary != d.dictionary {
		if d.entries, err = d.convert(d.entries, dictionary.Page().Data(), dictionary.Len()); err != nil {
			return &dictionaryError{err}
		}
		d.dictionary = dictionary
	}
	d.indexes, err = indexesInto(page, n, dictionary.Len())
	return err
}

func (d *textDecoder) run(from, n int) error {
	if d.indexes == nil {
		return d.textColumn.run(d.plain.data, d.plain.offsets[from:from+n+1])
	}
	for _, index := range d.indexes[from : from+n] {
		if err := d.textColumn.run(d.entries.data, d.entries.offsets[index:index+2]); err != nil {
			return err
		}
	}
	return nil
}

func (d *textDecoder) bytes() int { return len(d.data) }
