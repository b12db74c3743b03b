package jobs

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/money"
)

// Summary is what a run did, for people (Text) and for schedulers (as JSON).
// It is small: its size does not grow with the data. It is written for failed
// runs too.
type Summary struct {
	Status   string `json:"status"` // succeeded or failed
	ExitCode int    `json:"exit_code"`
	Class    string `json:"class,omitempty"` // of the failure
	Stage    string `json:"stage"`           // the last stage that began
	Table    string `json:"table,omitempty"` // the table concerned by the failure
	Message  string `json:"message,omitempty"`
	Hint     string `json:"hint,omitempty"`

	Job         string `json:"job"`
	AsOf        string `json:"as_of_date"`
	RunID       string `json:"run_id"`
	CodeVersion string `json:"code_version"`
	Timezone    string `json:"timezone"`
	Currency    string `json:"currency"`

	Set      []string        `json:"set,omitempty"` // what the command line set beside the job file
	Source   *SourceSummary  `json:"source,omitempty"`
	Excluded []ExcludedTotal `json:"excluded,omitempty"`
	Result   *ResultSummary  `json:"result,omitempty"`
	Models   []ModelSummary  `json:"models,omitempty"` // of the whole base
	Tables   []TableSummary  `json:"tables,omitempty"`

	SegmentModels int      `json:"segment_models,omitempty"`      // that predict for parts of the base
	Dropped       []string `json:"dropped_tables,omitempty"`      // that the newest date had and this run does not publish
	Removed       []string `json:"removed_as_of_dates,omitempty"` // dates that the sink keeps no longer
	Warnings      []string `json:"warnings,omitempty"`

	PeakMemory int64 `json:"peak_memory_bytes,omitempty"` // that the process took at most; absent where the system does not say
	Spilled    int64 `json:"spilled_bytes"`               // that memory did not hold and that were written to files
}

// SourceSummary is what was read. Amounts are exact decimals.
type SourceSummary struct {
	Name        string `json:"name"`
	Rows        int64  `json:"rows"`
	Unreadable  int64  `json:"unreadable_rows"`
	Amount      string `json:"amount"`
	FirstDay    string `json:"first_day,omitempty"` // in the job's zone
	LastDay     string `json:"last_day,omitempty"`
	Fingerprint string `json:"fingerprint"`
	NaiveZone   string `json:"times_without_zone_read_in,omitempty"`
}

// ExcludedTotal is the rows excluded for one reason.
type ExcludedTotal struct {
	Reason string  `json:"reason"`
	Rows   int64   `json:"rows"`
	Amount *string `json:"amount"` // null where it cannot be read
}

// ResultSummary is what came out.
type ResultSummary struct {
	KeptRows     int64   `json:"kept_rows"`
	NetRevenue   string  `json:"net_revenue"`
	Customers    int64   `json:"customers"` // with a purchase
	PurchaseDays int64   `json:"purchase_days"`
	MeanPurchase string  `json:"mean_purchase_value,omitempty"` // on purchase days
	Cohorts      int     `json:"month_cohorts"`                 // with customers
	RepeatRate   float64 `json:"repeat_purchase_rate"`

	// Net revenue a customer, absent where it is not known: expected in the 365
	// days after the as-of day, and brought in the first twelve months by those
	// customers whose first twelve months could be observed.
	Predicted365D    string `json:"predicted_value_365d_per_customer,omitempty"`
	Realised12Months string `json:"realised_value_12_months_per_customer,omitempty"`
	Exposed12Months  int64  `json:"exposed_customers_12_months"`
	ResidualCLV      string `json:"residual_clv,omitempty"`     // of all customers, lifetime, discounted
	ResidualCLVLow   string `json:"residual_clv_low,omitempty"` // the ends of its interval of 80 %
	ResidualCLVHigh  string `json:"residual_clv_high,omitempty"`

	Checks int `json:"checks_passed"`
	Warned int `json:"checks_warned"`
	ToKnow int `json:"checks_to_know"` // numbers that are neither good nor bad
}

// ModelSummary is one fitted model.
type ModelSummary struct {
	ID         string             `json:"model_id"`
	Status     string             `json:"status"`
	IsChosen   bool               `json:"is_chosen"`
	Reason     string             `json:"reason"`
	Deviance   *float64           `json:"holdout_deviance"` // null without backtests, and of spend
	Bias       *float64           `json:"holdout_bias"`
	Parameters []ParameterSummary `json:"parameters,omitempty"`
}

// ParameterSummary is one fitted parameter.
type ParameterSummary struct {
	Name     string   `json:"parameter"`
	Estimate float64  `json:"estimate"`
	StdError *float64 `json:"std_error"` // null where it is not available
}

func modelSummary(m *clv.Model) ModelSummary {
	s := ModelSummary{ID: m.ID(), Status: string(m.Fit.Status), IsChosen: m.IsChosen, Reason: m.Reason}
	if deviance, ok := m.HoldoutDeviance.Get(); ok {
		s.Deviance = &deviance
	}
	if bias, ok := m.HoldoutBias.Get(); ok {
		s.Bias = &bias
	}
	for _, p := range m.Fit.Parameters {
		parameter := ParameterSummary{Name: p.Name, Estimate: p.Estimate}
		if e, ok := p.StdError.Get(); ok {
			parameter.StdError = &e
		}
		s.Parameters = append(s.Parameters, parameter)
	}
	return s
}

