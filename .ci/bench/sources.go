package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// readings are what the benchmarks of sources have measured: of each, the values
// of its runs by their unit.
type readings map[string]map[string][]float64

// sources runs the benchmarks BenchmarkRead… of the package sources, each of
// which reads beside what it reads with, and prints their medians.
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

// readingsOf reads lines such as
// BenchmarkReadPostgres-2   3   98 ns/op   2.1 Mrows/s   2.4 driver-Mrows/s.
func readingsOf(output io.Reader) readings {
	all := readings{}
	for lines := bufio.NewScanner(output); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		name, ok := strings.CutPrefix(strings.Join(fields[:min(1, len(fields))], ""), "BenchmarkRead")
		if !ok {
			continue
		}
		name, _, _ = strings.Cut(name, "-")
		if all[name] == nil {
			all[name] = map[string][]float64{}
		}
		for i := 2; i+1 < len(fields); i += 2 {
			if value, err := strconv.ParseFloat(fields[i], 64); err == nil {
				all[name][fields[i+1]] = append(all[name][fields[i+1]], value)
			}
		}
	}
	return all
}

func printReadings(w io.Writer, all readings) {
	fmt.Fprintln(w, "\nsources beside what they read with, million rows a second, two readers")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tperennial\talone\tshare\tmust hold\t")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		units := all[name]
		fmt.Fprintf(table, "%s\t%.2f\t%.2f\t%.2f\t≥ 0.8\t\n", name, middle(units["Mrows/s"]), middle(units["driver-Mrows/s"]), middle(units["of-driver"]))
	}
	table.Flush()
}

// middle returns the median of some values, 0 of none.
func middle(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}
