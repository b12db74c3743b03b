package sinks

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"

	"github.com/perennial-clv/perennial/pipeline"
)

// Expired returns the dates before asOf that have a journal and that keep_as_of
// does not keep.
func (s *bucketSink) Expired(ctx context.Context, asOf string) ([]string, error) {
	if err := errors.Join(ctx.Err(), checkDate(asOf)); err != nil {
		return nil, err
	}
	if s.keeping == nil {
		return nil, nil
	}
	o, err := s.objects(ctx)
	if err != nil {
		return nil, err
	}
	dates, err := o.dates(ctx)
	return s.keeping.expired(dates, asOf), err
}

// RemoveExpired removes the dates that Expired names, and what is left of those
// whose removal was cut short, whether there is a keep_as_of or not. A date that
// another run holds is left to the next run.
func (s *bucketSink) RemoveExpired(ctx context.Context, asOf string) (removed []string, err error) {
	expired, err := s.Expired(ctx, asOf)
	if err != nil {
		return nil, err
	}
	o, err := s.objects(ctx)
	if err != nil {
		return nil, err
	}
	begun, err := s.removalsBegun(ctx, o)
	if err != nil {
		return nil, err
	}
	return removeDates(ctx, expired, begun, func(ctx context.Context, asOf string, isExpired bool) (bool, error) {
		return s.removeDate(ctx, o, asOf, isExpired)
	})
}

// removalsBegun returns, in order, the dates whose removal was cut short: they
// have no journal, but more in their log than the entry of the removal.
func (s *bucketSink) removalsBegun(ctx context.Context, o *objects) ([]string, error) {
	found, err := o.list(ctx, runsDir+"/")
	entries, journals := map[string]int{}, map[string]bool{}
	for _, f := range found {
		name := strings.TrimPrefix(f.key, runsDir+"/")
		if date, _, inLog := strings.Cut(name, "/"); inLog && checkDate(date) == nil {
			entries[date]++
		}
		journals[strings.TrimSuffix(name, ".json")] = true
	}
	var dates []string
	for date, n := range entries {
		if n > 1 && !journals[date] {
			dates = append(dates, date)
		}
	}
	slices.Sort(dates)
	return dates, err
}

// removeDate removes a date, or else finishes its removal, unless another run
// holds it. The entry of the removal in the date's log is the point of no return;
// then the journal goes, then the files, and the log but for that entry last. It
// stays, lest a run that began before it find its number free.
func (s *bucketSink) removeDate(ctx context.Context, o *objects, asOf string, isExpired bool) (isGone bool, err error) {
	l, err := s.claim(ctx, o, asOf, "removal-"+rand.Text())
	if pipeline.ClassOf(err) == pipeline.ClassBusy {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { _ = l.free(context.WithoutCancel(ctx)) }() // else it expires
	h, err := s.settle(ctx, o, l)
	if err != nil || h.Journal == nil || !isExpired {
		return err == nil && h.Journal == nil, err
	}
	if err := s.checkRemovable(ctx, o, asOf, h); err != nil {
		return false, err
	}
	h, won, err := o.append(ctx, asOf, h, entry{RunID: l.runID, Tables: tablesOf(h.Journal.Tables), IsRemoval: true})
	if err != nil || !won {
		return false, err
	}
	err = s.finish(context.WithoutCancel(ctx), o, asOf, h)
	return err == nil, err
}

// checkRemovable refuses a journal that is not the date's, and a partition in
// which there is a file that the journal does not name: it is not the sink's.
func (s *bucketSink) checkRemovable(ctx context.Context, o *objects, asOf string, h head) error {
	if err := checkJournal(o.name(journalKey(asOf)), asOf, h.Journal); err != nil {
		return err
	}
	listed := pathsOf(h.Journal)
	for _, name := range tablesOf(h.Journal.Tables) {
		found, err := o.list(ctx, partitionKey(name, asOf))
		if err != nil {
			return err
		}
		for _, f := range found {
			if !listed[f.key] {
				return unknown(o.name(f.key))
			}
		}
	}
	return nil
}
