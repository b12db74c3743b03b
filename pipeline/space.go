package pipeline

import (
	"math/bits"
	"sync"
)

// Space is what memory and disk the stores and shelves of a run may take. They
// keep what they hold in memory up to a budget and write the rest to files in a
// folder, up to a quota. All methods may be used by several goroutines at once.
//
// The files have no name once they are open, so that nothing of them is left
// however the program ends. Where a system does not allow that, Close removes
// them, and what a program that was killed has left the next one does.
type Space struct {
	open func(dir string) (storage, string, error) // replaced in tests

	mu      sync.Mutex
	budget  int64
	held    int64            // bytes of buffers, in use and free
	most    int64            // bytes that were held at once
	free    map[int][][]byte // buffers to use again, by their size
	dir     string
	quota   int64 // -1: free space when the first file is made
	filled  int64 // bytes of files that there are
	spilled int64 // bytes of files that there ever were
	files   []*spillFile

	writers sync.Pool // of *runWriter
}

// Unlimited is a budget, or a quota, that nothing reaches.
const Unlimited = 1 << 62

// NewSpace returns a space of budget bytes of memory, and of files in dir of at
// most quota bytes together; a negative quota is what the disk has free when the
// first file is made, but for a reserve.
func NewSpace(budget int64, dir string, quota int64) *Space {
	return &Space{open: openUnnamed, budget: budget, free: map[int][][]byte{}, dir: dir, quota: quota}
}

// Spilled returns how many bytes were written to files in all.
func (s *Space) Spilled() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spilled
}

// Probe reports whether files can be made, and how many bytes they may hold
// together.
func (s *Space) Probe() (free int64, err error) {
	f, err := s.create()
	if err != nil {
		return 0, err
	}
	f.close()
	return s.quota, nil
}

// Close gives everything back. Stores and shelves of the space are of no use
// any more.
func (s *Space) Close() {
	s.mu.Lock()
	files := s.files
	s.free, s.held = map[int][][]byte{}, 0
	s.mu.Unlock()
	for _, f := range files {
		f.close()
	}
}

// capacityOf returns the size of the buffer for n bytes: at most an eighth
// more, so that there are few sizes and a buffer fits again.
func capacityOf(n int) int {
	step := 1 << max(0, bits.Len(uint(n))-4)
	return (n + step - 1) &^ (step - 1)
}

// acquire returns a buffer of n bytes whose content is undefined, and false
// where the budget has no room for it.
func (s *Space) acquire(n int) ([]byte, bool) {
	capacity := capacityOf(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.again(capacity); b != nil {
		return b[:n], true
	}
	for size := range s.free {
		if s.held+int64(capacity) <= s.budget {
			break
		}
		s.held -= int64(size) * int64(len(s.free[size]))
		delete(s.free, size)
	}
	if s.held+int64(capacity) > s.budget {
		return nil, false
	}
	return s.make(n, capacity), true
}

// force returns a buffer of n bytes that the budget has no room for. Who asks
// for it gives it back before asking for another.
func (s *Space) force(n int) []byte {
	capacity := capacityOf(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.make(n, capacity)
}

func (s *Space) make(n, capacity int) []byte {
	s.held += int64(capacity)
	s.most = max(s.most, s.held)
	return make([]byte, n, capacity)
}

// again returns a free buffer, nil if there is none.
func (s *Space) again(capacity int) []byte {
	list := s.free[capacity]
	if len(list) == 0 {
		return nil
	}
	s.free[capacity] = list[:len(list)-1]
	return list[len(list)-1]
}

// recycle gives back a buffer that will soon be asked for again.
func (s *Space) recycle(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free[cap(b)] = append(s.free[cap(b)], b)
}

// drop gives back a buffer to the garbage collector.
func (s *Space) drop(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held -= int64(cap(b))
}
