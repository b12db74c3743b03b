//go:build unix

package main

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf16"

	"github.com/klauspost/compress/gzip"
	"github.com/parquet-go/parquet-go"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// Commands of scripts that make inputs and obstacles:
//
//	encode bom|latin1|utf16 FILE   puts a byte order mark in front; converts to ISO 8859-1, or to UTF-16 with its mark
//	encode gzip FILE         writes FILE.gz
//	encode parquet FILE.csv  writes FILE.parquet, amounts as DOUBLE, whole numbers as INT64, a column day as DATE, all else as text
//	truncate FILE BYTES      cuts the file's last bytes off
//	append N LINE FILE       appends the line N times
//	unprivileged N COMMAND…  as exits, but as the user nobody if root runs the tests
//	hold FILE                keeps the file locked to the end of the script, as a run does
//	hold release             … or until here
//	disk FOLDER SIZE         mounts a disk of that size there

// encode writes a file in another form.
func encode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: encode bom|latin1|utf16|gzip|parquet FILE")
	}
	path := ts.MkAbs(args[1])
	text := ts.ReadFile(args[1])
	switch args[0] {
	case "bom":
		ts.Check(os.WriteFile(path, []byte("\ufeff"+text), 0o666))
	case "latin1":
		var encoded []byte
		for _, r := range text {
			encoded = append(encoded, byte(r)) // ISO 8859-1 is the first 256 code points
		}
		ts.Check(os.WriteFile(path, encoded, 0o666))
	case "utf16":
		var encoded []byte
		for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
			encoded = binary.LittleEndian.AppendUint16(encoded, unit)
		}
		ts.Check(os.WriteFile(path, encoded, 0o666))
	case "gzip":
		var encoded bytes.Buffer
		w := gzip.NewWriter(&encoded)
		_, err := w.Write([]byte(text))
		ts.Check(err)
		ts.Check(w.Close())
		ts.Check(os.WriteFile(path+".gz", encoded.Bytes(), 0o666))
	case "parquet":
		ts.Check(writeParquet(strings.TrimSuffix(path, ".csv")+".parquet", text))
	default:
		ts.Fatalf("unknown form %q", args[0])
	}
}

// writeParquet writes a CSV text as a Parquet file: amounts as DOUBLE, whole
// numbers as INT64, a column day as DATE, all else as text.
func writeParquet(path, text string) error {
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return err
	}
	header, records := records[0], records[1:]
	group := parquet.Group{}
	rows := make([]map[string]any, len(records))
	for i := range records {
		rows[i] = map[string]any{}
	}
	for i, name := range header {
		node, value := parquetColumn(name, i, records)
		group[name] = node
		for r := range records {
			rows[r][name] = value(records[r][i])
		}
	}
	return parquet.WriteFile(path, rows, parquet.NewSchema("orders", group))
}

// parquetColumn returns a column's type and how its texts become values.
func parquetColumn(name string, column int, records [][]string) (parquet.Node, func(string) any) {
	isWhole := true
	for _, record := range records {
		_, err := strconv.ParseInt(record[column], 10, 64)
		isWhole = isWhole && err == nil
	}
	switch {
	case name == "amount":
		return parquet.Leaf(parquet.DoubleType), func(text string) any {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				panic(err)
			}
			return v
		}
	case name == "day":
		return parquet.Date(), func(text string) any {
			day, err := time.Parse(time.DateOnly, text)
			if err != nil {
				panic(err)
			}
			return int32(day.Unix() / (24 * 60 * 60))
		}
	case isWhole:
		return parquet.Int(64), func(text string) any {
			v, _ := strconv.ParseInt(text, 10, 64) // parsed once already
			return v
		}
	default:
		return parquet.String(), func(text string) any { return text }
	}
}

func truncate(ts *testscript.TestScript, neg bool, args []string) {
	bytes, err := strconv.ParseInt(argument(args, 1), 10, 64)
	if neg || len(args) != 2 || err != nil {
		ts.Fatalf("usage: truncate FILE BYTES")
	}
	path := ts.MkAbs(args[0])
	info, err := os.Stat(path)
	ts.Check(err)
	ts.Check(os.Truncate(path, info.Size()-bytes))
}

func appendLines(ts *testscript.TestScript, neg bool, args []string) {
	times, err := strconv.Atoi(argument(args, 0))
	if neg || len(args) != 3 || err != nil {
		ts.Fatalf("usage: append N LINE FILE")
	}
	file, err := os.OpenFile(ts.MkAbs(args[2]), os.O_APPEND|os.O_WRONLY, 0)
	ts.Check(err)
	defer file.Close()
	_, err = file.WriteString(strings.Repeat(args[1]+"\n", times))
	ts.Check(err)
}

// nobody is the user without rights by convention.
const nobody = 65534

// unprivileged runs a command as a user whom permissions bind.
func unprivileged(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(argument(args, 0))
	if neg || err != nil || len(args) < 2 {
		ts.Fatalf("usage: unprivileged N COMMAND…")
	}
	path, err := lookPath(ts, args[1])
	ts.Check(err)
	command := exec.Command(path, args[2:]...)
	command.Dir = ts.MkAbs(".")
	for _, name := range []string{"WORK", "TMPDIR", "PATH", "NOW", "GORACE", "GOCOVERDIR"} {
		command.Env = append(command.Env, name+"="+ts.Getenv(name))
	}
	command.Stdout, command.Stderr = ts.Stdout(), ts.Stderr()
	if os.Getuid() == 0 {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		// The folders of program and script are root's alone.
		for _, dir := range []string{filepath.Dir(path), filepath.Dir(filepath.Dir(path)), ts.Getenv("WORK"), filepath.Dir(ts.Getenv("WORK"))} {
			ts.Check(os.Chmod(dir, 0o755))
		}
		ts.Check(os.Chmod(ts.Getenv("TMPDIR"), 0o777))
	}
	checkExit(ts, command.Run(), want)
}

// lookPath finds a program in the script's path.
func lookPath(ts *testscript.TestScript, name string) (string, error) {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, nil
		}
	}
	return "", &exec.Error{Name: name, Err: exec.ErrNotFound}
}

// hold locks a file as another run of the job does.
func hold(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hold FILE, hold release")
	}
	state := stateOf(ts)
	if args[0] == "release" {
		for _, file := range state.held {
			ts.Check(file.Close())
		}
		state.held = nil
		return
	}
	file, err := os.OpenFile(ts.MkAbs(args[0]), os.O_RDWR, 0)
	ts.Check(err)
	ts.Check(unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB))
	state.held = append(state.held, file)
}

// disk mounts a file system in memory, which needs root or sudo. Where there is
// neither the script is skipped, but not in CI: there it would never run.
func disk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: disk FOLDER SIZE")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o777))
	if output, err := asRoot("mount", "-t", "tmpfs", "-o", "mode=0777,size="+args[1], "tmpfs", dir); err != nil {
		if os.Getenv("CI") == "true" {
			ts.Fatalf("cannot mount a disk: %v: %s", err, output)
		}
		stateOf(ts).t.Skip("cannot mount a disk, which needs root or sudo:", err)
	}
	ts.Defer(func() {
		if output, err := asRoot("umount", dir); err != nil {
			ts.Logf("%v: %s", err, output)
		}
	})
}

func asRoot(command ...string) ([]byte, error) {
	if os.Getuid() != 0 {
		command = append([]string{"sudo", "-n"}, command...)
	}
	return exec.Command(command[0], command[1:]...).CombinedOutput()
}
