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
//	scatter.go  Scatter, Deal: rows to shards by customer
//	store.go    Store: rows by shard, in memory or in a file
//	shelf.go    Shelf: what is computed of a shard, kept for the next passes
//	space.go    Space: what memory and disk stores and shelves may take
//	spill.go    their files: made, read, their faults
//	spill_write.go  the same, written
//	free_unix.go, free_other.go  FreeBytes: the room on a disk
//
// The way of a run (jobs/run.go is the same in code):
//
//  1. A Source describes its columns, then opens as several Readers. A Reader
//     delivers Batches: an Arrow record, where its rows come from, and the
//     rows that could not be read. A batch belongs to who received it.
//  2. Scatter runs the readers side by side. Per batch, an Admission (in
//     practice ledger's) turns rows into encoded rows and says which customer,
//     as a 64-bit hash, each belongs to; the batch is released at once.
//  3. Each deal is sorted by shard with one stable counting sort and kept as
//     one block in the Store. A shard is the top bits of the hash, so that a
//     customer lives in one shard, and shards in order are customers in order
//     of their hash, however many shards there are. Where the Space has no room
//     for a block, the worker first merges the blocks that it holds, shard by
//     shard, into one segment of a file; each shard's run in it has a checksum.
//  4. Each hands the shards to workers, who Take their rows from memory and file
//     and put on a Shelf what the next passes need. A worker adds up into its own slot;
//     sums are integers, so that neither the number of workers nor their luck
//     changes a result. Slots are merged when all are done.
//  5. Ahead yields tables shard by shard, in order, a few shards computed side
//     by side at a time.
//  6. A Publication stages every table where no reader looks, is checked
//     through its receipts, and publishes all of them together, journal last.
//
// Ownership: a Batch's record is released by who received it; a deal is copied before
// the next; rows are taken from a Store once, a blob is read from a Shelf as a copy; a record handed to
// Stage is released by the sink.
package pipeline
