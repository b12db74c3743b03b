package sinks

import (
	"context"
	"encoding/hex"
	"slices"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
)

// Check compares what the store says of every file of a date with its journal:
// sizes and checksums as they are listed, one request for a thousand files. A
// file of which the store has no MD5, or one that is none of the content, is read.
func (s *bucketSink) Check(ctx context.Context, asOf string) (*pipeline.Journal, error) {
	if err := checkDate(asOf); err != nil {
		return nil, err
	}
	o, err := s.objects(ctx)
	if err != nil {
		return nil, inStage("check", "", err)
	}
	j, err := s.check(ctx, o, asOf)
	return j, inStage("check", "", err)
}

func (s *bucketSink) check(ctx context.Context, o *objects, asOf string) (*pipeline.Journal, error) {
	h, err := o.newest(ctx, asOf)
	if err != nil {
		return nil, err
	}
	j, err := o.journal(ctx, asOf)
	if err != nil {
		return nil, err
	}
	switch {
	case j == nil && h.Journal == nil:
		return nil, pipeline.Errorf(pipeline.ClassTemporary, placeOf(s.location), "run that date", "%s is not published", asOf)
	case j == nil, h.Journal == nil, j.RunID != h.Journal.RunID:
		return nil, unsettled(s.location, asOf, h.RunID)
	}
	unlisted := ""
	for _, r := range j.Tables {
		extra, err := s.verify(ctx, o, asOf, r, h.MD5)
		if err != nil {
			return nil, s.unlessReplaced(ctx, o, asOf, h, inStage("check", r.Table, err))
		}
		if unlisted == "" {
			unlisted = extra
		}
	}
	if unlisted != "" {
		return nil, s.ofNoJournal(ctx, o, asOf, h, unlisted)
	}
	return j, nil
}

// verify compares the files of a table that the store lists with a receipt. It
// returns the first that the receipt has not, if any.
func (s *bucketSink) verify(ctx context.Context, o *objects, asOf string, r pipeline.Receipt, md5 map[string]string) (unlisted string, err error) {
	found, err := o.list(ctx, partitionKey(r.Table, asOf))
	if err != nil {
		return "", err
	}
	for _, f := range r.Files {
		at := slices.IndexFunc(found, func(o object) bool { return o.key == f.Path })
		if at < 0 {
			return "", damaged(o.name(f.Path), asOf, isMissing)
		}
		what, err := o.differs(ctx, found[at], f, md5[f.Path])
		if err != nil {
			return "", err
		}
		if what != "" {
			return "", damaged(o.name(f.Path), asOf, what)
		}
		found = slices.Delete(found, at, at+1)
	}
	for _, f := range found {
		return f.key, nil
	}
	return "", nil
}

const isMissing = "is missing"

// differs says in what an object differs from the file that it should be, "" if
// in nothing. The store's MD5 may be of something else than the content, as where
// it encrypts: what is not equal is read.
func (o *objects) differs(ctx context.Context, found object, f pipeline.File, md5 string) (string, error) {
	if found.bytes != f.Bytes {
		return "has another size than in the journal", nil
	}
	if md5 != "" && hex.EncodeToString(found.md5) == md5 {
		return "", nil
	}
	sum, err := o.hash(ctx, f.Path)
	switch {
	case cloud.KindOf(err) == cloud.Missing:
		return isMissing, nil
	case err == nil && sum != f.SHA256:
		return "has another checksum than in the journal", nil
	}
	return "", err
}

// ofNoJournal is the error of a file that the journal has not: it is damage only
// if no run is putting it there or taking it away, or was killed while it did.
func (s *bucketSink) ofNoJournal(ctx context.Context, o *objects, asOf string, h head, key string) error {
	holder, _, err := (&lease{objects: o, asOf: asOf}).holder(ctx)
	if err != nil {
		return err
	}
	if holder != "" {
		return unsettled(s.location, asOf, holder)
	}
	staged, err := s.stagedOf(ctx, o, asOf)
	if err != nil {
		return err
	}
	if len(staged) > 0 {
		return unsettled(s.location, asOf, h.RunID)
	}
	return s.unlessReplaced(ctx, o, asOf, h, damaged(o.name(key), asOf, "is not in the journal"))
}

func unsettled(l cloud.Location, asOf, runID string) error {
	return pipeline.Errorf(pipeline.ClassTemporary, placeOf(l), "wait for that run; if it was killed, run the date again and it will be finished",
		"run %s is publishing or removing %s", runID, asOf)
}

// unlessReplaced returns err, found against the head of a log, unless the log has
// gone on meanwhile: then nothing is damaged, only not there.
func (s *bucketSink) unlessReplaced(ctx context.Context, o *objects, asOf string, h head, err error) error {
	if pipeline.ClassOf(err) != pipeline.ClassQuality {
		return err
	}
	isNewest, lookErr := o.isNewest(ctx, asOf, h.number)
	if lookErr == nil && !isNewest {
		return pipeline.Errorf(pipeline.ClassTemporary, placeOf(s.location), "check again", "%s was replaced or removed during the check", asOf)
	}
	return err
}