// TableSummary is one published table.
type TableSummary struct {
	Name  string `json:"name"`
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"`
}

func (r *Run) newSummary() *Summary {
	return &Summary{
		Job: r.Job.Name, AsOf: r.AsOf.String(), RunID: r.RunID, CodeVersion: r.CodeVersion,
		Timezone: r.Job.Settings.Zone.String(), Currency: r.Job.Settings.Currency,
		Set: r.Job.Set,
	}
}

func (s *Summary) setInput(r *Run, in *input) {
	t := &in.tally
	s.Source = &SourceSummary{
		Name: in.description.Name, Rows: t.Rows, Unreadable: t.Unreadable, Amount: money.Format(t.Amount()),
		Fingerprint: fingerprint(t.Fingerprint),
	}
	if t.CivilTimes > 0 {
		s.Source.NaiveZone = in.bound.NaiveZone()
	}
	if first, ok := t.Instants.Min(); ok {
		last, _ := t.Instants.Max()
		zone := r.Job.Settings.Zone
		s.Source.FirstDay, s.Source.LastDay = zone.Day(first).String(), zone.Day(last).String()
	}
}

// setMemory notes what memory and disk the run took.
func (s *Summary) setMemory(r *Run, space *pipeline.Space) {
	s.Spilled = space.Spilled()
	if r.PeakMemory != nil {
		s.PeakMemory = r.PeakMemory()
	}
}

func (s *Summary) addTable(r pipeline.Receipt) {
	s.Tables = append(s.Tables, TableSummary{r.Table, r.Rows, r.Bytes})
}

func (s *Summary) setResult(r *Run, in *input, b *base, o *outputs, c *checks) {
	s.Excluded = excludedTotals(b.exclusions, r.Job.Settings.Rules)
	result := &ResultSummary{
		KeptRows: b.sums.totals.KeptRows, NetRevenue: money.Format(b.sums.totals.KeptAmount),
		Customers:    b.sums.totals.Customers,
		PurchaseDays: b.sums.totals.PurchaseDays, Checks: c.having(Passed), Warned: c.having(Warned), ToKnow: c.having(Counted),
	}
	if mean, ok := money.Mean(b.sums.totals.PurchaseValue, b.sums.totals.PurchaseDays); ok {
		result.MeanPurchase = money.Format(mean)
	}
	for i := range o.cohorts {
		if row := &o.cohorts[i]; row.Dimension == cohort.All && row.Grain == calendar.ByMonth && row.Size > 0 {
			result.Cohorts++
		}
	}
	if year, ok := b.year.Get(); ok {
		result.Predicted365D = money.Format(year)
	}
	net, exposed := o.cohortPeriods.pools.FirstYear()
	result.Exposed12Months = exposed
	if realised, ok := money.Mean(net, exposed); ok {
		result.Realised12Months = money.Format(realised)
	}
	if b.hasResiduals {
		result.ResidualCLV = money.Format(b.residual)
	}
	low, hasLow := b.interval.Low.Get()
	if high, ok := b.interval.High.Get(); ok && hasLow {
		result.ResidualCLVLow, result.ResidualCLVHigh = money.Format(low), money.Format(high)
	}
	result.RepeatRate = repeatRate(o.businessPeriods)
	s.Result = result
	for i := range b.fitted.Models {
		if m := &b.fitted.Models[i]; m.IsOfAll() {
			s.Models = append(s.Models, modelSummary(m))
		} else if m.IsChosen {
			s.SegmentModels++
		}
	}
	s.Warnings = warnings(r, s, in, b, c)
}

// repeatRate returns the share of customers with at least two purchases at the
// end of the last month.
func repeatRate(periods []cohort.BusinessPeriod) float64 {
	rate := 0.0
	for i := range periods {
		if p := &periods[i]; p.Dimension == cohort.All && p.Grain == calendar.ByMonth && p.CustomersEver > 0 {
			rate = float64(p.RepeatCustomersEver) / float64(p.CustomersEver)
		}
	}
	return rate
}

func excludedTotals(exclusions []ledger.Exclusion, rules []ledger.Rule) []ExcludedTotal {
	var totals []ExcludedTotal
	for _, reason := range ledger.Reasons(rules) {
		total := ExcludedTotal{Reason: reason}
		sum, isReadable := int64(0), false
		for _, e := range exclusions {
			if e.Reason == reason {
				amount, ok := e.Amount.Get()
				total.Rows += e.Rows
				sum, isReadable = sum+amount, isReadable || ok
			}
		}
		if isReadable {
			text := money.Format(sum)
			total.Amount = &text
		}
		if total.Rows > 0 {
			totals = append(totals, total)
		}
	}
	return totals
}

