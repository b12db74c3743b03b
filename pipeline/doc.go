// Package pipeline is how data moves through a run. It holds the contracts of
// sources and sinks, the errors, the only goroutines of the program, and the
// dealing of rows to shards. It knows no metric and no technology; what it
// moves are Arrow records and encoded rows.
//
//	source.go   Source, Reader, Batch: where rows come from
//	sink.go     Sink, Publication, Journal: where tables go
//	error.go    Error: class, place, hint
//	progress.go Progress, Meter: how far a stage has come
//	each.go     Each, Ahead: bounded concurrency with a fixed order
//	inorder.go  InOrder: draw in turn, work side by side, deliver in order
//	meanwhile.go Meanwhile: again and again beside its caller
//	scatter.go  Scatter, Deal: rows to shards by customer
//	store.go    Store: rows by shard, in memory or in a file
//	shelf.go    Shelf: what is computed of a shard, kept for the next passes
//	space.go    Space: what memory and disk stores and shelves may take
//	spill.go    their files: made, read, their faults
//	spill_write.go  the same, written
//	free_unix.go, free_other.go  FreeBytes: the room on a disk
//
// The way of a row, from a file to a table, step by step. jobs/run.go is the
// same in code; each step names the file that does it, and what is copied.
//
//  1. sources/parquet_reader.go, sources/csv_reader.go. A Source describes its
//     columns, then opens as several Readers, one for each worker, who share
//     the row groups or sections that are left. A page is decoded and copied
//     once, into the columns of a Batch; texts that repeat stay dictionaries.
//  2. ledger/intake.go. An Admission takes the batch column by column: who,
//     when, how much, by which rules; each step is one loop over one column. What
//     counts of a row is written as one posting of fixed parts, 16 bytes for an
//     integer key (ledger/plain.go), beside the 64-bit hash of its customer.
//     The batch is released at once.
//  3. scatter.go. The postings of a batch are copied once more, by a stable
//     counting sort, into one block ordered by shard. A shard is the top bits of
//     the hash: a customer lives in one shard, and shards in order are customers
//     in order of their hash, however many shards there are. Nobody waits for
//     anybody: a worker has blocks of its own.
//  4. store.go, spill.go. Blocks stay in memory up to the budget of the Space. Where
//     there is no room for one, the worker first merges those that it holds,
//     shard by shard, into one segment of a file; each shard's run in it has a
//     checksum, so that a later read is right or an error.
//  5. ledger/build.go. Each hands the shards to workers, the largest first. A
//     worker takes the rows of its shard, where the Store has them, deals them by
//     the next bits of the hash into hands of about one customer, and sorts each
//     hand by day; rows that come in the order of time cost one comparison.
//     ledger/customer.go then goes through each customer's rows once and leaves
//     customer-days, as columns, and one entry per customer.
//  6. cohort, retention, clv: AddShard. While the shard's columns are in the
//     cache, each package loops over the days and adds up in the worker's own
//     slot; what several of them ask of a member's days is found once
//     (cohort/view.go), what depends on the calendar alone is looked up
//     (calendar/almanac.go).
//     Sums are integers, so that neither the number of workers nor their luck
//     changes a result. The customers' entries, of 60 bytes and the key, go on a
//     Shelf, which is memory or a file as the Store is; the days are forgotten.
//  7. Models are fitted on cells: customers with equal (x, t_x, T) are one. What
//     a score needs of (x, T) is tabulated (clv/score.go).
//  8. Customers come back from the Shelf once to count what ranks compare with
//     (clv/base.go), and once for each table of them that is written. They are
//     scored anew each time, for that is cheaper than to keep it.
//  9. Ahead computes records of a table shard by shard, some side by side;
//     InOrder encodes row groups side by side and writes them in their order
//     (sinks/parquet_encode.go).
//  10. A Publication has staged every table where no reader looks, is checked
//     through its receipts, and publishes all of them together, journal last.
//
// Ownership: a Batch's record is released by who received it; a deal is copied
// before the next; rows are taken from a Store once, and not changed where they
// stand; a blob is read from a Shelf as a copy; a record handed to Stage is
// released by the sink.
package pipeline
