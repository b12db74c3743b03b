package sinks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/perennial-clv/perennial/pipeline"
)

// removingSuffix marks the journal of a date that is being removed. Whoever
// goes by the journals does not see the date any more; what is left of it is
// the next run's to remove.
const removingSuffix = ".removing"

func (s *parquetSink) removingPath(asOf string) string {
	return filepath.Join(s.root, runsDir, asOf+removingSuffix)
}

// Expired returns the dates before asOf that have a journal and that
// keep_as_of does not keep.
func (s *parquetSink) Expired(ctx context.Context, asOf string) ([]string, error) {
	if err := errors.Join(ctx.Err(), checkDate(asOf)); err != nil {
		return nil, err
	}
	if s.keeping == nil {
		return nil, nil
	}
	dates, err := s.datesWith(".json")
	return s.keeping.expired(dates, asOf), err
}

// RemoveExpired removes the dates that Expired names, and what is left of
// those whose removal was cut short, whether there is a keep_as_of or not. A
// date that another run holds is left to the next run.
func (s *parquetSink) RemoveExpired(ctx context.Context, asOf string) (removed []string, err error) {
	expired, err := s.Expired(ctx, asOf)
	if err != nil {
		return nil, err
	}
	begun, err := s.datesWith(removingSuffix)
	if err != nil {
		return nil, err
	}
	return removeDates(ctx, expired, begun, s.removeDate)
}

// removeDates removes dates that expired and finishes the removals that have
// begun, in order, and returns the dates that are gone. One date that cannot be
// removed does not keep the others.
func removeDates(ctx context.Context, expired, begun []string, remove func(ctx context.Context, asOf string, isExpired bool) (isGone bool, err error)) (removed []string, err error) {
	dates := slices.Concat(expired, begun)
	slices.Sort(dates)
	for _, date := range slices.Compact(dates) {
		if ctx.Err() != nil {
			return removed, cmp.Or(err, ctx.Err())
		}
		isGone, failure := remove(ctx, date, slices.Contains(expired, date))
		if isGone {
			removed = append(removed, date)
		}
		switch {
		case failure == nil:
		case err == nil:
			err = fmt.Errorf("%s: %w", date, failure)
		default:
			err = fmt.Errorf("%w; %s: %w", err, date, failure)
		}
	}
	return removed, err
}

// datesWith returns the dates, in order, of which _runs has a file with a
// suffix behind the date.
func (s *parquetSink) datesWith(suffix string) ([]string, error) {
	dir := filepath.Join(s.root, runsDir)
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, diskError(dir, err)
	}
	var dates []string
	for _, e := range entries {
		if date, ok := strings.CutSuffix(e.Name(), suffix); ok && checkDate(date) == nil {
			dates = append(dates, date)
		}
	}
	return dates, nil
}

// removeDate removes a date, or else finishes its removal, unless another run
// holds it. The claim keeps runs of the date out until nothing is left of it. A
// date that is not expired may have been published again since its removal
// began: that stays.
func (s *parquetSink) removeDate(_ context.Context, asOf string, isExpired bool) (isGone bool, err error) {
	c, err := s.claim(asOf)
	if pipeline.ClassOf(err) == pipeline.ClassBusy {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer c.free()
	isGone = exists(s.removingPath(asOf))
	if err := s.settle(c); err != nil {
		return false, err
	}
	j, err := s.journal(asOf)
	if err != nil || j == nil || !isExpired {
		return isGone, err
	}
	if err := s.checkRemovable(asOf, j); err != nil {
		return false, err
	}
	if err := s.disk.rename(s.journalPath(asOf), s.removingPath(asOf)); err != nil {
		return false, err
	}
	err = s.finishRemoval(asOf)
	return err == nil, err
}

// checkRemovable refuses a journal that is not the date's, and a partition in
// which there is a file that the journal does not name: it is not the sink's.
func (s *parquetSink) checkRemovable(asOf string, j *pipeline.Journal) error {
	if err := checkJournal(s.journalPath(asOf), asOf, j); err != nil {
		return err
	}
	for _, r := range j.Tables {
		dir := partition(s.root, r.Table, asOf)
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return diskError(dir, err)
		}
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			if !slices.ContainsFunc(r.Files, func(f pipeline.File) bool { return filepath.Join(s.root, filepath.FromSlash(f.Path)) == path }) {
				return unknown(path)
			}
		}
	}
	return nil
}

// checkJournal refuses a journal that is not the date's.
func checkJournal(path, asOf string, j *pipeline.Journal) error {
	if j.AsOf != asOf || slices.ContainsFunc(j.Tables, func(r pipeline.Receipt) bool { return !isName(r.Table) }) {
		return pipeline.Errorf(pipeline.ClassQuality, path, "restore the file, or remove it", "is no journal of %s", asOf)
	}
	return nil
}

func unknown(path string) error {
	return pipeline.Errorf(pipeline.ClassQuality, path, "move it away", "is not in the journal, so the date is kept")
}

// finishRemoval removes what is left of a date whose removal has begun, if it
// has. Each partition leaves its readers' sight in one step. The marked journal
// goes last, so that a removal that is cut short can be repeated.
func (s *parquetSink) finishRemoval(asOf string) error {
	j, err := readJSON[pipeline.Journal](s.removingPath(asOf))
	if err != nil || j == nil {
		return err
	}
	runs := filepath.Join(s.root, runsDir)
	if err := s.disk.syncDir(runs); err != nil { // the date is gone before its tables are
		return err
	}
	aside := s.staging("removing-" + asOf)
	if err := s.disk.mkdirAll(aside); err != nil {
		return err
	}
	for _, r := range j.Tables {
		if err := s.putAside(partition(s.root, r.Table, asOf), filepath.Join(aside, r.Table)); err != nil {
			return err
		}
	}
	if err := s.putAside(filepath.Join(s.root, quarantineDir, asOf), filepath.Join(aside, quarantineDir)); err != nil {
		return err
	}
	if err := s.disk.removeAll(aside); err != nil {
		return err
	}
	if err := s.removeSuperseded(asOf); err != nil {
		return err
	}
	if err := s.disk.remove(s.removingPath(asOf)); err != nil {
		return err
	}
	return s.disk.syncDir(runs)
}

// putAside moves a folder out of its readers' sight, if it is there.
func (s *parquetSink) putAside(live, aside string) error {
	if !exists(live) {
		return nil
	}
	if err := s.disk.rename(live, aside); err != nil {
		return err
	}
	return s.disk.syncDir(filepath.Dir(live))
}

// removeSuperseded removes the journals of a date that later runs have
// superseded.
func (s *parquetSink) removeSuperseded(asOf string) error {
	dir := filepath.Join(s.root, runsDir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return diskError(dir, err)
	}
	for _, e := range entries {
		rest, isOfDate := strings.CutPrefix(e.Name(), asOf+".")
		runID, isJournal := strings.CutSuffix(rest, ".json")
		if isOfDate && isJournal && isName(runID) {
			if err := s.disk.remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
