package sources

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
	"github.com/perennial-clv/perennial/pipeline/conformance/services"
)

// The store of the benchmarks: what a request waits for its first byte, and how
// fast bytes come then. A bucket in the region of the machine is about so.
const (
	benchWait = 20 * time.Millisecond
	benchRate = 100 << 20 // bytes a second
)

// farAway is an answer of such a store.
func farAway(w http.ResponseWriter, answer *http.Response, body []byte) bool {
	const piece = 1 << 20
	time.Sleep(benchWait)
	begin(w, answer)
	start := time.Now()
	for written := 0; written < len(body); {
		n, _ := w.Write(body[written:min(written+piece, len(body))])
		if n == 0 {
			break
		}
		written += n
		time.Sleep(time.Duration(written)*time.Second/benchRate - time.Since(start))
	}
	return true
}

// BenchmarkObjects reads files in a store that is near, with one reader. MB/s are
// of the file. Ratio is what it would take at least, one after the other, in the
// same run: to read the bytes by requests of 8 MiB into nothing, and the same file
// from a disk; beside what it takes. Above 1 one has gone on during the other.
func BenchmarkObjects(b *testing.B) {
	stores := services.ObjectStores(b)
	stores.Setenv(b)
	place := stores.NewBucket(b, "gs")
	small, large, text := benchFiles(b)
	upload(b, place, map[string]string{"small.parquet": small, "large.parquet": large, "a.csv": text, "a.csv.gz": gzipped(b, text)})
	dir := write(b, map[string]string{"small.parquet": small, "large.parquet": large, "a.csv": text, "a.csv.gz": gzipped(b, text)})
	f := between(b, stores, "gs")
	f.next = func(int64, string) fault { return farAway }
	rows := int64(4 * benchRows)
	for _, name := range []string{"small.parquet", "large.parquet", "a.csv", "a.csv.gz"} {
		b.Run(name, func(b *testing.B) {
			var least time.Duration
			for b.Loop() {
				b.StopTimer()
				start := time.Now()
				readBytes(b, place, name)
				countRows(b, benchSource(b, dir+"/"+name), 1, rows)
				least += time.Since(start)
				b.StartTimer()
				countRows(b, benchSource(b, place+"/"+name), 1, rows)
			}
			b.ReportMetric(least.Seconds()/b.Elapsed().Seconds(), "ratio")
		})
	}
}

func benchSource(b *testing.B, path string) pipeline.Source {
	if strings.HasSuffix(path, ".parquet") {
		return newParquet(b, path)
	}
	return newCSV(b, CSV{Paths: []string{path}})
}

// benchFiles returns Parquet in row groups as DuckDB writes them, in one row
// group, and CSV.
func benchFiles(b *testing.B) (small, large, text string) {
	r := rand.New(rand.NewPCG(1, 2))
	rows := make([]integerKeyRow, 4*benchRows)
	var csv strings.Builder
	csv.WriteString("customer_id,occurred_at,amount\n")
	for i := range rows {
		rows[i] = integerKeyRow{r.Int64N(benchRows), 1_600_000_000_000_000 + r.Int64N(1e14), 100 * (1 + r.Int64N(50_000))}
		fmt.Fprintf(&csv, "%d,%d,%d\n", rows[i].Customer, rows[i].Time, rows[i].Amount)
	}
	parts := make([]string, 2)
	for i, group := range []int64{benchGroup, 4 * benchRows} {
		var out bytes.Buffer
		w := parquet.NewGenericWriter[integerKeyRow](&out, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(group))
		if _, err := w.Write(rows); err != nil {
			b.Fatal(err)
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
		parts[i] = out.String()
	}
	return parts[0], parts[1], csv.String()
}

// readBare reads an object into nothing.
func readBytes(b *testing.B, place, key string) {
	bucket, err := cloud.OpenBucket(b.Context(), place)
	if err != nil {
		b.Fatal(err)
	}
	object, err := cloud.Stat(b.Context(), bucket, key)
	if err != nil {
		b.Fatal(err)
	}
	buffer := make([]byte, 8<<20)
	for at := int64(0); at < object.Size; at += int64(len(buffer)) {
		n := min(int64(len(buffer)), object.Size-at)
		if err := object.Range(bucket, cloud.Patience{}, at, n).ReadFull(b.Context(), buffer[:n]); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(object.Size)
}
