package sinks

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/perennial-clv/perennial/pipeline"
)

// probePrefix begins the names of what Probe makes; a leading dot, so that no
// reader of tables looks into it.
const probePrefix = ".perennial-probe-"

// Probe implements pipeline.Prober: it makes, locks, writes, renames and
// removes a file in the sink's folder and each folder in it, or, where there is
// none yet, in the nearest folder above.
func (s *parquetSink) Probe(ctx context.Context) (pipeline.Probe, error) {
	p := pipeline.Probe{Place: s.root, Free: -1}
	base, err := s.nearest()
	if err != nil {
		return p, inStage("probe", "", err)
	}
	p.IsNew = base != s.root
	p.Free = pipeline.FreeBytes(base)
	p.Exchanges, err = s.try(base)
	for _, dir := range s.foldersIn(base, p.IsNew) {
		if err = cmp.Or(err, ctx.Err()); err == nil {
			_, err = s.try(dir)
		}
	}
	return p, inStage("probe", "", err)
}

// nearest returns the sink's folder or the first one above it that is there.
func (s *parquetSink) nearest() (string, error) {
	for dir := s.root; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		switch {
		case err == nil && !info.IsDir():
			return "", pipeline.Errorf(pipeline.ClassUsage, dir, "name a folder, or move the file away", "is a file")
		case err == nil:
			return dir, nil
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) || dir == filepath.Dir(dir):
			return "", diskError(dir, err)
		}
	}
}

// foldersIn returns the folders of tables and of bookkeeping, which an earlier
// run of another user may have made. What else is there, as the lost+found of a
// volume, no run touches.
func (s *parquetSink) foldersIn(base string, isNew bool) []string {
	if isNew {
		return nil
	}
	// A folder that cannot be listed has been reported by try, if it matters.
	entries, _ := os.ReadDir(base)
	var dirs []string
	for _, e := range entries {
		if e.IsDir() && isName(e.Name()) {
			dirs = append(dirs, filepath.Join(base, e.Name()))
		}
	}
	return dirs
}

// try does in a folder what a run does, and reports whether two folders can be
// exchanged in one step.
func (s *parquetSink) try(dir string) (exchanges bool, err error) {
	probe, err := os.MkdirTemp(dir, probePrefix)
	if err != nil {
		return false, diskError(dir, err)
	}
	defer func() { err = cmp.Or(err, s.disk.removeAll(probe)) }()
	if err := s.tryFile(probe); err != nil {
		return false, err
	}
	a, b := filepath.Join(probe, "a"), filepath.Join(probe, "b")
	if err := cmp.Or(s.disk.mkdir(a), s.disk.mkdir(b)); err != nil {
		return false, err
	}
	err = s.disk.exchange(a, b)
	if errors.Is(err, errors.ErrUnsupported) {
		return false, nil
	}
	return err == nil, err
}

// tryFile writes, syncs and renames a file and takes its lock.
func (s *parquetSink) tryFile(dir string) error {
	path := filepath.Join(dir, "file")
	if err := s.disk.replaceFile(path, []byte("probe\n")); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return diskError(path, err)
	}
	defer f.Close()
	if err := lock(f, false); err != nil {
		return cannotLock(path, err)
	}
	unlock(f)
	return nil
}
