// Command bench measures the whole program beside DuckDB, which computes three
// of its tables by the best SQL known for it, and beside decoding the same
// columns and nothing else. It is run as `make bench`; docs/performance.md says
// what the figures mean and holds those of past runs, to which it adds its own.
//
//	main.go       what is measured, and in which order
//	settings.go   the environment that chooses it
//	measure.go    child processes: wall, cpu and memory; medians of alternating runs
//	program.go    the program under test and its job files
//	duck.go       SQL in the nested module .ci/duckdb
//	data.go       the logs, made once
//	decode.go     the same columns, decoded and thrown away
//	answers.go    whether the program and DuckDB come to the same numbers
//	other.go      start-up, a small job, a thousand million rows
//	adversary.go  logs that are meant to be slow
//	sources.go    rows a second of every source, beside what it reads with
//	collide.go    integer keys whose hashes begin with the same bits
//	report.go     tables of medians and ratios
//
// It starts every measured thing as a process of its own, itself included
// (bench decode FILE), so that one has no part in another's memory.
package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch {
	case len(os.Args) == 3 && os.Args[1] == "decode":
		err = decode(ctx, os.Args[2])
	case len(os.Args) == 1:
		err = measureAll(ctx)
	default:
		err = fmt.Errorf("it takes no arguments: the environment chooses what it measures")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// measureAll measures everything that the environment asks for.
func measureAll(ctx context.Context) error {
	b, err := newBench(ctx)
	if err != nil {
		return err
	}
	var all []result
	for _, rows := range b.rows {
		for _, keys := range b.keys {
			r, err := b.measure(ctx, log{rows, keys})
			if err != nil {
				return fmt.Errorf("%d rows, %s keys: %w", rows, keys, err)
			}
			r.print(os.Stdout)
			all = append(all, r)
		}
	}
	printGrowth(os.Stdout, all)
	if err := cmp.Or(b.sources(ctx), b.smallJobs(ctx), b.adversaries(ctx), b.billion(ctx)); err != nil {
		return err
	}
	return b.record(ctx, all)
}

// measure runs all contenders on one log and compares their answers.
func (b *bench) measure(ctx context.Context, l log) (result, error) {
	if err := b.make(ctx, l); err != nil {
		return result{}, err
	}
	r, err := b.contest(ctx, l)
	if err != nil {
		return result{}, err
	}
	if err := cmp.Or(b.compareAnswers(ctx, l, "three"), b.compareAnswers(ctx, l, "whole")); err != nil {
		return result{}, err
	}
	if l.rows <= 10_000_000 {
		return r, b.compareWorkers(ctx, l)
	}
	return r, nil
}

// contest runs the contenders by turns. Those of the memory limits take part
// with the large logs, which are what limits are for.
func (b *bench) contest(ctx context.Context, l log) (result, error) {
	whole := job{log: l, tables: allBut("customer_values")}
	three := job{log: l, tables: []string{"customers", "cohorts", "cohort_periods", "run_checks"}, hasNoModels: true}
	contenders := []contender{
		{"summary and cohorts", func() (cost, error) { return b.perennial(ctx, "three", three) }},
		{"whole job", func() (cost, error) { return b.perennial(ctx, "whole", whole) }},
		{"DuckDB", func() (cost, error) { return b.yardstick(ctx, l, "8GB") }},
		{"decode alone", func() (cost, error) { return run(ctx, "", b.self, "decode", b.path(l)) }},
		{"with customer_values", func() (cost, error) { return b.perennial(ctx, "values", job{log: l}) }},
		{"DuckDB's copy of it", func() (cost, error) { return b.copyValues(ctx) }},
	}
	if l.rows >= large {
		contenders = append(contenders,
			contender{"whole job in 1 GiB", func() (cost, error) { return b.perennial(ctx, "whole", whole, b.memory("1GiB")...) }},
			contender{"DuckDB in 2 GB", func() (cost, error) { return b.yardstick(ctx, l, "2GB") }})
	}
	medians, err := alternate(contenders, b.runsOf(l))
	if err != nil {
		return result{}, err
	}
	r := result{log: l, costs: medians}
	for _, c := range contenders {
		r.order = append(r.order, c.name)
	}
	r.customers, r.actual, r.values, err = b.sizes(ctx, l)
	return r, err
}
