package jobs_test

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/perennial-clv/perennial/pipeline"
)

// TestProgressComesToItsEnd: each stage that tells its progress has done all of
// its work when it ends, whatever the tables, shards and workers; rows are
// those of the source, those kept, customers, and those of the tables.
func TestProgressComesToItsEnd(t *testing.T) {
	const customers = 200
	for _, tables := range []string{"all", "[customers, cohort_periods]", "[runs]"} {
		dir := t.TempDir()
		sample := writeSample(t, dir, customers)
		text := demoJob(dir) + "tables: " + tables + "\n"
		run := newRun(load(t, text, nil), sample.LastDay())
		run.ShardBits, run.BatchRows = 3, 100
		var mu sync.Mutex
		stage, furthest := "", map[string]pipeline.Progress{}
		run.OnStage = func(name string) { stage = name }
		run.OnProgress = func(p pipeline.Progress) {
			mu.Lock()
			defer mu.Unlock()
			f := furthest[stage]
			furthest[stage] = pipeline.Progress{Done: max(f.Done, p.Done), Total: p.Total, Rows: max(f.Rows, p.Rows)}
		}
		summary, err := run.Do(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		rows := map[string]int64{"read": summary.Source.Rows, "compute": summary.Source.Rows, "value": customers}
		for _, s := range summary.Tables {
			rows["stage"] += s.Rows
		}
		if got := strings.Join(slices.Sorted(maps.Keys(furthest)), " "); got != "compute read stage value" {
			t.Errorf("tables %s: stages with progress: %s", tables, got)
		}
		for name, p := range furthest {
			if name != "read" && p.Done != p.Total { // a CSV file's batches may not say what they stand for
				t.Errorf("tables %s: %s ends at %d of %d", tables, name, p.Done, p.Total)
			}
			if want := rows[name]; p.Rows != want {
				t.Errorf("tables %s: %s has %d rows, want %d", tables, name, p.Rows, want)
			}
		}
	}
}