// warnings says what a reader of the tables should know, the most important
// first: checks that warn, and signs that the source or the job file are not
// what they should be, for they say that numbers everywhere may mean something
// else, and a wrong number looks like a right one; then predictions
// that are missing, which shows; then those that are doubtful; then rows that
// do not count; last what the job file asked for.
func warnings(r *Run, s *Summary, in *input, b *base, c *checks) []string {
	var list []string
	for _, row := range c.sorted() {
		if row.Status == Warned {
			list = append(list, row.warning())
		}
	}
	if more := jump(in.tally.Rows, r.AsOf, in.previous); more != "" {
		list = append(list, more)
	}
	if open := r.Job.OpenQuestions(); open != "" {
		list = append(list, open)
	}
	if hardlyAnyRepeats(&b.sums.totals) {
		list = append(list, "hardly anybody bought twice: is customer_id the customer, and not the order?")
	}
	chosen := false
	for _, m := range s.Models {
		chosen = chosen || m.IsChosen && !strings.HasPrefix(m.ID, string(models.GammaGamma))
	}
	if !chosen && r.Job.hasModels() {
		list = append(list, "no model of purchases predicts (models says why): predictions are NULL")
	}
	for _, m := range s.Models {
		if m.IsChosen && m.Bias != nil && math.Abs(*m.Bias) > models.MostOff {
			how := "more"
			if *m.Bias < 0 {
				how = "fewer"
			}
			list = append(list, fmt.Sprintf("in backtests %s predicted %.0f %% %s purchases than came: intervals of sums are widened by that, values are not corrected", m.ID, 100*math.Abs(*m.Bias), how))
		}
	}
	if s.predictsWith(models.NBD) && !slices.Contains(r.Job.Value.Candidates, models.NBD) {
		list = append(list, "nbd predicts, in which nobody ever leaves (models says why): values of a lifetime are as high as they can be")
	}
	list = append(list, r.Models.warnings(r.Job, r.AsOf)...)
	if chosen && !b.hasResiduals {
		list = append(list, "lifetime values are infinite without a discount, or too large: residual_clv is NULL")
	}
	if b.sums.totals.NetRevenue() < 0 {
		list = append(list, "refunds exceed sales: predicted values are negative")
	}
	for _, m := range s.Models {
		if m.Status != string(models.FitOK) && (m.IsChosen || strings.HasPrefix(m.ID, string(models.GammaGamma))) {
			list = append(list, fmt.Sprintf("model %s: %s: %s", m.ID, m.Status, m.Reason))
		}
	}
	if s.Source.Unreadable > 0 {
		which := "they"
		if kept := len(in.tally.Quarantine); int64(kept) < s.Source.Unreadable {
			which = fmt.Sprintf("the first %d", kept)
		}
		list = append(list, fmt.Sprintf("%d rows could not be read; %s are in _quarantine/%s", s.Source.Unreadable, which, s.AsOf))
	}
	if len(in.accepted) > 0 {
		list = append(list, "columns that the newest date had have changed: "+strings.Join(in.accepted, "; "))
	}
	if len(s.Dropped) > 0 {
		list = append(list, fmt.Sprintf("no longer published, though the newest date had them: %s", strings.Join(s.Dropped, ", ")))
	}
	if r.isAsOfFixed() {
		list = append(list, fmt.Sprintf("the job file fixes the as-of day %s: every run is of it; delete as_of before a scheduler runs the job", r.AsOf))
	}
	return list
}

// predictsWith reports whether a family of purchases was chosen.
func (s *Summary) predictsWith(family models.Family) bool {
	return slices.ContainsFunc(s.Models, func(m ModelSummary) bool { return m.IsChosen && m.ID == clv.ModelID(family, cohort.All) })
}

// warning says what a check warns of and, where a person can act, what to do.
func (c *CheckRow) warning() string {
	observed, _ := c.Observed.Get()
	limit, _ := c.Expected.Get()
	if month, ok := calendar.ParseDay(c.Scope + "-01"); ok && c.Name == firstCohortSize {
		return fmt.Sprintf("the first cohort, %s, has %s customers, more than twice as many as a usual month: if the data begin later than the business, set cohorts.from: %s",
			c.Scope, money.Format(observed), month.AddMonths(1))
	}
	if c.Name == missingDays {
		return fmt.Sprintf("the data seem to be late: %s of the last days up to the as-of day have no rows, though their weekdays usually have; run the date again when they are there", money.Format(observed))
	}
	return fmt.Sprintf("%s is %s, above %s", strings.ReplaceAll(c.Name, "_", " "), money.Format(observed), money.Format(limit))
}

// finish notes how the run ended.
func (s *Summary) finish(err error) {
	if err == nil {
		s.Status = "succeeded"
		return
	}
	s.Fail(err)
}

// Fail notes a failure: its class, where it happened, and what to do.
func (s *Summary) Fail(err error) {
	s.Status, s.Message = "failed", err.Error()
	class := pipeline.ClassOf(err)
	s.ExitCode, s.Class = int(class), class.String()
	var e *pipeline.Error
	if errors.As(err, &e) {
		s.Hint, s.Table = e.Hint, e.Table
		s.Stage = cmp.Or(e.Stage, s.Stage)
	}
}
