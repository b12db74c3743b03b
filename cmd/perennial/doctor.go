package main

import (
	"context"
	"runtime"
	"slices"

	"github.com/spf13/cobra"

	"github.com/perennial-clv/perennial/jobs"
)

func newDoctor(w *world) *cobra.Command {
	var f flags
	c := &cobra.Command{
		Use: "doctor JOB", Short: "Say whether a run could reach, read and write everything", Args: oneArgument("job file"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.check(c); err != nil {
				return err
			}
			d := examine(c.Context(), w, args[0], &f)
			if err := printOut(w, f.output, d); err != nil {
				return err
			}
			return d.Err()
		},
	}
	f.addAsOf(c)
	f.addOutput(c)
	f.addMachine(c)
	f.addModels(c)
	return c
}

// examine looks at everything a run needs, as far as what comes before allows.
func examine(ctx context.Context, w *world, path string, f *flags) *jobs.Diagnosis {
	d := &jobs.Diagnosis{Job: path}
	var unset []string // of the variables that the job file names; without a default they are problems of it
	asking := *w
	asking.lookup = func(name string) (string, bool) {
		value, ok := w.lookup(name)
		if !ok && !slices.Contains(unset, name) {
			unset = append(unset, name)
		}
		return value, ok
	}
	job, err := loadJob(&asking, path, f)
	if err != nil {
		d.Fail("job file", err)
		return d
	}
	d.OK("job file", "%s is valid, the job is %s", path, job.Name)
	for _, name := range unset {
		d.OK("environment", "%s is not set, its default stands in", name)
	}
	d.OK("time zone", "%s is known", job.Settings.Zone)
	run, err := runOf(w, job, f)
	if err != nil {
		d.Fail("as of", err)
		return d
	}
	d.OK("as of", "%s; it is %s now", run.AsOf, w.now().UTC().Format("2006-01-02 15:04 UTC"))
	run.ExamineJob(d)
	run.Examine(ctx, machineOf(w), d)
	return d
}

// machineOf returns what this machine gives a run.
func machineOf(w *world) jobs.Machine {
	memory, limit := memoryOf(w.root)
	return jobs.Machine{Memory: memory, Limit: limit, Processors: runtime.NumCPU()}
}
