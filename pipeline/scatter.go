package pipeline

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

// Deal is a batch of rows ready to be dealt to shards: row i belongs to the
// customer whose hash is Hash[i], and its encoded bytes follow those of row i-1
// in Bytes. Either each row has Length bytes, or Length is 0 and row i ends at
// Bytes[End[i]]; which of both is the same for all deals. Neighbours of one hash
// stay neighbours, in their order, all the way. The pipeline does not know what
// the bytes mean.
type Deal struct {
	Hash   []uint64
	Length int
	End    []uint32
	Bytes  []byte
}

// Admission turns the batches of one reader into deals. It is used by one
// goroutine at a time. Scatter copies a deal before it asks for the next, so
// that the admission may use the deal's slices again.
type Admission interface {
	Admit(Batch) (Deal, error)
}

// Scatter reads all readers to their end, on at most workers goroutines,
// admits each batch by its reader's admission, and deals the rows to 2^bits
// shards. Rows are kept in memory as far as space allows, and in a file beyond.
// It closes the readers.
func Scatter(ctx context.Context, space *Space, readers []Reader, admissions []Admission, workers, bits int) (*Store, error) {
	defer closeAll(readers)
	store := newStore(space, bits)
	dealers := make([]dealer, max(1, workers))
	for i := range dealers {
		dealers[i].store = store
	}
	err := Each(ctx, workers, len(readers), func(ctx context.Context, worker, i int) error {
		return dealers[worker].read(ctx, readers[i], admissions[i])
	})
	if err == nil {
		err = Each(ctx, workers, len(dealers), func(ctx context.Context, _, i int) error { return dealers[i].finish(ctx) })
	}
	for i := range dealers {
		store.add(&dealers[i])
	}
	store.order()
	if err != nil {
		store.Close()
		return nil, err
	}
	return store, nil
}

func closeAll(readers []Reader) {
	for _, r := range readers {
		// Everything was read or the run has failed already: what closing
		// reports changes nothing.
		_ = r.Close()
	}
}

// dealer deals the rows of one worker. Nothing of it is shared.
type dealer struct {
	store    *Store
	batch    place     // of the batch at hand
	pending  Deal      // small deals, put together
	first    place     // of the first batch among these
	held     []block   // in memory
	segments []segment // in the store's file
	at       []uint32  // scratch: where the next row of each shard goes
}

