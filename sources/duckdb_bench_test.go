//go:build duckdb

package sources

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	duckdb "github.com/duckdb/duckdb-go-bindings"
)

// BenchmarkReadDuckDB reads a table with two readers; the driver asks DuckDB for the
// same rows in the same parts and lets them go unread, which is the least that
// any reader of it can take.
func BenchmarkReadDuckDB(b *testing.B) {
	const rows, readers = 4_000_000, 2
	path := makeDatabase(b, fmt.Sprintf(`CREATE TABLE orders AS SELECT i * 7919 %% 500_000 AS customer_id, TIMESTAMP '2020-01-01' + INTERVAL (i * 15) SECOND AS occurred_at,
		CAST(i %% 50_000 + 1 AS DECIMAL(18, 4)) AS amount, 'order-' || i AS order_id, CAST(['UK', 'FR', 'DE'][1 + i %% 3] AS ENUM ('UK', 'FR', 'DE')) AS country FROM range(%d) t(i)`, rows))
	beside(b, rows, func() {
		source, err := NewDuckDB(DuckDB{Path: path, Table: "orders"})
		if err != nil {
			b.Fatal(err)
		}
		countRows(b, source, readers, rows)
	}, func() { readBare(b, duckDBOf(b, DuckDB{Path: path, Table: "orders"}), readers, rows) })
}

// readBare fetches all rows of a table without looking at them.
func readBare(b *testing.B, s *duckSource, readers int, want int64) {
	ctx := context.Background()
	s.partRows = duckPartRows
	if _, err := s.Describe(ctx, ""); err != nil {
		b.Fatal(err)
	}
	first, err := openDuckInstance(ctx, s.options, 1)
	if err != nil {
		b.Fatal(err)
	}
	defer first.close()
	parts := s.parts(s.schema, "")
	work := &queue{units: len(parts)}
	var rows atomic.Int64
	var all sync.WaitGroup
	for range readers {
		c, err := first.instance.connect(ctx)
		if err != nil {
			b.Fatal(err)
		}
		all.Go(func() {
			defer c.close()
			for i, ok := work.take(); ok; i, ok = work.take() {
				result, err := c.query(ctx, parts[i].statement)
				if err != nil {
					b.Error(err)
					return
				}
				for chunk, err := result.next(); err == nil; chunk, err = result.next() {
					rows.Add(int64(duckdb.DataChunkGetSize(chunk)))
					duckdb.DestroyDataChunk(&chunk)
				}
				result.close()
			}
		})
	}
	all.Wait()
	if rows.Load() != want {
		b.Fatalf("%d rows, want %d", rows.Load(), want)
	}
}
