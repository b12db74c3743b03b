package sources

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"

	"github.com/perennial-clv/perennial/pipeline/table"
)

// decoder collects an Arrow column from the pages of a column chunk. Pages
// hold only the values present; nulls come from their levels.
type decoder interface {
	// load takes n values from a page, which stays valid until the next load.
	// A chunk may begin with pages of dictionary indexes and go on with plain
	// ones.
	load(page parquet.Page, n int) error
	// room is how many rows of the values loaded may be appended at once, of the
	// stepRows that are at most: 0 if they cannot stand in one array with those
	// that have been collected.
	room() int
	// append appends n of the values loaded, from the given one on, to the rows
	// that levels tell (see validity.levels), or to as many if levels is nil.
	append(from, n int, levels []byte) error
	// bytes is how much text has been collected.
	bytes() int
	// take returns the column and starts a new one.
	take() arrow.Array
}

// space is what the decoders of a row group collect into.
type space struct {
	memory *table.Memory
	batch  int // at most so many rows in an array
}

// dictionaryError is a value of a dictionary that has no counterpart.
type dictionaryError struct{ cause error }

func (e *dictionaryError) Error() string { return "in the dictionary, " + e.cause.Error() }
func (e *dictionaryError) Unwrap() error { return e.cause }

// indexesInto returns n indexes of a page from the given one on, which must lie
// in a dictionary of a number of entries.
func indexesInto(values encoding.Values, from, n, entries int) ([]int32, error) {
	indexes := part(values.Int32(), from, n)
	largest := uint32(0)
	for _, index := range indexes {
		largest = max(largest, uint32(index))
	}
	if n == 0 || int64(largest) < int64(entries) {
		return indexes, nil
	}
	for i, index := range indexes {
		if int64(uint32(index)) >= int64(entries) {
			from += i
			break
		}
	}
	return nil, &valueError{from, "a value refers to an entry that the dictionary does not have"}
}

// fixedDecoder is the decoder of columns whose values all have one size.
type fixedDecoder[T arrow.FixedWidthType] struct {
	validity
	space
	arrow   arrow.DataType
	convert conversion[T]

	values     encoding.Values // of the page loaded
	indexed    bool            // they are indexes
	dictionary parquet.Dictionary
	entries    []T // of dictionary
	collected  []T // nil before the first row
}

func (d *fixedDecoder[T]) load(page parquet.Page, _ int) (err error) {
	dictionary := page.Dictionary()
	d.values, d.indexed = page.Data(), dictionary != nil
	if !d.indexed || dictionary == d.dictionary {
		return nil
	}
	if d.entries, err = d.convert(d.entries[:0], dictionary.Page().Data(), 0, dictionary.Len()); err != nil {
		return &dictionaryError{err}
	}
	d.dictionary = dictionary
	return nil
}

func (d *fixedDecoder[T]) room() int { return stepRows }

func (d *fixedDecoder[T]) append(from, n int, levels []byte) (err error) {
	if d.collected == nil {
		d.collected = table.RoomFor[T](d.memory, d.batch)
	}
	if d.indexed {
		err = d.lookUp(from, n)
	} else {
		d.collected, err = d.convert(d.collected, d.values, from, n)
	}
	if err != nil {
		return err
	}
	d.collected = entered(&d.validity, d.collected, n, levels)
	return nil
}

// entered notes that the last n values collected are those of the rows that
// have one, and gives each row its place; levels are nil if every row has one.
func entered[T any](v *validity, collected []T, n int, levels []byte) []T {
	if levels == nil {
		v.known(n)
		return collected
	}
	collected, _ = longer(collected, len(levels)-n)
	spread(collected[len(collected)-len(levels):], n, levels)
	v.levels(levels, n)
	return collected
}

// lookUp appends the entries that n of the indexes loaded mean.
func (d *fixedDecoder[T]) lookUp(from, n int) error {
	indexes, err := indexesInto(d.values, from, n, len(d.entries))
	if err != nil {
		return err
	}
	var added []T
	d.collected, added = longer(d.collected, n)
	for i, index := range indexes {
		added[i] = d.entries[index]
	}
	return nil
}

// spread moves the first n of values to where levels are 1 and clears the
// others. From the end on, so that nothing is overwritten that is still to be
// moved.
func spread[T any](values []T, n int, levels []byte) {
	var zero T
	for i := len(levels) - 1; i >= 0; i-- {
		if levels[i] == present {
			n--
			values[i] = values[n]
		} else {
			values[i] = zero
		}
	}
}

func (d *fixedDecoder[T]) bytes() int { return 0 }

func (d *fixedDecoder[T]) take() arrow.Array {
	bitmap, rows, nulls := d.validity.take()
	values := table.BufferOf(d.memory, d.collected)
	d.collected = nil
	return newArray(d.arrow, rows, nulls, bitmap, values)
}

// flagDecoder is the decoder of truth values, which the library never keeps in
// a dictionary. They are rare enough to be copied one by one.
type flagDecoder struct {
	validity
	loaded    encoding.Values
	collected []byte // a bit each
}

func (d *flagDecoder) load(page parquet.Page, _ int) error {
	d.loaded = page.Data()
	return nil
}

func (d *flagDecoder) room() int { return stepRows }

func (d *flagDecoder) append(from, n int, levels []byte) error {
	bits, first := d.loaded.Boolean(), d.rows
	if levels == nil {
		d.known(n)
	} else {
		d.levels(levels, n)
	}
	d.collected = append(d.collected, make([]byte, (d.rows+7)/8-len(d.collected))...)
	for i := range d.rows - first {
		if levels != nil && levels[i] != present {
			continue
		}
		d.collected[(first+i)/8] |= bits[from/8] >> (from % 8) & 1 << ((first + i) % 8)
		from++
	}
	return nil
}

func (d *flagDecoder) bytes() int { return 0 }

func (d *flagDecoder) take() arrow.Array {
	bitmap, rows, nulls := d.validity.take()
	values := memory.NewBufferBytes(d.collected)
	d.collected = nil
	return newArray(arrow.FixedWidthTypes.Boolean, rows, nulls, bitmap, values)
}
