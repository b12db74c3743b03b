package pipeline

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// dealt is a reader and its admission at once: batch i is admitted as deals[i],
// by way of slices that are overwritten by the next.
type dealt struct {
	deals []Deal
	next  int
	reuse Deal
}

var noRows = array.NewRecord(arrow.NewSchema(nil, nil), nil, 0)

func (d *dealt) Next(context.Context) (Batch, error) {
	if d.next == len(d.deals) {
		return Batch{}, io.EOF
	}
	d.next++
	noRows.Retain()
	return Batch{Record: noRows}, nil
}

func (d *dealt) Close() error { return nil }

func (d *dealt) Admit(Batch) (Deal, error) {
	from := &d.deals[d.next-1]
	d.reuse.Length = from.Length
	d.reuse.Hash, d.reuse.Bytes = append(d.reuse.Hash[:0], from.Hash...), append(d.reuse.Bytes[:0], from.Bytes...)
	d.reuse.End = d.reuse.End[:0]
	if from.Length == 0 {
		d.reuse.End = append(d.reuse.End, from.End...)
	}
	return d.reuse, nil
}

// rowsOf returns n rows of random customers: the hash, then width bytes; a
// negative width is any from 0 to its amount, told by the ninth byte.
func rowsOf(random *rand.Rand, n, width int) Deal {
	var d Deal
	if width >= 0 {
		d.Length = 8 + width
	}
	for range n {
		hash := random.Uint64()
		if random.IntN(4) == 0 {
			hash = 7 << 60 // one customer has a quarter of all rows
		}
		d.Hash = append(d.Hash, hash)
		d.Bytes = binary.LittleEndian.AppendUint64(d.Bytes, hash)
		size := width
		if width < 0 {
			size = random.IntN(-width)
			d.Bytes = append(d.Bytes, byte(size))
		}
		for range size {
			d.Bytes = append(d.Bytes, byte(random.Uint32()))
		}
		d.End = append(d.End, uint32(len(d.Bytes)))
	}
	return d
}

// cut returns the rows of a shard, in order of their bytes.
func cut(rows []byte, width int) []string {
	var cut []string
	for len(rows) > 0 {
		n := 8 + width
		if width < 0 {
			n = 9 + int(rows[8])
		}
		cut = append(cut, string(rows[:n]))
		rows = rows[n:]
	}
	slices.Sort(cut)
	return cut
}

// scattered deals batches of rows with so many readers and workers.
func scattered(ctx context.Context, space *Space, batches []Deal, readers, workers, bits int) (*Store, error) {
	sources := make([]*dealt, readers)
	for i := range sources {
		sources[i] = &dealt{}
	}
	for i, b := range batches {
		d := sources[i%readers]
		d.deals = append(d.deals, b)
	}
	var r []Reader
	var a []Admission
	for _, d := range sources {
		r, a = append(r, d), append(a, d)
	}
	return Scatter(ctx, space, r, a, workers, bits)
}

// takeAll takes all shards, on so many workers.
func takeAll(ctx context.Context, s *Store, workers int) ([][]byte, error) {
	rows := make([][]byte, s.Shards())
	taken := make([]Taken, workers)
	err := Each(ctx, workers, len(rows), func(ctx context.Context, worker, i int) error {
		err := s.Take(ctx, i, &taken[worker])
		rows[i] = bytes.Join(taken[worker].Runs, nil)
		return err
	})
	return rows, err
}

