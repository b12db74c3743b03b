package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// asOf is the last day of the logs, and asOfDay the same counted from 1970.
const (
	asOf    = "2024-12-31"
	asOfDay = 20088
)

// tables are all tables, as `perennial explain` lists them.
var tables = strings.Fields(`customers customer_values cohorts cohort_periods retention_curves business_periods
	clv_formulas models model_parameters runs run_inputs run_exclusions run_checks table_columns`)

// allBut returns all tables but one.
func allBut(name string) []string {
	return slices.DeleteFunc(slices.Clone(tables), func(t string) bool { return t == name })
}

// job is a job file of the bench.
type job struct {
	log         log
	source      string   // a file or pattern, if not the log's
	tables      []string // none: all
	split       bool     // by country
	hasNoModels bool
}

// text returns the job file. Only the columns that it needs are in the logs:
// without order_id each row is an order, as in DuckDB's SQL.
func (j job) text(source, out string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "name: bench\ntimezone: UTC\ncurrency: EUR\nsource:\n  parquet: {paths: [%q]}\n", source)
	if j.split {
		b.WriteString("  attributes: {country: country}\ncohorts:\n  split_by: [country]\n")
	}
	if j.hasNoModels {
		b.WriteString("models: {candidates: none}\n")
	}
	if len(j.tables) > 0 {
		fmt.Fprintf(&b, "tables: [%s]\n", strings.Join(j.tables, ", "))
	}
	fmt.Fprintf(&b, "sink:\n  parquet: {path: %q}\n", out)
	return b.String()
}

// out returns the folder that a run publishes into.
func (b *bench) out(name string) string { return filepath.Join(b.dir, "out", name) }

// perennial runs a job into an empty folder.
func (b *bench) perennial(ctx context.Context, name string, j job, flags ...string) (cost, error) {
	out, file, source := b.out(name), filepath.Join(b.dir, name+".yaml"), j.source
	if source == "" {
		source = b.path(j.log)
	}
	if err := os.RemoveAll(out); err != nil {
		return cost{}, err
	}
	if err := os.WriteFile(file, []byte(j.text(source, out)), 0o644); err != nil {
		return cost{}, err
	}
	return run(ctx, "", b.program, append([]string{"run", file, "--as-of", asOf, "--log", "json"}, flags...)...)
}

// memory returns the flags of a memory limit, none where the program takes
// none.
func (b *bench) memory(limit string) []string {
	if !b.hasMemory {
		return nil
	}
	return []string{"--memory", limit}
}

// published returns the pattern of a published table's files.
func (b *bench) published(name, table string) string {
	return filepath.Join(b.out(name), table, "as_of_date="+asOf, "*.parquet")
}

// sums returns the checksums of the files of a run's tables that depend on the
// input alone.
func (b *bench) sums(name string) (map[string]string, error) {
	content, err := os.ReadFile(filepath.Join(b.out(name), "_runs", asOf+".json"))
	if err != nil {
		return nil, err
	}
	var journal struct {
		Tables []struct {
			Table string `json:"table"`
			Files []struct {
				SHA256 string `json:"sha256"`
			} `json:"files"`
		} `json:"tables"`
	}
	if err := json.Unmarshal(content, &journal); err != nil {
		return nil, err
	}
	sums := map[string]string{}
	for _, t := range journal.Tables {
		if t.Table == "runs" || t.Table == "run_inputs" {
			continue
		}
		for _, f := range t.Files {
			sums[t.Table] += f.SHA256 + " "
		}
	}
	return sums, nil
}
