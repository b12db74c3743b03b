// Package sources is where transactions come from. Each technology is one
// adapter that implements pipeline.Source and passes the suite
// conformance.Source:
//
//	csv.go        delimited text, plain or compressed: options, columns
//	csv_*.go      its files, kinds, encodings, header, tokens, sections and reader
//	parquet.go    Parquet files: options, row groups
//	parquet_*.go  its files, also in object stores, types, chunks, pages, conversions, decoders and reader
//	bigquery.go   a table or query of BigQuery: options, description, opening
//	bigquery_*.go its jobs, prices, sessions, streams, columns and errors
//	duckdb.go     DuckDB: options
//	duckdb_*.go   its instance, catalogue, types, vectors and reader; all but options only with the build tag duckdb
//	postgres.go   a table or query of PostgreSQL: options, description, opening
//	postgres_*.go its sessions, errors, relations, types, COPY streams, columns, numerics and reader
//	reader.go     what the readers of all sources have in common
//	sniff.go      how a text file is written, guessed from its beginning
//	files.go      paths and patterns to files; errors of the disk
//	bucket.go     the same in object stores
//	bucket_*.go   reading objects, by few requests
//	column.go     columns as they are collected
//	sql.go        what sources of SQL share: quoted names, bounds, @as_of
//
// What goes in is an adapter's options (its part of the job file); what comes
// out are Arrow batches of the columns asked for, as they stand in the source,
// in the few types of pipeline.SourceType. A source knows no metric, renames
// nothing and drops nothing: a row that it cannot read stays in its place as a
// pipeline.Fault, and everything that would silently lose or change a row (a
// stream cut short, a quote never closed, bytes that are not in the encoding,
// files whose columns disagree) is an error that names the file and the place.
//
// # What is copied on the way
//
// A Parquet page is decompressed and decoded by the library into memory that it
// wants back, so its values are copied once, into the memory of the batch, and
// most are converted by that same copy. What the library hands over is not
// copied before that: its slices are of the page, and where every row has a
// value there are no levels to look at and no validity to write. A small
// dictionary is copied once a row group and shared by its batches, whose rows
// are copies of four bytes (pipeline.DictionaryText). Text of CSV is copied once
// too, from the buffer of the file, without its quotes.
//
// The batch is not copied again: Arrow shares slices of its arrays, and the
// memory becomes that of a later batch when the last of them is released.
//
// What BigQuery sends is Arrow: its columns are copied out of the answer, or
// decompressed out of it, and its decimals of other widths converted.
//
// No source starts a goroutine; the readers it hands out may be used by as many
// goroutines, one each.
package sources