// Whatever the budget, the batches, the readers and the workers: each shard has
// the rows that one pass over all rows finds in it.
func TestEveryShardHasItsRowsForAnyBudget(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		width := []int{16, 24, 5, -40, 0}[random.IntN(5)]
		bits, readers, workers := random.IntN(9), 1+random.IntN(6), 1+random.IntN(4)
		budget := []int64{0, 100 << 10, 1 << 20, Unlimited}[random.IntN(4)]
		var batches []Deal
		var rows int
		want := make([][]byte, 1<<bits)
		for range random.IntN(30) {
			b := rowsOf(random, random.IntN([]int{3, 300, 9000}[random.IntN(3)]), width)
			batches = append(batches, b)
			rows += len(b.Hash)
			from := uint32(0)
			for i, h := range b.Hash {
				want[h>>(64-bits)] = append(want[h>>(64-bits)], b.Bytes[from:b.End[i]]...)
				from = b.End[i]
			}
		}
		name := fmt.Sprintf("%d rows of 8+%d bytes, %d batches, %d readers, %d workers, %d bits, budget %d", rows, width, len(batches), readers, workers, bits, budget)
		space := NewSpace(budget, t.TempDir(), -1)
		store, err := scattered(t.Context(), space, batches, readers, workers, bits)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := takeAll(t.Context(), store, workers)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for s := range want {
			if int64(len(want[s])) != store.Size(s) {
				t.Errorf("%s: shard %d is said to be %d bytes, want %d", name, s, store.Size(s), len(want[s]))
			}
			if !slices.Equal(cut(got[s], width), cut(want[s], width)) {
				t.Errorf("%s: shard %d has other rows", name, s)
			}
		}
		if spilled := space.Spilled(); budget == Unlimited && spilled != 0 || budget == 0 && rows > 0 && spilled == 0 {
			t.Errorf("%s: %d bytes were spilled", name, spilled)
		}
		if free := int64(0); space.inUse() != free {
			t.Errorf("%s: %d bytes are held when all is taken", name, space.inUse())
		}
		space.Close()
	}
}

// Neighbours of one hash stay neighbours, in their order, in each run of a shard:
// in memory, in small deals that are put together, and in files.
func TestNeighboursOfOneHashStayNeighbours(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, budget := range []int64{0, 200 << 10, Unlimited} {
		var batches []Deal
		pairs := 0
		for range 20 {
			d := Deal{Length: 16}
			for range random.IntN(3000) {
				hash := random.Uint64()
				for half := range uint64(2) {
					d.Hash = append(d.Hash, hash)
					d.Bytes = binary.LittleEndian.AppendUint64(d.Bytes, hash)
					d.Bytes = binary.LittleEndian.AppendUint64(d.Bytes, uint64(2*pairs)+half)
				}
				pairs++
			}
			batches = append(batches, d)
		}
		space := NewSpace(budget, t.TempDir(), -1)
		store, err := scattered(t.Context(), space, batches, 3, 2, 5)
		if err != nil {
			t.Fatal(err)
		}
		for shard := range store.Shards() {
			var taken Taken
			if err := store.Take(t.Context(), shard, &taken); err != nil {
				t.Fatal(err)
			}
			for _, run := range taken.Runs {
				for ; len(run) > 0; run = run[32:] {
					if first, second := binary.LittleEndian.Uint64(run[8:]), binary.LittleEndian.Uint64(run[24:]); first%2 != 0 || second != first+1 {
						t.Fatalf("budget %d, shard %d: row %d is followed by %d", budget, shard, first, second)
					}
				}
			}
		}
		space.Close()
	}
}

// inUse returns how many bytes of buffers are not free.
func (s *Space) inUse() int64 {
	n := s.held
	for size, list := range s.free {
		n -= int64(size) * int64(len(list))
	}
	return n
}

// The memory that blocks take stays below the budget but for one block of each
// worker.
func TestBlocksKeepToTheBudget(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var batches []Deal
	for range 40 {
		batches = append(batches, rowsOf(random, 8192, 16))
	}
	const budget, block = 1 << 20, 8192 * 24
	space := NewSpace(budget, t.TempDir(), -1)
	defer space.Close()
	store, err := scattered(t.Context(), space, batches, 4, 2, 4)
	if err != nil {
		t.Fatal(err)
	}
	if most := int64(budget + 2*capacityOf(block)); space.most > most {
		t.Errorf("%d bytes were held at once, want at most %d", space.most, most)
	}
	if space.Spilled() != 40*block {
		t.Errorf("%d bytes were spilled, want all %d, for what comes next needs the memory", space.Spilled(), 40*block)
	}
	if _, err := takeAll(t.Context(), store, 2); err != nil {
		t.Fatal(err)
	}
	if space.filled != 0 {
		t.Errorf("%d bytes of files are left when all is taken", space.filled)
	}
}

