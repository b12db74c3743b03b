package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// smallJobs measures what nobody should have to wait for: the program's start,
// and a small job from its file to its tables.
func (b *bench) smallJobs(ctx context.Context) error {
	contenders := []contender{{"perennial version", func() (cost, error) { return run(ctx, "", b.program, "version") }}}
	data := os.Getenv("PERENNIAL_DATA") // the folder with cdnow/
	if data != "" {
		contenders = append(contenders, contender{"jobs/cdnow.yaml", func() (cost, error) {
			if err := os.RemoveAll(b.out("cdnow")); err != nil {
				return cost{}, err
			}
			return run(ctx, "", b.program, "run", "jobs/cdnow.yaml", "--log", "json", "--set", "sink.parquet.path="+b.out("cdnow"))
		}})
	}
	medians, err := alternate(contenders, 5)
	if err != nil {
		return err
	}
	fmt.Println()
	for _, c := range contenders {
		took := medians[c.name]
		fmt.Printf("%s: %.3f s, %.3f cpu-s, %d MiB\n", c.name, took.wall, took.cpu, took.peak>>20)
	}
	return nil
}

// billion measures a thousand million rows, once: ten copies of the log of a
// hundred million, each with customers of its own.
func (b *bench) billion(ctx context.Context) error {
	if !b.oneBillion {
		return nil
	}
	const copies, apart = 10, 1_000_000_000
	l := log{100_000_000, "int"}
	if err := b.make(ctx, l); err != nil {
		return err
	}
	const copying = "COPY (SELECT * REPLACE (customer_id + %d AS customer_id) FROM read_parquet('%s')) TO '%s' (FORMAT parquet, COMPRESSION zstd); SELECT 1 AS done;"
	for i := range copies {
		err := once(filepath.Join(b.dir, fmt.Sprintf("billion-%d.parquet", i)), func(path string) error {
			_, err := b.query(ctx, fmt.Sprintf(copying, i*apart, b.path(l), path))
			return err
		})
		if err != nil {
			return err
		}
	}
	took, err := b.perennial(ctx, "billion", job{source: filepath.Join(b.dir, "billion-?.parquet"), tables: allBut("customer_values")}, b.memory("4GiB")...)
	if err != nil {
		return err
	}
	fmt.Printf("\n1000M rows, 100M customers, 4 GiB: %.0f s, %.0f cpu-s, %d MiB\n", took.wall, took.cpu, took.peak>>20)
	return nil
}
