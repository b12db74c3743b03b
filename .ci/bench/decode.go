package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/parquet-go/parquet-go"
)

// decoded are the columns that the bench's jobs read.
var decoded = []string{"customer_id", "occurred_at", "amount"}

// decode decodes the columns of a file page by page, a row group to a
// processor, and does nothing with them: what no program can do without.
func decode(ctx context.Context, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	p, err := parquet.OpenFile(file, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(1<<20))
	if err != nil {
		return err
	}
	var columns []int
	for _, name := range decoded {
		column, ok := p.Schema().Lookup(name)
		if !ok {
			return fmt.Errorf("%s has no column %s", path, name)
		}
		columns = append(columns, column.ColumnIndex)
	}
	rows, err := decodeGroups(ctx, p.RowGroups(), columns)
	if err == nil && rows != p.NumRows()*int64(len(columns)) {
		err = fmt.Errorf("%d values decoded of %d rows", rows, p.NumRows())
	}
	return err
}

// decodeGroups decodes all row groups and returns how many values they have.
func decodeGroups(ctx context.Context, groups []parquet.RowGroup, columns []int) (int64, error) {
	var next, values atomic.Int64
	workers := runtime.GOMAXPROCS(0)
	failures := make([]error, workers)
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(groups) && failures[worker] == nil && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				for _, column := range columns {
					n, err := decodeChunk(groups[i].ColumnChunks()[column])
					values.Add(n)
					failures[worker] = errors.Join(failures[worker], err)
				}
			}
		})
	}
	group.Wait()
	return values.Load(), errors.Join(append(failures, ctx.Err())...)
}

// decodeChunk decodes a column of a row group.
func decodeChunk(chunk parquet.ColumnChunk) (values int64, err error) {
	pages := chunk.Pages()
	defer pages.Close()
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return values, nil
		}
		if err != nil {
			return values, err
		}
		page.Data()
		values += page.NumValues()
		parquet.Release(page)
	}
}