func TestAShardIsTakenOnce(t *testing.T) {
	store, err := scattered(t.Context(), NewSpace(Unlimited, "", 0), nil, 1, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a shard could be taken twice")
		}
	}()
	for range 2 {
		_ = store.Take(t.Context(), 0, new(Taken)) // the second panics
	}
}

// A shelf gives back what was put, from memory and from the file, again and again.
func TestShelfGivesBackWhatWasPut(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, budget := range []int64{0, 200 << 10, Unlimited} {
		space := NewSpace(budget, t.TempDir(), -1)
		const n = 64
		shelf := NewShelf(space, n)
		want := make([][]byte, n)
		for i := range want {
			want[i] = rowsOf(random, random.IntN(700), 5).Bytes
		}
		err := Each(t.Context(), 3, n, func(ctx context.Context, _, i int) error {
			half := len(want[i]) / 2
			return shelf.Put(ctx, i, want[i][:half], nil, want[i][half:])
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			err := Each(t.Context(), 3, n, func(ctx context.Context, _, i int) error {
				got, err := shelf.Get(ctx, i, make([]byte, 3))
				if !bytes.Equal(got, want[i]) {
					t.Errorf("budget %d: blob %d is not what was put", budget, i)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if spilled := space.Spilled() > 0; spilled != (budget != Unlimited) {
			t.Errorf("budget %d: %d bytes were spilled", budget, space.Spilled())
		}
		shelf.Close()
		if space.inUse() != 0 || space.filled != 0 {
			t.Errorf("budget %d: %d bytes of memory and %d of files are left", budget, space.inUse(), space.filled)
		}
		space.Close()
	}
}

// Dealing rows to shards and taking them again, as the main job does: 16 bytes
// and the hash, batches of 32k rows, two workers.
func BenchmarkScatter(b *testing.B) {
	const batches, rows = 96, 1 << 15
	for _, test := range []struct {
		name   string
		width  int
		budget int64
	}{{"24Bytes", 16, Unlimited}, {"24BytesSpilling", 16, 32 << 20}, {"Text", -60, Unlimited}} {
		b.Run(test.name, func(b *testing.B) {
			random := rand.New(rand.NewPCG(7, 8))
			morsels := make([]Deal, 8)
			for i := range morsels {
				morsels[i] = rowsOf(random, rows, test.width)
				for r := range morsels[i].Hash {
					morsels[i].Hash[r] = random.Uint64() // as many customers as rows
				}
			}
			dir := b.TempDir()
			b.ReportAllocs()
			for b.Loop() {
				var readers []Reader
				var admissions []Admission
				for range batches {
					d := &same{deal: &morsels[len(readers)%len(morsels)]}
					readers, admissions = append(readers, d), append(admissions, d)
				}
				space := NewSpace(test.budget, dir, -1)
				if _, err := Scatter(b.Context(), space, readers, admissions, 2, 11); err != nil {
					b.Fatal(err)
				}
				space.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(batches*rows), "ns/row")
		})
	}
}

// same is a reader of one batch, whose deal is not copied.
type same struct {
	deal *Deal
	done bool
}

func (s *same) Next(context.Context) (Batch, error) {
	if s.done {
		return Batch{}, io.EOF
	}
	s.done = true
	noRows.Retain()
	return Batch{Record: noRows}, nil
}

func (s *same) Close() error { return nil }

func (s *same) Admit(Batch) (Deal, error) { return *s.deal, nil }

// Sorting one morsel by shard into memory that is used again.
func BenchmarkBlock(b *testing.B) {
	random := rand.New(rand.NewPCG(7, 8))
	deal := rowsOf(random, 1<<15, 16)
	for r := range deal.Hash {
		deal.Hash[r] = random.Uint64()
	}
	d := dealer{store: newStore(nil, 11)}
	bytes := make([]byte, len(deal.Bytes))
	b.ReportAllocs()
	for b.Loop() {
		d.block(&deal, bytes)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(1<<15), "ns/row")
}
