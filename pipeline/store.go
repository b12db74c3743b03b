package pipeline

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
)

// Store holds rows by shard, in memory or in a file. A shard is the top bits of
// the customer's hash, so that a customer lives in one shard and shards in order
// are customers in order of their hash, however many there are.
//
// Each shard is taken once. The order of the rows within a shard is not
// defined; in memory it is nearly that of the source, which makes sorting cheap.
type Store struct {
	space    *Space
	bits     int
	blocks   []block
	segments []segment
	sizes    []int64 // by shard

	file  lateFile
	taken []bool // by shard
	left  atomic.Int64
}

// block is one deal in memory, sorted by shard: shard s is
// bytes[start[s]:start[s+1]].
type block struct {
	bytes []byte
	start []uint32
	first place
}

// place is where rows stand in a source.
type place struct {
	part int
	row  int64
}

// segment is some blocks merged, in the store's file: shard s is the bytes from
// start[s] to start[s+1], and sums[s] their checksum.
type segment struct {
	start []int64
	sums  []uint64
	first place
}

func newStore(space *Space, bits int) *Store {
	s := &Store{space: space, bits: bits, file: lateFile{space: space}, sizes: make([]int64, 1<<bits), taken: make([]bool, 1<<bits)}
	s.left.Store(1 << bits)
	return s
}

// add takes over what a dealer has.
func (s *Store) add(d *dealer) {
	s.blocks = append(s.blocks, d.held...)
	s.segments = append(s.segments, d.segments...)
	for _, b := range d.held {
		for i := range s.sizes {
			s.sizes[i] += int64(b.start[i+1] - b.start[i])
		}
	}
	for _, seg := range d.segments {
		for i := range s.sizes {
			s.sizes[i] += seg.start[i+1] - seg.start[i]
		}
	}
}

// order puts blocks and segments into the order of the source.
func (s *Store) order() {
	slices.SortStableFunc(s.blocks, func(a, b block) int { return a.first.compare(b.first) })
	slices.SortStableFunc(s.segments, func(a, b segment) int { return a.first.compare(b.first) })
}

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.part, q.part), cmp.Compare(p.row, q.row))
}

// Shards returns the number of shards.
func (s *Store) Shards() int { return 1 << s.bits }

// Size returns how many bytes the rows of a shard are.
func (s *Store) Size(i int) int64 { return s.sizes[i] }

// Taken is the rows of a shard: whole rows in each run, in the order of the
// runs, which must not be changed. It is valid until it takes another shard.
type Taken struct {
	Runs [][]byte

	read []byte // those from the file
}

// Take makes rows those of a shard, which stand where the store has them in
// memory, and are read from its file into the memory that rows has. Workers may
// take different shards side by side. When the last shard is taken, what the
// store holds is given back: it is garbage as soon as nobody has rows of it. Bytes
// that the file does not give back as they were written are an error.
func (s *Store) Take(ctx context.Context, i int, rows *Taken) error {
	if s.taken[i] {
		panic("pipeline: a shard is taken twice")
	}
	s.taken[i] = true
	rows.Runs = rows.Runs[:0]
	for _, b := range s.blocks {
		if run := b.bytes[b.start[i]:b.start[i+1]]; len(run) > 0 {
			rows.Runs = append(rows.Runs, run)
		}
	}
	if len(s.segments) > 0 {
		if err := s.read(ctx, i, rows); err != nil {
			return err
		}
	}
	if s.left.Add(-1) == 0 {
		s.Close()
	}
	return nil
}

// read reads the rows of a shard that are in the file, as one run.
func (s *Store) read(ctx context.Context, i int, rows *Taken) error {
	size := s.sizes[i]
	for _, run := range rows.Runs {
		size -= int64(len(run))
	}
	read := slices.Grow(rows.read[:0], int(size))
	for _, seg := range s.segments {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if read, err = s.file.made().appendRun(read, seg.start[i], seg.start[i+1], seg.sums[i]); err != nil {
			return err
		}
	}
	rows.read, rows.Runs = read, append(rows.Runs, read)
	return nil
}

// Close gives back the memory and the file. Nobody may be taking a shard.
func (s *Store) Close() {
	for _, b := range s.blocks {
		s.space.drop(b.bytes)
	}
	s.blocks, s.segments = nil, nil
	s.file.close()
}

// spill writes what the worker holds to the store's file, as one segment. It
// is long and written from front to back, so that a shard's run in it is long
// too and few reads bring it back.
func (d *dealer) spill(ctx context.Context) error {
	if len(d.held) == 0 {
		return nil
	}
	file, err := d.store.file.get()
	if err != nil {
		return err
	}
	var size int64
	for _, b := range d.held {
		size += int64(len(b.bytes))
	}
	at, err := file.reserve(size)
	if err != nil {
		return err
	}
	shards := d.store.Shards()
	seg := segment{make([]int64, shards+1), make([]uint64, shards), d.held[0].first}
	w := file.writerAt(at)
	for s := range shards {
		seg.start[s] = w.next()
		for _, b := range d.held {
			if err := w.add(ctx, b.bytes[b.start[s]:b.start[s+1]]); err != nil {
				return err
			}
		}
		seg.sums[s] = w.sum()
	}
	seg.start[shards] = w.next()
	if err := w.end(ctx); err != nil {
		return err
	}
	for _, b := range d.held {
		d.store.space.recycle(b.bytes)
	}
	d.held = d.held[:0]
	d.segments = append(d.segments, seg)
	return nil
}
