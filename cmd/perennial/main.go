// Command perennial computes cohorts, retention and customer lifetime value
// from a log of transactions, and publishes them as tables.
//
// This package is the only one that reads flags, environment and clock, that
// chooses exit codes, and that knows which sources and sinks there are.
//
//	main.go      the process: signals, exit code
//	command.go   the commands and their common flags
//	adapters.go  the sources and sinks
//	job.go       a job file, as of a day: validate, plan, check, run
//	models.go    model files of the command line: saved, used, started from
//	explain.go   explain and schema
//	models.go    model files: read before a run, written after it
//	completion.go what shells complete
//	progress.go  a run watched: bars on a terminal, else log lines
//	doctor.go    doctor: what a run needs
//	profile.go   where a run spends its time and its memory, for who works on the program
//	memory.go    how much memory there is, and how much a run may take and took
//	size.go      a number of bytes as a flag
//	init.go      init: a job file for files that nobody has described
//	init_source.go  what a job is proposed for: files, a table
//	sample.go    sample and demo
//	report.go    errors, hints, summary files
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"io/fs"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // zones where the machine has none: containers without a distribution

	"golang.org/x/term"
)

// world is everything of the outside that commands see.
type world struct {
	args           []string
	stdout, stderr io.Writer
	lookup         func(string) (string, bool) // the environment
	now            func() time.Time
	newID          func() string // six random letters and digits
	signalled      func() int    // 128 + the number of the signal that ended the run, 0 if none did
	isTerminal     bool          // stderr is one
	width          func() int    // of that terminal, in columns
	xcom           string        // folder in which Airflow looks for return.json
	root           fs.FS         // of the machine, for its limits
	peakMemory     func() int64  // bytes that this process has taken at most
	termination    string        // file from which Kubernetes takes the last words
}

func main() {
	os.Exit(process())
}

// process runs the command under SIGINT and SIGTERM and returns the exit code.
func process() int {
	interrupted, stopInterrupt := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stopInterrupt()
	ctx, stopTerminate := signal.NotifyContext(interrupted, syscall.SIGTERM)
	defer stopTerminate()
	// The first signal ends the run in order; a second one ends the process, in
	// case a read hangs.
	context.AfterFunc(ctx, func() { signal.Reset(os.Interrupt, syscall.SIGTERM) })
	log.SetOutput(io.Discard) // libraries write there what comes back as an error too
	w := realWorld()
	w.signalled = func() int {
		switch {
		case interrupted.Err() != nil:
			return exitInterrupted
		case ctx.Err() != nil:
			return exitTerminated
		default:
			return 0
		}
	}
	return run(ctx, w)
}

// The exit codes of an interrupted run: 128 + the signal's number.
const (
	exitInterrupted = 130
	exitTerminated  = 143
)

func realWorld() world {
	return world{
		args: os.Args[1:], stdout: os.Stdout, stderr: os.Stderr,
		lookup: os.LookupEnv, now: time.Now, newID: randomID,
		isTerminal: term.IsTerminal(int(os.Stderr.Fd())), width: terminalWidth,
		xcom: "/airflow/xcom", termination: "/dev/termination-log",
		root: os.DirFS("/"), peakMemory: func() int64 { return peakMemory(os.DirFS("/")) },
	}
}

// terminalWidth returns the columns of the terminal that stderr is.
func terminalWidth() int {
	const usual = 80 // where it does not say
	if columns, _, err := term.GetSize(int(os.Stderr.Fd())); err == nil && columns > 0 {
		return columns
	}
	return usual
}

func randomID() string {
	var b [3]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
