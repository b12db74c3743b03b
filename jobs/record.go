package jobs

import (
	"github.com/perennial-clv/perennial/pipeline/table"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// RunRow is a row of runs.
type RunRow struct {
	RunID, Job            string
	StartedAt, FinishedAt int64 // microseconds since 1970 UTC
	Status                string
	CodeVersion           string
	ConfigHash            string
	Fingerprint           string
	Seed                  int64
	Timezone, Currency    string
}

// Runs declares runs.
var Runs = table.Definition[RunRow]{
	Name: "runs",
	Doc:  "One row: the run that published this as-of date.",
	Key:  []string{"run_id"},
	Columns: []table.Field[RunRow]{
		table.Texts("run_id", "Identifier of the run, unique.", func(r *RunRow) string { return r.RunID }),
		table.Texts("job", "Name of the job.", func(r *RunRow) string { return r.Job }),
		table.Times("started_at", "When the run began.", func(r *RunRow) int64 { return r.StartedAt }),
		table.Times("finished_at", "When the tables were computed and their publication began.", func(r *RunRow) int64 { return r.FinishedAt }),
		table.Texts("status", "succeeded: a run that failed publishes nothing.", func(r *RunRow) string { return r.Status }),
		table.Texts("code_version", "Version of the program.", func(r *RunRow) string { return r.CodeVersion }),
		table.Texts("config_hash", "SHA-256 of the job file.", func(r *RunRow) string { return r.ConfigHash }),
		table.Texts("input_fingerprint", "Fingerprint of the input, as in run_inputs.", func(r *RunRow) string { return r.Fingerprint }),
		table.Integers("seed", "Seed of random numbers; 0: none were drawn.", func(r *RunRow) int64 { return r.Seed }),
		table.Texts("timezone", "Zone of civil days and periods.", func(r *RunRow) string { return r.Timezone }),
		table.Texts("currency", "Currency of all money.", func(r *RunRow) string { return r.Currency }),
	},
}

// InputRow is a row of run_inputs.
type InputRow struct {
	Source      string
	Rows        int64
	Bytes       numeric.Null[int64]
	Min, Max    numeric.Null[int64]
	Amount      int64
	Fingerprint string
}

// RunInputs declares run_inputs.
var RunInputs = table.Definition[InputRow]{
	Name: "run_inputs",
	Doc:  "One row: what was read.",
	Key:  []string{"source"},
	Columns: []table.Field[InputRow]{
		table.Texts("source", "The source, as the job file names it.", func(r *InputRow) string { return r.Source }),
		table.Integers("row_count", "Rows of the source, readable or not.", func(r *InputRow) int64 { return r.Rows }),
		table.NullIntegers("byte_count", "Stored size of the source; NULL if it has none.", func(r *InputRow) (int64, bool) { return r.Bytes.Get() }),
		table.NullTimes("min_occurred_at", "Earliest time of a readable row; NULL without any.", func(r *InputRow) (int64, bool) { return r.Min.Get() }),
		table.NullTimes("max_occurred_at", "Latest time of a readable row; NULL without any.", func(r *InputRow) (int64, bool) { return r.Max.Get() }),
		table.Amounts("amount_total", "Sum of the amounts of all readable rows, whatever became of them.", func(r *InputRow) int64 { return r.Amount }),
		table.Texts("fingerprint", "Sum of the hashes of all rows, 128 bits in hexadecimal: neither order nor division into files matters.", func(r *InputRow) string { return r.Fingerprint }),
	},
}

// CheckRow is a row of run_checks.
type CheckRow struct {
	Name               string
	Scope              string
	Observed, Expected numeric.Null[int64] // in units of 10^-4, so that money is exact
	Status             CheckStatus
	Severity           Severity
}

// CheckStatus says how a check came out.
type CheckStatus string

// The outcomes of a check.
const (
	Passed  CheckStatus = "pass"
	Warned  CheckStatus = "warn"
	Failed  CheckStatus = "fail"
	Counted CheckStatus = "info" // a number to know, neither good nor bad
)

// Severity says what a failed check means.
type Severity string

// The severities.
const (
	IsError   Severity = "error"   // it stops the run
	IsWarning Severity = "warning" // the tables are published with it
	IsInfo    Severity = "info"
)

// difference returns observed − expected, null where either is.
func (c *CheckRow) difference() (int64, bool) {
	observed, ok := c.Observed.Get()
	expected, also := c.Expected.Get()
	return observed - expected, ok && also
}

// RunChecks declares run_checks.
var RunChecks = table.Definition[CheckRow]{
	Name: "run_checks",
	Doc:  "One row per check and scope, ordered by name and scope. Money in currency, counts and days as they are.",
	Key:  []string{"check_name", "scope"},
	Columns: []table.Field[CheckRow]{
		table.Texts("check_name", "What was checked.", func(r *CheckRow) string { return r.Name }),
		table.Texts("scope", "Where: a month, a table, a dimension value; all.", func(r *CheckRow) string { return r.Scope }),
		table.NullAmounts("observed", "The number found, exact to 4 decimals; NULL where there is none.", func(r *CheckRow) (int64, bool) { return r.Observed.Get() }),
		table.NullAmounts("expected", "The number it should equal, or the limit it should keep; NULL where there is none.", func(r *CheckRow) (int64, bool) { return r.Expected.Get() }),
		table.NullAmounts("difference", "observed − expected; NULL where either is.", (*CheckRow).difference),
		table.Texts("status", "pass, warn, fail, or info for a number to know.", func(r *CheckRow) string { return string(r.Status) }),
		table.Texts("severity", "error: a failure stops the run. warning: it is published with it. info.", func(r *CheckRow) string { return string(r.Severity) }),
	},
}
