//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/sources"
)

// TestScripts runs testdata/script/*.txt: one rule a file, its name in the
// file's name and in its first line. A script works in an empty folder with
// the files at its end; a plain command must succeed. Beside the commands of
// testscript there are
//
//	exits N COMMAND…      the command ends with exactly this exit code
//	published OUT DATE    the date is published and nothing is left of the run; with ! in front: nothing of the date is there
//	snapshot OUT          remembers every published file of the folder
//	unchanged OUT         every file is as it was at the snapshot, byte by byte, and no other has come
//	rows FOLDER           prints the rows of its Parquet files as column=value
//	json lines|object F   F (stdout, stderr or a file) is one JSON object a line, or one in all
//
// and those in script_fixtures_test.go, which make inputs and obstacles. The
// clock stands at 2024-06-15 10:00 UTC unless NOW says otherwise, so that
// 2024-06-14 is the last complete day; with TICK, a duration, each look at the
// clock finds it so much later. With TERMINAL stderr counts as one. Most jobs publish the table customers
// alone, which is four times as quick.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                filepath.Join("testdata", "script"),
		Setup:              setUpScript,
		RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "published": published, "snapshot": snapshot, "unchanged": unchanged, "rows": rows, "json": isJSON,
			"encode": encode, "truncate": truncate, "append": appendLines,
			"unprivileged": unprivileged, "hold": hold, "disk": disk,
		},
	})
}

// TestMain lets scripts call the program: this test binary is then started
// again under the program's name, so that coverage and race detector see it.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"perennial":         func() { os.Exit(run(context.Background(), scriptWorld())) },
		"perennial-process": main, // with signals and the real world
	})
}

// scriptWorld is the world of a script: its clock, its run ids, its folder.
func scriptWorld() world {
	w := realWorld()
	now, err := time.Parse(time.RFC3339, os.Getenv("NOW"))
	if err != nil {
		panic(err)
	}
	tick, _ := time.ParseDuration(os.Getenv("TICK")) // 0 where there is none
	var looks atomic.Int64
	w.now = func() time.Time { return now.Add(tick * time.Duration(looks.Add(1)-1)) }
	w.newID = nextID
	w.signalled = func() int { return 0 } // see signal_test.go
	w.isTerminal = os.Getenv("TERMINAL") != ""
	w.xcom = filepath.Join(os.Getenv("WORK"), "xcom")
	w.root = os.DirFS(filepath.Join(os.Getenv("WORK"), "machine"))
	w.peakMemory = func() int64 { return 100 << 20 } // would vary from run to run
	w.termination = filepath.Join(os.Getenv("WORK"), "termination-log")
	return w
}

// nextID returns 000001, 000002, … for the runs of one script.
func nextID() string {
	for i := 1; ; i++ {
		id := fmt.Sprintf("%06d", i)
		taken, err := os.OpenFile(filepath.Join(os.Getenv("TMPDIR"), "run-"+id), os.O_CREATE|os.O_EXCL, 0o666)
		if err == nil {
			taken.Close()
			return id
		}
		if !errors.Is(err, os.ErrExist) {
			panic(err)
		}
	}
}

func setUpScript(env *testscript.Env) error {
	env.Setenv("NOW", "2024-06-15T10:00:00Z")
	// The race detector sleeps a second at each process's end otherwise.
	env.Setenv("GORACE", strings.TrimSpace(env.Getenv("GORACE")+" atexit_sleep_ms=0"))
	env.Values[stateKey{}] = &scriptState{t: env.T(), snapshots: map[string]tree{}}
	return nil
}

// scriptState is what commands of one script keep for later ones.
type scriptState struct {
	t         testscript.T
	snapshots map[string]tree
	held      []*os.File
}

type stateKey struct{}

func stateOf(ts *testscript.TestScript) *scriptState { return ts.Value(stateKey{}).(*scriptState) }

// exits runs a command and demands its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(argument(args, 0))
	if neg || err != nil || len(args) < 2 {
		ts.Fatalf("usage: exits N COMMAND…")
	}
	checkExit(ts, ts.Exec(args[1], args[2:]...), want)
}

