package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// adversary is a log that is meant to be slow, or to fail: the ordinary one
// with something changed in its rows.
type adversary struct {
	name    string
	columns string // what replaces columns: DuckDB's REPLACE
	order   string // what replaces the order of time
	refusal string // what the error must say; "" if the run must succeed
}

// adversaryRows is how many rows the ordinary log has.
const adversaryRows = 1_000_000

// Customers of the logs are numbered from 1, so that a customer's number tells
// which of the colliding keys becomes theirs.
var adversaries = []adversary{
	{name: "ordinary"},
	{name: "one customer has half of the rows", columns: "CASE WHEN hash(occurred_at, customer_id) % 2 = 0 THEN 1 ELSE customer_id END AS customer_id"},
	{name: "all customers on one day", columns: "date_trunc('day', TIMESTAMPTZ '2024-12-31 00:00:00+00') + (occurred_at - date_trunc('day', occurred_at)) AS occurred_at"},
	{name: "one country", columns: "'DE' AS country"},
	{name: "as many countries as rows", columns: "'C' || row_number() OVER () AS country", refusal: "values"},
	{name: "keys whose hashes begin with 20 equal bits", columns: "(SELECT key FROM colliding WHERE colliding.customer = log.customer_id) AS customer_id"},
	{name: "one customer on one day has all rows", columns: "1::BIGINT AS customer_id, TIMESTAMPTZ '2024-12-31 12:00:00+00' AS occurred_at"},
	{name: "rows in no order of time", order: "hash(occurred_at, customer_id, amount)"},
}

// adversaries measures the adversaries by turns and prints what a row of each
// costs against the ordinary log.
func (b *bench) adversaries(ctx context.Context) error {
	if !b.hasAdversaries {
		return nil
	}
	l := log{adversaryRows, "int"}
	if err := b.make(ctx, l); err != nil {
		return err
	}
	if err := b.writeColliding(l.customers()); err != nil {
		return err
	}
	var contenders []contender
	for i, a := range adversaries {
		path := filepath.Join(b.dir, fmt.Sprintf("adversary-%d.parquet", i))
		if err := b.makeAdversary(ctx, l, a, path); err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
		contenders = append(contenders, contender{a.name, func() (cost, error) {
			took, err := b.perennial(ctx, "adversary", job{source: path, split: true, tables: allBut("customer_values")})
			return took, a.judge(err)
		}})
	}
	medians, err := alternate(contenders, b.runsOf(l))
	if err != nil {
		return err
	}
	printAdversaries(os.Stdout, medians)
	return nil
}

// judge returns the error of a run unless it is the one that must come.
func (a adversary) judge(err error) error {
	switch {
	case a.refusal == "":
		return err
	case err == nil:
		return fmt.Errorf("%s: the run succeeded, want an error that names %q", a.name, a.refusal)
	case !strings.Contains(err.Error(), a.refusal):
		return fmt.Errorf("%s: want an error that names %q: %w", a.name, a.refusal, err)
	default:
		return nil
	}
}

// makeAdversary makes an adversary's log.
func (b *bench) makeAdversary(ctx context.Context, l log, a adversary, path string) error {
	replace, order := "", cmp.Or(a.order, "occurred_at")
	if a.columns != "" {
		replace = "REPLACE (" + a.columns + ")"
	}
	const making = `SET TimeZone = 'UTC';
CREATE TABLE colliding AS SELECT row_number() OVER () AS customer, key FROM read_csv('%s', header = false, columns = {'key': 'BIGINT'});
COPY (SELECT * %s FROM read_parquet('%s') log ORDER BY %s) TO '%s' (FORMAT parquet, COMPRESSION zstd); SELECT 1 AS done;`
	_, err := b.query(ctx, fmt.Sprintf(making, b.collidingFile(), replace, b.path(l), order, path))
	return err
}

func (b *bench) collidingFile() string { return filepath.Join(b.dir, "colliding.csv") }

// writeColliding writes colliding keys, one a line.
func (b *bench) writeColliding(n int) error {
	keys, err := colliding(n)
	if err != nil {
		return err
	}
	f, err := os.Create(b.collidingFile())
	if err != nil {
		return err
	}
	out := bufio.NewWriter(f)
	for _, key := range slices.Sorted(slices.Values(keys)) {
		fmt.Fprintln(out, key)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return f.Close()
}
