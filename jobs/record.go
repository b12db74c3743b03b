package jobs

import (
	"cmp"
	"slices"

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
		table.Texts("config_hash", "SHA-256 of the job file and of what --set changed in it.", func(r *RunRow) string { return r.ConfigHash }),
		table.Texts("input_fingerprint", "Fingerprint of the input, as in run_inputs.", func(r *RunRow) string { return r.Fingerprint }),
		table.Integers("seed", "Seed of random numbers; 0: none were drawn.", func(r *RunRow) int64 { return r.Seed }).In("seed").Never(),
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
		table.Integers("row_count", "Rows of the source, readable or not.", func(r *InputRow) int64 { return r.Rows }).In("rows"),
		table.NullIntegers("byte_count", "Stored size of the source.", "if it has none", func(r *InputRow) (int64, bool) { return r.Bytes.Get() }).In("bytes"),
		table.NullTimes("min_occurred_at", "Earliest time of a readable row.", "without any", func(r *InputRow) (int64, bool) { return r.Min.Get() }),
		table.NullTimes("max_occurred_at", "Latest time of a readable row.", "without any", func(r *InputRow) (int64, bool) { return r.Max.Get() }),
		table.Amounts("amount_total", "Sum of the amounts of all readable rows, whatever became of them.", func(r *InputRow) int64 { return r.Amount }),
		table.Texts("fingerprint", "Sum of the hashes of all rows, 128 bits in hexadecimal: neither order nor division into files matters. A row is hashed over the columns that the job reads; rules.exact_duplicates: drop reads all.", func(r *InputRow) string { return r.Fingerprint }),
	},
}

// ColumnRow is a row of table_columns.
type ColumnRow struct {
	Table    string
	Position int
	IsKey    bool
	table.Column
}

// partition describes the column that every table has beside its own.
var partition = table.Column{
	Name: "as_of_date", Kind: table.Date, Additivity: table.Never,
	Doc: "The last civil day that counts, inclusive; the partition. Each date is a whole result of its own: filter by one, never sum over dates.",
}

// columnRows returns the rows of table_columns for tables, in the order of
// the key.
func columnRows(tables []table.Schema) []ColumnRow {
	var rows []ColumnRow
	for _, t := range tables {
		rows = append(rows, ColumnRow{Table: t.Name, IsKey: true, Column: partition})
		for i, c := range t.Columns {
			rows = append(rows, ColumnRow{Table: t.Name, Position: i + 1, IsKey: slices.Contains(t.Key, c.Name), Column: c})
		}
	}
	slices.SortFunc(rows, func(a, b ColumnRow) int { return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Name, b.Name)) })
	return rows
}

// TableColumns declares table_columns.
var TableColumns = table.Definition[ColumnRow]{
	Name: "table_columns",
	Doc:  "The data dictionary: one row per column of each published table, ordered by table and column name. The same texts stand in the files' metadata.",
	Key:  []string{"table_name", "column_name"},
	Columns: []table.Field[ColumnRow]{
		table.Texts("table_name", "The table.", func(r *ColumnRow) string { return r.Table }),
		table.Texts("column_name", "The column.", func(r *ColumnRow) string { return r.Name }),
		table.Integers("position", "Its place in the table, from 1; 0 for as_of_date, which is the partition.", func(r *ColumnRow) int64 { return int64(r.Position) }).In("place").Never(),
		table.Texts("data_type", "Type, as SQL names it.", func(r *ColumnRow) string { return r.Kind.String() }),
		table.NullTexts("unit", "Unit of a number: currency is that of the job (in runs).", "for texts, dates, times and flags", func(r *ColumnRow) (string, bool) { return r.Unit, r.Unit != "" }),
		table.Flags("is_key", "Whether it is part of the key, by which rows differ.", func(r *ColumnRow) bool { return r.IsKey }),
		table.Texts("additivity", "additive: sums over any rows of one as_of_date that agree in dimension_name, grain, offset_mode and value_basis. not_over_time: the same, but not over periods, offsets or horizons. never: do not sum.", func(r *ColumnRow) string { return string(r.Additivity) }),
		table.Texts("description", "What it means.", func(r *ColumnRow) string { return r.Doc }),
		table.NullTexts("null_meaning", "When it has no value, as the end of a sentence.", "where the column never is", func(r *ColumnRow) (string, bool) { return r.Null, r.Nullable }),
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
		table.NullAmounts("observed", "The number found, exact to 4 decimals.", "where there is none", func(r *CheckRow) (int64, bool) { return r.Observed.Get() }).In("of the check").Never(),
		table.NullAmounts("expected", "The number it should equal, or the limit it should keep.", "where there is none", func(r *CheckRow) (int64, bool) { return r.Expected.Get() }).In("of the check").Never(),
		table.NullAmounts("difference", "observed − expected.", "where either is", (*CheckRow).difference).In("of the check").Never(),
		table.Texts("status", "pass, warn, fail, or info for a number to know.", func(r *CheckRow) string { return string(r.Status) }),
		table.Texts("severity", "error: a failure stops the run. warning: it is published with it. info.", func(r *CheckRow) string { return string(r.Severity) }),
	},
}
