//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// row is a row of a query's result, by column: text, dates and decimals as
// text, counts as int64, quotients as float64, NULL as nil.
type row = map[string]any

// recipe computes what a query of a document must return, from the raw rows.
type recipe func(*testing.T, *shopTables) []row

// documentRecipes are the documents with queries, and by heading what each of
// the queries below it must return. The queries of docs/getting-started.md
// are run by its own session.
var documentRecipes = map[string]map[string][]recipe{
	"README.md": {"The smallest job": {calendarCurve}},
	"docs/recipes.md": {
		"The tables as views":                  {nil}, // no rows: run before every other
		"Cohort heatmap":                       {heatmap},
		"Pooled retention curve under filters": {filteredCurve},
		"Realised lifetime value":              {realisedValue, pooledValue},
		"Revenue retention":                    {revenueRetention},
		"Payback":                              {payback},
		"Customers worth winning back":         {winBack},
		"Can the forecast be trusted":          {modelCurve, backtestBias, forecastTest},
		"Forecast by month":                    {forecastByMonth, forecastTiesOut},
		"Formulas against the model":           {formulas},
		"Reconciliation to the ledger":         {reconciliation},
		"What became of excluded rows":         {excludedRowsByReason},
		"Which date is whole":                  {wholeDate, journalFiles},
		"What changed since yesterday":         {restatedMonths, changedCustomers},
	},
	"docs/operations.md": {"Rows that could not be read": {quarantined}},
	"docs/definitions-compared.md": {
		"Shopify":   {returnedByNow},
		"Amplitude": {returnOnOrAfter},
		"Klaviyo":   {predictiveAnalytics},
		"lifetimes": {lifetimesSummary},
	},
}

var (
	heading  = regexp.MustCompile(`(?m)^##+ (.*)$`)
	sqlBlock = regexp.MustCompile("(?s)```sql\n(.*?)```")
	// shellBlock is a block of commands that are not a session.
	shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")
)

// shopTables is a folder with the tables of two days, what the log says as of
// each, and the readers of the tables, both modules of their own.
type shopTables struct {
	dir              string
	yesterday, today history
	duckdb           string
	parquetread      string
}

// TestEveryQueryOfTheDocumentsIsRight runs every query of the documents in
// DuckDB on the tables of a job and compares its rows with a computation from
// the raw rows of the job's source.
func TestEveryQueryOfTheDocumentsIsRight(t *testing.T) {
	p := publish(t)
	views := sqlBlock.FindStringSubmatch(section(t, "docs/recipes.md", "The tables as views"))[1]
	wantNothingWithoutYesterday(t, p, views)
	for path, recipes := range documentRecipes {
		for title, expected := range recipes {
			blocks := sqlBlock.FindAllStringSubmatch(section(t, path, title), -1)
			if len(blocks) != len(expected) {
				t.Errorf("%s: %s: %d queries, and %d recipes in this test", path, title, len(blocks), len(expected))
				continue
			}
			for i, want := range expected {
				if want != nil {
					t.Run(title, func(t *testing.T) { wantRows(t, p.query(t, views+blocks[i][1]), want(t, p)) })
				}
			}
		}
	}
}

// wantNothingWithoutYesterday asks what changed since a day that was not
// published: then nothing may seem to be new.
func wantNothingWithoutYesterday(t *testing.T, p *shopTables, views string) {
	t.Helper()
	const yesterday, unpublished = "DATE '2024-12-30'", "DATE '2024-12-29'"
	for _, block := range sqlBlock.FindAllStringSubmatch(section(t, "docs/recipes.md", "What changed since yesterday"), -1) {
		if !strings.Contains(block[1], yesterday) {
			t.Fatalf("a query does not name %s:\n%s", yesterday, block[1])
		}
		if rows := p.query(t, views+strings.ReplaceAll(block[1], yesterday, unpublished)); len(rows) > 0 {
			t.Errorf("got %v of a day that was not published", rows)
		}
	}
}

func TestEveryQueryOfTheDocumentsIsKnown(t *testing.T) {
	for _, path := range documents(t) {
		queries := len(sqlBlock.FindAllString(document(t, path), -1))
		for _, recipes := range documentRecipes[path] {
			queries -= len(recipes)
		}
		if queries != 0 && path != "docs/getting-started.md" {
			t.Errorf("%s has %d queries that no test runs", path, queries)
		}
	}
}

