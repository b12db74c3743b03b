package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

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

// initJob proposes a job, or takes the template, and writes it if it is valid.
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
	content, report := jobs.Template, "wrote the template "+output+"\n"
	if len(paths) > 0 {
		proposal, err := propose(ctx, w, paths, name, word(filepath.ToSlash(output)))
		if err != nil {
			return err
		}
		content = proposal.File
		report = fmt.Sprintf("proposed %s from %s\n%s", output, strings.Join(paths, ", "), proposal.Text())
	}
	if _, err := jobs.Load(output, []byte(content), w.lookup, adapters()); err != nil {
		return err // as for a file whose name is none for a job
	}
	if !toFile {
		return writeOut(w, []byte(content))
	}
	if err := writeFile(output, []byte(strings.TrimSuffix(content, "\n"))); err != nil {
		return cannotWrite(output, err)
	}
	return writeOut(w, fmt.Appendf(nil, "%snext: answer the questions in it, then\n  perennial validate %[2]s\n  perennial plan %[2]s\n  perennial run %[2]s\n", report, word(output)))
}

func propose(ctx context.Context, w *world, paths []string, name, file string) (*jobs.Proposal, error) {
	o, err := proposeOptions(w, paths)
	if err != nil {
		return nil, err
	}
	o.Name, o.File = name, file
	return jobs.Propose(ctx, o)
}

// inPaths is what the path in a command to copy needs no quotes for.
var inPaths = regexp.MustCompile(`^[\pL\pN_./:-]+$`)

// word writes a path as one word of a command.
func word(path string) string {
	if inPaths.MatchString(path) {
		return path
	}
	return strconv.Quote(path)
}

// refuseOverwriting protects a file that a person may have worked on.
func refuseOverwriting(path string) error {
	if _, err := os.Lstat(path); err != nil {
		return nil // writing says what is wrong with the path
	}
	return pipeline.Errorf(pipeline.ClassUsage, path, "name another file with --output, or move this one away", "the file exists already")
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
		if strings.Contains(path, "${") || !utf8.ValidString(path) {
			return o, pipeline.Errorf(pipeline.ClassUsage, "", "rename it, or name it by a pattern", "file %d: a job file cannot hold a name with ${ in it or one that is not UTF-8", i+1)
		}
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
