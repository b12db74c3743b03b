package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perennial-clv/perennial/jobs"
)

// addCompletion adds the command that prints scripts for shells.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	c, _, err := root.Find([]string{"completion"})
	if err != nil {
		panic(err) // it has just been added
	}
	c.Short = "Print a script by which a shell completes commands, flags, job files and topics"
	c.Long = `Print a script by which a shell completes commands, flags and their values, job files (*.yaml),
keys of the job file after --set, and topics of explain:

  bash        source <(perennial completion bash)
  zsh         source <(perennial completion zsh)
  fish        perennial completion fish | source
  powershell  perennial completion powershell | Out-String | Invoke-Expression

In the file that your shell reads when it starts, the line works in every session. The help of each
shell's command says how to install the script instead.`
	c.Args = noArguments
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	for _, shell := range c.Commands() {
		shell.Args = noArguments
	}
}

// jobFiles are the endings of job files.
var jobFiles = []string{"yaml", "yml"}

// jobArgument completes a first argument that is a job file.
func jobArgument(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return jobFiles, cobra.ShellCompDirectiveFilterFileExt
}

// complete completes a flag's value.
func complete(c *cobra.Command, flag string, values ...string) {
	must(c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)))
}

// completeJobFlag completes a flag that names a job file.
func completeJobFlag(c *cobra.Command, flag string) {
	must(c.MarkFlagFilename(flag, jobFiles...))
}

// completeSet completes the path in --set.
func completeSet(c *cobra.Command) {
	must(c.RegisterFlagCompletionFunc("set", func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		var paths []string
		for _, k := range jobs.Keys(adapters()) {
			paths = append(paths, strings.ReplaceAll(k.Path, "[]", "[0]")+"=")
		}
		return beginning(paths, begun), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}))
}

// beginning returns the words that begin so.
func beginning(words []string, begun string) []string {
	return slices.DeleteFunc(words, func(word string) bool { return !strings.HasPrefix(word, begun) })
}

// must stops a program whose flags are declared wrongly.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
