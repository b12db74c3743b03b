package jobs_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/jobs"
)

var update = flag.Bool("update", false, "write what a document should say instead of comparing")

// TestTablesAreDocumentedAsDeclared: docs/tables.md is what explain --output
// markdown prints.
func TestTablesAreDocumentedAsDeclared(t *testing.T) {
	path := filepath.Join("..", "docs", "tables.md")
	want := jobs.NewDictionary(adapters(), []string{"country"}).Markdown()
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
