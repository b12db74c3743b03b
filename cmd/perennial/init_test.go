//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/perennial-clv/perennial/jobs"
)

// TestProposedJobsAreRight: for every shape the proposal is valid, asks what it
// should, and a run of it, unedited, finds the customers and the money.
func TestProposedJobsAreRight(t *testing.T) {
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			writeShape(t, s.file, s.content)
			proposed := perennial(t, "init", s.file)
			path := strings.TrimPrefix(strings.Fields(strings.ReplaceAll(proposed, " from ", "\n"))[1], " ")
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			checkProposal(t, s, proposed, string(content))
			if r := resultOf(t, path); r.Customers != s.customers || r.NetRevenue != s.netRevenue {
				t.Errorf("the run found %d customers and %s, want %d and %s; the job was\n%s", r.Customers, r.NetRevenue, s.customers, s.netRevenue, content)
			}
		})
	}
}

func writeShape(t *testing.T, path string, content any) {
	t.Helper()
	var err error
	switch content := content.(type) {
	case string:
		err = os.WriteFile(path, []byte(content), 0o666)
	case []byte:
		err = os.WriteFile(path, content, 0o666)
	case parquetRows:
		err = content(path)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// perennial runs a command in this process on 2024-06-15 and returns what it
// printed.
func perennial(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(context.Background(), world{
		args: args, stdout: &stdout, stderr: &stderr, lookup: func(string) (string, bool) { return "", false },
		now:   func() time.Time { return time.Date(2024, 6, 15, 10, 0, 0, 0, time.UTC) },
		newID: func() string { return "1" }, signalled: func() int { return 0 },
		root: fstest.MapFS{}, peakMemory: func() int64 { return 0 },
	})
	if code != 0 {
		t.Fatalf("perennial %s: exit code %d: %s", strings.Join(args, " "), code, &stderr)
	}
	return stdout.String()
}

func checkProposal(t *testing.T, s shape, printed, file string) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(file) {
		line = strings.TrimSpace(line)
		if key, _, ok := strings.Cut(line, "  # "); ok {
			line = strings.TrimSpace(key)
		}
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	whole := "\n" + strings.Join(lines, "\n") + "\n"
	for _, want := range s.mapping {
		if !strings.Contains(whole, "\n"+strings.Join(strings.Fields(want), " ")+"\n") {
			t.Errorf("the proposal lacks the line %q:\n%s", want, file)
		}
	}
	var asked []string
	for line := range strings.Lines(printed) {
		if question, ok := strings.CutPrefix(line, "  question   "); ok {
			about, _, _ := strings.Cut(question, ":")
			asked = append(asked, about)
		}
	}
	if got, want := strings.Join(asked, ", "), strings.Join(s.questions, ", "); got != want {
		t.Errorf("asked about %s, want %s:\n%s", got, want, printed)
	}
	if n := strings.Count(file, "# QUESTION: "); n != len(s.questions) {
		t.Errorf("%d lines of the file are marked QUESTION, want %d:\n%s", n, len(s.questions), file)
	}
}

// TestKeysThatWentThroughFloatingPointNameNobody: 16777217.0 and its neighbour
// may be one customer or two.
func TestKeysThatWentThroughFloatingPointNameNobody(t *testing.T) {
	type row struct {
		Customer float64 `parquet:"customer_id"`
		Day      int32   `parquet:"order_date,date"`
		Amount   int64   `parquet:"amount,decimal(2:18)"`
	}
	t.Chdir(t.TempDir())
	writeShape(t, "floats.parquet", rowsOf(row{1, 19_844, 5_00}))
	const want = "question   customer_id: customer_id is a floating-point number, which cannot name customers: cast it to an integer or text in the source\n"
	if got := perennial(t, "init", "floats.parquet"); !strings.Contains(got, want) {
		t.Errorf("init printed\n%swant a line\n%s", got, want)
	}
	perennial(t, "validate", "floats.yaml")
}

// TestDatesThatChangeTheirFormatAreAQuestion: a file put together from two
// exports, the second beyond the rows that init looks at first.
func TestDatesThatChangeTheirFormatAreAQuestion(t *testing.T) {
	t.Chdir(t.TempDir())
	writeShape(t, "both.csv", "customer_id,date,amount\n"+strings.Repeat("1,2024-05-02,1\n", 21_000)+strings.Repeat("1,25/05/2024,1\n", 21_000))
	const want = "question   occurred_at: the first rows of date are dates, but no format reads nearly all rows: write them in one\n"
	if got := perennial(t, "init", "both.csv"); !strings.Contains(got, want) {
		t.Errorf("init printed\n%swant a line\n%s", got, want)
	}
}

// TestProposedJobsOfRealData: with the suggestions that a person who knows the
// data would follow, the proposals find what the jobs in jobs/ find. The data
// stand beside the project, not in it.
func TestProposedJobsOfRealData(t *testing.T) {
	repository, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(repository, "..", "shared", "data")
	if _, err := os.Stat(data); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("the public data are not here: %v", err)
		}
		t.Skipf("the public data are not here: %v", err)
	}
	for _, test := range []struct {
		job, file string
		answers   []string // old, new, …
	}{
		{"online_retail", "online_retail_ii/online_retail_II.csv.gz", []string{
			"#exact_duplicates", "exact_duplicates", "#exclude", "exclude", "#  - {name: prefix_A", "  - {name: prefix_A", "#from:", "from:", "grains: [month]", "grains: [month, quarter]"}},
		{"cdnow", "cdnow/CDNOW_master.txt", []string{"#zero_amounts", "zero_amounts", "as_of: 1998-06-30", "as_of: 1997-09-30"}},
		{"cdnow_sample", "cdnow/CDNOW_sample.txt", []string{"#zero_amounts", "zero_amounts", "as_of: 1998-06-30", "as_of: 1997-09-30"}},
	} {
		t.Run(test.job, func(t *testing.T) {
			t.Chdir(t.TempDir())
			perennial(t, "init", filepath.Join(data, test.file), "--output", "job.yaml")
			proposed, err := os.ReadFile("job.yaml")
			if err != nil {
				t.Fatal(err)
			}
			known, err := os.ReadFile(filepath.Join(repository, "jobs", test.job+".yaml"))
			if err != nil {
				t.Fatal(err)
			}
			const quick = "\ntables: [customers]\n"
			writeShape(t, "job.yaml", strings.NewReplacer(test.answers...).Replace(string(proposed))+quick)
			writeShape(t, "known.yaml", strings.NewReplacer("${PERENNIAL_DATA}", data, "${PERENNIAL_OUT:-out}", "known").Replace(string(known))+quick)
			if got, want := resultOf(t, "job.yaml"), resultOf(t, "known.yaml"); !reflect.DeepEqual(got, want) {
				t.Errorf("the proposal finds %+v, jobs/%s.yaml finds %+v; it was\n%s", got, test.job, want, proposed)
			}
		})
	}
}

func resultOf(t *testing.T, job string) jobs.ResultSummary {
	t.Helper()
	var summary jobs.Summary
	if err := json.Unmarshal([]byte(perennial(t, "run", job, "--output", "json")), &summary); err != nil {
		t.Fatal(err)
	}
	return *summary.Result
}
