package sinks

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/perennial-clv/perennial/pipeline"
)

// disk makes every change to the disk, so that each is synced, each error has
// its class, and a test can cut a run short before any of them.
type disk struct {
	step      func(name string) error // for tests: called before each step, with its name and path; nil does nothing
	isScratch bool                    // files are for this process alone, so nothing need outlive a power cut
}

func (d disk) do(name, path string, change func() error) error {
	if d.step != nil {
		if err := d.step(name + " " + path); err != nil {
			return diskError(path, err)
		}
	}
	return diskError(path, change())
}

func (d disk) mkdir(path string) error {
	return d.do("mkdir", path, func() error { return os.Mkdir(path, 0o755) })
}

func (d disk) mkdirAll(path string) error {
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return pipeline.Errorf(pipeline.ClassUsage, path, "name a folder, or move the file away", "is a file")
	}
	return d.do("mkdir", path, func() error { return os.MkdirAll(path, 0o755) })
}

func (d disk) rename(from, to string) error {
	return d.do("rename", to, func() error { return os.Rename(from, to) })
}

func (d disk) exchange(a, b string) error {
	return d.do("exchange", b, func() error { return exchange(a, b) })
}

func (d disk) remove(path string) error {
	return d.do("remove", path, func() error {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
}

func (d disk) removeAll(path string) error {
	return d.do("remove all", path, func() error { return os.RemoveAll(path) })
}

// syncDir makes the names in a folder durable.
func (d disk) syncDir(path string) error {
	return d.do("sync", path, func() error {
		dir, err := os.Open(path)
		if err != nil {
			return err
		}
		defer dir.Close()
		// Some file systems cannot sync a folder and say so; there is no
		// other way to ask them.
		if err := dir.Sync(); !errors.Is(err, syscall.EINVAL) {
			return err
		}
		return nil
	})
}

// replaceFile writes a small file so that a reader sees the old or the new
// content, also after a power cut.
func (d disk) replaceFile(path string, content []byte) error {
	temporary := path + ".tmp"
	f, err := d.create(temporary)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err := cmp.Or(err, f.finish()); err != nil {
		return err
	}
	if err := d.rename(temporary, path); err != nil {
		return err
	}
	return d.syncDir(filepath.Dir(path))
}

// create opens a file for writing, empty.
func (d disk) create(path string) (*file, error) {
	f := &file{disk: d, path: path}
	err := d.do("create", path, func() (err error) {
		f.file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
		return err
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// file is a file being written.
type file struct {
	disk disk
	path string
	file *os.File
}

// Write writes p.
func (f *file) Write(p []byte) (n int, err error) {
	err = f.disk.do("write", f.path, func() (err error) {
		n, err = f.file.Write(p)
		return err
	})
	return n, err
}

// finish syncs and closes the file. It closes also when it fails.
func (f *file) finish() error {
	var err error
	if !f.disk.isScratch {
		err = f.disk.do("sync", f.path, f.file.Sync)
	}
	return cmp.Or(err, diskError(f.path, f.file.Close()))
}

// abandon closes a file that an error has left open; it may be closed already.
func (f *file) abandon() { f.file.Close() }

// hashFile returns the checksum and size of a stored file.
func hashFile(ctx context.Context, path string) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	size, err = io.Copy(h, &reader{ctx: ctx, r: f})
	return hex.EncodeToString(h.Sum(nil)), size, err
}

// reader reads until its context ends.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// exists reports whether path is there. What cannot be looked at is there.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// diskError gives an error of the operating system its class. An error that
// has one, and a context's, stay as they are.
func diskError(path string, err error) error {
	var classed *pipeline.Error
	switch {
	case err == nil, errors.As(err, &classed), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return pipeline.Errorf(pipeline.ClassTemporary, path, "free some space and run again", "no space left on the disk: %w", bare(err))
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return pipeline.Errorf(pipeline.ClassPermission, path, "let the user that runs perennial write there", "%w", bare(err))
	case errors.Is(err, syscall.ENOTDIR):
		return pipeline.Errorf(pipeline.ClassUsage, path, "a part of the path is a file; name a folder", "%w", bare(err))
	default:
		return pipeline.Errorf(pipeline.ClassTemporary, path, "", "%w", bare(err))
	}
}

// bare takes the path off an error, for the place names it already.
func bare(err error) error {
	var inPath *fs.PathError
	var inLink *os.LinkError
	switch {
	case errors.As(err, &inPath):
		return inPath.Err
	case errors.As(err, &inLink):
		return inLink.Err
	default:
		return err
	}
}

// inStage notes what the sink was doing, and with which table, in an error.
func inStage(stage, table string, err error) error {
	var e *pipeline.Error
	if errors.As(err, &e) && e.Stage == "" {
		e.Stage, e.Table = stage, table
	}
	return err
}
