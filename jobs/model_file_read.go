package jobs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// EarlierModels are the models of an earlier run, read from a model file.
type EarlierModels struct {
	Place string       // the file, for messages
	End   calendar.Day // the as-of day of that run

	fitted                               clv.Fitted
	job, runID                           string
	timezone, currency, units, segmentBy string
	opportunities                        ledger.Opportunities
}

// ReadModels reads a model file. It fails where the file is damaged, of a
// version that this program does not know, or of models that it could not
// predict with; what it holds is then as good as what a run has fitted.
func ReadModels(place string, content []byte) (*EarlierModels, error) {
	wrong := func(hint, format string, args ...any) error {
		return pipeline.Errorf(pipeline.ClassUsage, place, hint, format, args...)
	}
	const again = "save it again with run --save-models"
	var version struct {
		Format int `json:"format_version"`
	}
	if err := json.Unmarshal(content, &version); err != nil {
		return nil, wrong("is it whole, and a file of run --save-models? "+again, "the model file cannot be read: %s", syntax(content, err))
	}
	if version.Format != modelFormat {
		return nil, wrong(again+" by this program", "the model file is of format version %d, this program knows %d", version.Format, modelFormat)
	}
	var file modelFile
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return nil, wrong(again, "the model file cannot be read: %s", syntax(content, err))
	}
	e := &EarlierModels{
		Place: place, job: file.Job, runID: file.RunID,
		timezone: file.Timezone, currency: file.Currency, units: file.TimeUnit, segmentBy: file.SegmentBy,
	}
	e.opportunities, _ = file.opportunities()
	var err error
	if e.End, e.fitted, err = file.fitted(); err != nil {
		return nil, wrong("do not edit model files; "+again, "the model file is damaged: %w", err)
	}
	return e, nil
}

// opportunities returns what the discrete models of the file count.
func (file *modelFile) opportunities() (o ledger.Opportunities, ok bool) {
	o.Grain, ok = calendar.ParseGrain(file.Opportunity)
	o.IsContractual = file.Contractual
	return o, ok
}

// syntax says what is wrong with JSON, and in which line.
func syntax(content []byte, err error) error {
	var at *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &at):
		return fmt.Errorf("line %d: %w", line(content, at.Offset), err)
	case errors.As(err, &kind):
		return fmt.Errorf("line %d: %s cannot be a %s", line(content, kind.Offset), kind.Field, kind.Value)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it ends too early")
	default:
		return err
	}
}

// line returns the line of an offset, from 1.
func line(content []byte, offset int64) int {
	return 1 + bytes.Count(content[:min(offset, int64(len(content)))], []byte("\n"))
}

// fitted returns what the file holds, or what is wrong with it.
func (file *modelFile) fitted() (end calendar.Day, f clv.Fitted, err error) {
	end, ok := calendar.ParseDay(file.AsOf)
	if !ok {
		return 0, f, fmt.Errorf("as_of_date is no date")
	}
	unit, ok := clv.ParseTimeUnit(file.TimeUnit)
	if !ok {
		return 0, f, fmt.Errorf("time_unit is none")
	}
	settings := clv.Settings{TimeUnit: unit}
	if settings.Opportunities, ok = file.opportunities(); !ok {
		return 0, f, fmt.Errorf("opportunity is none")
	}
	if f.Factors, err = file.Factors.factors(); err != nil {
		return 0, f, err
	}
	f.Widening = models.Widening(file.Widening)
	if w := f.Widening; !(w.Level > 0 && w.Level < 1) || !isRelative(w.Cohort) || !isRelative(w.Total) {
		return 0, f, fmt.Errorf("widening is none")
	}
	chosen := map[string]bool{}
	for i := range file.Models {
		own := &file.Models[i]
		m := own.model()
		m.TimeUnit = settings.Unit(m.Family)
		if own.IsWidened {
			m.Widening = numeric.Known(f.Widening)
		}
		if err := own.check(&m); err != nil {
			return 0, f, fmt.Errorf("models[%d]: %w", i, err)
		}
		if m.IsChosen {
			what := m.Role + " of " + m.Part.Name + "/" + m.Part.Value
			if chosen[what] {
				return 0, f, fmt.Errorf("two models of %s are chosen", what)
			}
			chosen[what] = true
		}
		f.Models = append(f.Models, m)
	}
	return end, f, f.CheckFrequencies()
}

// mostPerOpportunity is how many purchase days the longest opportunity has, a year.
const mostPerOpportunity = 366

// check says what is wrong with a row of models; it sets the days of m.
func (f *modelInFile) check(m *clv.Model) error {
	isSpend := m.Family == models.GammaGamma
	switch {
	case isSpend != (m.Role == clv.ForSpend) || !isSpend && m.Role != clv.ForPurchases:
		return fmt.Errorf("%s is no model of %q", m.Family, m.Role)
	case f.ID != m.ID():
		return fmt.Errorf("model_id is not that of its family and dimension")
	case !(m.Opportunity.Purchases >= 0 && m.Opportunity.Purchases <= mostPerOpportunity):
		return fmt.Errorf("purchases_per_opportunity is not from 0 to %d", mostPerOpportunity)
	case !f.days(m):
		return fmt.Errorf("a day is no date")
	}
	if err := m.Check(); err != nil {
		return err
	}
	_, predicts := m.Purchases()
	if isSpend {
		_, predicts = m.Spend()
	}
	if m.IsChosen && !predicts {
		return fmt.Errorf("%s is chosen, but %s has nothing to predict with", m.ID(), m.Status)
	}
	return nil
}

// factors returns the factors, or what is wrong with them.
func (f *factorsInFile) factors() (clv.Factors, error) {
	factors := clv.Factors{NetRevenue: null(f.NetRevenue), Contribution: null(f.Contribution), MeanPurchase: null(f.MeanPurchase)}
	if mean, ok := factors.MeanPurchase.Get(); ok && !(mean >= 0) {
		return factors, fmt.Errorf("mean_purchase_value is negative")
	}
	return factors, nil
}

// isRelative reports whether a number may widen an interval.
func isRelative(v float64) bool { return v >= 0 && !math.IsInf(v, 1) }
