package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perennial-clv/perennial/jobs"
)

func newExplain(w *world) *cobra.Command {
	var output, job string
	c := &cobra.Command{
		Use: "explain [TOPIC]", Short: "Say what a table, a column, a key of the job file, a check, a status or an exit code means",
		Long: `Say what a table, a column, a key of the job file, an exclusion reason, a check, a status, a model
or an exit code means. Without a topic, list all topics.`,
		Example: `  perennial explain customers
  perennial explain customers.residual_clv
  perennial explain source.columns.amount
  perennial explain exit 5`,
		ValidArgsFunction: func(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
			return beginning(dictionary().Topics(), begun), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			if !slices.Contains(explainOutputs, output) {
				return usage(c, "--output is text, markdown or json, not %q", output)
			}
			d := dictionary()
			if job != "" {
				loaded, err := loadJob(w, job, &flags{})
				if err != nil {
					return err
				}
				d = jobs.NewDictionary(adapters(), loaded.Attributes())
			}
			if len(args) > 0 {
				var err error
				if d, err = d.Find(strings.Join(args, " ")); err != nil {
					return err
				}
			}
			if output == "markdown" {
				return writeOut(w, []byte(d.Markdown()))
			}
			return printOut(w, output, d)
		},
	}
	c.Flags().StringVar(&output, "output", "text", "`text`, markdown or json; markdown of all is docs/tables.md")
	c.Flags().StringVar(&job, "job", "", "`file` of a job whose attributes are explained as columns (default: one attribute, country)")
	complete(c, "output", explainOutputs...)
	completeJobFlag(c, "job")
	return c
}

var explainOutputs = []string{"text", "markdown", "json"}

// dictionary explains this program, for jobs with one attribute.
func dictionary() *jobs.Dictionary { return jobs.NewDictionary(adapters(), []string{"country"}) }

func newSchema(w *world) *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of job files, for editors", Args: noArguments,
		Long: `Print the JSON Schema (draft 2020-12) of job files. Editors with a YAML language server check and
complete a job file that begins with a line

  # yaml-language-server: $schema=FILE

where FILE holds what this command prints.`,
		RunE: func(*cobra.Command, []string) error {
			content, err := indented(jobs.JSONSchema(adapters()))
			if err != nil {
				return err
			}
			return writeOut(w, content)
		},
	}
}
