package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/pipeline"
)

// loadJob reads and validates a job file, with what the command line sets.
func loadJob(w *world, path string, f *flags) (*jobs.Job, error) {
	content, err := readFile(path, "job file", "give the path of a job file")
	if err != nil {
		return nil, err
	}
	return jobs.Load(path, content, w.lookup, adapters(), f.set...)
}

// readFile reads a file that the command line names: what it is, and the hint
// where it is not there.
func readFile(path, what, hint string) ([]byte, error) {
	content, err := os.ReadFile(path)
	var inPath *fs.PathError
	if errors.As(err, &inPath) {
		err = inPath.Err // the place says which path
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, pipeline.Errorf(pipeline.ClassPermission, path, "make the "+what+" readable for this user", "cannot read the %s: %w", what, err)
	case err != nil:
		return nil, pipeline.Errorf(pipeline.ClassUsage, path, hint, "cannot read the %s: %w", what, err)
	}
	return content, nil
}

// loadRun makes a run of a job file as of a day.
func loadRun(w *world, path string, f *flags) (*jobs.Run, error) {
	job, err := loadJob(w, path, f)
	if err != nil {
		return nil, err
	}
	return runOf(w, job, f)
}

// runOf makes a run of a job as of a day.
func runOf(w *world, job *jobs.Job, f *flags) (*jobs.Run, error) {
	now := w.now()
	asOf, err := job.ResolveAsOf(f.asOf, now)
	if err != nil {
		return nil, err
	}
	run := &jobs.Run{
		Job: job, AsOf: asOf, CodeVersion: codeVersion(), Workers: max(1, f.workers),
		Memory: f.memoryIn(w), WorkDir: cmp.Or(f.workDir, os.TempDir()), PeakMemory: w.peakMemory,
		AcceptVolume: f.acceptVolume, AcceptColumns: f.acceptColumns,
		RunID: now.UTC().Format("20060102T150405Z") + "-" + w.newID(), Now: w.now,
	}
	return run, addModelFiles(run, f)
}

func newValidate(w *world) *cobra.Command {
	var f flags
	c := &cobra.Command{
		Use: "validate JOB", Short: "Check a job file, offline: every problem at once", Args: oneArgument("job file"),
		RunE: func(_ *cobra.Command, args []string) error {
			job, err := loadJob(w, args[0], &f)
			if err != nil {
				return err
			}
			text := args[0] + ": valid\n"
			if open := job.OpenQuestions(); open != "" {
				text += open + "\n"
			}
			_, err = io.WriteString(w.stdout, text)
			return err
		},
	}
	f.addSet(c)
	return c
}

func newPlan(w *world) *cobra.Command {
	var f flags
	c := &cobra.Command{
		Use: "plan JOB", Short: "Say what a run would do: input, periods, tables, memory, cost", Args: oneArgument("job file"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.check(c); err != nil {
				return err
			}
			run, err := loadRun(w, args[0], &f)
			if err != nil {
				return err
			}
			plan, err := run.Plan(c.Context())
			if err != nil {
				return err
			}
			return printOut(w, f.output, plan)
		},
	}
	f.addAsOf(c)
	f.addOutput(c)
	f.addMachine(c)
	f.addAcceptColumns(c)
	f.addModels(c)
	return c
}

func newCheck(w *world) *cobra.Command {
	var f flags
	c := &cobra.Command{
		Use: "check JOB", Short: "Say whether an as-of date is published and whole: 0 yes, 75 not yet, 5 damaged", Args: oneArgument("job file"),
		RunE: func(c *cobra.Command, args []string) error {
			run, err := loadRun(w, args[0], &f)
			if err != nil {
				return err
			}
			journal, err := run.Job.Sink.Check(c.Context(), run.AsOf.String())
			if err := cmp.Or(err, run.Job.CheckOwner(journal)); err != nil {
				return withNewest(c.Context(), run, err)
			}
			_, err = fmt.Fprintf(w.stdout, "%s as of %s: published by run %s, %d tables whole\n", run.Job.Name, journal.AsOf, journal.RunID, len(journal.Tables))
			return err
		},
	}
	f.addAsOf(c)
	return c
}

