//go:build unix

package main

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

var (
	link   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	cited  = regexp.MustCompile(`\[([A-Z]\d)\]`)
	target = regexp.MustCompile("(?m)(?:^|`)make ([a-z]+)")
)

// agrees compares a document with what it should be, or writes it.
func agrees(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(repository(path), []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, wanted := strings.Split(document(t, path), "\n"), strings.Split(want, "\n")
	for i := range min(len(got), len(wanted)) {
		if got[i] != wanted[i] {
			t.Fatalf("%s:%d: got\n%s\nwant\n%s\nto write it: go test ./cmd/perennial -run %s -update", path, i+1, got[i], wanted[i], t.Name())
		}
	}
	if len(got) != len(wanted) {
		t.Fatalf("%s has %d lines, want %d; to write it: go test ./cmd/perennial -run %s -update", path, len(got), len(wanted), t.Name())
	}
}

// TestLinksOfDocumentsLeadSomewhere follows every link of README and docs that
// stays within the repository: the file is there, and has the heading.
func TestLinksOfDocumentsLeadSomewhere(t *testing.T) {
	for _, from := range documents(t) {
		for _, l := range link.FindAllStringSubmatch(document(t, from), -1) {
			if strings.Contains(l[1], "://") {
				continue
			}
			file, anchor, _ := strings.Cut(l[1], "#")
			to := from
			if file != "" {
				to = path.Join(path.Dir(from), file)
			}
			if _, err := os.Stat(repository(to)); err != nil {
				t.Errorf("%s links to %s, which is not there", from, l[1])
			} else if anchor != "" && !hasAnchor(document(t, to), anchor) {
				t.Errorf("%s links to %s, and %s has no such heading", from, l[1], to)
			}
		}
	}
}

// hasAnchor says whether a document has the heading an anchor stands for:
// lower case, blanks as hyphens, without punctuation.
func hasAnchor(text, anchor string) bool {
	dropped := regexp.MustCompile(`[^a-z0-9 _-]`)
	for _, h := range heading.FindAllStringSubmatch(text, -1) {
		if strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-") == anchor {
			return true
		}
	}
	return false
}

// TestEveryDocumentIsReachedFromREADME follows links from README on.
func TestEveryDocumentIsReachedFromREADME(t *testing.T) {
	reached, queue := map[string]bool{"README.md": true}, []string{"README.md"}
	for len(queue) > 0 {
		from := queue[0]
		queue = queue[1:]
		for _, l := range link.FindAllStringSubmatch(document(t, from), -1) {
			file, _, _ := strings.Cut(l[1], "#")
			to := path.Join(path.Dir(from), file)
			if !strings.Contains(l[1], "://") && strings.HasSuffix(to, ".md") && !reached[to] {
				reached[to] = true
				queue = append(queue, to)
			}
		}
	}
	for _, path := range documents(t) {
		if !reached[path] {
			t.Errorf("no link leads from README.md to %s, not even by way of other documents", path)
		}
	}
}

func TestEveryCitationHasItsAddress(t *testing.T) {
	for _, path := range documents(t) {
		text := document(t, path)
		for _, c := range cited.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(text, "\n["+c[1]+"]: https://") {
				t.Errorf("%s cites [%s] and does not say where it is", path, c[1])
			}
		}
	}
}

func TestDocumentsNameTargetsOfTheMakefile(t *testing.T) {
	makefile := document(t, "Makefile")
	for _, path := range documents(t) {
		for _, m := range target.FindAllStringSubmatch(document(t, path), -1) {
			if !strings.Contains(makefile, "\n"+m[1]+":") {
				t.Errorf("%s names make %s, which the Makefile does not have", path, m[1])
			}
		}
	}
}
