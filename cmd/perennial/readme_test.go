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

var update = flag.Bool("update", false, "write what the README should show instead of comparing")

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
	jobBlock     = regexp.MustCompile("(?s)```yaml\n# ([a-z-]+\\.yaml)\n(.*?)```")
)

// TestReadmeShowsWhatHappens runs each line "$ …" of the README's console
// blocks, in order, in one empty folder with the README's job files, and
// compares what it prints to standard output. The clock stands still, so that
// nothing of the output varies from run to run. Floating-point numbers may
// differ in their last digits on other processors, where the output is not
// compared.
func TestReadmeShowsWhatHappens(t *testing.T) {
	readme := document(t, "README.md")
	session := newReadmeSession(t, readme)
	want := consoleBlock.ReplaceAllStringFunc(readme, func(block string) string {
		var b strings.Builder
		for line := range strings.Lines(consoleBlock.FindStringSubmatch(block)[1]) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				b.WriteString(line + session.run(t, strings.TrimSpace(command)))
			}
		}
		return "```console\n" + b.String() + "```"
	})
	switch {
	case *update:
		if err := os.WriteFile(repository("README.md"), []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	case runtime.GOARCH == "amd64":
		compareLines(t, readme, want)
	}
}

// readmeSession is a folder, and an environment with the program in its path.
type readmeSession struct {
	dir         string
	environment []string
}

func newReadmeSession(t *testing.T, readme string) readmeSession {
	t.Helper()
	s := readmeSession{dir: t.TempDir()}
	s.environment = append(os.Environ(), "NOW=2025-01-02T09:00:00Z", "WORK="+t.TempDir(), "TMPDIR="+t.TempDir(), "GORACE=atexit_sleep_ms=0")
	for _, job := range jobBlock.FindAllStringSubmatch(readme, -1) {
		if err := os.WriteFile(filepath.Join(s.dir, job[1]), []byte(job[2]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// run runs a line in the shell and returns what it prints.
func (s *readmeSession) run(t *testing.T, line string) string {
	t.Helper()
	c := exec.Command("sh", "-c", line)
	c.Dir, c.Env = s.dir, s.environment
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("README.md: $ %s: %v\n%s", line, err, &stderr)
	}
	return string(out)
}

// compareLines reports the first line in which the README is not as it should be.
func compareLines(t *testing.T, readme, want string) {
	t.Helper()
	got, wanted := strings.Split(readme, "\n"), strings.Split(want, "\n")
	for i := range min(len(got), len(wanted)) {
		if got[i] != wanted[i] {
			t.Fatalf("README.md:%d: got\n%s\nwant\n%s\nto write it: go test ./cmd/perennial -run TestReadmeShowsWhatHappens -update", i+1, got[i], wanted[i])
		}
	}
	if len(got) != len(wanted) {
		t.Fatalf("README.md has %d lines, want %d", len(got), len(wanted))
	}
}

func TestReadmeNamesWhatThereIs(t *testing.T) {
	readme, makefile := document(t, "README.md"), document(t, "Makefile")
	for _, target := range regexp.MustCompile(`(?m)^make ([a-z]+)`).FindAllStringSubmatch(readme, -1) {
		if !strings.Contains(makefile, "\n"+target[1]+":") {
			t.Errorf("README.md names make %s, which the Makefile does not have", target[1])
		}
	}
	for _, name := range jobs.TableNames() {
		if !strings.Contains(readme, "| `"+name+"` |") {
			t.Errorf("README.md does not list the table %s", name)
		}
	}
	for _, link := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(readme, -1) {
		if _, err := os.Stat(repository(link[1])); err != nil {
			t.Errorf("README.md links to %s, which is not there", link[1])
		}
	}
	for name := range mayImport {
		if top, _, _ := strings.Cut(name, "/"); !strings.Contains(readme, top+"/") {
			t.Errorf("README.md does not show %s in the tree", name)
		}
	}
}

func TestJobFilesInDocumentsAreValid(t *testing.T) {
	for _, path := range []string{"README.md", "docs/jobfile.md"} {
		blocks := jobBlock.FindAllStringSubmatch(document(t, path), -1)
		if len(blocks) == 0 {
			t.Errorf("%s has no job file", path)
		}
		for _, job := range blocks {
			if _, err := jobs.Load(job[1], []byte(job[2]), os.LookupEnv, adapters()); err != nil {
				t.Errorf("%s: %v", path, err)
			}
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
