package sinks

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/perennial-clv/perennial/pipeline"
)

// Check compares every file of a date with its journal.
func (s *parquetSink) Check(ctx context.Context, asOf string) (*pipeline.Journal, error) {
	if err := checkDate(asOf); err != nil {
		return nil, err
	}
	j, err := s.check(ctx, asOf)
	return j, inStage("check", "", err)
}

func (s *parquetSink) check(ctx context.Context, asOf string) (*pipeline.Journal, error) {
	if err := s.checkSettled(asOf); err != nil {
		return nil, err
	}
	j, err := s.journal(asOf)
	if err != nil {
		return nil, err
	}
	if j == nil {
		return nil, pipeline.Errorf(pipeline.ClassTemporary, s.root, "run that date", "%s is not published", asOf)
	}
	for _, r := range j.Tables {
		if err := s.verify(ctx, asOf, r); err != nil {
			return nil, s.unlessReplaced(j, inStage("check", r.Table, err))
		}
	}
	return j, nil
}

// checkSettled fails while a date is between its point of no return and its
// journal.
func (s *parquetSink) checkSettled(asOf string) error {
	c := &claim{path: filepath.Join(s.root, locksDir, asOf)}
	var err error
	if c.file, err = os.Open(c.path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return diskError(c.path, err)
	}
	defer c.file.Close()
	if holder := c.holder(); holder != "" && exists(pendingPath(s.staging(holder))) {
		return pipeline.Errorf(pipeline.ClassTemporary, s.root, "wait for that run; if it was killed, run the date again and it will be finished",
			"run %q is publishing %s", holder, asOf)
	}
	return nil
}

// unlessReplaced returns err, found against journal j, unless the date was
// being replaced or removed meanwhile: then nothing is damaged, only not there.
func (s *parquetSink) unlessReplaced(j *pipeline.Journal, err error) error {
	if err := s.checkSettled(j.AsOf); err != nil {
		return err
	}
	now, journalErr := s.journal(j.AsOf)
	if journalErr == nil && (now == nil || now.RunID != j.RunID) {
		return pipeline.Errorf(pipeline.ClassTemporary, s.root, "check again", "%s was replaced or removed during the check", j.AsOf)
	}
	return err
}

// verify compares the partition in place with a receipt: the files that are
// there, their sizes and their checksums. Names that begin with a dot or an
// underscore are nobody's rows: readers of partitioned folders skip them.
func (s *parquetSink) verify(ctx context.Context, asOf string, r pipeline.Receipt) error {
	listed := make(map[string]bool, len(r.Files))
	for _, f := range r.Files {
		listed[filepath.Join(s.root, filepath.FromSlash(f.Path))] = true
	}
	dir := partition(s.root, r.Table, asOf)
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return diskError(dir, err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if !listed[path] && !strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(e.Name(), "_") {
			return damaged(path, asOf, "is not in the journal")
		}
	}
	for _, f := range r.Files {
		if err := s.verifyFile(ctx, asOf, f); err != nil {
			return err
		}
	}
	return nil
}

func (s *parquetSink) verifyFile(ctx context.Context, asOf string, f pipeline.File) error {
	path := filepath.Join(s.root, filepath.FromSlash(f.Path))
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return damaged(path, asOf, "is missing")
	case err != nil:
		return diskError(path, err)
	case info.Size() != f.Bytes:
		return damaged(path, asOf, "has another size than in the journal")
	}
	sum, _, err := hashFile(ctx, path)
	if err != nil {
		return diskError(path, err)
	}
	if sum != f.SHA256 {
		return damaged(path, asOf, "has another checksum than in the journal")
	}
	return nil
}

func damaged(path, asOf, what string) error {
	return pipeline.Errorf(pipeline.ClassQuality, path, "run "+asOf+" again to replace it", "%s", what)
}
