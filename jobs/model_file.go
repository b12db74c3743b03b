package jobs

import (
	"bytes"
	"encoding/json"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// modelFormat is the version of model files. It changes with every change after
// which an older program would predict something else of a newer file, or a
// newer one of an older file.
const modelFormat = 1

// modelFile is a model file: what a run fitted, and where it comes from. It is
// JSON, whose numbers read back to the bit they were written from. The names are
// those of the tables' columns.
type modelFile struct {
	Format      int    `json:"format_version"`
	Job         string `json:"job"`
	RunID       string `json:"run_id"`
	AsOf        string `json:"as_of_date"`
	CodeVersion string `json:"code_version"`
	ConfigHash  string `json:"config_hash"`
	Fingerprint string `json:"input_fingerprint"`
	Rows        int64  `json:"row_count"`
	Seed        int64  `json:"seed"`
	Timezone    string `json:"timezone"`
	Currency    string `json:"currency"`
	TimeUnit    string `json:"time_unit"`
	SegmentBy   string `json:"segment_by"`  // empty: by none
	Opportunity string `json:"opportunity"` // of discrete models
	Contractual bool   `json:"is_contractual"`

	Factors  factorsInFile  `json:"factors"`
	Widening wideningInFile `json:"widening"`
	Models   []modelInFile  `json:"models"`
}

type factorsInFile struct {
	NetRevenue   *float64 `json:"net_revenue"`
	Contribution *float64 `json:"contribution"`
	MeanPurchase *float64 `json:"mean_purchase_value"`
}

type wideningInFile struct {
	Level  float64 `json:"level"`
	Cohort float64 `json:"cohort"`
	Total  float64 `json:"total"`
}

// modelInFile is a row of models with its parameters.
type modelInFile struct {
	ID               string            `json:"model_id"`
	Role             string            `json:"role"`
	Family           string            `json:"family"`
	Dimension        string            `json:"dimension_name"`
	Value            string            `json:"dimension_value"`
	Start            *string           `json:"calibration_start"`
	End              string            `json:"calibration_end"`
	Customers        int64             `json:"customers"`
	Cells            int64             `json:"cells"`
	LogLikelihood    *float64          `json:"log_likelihood"`
	AIC              *float64          `json:"aic"`
	BIC              *float64          `json:"bic"`
	IsConverged      bool              `json:"is_converged"`
	Iterations       int               `json:"iterations"`
	Status           string            `json:"status"`
	IsCandidate      bool              `json:"is_candidate"`
	IsChosen         bool              `json:"is_chosen"`
	Reason           string            `json:"reason"`
	NetRevenueFactor *float64          `json:"net_revenue_factor"`
	Correlation      *float64          `json:"spend_frequency_correlation"`
	HoldoutDeviance  *float64          `json:"holdout_deviance"`
	HoldoutBias      *float64          `json:"holdout_bias"`
	IsWidened        bool              `json:"is_widened"` // backtests say how far, as above
	Parameters       []parameterInFile `json:"parameters"`
	Covariance       [][]float64       `json:"covariance"`                // of the parameters' logarithms, in their order; null without
	Purchases        float64           `json:"purchases_per_opportunity"` // 0 where it counts none
}

type parameterInFile struct {
	Name     string   `json:"parameter"`
	Estimate float64  `json:"estimate"`
	StdError *float64 `json:"std_error"`
}

// modelFile returns what a run fitted as a model file.
func (r *Run) modelFile(in *input, fitted *clv.Fitted) ([]byte, error) {
	row := r.runRow(in, r.Now())
	file := modelFile{
		Format: modelFormat, Job: row.Job, RunID: row.RunID, AsOf: r.AsOf.String(), CodeVersion: row.CodeVersion,
		ConfigHash: row.ConfigHash, Fingerprint: row.Fingerprint, Rows: in.tally.Rows, Seed: row.Seed,
		Timezone: row.Timezone, Currency: row.Currency, TimeUnit: r.Job.Value.TimeUnit.Name, SegmentBy: r.Job.SegmentBy,
		Opportunity: r.Job.Value.Opportunities.Grain.String(), Contractual: r.Job.Value.Opportunities.IsContractual,
		Factors:  factorsInFile{pointer(fitted.Factors.NetRevenue), pointer(fitted.Factors.Contribution), pointer(fitted.Factors.MeanPurchase)},
		Widening: wideningInFile(fitted.Widening),
	}
	for i := range fitted.Models {
		file.Models = append(file.Models, inFile(&fitted.Models[i]))
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	err := encoder.Encode(file)
	return bytes.TrimSpace(b.Bytes()), err
}

// inFile returns a row of models as it stands in a model file.
func inFile(m *clv.Model) modelInFile {
	f := modelInFile{
		ID: m.ID(), Role: m.Role, Family: string(m.Family), Dimension: m.Part.Name, Value: m.Part.Value,
		End: m.End.String(), Customers: m.Customers, Cells: m.Cells,
		LogLikelihood: pointer(m.LogLikelihood), AIC: pointer(m.AIC), BIC: pointer(m.BIC),
		IsConverged: m.Converged, Iterations: m.Iterations, Status: string(m.Status), IsCandidate: m.IsCandidate, IsChosen: m.IsChosen, Reason: m.Reason,
		NetRevenueFactor: pointer(m.NetRevenueFactor), Correlation: pointer(m.Correlation),
		HoldoutDeviance: pointer(m.HoldoutDeviance), HoldoutBias: pointer(m.HoldoutBias),
		Covariance: m.Covariance, Purchases: m.Opportunity.Purchases,
	}
	_, f.IsWidened = m.Widening.Get()
	if start, ok := m.Start.Get(); ok {
		text := start.String()
		f.Start = &text
	}
	for _, p := range m.Parameters {
		f.Parameters = append(f.Parameters, parameterInFile{p.Name, p.Estimate, pointer(p.StdError)})
	}
	return f
}

// model returns the row of models that stands in a model file, but for the days
// and the unit of time.
func (f *modelInFile) model() clv.Model {
	m := clv.Model{
		Role: f.Role, IsCandidate: f.IsCandidate, IsChosen: f.IsChosen,
		NetRevenueFactor: null(f.NetRevenueFactor), Correlation: null(f.Correlation),
		HoldoutDeviance: null(f.HoldoutDeviance), HoldoutBias: null(f.HoldoutBias),
		Fit: models.Fit{
			Family: models.Family(f.Family), LogLikelihood: null(f.LogLikelihood), AIC: null(f.AIC), BIC: null(f.BIC),
			Customers: f.Customers, Cells: f.Cells, Iterations: f.Iterations, Converged: f.IsConverged,
			Status: models.FitStatus(f.Status), Reason: f.Reason, Covariance: f.Covariance,
			Opportunity: models.Opportunity{Purchases: f.Purchases},
		},
	}
	m.Part.Name, m.Part.Value = f.Dimension, f.Value
	for _, p := range f.Parameters {
		m.Parameters = append(m.Parameters, models.Parameter{Name: p.Name, Estimate: p.Estimate, StdError: null(p.StdError)})
	}
	return m
}

// days sets the days of a row; not ok where one is no date.
func (f *modelInFile) days(m *clv.Model) (ok bool) {
	if f.Start != nil {
		start, ok := calendar.ParseDay(*f.Start)
		if m.Start = numeric.Known(start); !ok {
			return false
		}
	}
	m.End, ok = calendar.ParseDay(f.End)
	return ok
}

// pointer returns a value as JSON has it, and null again turns it back.
func pointer(n numeric.Null[float64]) *float64 {
	if v, ok := n.Get(); ok {
		return &v
	}
	return nil
}

func null(p *float64) numeric.Null[float64] {
	if p == nil {
		return numeric.Null[float64]{}
	}
	return numeric.Known(*p)
}
