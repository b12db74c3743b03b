package sources

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// benchmarkOrders makes a table of orders, 2,000,000 of them unless
// PERENNIAL_BENCH_ROWS says how many.
func benchmarkOrders(b *testing.B) (s postgresShop, rows int64) {
	rows = 2_000_000
	if n, err := strconv.ParseInt(os.Getenv("PERENNIAL_BENCH_ROWS"), 10, 64); err == nil {
		rows = n
	}
	s = newPostgresShop(b, `CREATE TABLE orders (id bigint, customer_id text, occurred_at timestamptz, amount numeric(12,2), quantity int, country text)`,
		fmt.Sprintf(`INSERT INTO orders SELECT i, 'customer-' || hashint8(i) %% 200000, TIMESTAMPTZ '2020-01-01+00' + i * INTERVAL '7 seconds', (i %% 100000) / 100.0, i %% 5, 'GB' FROM generate_series(1, %d) i`, rows), "VACUUM ANALYZE orders")
	return s, rows
}

// BenchmarkReadPostgres reads beside the driver alone, which copies the same
// columns of the same pages into nothing. peak-B is the memory of the process.
func BenchmarkReadPostgres(b *testing.B) {
	s, rows := benchmarkOrders(b)
	source := s.source(b, Postgres{Table: "orders"})
	if _, err := source.Describe(context.Background(), ""); err != nil {
		b.Fatal(err)
	}
	pages, err := strconv.ParseInt(s.sql(b, "SELECT pg_relation_size('orders') / 8192"), 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	beside(b, rows, func() { countRows(b, s.source(b, Postgres{Table: "orders"}), 2, rows) }, func() {
		twice(func(half int) { copyBare(b, source.config, half, pages) })
	})
	b.ReportMetric(peakMemory(b), "peak-B")
}

// copyBare copies every second part of the table orders.
func copyBare(b *testing.B, config *pgconn.Config, half int, pages int64) {
	conn, err := pgconn.ConnectConfig(context.Background(), config)
	if err != nil {
		b.Error(err)
		return
	}
	defer conn.Close(context.Background())
	for first := int64(half) * partPages; first <= pages; first += 2 * partPages {
		statement := fmt.Sprintf("COPY (SELECT id, customer_id, occurred_at, amount, quantity, country FROM orders WHERE ctid >= '(%d,0)' AND ctid < '(%d,0)') TO STDOUT (FORMAT binary)", first, first+partPages)
		if _, err := conn.CopyTo(context.Background(), io.Discard, statement); err != nil {
			b.Error(err)
		}
	}
}

// peakMemory is the largest memory of this process so far, in bytes.
func peakMemory(b *testing.B) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("needs /proc")
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		b.Fatal(err)
	}
	return kilobytes * 1024
}
