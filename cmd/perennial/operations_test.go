//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestHolesAreFilled runs the page's script on a job with some of its dates:
// the others are published, those that are whole stay as they are, and a date
// that fails ends it with its exit code.
func TestHolesAreFilled(t *testing.T) {
	if err := exec.Command("date", "-u", "-d", "2024-12-31 + 1 day", "+%F").Run(); err != nil {
		t.Skip("date is not GNU's")
	}
	s := newSession(t, "README.md") // its shop.yaml
	fill := shellBlock.FindStringSubmatch(section(t, "docs/operations.md", "Holes"))[1]
	s.run(t, "perennial sample orders.csv --customers 100 && for day in 29 31; do perennial run shop.yaml --as-of 2024-12-$day; done")
	whole := filepath.Join(s.dir, "out", "_runs", "2024-12-29.json")
	before, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	s.run(t, fill)
	if got, want := strings.Fields(s.run(t, "ls out/customers")), 6; len(got) != want {
		t.Errorf("got %v, want %d dates", got, want)
	}
	if after, err := os.ReadFile(whole); err != nil || string(after) != string(before) {
		t.Errorf("a whole date was run again: %v", err)
	}
	if got := s.run(t, "rm orders.csv; ("+strings.Replace(fill, "day=2024-12-26", "day=2024-12-25", 1)+"); echo $?"); !strings.HasSuffix(got, "4\n") {
		t.Errorf("a date that fails: got %q, want exit code 4", got)
	}
}
