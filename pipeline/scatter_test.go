package pipeline_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/perennial-clv/perennial/pipeline"
)

// numbers is a reader of batches of one column of numbers, on an allocator
// that counts what is not released.
type numbers struct {
	allocator memory.Allocator
	batches   [][]int64
	closed    int
}

func (n *numbers) Next(ctx context.Context) (pipeline.Batch, error) {
	if err := ctx.Err(); err != nil {
		return pipeline.Batch{}, err
	}
	if len(n.batches) == 0 {
		return pipeline.Batch{}, io.EOF
	}
	values := n.batches[0]
	n.batches = n.batches[1:]
	b := array.NewInt64Builder(n.allocator)
	defer b.Release()
	b.AppendValues(values, nil)
	column := b.NewArray()
	defer column.Release()
	schema := arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil)
	return pipeline.Batch{Record: array.NewRecord(schema, []arrow.Array{column}, int64(len(values)))}, nil
}

func (n *numbers) Close() error { n.closed++; return nil }

// admitNumbers deals each number by its own value as the hash, as 8 bytes; it
// refuses the number `refused`.
type admitNumbers struct{ refused int64 }

var errRefused = errors.New("refused")

func (a admitNumbers) Admit(b pipeline.Batch) (pipeline.Deal, error) {
	var d pipeline.Deal
	for _, v := range b.Record.Column(0).(*array.Int64).Int64Values() {
		if v == a.refused {
			return pipeline.Deal{}, errRefused
		}
		d.Bytes = binary.BigEndian.AppendUint64(d.Bytes, uint64(v))
		d.Hash = append(d.Hash, uint64(v))
		d.End = append(d.End, uint32(len(d.Bytes)))
	}
	return d, nil
}

func scatter(t *testing.T, allocator memory.Allocator, parts [][][]int64, bits int, refused int64) (*pipeline.Store, []*numbers, error) {
	t.Helper()
	var readers []pipeline.Reader
	var all []*numbers
	var admissions []pipeline.Admission
	for _, p := range parts {
		n := &numbers{allocator: allocator, batches: slices.Clone(p)}
		all = append(all, n)
		readers = append(readers, n)
		admissions = append(admissions, admitNumbers{refused})
	}
	store, err := pipeline.Scatter(context.Background(), pipeline.NewSpace(pipeline.Unlimited, t.TempDir(), -1), readers, admissions, 2, bits)
	return store, all, err
}

// Every row is in exactly the shard of its hash's top bits, and every batch is
// released.
func TestScatterDealsEveryRowToItsShard(t *testing.T) {
	allocator := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer allocator.AssertSize(t, 0)
	high := func(shard, n int64) int64 { return int64(uint64(shard)<<62) | n }
	parts := [][][]int64{{{high(1, 5), high(0, 1), high(1, 4)}, {high(3, 9)}}, {{high(1, 7)}, {}}}
	store, readers, err := scatter(t, allocator, parts, 2, -1)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]int64{{high(0, 1)}, {high(1, 4), high(1, 5), high(1, 7)}, nil, {high(3, 9)}}
	for shard := range want {
		var got []int64
		var taken pipeline.Taken
		if err := store.Take(context.Background(), shard, &taken); err != nil {
			t.Fatal(err)
		}
		for rows := slices.Concat(taken.Runs...); len(rows) > 0; rows = rows[8:] {
			got = append(got, int64(binary.BigEndian.Uint64(rows)))
		}
		slices.Sort(got)
		if !slices.Equal(got, want[shard]) {
			t.Errorf("shard %d holds %v, want %v", shard, got, want[shard])
		}
	}
	if store.Shards() != 4 {
		t.Errorf("%d shards, want 4", store.Shards())
	}
	for i, r := range readers {
		if r.closed == 0 {
			t.Errorf("reader %d was not closed", i)
		}
	}
}

func TestScatterIntoOneShard(t *testing.T) {
	store, _, err := scatter(t, memory.NewGoAllocator(), [][][]int64{{{3, -1, 7}}}, 0, 99)
	if err != nil || store.Shards() != 1 || store.Size(0) != 24 {
		t.Fatalf("got %v, want everything in one shard", err)
	}
}

func TestScatterReturnsTheAdmissionsErrorAndReleasesAll(t *testing.T) {
	allocator := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer allocator.AssertSize(t, 0)
	_, readers, err := scatter(t, allocator, [][][]int64{{{1, 2}}, {{3}}}, 1, 2)
	if !errors.Is(err, errRefused) {
		t.Errorf("got %v, want the admission's error", err)
	}
	for i, r := range readers {
		if r.closed == 0 {
			t.Errorf("reader %d was not closed", i)
		}
	}
}