// documents returns the paths of README and of everything in docs.
func documents(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob(repository("docs/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{"README.md"}
	for _, name := range names {
		paths = append(paths, "docs/"+filepath.Base(name))
	}
	return paths
}

// section returns what stands in a document between a heading and the next.
func section(t *testing.T, path, title string) string {
	t.Helper()
	text := document(t, path)
	headings := heading.FindAllStringSubmatchIndex(text, -1)
	for i, h := range headings {
		if text[h[2]:h[3]] != title {
			continue
		}
		if i+1 < len(headings) {
			return text[h[1]:headings[i+1][0]]
		}
		return text[h[1]:]
	}
	t.Fatalf("%s has no heading %q", path, title)
	return ""
}

// publish runs the job as of two days.
func publish(t *testing.T) *shopTables {
	t.Helper()
	p := &shopTables{duckdb: buildModule(t, "duckdb"), parquetread: buildModule(t, "parquetread")}
	s := newSession(t, "docs/recipes.md")
	p.dir = s.dir
	if err := os.WriteFile(filepath.Join(p.dir, "recipes.yaml"), []byte(recipeJob), 0o644); err != nil {
		t.Fatal(err)
	}
	before, after := writeLogs(t, p.dir)
	s.run(t, "cp before.csv orders.csv && perennial run recipes.yaml --as-of 2024-12-30")
	s.run(t, "cp after.csv orders.csv && perennial run recipes.yaml --as-of 2024-12-31")
	// The run of a year ago is the page's own.
	if err := os.Rename(filepath.Join(p.dir, "recipes.yaml"), filepath.Join(p.dir, "shop.yaml")); err != nil {
		t.Fatal(err)
	}
	s.run(t, shellBlock.FindStringSubmatch(section(t, "docs/recipes.md", "Can the forecast be trusted"))[1])
	lastDay := time.Date(2024, 12, 31, 0, 0, 0, 0, time.UTC)
	p.yesterday = readHistory(t, before, lastDay.AddDate(0, 0, -1))
	p.today = readHistory(t, after, lastDay)
	return p
}

// buildModule builds a reader of tables, a module of its own below .ci. That
// of DuckDB downloads 30 MB once, and needs a C compiler with the C++ library.
func buildModule(t *testing.T, name string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("building the independent readers takes minutes the first time")
	}
	path := filepath.Join(t.TempDir(), name)
	build := exec.Command("go", "build", "-o", path, ".")
	build.Dir = repository(".ci/" + name)
	build.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf(".ci/%s cannot be built: %v\n%s", name, err, out)
		}
		t.Skipf(".ci/%s cannot be built here: %v\n%s", name, err, out)
	}
	return path
}

// query runs SQL in DuckDB, in the folder of the tables.
func (p *shopTables) query(t *testing.T, sql string) []row {
	t.Helper()
	return readRows(t, p.dir, sql, p.duckdb)
}

// table reads a table as of a day with the reader that is not DuckDB.
func (p *shopTables) table(t *testing.T, name, asOf string) []row {
	t.Helper()
	return p.tableIn(t, "out", name, asOf)
}

// tableIn is table, of a folder of tables.
func (p *shopTables) tableIn(t *testing.T, folder, name, asOf string) []row {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(p.dir, folder, name, "as_of_date="+asOf, "*.parquet"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no files as of %s: %v", name, asOf, err)
	}
	return readRows(t, p.dir, "", p.parquetread, files...)
}

// readRows runs a program that prints rows as one JSON object a line.
func readRows(t *testing.T, dir, stdin, program string, args ...string) []row {
	t.Helper()
	var rows []row
	lines := json.NewDecoder(strings.NewReader(printed(t, dir, stdin, program, args...)))
	lines.UseNumber()
	for lines.More() {
		r := row{}
		if err := lines.Decode(&r); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	return rows
}

// printed runs a program in a folder and returns what it prints.
func printed(t *testing.T, dir, stdin, program string, args ...string) string {
	t.Helper()
	c := exec.Command(program, args...)
	c.Dir, c.Stdin = dir, strings.NewReader(stdin)
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s\n%s", filepath.Base(program), err, &stderr, stdin)
	}
	return string(out)
}

// wantRows compares a result with what it must be, in order.
func wantRows(t *testing.T, got, want []row) {
	t.Helper()
	if len(want) == 0 {
		t.Fatal("the log has nothing for this query")
	}
	for i := range min(len(got), len(want)) {
		for column := range want[i] {
			if value, has := got[i][column]; !has || !same(value, want[i][column]) {
				t.Errorf("row %d, %s: got %v, want %v\nof %v", i+1, column, value, want[i][column], want[i])
			}
		}
		if len(got[i]) != len(want[i]) {
			t.Errorf("row %d: got columns %v, want %v", i+1, got[i], want[i])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d rows, want %d", len(got), len(want))
	}
}

// same compares a value of a result. Both sides of a quotient are exact, so
// that DuckDB's differs from Go's by a few roundings of a float64, 1e-16 each.
func same(got, want any) bool {
	const roundings = 1e-14
	number, isNumber := got.(json.Number)
	switch want := want.(type) {
	case int64:
		return isNumber && number.String() == fmt.Sprint(want)
	case float64:
		value, err := number.Float64()
		return isNumber && err == nil && math.Abs(value-want) <= roundings*math.Abs(want)
	default:
		return got == want
	}
}

// sortRows orders rows by a column of text.
func sortRows(rows []row, column string) []row {
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a[column].(string), b[column].(string)) })
	return rows
}
