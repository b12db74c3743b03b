package table_test

import (
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/perennial-clv/perennial/pipeline/table"
)

func TestMemoryIsUsedAgainWhenTheLastHolderReleasesIt(t *testing.T) {
	m := new(table.Memory)
	fill := func() *int64 {
		values := append(table.RoomFor[int64](m, 100), 1, 2, 3)
		buffer := table.BufferOf(m, values)
		data := array.NewData(arrow.PrimitiveTypes.Int64, len(values), []*memory.Buffer{nil, buffer}, nil, 0, 0)
		buffer.Release()
		a := array.MakeFromData(data)
		data.Release()
		defer a.Release()
		part := array.NewSlice(a, 1, 2)
		defer part.Release()
		if len(table.RoomFor[int64](m, 100)) != 0 || part.(*array.Int64).Value(0) != 2 {
			t.Error("memory was handed out while it was held")
		}
		return &values[0]
	}
	first := fill()
	if again := &table.RoomFor[int64](m, 100)[:1][0]; again != first {
		t.Error("released memory was not used again")
	}
}

func TestMemoryThatHasGrownIsUsedForWhatItHolds(t *testing.T) {
	m := new(table.Memory)
	m.Free(make([]byte, 0, 1000))
	if b := m.Allocate(600); cap(b) < 600 || cap(b) == 1000 {
		t.Errorf("600 bytes: got %d, want memory of their own: of 1000 bytes only 512 are sure", cap(b))
	}
	if b := m.Allocate(512); cap(b) != 1000 {
		t.Errorf("512 bytes: got room for %d, want the 1000 that were freed", cap(b))
	}
}
