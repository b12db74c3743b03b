package sources

import (
	"math/bits"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// recycler is a memory.Allocator whose freed memory is handed out again: what
// the caller of a reader releases becomes a later batch, so that reading costs
// as much memory as is in use at once and leaves the garbage collector nothing
// to do. The readers of one Open share it, and it ends with them and their
// batches. Batches are released on any goroutine.
type recycler struct {
	mu   sync.Mutex
	free [bits.UintSize + 1][][]byte // by the power of two that each has room for
}

// smallestClass is the power of two below which it is not worth telling sizes
// apart.
const smallestClass = 6

// Allocate implements memory.Allocator. What memory holds is not defined.
func (m *recycler) Allocate(size int) []byte {
	class := max(smallestClass, bits.Len(uint(max(size, 1)-1)))
	if b := m.pop(class); b != nil {
		return b[:size]
	}
	return make([]byte, size, 1<<class)
}

// pop returns freed memory of a class, nil if there is none.
func (m *recycler) pop(class int) []byte {
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
func (m *recycler) Reallocate(size int, b []byte) []byte {
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
func (m *recycler) Free(b []byte) {
	class := bits.Len(uint(cap(b))) - 1
	if class < smallestClass {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.free[class] = append(m.free[class], b[:0])
}

// roomFor returns an empty slice with room for n values.
func roomFor[T arrow.FixedWidthType](m *recycler, n int) []T {
	size := len(arrow.GetBytes(make([]T, 1)))
	return arrow.GetData[T](m.Allocate(n * size))[:0]
}

// bufferOf returns the buffer of values that stand in memory of m, to which
// they return when the last array that holds the buffer is released.
func bufferOf[T arrow.FixedWidthType](m *recycler, values []T) *memory.Buffer {
	return memory.NewBufferWithAllocator(arrow.GetBytes(values), m)
}
