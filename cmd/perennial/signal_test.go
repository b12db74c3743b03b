//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const signalJob = `timezone: UTC
currency: EUR
source:
  csv: {paths: [orders.csv]}
sink:
  parquet: {path: out}
`

const (
	signalHeader = "customer_id,occurred_at,order_id,amount\n"
	signalRow    = "anna,2024-06-03,1,30\n"
	// manyRows take the program a second and more to read, and a signal a
	// millisecond to arrive.
	manyRows = 2_000_000
)

// TestSignals interrupts a run while it reads: it ends at once with 128 + the
// signal's number, and leaves a summary, the earlier result, nothing staged
// and no lock.
func TestSignals(t *testing.T) {
	for name, c := range map[string]struct {
		signal os.Signal
		exit   int
	}{
		"SIGINT":  {syscall.SIGINT, 130},
		"SIGTERM": {syscall.SIGTERM, 143},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, "job.yaml", signalJob)
			write(t, dir, "orders.csv", signalHeader+signalRow)
			if code, output := runProcess(t, dir, "run", "job.yaml", "--as-of", "2024-06-14"); code != 0 {
				t.Fatalf("the run before: exit code %d: %s", code, output)
			}
			journal := read(t, dir, "out/_runs/2024-06-14.json")

			write(t, dir, "orders.csv", signalHeader+strings.Repeat(signalRow, manyRows))
			if code, output := signalWhileReading(t, dir, c.signal); code != c.exit {
				t.Errorf("exit code %d, want %d: %s", code, c.exit, output)
			}
			checkSummary(t, read(t, dir, "summary.json"), c.exit)
			if got := read(t, dir, "out/_runs/2024-06-14.json"); got != journal {
				t.Errorf("the journal has changed: %s", got)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "out/_staging/*")); len(left) > 0 {
				t.Errorf("left behind: %s", left)
			}
			if code, output := runProcess(t, dir, "check", "job.yaml", "--as-of", "2024-06-14"); code != 0 {
				t.Errorf("check: exit code %d: %s", code, output)
			}
			write(t, dir, "orders.csv", signalHeader+signalRow)
			if code, output := runProcess(t, dir, "run", "job.yaml", "--as-of", "2024-06-14"); code != 0 {
				t.Errorf("the run after: exit code %d: %s", code, output)
			}
		})
	}
}

func checkSummary(t *testing.T, content string, exit int) {
	t.Helper()
	var got struct {
		Status   string `json:"status"`
		ExitCode int    `json:"exit_code"`
		Stage    string `json:"stage"`
	}
	if err := json.Unmarshal([]byte(content), &got); err != nil {
		t.Fatalf("summary: %v in %s", err, content)
	}
	if got.Status != "failed" || got.ExitCode != exit || got.Stage != "read" {
		t.Errorf("summary: %+v, want failed, %d, read", got, exit)
	}
}

// builtProcess returns the program as a command that works in dir, as built, with
// its own handling of signals; see TestMain.
func builtProcess(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), binary, args...)
	c.Args[0] = "perennial-process"
	c.Dir = dir
	c.Env = append(os.Environ(), "GORACE="+strings.TrimSpace(os.Getenv("GORACE")+" atexit_sleep_ms=0"))
	return c
}

func runProcess(t *testing.T, dir string, args ...string) (int, []byte) {
	t.Helper()
	output, err := builtProcess(t, dir, args...).CombinedOutput()
	return exitOf(t, err), output
}

// signalWhileReading starts a run, sends the signal once the run says that it
// reads, and returns how the run ends. It must do so soon.
func signalWhileReading(t *testing.T, dir string, signal os.Signal) (int, string) {
	t.Helper()
	c := builtProcess(t, dir, "run", "job.yaml", "--as-of", "2024-06-14", "--log", "json", "--summary", "summary.json")
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	lines := io.TeeReader(stderr, &output)
	for !strings.Contains(output.String(), `"stage":"read"`) {
		if _, err := lines.Read(make([]byte, 1<<10)); err != nil {
			t.Fatalf("the run ended before it read: %v: %s", err, &output)
		}
	}
	sent := time.Now()
	if err := c.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, lines); err != nil {
		t.Fatal(err)
	}
	code := exitOf(t, c.Wait())
	// Ten seconds are what Kubernetes and Airflow grant at least; it takes
	// milliseconds.
	if took := time.Since(sent); took > 10*time.Second {
		t.Errorf("the run went on for %v after the signal", took)
	}
	return code, output.String()
}

func exitOf(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit == nil {
		return 0
	}
	return exit.ExitCode()
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
