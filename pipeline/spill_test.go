package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// faulty is a file in memory, one step of which goes wrong. A step is one read
// or write; they are counted from 1.
type faulty struct {
	mu      sync.Mutex
	content []byte
	step    int
	writes  []int // the steps that wrote
	bad     int
	write   func(p []byte) (int, error)        // in place of the bad step's, if it writes; returns how many bytes are written
	read    func(p []byte, n int) (int, error) // after it, if it reads n bytes
}

func (f *faulty) WriteAt(p []byte, at int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.step++
	f.writes = append(f.writes, f.step)
	n, err := len(p), error(nil)
	if f.step == f.bad && f.write != nil {
		n, err = f.write(p)
	}
	f.content = append(f.content, make([]byte, max(0, int(at)+len(p)-len(f.content)))...)
	copy(f.content[at:], p[:n])
	return n, err
}

func (f *faulty) ReadAt(p []byte, at int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.step++
	n := copy(p, f.content[min(int(at), len(f.content)):])
	if f.step == f.bad && f.read != nil {
		return f.read(p, n)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *faulty) Close() error { return nil }

// faults are what may go wrong with a file.
var faults = []struct {
	name    string
	write   func(p []byte) (int, error)
	read    func(p []byte, n int) (int, error)
	message string
}{
	{"full disk", func(p []byte) (int, error) { return len(p) / 2, syscall.ENOSPC }, nil, "no space left"},
	{"used quota", func(p []byte) (int, error) { return 0, &os.PathError{Op: "write", Path: "x", Err: syscall.EDQUOT} }, nil, "no space left"},
	{"write cut short", func(p []byte) (int, error) { return max(0, len(p)-1), nil }, nil, "short write"},
	{"write fails", func(p []byte) (int, error) { return 0, syscall.EIO }, nil, "input/output error"},
	{"other bytes are written", func(p []byte) (int, error) { p[len(p)/2] ^= 4; return len(p), nil }, nil, "read back other than they were written"},
	{"read fails", nil, func([]byte, int) (int, error) { return 0, syscall.EIO }, "input/output error"},
	{"file truncated", nil, func(_ []byte, n int) (int, error) { return n / 2, io.EOF }, "unexpected EOF"},
	{"read cut short", nil, func(_ []byte, n int) (int, error) { return n / 2, nil }, "unexpected EOF"},
	{"file deleted", nil, func([]byte, int) (int, error) { return 0, os.ErrClosed }, "file already closed"},
	{"byte flipped", nil, func(p []byte, n int) (int, error) { p[n/2] ^= 1; return n, nil }, "read back other than they were written"},
	{"zeros", nil, func(p []byte, n int) (int, error) { clear(p); return n, nil }, "read back other than they were written"},
}

// spilled are the batches of spillingRun: two blocks are more than one piece.
func spilled() []Deal {
	random := rand.New(rand.NewPCG(9, 10))
	var batches []Deal
	for range 4 {
		batches = append(batches, rowsOf(random, 30_000, 16))
	}
	return batches
}

// spillingRun deals, takes, puts and gets, all by way of files, and returns
// what came out.
func spillingRun(ctx context.Context, space *Space, batches []Deal) (shards, blobs [][]byte, err error) {
	store, err := scattered(ctx, space, batches, 1, 1, 1)
	if err != nil {
		return nil, nil, err
	}
	defer store.Close()
	if shards, err = takeAll(ctx, store, 1); err != nil {
		return nil, nil, err
	}
	shelf := NewShelf(space, len(shards))
	defer shelf.Close()
	for i, s := range shards {
		if err := shelf.Put(ctx, i, s[:len(s)/3], s[len(s)/3:]); err != nil {
			return nil, nil, err
		}
	}
	blobs = make([][]byte, len(shards))
	for i := range blobs {
		if blobs[i], err = shelf.Get(ctx, i, nil); err != nil {
			return nil, nil, err
		}
	}
	return shards, blobs, nil
}

// spaceOf returns a space whose files, one after the other, are one.
func spaceOf(file *faulty) *Space {
	space := NewSpace(1<<20, "the work dir", -1)
	space.open = func(dir string) (storage, string, error) { return file, dir, nil }
	return space
}

// Whatever goes wrong with a file at whichever step: an error that says what,
// where and what to do, or nothing at all, and never other rows.
func TestFaultsOfFilesAreErrorsAndNeverOtherRows(t *testing.T) {
	batches := spilled()
	want, _, err := spillingRun(t.Context(), NewSpace(Unlimited, "", 0), batches)
	if err != nil {
		t.Fatal(err)
	}
	whole := &faulty{}
	if _, _, err := spillingRun(t.Context(), spaceOf(whole), batches); err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		hits := 0
		for bad := 1; bad <= whole.step; bad++ {
			if writes := slices.Contains(whole.writes, bad); writes != (fault.write != nil) {
				continue
			}
			space := spaceOf(&faulty{bad: bad, write: fault.write, read: fault.read})
			shards, blobs, err := spillingRun(t.Context(), space, batches)
			space.Close()
			name := fmt.Sprintf("%s at step %d", fault.name, bad)
			if err == nil {
				for i := range want {
					if !bytes.Equal(shards[i], want[i]) || // of one worker rows are in order of their arrival
						!bytes.Equal(blobs[i], shards[i]) {
						t.Errorf("%s: shard %d has other rows, and no error", name, i)
					}
				}
				continue
			}
			hits++
			var e *Error
			if !errors.As(err, &e) || e.Class != ClassTemporary || e.Place != "the work dir" || !strings.Contains(e.Message, fault.message) || !strings.Contains(e.Hint, "--work-dir") {
				t.Errorf("%s: got %#v, want a temporary error of %q with a hint", name, err, fault.message)
			}
		}
		if hits < 6 { // 2 segments of 2 pieces and 2 blobs are written, 2 runs of 2 shards and 2 blobs read
			t.Errorf("%s: only %d steps failed", fault.name, hits)
		}
	}
}

