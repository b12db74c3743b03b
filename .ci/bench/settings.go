package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// bench is what is measured and with what.
type bench struct {
	dir            string // all files
	rows           []int
	keys           []string // int, text
	runs           int      // of each contender; 0: five, three of large logs
	oneBillion     bool     // BENCH_ONE_BILLION
	hasAdversaries bool     // BENCH_ADVERSARIES is not 0
	hasSources     bool     // BENCH_SOURCES is not 0

	program, duckdb, self string
	revision              string // of what was built
	hasMemory             bool   // whether run takes --memory
}

// large is from how many rows on a log is measured within memory limits, and
// fewer times.
const large = 50_000_000

// newBench reads the environment and builds the programs.
func newBench(ctx context.Context) (*bench, error) {
	b := &bench{
		dir:            cmp.Or(os.Getenv("BENCH_DIR"), ".bench"),
		keys:           strings.Fields(cmp.Or(os.Getenv("BENCH_KEYS"), "int text")),
		oneBillion:     os.Getenv("BENCH_ONE_BILLION") == "1",
		hasAdversaries: os.Getenv("BENCH_ADVERSARIES") != "0",
		hasSources:     os.Getenv("BENCH_SOURCES") != "0",
	}
	for _, text := range strings.Fields(cmp.Or(os.Getenv("BENCH_ROWS"), "10000000 100000000")) {
		rows, err := strconv.Atoi(text)
		if err != nil || rows < 1000 {
			return nil, fmt.Errorf("BENCH_ROWS: %q is no number of rows from 1000", text)
		}
		b.rows = append(b.rows, rows)
	}
	for _, keys := range b.keys {
		if keys != "int" && keys != "text" {
			return nil, fmt.Errorf("BENCH_KEYS: %q is neither int nor text", keys)
		}
	}
	if text := os.Getenv("BENCH_RUNS"); text != "" {
		runs, err := strconv.Atoi(text)
		if err != nil || runs < 1 {
			return nil, fmt.Errorf("BENCH_RUNS: %q is no number from 1", text)
		}
		b.runs = runs
	}
	return b, b.build(ctx)
}

// runsOf returns how often each contender runs on a log.
func (b *bench) runsOf(l log) int {
	switch {
	case b.runs > 0:
		return b.runs
	case l.rows >= large:
		return 3
	default:
		return 5
	}
}

// build builds the program and DuckDB's command, into the bench's folder.
func (b *bench) build(ctx context.Context) (err error) {
	if b.dir, err = filepath.Abs(b.dir); err != nil {
		return err
	}
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	b.program, b.duckdb = filepath.Join(b.dir, "perennial"), filepath.Join(b.dir, "duckdb")
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return err
	}
	for _, of := range []struct{ folder, binary, path string }{{".", b.program, "./cmd/perennial"}, {".ci/duckdb", b.duckdb, "."}} {
		c := exec.CommandContext(ctx, "go", "build", "-o", of.binary, of.path)
		c.Dir, c.Stderr = of.folder, os.Stderr
		if err := c.Run(); err != nil {
			return fmt.Errorf("go build %s: %w", of.path, err)
		}
	}
	revision, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--abbrev=12").Output()
	if err != nil {
		revision = []byte("unknown") // not a checkout
	}
	b.revision = strings.TrimSpace(string(revision))
	help, err := exec.CommandContext(ctx, b.program, "run", "--help").Output()
	b.hasMemory = strings.Contains(string(help), "--memory")
	return err
}

// machine says in one line what the figures were measured on.
func (b *bench) machine(ctx context.Context) string {
	answer, err := b.query(ctx, "SELECT version() AS v")
	duck := "DuckDB of unknown version"
	if err == nil && len(answer) == 1 {
		duck = fmt.Sprintf("DuckDB %v", answer[0]["v"])
	}
	return fmt.Sprintf("%s, %d cores, %s, %s, %s/%s, %s", cpuModel(), runtime.NumCPU(), memorySize(), runtime.Version(), runtime.GOOS, runtime.GOARCH, duck)
}

// cpuModel and memorySize are what Linux tells; elsewhere they are unknown.
func cpuModel() string { return procLine("/proc/cpuinfo", "model name", "unknown processor") }

func memorySize() string {
	kib, err := strconv.ParseInt(strings.TrimSuffix(procLine("/proc/meminfo", "MemTotal", ""), " kB"), 10, 64)
	if err != nil {
		return "unknown memory"
	}
	return fmt.Sprintf("%.0f GiB", float64(kib)/(1<<20))
}

// procLine returns what stands after a name and a colon.
func procLine(path, name, unknown string) string {
	content, _ := os.ReadFile(path) // there is none outside of Linux
	for line := range strings.Lines(string(content)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return unknown
}
