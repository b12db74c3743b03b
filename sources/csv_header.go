package sources

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/perennial-clv/perennial/pipeline"
)

// agreedColumns returns the columns of all files, in the order of the first
// file that has any. Files may order them differently, not have others.
func (f csvFormat) agreedColumns(ctx context.Context, files []dataFile) ([]string, error) {
	var columns []string
	var first string
	for _, file := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		names, err := f.columnsOf(ctx, file)
		switch {
		case err != nil:
			return nil, err
		case names == nil: // a file without a header or a row says nothing
		case columns == nil:
			columns, first = names, file.path
		default:
			if err := sameColumns(names, file.path, columns, first); err != nil {
				return nil, err
			}
		}
	}
	if columns == nil {
		return nil, pipeline.Errorf(pipeline.ClassSource, files[0].path, "list the names under header", "there is no row, so the number of columns is unknown")
	}
	return columns, nil
}

// columnsOf returns the columns of one file; nil if it has neither a header
// nor a row nor names in the job file.
func (f csvFormat) columnsOf(ctx context.Context, from dataFile) ([]string, error) {
	file, err := f.open(&within{ctx}, from)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return file.columns, nil
}

// readColumns reads the names from the first line, or counts the fields of the
// first row, which stays the current one.
func (f csvFormat) readColumns(t *tokens, path string) (names []string, pending bool, err error) {
	fromFile := f.hasHeaderLine()
	err = t.advance()
	switch {
	case err == io.EOF && fromFile:
		return nil, false, pipeline.Errorf(pipeline.ClassSource, path, "a file without rows still needs its header", "the file is empty: it has no header line")
	case err == io.EOF:
		return f.header.Names, false, nil
	case err != nil:
		return nil, false, err
	case fromFile:
		names, err = headerNames(t, path)
		return names, false, err
	case f.header.Names != nil:
		return f.header.Names, true, checkCount(t, path, len(f.header.Names))
	default:
		return numberedNames(len(t.fields)), true, nil
	}
}

// hasHeaderLine reports whether the first row of each file holds the names.
func (f csvFormat) hasHeaderLine() bool { return !f.header.None && f.header.Names == nil }

// headerNames returns the fields of the current row as names. What has none, as
// the row numbers that pandas writes in front, is called by its position.
func headerNames(t *tokens, path string) ([]string, error) {
	place := path + ":" + strconv.FormatInt(t.line, 10)
	if t.broken != "" {
		return nil, pipeline.Errorf(pipeline.ClassSource, place, "", "the header line has %s", t.broken)
	}
	if bytes.IndexByte(t.row, 0) >= 0 {
		return nil, pipeline.Errorf(pipeline.ClassSource, place, "set source.csv.encoding to utf-16, or utf-16be: without a byte order mark nothing else tells", "the header line has NULs, as text in UTF-16 has them")
	}
	names := make([]string, len(t.fields))
	for i, field := range t.fields {
		names[i] = cmp.Or(string(t.field(field)), numberedName(i))
	}
	if err := checkNames(names); err != nil {
		return nil, pipeline.Errorf(pipeline.ClassSource, place, "give each column a name of its own; if the file has no header line, set header to false or to a list of names", "header: %w", err)
	}
	return names, nil
}

// checkCount compares the first row with the names from the job file, so that
// a forgotten name is one error and not a fault in every row.
func checkCount(t *tokens, path string, names int) error {
	if t.broken != "" || len(t.fields) == names {
		return nil
	}
	place := path + ":" + strconv.FormatInt(t.line, 10)
	return pipeline.Errorf(pipeline.ClassSource, place, "name every field under header, in the order of the file",
		"the first row has %d fields and header lists %d names", len(t.fields), names)
}

// checkNames reports an empty or repeated name, by its position: in a file that
// has no header line after all, the names are a customer's data.
func checkNames(names []string) error {
	seen := make(map[string]int, len(names))
	for i, name := range names {
		if name == "" {
			return fmt.Errorf("column %d has no name", i+1)
		}
		if j, ok := seen[name]; ok {
			return fmt.Errorf("columns %d and %d have the same name", j+1, i+1)
		}
		seen[name] = i
	}
	return nil
}

// numberedNames returns column_1 to column_n.
func numberedNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = numberedName(i)
	}
	return names
}

func numberedName(i int) string { return "column_" + strconv.Itoa(i+1) }

// sameColumns reports a column that one file has and another has not.
func sameColumns(names []string, path string, wanted []string, first string) error {
	const hint = "the files of one source must have the same columns, in any order"
	for _, name := range wanted {
		if !slices.Contains(names, name) {
			return pipeline.Errorf(pipeline.ClassSource, path, hint, "there is no column %q, which %s has", name, first)
		}
	}
	for _, name := range names {
		if !slices.Contains(wanted, name) {
			return pipeline.Errorf(pipeline.ClassSource, path, hint, "column %q is not in %s", name, first)
		}
	}
	return nil
}
