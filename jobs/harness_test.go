package jobs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/sinks"
	"github.com/perennial-clv/perennial/sources"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/money"
)

// The harness runs whole jobs, from CSV files to Parquet tables, and reads the
// tables back as rows.

// adapters are the real ones.
func adapters() jobs.Adapters {
	return jobs.Adapters{
		Sources: map[string]jobs.Adapter[pipeline.Source]{"csv": jobs.AdapterOf(sources.NewCSV), "parquet": jobs.AdapterOf(sources.NewParquet)},
		Sinks:   map[string]jobs.Adapter[pipeline.Sink]{"parquet": jobs.AdapterOf(sinks.NewParquet)},
	}
}

// load loads a job file's text; names of the environment are looked up in env.
func load(t testing.TB, text string, env map[string]string) *jobs.Job {
	t.Helper()
	job, err := jobs.Load("test.yaml", []byte(text), func(name string) (string, bool) { v, ok := env[name]; return v, ok }, adapters())
	if err != nil {
		t.Fatalf("the job file is not valid: %v\n%s", err, text)
	}
	return job
}

// newRun returns a run of a job with a fixed clock.
func newRun(job *jobs.Job, asOf calendar.Day) *jobs.Run {
	clock := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	return &jobs.Run{Job: job, AsOf: asOf, RunID: "r1", CodeVersion: "test", Workers: 2, Now: func() time.Time { return clock }}
}

// tableRows reads a published table back: column → value, as naive has them.
func tableRows(t testing.TB, out, table string) []map[string]any {
	t.Helper()
	source, err := sources.NewParquet(sources.Parquet{Paths: []string{filepath.Join(out, table, "*", "*.parquet")}})
	if err != nil {
		t.Fatal(err)
	}
	d, err := source.Describe(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range d.Columns.Fields() {
		names = append(names, f.Name)
	}
	readers, err := source.Open(context.Background(), pipeline.Request{Columns: names, Readers: 1})
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]any
	for _, reader := range readers {
		for {
			batch, err := reader.Next(context.Background())
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, recordRows(batch.Record)...)
			batch.Record.Release()
		}
	}
	return rows
}

func recordRows(record arrow.Record) []map[string]any {
	rows := make([]map[string]any, record.NumRows())
	for i := range rows {
		rows[i] = map[string]any{}
		for c := range int(record.NumCols()) {
			rows[i][record.ColumnName(c)] = cellValue(record.Column(c), i)
		}
	}
	return rows
}

func cellValue(a arrow.Array, i int) any {
	if a.IsNull(i) {
		return nil
	}
	switch a := a.(type) {
	case *array.String:
		return strings.Clone(a.Value(i)) // its bytes are the batch's
	case *array.Dictionary:
		return cellValue(a.Dictionary(), a.GetValueIndex(i))
	case *array.Int64:
		return a.Value(i)
	case *array.Float64:
		return a.Value(i)
	case *array.Boolean:
		return a.Value(i)
	case *array.Date32:
		return calendar.Day(a.Value(i)).String()
	case *array.Timestamp:
		return int64(a.Value(i))
	case *array.Decimal128: // money: its coefficient is the amount
		return int64(a.Value(i).LowBits())
	default:
		panic(fmt.Sprintf("column of type %s", a.DataType()))
	}
}

// sameValue reports whether two values are equal; numbers may differ in the
// last digits, for naive sums and divides in another order, and so may money
// that is rounded from them.
func sameValue(got, want any) bool {
	if amount, ok := want.(naiveRounded); ok {
		units, isMoney := got.(int64)
		return isMoney && max(units-int64(amount), int64(amount)-units) <= 1
	}
	g, ok := got.(float64)
	w, also := want.(float64)
	if !ok || !also {
		return got == want
	}
	const rounding = 1e-12
	return math.Abs(g-w) <= rounding*max(1, math.Abs(w))
}

// treeBytes returns the files below a folder with their contents.
func treeBytes(t testing.TB, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path)
		files[filepath.ToSlash(name)] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// dataFiles returns the files of all tables that depend on the input alone:
