package table

import (
	"math/bits"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Memory is a memory.Allocator whose freed memory is handed out again: what
// is released of a batch or a table becomes a later part of it, so that it all
// costs as much memory as is in use at once and leaves the garbage collector
// nothing to do. Those who make the parts of one thing share a Memory, which
// ends with them and the parts. It is for any number of goroutines, and what
// is made in it may be released on any. The zero Memory is ready for use.
type Memory struct {
	mu   sync.Mutex
	free [bits.UintSize + 1][][]byte // by the power of two that each has room for
}

// smallestClass is the power of two below which it is not worth telling sizes
// apart.
const smallestClass = 6

// Allocate implements memory.Allocator. What memory holds is not defined.
func (m *Memory) Allocate(size int) []byte {
	class := max(smallestClass, bits.Len(uint(max(size, 1)-1)))
	if b := m.pop(class); b != nil {
		return b[:size]
	}
	return make([]byte, size, 1<<class)
}

// pop returns freed memory of a class, nil if there is none.
func (m *Memory) pop(class int) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	last := len(m.free[class]) - 1
	if last < 0 {
		return nil
	}
	b := m.free[class][last]
	m.free[class] = m.free[class][:last]
	return b
}

// Reallocate implements memory.Allocator.
func (m *Memory) Reallocate(size int, b []byte) []byte {
	if size <= cap(b) {
		return b[:size]
	}
	larger := m.Allocate(size)
	copy(larger, b)
	m.Free(b)
	return larger
}

// Free implements memory.Allocator. It also takes memory that has grown since
// it was allocated.
func (m *Memory) Free(b []byte) {
	class := bits.Len(uint(cap(b))) - 1
	if class < smallestClass {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.free[class] = append(m.free[class], b[:0])
}

// RoomFor returns an empty slice with room for n values.
func RoomFor[T arrow.FixedWidthType](m *Memory, n int) []T {
	size := len(arrow.GetBytes(make([]T, 1)))
	return arrow.GetData[T](m.Allocate(n * size))[:0]
}

// BufferOf returns the buffer of values that stand in memory of m, to which
// they return when the last array that holds the buffer is released.
func BufferOf[T arrow.FixedWidthType](m *Memory, values []T) *memory.Buffer {
	return memory.NewBufferWithAllocator(arrow.GetBytes(values), m)
}
