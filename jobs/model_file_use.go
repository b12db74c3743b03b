package jobs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/models"
)

// Suits fails where a job cannot use the models: they are in other units, or it
// has no use for any.
func (e *EarlierModels) Suits(j *Job) error {
	wrong := func(hint, format string, args ...any) error {
		return pipeline.Errorf(pipeline.ClassUsage, e.Place, hint, format, args...)
	}
	const other = "use a model file of a job like this one"
	switch {
	case !j.hasModels():
		return wrong("leave the model file out, or name models.candidates", "the job asks for no models (models.candidates: none)")
	case e.currency != j.Settings.Currency:
		return wrong(other, "the models are in %s, the job is in %s", e.currency, j.Settings.Currency)
	case e.opportunities.IsContractual != j.Value.Opportunities.IsContractual:
		return wrong(other, "of the models and the job one is of customers under contract (setting: contractual)")
	case e.opportunities.Grain != j.Value.Opportunities.Grain:
		return wrong(fmt.Sprintf("write models.opportunity: %s, or %s", e.opportunities.Grain, other), "the models count opportunities by the %s, the job by the %s", e.opportunities.Grain, j.Value.Opportunities.Grain)
	case e.units != j.Value.TimeUnit.Name:
		return wrong("write models.time_unit: "+e.units+", or "+other, "the models count time by the %s, the job by the %s", e.units, j.Value.TimeUnit.Name)
	}
	return nil
}

// Predicts fails where a job that fits nothing cannot predict with the models:
// beside what Suits says they are of other segments.
func (e *EarlierModels) Predicts(j *Job) error {
	if err := e.Suits(j); err != nil {
		return err
	}
	if e.segmentBy != j.SegmentBy {
		hint := "write models.segment_by: " + e.segmentBy
		if e.segmentBy == "" {
			hint = "leave models.segment_by out"
		}
		return pipeline.Errorf(pipeline.ClassUsage, e.Place, hint+", or use a model file of a job like this one",
			"the models are of segments by %s, those of the job are by %s", cmp.Or(e.segmentBy, "none"), cmp.Or(j.SegmentBy, "none"))
	}
	if m := e.fitted.Chosen(clv.ForPurchases, cohort.All); m != nil && m.Family.IsDiscrete() && !j.Value.HasDiscrete() {
		return pipeline.Errorf(pipeline.ClassUsage, e.Place, fmt.Sprintf("write models.candidates: [%s]", m.Family),
			"the model %s counts opportunities, and no candidate of the job does", m.Family)
	}
	return nil
}

// CheckSavesModels fails where a job has no models to save.
func (j *Job) CheckSavesModels() error {
	if j.hasModels() {
		return nil
	}
	return pipeline.Errorf(pipeline.ClassUsage, "--save-models", "leave it out, or name models.candidates", "the job asks for no models (models.candidates: none)")
}

// Text says what the models are and which of them predict.
func (e *EarlierModels) Text() string {
	chosen := e.chosen()
	if len(chosen) == 0 {
		chosen = []string{"nothing"}
	}
	return fmt.Sprintf("of %s: fitted up to %s by run %s of job %s; %s predicts", e.Place, e.End, e.runID, e.job, strings.Join(chosen, " with "))
}

// chosen are the families that predict for the whole base.
func (e *EarlierModels) chosen() (families []string) {
	for _, role := range []string{clv.ForPurchases, clv.ForSpend} {
		for i := range e.fitted.Models {
			if m := &e.fitted.Models[i]; m.IsChosen && m.Role == role && m.IsOfAll() {
				families = append(families, string(m.Family))
			}
		}
	}
	return slices.Compact(families)
}

// fits are the fits of the whole base; none of nil.
func (e *EarlierModels) fits() (fits []models.Fit) {
	if e == nil {
		return nil
	}
	for _, m := range e.fitted.Models {
		if m.Part == cohort.All {
			fits = append(fits, m.Fit)
		}
	}
	return fits
}

// take returns what a run predicts with that fits nothing. The rows of models say
// where they come from.
func (e *EarlierModels) take() clv.Fitted {
	f := e.fitted
	f.Models = slices.Clone(f.Models)
	for i := range f.Models {
		f.Models[i].Reason += fmt.Sprintf("; fitted by run %s, read from a model file", e.runID)
	}
	return f
}

// warnings says what is doubtful about predicting with the models.
func (e *EarlierModels) warnings(j *Job, asOf calendar.Day) (list []string) {
	if e == nil {
		return nil
	}
	if asOf < e.End {
		list = append(list, fmt.Sprintf("the models were fitted up to %s, after the as-of day: they know what came later", e.End))
	}
	if zone := j.Settings.Zone.String(); e.timezone != zone {
		list = append(list, fmt.Sprintf("the models were fitted on civil days in %s, the job's are in %s", e.timezone, zone))
	}
	return list
}

// useModels takes the models of an earlier run. They are not graded: that was done
// when they were chosen.
func (r *Run) useModels(ctx context.Context, b *base) error {
	b.fitted = r.Models.take()
	return r.putTogether(ctx, b)
}

// saveModels hands over what was fitted, once the tables are published.
func (r *Run) saveModels(in *input, b *base) error {
	if r.OnModels == nil {
		return nil
	}
	content, err := r.modelFile(in, &b.fitted)
	if err != nil {
		return err
	}
	return r.OnModels(content)
}
