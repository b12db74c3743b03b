package sources

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"github.com/perennial-clv/perennial/pipeline"
)

const (
	benchRows  = 500_000
	benchGroup = 122_880 // rows of a row group, as DuckDB writes them
)

// The rows of the benchmarks: a key, a time and an amount as most files have
// them.
type (
	integerKeyRow struct {
		Customer int64 `parquet:"customer_id"`
		Time     int64 `parquet:"occurred_at,timestamp(microsecond)"`
		Amount   int64 `parquet:"amount,decimal(4:18)"`
	}
	textKeyRow struct {
		Customer string `parquet:"customer_id,plain"`
		Time     int64  `parquet:"occurred_at,timestamp(microsecond)"`
		Amount   int64  `parquet:"amount,decimal(4:18)"`
	}
	repeatedKeyRow struct {
		Customer string `parquet:"customer_id,dict"`
		Time     int64  `parquet:"occurred_at,timestamp(microsecond)"`
		Amount   int64  `parquet:"amount,decimal(4:18)"`
	}
	dictionaryRow struct {
		Country string `parquet:"country,dict"`
		Channel string `parquet:"channel,dict"`
	}
	nullableRow struct {
		Customer *int64   `parquet:"customer_id,optional"`
		Country  *string  `parquet:"country,optional,dict"`
		Amount   *float64 `parquet:"amount,optional"`
	}
	wideRow struct {
		Amount [16]byte `parquet:"amount,decimal(4:38)"`
		Cost   [8]byte  `parquet:"cost,decimal(4:18)"`
	}
	uuidRow struct {
		Customer [16]byte `parquet:"customer_id,uuid"`
	}
)

// BenchmarkParquet reads with one reader. Mrows/s is its speed, and ratio its
// time beside that of decoding the pages of the same columns and nothing else,
// in the same run: what no reader on this library can be below.
func BenchmarkParquet(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	clock := int64(1_600_000_000_000_000)
	later := func() int64 { clock += r.Int64N(60_000_000); return clock }
	customer := func() int64 { return r.Int64N(benchRows / 8) }
	key := func(v int64) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(v*2654435761), v) }
	amount := func() int64 { return 100 * (1 + r.Int64N(50_000)) }
	country := func() string { return fmt.Sprintf("country %d", r.Int64N(37)) }
	nullable := func(share float64) nullableRow {
		if r.Float64() < share {
			return nullableRow{}
		}
		id, name, paid := customer(), country(), float64(amount())/1e4
		return nullableRow{&id, &name, &paid}
	}
	zstd, snappy := &parquet.Zstd, &parquet.Snappy
	benchParquet(b, "integer key", zstd, func() integerKeyRow { return integerKeyRow{customer(), later(), amount()} })
	benchParquet(b, "integer key, snappy", snappy, func() integerKeyRow { return integerKeyRow{customer(), later(), amount()} })
	benchParquet(b, "text key", zstd, func() textKeyRow { return textKeyRow{key(customer()), later(), amount()} })
	benchParquet(b, "text key, snappy", snappy, func() textKeyRow { return textKeyRow{key(customer()), later(), amount()} })
	benchParquet(b, "text key in a small dictionary", zstd, func() repeatedKeyRow { return repeatedKeyRow{key(customer() / 8), later(), amount()} })
	benchParquet(b, "text key in a large dictionary", zstd, func() repeatedKeyRow { return repeatedKeyRow{key(customer() * 2), later(), amount()} })
	benchParquet(b, "dictionaries", zstd, func() dictionaryRow { return dictionaryRow{country(), country()[:9]} })
	benchParquet(b, "nullable without nulls", zstd, func() nullableRow { return nullable(0) })
	benchParquet(b, "nullable, a tenth null", zstd, func() nullableRow { return nullable(0.1) })
	benchParquet(b, "decimals of 16 and 8 bytes", zstd, func() wideRow {
		return wideRow{[16]byte(wide(16, amount())), [8]byte(wide(8, -amount()))}
	})
	benchParquet(b, "uuid", zstd, func() uuidRow { return uuidRow{[16]byte(wide(16, customer()*2654435761))} })
}

func benchParquet[T any](b *testing.B, name string, codec compress.Codec, row func() T) {
	b.Run(name, func(b *testing.B) {
		rows := make([]T, benchRows)
		for i := range rows {
			rows[i] = row()
		}
		var content bytes.Buffer
		w := parquet.NewGenericWriter[T](&content, parquet.Compression(codec), parquet.MaxRowsPerRowGroup(benchGroup))
		if _, err := w.Write(rows); err != nil {
			b.Fatal(err)
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
		benchReading(b, parquetOf(b, content.Bytes()), content.Bytes())
	})
}

func benchReading(b *testing.B, source pipeline.Source, content []byte) {
	b.ReportAllocs()
	var decoding time.Duration
	for b.Loop() {
		b.StopTimer()
		start := time.Now()
		decodeOnly(b, content)
		decoding += time.Since(start)
		b.StartTimer()
		countRows(b, source, 1, benchRows)
	}
	b.ReportMetric(benchRows*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
	b.ReportMetric(b.Elapsed().Seconds()/decoding.Seconds(), "ratio")
}

// decodeOnly decodes every page of a file.
func decodeOnly(b *testing.B, content []byte) {
	file, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)),
		parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(readBuffer))
	if err != nil {
		b.Fatal(err)
	}
	for _, group := range file.RowGroups() {
		decodeGroup(b, group)
	}
}

func decodeGroup(b *testing.B, group parquet.RowGroup) {
	for _, chunk := range group.ColumnChunks() {
		pages := chunk.Pages()
		page, err := pages.ReadPage()
		for ; err == nil; page, err = pages.ReadPage() {
			_ = page.Data()
			parquet.Release(page)
		}
		if err != io.EOF {
			b.Error(err)
		}
		pages.Close()
	}
}
