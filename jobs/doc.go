// Package jobs says what a run is: the job file and its validation, the plan,
// the catalogue of tables, and the whole data flow on one page.
//
//	bind.go      YAML to Go values: every problem at once, with line and column
//	job.go       the job file: every key, its default and its meaning
//	parts.go     the parts of a job file that may be written in several ways
//	validate.go  what cannot be right, and what to do about it
//	settings.go  the job in the terms of ledger, cohort, retention and clv
//	catalogue.go all tables, in the order they are published
//	run.go       the data flow, from the source to published tables
//	gates.go     what must hold before anything is published
//	checks.go    run_checks: what was checked, with both numbers
//	record.go    runs, run_inputs, run_checks as tables
//	plan.go      what a run would do
//	summary.go   what a run did
//
// The .yaml files beside the code are jobs that a user copies.
package jobs
