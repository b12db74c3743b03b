package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// readings are rows per second of the two contenders of each source: the source
// itself, and what it reads with, doing the same read into nothing.
type readings map[string]map[string][]float64 // source → perennial or driver → of each run

// sources runs the benchmarks BenchmarkRead… of the package sources, each with
// two parts of those names, and prints their medians.
func (b *bench) sources(ctx context.Context) error {
	if !b.hasSources {
		return nil
	}
	var output bytes.Buffer
	c := exec.CommandContext(ctx, "go", "test", "-tags=duckdb", "-run=^$", "-bench=^BenchmarkRead", "-count=5", "-timeout=1h", "./sources")
	c.Stdout, c.Stderr = io.MultiWriter(&output, os.Stderr), os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(c.Args, " "), err)
	}
	printReadings(os.Stdout, readingsOf(&output))
	return nil
}

// readingLine is a line of the benchmarks' output, as
// BenchmarkReadPostgres/perennial-2   12   98 ns/op   1234567 rows/s.
var readingLine = regexp.MustCompile(`^BenchmarkRead(\w+)/(perennial|driver)(?:-\d+)?\s.*\s([0-9.e+]+) rows/s`)

func readingsOf(output io.Reader) readings {
	all := readings{}
	for lines := bufio.NewScanner(output); lines.Scan(); {
		m := readingLine.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		rate, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			continue
		}
		if all[m[1]] == nil {
			all[m[1]] = map[string][]float64{}
		}
		all[m[1]][m[2]] = append(all[m[1]][m[2]], rate)
	}
	return all
}

func printReadings(w io.Writer, all readings) {
	fmt.Fprintln(w, "\nsources beside what they read with, rows a second")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tperennial\tdriver alone\tratio\tmust hold\t")
	var names []string
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		ours, bare := middle(all[name]["perennial"]), middle(all[name]["driver"])
		fmt.Fprintf(table, "%s\t%.0f\t%.0f\t%.2f\t≥ 0.8\t\n", name, ours, bare, ours/bare)
	}
	table.Flush()
}

// middle returns the median of some rates, 0 of none.
func middle(rates []float64) float64 {
	if len(rates) == 0 {
		return 0
	}
	slices.Sort(rates)
	return rates[len(rates)/2]
}
