package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/sources"
)

func newInit(w *world) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "init [SOURCE…]",
		Short: "Propose a job file for files of transactions; without SOURCE, write a template",
		Long: `Propose a job file for files of transactions, CSV or Parquet, or for a pattern
such as 'data/*.csv'. It finds delimiter, encoding, date format and which column
plays which part, counts what matters, and marks what only a person can know as
QUESTION. Without SOURCE it writes a template with every part of a job file.`,
		RunE: func(c *cobra.Command, args []string) error {
			return initJob(c.Context(), w, args, output)
		},
	}
	c.Flags().StringVar(&output, "output", "", "`file` to write, - for standard output (default: the source's name with .yaml, in this folder)")
	return c
}

// initJob proposes a job and writes it.
func initJob(ctx context.Context, w *world, paths []string, output string) error {
	name := sourceName(paths)
	toFile := output != "-"
	if output == "" || !toFile {
		output = name + ".yaml"
	}
	if toFile {
		if err := refuseOverwriting(output); err != nil {
			return err
		}
	}
	if len(paths) == 0 {
		return writeTemplate(w, output, toFile)
	}
	o, err := proposeOptions(w, paths)
	if err != nil {
		return err
	}
	o.Name, o.File = name, filepath.ToSlash(output)
	proposal, err := jobs.Propose(ctx, o)
	if err != nil {
		return err
	}
	if !toFile {
		return printText(w, proposal.File)
	}
	if err := writeNew(output, proposal.File); err != nil {
		return err
	}
	return printText(w, fmt.Sprintf("proposed %s from %s\n%s%s", output, strings.Join(paths, ", "), proposal.Text(), nextCommands(output)))
}

func writeTemplate(w *world, output string, toFile bool) error {
	if !toFile {
		return printText(w, jobs.Template)
	}
	if err := writeNew(output, jobs.Template); err != nil {
		return err
	}
	return printText(w, fmt.Sprintf("wrote the template %s\n%s", output, nextCommands(output)))
}

func nextCommands(path string) string {
	return fmt.Sprintf("next: answer the questions in it, then\n  perennial validate %[1]s\n  perennial plan %[1]s\n  perennial run %[1]s\n", path)
}

func printText(w *world, text string) error {
	if _, err := fmt.Fprint(w.stdout, text); err != nil {
		return pipeline.Errorf(pipeline.ClassTemporary, "standard output", "what the command did stands; only its report is lost", "cannot be written: %w", err)
	}
	return nil
}

// refuseOverwriting protects a file that a person may have worked on.
func refuseOverwriting(path string) error {
	if _, err := os.Lstat(path); err != nil {
		return nil // writing says what is wrong with the path
	}
	return pipeline.Errorf(pipeline.ClassUsage, path, "name another file with --output, or move this one away", "the file exists already")
}

// writeNew writes a file that did not exist a moment ago.
func writeNew(path, content string) error {
	if err := writeFile(path, []byte(strings.TrimSuffix(content, "\n"))); err != nil {
		return cannotWrite(path, err)
	}
	return nil
}

// inNames is what a job's name may not hold.
var inNames = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// sourceName returns a name for a job on files: the first one's, without its
// endings and without the parts of a pattern.
func sourceName(paths []string) string {
	const otherwise = "job"
	if len(paths) == 0 {
		return otherwise
	}
	name := filepath.Base(paths[0])
	for _, ending := range []string{".gz", ".zst", ".bz2", ".csv", ".tsv", ".txt", ".parquet"} {
		if cut := len(name) - len(ending); cut > 0 && strings.EqualFold(name[cut:], ending) {
			name = name[:cut]
		}
	}
	name = strings.Trim(inNames.ReplaceAllString(name, "_"), "_.-")
	if name == "" {
		return otherwise
	}
	return name
}

// proposeOptions says how to open files: as Parquet by their ending, else as
// delimited text whose form is guessed from the first file.
func proposeOptions(w *world, paths []string) (jobs.ProposeOptions, error) {
	o := jobs.ProposeOptions{Now: w.now()}
	parquet := 0
	quoted := make([]string, len(paths))
	for i, path := range paths {
		if strings.EqualFold(filepath.Ext(path), ".parquet") {
			parquet++
		}
		quoted[i] = strconv.Quote(filepath.ToSlash(path))
	}
	list := "[" + strings.Join(quoted, ", ") + "]"
	switch parquet {
	case 0:
		return o, proposeCSV(&o, paths, list)
	case len(paths):
		o.Adapter = []string{"parquet: {paths: " + list + "}"}
		o.Open = func() (pipeline.Source, error) { return sources.NewParquet(sources.Parquet{Paths: paths}) }
		return o, nil
	default:
		return o, pipeline.Errorf(pipeline.ClassUsage, "", "one job reads one kind of file", "%d of the %d files are Parquet", parquet, len(paths))
	}
}

func proposeCSV(o *jobs.ProposeOptions, paths []string, list string) error {
	form, err := sources.Sniff(paths)
	if err != nil {
		return err
	}
	o.Open = func() (pipeline.Source, error) { return sources.NewCSV(form) }
	o.Adapter = []string{"csv:", "  paths: " + list}
	if form.Delimiter != "" {
		o.Adapter = append(o.Adapter, "  delimiter: "+strconv.Quote(form.Delimiter))
	}
	if form.Encoding != "" {
		o.Adapter = append(o.Adapter, "  encoding: "+form.Encoding)
	}
	if form.Header.None {
		o.Names = "header"
	}
	return nil
}
