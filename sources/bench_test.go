package sources

import (
	"bufio"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
)

// beside measures a source and, by turns with it, what it reads with, doing the
// same read of so many rows into nothing; both with two goroutines. of-driver is
// the source's speed as a share of the other's.
func beside(b *testing.B, rows int64, source, driver func()) {
	b.Helper()
	var alone time.Duration
	for b.Loop() {
		b.StopTimer()
		began := time.Now()
		driver()
		alone += time.Since(began)
		b.StartTimer()
		source()
	}
	read := float64(rows) * float64(b.N) / 1e6
	b.ReportMetric(read/b.Elapsed().Seconds(), "Mrows/s")
	b.ReportMetric(read/alone.Seconds(), "driver-Mrows/s")
	b.ReportMetric(alone.Seconds()/b.Elapsed().Seconds(), "of-driver")
}

// twice runs two parts of a read side by side.
func twice(part func(half int)) {
	var all sync.WaitGroup
	for half := range 2 {
		all.Go(func() { part(half) })
	}
	all.Wait()
}

// BenchmarkReadParquet reads beside parquet-go, which decodes the pages.
func BenchmarkReadParquet(b *testing.B) {
	small, _, _ := benchFiles(b)
	dir := write(b, map[string]string{"t.parquet": small})
	path := filepath.Join(dir, "t.parquet")
	const rows = 4 * benchRows
	beside(b, rows, func() { countRows(b, newParquet(b, path), 2, rows) }, func() {
		twice(func(half int) { decodeGroups(b, path, half) })
	})
}

// decodeGroups decodes every second row group of a file.
func decodeGroups(b *testing.B, path string, first int) {
	file, err := os.Open(path)
	if err != nil {
		b.Error(err)
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		b.Error(err)
		return
	}
	opened, err := parquet.OpenFile(file, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(readBuffer))
	if err != nil {
		b.Error(err)
		return
	}
	groups := opened.RowGroups()
	for i := first; i < len(groups); i += 2 {
		decodeGroup(b, groups[i])
	}
}

// BenchmarkReadCSV reads beside encoding/csv, which cuts lines into fields, of a
// file for each goroutine.
func BenchmarkReadCSV(b *testing.B) {
	const rows = 500_000
	text := strings.Repeat("536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n", rows/2)
	dir := write(b, map[string]string{"0.csv": text, "1.csv": text})
	paths := []string{filepath.Join(dir, "0.csv"), filepath.Join(dir, "1.csv")}
	beside(b, rows, func() {
		countRows(b, newCSV(b, CSV{Paths: paths, Header: Header{None: true}}), 2, rows)
	}, func() {
		twice(func(half int) { cutFields(b, paths[half]) })
	})
}

func cutFields(b *testing.B, path string) {
	file, err := os.Open(path)
	if err != nil {
		b.Error(err)
		return
	}
	defer file.Close()
	r := csv.NewReader(bufio.NewReaderSize(file, 1<<20))
	r.ReuseRecord = true
	for err == nil {
		_, err = r.Read()
	}
	if err != io.EOF {
		b.Error(err)
	}
}
