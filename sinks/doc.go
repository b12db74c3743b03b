// Package sinks is where tables go: one adapter per technology, all of which
// pass the suite in pipeline/conformance. A sink takes Arrow records, stages
// them where no reader looks, and makes the tables of one run visible
// together. It knows how a table is stored and published, never what a column
// means or how it was computed.
//
// Parquet, in parquet.go, writes Parquet files into a folder of a local disk, or
// into an object store (below):
//
//	OUT/<table>/as_of_date=YYYY-MM-DD/part-NNNNN-<12 hex of its sha256>.parquet
//	OUT/_runs/<as_of>.json             the journal of a date, written last
//	OUT/_runs/<as_of>.<run_id>.json    a journal that a later run superseded
//	OUT/_runs/<as_of>.removing         the journal of a date that is being removed
//	OUT/_runs/latest.json              names the newest whole date
//	OUT/_staging/<run_id>/             what a run has staged; gone after it
//	OUT/_locks/<as_of>                 locked by the run that holds the date, and names it
//	OUT/_quarantine/<as_of>/           rows that could not be read
//
// A table becomes files in these steps. Row groups are encoded side by side and
// written in their order; everything is cut by rows alone, so that the same
// rows make the same bytes, however they are batched and by how many workers. Each step is a file parquet_<step>:
//
//	cut         records to row groups and pages of a fixed number of rows
//	page        a page of one column: its values, gathered without the nulls
//	dictionary  texts and numbers that repeat, and their ids per row group
//	encode      values to encoded pages, compressed where they shrink, column by column
//	stored      pages that do not shrink, in the same frames
//	bounds      the statistics of pages and row groups
//	chunk       the description of a column of a row group
//	footer      a file: row groups, page index, footer
//	file        a table: its parts, sums and receipt
//	schema      types, limits and the description in the footer
//
// A date is published in these steps; a process may be killed between any two
// system calls:
//
//  1. Lock _locks/<as_of> without waiting. The kernel frees it with the process.
//  2. Finish what a killed run of the date has left: with publish.json in its
//     staging folder go on at 5, without it delete the folder.
//  3. Write _staging/<run_id>/<table>/as_of_date=D/, fsync, read back.
//  4. Write publish.json: the new journal and the tables to drop. The point of
//     no return.
//  5. Per table, exchange the staged partition with the published one.
//  6. Write _runs/<as_of>.json, then latest.json.
//  7. Delete the staging folder, unlock.
//
// Killed before 4, the previous result is whole. Killed after it, each table
// is whole, old or new, Check answers that the date is not there yet, and the
// next run of the date finishes the publication before it begins its own.
//
// With keep_as_of, dates that it does not keep are removed when a newer one is
// published, each under its own lock:
//
//  1. Rename _runs/<as_of>.json to <as_of>.removing. The point of no return:
//     by the journals the date is gone.
//  2. Move each partition, and the quarantine, into _staging/removing-<as_of>/.
//  3. Delete that folder, the superseded journals, and the renamed journal last.
//
// Killed after 1, the next run finishes the removal; a run of that very date
// does so before it begins.
//
// An object store has the same layout, names and bytes, but no locks that end with
// a process and no renames, and others may list the files while they are copied.
// What is published stands in the log of the date:
//
//	OUT/_runs/<as_of>/<n>.json         the log of a date: its entry n; also in place of the superseded journals
//	OUT/_locks/<as_of>                 the lease of a run, which names it
//
// An entry is written only where its number is free, so that of several runs of a
// date one wins, whatever the lease says. Each step is a file bucket_<step>, over
// objects, which makes every request:
//
//	lease       write _locks/<as_of> if it is free or expired. A courtesy: it spares work
//	settle      finish or remove what other runs of the date have left, behind an entry that fences them off
//	part        upload _staging/<run_id>/<table>/as_of_date=D/, in pieces as the rows come
//	publish     copy to the final names, inside the store, and compare; then the entry n+1: the point of no return
//	log         entries, journals, latest.json
//	check       what the store lists against the journal
//	expire      an entry that nothing is published; then journal, files, log
//
// Behind the entry: write _runs/<as_of>.json, then latest.json, remove what the
// partitions have and the journal has not, remove what was staged, and the lease.
// Killed before the entry, the previous result is whole by the journal, and the next
// run of the date removes the rest. Killed after it, Check answers that the date
// is not there yet, and the next run of the date finishes the publication.
//
// What a store lists cannot be removed on condition that it is still the same, so
// a run looks at the log right before it removes: a run that is suspended between
// the two for longer than a lease lives, while another publishes equal rows, could
// remove a file of that other. Check finds it, and a run of the date replaces it.
//
// BigQuery, in bigquery.go, loads the same files into tables of a dataset:
//
//	<table>                            partitioned by as_of_date, clustered by its key
//	<table>_latest                     a view of the newest whole date
//	_runs                              the journal: a row per run and date
//	_staging_<date>_<run>_<table>      what a run has staged, in hashes; gone after it, or in a week
//	_quarantine                        rows that could not be read, partitioned likewise
//
// Each step is a file bigquery_<step>:
//
//	service     requests: bounded, made again, their errors
//	job         jobs: loads, copies, statements, each done once
//	runs        the statements on _runs
//	claim       a date is taken, and what was left of it settled
//	table       columns, partitions and views, and how they may change
//	stored      records as the table has them
//	stage       files loaded beside the tables, and counted there
//	publish     the point of no return
//	finish      what follows it
//	check       what is published against the journal
//	quarantine  rows that could not be read
//	probe       all of it on a table of one row
//
// A date is published in these steps; a process may be killed, or sleep for
// longer than its claim lasts, between any two requests, and a request may be
// done and its answer lost:
//
//  1. Claim the date: a row of _runs with the next number of the date, unless a
//     run holds it. A claim ends ten minutes after its run stops renewing it.
//  2. Finish what a run before has left: with a row that is publishing go on at
//     5; remove all that is staged of the date.
//  3. Write Parquet files, load them into a staged table, count rows and sums
//     there.
//  4. Make tables, columns and views that are not there yet, refusing first;
//     then let the row be publishing, with the new journal and the tables to
//     clear, if its number still is the date's highest. The point of no return.
//  5. Copy each staged partition over the published one, side by side.
//  6. Write the journal: the row is published, the one before it superseded.
//  7. Remove what is staged.
//
// Killed before 4, the previous result is whole, and the run, should it wake,
// cannot pass 4 any more. Killed after it, each table is whole, old or new,
// Check answers that the date is not there yet, and the views show the date
// before, until the next run of the date finishes the publication, or, where
// what was staged has expired, is published in its place. Whoever finishes it
// uses the ids of jobs that the run would have used: a copy that is done cannot
// be done again, also not by the run itself when it wakes.
package sinks
