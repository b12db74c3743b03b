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
)

func newInit(w *world) *cobra.Command {
	var output, table string
	c := &cobra.Command{
		Use:   "init [SOURCE…]",
		Short: "Propose a job file for transactions in files or a table; without SOURCE, write a template",
		Long: `Propose a job file for files of transactions, CSV or Parquet, or for a pattern
such as 'data/*.csv', on this machine or in an object store (gs://, s3://); or for
a table of a database:

  perennial init bigquery://project.dataset.table
  perennial init postgres://user@host/database --table public.orders
  perennial init shop.duckdb --table orders

It finds delimiter, encoding, date format and which column plays which part,
counts what matters in up to two million rows, and marks what only a person can
know as QUESTION. Without SOURCE it writes a template with every part of a job
file.`,
		RunE: func(c *cobra.Command, args []string) error {
			return initJob(c.Context(), w, proposed{args, table}, output)
		},
	}
	c.Flags().StringVar(&output, "output", "", "`file` to write, - for standard output (default: the source's name with .yaml, in this folder)")
	c.Flags().StringVar(&table, "table", "", "`table` of the database to propose a job for")
	return c
}

// initJob proposes a job, or takes the template, and writes it if it is valid.
func initJob(ctx context.Context, w *world, source proposed, output string) error {
	name := source.name()
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
	if len(source.args) > 0 {
		proposal, err := propose(ctx, w, source, name, word(filepath.ToSlash(output)))
		if err != nil {
			return err
		}
		content = proposal.File
		report = fmt.Sprintf("proposed %s from %s\n%s", output, source, proposal.Text())
	} else if source.table != "" {
		return pipeline.Errorf(pipeline.ClassUsage, "", "name the database before --table", "a table of no database")
	}
	if _, err := jobs.Load(output, []byte(content), source.lookup(w.lookup), adapters()); err != nil {
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

func propose(ctx context.Context, w *world, source proposed, name, file string) (*jobs.Proposal, error) {
	o, err := source.options(w)
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
