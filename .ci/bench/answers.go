package main

import (
	"context"
	"fmt"
	"os"
)

// compareAnswers compares the tables of the last runs of a job of the program
// and of DuckDB, row by row.
func (b *bench) compareAnswers(ctx context.Context, l log, name string) error {
	rows, err := b.query(ctx, sql("answers.sql", "{OUT}", b.out("duckdb"), "{PROGRAM}", b.out(name), "{LOG}", b.path(l)))
	if err != nil {
		return err
	}
	differing := 0
	for _, row := range rows {
		fmt.Fprintf(os.Stderr, "  %s: differing %v: %v\n", name, row["about"], row["differing"])
		if fmt.Sprint(row["differing"]) != "0" {
			differing++
		}
	}
	if differing > 0 || len(rows) == 0 {
		return fmt.Errorf("%s: the program and DuckDB differ in %d of %d kinds of answers", name, differing, len(rows))
	}
	return nil
}

// compareWorkers compares the bytes that one worker publishes with those of
// two.
func (b *bench) compareWorkers(ctx context.Context, l log) error {
	var sums [2]map[string]string
	for i, workers := range []string{"1", "2"} {
		name := "workers" + workers
		if _, err := b.perennial(ctx, name, job{log: l}, "--workers", workers); err != nil {
			return err
		}
		var err error
		if sums[i], err = b.sums(name); err != nil {
			return err
		}
	}
	for table, sum := range sums[0] {
		if sums[1][table] != sum {
			return fmt.Errorf("two workers publish other bytes of %s than one", table)
		}
	}
	fmt.Fprintf(os.Stderr, "  one and two workers publish the same bytes of %d tables\n", len(sums[0]))
	return nil
}