func checkExit(ts *testscript.TestScript, err error, want int) {
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// argument returns an argument, empty if there are fewer.
func argument(args []string, i int) string {
	if i >= len(args) {
		return ""
	}
	return args[i]
}

// published looks for a date's journal, and with ! for anything of the date.
// Either way nothing staged may be left.
func published(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: [!] published OUT DATE")
	}
	out, date := ts.MkAbs(args[0]), args[1]
	if left := glob(ts, filepath.Join(out, "_staging", "*")); len(left) > 0 {
		ts.Fatalf("left behind: %s", strings.Join(left, " "))
	}
	tables := glob(ts, filepath.Join(out, "*", "as_of_date="+date, "*"))
	_, err := os.Stat(filepath.Join(out, "_runs", date+".json"))
	switch {
	case neg && (len(tables) > 0 || err == nil):
		ts.Fatalf("published although it should not be: %s", date)
	case !neg && (len(tables) == 0 || err != nil):
		ts.Fatalf("not published: %s", date)
	}
}

func glob(ts *testscript.TestScript, pattern string) []string {
	names, err := filepath.Glob(pattern)
	ts.Check(err)
	return names
}

// tree is the content of a folder's files by their paths; a folder ends in a slash.
type tree map[string]string

// readTree reads what is published in a sink's folder. Locks stay when a run
// has ended, and the quarantine is written by failed runs too: neither is
// published.
func readTree(ts *testscript.TestScript, root string) tree {
	files := tree{}
	ts.Check(filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && (e.Name() == "_locks" || e.Name() == "_quarantine") {
			return filepath.SkipDir
		}
		name, err := filepath.Rel(root, path)
		if err != nil || e.IsDir() {
			files[name+"/"] = ""
			return err
		}
		content, err := os.ReadFile(path)
		files[name] = string(content)
		return err
	}))
	return files
}

func snapshot(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: snapshot OUT")
	}
	stateOf(ts).snapshots[args[0]] = readTree(ts, ts.MkAbs(args[0]))
}

func unchanged(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: unchanged OUT")
	}
	before, ok := stateOf(ts).snapshots[args[0]]
	if !ok {
		ts.Fatalf("unchanged needs a snapshot first")
	}
	now := readTree(ts, ts.MkAbs(args[0]))
	for name, content := range before {
		if is, ok := now[name]; !ok || is != content {
			ts.Fatalf("changed or gone: %s", name)
		}
	}
	for name := range now {
		if _, ok := before[name]; !ok {
			ts.Fatalf("new: %s", name)
		}
	}
}

// rows prints the rows of a folder's Parquet files.
func rows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: rows FOLDER")
	}
	ctx := context.Background()
	source, err := sources.NewParquet(sources.Parquet{Paths: []string{filepath.Join(ts.MkAbs(args[0]), "*.parquet")}})
	ts.Check(err)
	description, err := source.Describe(ctx, "")
	ts.Check(err)
	request := pipeline.Request{Readers: 1}
	for _, field := range description.Columns.Fields() {
		request.Columns = append(request.Columns, field.Name)
	}
	readers, err := source.Open(ctx, request)
	ts.Check(err)
	defer readers[0].Close()
	for {
		batch, err := readers[0].Next(ctx)
		if errors.Is(err, io.EOF) {
			return
		}
		ts.Check(err)
		printRows(ts.Stdout(), batch)
		batch.Record.Release()
	}
}

func printRows(to io.Writer, batch pipeline.Batch) {
	for row := range int(batch.Record.NumRows()) {
		for i, column := range batch.Record.Columns() {
			value := "NULL"
			if column.IsValid(row) {
				value = column.ValueStr(row)
			}
			fmt.Fprintf(to, "%s=%s ", batch.Record.ColumnName(i), value)
		}
		fmt.Fprintln(to)
	}
}

// isJSON checks that a text is JSON objects, one a line or one in all.
func isJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: json lines|object stdout|stderr|FILE")
	}
	text := strings.TrimSpace(ts.ReadFile(args[1]))
	parts := []string{text}
	if args[0] == "lines" {
		parts = strings.Split(text, "\n")
	}
	for _, part := range parts {
		var object map[string]any
		if err := json.Unmarshal([]byte(part), &object); err != nil {
			ts.Fatalf("%s: %v in %s", args[1], err, part)
		}
	}
}
