package sinks

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/perennial-clv/perennial/pipeline/table"
)

// buyer is a row of a table like customers.
type buyer struct {
	id     int64
	random uint64
	known  bool
}

// number returns one of n numbers, another one for each salt.
func (b *buyer) number(salt, n uint64) int64 {
	return int64((b.random * (2*salt + 1) >> 20) % n)
}

// key returns 36 characters in the form of a UUID.
func (b *buyer) key() string {
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", uint32(b.random), uint16(b.random>>16), uint16(b.random>>24), uint16(b.random>>40), b.random*0x9e3779b97f4a7c15>>16)
}

// buyers declares a table of 35 columns of the kinds of customers: the key,
// 4 days, 9 counts, 10 amounts, 4 numbers, a text that repeats, 5 labels, a
// flag.
func buyers(key table.Field[buyer]) table.Definition[buyer] {
	d := table.Definition[buyer]{Name: "buyers", Doc: "one row per buyer", Key: []string{"id"}, Columns: []table.Field[buyer]{key}}
	add := func(f table.Field[buyer]) { d.Columns = append(d.Columns, f) }
	for i := range uint64(4) {
		add(table.NullDates(fmt.Sprintf("day_%d", i), "a day", "where unknown", func(b *buyer) (int32, bool) { return 19_000 + int32(b.number(i, 700)), b.known }))
	}
	for i := range uint64(9) {
		add(table.Integers(fmt.Sprintf("count_%d", i), "a count", func(b *buyer) int64 { return b.number(i, 4<<i) }))
	}
	for i := range uint64(10) {
		add(table.NullAmounts(fmt.Sprintf("amount_%d", i), "an amount", "where unknown", func(b *buyer) (int64, bool) { return 100 * (b.number(i, 100_000) - 10_000), b.known || i > 3 }))
	}
	for i := range uint64(4) {
		add(table.NullNumbers(fmt.Sprintf("number_%d", i), "a number", "where unknown", func(b *buyer) (float64, bool) { return math.Sqrt(float64(b.number(i, 50_000))), b.known }))
	}
	for i := range uint64(5) {
		labels := make([]string, 4<<i)
		for j := range labels {
			labels[j] = fmt.Sprintf("label %d of %d", j, i)
		}
		place := func(b *buyer) uint8 { return uint8(b.number(i, uint64(len(labels)))) }
		add(table.Labels(fmt.Sprintf("label_%d", i), "a label", labels, place))
		if i == 0 {
			add(table.Texts("text", "a text", func(b *buyer) string { return labels[place(b)] }))
		}
	}
	add(table.Flags("flag", "a flag", func(b *buyer) bool { return b.number(1, 3) == 0 }))
	return d
}

// BenchmarkWrite writes a table like customers, without making its records:
// four row groups on one goroutine, so that its time is what they cost.
func BenchmarkWrite(b *testing.B) {
	for _, c := range []struct {
		name string
		key  table.Field[buyer]
	}{
		{"key=int", table.Integers("id", "the key", func(b *buyer) int64 { return b.id })},
		{"key=text", table.Texts("id", "the key", (*buyer).key)},
	} {
		b.Run(c.name, func(b *testing.B) {
			d := buyers(c.key)
			records, bytes := buyerRecords(d, 4)
			path := filepath.Join(b.TempDir(), "buyers.parquet")
			b.ReportAllocs()
			b.SetBytes(bytes)
			var written int64
			for b.Loop() {
				r, err := WriteParquetFile(b.Context(), path, d.Schema(), 1, again(records))
				if err != nil {
					b.Fatal(err)
				}
				written = r.Bytes
			}
			values := 4 * rowGroupRows * len(d.Columns)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(values), "ns/value")
			b.ReportMetric(float64(written)/float64(values), "stored-B/value")
		})
	}
}

// buyerRecords returns n records of half a row group and of one and a half,
// in turn, and the bytes of their values.
func buyerRecords(d table.Definition[buyer], n int) (records []arrow.Record, bytes int64) {
	random, id := rand.New(rand.NewPCG(1, 2)), int64(0)
	for i := range n {
		rows := make([]buyer, rowGroupRows/2+i%2*rowGroupRows)
		for j := range rows {
			rows[j] = buyer{id: id, random: random.Uint64(), known: random.IntN(5) > 0}
			id++
		}
		r := d.Record(rows)
		for _, c := range r.Columns() {
			for _, buffer := range c.Data().Buffers() {
				if buffer != nil {
					bytes += int64(buffer.Len())
				}
			}
		}
		records = append(records, r)
	}
	return records, bytes
}

// again delivers records, which stay their owner's.
func again(records []arrow.Record) func() (arrow.Record, error) {
	return func() (arrow.Record, error) {
		if len(records) == 0 {
			return nil, io.EOF
		}
		r := records[0]
		records = records[1:]
		r.Retain()
		return r, nil
	}
}

// BenchmarkEncode encodes one row group of each kind of columns alone.
func BenchmarkEncode(b *testing.B) {
	d := buyers(table.Texts("id", "the key", (*buyer).key))
	records, _ := buyerRecords(d, 2)
	groups := &cutter{ctx: b.Context(), next: again(records), table: d.Schema(), schema: d.Schema().Arrow(), cut: publishedCut}
	g, err := groups.group()
	if err != nil {
		b.Fatal(err)
	}
	for i, c := range d.Schema().Columns {
		e := newEncoder(d.Schema())
		b.Run(fmt.Sprintf("%s=%s", c.Kind, c.Name), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e.out = e.out[:0]
				chunk := newChunk(c, 0)
				if err := e.column(g, i, &chunk); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rowGroupRows, "ns/value")
			b.ReportMetric(float64(len(e.out))/rowGroupRows, "stored-B/value")
		})
	}
}
