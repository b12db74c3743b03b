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

// The levels of a column that is optional and not nested.
const (
	absent  = 0
	present = 1
)

// errTooFew says that a column has fewer values than the footer promises.
var errTooFew = errors.New("the column ends here, before its row group does")

// errLevels says that a page has levels that its column cannot have.
var errLevels = errors.New("a page says neither that a value is there nor that it is not")

// ahead returns how many rows can be read of the current page, at least one.
func (c *columnReader) ahead() (int, error) {
	for c.at == c.rows { // an empty page is possible
		if err := c.turn(); err == io.EOF {
			return 0, errTooFew
		} else if err != nil {
			return 0, err
		}
	}
	return c.rows - c.at, nil
}

// read appends the next n rows of the current page to the decoder.
func (c *columnReader) read(n int) error {
	values := n
	var levels []byte
	if c.levels != nil {
		levels = c.levels[c.at : c.at+n]
		if values = bytes.Count(levels, []byte{present}); values == n {
			levels = nil
		}
	}
	if err := c.append(c.values, values, levels); err != nil {
		return err
	}
	c.at += n
	c.row += int64(n)
	c.values += values
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
	c.rows = int(page.NumValues())
	values, err := c.loadLevels(page.DefinitionLevels())
	if err != nil {
		return err
	}
	return c.load(page, values)
}

// loadLevels keeps the levels of the current page, unless every row has a
// value, and returns how many values there are.
func (c *columnReader) loadLevels(levels []byte) (int, error) {
	c.levels = nil
	if len(levels) == 0 {
		return c.rows, nil
	}
	values := bytes.Count(levels, []byte{present})
	if values+bytes.Count(levels, []byte{absent}) != len(levels) {
		return 0, errLevels
	}
	if values < len(levels) {
		c.levels = levels
	}
	return values, nil
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