// read deals the rows of one reader.
func (d *dealer) read(ctx context.Context, r Reader, a Admission) error {
	for {
		batch, err := r.Next(ctx)
		if errors.Is(err, io.EOF) {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
		d.batch = place{batch.Part, batch.FirstRow}
		deal, err := a.Admit(batch)
		batch.Record.Release()
		if err != nil {
			return err
		}
		if err := d.deal(ctx, &deal); err != nil {
			return err
		}
	}
}

// A block has at least a cache line for each shard on average, for shorter runs
// cost more than they hold, and at least so many bytes in all.
const (
	leastRun   = 64
	leastBlock = 64 << 10
)

// deal makes a block of a deal; small deals are put together before.
func (d *dealer) deal(ctx context.Context, deal *Deal) error {
	least := max(leastBlock, leastRun*d.store.Shards())
	if len(d.pending.Bytes) == 0 && len(deal.Bytes) >= least {
		return d.hold(ctx, deal, d.batch)
	}
	if len(d.pending.Bytes) == 0 {
		d.first = d.batch
	}
	d.pending.append(deal)
	if len(d.pending.Bytes) < least {
		return nil
	}
	return d.holdPending(ctx)
}

func (d *dealer) holdPending(ctx context.Context) error {
	err := d.hold(ctx, &d.pending, d.first)
	d.pending = Deal{Hash: d.pending.Hash[:0], End: d.pending.End[:0], Bytes: d.pending.Bytes[:0]}
	return err
}

// finish makes a block of what is pending. Where something was written to the
// file, the rest is written too: memory is better used by what comes next.
func (d *dealer) finish(ctx context.Context) error {
	if err := d.holdPending(ctx); err != nil {
		return err
	}
	d.pending = Deal{}
	if d.store.file.made() != nil {
		return d.spill(ctx)
	}
	return nil
}

// hold makes a block of a deal. Where there is no room for it, what the worker
// holds is written to the file first; and where others hold all the room, the
// block too.
func (d *dealer) hold(ctx context.Context, deal *Deal, first place) error {
	if len(deal.Bytes) == 0 {
		return nil
	}
	space := d.store.space
	bytes, ok := space.acquire(len(deal.Bytes))
	if !ok {
		if err := d.spill(ctx); err != nil {
			return err
		}
		if bytes, ok = space.acquire(len(deal.Bytes)); !ok {
			bytes = space.force(len(deal.Bytes))
		}
	}
	b := d.block(deal, bytes)
	b.first = first
	d.held = append(d.held, b)
	if !ok {
		return d.spill(ctx)
	}
	return nil
}

// append adds the rows of another deal.
func (d *Deal) append(o *Deal) {
	base := uint32(len(d.Bytes))
	d.Length = o.Length
	d.Hash = append(d.Hash, o.Hash...)
	d.End = slices.Grow(d.End, len(o.End))
	for _, end := range o.End {
		d.End = append(d.End, base+end)
	}
	d.Bytes = append(d.Bytes, o.Bytes...)
}

// block sorts a deal by shard into bytes, which are as many as the deal's: a
// counting sort that keeps the order within a shard.
func (d *dealer) block(deal *Deal, bytes []byte) block {
	shards, shift := d.store.Shards(), uint(63-d.store.bits)
	start := make([]uint32, shards+1)
	countBytes(start[1:], deal, shift)
	for s := range shards {
		start[s+1] += start[s]
	}
	d.at = append(d.at[:0], start[:shards]...)
	if deal.Length == usualLength {
		copyUsualRows(bytes, d.at, deal, shift)
	} else {
		copyRows(bytes, d.at, deal, shift)
	}
	return block{bytes: bytes, start: start}
}

// end returns where a row ends that begins at from.
func (d *Deal) end(row int, from uint32) uint32 {
	if d.Length > 0 {
		return from + uint32(d.Length)
	}
	return d.End[row]
}

// countBytes adds the bytes of each row to those of its shard.
func countBytes(counts []uint32, deal *Deal, shift uint) {
	from := uint32(0)
	for i, h := range deal.Hash {
		end := deal.end(i, from)
		counts[h>>1>>(shift&63)] += end - from
		from = end
	}
}

// copyRows copies each row to where the next one of its shard goes.
func copyRows(to []byte, at []uint32, deal *Deal, shift uint) {
	from := uint32(0)
	for i, h := range deal.Hash {
		s, end := h>>1>>(shift&63), deal.end(i, from)
		into, row := to[at[s]:], deal.Bytes[from:end]
		at[s] += end - from
		from = end
		// Rows of 16 to 32 bytes are frequent: their first and their last 16
		// bytes, which overlap, are faster than a call of copy.
		if n := len(row); n >= 16 && n <= 32 && len(into) >= n {
			into = into[:n]
			a, b := binary.LittleEndian.Uint64(row), binary.LittleEndian.Uint64(row[8:])
			c, d := binary.LittleEndian.Uint64(row[n-16:]), binary.LittleEndian.Uint64(row[n-8:])
			binary.LittleEndian.PutUint64(into, a)
			binary.LittleEndian.PutUint64(into[8:], b)
			binary.LittleEndian.PutUint64(into[n-16:], c)
			binary.LittleEndian.PutUint64(into[n-8:], d)
			continue
		}
		copy(into, row)
	}
}

// usualLength is that of rows of two words: a customer, and all else. A loop that
// need not ask for the length is faster.
const usualLength = 16

// copyUsualRows does the same with rows of that length.
func copyUsualRows(to []byte, at []uint32, deal *Deal, shift uint) {
	rows := deal.Bytes
	for _, h := range deal.Hash {
		next := &at[h>>1>>(shift&63)]
		into, row := to[*next:][:usualLength], rows[:usualLength]
		*next += usualLength
		rows = rows[usualLength:]
		a, b := binary.LittleEndian.Uint64(row), binary.LittleEndian.Uint64(row[8:])
		binary.LittleEndian.PutUint64(into, a)
		binary.LittleEndian.PutUint64(into[8:], b)
	}
}
