package jobs_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/pipeline/table"
)

var update = flag.Bool("update", false, "write what a document should say instead of comparing")

// TestTablesAreDocumentedAsDeclared: docs/tables.md says what the catalogue says.
func TestTablesAreDocumentedAsDeclared(t *testing.T) {
	path := filepath.Join("..", "docs", "tables.md")
	want := tablesDocument(jobs.Catalogue(false, []string{"country"}))
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(string(got), "\n"), strings.Split(want, "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		if got, want := line(gotLines, i), line(wantLines, i); got != want {
			t.Fatalf("docs/tables.md:%d: got\n%s\nwant\n%s\nto write it: go test ./jobs -run TestTablesAreDocumentedAsDeclared -update", i+1, got, want)
		}
	}
}

// line returns a line, or that there is none.
func line(lines []string, i int) string {
	if i >= len(lines) {
		return "(the end)"
	}
	return lines[i]
}

// tablesDocument returns the data dictionary in Markdown.
func tablesDocument(schemas []table.Schema) string {
	var b strings.Builder
	b.WriteString(`# Tables

<!-- Written by go test ./jobs -run TestTablesAreDocumentedAsDeclared -update, from the definitions that the code uses. -->

Every table has ` + "`as_of_date`" + `, the partition, beside the columns below. Money is DECIMAL(18,4) in the job's currency. Key
columns are **bold**. A column that may be NULL says when it is. Sums say over which rows of one date, dimension_name, grain,
offset_mode and value_basis a column may be added up: additive over any, not_over_time not over periods, offsets and
horizons, never not at all. ` + "`first_country`" + ` stands for every attribute of the job;
` + "`customer_id`" + ` is an integer where the source's is one.

`)
	for _, s := range schemas {
		fmt.Fprintf(&b, "- [%s](#%s)\n", s.Name, s.Name)
	}
	for _, s := range schemas {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| column | type | unit | sums | meaning |\n| --- | --- | --- | --- | --- |\n", s.Name, s.Doc)
		isKey := map[string]bool{}
		for _, name := range s.Key {
			isKey[name] = true
		}
		for _, c := range s.Columns {
			name := "`" + c.Name + "`"
			if isKey[c.Name] {
				name = "**" + name + "**"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", name, c.Kind, c.Unit, c.Additivity, inMarkdown.Replace(c.Description()))
		}
	}
	return b.String()
}

// inMarkdown keeps what would end a table's cell or begin a tag as text.
var inMarkdown = strings.NewReplacer("|", `\|`, "<", "&lt;")
