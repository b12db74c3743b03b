package jobs

import (
	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/clv"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

// Job is a valid job, in the terms of the packages that do the work.
type Job struct {
	Name       string
	ConfigHash string // of the job file as written, without what the environment put in
	Source     pipeline.Source
	Sink       pipeline.Sink
	Mapping    ledger.Mapping
	Settings   ledger.Settings            // AsOf is set by At
	AsOf       numeric.Null[calendar.Day] // as the job file says
	AsOfPlace  string                     // file:line:column of that
	Calendar   calendar.Calendar
	Grains     []calendar.Grain // in the order of their names
	From       numeric.Null[calendar.Day]
	SplitBy    []string // names of attributes
	MaxOffset  [calendar.ByYear + 1]int32
	Value      clv.Settings
	Gates      Gates
	Tables     map[string]bool // the tables to publish
}

// File is a job file as written. Every key has a default except timezone,
// currency, source and sink; a zero value means the default.
type File struct {
	Name      string      `yaml:"name"`       // default: the file's name
	AsOf      string      `yaml:"as_of"`      // default: the last complete day in the job's zone
	Timezone  string      `yaml:"timezone"`   // civil dates, cohorts and periods are in this zone
	Currency  string      `yaml:"currency"`   // three letters; another currency in the data is an error
	WeekStart string      `yaml:"week_start"` // default: monday
	Source    SourcePart  `yaml:"source"`
	Rules     RulesPart   `yaml:"rules"`
	Cohorts   CohortsPart `yaml:"cohorts"`
	Value     ValuePart   `yaml:"value"`
	Models    ModelsPart  `yaml:"models"`
	Tables    tableList   `yaml:"tables"` // all, or a list of names
	Sink      adapterPart `yaml:"sink"`
}

// reserved are top-level keys that later versions will give a meaning.
var reserved = []string{"setting", "spend", "acquisition_plan", "experiments"}

// SourcePart says where rows come from and what their columns mean.
type SourcePart struct {
	CSV        located           `yaml:"csv"`
	Parquet    located           `yaml:"parquet"`
	DuckDB     located           `yaml:"duckdb"`
	Postgres   located           `yaml:"postgres"`
	BigQuery   located           `yaml:"bigquery"`
	Columns    ColumnsPart       `yaml:"columns"`
	Attributes map[string]string `yaml:"attributes"` // name: source column
	Decimal    string            `yaml:"decimal"`    // . or , in numbers that are text; default .
}

// ColumnsPart maps our names to the source's. A name left out means a source
// column of our own name, where that part is needed.
type ColumnsPart struct {
	CustomerID string     `yaml:"customer_id"`
	OccurredAt timePart   `yaml:"occurred_at"`
	OrderID    string     `yaml:"order_id"`
	Amount     amountPart `yaml:"amount"`
	Quantity   string     `yaml:"quantity"`
	UnitPrice  string     `yaml:"unit_price"`
	Cost       amountPart `yaml:"cost"`
	Currency   string     `yaml:"currency"`
}

// RulesPart says which rows count.
type RulesPart struct {
	Exclude         []rulePart `yaml:"exclude"`
	ExactDuplicates string     `yaml:"exact_duplicates"`  // keep | drop; default keep
	Refunds         string     `yaml:"refunds"`           // net | ignore; default net
	ZeroAmounts     string     `yaml:"zero_amounts"`      // ignore | purchase; default ignore
	MaxRejectedRate number     `yaml:"max_rejected_rate"` // default 0.001
	MaxStaleness    string     `yaml:"max_staleness"`     // default 14d
	MinVolume       number     `yaml:"min_volume"`        // default 0.5
}

// CohortsPart says how customers are grouped.
type CohortsPart struct {
	Grains    []string  `yaml:"grains"`     // day week month quarter year; month is always there
	SplitBy   []string  `yaml:"split_by"`   // names of attributes
	From      string    `yaml:"from"`       // history is whole from this day
	MaxOffset maxOffset `yaml:"max_offset"` // none or a number of periods; default none, day grain 365
}

// ValuePart says what a customer's value means.
type ValuePart struct {
	MarginRate   number   `yaml:"margin_rate"`   // used where cost is absent; default: contribution is unknown
	DiscountRate number   `yaml:"discount_rate"` // annual, effective; default 0.10
	Horizons     []string `yaml:"horizons"`      // Nd or lifetime; 365d and lifetime are always there
}

// ModelsPart says which models may be chosen.
type ModelsPart struct {
	Candidates []string `yaml:"candidates"` // default [mbg_nbd]; nbd and bg_nbd are always fitted beside them
	TimeUnit   string   `yaml:"time_unit"`  // day week month year; default week
}

// adapterPart is exactly one technology with its options, which belong to the
// adapter.
type adapterPart struct {
	Parquet  located `yaml:"parquet"`
	BigQuery located `yaml:"bigquery"`
}

// Decode puts an adapter's options into a struct with yaml tags. What is wrong
// with them is reported with the rest of the job file.
type Decode func(options any) error

// Adapters are the sources and sinks that this program has, by their key in
// the job file.
type Adapters struct {
	Sources map[string]func(Decode) (pipeline.Source, error)
	Sinks   map[string]func(Decode) (pipeline.Sink, error)
}
