// Package sources is where transactions come from. Each technology is one
// adapter that implements pipeline.Source and passes the suite
// conformance.Source:
//
//	csv.go       delimited text, plain or compressed: options, columns
//	csv_*.go     its files, kinds, encodings, header, tokens, sections and reader
//	parquet.go   Parquet files: options, row groups
//	parquet_*.go its files, types, pages and reader
//	reader.go    what the readers of all formats have in common
//	sniff.go     how a text file is written, guessed from its beginning
//	files.go     paths and patterns to files; errors of the disk
//	column.go    columns as they are collected
//
// What goes in is an adapter's options (its part of the job file); what comes
// out are Arrow batches of the columns asked for, as they stand in the source,
// in the few types of pipeline.SourceType. A source knows no metric, renames
// nothing and drops nothing: a row that it cannot read stays in its place as a
// pipeline.Fault, and everything that would silently lose or change a row (a
// stream cut short, a quote never closed, bytes that are not in the encoding,
// files whose columns disagree) is an error that names the file and the place.
//
// No source starts a goroutine; the readers it hands out may be used by as many
// goroutines, one each.
package sources
