package jobs

import (
	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/forecast"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Job is a valid job, in the terms of the packages that do the work.
type Job struct {
	Name       string
	ConfigHash string   // of the job file as written and of Set, without what the environment put in
	Set        []string // what the command line set beside the file, as path=value, in an order of its own
	Questions  []int    // lines of the job file with an open question
	Source     pipeline.Source
	Sink       pipeline.Sink
	Mapping    ledger.Mapping
	Settings   ledger.Settings            // AsOf is set by At
	AsOf       numeric.Null[calendar.Day] // as the job file says
	AsOfPlace  string                     // file:line:column of that, or the flag
	Calendar   calendar.Calendar
	Grains     []calendar.Grain // in the order of their names
	From       numeric.Null[calendar.Day]
	SplitBy    []string // names of attributes
	MaxOffset  [calendar.ByYear + 1]int32
	Value      clv.Settings
	Backtests  int    // at most so many origins
	SegmentBy  string // name of the attribute whose values have models of their own; empty: none
	Gates      Gates
	Plan       []forecast.Planned // of acquisition
	Tables     map[string]bool    // the tables to publish
}

// Attributes returns the names of the job's attributes, in order.
func (j *Job) Attributes() []string {
	var names []string
	for _, a := range j.Mapping.Attributes {
		names = append(names, a.Name)
	}
	return names
}

// hasModels reports whether the job asks for models.
func (j *Job) hasModels() bool { return len(j.Value.Candidates) > 0 }

// File is a job file as written; a zero value means the default. Its tags are
// the one definition of the keys: docs/jobfile.md, docs/job.schema.json and
// explain are made of them, as keys.go says.
type File struct {
	Name      string      `yaml:"name" absent:"the file's name without its ending" doc:"names the job. One output folder belongs to one job. Letters, digits, '.', '-', '_'"`
	AsOf      string      `yaml:"as_of" absent:"the last complete day in the job's zone" doc:"last civil day that counts, inclusive; --as-of goes before it. A day that is not over is refused"`
	Timezone  string      `yaml:"timezone" default:"required" doc:"IANA name. Civil days, cohorts and periods are in this zone"`
	Currency  string      `yaml:"currency" default:"required" doc:"three letters. Another currency in the data is an error, never a sum"`
	WeekStart string      `yaml:"week_start" default:"monday" one_of:"monday,tuesday,wednesday,thursday,friday,saturday,sunday" doc:"first day of the week, for the grain week"`
	Setting   string      `yaml:"setting" default:"non_contractual" one_of:"non_contractual,contractual" doc:"contractual: customers are under contract, as with subscriptions, and a purchase is a payment for a period of models.opportunity. Who did not pay for the last complete period, or since, has left: there is no period of grace. A payment that comes days late counts in the period that it comes in; who misses a period and pays again later was there all the time (run_checks counts them as customers_who_came_back)"`
	Source    SourcePart  `yaml:"source" default:"required" doc:"where the rows come from, and what their columns mean"`
	Rules     RulesPart   `yaml:"rules" absent:"the default of each key below it" doc:"which rows count, and when there are too few or too bad ones to publish"`
	Cohorts   CohortsPart `yaml:"cohorts" absent:"the default of each key below it" doc:"how customers are grouped"`
	Value     ValuePart   `yaml:"value" absent:"the default of each key below it" doc:"what a customer's value means"`
	Models    ModelsPart  `yaml:"models" absent:"the default of each key below it" doc:"which models may predict"`
	Plan      []planPart  `yaml:"acquisition_plan" absent:"forecast from the history" doc:"how many customers will be acquired, month by month, for the future cohorts of cohort_forecasts. It takes the place of the forecast in the months that it names; months that are over, and those after the 36th, are left out"`
	Tables    tableList   `yaml:"tables" default:"all" doc:"all, or a list of the tables to publish. customer_values is the largest"`
	Sink      adapterPart `yaml:"sink" default:"required" doc:"where the tables go"`
}

// reserved are top-level keys that later versions will give a meaning.
var reserved = []string{"spend", "experiments"}

// SourcePart says where rows come from and what their columns mean.
type SourcePart struct {
	CSV        located           `yaml:"csv" default:"one of these" doc:"delimited text files, on a local disk or in an object store"`
	Parquet    located           `yaml:"parquet" default:"one of these" doc:"Parquet files, on a local disk or in an object store"`
	DuckDB     located           `yaml:"duckdb" default:"one of these" doc:"a table of a DuckDB database, or any query of DuckDB over local files; in programs built with the tag duckdb"`
	Postgres   located           `yaml:"postgres" default:"one of these" doc:"a table or query of a PostgreSQL database"`
	BigQuery   located           `yaml:"bigquery" default:"one of these" doc:"a table or query of BigQuery"`
	Columns    ColumnsPart       `yaml:"columns" absent:"the columns of the same names" doc:"which column of the source plays which part"`
	Attributes map[string]string `yaml:"attributes" absent:"none" doc:"name: source column. Kept of the first purchase as customers.first_<name>; may be split by. At most 1,048,576 distinct values"`
	Decimal    string            `yaml:"decimal" default:"\".\"" doc:"\".\" or \",\": how text is read as a number, in amounts, quantities, prices, costs and by rules with numbers. With \",\" a point may stand between thousands (1.234,50), in correct groups of three only. With \".\" nothing may, so that a decimal comma is never taken for one. Columns of numbers are not affected"`
}

// ColumnsPart maps our names to the source's. A name left out means a source
// column of our own name, where that part is needed.
type ColumnsPart struct {
	CustomerID string     `yaml:"customer_id" absent:"the column customer_id" doc:"a column of text or integers, kept as they are. A missing one, or text of nothing but blanks, makes the row unattributed"`
	OccurredAt timePart   `yaml:"occurred_at" absent:"the column occurred_at" doc:"when the row happened: a column, or a column with its format and zone"`
	OrderID    string     `yaml:"order_id" absent:"the column order_id, if there is one" doc:"without it every row is an order, as is a row where it is blank; run_checks warns above 1.5 rows per purchase"`
	Amount     amountPart `yaml:"amount" absent:"the column amount, else quantity × unit_price" doc:"signed, after discounts, without tax: a column, or a column with its scale, or a sum of columns"`
	Quantity   string     `yaml:"quantity" absent:"the column quantity, where there is no amount" doc:"with unit_price, instead of amount: the amount is their exact product, rounded half-even once"`
	UnitPrice  string     `yaml:"unit_price" absent:"the column unit_price, where there is no amount" doc:"with quantity, instead of amount"`
	Cost       costPart   `yaml:"cost" absent:"the column cost, if there is one" doc:"of the row, signed like the amount; the same forms as amount"`
	Currency   string     `yaml:"currency" absent:"the column currency, if there is one" doc:"checked against the job's currency. A row in another fails the run, unless a rule or the as-of day excludes it; its amount is then in no sum. A row without one is unreadable"`
}

// RulesPart says which rows count.
type RulesPart struct {
	Exclude         []rulePart `yaml:"exclude" absent:"none" doc:"rows that do not count, each rule with one condition. They are counted under rule:<name>"`
	ExactDuplicates string     `yaml:"exact_duplicates" default:"keep" one_of:"keep,drop" doc:"drop: of rows that are equal in every column of the source, mapped or not, the first counts"`
	Refunds         string     `yaml:"refunds" default:"net" one_of:"net,ignore" doc:"ignore: refunds are excluded"`
	ZeroAmounts     string     `yaml:"zero_amounts" default:"ignore" one_of:"ignore,purchase" doc:"purchase: a day of zero rows alone is a purchase"`
	MaxRejectedRate number     `yaml:"max_rejected_rate" default:"0.001" doc:"a larger share of unreadable rows fails the run with exit code 5"`
	MaxStaleness    string     `yaml:"max_staleness" default:"14d" doc:"data that end longer before the as-of day fail the run with exit code 5"`
	MissingDays     string     `yaml:"missing_days" default:"warn" one_of:"warn,fail" doc:"what to do when the last days up to the as-of day have no rows, though their weekdays had some in at least nine of the ten weeks before: warn, or fail the run with exit code 5"`
	MinVolume       number     `yaml:"min_volume" default:"0.5" doc:"fewer rows than this share of the previous run's fail the run with exit code 5, unless --accept-volume"`
}

// CohortsPart says how customers are grouped.
type CohortsPart struct {
	Grains    []string  `yaml:"grains" default:"[month]" one_of:"day,week,month,quarter,year" doc:"lengths of a cohort's period; month is always there"`
	SplitBy   []string  `yaml:"split_by" absent:"none" doc:"attributes to split by, at most 1,000 values each. The whole base is always there"`
	From      string    `yaml:"from" absent:"none" doc:"the history is whole from this day; earlier cohorts are marked left-truncated and stay out of pooled curves. Their customers stay in every other table and in the fits of the models"`
	MaxOffset maxOffset `yaml:"max_offset" default:"none" doc:"last offset, for every grain. The grain day ends at 365 by default. run_checks says how much money lies beyond. A choice by which cohort_periods would have more than 10,000,000 rows fails the run with exit code 5, also where tables leaves it out"`
}

// ValuePart says what a customer's value means.
type ValuePart struct {
	MarginRate   number   `yaml:"margin_rate" absent:"none" doc:"share of a row's amount that is contribution, where the row has no cost. Without it and without costs contribution is NULL; with costs for some rows only the run fails with exit code 5"`
	DiscountRate number   `yaml:"discount_rate" default:"0.10" doc:"annual, effective"`
	Horizons     []string `yaml:"horizons" default:"[365d, lifetime]" doc:"days as 90d, or lifetime; these two are always computed"`
}

// ModelsPart says which models may be chosen.
type ModelsPart struct {
	Candidates  candidateList `yaml:"candidates" absent:"[mbg_nbd, pareto_nbd, mbg_cnbd_2]; with setting: contractual [bdw, s_bg]" one_of:"mbg_nbd,pareto_nbd,bg_nbd,nbd,mbg_cnbd_2,mbg_cnbd_3,mbg_cnbd_4,bg_cnbd_2,bg_cnbd_3,bg_cnbd_4,bg_bb,s_bg,bdw" doc:"models that may predict; bg_nbd and bg_cnbd_ only alone; with setting: contractual s_bg and bdw, and no others. bg_bb is for purchases that are tied to the calendar. cnbd_2 to cnbd_4 are for purchases that are more regular than at random, the more so the higher the number. none: no model is fitted and nothing predicted, for those who want cohorts and history alone. nbd, bg_nbd and gamma_gamma are always fitted beside them, under contracts gamma_gamma alone. Candidates that describe the past better than nbd, and within a tenth of what came, compete by how well they would have predicted in backtests; nbd predicts where there is none. models.reason says why"`
	Backtests   *int          `yaml:"backtests" default:"3" doc:"at most so many days, origins, that the base is taken back to, to compare what the models would have predicted with what came; 0 for none. The horizon is 365 days where the history has three times as many, else a third of it in whole fortnights; origins lie half a horizon apart, and each has a horizon of history before it. At most 100,000 customers are graded, those with the smallest hash"`
	SegmentBy   string        `yaml:"segment_by" absent:"none" doc:"one of source.attributes, at most 1,000 values. The models that predict are fitted to the customers of each value too, drawn to those of the whole base as far as the values do not differ; who has a value with fewer than 50 repeat buyers is predicted by the models of the whole base"`
	TimeUnit    string        `yaml:"time_unit" default:"week" one_of:"day,week,month,year" doc:"unit of the parameters of models that count days"`
	Opportunity string        `yaml:"opportunity" default:"month" one_of:"day,week,month,quarter,year" doc:"the calendar period that is one opportunity of bg_bb, and one contract period of s_bg and bdw. A period counts once it is over; of the one that runs at the as-of day the share is expected that is to come. Days are divided by the mean length of a period, and between whole periods what is expected is linear"`
}

// adapterPart is exactly one technology with its options, which belong to the
// adapter.
type adapterPart struct {
	Parquet  located `yaml:"parquet" default:"one of these" doc:"Parquet files, on a local disk or in an object store"`
	BigQuery located `yaml:"bigquery" default:"one of these" doc:"tables of a BigQuery dataset"`
}

// Decode puts an adapter's options into a struct with yaml tags. What is wrong
// with them is reported with the rest of the job file.
type Decode func(options any) error

// Adapters are the sources and sinks that this program has, by their key in
// the job file.
type Adapters struct {
	Sources map[string]Adapter[pipeline.Source]
	Sinks   map[string]Adapter[pipeline.Sink]
}

// Adapter is one technology.
type Adapter[A any] struct {
	Options any // a value of the struct of its options, whose tags say what its keys mean
	New     func(Decode) (A, error)
}

// AdapterOf returns the adapter that a constructor makes of its options O.
func AdapterOf[O, A any](construct func(O) (A, error)) Adapter[A] {
	var defaults O
	return Adapter[A]{Options: defaults, New: func(decode Decode) (A, error) {
		var options O
		if err := decode(&options); err != nil {
			return *new(A), err
		}
		return construct(options)
	}}
}
