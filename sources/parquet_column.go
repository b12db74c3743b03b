package sources

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

// columnReader reads one column of one row group. Pages of different columns
// do not line up, so each column keeps its own place.
type columnReader struct {
	decoder
	name  string
	pages parquet.Pages
	row   int64 // of the row group, from 0: the next to read

	// The current page.
	page     parquet.Page
	firstRow int64  // of the row group
	levels   []byte // 1 where there is a value, 0 where there is none; nil if every row has one
	rows     int
	at       int // rows that have been read
	values   int // values that have been read
}

// present is the level of a value in a column that is optional and not nested.
const present = 1

// errTooFew says that a column has fewer values than the footer promises.
var errTooFew = errors.New("the column ends here, before its row group does")

// read appends rows to the decoder.
func (c *columnReader) read(rows int) error {
	for rows > 0 {
		if c.at == c.rows {
			if err := c.turn(); err == io.EOF {
				return errTooFew
			} else if err != nil {
				return err
			}
			continue // an empty page is possible
		}
		n := min(rows, c.rows-c.at)
		if err := c.append(n); err != nil {
			return err
		}
		c.at += n
		c.row += int64(n)
		rows -= n
	}
	return nil
}

// turn goes to the next page.
func (c *columnReader) turn() error {
	c.release()
	page, err := c.pages.ReadPage()
	if err != nil {
		return err
	}
	c.page, c.firstRow, c.at, c.values = page, c.row, 0, 0
	c.rows, c.levels = int(page.NumValues()), page.DefinitionLevels()
	values := c.rows
	if len(c.levels) > 0 {
		values = bytes.Count(c.levels, []byte{present})
	}
	return c.load(page, values)
}

// append appends n rows of the current page, run by run.
func (c *columnReader) append(n int) error {
	if len(c.levels) == 0 {
		c.values += n
		return c.run(c.values-n, n)
	}
	levels := c.levels[c.at : c.at+n]
	for len(levels) > 0 {
		k := runLength(levels)
		if levels[0] == present {
			if err := c.run(c.values, k); err != nil {
				return err
			}
			c.values += k
		} else {
			c.nothing(k)
		}
		levels = levels[k:]
	}
	return nil
}

// runLength is how many bytes b begins with that are the same.
func runLength(b []byte) int {
	k := 1
	for k < len(b) && b[k] == b[0] {
		k++
	}
	return k
}

// rowOf returns the row of a value of the current page.
func (c *columnReader) rowOf(value int) int64 {
	for i, level := range c.levels {
		if level != present {
			continue
		}
		if value == 0 {
			return c.firstRow + int64(i)
		}
		value--
	}
	return c.firstRow + int64(value)
}

// finish makes sure that there are no rows beyond those of the row group.
func (c *columnReader) finish() error {
	for c.at == c.rows {
		if err := c.turn(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
	return fmt.Errorf("column %q has more values than the footer promises", c.name)
}

// release gives the current page's memory back.
func (c *columnReader) release() {
	if c.page != nil {
		parquet.Release(c.page)
		c.page = nil
	}
	c.levels, c.rows, c.at = nil, 0, 0
}

func (c *columnReader) close() error {
	c.release()
	return c.pages.Close()
}
