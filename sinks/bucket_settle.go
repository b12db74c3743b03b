package sinks

import (
	"context"
	"slices"
	"strings"

	"github.com/perennial-clv/perennial/pipeline"
)

// settle brings what other runs of a date have left to its end: behind their
// entry in the log by finishing what follows from it, before it by removing what
// they staged and copied. It may be cut short anywhere and repeated. It returns
// the head of the log that is then in force.
func (s *bucketSink) settle(ctx context.Context, o *objects, l *lease) (head, error) {
	err := o.abortUploads(ctx, stagingDir+"/", func(key string) bool { return isStagedOf(key, l.asOf) })
	if err != nil {
		return head{}, err
	}
	h, err := o.newest(ctx, l.asOf)
	if err != nil {
		return h, err
	}
	staged, err := s.stagedOf(ctx, o, l.asOf)
	if err != nil {
		return h, err
	}
	isDone, err := s.isDone(ctx, o, l.asOf, h)
	if err != nil || isDone && len(staged) == 0 && !l.isTakeover {
		return h, err
	}
	var tables []string
	for _, f := range staged {
		tables = append(tables, strings.Split(f.key, "/")[2])
	}
	if h, err = s.fence(ctx, o, l, h, tables); err != nil {
		return h, err
	}
	if err := s.finish(ctx, o, l.asOf, h); err != nil {
		return h, err
	}
	for _, f := range staged {
		if err := o.remove(ctx, f.key); err != nil {
			return h, err
		}
	}
	return h, nil
}

// isDone reports whether all has been done that follows from the head of a log,
// as far as the journal and the log tell.
func (s *bucketSink) isDone(ctx context.Context, o *objects, asOf string, h head) (bool, error) {
	j, err := o.journal(ctx, asOf)
	switch {
	case err != nil:
		return false, err
	case h.Journal == nil:
		return j == nil && len(h.older) == 0, nil
	default:
		return j != nil && j.RunID == h.Journal.RunID, nil
	}
}

// stagedOf returns what runs have staged of a date: _staging/<run>/<table>/as_of_date=<date>/<file>.
func (s *bucketSink) stagedOf(ctx context.Context, o *objects, asOf string) ([]object, error) {
	found, err := o.list(ctx, stagingDir+"/")
	return slices.DeleteFunc(found, func(f object) bool { return !isStagedOf(f.key, asOf) }), err
}

func isStagedOf(key, asOf string) bool {
	folders := strings.Split(key, "/")
	return len(folders) == 5 && folders[3] == "as_of_date="+asOf
}

// fence writes an entry that leaves published what is, and that no run which began
// before it can follow. Behind it files that are in no journal are nobody's.
// ClassBusy says that another run was faster: it holds the date, or has written
// behind h.
func (s *bucketSink) fence(ctx context.Context, o *objects, l *lease, h head, tables []string) (head, error) {
	if err := l.check(ctx); err != nil {
		return h, err
	}
	e := h.entry
	e.RunID = l.runID
	e.Tables = append(slices.Clone(e.Tables), tables...)
	slices.Sort(e.Tables)
	e.Tables = slices.Compact(e.Tables)
	next, won, err := o.append(ctx, l.asOf, h, e)
	if err == nil && !won {
		err = superseded(o, l.asOf)
	}
	return next, err
}

// finish does all that follows from the head of a date's log. Each part of it may
// be repeated. Readers of the old journal lose its files only after the new
// journal is there.
func (s *bucketSink) finish(ctx context.Context, o *objects, asOf string, h head) error {
	if err := s.record(ctx, o, asOf, h); err != nil {
		return err
	}
	listed := pathsOf(h.Journal)
	for _, name := range allTables(h) {
		if err := s.sweep(ctx, o, asOf, h, partitionKey(name, asOf), listed); err != nil {
			return inStage("publish", name, err)
		}
	}
	if h.Journal != nil {
		return nil
	}
	if h.IsRemoval {
		if err := s.sweep(ctx, o, asOf, h, quarantineDir+"/"+asOf+"/", nil); err != nil {
			return err
		}
	}
	for _, number := range h.older { // with the last of them the removal is complete
		if err := o.remove(ctx, entryKey(asOf, number)); err != nil {
			return err
		}
	}
	return nil
}

// record makes the journal that readers see that of the head, and looks again
// after it has written: of several runs the one that writes last has seen the
// newest head. It fails where that is not h.
func (s *bucketSink) record(ctx context.Context, o *objects, asOf string, h head) error {
	for now := h; ; {
		err := s.recordOnce(ctx, o, asOf, now)
		if err != nil {
			return err
		}
		recorded := now.number
		if now, err = o.newest(ctx, asOf); err != nil {
			return err
		}
		switch now.number {
		case h.number:
			return nil
		case recorded:
			return superseded(o, asOf)
		}
	}
}

func (s *bucketSink) recordOnce(ctx context.Context, o *objects, asOf string, h head) error {
	if h.Journal == nil {
		return o.remove(ctx, journalKey(asOf))
	}
	if err := o.put(ctx, journalKey(asOf), asJSON(h.Journal)); err != nil {
		return err
	}
	return o.advance(ctx)
}

// sweep removes the objects under a prefix that are not listed, unless the log
// has gone on: then they may be another run's.
func (s *bucketSink) sweep(ctx context.Context, o *objects, asOf string, h head, prefix string, listed map[string]bool) error {
	found, err := o.list(ctx, prefix)
	if err != nil {
		return err
	}
	found = slices.DeleteFunc(found, func(f object) bool { return listed[f.key] })
	if len(found) == 0 {
		return nil
	}
	isNewest, err := o.isNewest(ctx, asOf, h.number)
	if err != nil {
		return err
	}
	if !isNewest {
		return superseded(o, asOf)
	}
	for _, f := range found {
		if err := o.remove(ctx, f.key); err != nil {
			return err
		}
	}
	return nil
}

// pathsOf returns the paths of a journal's files.
func pathsOf(j *pipeline.Journal) map[string]bool {
	files := map[string]bool{}
	if j != nil {
		for _, r := range j.Tables {
			for _, f := range r.Files {
				files[f.Path] = true
			}
		}
	}
	return files
}

// allTables returns the tables of which a date may have files, in order.
func allTables(h head) []string {
	names := slices.Clone(h.Tables)
	if h.Journal != nil {
		names = append(names, tablesOf(h.Journal.Tables)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func tablesOf(receipts []pipeline.Receipt) []string {
	names := make([]string, len(receipts))
	for i, r := range receipts {
		names[i] = r.Table
	}
	return names
}
