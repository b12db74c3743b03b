//go:build unix

package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/pipeline"
)

var update = flag.Bool("update", false, "write what documents should show instead of comparing")

// repository returns the path of a file of the repository.
func repository(path string) string { return filepath.Join("..", "..", filepath.FromSlash(path)) }

func document(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(repository(path))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

var (
	consoleBlock = regexp.MustCompile("(?s)```console\n(.*?)```")
	shownQuery   = regexp.MustCompile("(?s)(```sql\n([^`]*)```\n\n```text\n).*?```")
	shown        = regexp.MustCompile("(?s)" + consoleBlock.String() + "|" + shownQuery.String())
	jobBlock     = regexp.MustCompile("(?s)```yaml\n# ([a-z-]+\\.yaml)\n(.*?)```")
)

// TestReadmeShowsWhatHappens runs the README's session.
func TestReadmeShowsWhatHappens(t *testing.T) {
	s := newSession(t, "README.md")
	s.showsWhatHappens(t)
}

// TestGettingStartedShowsWhatHappens runs the session of a newcomer, with its
// queries.
func TestGettingStartedShowsWhatHappens(t *testing.T) {
	s := newSession(t, "docs/getting-started.md")
	s.duckdb = buildModule(t, "duckdb")
	s.showsWhatHappens(t)
}

// showsWhatHappens runs each line "$ …" of the document's console blocks and
// each block of SQL that a block of text follows, in order, and compares what
// they print. The clock stands still, so that nothing of the output varies
// from run to run. Floating-point numbers may differ in their last digits on
// other processors, where the output is not compared.
func (s *session) showsWhatHappens(t *testing.T) {
	t.Helper()
	want := shown.ReplaceAllStringFunc(document(t, s.path), func(block string) string {
		if query := shownQuery.FindStringSubmatch(block); query != nil {
			return query[1] + printed(t, s.dir, query[2], s.duckdb, "-table") + "```"
		}
		var b strings.Builder
		for line := range strings.Lines(consoleBlock.FindStringSubmatch(block)[1]) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				b.WriteString(line + s.run(t, strings.TrimSpace(command)))
			}
		}
		return "```console\n" + b.String() + "```"
	})
	if runtime.GOARCH == "amd64" || *update {
		agrees(t, s.path, want)
	}
}

// session is a folder in which a document's commands are run, and an
// environment with the program in its path.
type session struct {
	path        string // of the document
	dir         string
	environment []string
	duckdb      string // the program that runs queries, where the document shows results
}

// newSession returns a folder that holds the document's job files.
func newSession(t *testing.T, path string) session {
	t.Helper()
	s := session{path: path, dir: t.TempDir()}
	s.environment = append(os.Environ(), "NOW=2025-01-02T09:00:00Z", "WORK="+t.TempDir(), "TMPDIR="+t.TempDir(), "GORACE=atexit_sleep_ms=0")
	for _, job := range jobBlock.FindAllStringSubmatch(document(t, path), -1) {
		if err := os.WriteFile(filepath.Join(s.dir, job[1]), []byte(job[2]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// run runs a line in the shell and returns what it prints.
func (s *session) run(t *testing.T, line string) string {
	t.Helper()
	c := exec.Command("sh", "-c", line)
	c.Dir, c.Env = s.dir, s.environment
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s: $ %s: %v\n%s", s.path, line, err, &stderr)
	}
	return string(out)
}

func TestReadmeNamesWhatThereIs(t *testing.T) {
	readme := document(t, "README.md")
	for _, name := range jobs.TableNames() {
		if !strings.Contains(readme, "| `"+name+"` |") {
			t.Errorf("README.md does not list the table %s", name)
		}
	}
	for name := range mayImport {
		if top, _, _ := strings.Cut(name, "/"); !strings.Contains(readme, top+"/") {
			t.Errorf("README.md does not show %s in the tree", name)
		}
	}
}

// TestReadmeListsTheExitCodes: each code with the meaning that explain prints;
// codes of one meaning share a row.
func TestReadmeListsTheExitCodes(t *testing.T) {
	var want []string
	codes := ""
	for i, e := range pipeline.Exits {
		codes += strconv.Itoa(e.Code)
		if i+1 < len(pipeline.Exits) && pipeline.Exits[i+1].Meaning == e.Meaning {
			codes += ", "
			continue
		}
		want = append(want, strings.TrimRight(fmt.Sprintf("| %s | %s | %s", codes, e.Meaning, e.Retry), " ")+" |")
		codes = ""
	}
	readme := strings.ReplaceAll(document(t, "README.md"), "`check`", "check")
	if table := strings.Join(want, "\n") + "\n"; !strings.Contains(readme, table) {
		t.Errorf("README.md does not have the table of exit codes\n%s", table)
	}
}

func TestEveryDirectDependencyHasItsReason(t *testing.T) {
	requirements, reasons := document(t, "go.mod"), document(t, "docs/dependencies.md")
	for _, direct := range regexp.MustCompile(`(?m)^\t([^ ]+) v[^ ]+$`).FindAllStringSubmatch(requirements, -1) {
		if !strings.Contains(reasons, "| `"+direct[1]+"` | ") {
			t.Errorf("docs/dependencies.md gives no reason for %s", direct[1])
		}
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(reasons, -1) {
		if !strings.Contains(requirements, "\t"+row[1]+" v") {
			t.Errorf("docs/dependencies.md names %s, which go.mod does not require", row[1])
		}
	}
}