// Files that cannot be made are errors of their own class.
func TestAFolderThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	closed := filepath.Join(dir, "closed")
	if err := os.Mkdir(closed, 0o500); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		dir   string
		class Class
	}{{filepath.Join(dir, "none"), ClassUsage}, {file, ClassUsage}, {closed, ClassPermission}} {
		if test.dir == closed && os.Getuid() == 0 {
			continue // root may write anywhere
		}
		space := NewSpace(1<<20, test.dir, -1)
		_, _, err := spillingRun(t.Context(), space, spilled())
		_, probeErr := space.Probe()
		for _, err := range []error{err, probeErr} {
			var e *Error
			if !errors.As(err, &e) || e.Class != test.class || e.Place != test.dir || !strings.Contains(e.Hint, "--work-dir") {
				t.Errorf("%s: got %#v, want class %s at the folder and a hint", test.dir, err, test.class)
			}
		}
	}
}

// The quota counts the bytes that there are: what is given back may be used again.
func TestQuota(t *testing.T) {
	const rows, blobs = 4 * 30_000 * 24, 4 * 30_000 * 24
	space := NewSpace(1<<20, t.TempDir(), rows-1)
	_, _, err := spillingRun(t.Context(), space, spilled())
	var e *Error
	if !errors.As(err, &e) || e.Class != ClassTemporary || !strings.Contains(e.Message, fmt.Sprint(rows-1)) || !strings.Contains(e.Hint, "--work-dir") {
		t.Errorf("got %v, want an error that names the quota", err)
	}
	space.Close()
	space = NewSpace(1<<20, t.TempDir(), max(rows, blobs))
	if _, _, err := spillingRun(t.Context(), space, spilled()); err != nil {
		t.Error("what the store gave back cannot be used by the shelf:", err)
	}
	if free, err := space.Probe(); err != nil || free != rows {
		t.Errorf("got %d, %v, want the quota %d", free, err, rows)
	}
	space.Close()
}

// While a run writes there is no name in the folder, and what a killed run left
// is removed.
func TestNothingIsLeftInTheFolder(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "mine")
	for _, path := range []string{mine, filepath.Join(dir, "perennial-spill-123")} {
		if err := os.WriteFile(path, []byte("left"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	space := NewSpace(0, dir, -1)
	store, err := scattered(t.Context(), space, []Deal{rowsOf(rand.New(rand.NewPCG(1, 1)), 100, 16)}, 1, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) != 1 || left[0] != mine {
		t.Errorf("the folder has %v, %v, want only %s", left, err, mine)
	}
	if _, err := takeAll(t.Context(), store, 1); err != nil {
		t.Error(err)
	}
	space.Close()
}

// A cancelled run stops writing and says that it was cancelled.
func TestScatterStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	space := spaceOf(&faulty{bad: 1, write: func(p []byte) (int, error) { cancel(); return len(p), nil }})
	if _, _, err := spillingRun(ctx, space, spilled()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}
