package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/pipeline"
)

// version is set when a release is built: -ldflags "-X main.version=v1.2.3".
var version = ""

// codeVersion returns the program's version, with the revision it was built of
// where the build knows it.
func codeVersion() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return "devel-" + s.Value[:min(12, len(s.Value))]
		}
	}
	return "devel"
}

// flags are the flags that several commands share.
type flags struct {
	asOf          string
	set           []string
	workers       int
	memory        size
	workDir       string
	log           string
	output        string
	summary       string
	acceptVolume  bool
	acceptColumns bool
	models        string
	startFrom     string
	saveModels    string
}

// run executes the command line and returns the exit code.
func run(ctx context.Context, w world) int {
	root := newRoot(&w)
	root.SetArgs(w.args)
	root.SetOut(w.stdout)
	root.SetErr(w.stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	report(w.stderr, err)
	if code := w.signalled(); code != 0 {
		return code
	}
	return int(pipeline.ClassOf(err))
}

func newRoot(w *world) *cobra.Command {
	root := &cobra.Command{
		Use:           "perennial",
		Short:         "Cohorts, retention and customer lifetime value from a log of transactions",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArguments,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(flagFailure)
	root.AddCommand(
		newDemo(w), newInit(w), newSample(w), newValidate(w), newPlan(w), newDoctor(w), newRun(w), newCheck(w),
		newExplain(w), newSchema(w),
		&cobra.Command{
			Use: "version", Short: "Print the version", Args: noArguments,
			RunE: func(*cobra.Command, []string) error {
				_, err := fmt.Fprintf(w.stdout, "perennial %s %s %s/%s\n", codeVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
				return err
			},
		})
	addCompletion(root)
	root.InitDefaultHelpCmd()
	if help, _, err := root.Find([]string{"help"}); err == nil {
		help.Args = func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			return cmp.Or(err, noArguments(c, rest))
		}
	}
	return root
}

// noArguments refuses arguments; an unknown command is one.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if c.HasSubCommands() {
		var known []string
		for _, below := range c.Commands() {
			known = append(known, below.Name())
		}
		return nearUsage(c, args[0], known, "unknown command %q", args[0])
	}
	return usage(c, "%s takes no arguments", c.Name())
}

// flagFailure is an error in the flags; one that there is not names the nearest.
func flagFailure(c *cobra.Command, err error) error {
	var unknown interface{ GetSpecifiedName() string }
	if !errors.As(err, &unknown) {
		return usage(c, "%w", err)
	}
	var known []string
	c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, "--"+f.Name) })
	return nearUsage(c, "--"+unknown.GetSpecifiedName(), known, "%w", err)
}

// nearUsage is a usage error about a name, with the nearest of those known.
func nearUsage(c *cobra.Command, name string, known []string, format string, args ...any) error {
	hint := "see " + c.CommandPath() + " --help"
	if near := jobs.Nearest(name, known); near != "" {
		hint = fmt.Sprintf("did you mean %s? %s", near, hint)
	}
	return pipeline.Errorf(pipeline.ClassUsage, "", hint, format, args...)
}

// oneArgument demands exactly one argument, called what.
func oneArgument(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usage(c, "%s takes one %s", c.Name(), what)
		}
		return nil
	}
}

func usage(c *cobra.Command, format string, args ...any) error {
	return pipeline.Errorf(pipeline.ClassUsage, "", "see "+c.CommandPath()+" --help", format, args...)
}

// addSet adds the flag of commands that read a job file.
func (f *flags) addSet(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.set, "set", nil, "replace or add one value of the job file, `path=value`, as value.discount_rate=0.12; may be repeated")
	completeSet(c)
	c.ValidArgsFunction = jobArgument
}

// addAsOf adds the flags of commands that take a job as of a day.
func (f *flags) addAsOf(c *cobra.Command) {
	f.addSet(c)
	c.Flags().StringVar(&f.asOf, "as-of", "", "last civil day that counts, `YYYY-MM-DD` (default: the job file's, else the last complete day)")
}

func (f *flags) addOutput(c *cobra.Command) {
	c.Flags().StringVar(&f.output, "output", "text", "`text` or json, to standard output")
	complete(c, "output", "text", "json")
}

func (f *flags) addAcceptColumns(c *cobra.Command) {
	c.Flags().BoolVar(&f.acceptColumns, "accept-columns", false, "publish although columns that were published before are gone or of another type")
}

// addModels adds the flags of commands that may take models of an earlier run.
func (f *flags) addModels(c *cobra.Command) {
	c.Flags().StringVar(&f.models, "models", "", "predict with the models of a `file` that a run has saved; fit none")
	c.Flags().StringVar(&f.startFrom, "start-from", "", "begin the searches of the fits at the models of such a `file`: the same maxima, found sooner")
}

// addMachine adds the flags of commands that say or use what a run may take.
func (f *flags) addMachine(c *cobra.Command) {
	c.Flags().IntVar(&f.workers, "workers", runtime.GOMAXPROCS(0), "`number` of goroutines that compute")
	c.Flags().Var(&f.memory, "memory", "`size` that the process may take, as 4GiB or 512MiB (default: 70 % of what the control group or the machine has)")
	c.Flags().StringVar(&f.workDir, "work-dir", os.TempDir(), "`folder` for the rows that memory does not hold; nothing is left in it")
	must(c.MarkFlagDirname("work-dir"))
}

func (f *flags) addRun(c *cobra.Command) {
	c.Flags().StringVar(&f.log, "log", "", "`text` or json, to standard error (default: a progress bar on a terminal, else json)")
	complete(c, "log", "text", "json")
	c.Flags().StringVar(&f.summary, "summary", "", "`file` for the summary as JSON, also of a failed run")
	c.Flags().StringVar(&f.saveModels, "save-models", "", "`file` for the models that were fitted, written once the tables are published")
	c.Flags().BoolVar(&f.acceptVolume, "accept-volume", false, "publish although the source has far fewer rows than the previous run's")
}

// check refuses values that flags cannot have.
func (f *flags) check(c *cobra.Command) error {
	for _, choice := range []struct{ flag, value string }{{"output", f.output}, {"log", f.log}} {
		switch choice.value {
		case "", "text", "json":
		default:
			return usage(c, "--%s is text or json, not %q", choice.flag, choice.value)
		}
	}
	if f.models != "" && f.startFrom+f.saveModels != "" {
		return usage(c, "with --models nothing is fitted: there is no search to start, and nothing new to save")
	}
	if c.Flags().Lookup("workers") != nil && f.workers < 1 {
		return usage(c, "--workers is at least 1")
	}
	if c.Flags().Changed("memory") && f.memory < jobs.LeastMemory {
		return usage(c, "--memory is at least %s", size(jobs.LeastMemory))
	}
	if info, err := os.Stat(f.workDir); c.Flags().Changed("work-dir") && (err != nil || !info.IsDir()) {
		return usage(c, "--work-dir is a folder that is there, not %q", f.workDir)
	}
	return nil
}
