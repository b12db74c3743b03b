package sinks

import (
	"context"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
)

// Latest returns the journal of the newest date that is whole.
func (s *bigQuerySink) Latest(ctx context.Context) (*pipeline.Journal, error) {
	w, isThere, err := s.open(ctx)
	if err != nil || !isThere {
		return nil, err
	}
	row, err := w.latestRun(ctx)
	if err != nil || row == nil {
		return nil, err
	}
	return row.journal, nil
}

// Check counts the rows of a date in every table and adds up its money columns,
// and compares them with the journal: it reads those columns of that date.
func (s *bigQuerySink) Check(ctx context.Context, asOf string) (*pipeline.Journal, error) {
	if err := checkDate(asOf); err != nil {
		return nil, err
	}
	j, err := s.check(ctx, asOf)
	return j, inStage("check", "", err)
}

func (s *bigQuerySink) check(ctx context.Context, asOf string) (*pipeline.Journal, error) {
	w, isThere, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	if !isThere {
		return nil, w.notPublished(asOf)
	}
	j, err := w.settled(ctx, asOf)
	if err != nil {
		return nil, err
	}
	for _, r := range j.Tables {
		if err := w.compare(ctx, w.dataset, r.Table, asOf, r, pipeline.ClassQuality); err != nil {
			return nil, w.unlessReplaced(ctx, j, inStage("check", r.Table, damagedTable(asOf, err)))
		}
	}
	return j, nil
}

// settled returns the journal of a date; while there is none, or it is being
// replaced, that is temporary.
func (w *warehouse) settled(ctx context.Context, asOf string) (*pipeline.Journal, error) {
	rows, err := w.runsOf(ctx, asOf)
	if err != nil {
		return nil, err
	}
	var j *pipeline.Journal
	for _, row := range rows {
		if row.state == statePublishing {
			return nil, pipeline.Errorf(pipeline.ClassTemporary, w.project+"."+w.dataset, "wait for that run; if it was killed, run the date again and it will be finished", "run %q is publishing %s", row.runID, asOf)
		}
		if row.journal != nil {
			j = row.journal
		}
	}
	if j == nil {
		return nil, w.notPublished(asOf)
	}
	return j, nil
}

func (w *warehouse) notPublished(asOf string) error {
	return pipeline.Errorf(pipeline.ClassTemporary, w.project+"."+w.dataset, "run that date", "%s is not published", asOf)
}

// damagedTable says of a table that is not there, or cannot be asked for its
// columns, that it is damaged.
func damagedTable(asOf string, err error) error {
	if kind := cloud.KindOf(err); kind != cloud.Missing && kind != cloud.Invalid {
		return err
	}
	return pipeline.Errorf(pipeline.ClassQuality, "", "run "+asOf+" again to replace it", "%w", err)
}

// unlessReplaced returns err, found against journal j, unless the date was being
// replaced meanwhile: then nothing is damaged, only not there.
func (w *warehouse) unlessReplaced(ctx context.Context, j *pipeline.Journal, err error) error {
	if ctx.Err() != nil {
		return err
	}
	now, settling := w.settled(ctx, j.AsOf)
	switch {
	case settling != nil:
		return settling
	case now.RunID != j.RunID:
		return pipeline.Errorf(pipeline.ClassTemporary, w.project+"."+w.dataset, "check again", "%s was replaced during the check", j.AsOf)
	default:
		return err
	}
}
