package pipeline

import (
	"context"
	"errors"
	"io"
	"slices"
)

// Deal is a batch of rows ready to be dealt to shards: row i belongs to the
// customer whose hash is Hash[i], and its encoded bytes end at Bytes[End[i]].
// The pipeline does not know what the bytes mean.
type Deal struct {
	Hash  []uint64
	End   []uint32
	Bytes []byte
}

// Admission turns the batches of one reader into deals. It is used by one
// goroutine at a time.
type Admission interface {
	Admit(Batch) (Deal, error)
}

// Store holds rows by shard. A shard is the top bits of the customer's hash,
// so that a customer lives in one shard and shards in order are customers in
// order of their hash, however many there are.
type Store struct {
	bits   int
	blocks []block
}

// block is one deal, sorted by shard: shard s is bytes[start[s]:start[s+1]].
type block struct {
	bytes []byte
	start []int
}

// Shards returns the number of shards.
func (s *Store) Shards() int { return 1 << s.bits }

// Shard returns the encoded rows of a shard, block by block. They must not be changed.
func (s *Store) Shard(i int) [][]byte {
	var rows [][]byte
	for _, b := range s.blocks {
		if from, to := b.start[i], b.start[i+1]; from < to {
			rows = append(rows, b.bytes[from:to:to])
		}
	}
	return rows
}

// Scatter reads all readers to their end, on at most workers goroutines,
// admits each batch by its reader's admission, and deals the rows to 2^bits
// shards. It closes the readers.
func Scatter(ctx context.Context, readers []Reader, admissions []Admission, workers, bits int) (*Store, error) {
	defer closeAll(readers)
	dealt := make([][]block, len(readers))
	err := Each(ctx, workers, len(readers), func(ctx context.Context, _, i int) error {
		for {
			batch, err := readers[i].Next(ctx)
			if errors.Is(err, io.EOF) {
				return ctx.Err()
			}
			if err != nil {
				return err
			}
			deal, err := admissions[i].Admit(batch)
			batch.Record.Release()
			if err != nil {
				return err
			}
			dealt[i] = append(dealt[i], deal.block(bits))
		}
	})
	if err != nil {
		return nil, err
	}
	return &Store{bits: bits, blocks: slices.Concat(dealt...)}, nil
}

func closeAll(readers []Reader) {
	for _, r := range readers {
		// Everything was read or the run has failed already: what closing
		// reports changes nothing.
		_ = r.Close()
	}
}

// block sorts a deal by shard: a counting sort that keeps the order within.
func (d *Deal) block(bits int) block {
	shift := 64 - bits
	shard := func(i int) int { return int(d.Hash[i] >> shift) } // a shift by 64 is 0
	start := make([]int, 1<<bits+1)
	from := 0
	for i, end := range d.End {
		start[shard(i)+1] += int(end) - from
		from = int(end)
	}
	for s := range 1 << bits {
		start[s+1] += start[s]
	}
	at := slices.Clone(start)
	sorted := make([]byte, len(d.Bytes))
	from = 0
	for i, end := range d.End {
		s := shard(i)
		at[s] += copy(sorted[at[s]:], d.Bytes[from:end])
		from = int(end)
	}
	return block{sorted, start}
}
