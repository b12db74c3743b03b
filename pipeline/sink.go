package pipeline

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/perennial-clv/perennial/pipeline/table"
)

// Sink is where tables go. One sink (an output folder, a dataset) belongs to
// one job.
type Sink interface {
	// Begin claims an as-of date for a run and returns the means to publish
	// it. First it finishes what an earlier run of that date, killed after its
	// point of no return, has left, and removes what one killed before it has
	// left. It fails with ClassBusy while another run holds the date, with
	// ClassUsage where the place is no place for tables or belongs to another
	// job, and with ClassPermission where it cannot be written.
	Begin(ctx context.Context, r RunKey) (Publication, error)

	// Latest returns the journal of the newest whole as-of date, and nil if
	// nothing has been published.
	Latest(ctx context.Context) (*Journal, error)

	// Check verifies that an as-of date is published and whole, by the sizes
	// and checksums in its journal, and returns that journal. A date that is
	// not there, or whose publication is under way, is ClassTemporary; one
	// that does not agree with its journal is ClassQuality.
	Check(ctx context.Context, asOf string) (*Journal, error)
}

// RunKey names a run.
type RunKey struct {
	Job   string // the job's name
	AsOf  string // YYYY-MM-DD
	RunID string // unique; letters, digits, '-' and '_'

	Workers int    // how many goroutines may stage a table side by side; 0 is one. It changes no byte
	WorkDir string // a folder on a local disk where files may be kept while tables are staged; "" is the system's
}

// Publication is one run's way into a sink: any number of Stage, then either
// Publish or Discard, exactly one of which frees the claim. Its methods are
// called by one goroutine at a time.
type Publication interface {
	// Stage writes one table where no reader looks and returns what it wrote.
	// It takes records from next until io.EOF, releases each, and cuts files
	// by rows alone, so that the same rows make the same bytes however they
	// are batched. An error of next is returned as it is.
	Stage(ctx context.Context, t table.Schema, next func() (arrow.Record, error)) (Receipt, error)

	// Publish makes all staged tables visible and replaces what the same
	// date had, the journal last. j.Tables is filled from the receipts.
	// An error before the point of no return leaves the previous result
	// whole; after it the publication is finished by the next run.
	Publish(ctx context.Context, j Journal) error

	// Discard removes everything staged and frees the claim. It does nothing
	// after Publish.
	Discard(ctx context.Context) error
}

// Quarantine is implemented by sinks that can keep rows that could not be
// read. Keep replaces the quarantine of a date at once, without Publish, for
// it is wanted most when the run fails; a record without rows clears it.
type Quarantine interface {
	Keep(ctx context.Context, asOf string, t table.Schema, rows arrow.Record) error
}

// Prober is implemented by sinks that can try out, without a run, whether one
// could publish.
type Prober interface {
	// Probe does on a small scale, where the tables go, what a run does there,
	// and removes every trace of it. What is not there yet it tries in the
	// nearest place above. Its errors have the classes of Begin's.
	Probe(ctx context.Context) (Probe, error)
}

// Probe is what a sink found where its tables go.
type Probe struct {
	Place     string // as a person would name it
	IsNew     bool   // the place is not there yet; a run would make it
	Free      int64  // bytes of free space; -1 if unknown
	Exchanges bool   // a table is replaced in one step; else there is a moment in which it is away
}

// Expiry is implemented by sinks that can keep some as-of dates only, as their
// options say. Neither method touches the date asOf itself, a newer one, or
// one that another run holds.
type Expiry interface {
	// Expired returns, in order, the published dates that RemoveExpired would
	// remove once asOf is published.
	Expired(ctx context.Context, asOf string) ([]string, error)

	// RemoveExpired removes them, after asOf was published, and returns those
	// that are gone. By its journal a date is whole or gone whatever happens;
	// a removal that was cut short is finished by the next. The error says
	// which dates are still there and why.
	RemoveExpired(ctx context.Context, asOf string) ([]string, error)
}

// Receipt is what a sink says of one staged table.
type Receipt struct {
	Table   string           `json:"table"`
	Rows    int64            `json:"rows"`
	Bytes   int64            `json:"bytes"`
	Sums    map[string]int64 `json:"sums,omitempty"`    // of each money column, in units of 10^-4; nulls count as nothing
	Columns []Column         `json:"columns,omitempty"` // in the table's order; journals of old versions have none
	Files   []File           `json:"files"`
}

// Column is a column as it was published.
type Column struct {
	Name     string `json:"name"`
	Type     string `json:"type"` // as SQL names it
	Nullable bool   `json:"nullable,omitempty"`
}

// Columns returns a table's columns as a receipt has them.
func Columns(t table.Schema) []Column {
	columns := make([]Column, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = Column{Name: c.Name, Type: c.Kind.String(), Nullable: c.Nullable}
	}
	return columns
}

// File is one published file.
type File struct {
	Path   string `json:"path"` // relative to the sink's root, with forward slashes
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Journal is what a sink records of a published run. A reader who goes by the
// journal never sees a mixture of two runs.
type Journal struct {
	ContractVersion int       `json:"contract_version"`
	Job             string    `json:"job"`
	AsOf            string    `json:"as_of_date"`
	RunID           string    `json:"run_id"`
	CodeVersion     string    `json:"code_version"`
	ConfigHash      string    `json:"config_hash"`
	InputRows       int64     `json:"input_rows"`
	Fingerprint     string    `json:"input_fingerprint"`
	PublishedAt     string    `json:"published_at"` // RFC 3339, UTC
	Tables          []Receipt `json:"tables"`
}
