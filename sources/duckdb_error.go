//go:build duckdb

package sources

import (
	"errors"
	"strings"

	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/perennial-clv/perennial/pipeline"
)

// duckHidden is the hint for errors whose text may quote values of the data.
const duckHidden = "run the query in DuckDB: its message may quote customers' data and is not repeated here. If memory is short, raise source.duckdb.memory"

// duckErrors are the errors whose text names what the query names, and no value
// of the data. Of all others nothing is told.
var duckErrors = map[duckdb.ErrorType]struct {
	class pipeline.Class
	hint  string
}{
	duckdb.ErrorTypeParser:           {pipeline.ClassUsage, "correct source.duckdb.query: one SELECT, without a semicolon between statements"},
	duckdb.ErrorTypeSyntax:           {pipeline.ClassUsage, "correct source.duckdb.query"},
	duckdb.ErrorTypeBinder:           {pipeline.ClassSource, "correct the names, or the table"},
	duckdb.ErrorTypeCatalog:          {pipeline.ClassSource, "check the name: schema.table where the schema is not main"},
	duckdb.ErrorTypeErrorIO:          {pipeline.ClassSource, "check the path, who may read it, and the folder the job runs in"},
	duckdb.ErrorTypePermission:       {pipeline.ClassPermission, "let the job's user read the files"},
	duckdb.ErrorTypeMissingExtension: {pipeline.ClassUsage, "only what DuckDB has of its own is there, and nothing is fetched: copy remote files to a local disk, or read them with source.parquet or source.csv"},
}

// duckFailure returns the error of a result.
func duckFailure(r *duckdb.Result) error {
	kind := duckdb.ResultErrorType(r)
	if known, ok := duckErrors[kind]; ok {
		return pipeline.Errorf(known.class, "", known.hint, "DuckDB: %s", duckFirstLine(duckdb.ResultError(r)))
	}
	if kind == duckdb.ErrorTypeOutOfMemory {
		return pipeline.Errorf(pipeline.ClassUsage, "", "raise source.duckdb.memory, or lower source.duckdb.threads", "DuckDB needs more memory than it may take")
	}
	// The kind would not say much: what happens while rows are delivered is of
	// the kind "invalid input", or not, as it happens.
	return pipeline.Errorf(pipeline.ClassSource, "", duckHidden, "DuckDB cannot read it")
}

// placedAt gives an error a place, unless it has one.
func placedAt(place string, err error) error {
	var known *pipeline.Error
	if errors.As(err, &known) && known.Place == "" {
		known.Place = place
	}
	return err
}

// duckFirstLine leaves out the candidates and the place in the statement, which
// follow.
func duckFirstLine(message string) string {
	line, _, _ := strings.Cut(message, "\n")
	return line
}

// duckUnopened says why a database cannot be opened; the message names files and
// versions.
func duckUnopened(path, message string) error {
	if path == "" {
		return pipeline.Errorf(pipeline.ClassUsage, "", "check memory and threads", "DuckDB does not start: %s", duckFirstLine(message))
	}
	if isDuckWritten(path) {
		return pipeline.Errorf(pipeline.ClassTemporary, path, "run again when it has closed the database, or read a copy", "another process has the database open for writing")
	}
	return pipeline.Errorf(pipeline.ClassSource, path, "check that it is a database of DuckDB "+duckdb.LibraryVersion()+" or older", "DuckDB cannot open it: %s", duckFirstLine(message))
}
