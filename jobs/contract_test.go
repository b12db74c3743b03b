package jobs_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/pipeline"
)

var update = flag.Bool("update", false, "add to the contract what it does not promise yet")

// TestTheContractOnlyGrows: within a version every table keeps its columns
// with their type, nullability and part in the key. -update adds what is new
// and never takes anything away: what dashboards read would break.
func TestTheContractOnlyGrows(t *testing.T) {
	path := filepath.Join("testdata", fmt.Sprintf("contract_%d.txt", jobs.ContractVersion))
	content, err := os.ReadFile(path)
	if err != nil && !*update {
		t.Fatal(err)
	}
	promised, now := strings.Split(strings.TrimSpace(string(content)), "\n"), contractLines()
	if err != nil {
		promised = nil
	}
	for _, line := range promised {
		if !slices.Contains(now, line) {
			t.Errorf("%s promises %q, which the catalogue has not", path, line)
		}
	}
	if *update && !t.Failed() {
		if err := os.WriteFile(path, []byte(strings.Join(now, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, line := range now {
		if !slices.Contains(promised, line) {
			t.Errorf("the catalogue has %q, which %s does not promise yet; to add it: go test ./jobs -run TestTheContractOnlyGrows -update", line, path)
		}
	}
}

// contractLines returns the catalogue, one line a column. first_country stands
// for every attribute.
func contractLines() []string {
	var lines []string
	for _, s := range jobs.Catalogue(false, []string{"country"}) {
		for _, c := range s.Columns {
			line := s.Name + "." + c.Name + " " + c.Kind.String()
			if c.Nullable {
				line += " NULL"
			}
			if i := slices.Index(s.Key, c.Name); i >= 0 {
				line += fmt.Sprintf(" key %d", i+1)
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// runOver runs a job over what an earlier one of the same folder published,
// after change has had its way with the earlier journal's tables.
func runOver(t *testing.T, change func(*pipeline.Journal), accept bool) (*jobs.Summary, error) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "orders.csv")
	if err := os.WriteFile(path, []byte("customer_id,occurred_at,amount\na,2024-06-29,5\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("orders.csv", path, "path: out", "path: "+filepath.Join(dir, "out")).Replace(smallest) + "tables: [customers, runs]\n"
	job := load(t, text, nil)
	if _, err := newRun(job, asOfJune).Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	changeJournal(t, filepath.Join(dir, "out", "_runs", "2024-06-30.json"), change)
	run := newRun(job, asOfJune)
	run.RunID, run.AcceptColumns = "r2", accept
	return run.Do(t.Context())
}

// TestColumnsThatWerePublishedStay compares with what the newest journal says.
func TestColumnsThatWerePublishedStay(t *testing.T) {
	column := func(c pipeline.Column) func(*pipeline.Journal) {
		return func(j *pipeline.Journal) {
			i := slices.IndexFunc(j.Tables[0].Columns, func(o pipeline.Column) bool { return o.Name == c.Name })
			if i < 0 {
				j.Tables[0].Columns = append(j.Tables[0].Columns, c)
			} else {
				j.Tables[0].Columns[i] = c
			}
		}
	}
	also := func(changes ...func(*pipeline.Journal)) func(*pipeline.Journal) {
		return func(j *pipeline.Journal) {
			for _, change := range changes {
				change(j)
			}
		}
	}
	gone := column(pipeline.Column{Name: "first_shop", Type: "STRING", Nullable: true})
	cases := []struct {
		rule    string
		change  func(*pipeline.Journal)
		accept  bool
		want    string // the error's text; empty: the run is published
		dropped []string
	}{
		{"the same columns", func(*pipeline.Journal) {}, false, "", nil},
		{"a column is gone", gone, false, "customers.first_shop is gone", nil},
		{"another type", column(pipeline.Column{Name: "orders", Type: "DOUBLE"}), false, "customers.orders becomes INT64, was DOUBLE", nil},
		{"it may now be NULL", column(pipeline.Column{Name: "cohort_month", Type: "DATE"}), false, "customers.cohort_month may now be NULL", nil},
		{"it was NULL before and is no more", column(pipeline.Column{Name: "orders", Type: "INT64", Nullable: true}), false, "", nil},
		{"every column is named", also(gone, column(pipeline.Column{Name: "orders", Type: "DOUBLE"})), false, "customers.orders becomes INT64, was DOUBLE; customers.first_shop is gone", nil},
		{"accepted", gone, true, "", nil},
		{"another version of the contract", also(gone, func(j *pipeline.Journal) { j.ContractVersion = 0 }), false, "", nil},
		{"a journal without columns", func(j *pipeline.Journal) { j.Tables[0].Columns = nil }, false, "", nil},
		{"a new column", func(j *pipeline.Journal) { j.Tables[0].Columns = j.Tables[0].Columns[1:] }, false, "", nil},
		{"a table that is published no more", func(j *pipeline.Journal) { j.Tables[0].Table = "guests" }, false, "", []string{"guests"}},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel() // it mostly waits for the disk
			summary, err := runOver(t, c.change, c.accept)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasSuffix(err.Error(), ": "+c.want)) {
				t.Errorf("got error %v, want %q", err, c.want)
			}
			if err != nil && (pipeline.ClassOf(err) != pipeline.ClassQuality || summary.Source != nil || !strings.Contains(summary.Hint, "--accept-columns")) {
				t.Errorf("got class %v, source %v and hint %q; want quality before anything is read, and --accept-columns", pipeline.ClassOf(err), summary.Source, summary.Hint)
			}
			const changed = "columns that the newest date had have changed: customers.first_shop is gone"
			if isTold := slices.Contains(summary.Warnings, changed); err == nil && isTold != (c.accept || c.rule == "another version of the contract") {
				t.Errorf("warnings %q", summary.Warnings)
			}
			if !slices.Equal(summary.Dropped, c.dropped) {
				t.Errorf("dropped tables %v, want %v", summary.Dropped, c.dropped)
			}
		})
	}
}