// withNewest adds to the hint about a date that is not published which one is
// the newest.
func withNewest(ctx context.Context, run *jobs.Run, err error) error {
	var e *pipeline.Error
	if errors.As(err, &e) && e.Class == pipeline.ClassTemporary {
		if latest, _ := run.Job.Sink.Latest(ctx); latest != nil && latest.AsOf != run.AsOf.String() {
			e.Hint += "; the newest date published is " + latest.AsOf
		}
	}
	return err
}

func newRun(w *world) *cobra.Command {
	var f flags
	var p profiles
	c := &cobra.Command{
		Use: "run JOB", Short: "Compute and publish the tables of an as-of date", Args: oneArgument("job file"),
		RunE: func(c *cobra.Command, args []string) error {
			end, err := p.begin()
			if err != nil {
				return err
			}
			summary, err := runJob(c, w, args[0], &f)
			if summary == nil {
				summary = &jobs.Summary{Stage: "validate", Job: args[0], CodeVersion: codeVersion()}
				summary.Fail(err)
			}
			if code := w.signalled(); code != 0 && err != nil {
				summary.ExitCode = code
			}
			writeErr := writeSummary(w, &f, summary)
			if err == nil || f.output == "json" {
				err = errors.Join(err, printOut(w, f.output, summary))
			}
			return errors.Join(err, writeErr, end())
		},
	}
	f.addAsOf(c)
	f.addOutput(c)
	f.addMachine(c)
	f.addModels(c)
	f.addRun(c)
	f.addAcceptColumns(c)
	p.add(c)
	return c
}

// runJob runs a job file; the summary is nil where the run could not begin.
func runJob(c *cobra.Command, w *world, path string, f *flags) (*jobs.Summary, error) {
	if err := f.check(c); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Dir(f.summary)); err != nil {
		err = cannotWrite(f.summary, err) // now, not when all is done
		f.summary = ""
		return nil, err
	}
	if _, err := os.Stat(filepath.Dir(f.saveModels)); err != nil {
		return nil, cannotWrite(f.saveModels, err)
	}
	run, err := loadRun(w, path, f)
	if err != nil {
		return nil, err
	}
	return doRun(c, w, run, f)
}

func doRun(c *cobra.Command, w *world, run *jobs.Run, f *flags) (*jobs.Summary, error) {
	started := w.now()
	limitMemory(run.Memory)
	log, end := watch(w, f, run)
	defer end()
	summary, err := run.Do(c.Context())
	if err != nil {
		log.Error("failed", "stage", summary.Stage, "class", summary.Class, "job", run.Job.Name, "run_id", run.RunID, "message", summary.Message)
		return summary, err
	}
	for _, warning := range summary.Warnings {
		log.Warn(warning, "job", run.Job.Name, "run_id", run.RunID)
	}
	log.Info("succeeded", "job", run.Job.Name, "run_id", run.RunID, "seconds", w.now().Sub(started).Round(time.Millisecond).Seconds())
	return summary, nil
}

// texter is a result that people can read.
type texter interface{ Text() string }

// printOut prints a result to standard output as text or as one JSON object.
func printOut(w *world, output string, result texter) error {
	content := []byte(result.Text())
	if output == "json" {
		var err error
		if content, err = indented(result); err != nil {
			return err
		}
	}
	return writeOut(w, content)
}

// indented returns a value as JSON for people.
func indented(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(value)
	return b.Bytes(), err
}

// writeOut writes what a command has to say to standard output.
func writeOut(w *world, content []byte) error {
	if _, err := w.stdout.Write(content); err != nil {
		return pipeline.Errorf(pipeline.ClassTemporary, "standard output", "what the command did stands; only its report is lost", "cannot be written: %w", err)
	}
	return nil
}
