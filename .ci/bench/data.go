package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// log is a simulated log of clean transactions.
type log struct {
	rows int    // about so many
	keys string // int or text
}

func (l log) String() string { return fmt.Sprintf("%s rows, %s keys", count(l.rows), l.keys) }

// customers returns how many customers make the log.
func (l log) customers() int {
	if l.rows >= large {
		return l.rows / 10
	}
	return l.rows / 25 * 3
}

// path returns the log's file.
func (b *bench) path(l log) string {
	return filepath.Join(b.dir, fmt.Sprintf("log-%d-%s.parquet", l.rows, l.keys))
}

// make makes a log, unless it is there: the program simulates it, DuckDB
// sorts it by time.
func (b *bench) make(ctx context.Context, l log) error {
	return once(b.path(l), func(path string) error {
		simulated := b.path(l) + ".sample.parquet"
		defer os.Remove(simulated)
		took, err := run(ctx, "", b.program, "sample", simulated, "--clean", "--key", l.keys, "--customers", strconv.Itoa(l.customers()), "--rows", strconv.Itoa(l.rows))
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "  sample %s: %.1f s, %.1f cpu-s, %d MiB\n", l, took.wall, took.cpu, took.peak>>20)
		_, err = b.query(ctx, sql("sort.sql", "{LOG}", simulated, "{OUT}", path))
		return err
	})
}

// once makes a file under another name and gives it its own when it is whole,
// unless it is there.
func once(path string, make func(path string) error) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	unfinished := path + ".unfinished"
	if err := make(unfinished); err != nil {
		return err
	}
	return os.Rename(unfinished, path)
}

// sizes returns how many customers and rows a log has, and how many rows the
// customer_values of its run.
func (b *bench) sizes(ctx context.Context, l log) (customers, rows, values int64, err error) {
	const counting = "SELECT count(*) AS n FROM read_parquet('%s')"
	for _, of := range []struct {
		to    *int64
		files string
	}{{&customers, b.published("whole", "customers")}, {&rows, b.path(l)}, {&values, b.published("values", "customer_values")}} {
		if *of.to, err = b.number(ctx, fmt.Sprintf(counting, of.files)); err != nil {
			return 0, 0, 0, err
		}
	}
	return customers, rows, values, nil
}
