package jobs

import (
	"time"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/calendar"
)

// ResolveAsOf returns the last civil day that counts: the day asked for if
// text is not empty, else the job file's, else the last complete day in the
// job's zone. A day that is not over is refused.
func (j *Job) ResolveAsOf(text string, now time.Time) (calendar.Day, error) {
	yesterday := j.Settings.Zone.Day(now.UnixMicro()) - 1
	asOf, place := yesterday, ""
	if day, ok := j.AsOf.Get(); ok {
		asOf, place = day, j.AsOfPlace
	}
	if text != "" {
		place = "--as-of"
		day, ok := calendar.ParseDay(text)
		if !ok {
			return 0, pipeline.Errorf(pipeline.ClassUsage, place, "write it as 2024-12-31", "%q is not a date", text)
		}
		asOf = day
	}
	if asOf > yesterday {
		return 0, pipeline.Errorf(pipeline.ClassUsage, place, "the last complete day is "+yesterday.String(),
			"the as-of day %s is not over in %s", asOf, j.Settings.Zone)
	}
	return asOf, nil
}

// isAsOfFixed reports whether the as-of day is the job file's and past, so that
// every run of the job is of the same day.
func (r *Run) isAsOfFixed() bool {
	day, ok := r.Job.AsOf.Get()
	return ok && day == r.AsOf && day < r.Job.Settings.Zone.Day(r.Now().UnixMicro())-1
}

// CheckOwner refuses a journal of another job: one output belongs to one job.
func (j *Job) CheckOwner(journal *pipeline.Journal) error {
	if journal == nil || journal.Job == j.Name {
		return nil
	}
	return pipeline.Errorf(pipeline.ClassUsage, "", "one output belongs to one job: give this job another sink",
		"the tables in the sink are of job %q, not of %q", journal.Job, j.Name)
}
