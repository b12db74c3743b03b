package sinks

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/perennial-clv/perennial/pipeline"
)

// settle brings the run that a claim names to its end, whoever began it:
// behind its point of no return by finishing the publication, before it by
// deleting what was staged. A removal of the date that has begun is finished
// too, lest it hit what is published next. It may be cut short anywhere and
// repeated.
func (s *parquetSink) settle(c *claim) error {
	if err := s.finishRemoval(c.asOf); err != nil {
		return err
	}
	runID := c.holder()
	if runID == "" {
		return c.clear() // of a name that was cut off, if any
	}
	dir := s.staging(runID)
	if err := s.finish(dir); err != nil {
		return err
	}
	if err := s.disk.removeAll(dir); err != nil {
		return err
	}
	return c.clear()
}

// settleOthers settles the other dates whose run was killed, so that what it
// staged does not fill the disk until that date is run again. A date that a
// live process holds is left alone.
func (s *parquetSink) settleOthers(asOf string) error {
	dir := filepath.Join(s.root, locksDir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return diskError(dir, err)
	}
	for _, e := range entries {
		if e.Name() == asOf || checkDate(e.Name()) != nil {
			continue
		}
		if info, err := e.Info(); err != nil || info.Size() == 0 {
			continue // no run left anything
		}
		if err := s.settleOther(e.Name()); err != nil {
			return err
		}
	}
	return nil
}

func (s *parquetSink) settleOther(asOf string) error {
	c, err := s.claim(asOf)
	if pipeline.ClassOf(err) == pipeline.ClassBusy {
		return nil
	}
	if err != nil {
		return err
	}
	defer c.free()
	return s.settle(c)
}

// finish does all that follows the point of no return, if the run of a staging
// folder has come to it. Each part of it looks at what is in place, so a
// second pass does only what the first has not.
func (s *parquetSink) finish(staging string) error {
	p, err := readJSON[pending](pendingPath(staging))
	if err != nil || p == nil {
		return err
	}
	for _, r := range p.Journal.Tables {
		if err := s.place(staging, p.Journal.AsOf, r); err != nil {
			return inStage("publish", r.Table, err)
		}
	}
	for _, name := range p.Dropped {
		if err := s.drop(staging, p.Journal.AsOf, name); err != nil {
			return inStage("publish", name, err)
		}
	}
	if err := s.record(p.Journal); err != nil {
		return err
	}
	// First publish.json, so that a folder deleted halfway is never taken for
	// a publication still to be finished.
	return s.disk.remove(pendingPath(staging))
}

// place puts the staged partition of one table where its readers look, and
// the one that it replaces into the staging folder. A partition in place that
// already is as the receipt says stays untouched: then an earlier pass has
// placed it, or the same rows were published before.
func (s *parquetSink) place(staging, asOf string, r pipeline.Receipt) error {
	staged, live := partition(staging, r.Table, asOf), partition(s.root, r.Table, asOf)
	wrong := s.verify(context.Background(), asOf, r)
	if wrong == nil {
		return nil
	}
	if !exists(staged) {
		return pipeline.Errorf(pipeline.ClassQuality, staging, "remove that folder and run "+asOf+" again",
			"a publication was cut short and what it staged is gone: %w", wrong)
	}
	if err := s.makeTable(r.Table); err != nil {
		return err
	}
	if err := s.swap(staged, live); err != nil {
		return err
	}
	if err := s.disk.syncDir(filepath.Dir(live)); err != nil {
		return err
	}
	return s.disk.syncDir(filepath.Dir(staged))
}

// makeTable creates a table's folder.
func (s *parquetSink) makeTable(name string) error {
	if exists(filepath.Join(s.root, name)) {
		return nil
	}
	if err := s.disk.mkdirAll(filepath.Join(s.root, name)); err != nil {
		return err
	}
	return s.disk.syncDir(s.root)
}

// oldSuffix marks a partition put aside where folders cannot be exchanged.
const oldSuffix = ".old"

// swap moves the staged partition into place. A reader sees the old or the
// new one; only where the file system cannot exchange two folders may it see,
// for a moment, none.
func (s *parquetSink) swap(staged, live string) error {
	if !exists(live) {
		return s.disk.rename(staged, live)
	}
	err := s.disk.exchange(staged, live)
	if !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if err := s.disk.rename(live, staged+oldSuffix); err != nil {
		return err
	}
	return s.disk.rename(staged, live)
}

// drop moves a partition that the new run does not have out of its readers'
// sight.
func (s *parquetSink) drop(staging, asOf, name string) error {
	live := partition(s.root, name, asOf)
	if !exists(live) {
		return nil
	}
	aside := filepath.Join(staging, "dropped-"+name)
	if err := s.disk.rename(live, aside); err != nil {
		return err
	}
	return s.disk.syncDir(filepath.Dir(live))
}
