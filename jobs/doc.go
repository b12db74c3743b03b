// Package jobs says what a run is: the job file and its validation, the plan,
// the catalogue of tables, and the whole data flow on one page.
//
//	parse.go     a job file's text to a YAML tree, within limits
//	bind.go      YAML to Go values: every problem at once, with line and column
//	nearest.go   the known name nearest to one that is not
//	load.go      a job file to a Job, or everything that is wrong with it
//	job.go       the job file: every key, its default and its meaning
//	parts.go     the parts of a job file that may be written in several ways
//	override.go  values of the job file that the command line sets
//	keys.go      the keys of the job file, read off the tags of File and of the adapters' options
//	schema.go    the same as a JSON Schema
//	validate.go, validate_models.go  what cannot be right, and what to do about it
//	settings.go  the mapping bound to the source; the run's calendar
//	asof.go      the as-of day; whose tables a sink holds
//	catalogue.go all tables, in the order they are published
//	run.go       the data flow, from the source to published tables
//	passes.go    pass A, the models and pass B: over all shards, side by side
//	histories.go what a sample of customers did, kept from pass A for backtests
//	model_file.go what a run fitted, as a file
//	model_*.go   such a file read, and used by another run
//	stage.go     pass C: every table to the sink, checked
//	freshness.go whether the source is whole: late, there twice, begun late, another column than the customer's
//	questions.go what a job file leaves open
//	contract.go  columns that were published before stay as they were
//	gates.go     what must hold before anything is published
//	checks.go    run_checks: what was checked, with both numbers
//	record.go    runs, run_inputs, run_checks, table_columns as tables
//	memory.go    what memory a run may take, and how it is dealt out
//	plan.go      what a run would do
//	summary.go   what a run did
//	summary_text.go the same for people, on one screen
//	doctor.go    what a run needs of source, sink and machine
//	diagnosis.go what is in order and what is not
//	propose.go   a job file for a source that nobody has described
//	propose_*.go its columns and their parts, counts, and the file's text
//	template.go  a job file with every part
//	explain.go   everything a user can ask about, and what a topic names
//	explain_*.go the same as text and as Markdown
//	wrap.go      text in lines, for all that people read
//	glossary.go  the words that tables and documents use
//	sample.go    the simulated shop of sample and demo
//
// The .yaml files beside the code are jobs that a user copies.
package jobs
