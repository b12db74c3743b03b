package pipeline

import (
	"context"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
)

// Source is where transactions come from: files, a query, a table. The
// pipeline calls Describe first and once, then Open once. A Source starts no
// goroutine of its own; it is not used by two goroutines at once.
type Source interface {
	// Describe looks at the source without reading its rows and says what
	// Open will deliver. asOf is the as-of day as YYYY-MM-DD, the value of
	// @as_of in a query; "" if there is none. It fails with ClassSource where
	// there is nothing to read or where the parts of the source disagree about
	// their columns, and with ClassPermission where it may not look.
	Describe(ctx context.Context, asOf string) (Description, error)

	// Open begins to read the named columns, in that order, as independent
	// readers that together deliver every row exactly once. How many readers
	// there are may depend on the input and on r.Readers, never what they
	// deliver. Asking for a column that Describe did not list is a
	// programmer's mistake.
	Open(ctx context.Context, r Request) ([]Reader, error)
}

// Description is what a Source says of itself.
type Description struct {
	Name    string        // for people and for run_inputs, e.g. the paths as written in the job file
	Columns *arrow.Schema // every column of the source; only the types listed at SourceType
	Rows    int64         // estimated or exact; -1 if unknown
	Bytes   int64         // stored size; -1 if unknown
	Files   []string      // the parts, sorted; empty for a query

	Unread map[string]string // columns that are there and cannot be delivered, each with its type as the source calls it
}

// Request says what to read.
type Request struct {
	Columns []string // names of columns, as in Description.Columns
	Rows    int      // at most so many rows a batch; 0 means the source's choice
	Readers int      // as many readers as the pipeline can use at once, at least 1
	Until   *Until   // rows that nobody wants; nil if all are wanted
}

// Until says which rows are wanted: those whose Column lies before the bound of
// its type, and those where it is null. A source may leave the others where they
// are, and one that reads them anyway does no harm: the ledger counts them. A
// column of any other type bounds nothing, nor does a query, which has @as_of.
type Until struct {
	Column  string    // one of Description.Columns
	Instant time.Time // for instants
	Civil   time.Time // for civil times without zone: the civil time, as if in UTC
	Day     time.Time // for civil days: midnight of the day, as if in UTC
}

// Estimator is implemented by sources whose reading costs something, or who can
// say in SQL what they do.
type Estimator interface {
	// Estimate says what Open would do for r, without doing it, after
	// Describe. It fails with ClassCost where that is more than the options
	// allow, as Open then does.
	Estimate(ctx context.Context, r Request) (Estimate, error)
}

// Estimate is what reading a source takes.
type Estimate struct {
	SQL   []string // the statements that say what is read, in their order
	Bytes int64    // that the service reads for it; -1 if unknown
	Price *Price   // nil if it costs nothing
}

// Price is what a service asks for, at the list price.
type Price struct {
	USD   float64
	Basis string // what the price is of, for people, as "6.25 USD per TiB that a query reads"
}

// Reader delivers one part of a source. One goroutine at a time uses it.
type Reader interface {
	// Next returns the next batch, or io.EOF after the last one. A batch is
	// the caller's: it stays valid until the caller releases its record, also
	// after Close. After an error other than io.EOF the reader is of no
	// further use. Next returns the context's error soon after the context
	// ends, and never io.EOF then.
	Next(ctx context.Context) (Batch, error)

	// Close frees what the reader holds. It may be called early and twice.
	Close() error
}

// Batch is consecutive rows of one part of a source.
type Batch struct {
	Record   arrow.Record // the requested columns in the requested order
	Origin   string       // the file (or stream) the rows come from, as a person would name it
	Part     int          // index of the origin among the source's parts, for ordering
	FirstRow int64        // row number, in its origin, of the batch's first row; the first data row is 1
	Faults   []Fault      // rows the source could not read, in ascending order of Index
	Bytes    int64        // about how much of Description.Bytes the batch stands for; 0 if unknown. For progress only
}

// Fault is a row that a source could not read. It keeps its place in the
// record, where its values are null and mean nothing, so that row i of the
// record is always row FirstRow+i of the origin.
type Fault struct {
	Index  int    // of the row in the record
	Reason string // what is wrong, without the row's data
	Raw    string // the row as read, for the quarantine only
}

// SourceType reports whether a source may deliver columns of type t. The set
// is closed and small so that what reads batches needs one switch:
//
//	utf8                    text, valid UTF-8
//	int64                   every integer; an unsigned one above 2^63-1 is an error of the source
//	float64
//	decimal128(p, s)        exact decimals
//	timestamp[us, tz=UTC]   an instant
//	timestamp[us]           a civil time without zone
//	date32                  a civil day
//	bool
//
// These are the types that a Description has. A batch has the same ones, but for
// text: see DictionaryText.
func SourceType(t arrow.DataType) bool {
	switch t := t.(type) {
	case *arrow.StringType, *arrow.Int64Type, *arrow.Float64Type, *arrow.Decimal128Type, *arrow.Date32Type, *arrow.BooleanType:
		return true
	case *arrow.TimestampType:
		return t.Unit == arrow.Microsecond && (t.TimeZone == "" || t.TimeZone == "UTC")
	default:
		return false
	}
}

// DictionaryText is the type of a text column whose values repeat: indexes of a
// dictionary of texts. Any batch may have it where the Description says utf8,
// and one reader may change between the two from batch to batch. The dictionary
// has no nulls; it may have entries that are not used or equal to another. The
// index of a null means nothing and need not be within the dictionary. Batches
// that share a dictionary share its arrow.ArrayData, so that what is made of
// its entries can be kept for as long as that is the same.
var DictionaryText = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}

// BatchType reports whether a batch may have columns of type t where its source
// described them as another.
func BatchType(described, t arrow.DataType) bool {
	return arrow.TypeEqual(t, described) || arrow.TypeEqual(described, arrow.BinaryTypes.String) && arrow.TypeEqual(t, DictionaryText)
}