// not the record of the run, of its inputs, nor the journal, locks and quarantine.
func dataFiles(t testing.TB, out string) map[string]string {
	t.Helper()
	files := treeBytes(t, out)
	for name := range files {
		if strings.HasPrefix(name, "_") || strings.HasPrefix(name, "runs/") || strings.HasPrefix(name, "run_inputs/") {
			delete(files, name)
		}
	}
	return files
}

// wantSameFiles compares two sets of files.
func wantSameFiles(t testing.TB, what string, got, want map[string]string) {
	t.Helper()
	for name, content := range want {
		if got[name] != content {
			t.Errorf("%s: %s differs or is missing", what, name)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: %s should not be there", what, name)
		}
	}
}

// naiveCSV writes naive rows as a CSV file that a job can read. The columns of
// rules and of contribution are made so that the job comes to the same rows.
func naiveCSV(t testing.TB, path string, rows []naiveRow, attributes []string) {
	t.Helper()
	var b strings.Builder
	b.WriteString("customer_id,occurred_at,order_id,amount,cost,rule," + strings.Join(attributes, ",") + "\n")
	for _, r := range rows {
		amount, cost, order := money.Format(r.Amount), "", ""
		if r.Unreadable {
			amount = "n/a"
		}
		if r.HasContribution {
			cost = money.Format(r.Amount - r.Contribution)
		}
		if r.HasOrder {
			order = r.Order
		}
		fields := []string{r.Customer, r.Civil.Format("2006-01-02 15:04:05.000000"), order, amount, cost, r.Rule}
		for _, a := range attributes {
			fields = append(fields, r.Attributes[a])
		}
		b.WriteString(strings.Join(fields, ",") + "\n")
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// naiveJob returns the job file that means what naive settings mean.
func naiveJob(t testing.TB, paths []string, out string, rows []naiveRow, attributes []string, s naiveSettings) *jobs.Job {
	t.Helper()
	quote := func(list []string) string {
		text, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "timezone: UTC\ncurrency: EUR\nweek_start: %s\n", strings.ToLower(s.WeekStart.String()))
	fmt.Fprintf(&b, "source:\n  csv: {paths: %s}\n  attributes: {", quote(paths))
	for _, a := range attributes {
		fmt.Fprintf(&b, "%s: %s, ", a, a)
	}
	fmt.Fprintf(&b, "}\nrules:\n  max_rejected_rate: 1\n  max_staleness: 36500d\n")
	fmt.Fprintf(&b, "  exact_duplicates: %s\n  refunds: %s\n  zero_amounts: %s\n",
		pick(s.DropDuplicates, "drop", "keep"), pick(s.IgnoreRefunds, "ignore", "net"), pick(s.ZeroIsPurchase, "purchase", "ignore"))
	fmt.Fprintf(&b, "  exclude: [")
	for _, name := range ruleNames(rows) {
		fmt.Fprintf(&b, "{name: %s, column: rule, equals: %s}, ", name, name)
	}
	fmt.Fprintf(&b, "]\ncohorts:\n  max_offset: none\n  grains: %s\n  split_by: %s\n", quote(append([]string{}, s.Grains...)), quote(append([]string{}, s.SplitBy...)))
	if s.From != nil {
		fmt.Fprintf(&b, "  from: %s\n", s.From.Format(time.DateOnly))
	}
	fmt.Fprintf(&b, "sink: {parquet: {path: %q}}\n", out)
	job := load(t, b.String(), nil)
	for g := range job.MaxOffset {
		job.MaxOffset[g] = math.MaxInt32
		if most, ok := s.MaxOffset[calendar.Grain(g).String()]; ok {
			job.MaxOffset[g] = int32(most)
		}
	}
	return job
}

func pick(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}

func ruleNames(rows []naiveRow) []string {
	var names []string
	for _, r := range rows {
		if r.Rule != "" && !slices.Contains(names, r.Rule) {
			names = append(names, r.Rule)
		}
	}
	slices.Sort(names)
	return names
}
