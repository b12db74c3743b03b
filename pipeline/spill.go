package pipeline

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"github.com/zeebo/xxh3"
)

// storage is what a spillFile is made of: a file.
type storage interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
}

// spillFile is a file of a Space. Several goroutines may use different parts of
// it at once.
type spillFile struct {
	space   *Space
	storage storage
	place   string // for people
	size    int64  // guarded by space.mu
	closed  bool   // guarded by space.mu
}

// lateFile is a file that the first who has something to write makes.
type lateFile struct {
	space *Space
	mu    sync.Mutex // guards file while it is made
	file  *spillFile
}

// get returns the file, made now if it was not.
func (l *lateFile) get() (*spillFile, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var err error
	if l.file == nil {
		l.file, err = l.space.create()
	}
	return l.file, err
}

// made returns the file, nil as long as there is none.
func (l *lateFile) made() *spillFile {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file
}

func (l *lateFile) close() {
	if f := l.made(); f != nil {
		f.close()
	}
}

// spillPattern is how the files are named as long as they have a name.
const spillPattern = "perennial-spill-*"

// openUnnamed makes a file in a folder and takes its name away.
func openUnnamed(dir string) (storage, string, error) {
	// What a killed program has left. A file in use cannot be removed, or is
	// without a name soon anyhow.
	left, _ := filepath.Glob(filepath.Join(dir, spillPattern)) // the pattern is well formed
	for _, path := range left {
		_ = os.Remove(path)
	}
	f, err := os.CreateTemp(dir, spillPattern)
	if err != nil {
		return nil, dir, err
	}
	err = os.Remove(f.Name())
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return f, dir, nil
	}
	return named{f}, dir, nil
}

// named is a file that keeps its name until it is closed, as the system asks.
type named struct{ *os.File }

func (f named) Close() error { return errors.Join(f.File.Close(), os.Remove(f.Name())) }

// create makes a file, and the quota with the first one.
func (s *Space) create() (*spillFile, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	storage, place, err := s.open(s.dir)
	f := &spillFile{space: s, storage: storage, place: place}
	if err != nil {
		return nil, f.failure(err)
	}
	if s.quota < 0 {
		s.quota = usable(FreeBytes(s.dir))
	}
	s.files = append(s.files, f)
	return f, nil
}

// usable returns how much of the free bytes of a disk may be filled: all but a
// tenth, at most a gibibyte, so that whoever else writes there may go on. A
// disk that does not say is filled until it refuses.
func usable(free int64) int64 {
	if free < 0 {
		return Unlimited
	}
	return free - min(free/10, 1<<30)
}

// reserve returns where n more bytes of the file begin.
func (f *spillFile) reserve(n int64) (at int64, err error) {
	s := f.space
	s.mu.Lock()
	defer s.mu.Unlock()
	if n > s.quota-s.filled {
		return 0, Errorf(ClassTemporary, f.place, spillHint,
			"the rows that memory does not hold take more than the %d bytes that may be written here", s.quota)
	}
	at = f.size
	f.size += n
	s.filled += n
	s.spilled += n
	return at, nil
}

const spillHint = "free some space there, name a folder on a larger disk with --work-dir, or give the run more memory with --memory"

// write writes p at an offset.
func (f *spillFile) write(p []byte, at int64) error {
	n, err := f.storage.WriteAt(p, at)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return f.failure(err)
}

// appendRun appends the bytes of a file between two offsets to b, and holds
// them against their checksum.
func (f *spillFile) appendRun(b []byte, from, to int64, sum uint64) ([]byte, error) {
	n := len(b)
	b = slices.Grow(b, int(to-from))[:n+int(to-from)]
	run := b[n:]
	if len(run) == 0 {
		return b, nil
	}
	if read, err := f.storage.ReadAt(run, from); read < len(run) {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, f.failure(err)
	}
	if xxh3.Hash(run) != sum {
		return nil, Errorf(ClassTemporary, f.place, "check the disk, or name a folder on another one with --work-dir",
			"%d bytes were read back other than they were written", len(run))
	}
	return b, nil
}

// failure gives an error of the operating system its class and a hint.
func (f *spillFile) failure(err error) error {
	var inPath *fs.PathError
	if errors.As(err, &inPath) {
		err = inPath.Err // the place says where
	}
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return Errorf(ClassTemporary, f.place, spillHint, "no space left for the rows that memory does not hold: %w", err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return Errorf(ClassPermission, f.place, "let the user that runs perennial write there, or name another folder with --work-dir",
			"cannot keep the rows that memory does not hold: %w", err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return Errorf(ClassUsage, f.place, "name a folder that is there with --work-dir", "cannot keep the rows that memory does not hold: %w", err)
	default:
		return Errorf(ClassTemporary, f.place, "check the disk, or name a folder on another one with --work-dir",
			"the rows that memory does not hold: %w", err)
	}
}

// close gives the file's bytes back to the disk.
func (f *spillFile) close() {
	s := f.space
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.closed {
		return
	}
	f.closed = true
	s.filled -= f.size
	// What is in it is not needed any more.
	_ = f.storage.Close()
}
