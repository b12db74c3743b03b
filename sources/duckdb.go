package sources

import (
	"regexp"
	"strings"

	"github.com/perennial-clv/perennial/pipeline"
)

// DuckDB says what to read with DuckDB: a table of a database, or what a query
// makes of a database and of files on a local disk.
type DuckDB struct {
	Path    string `yaml:"path" absent:"query reads files" doc:"a DuckDB database on a local disk. It is opened to be read only"`
	Table   string `yaml:"table" absent:"query is given" doc:"a table or view of the database, as orders or schema.orders"`
	Query   string `yaml:"query" absent:"table is given" doc:"instead of a table: one SELECT in DuckDB's SQL, also over files, as FROM 'data/*.parquet'. @as_of is the as-of day, a DATE. Times with a zone are shown to it in UTC"`
	Memory  string `yaml:"memory" default:"1GiB" doc:"that DuckDB may take, beside what --memory gives the run. It writes nothing to disk: a query that needs more fails"`
	Threads int    `yaml:"threads" absent:"as many as the run has workers" doc:"that DuckDB uses for a query or a view. A table is read by the run's workers"`
}

// duckDBMemory is the memory of DuckDB unless the options say otherwise.
const duckDBMemory = "1GiB"

// sizeOfMemory is how sizes are written, which DuckDB reads too.
var sizeOfMemory = regexp.MustCompile(`^[0-9]+(\.[0-9]+)? ?[KMGT]i?B$`)

// NewDuckDB returns a source that DuckDB reads. It checks the options without
// opening the database; an error is ClassUsage. In a program built without the
// tag duckdb it fails with ClassUsage.
//
// Types become those of pipeline.SourceType:
//
//	integers of up to 64 bits, HUGEINT             int64
//	DECIMAL                                        decimal128 of the same precision and scale
//	FLOAT, DOUBLE                                  float64
//	BOOLEAN                                        bool
//	DATE                                           date32
//	TIMESTAMP, TIMESTAMP_S, _MS, _NS               timestamp[us]
//	TIMESTAMP WITH TIME ZONE                       timestamp[us, UTC]
//	VARCHAR, ENUM                                  utf8
//	any other                                      utf8: what DuckDB casts it to
//
// A value that its type cannot hold makes the row a pipeline.Fault: an integer
// beyond 64 bits, an infinite date or time, a time beyond microseconds or finer
// than them.
//
// A table is read in parts of a fixed number of rows, which its row ids bound,
// so that as many readers as there are parts work at once. A view or a query is
// one part, in DuckDB's order.
func NewDuckDB(o DuckDB) (pipeline.Source, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Memory == "" {
		o.Memory = duckDBMemory
	}
	return openDuckDB(o)
}

// check reports what is wrong with options without looking at the disk. An
// error's place is the option concerned.
func (o DuckDB) check() error {
	wrong := func(option, hint, format string, args ...any) error {
		return pipeline.Errorf(pipeline.ClassUsage, option, hint, format, args...)
	}
	scheme, _, isRemote := strings.Cut(o.Path, "://")
	switch {
	case isRemote:
		return wrong("path", "copy the database to a local disk first", "a database at %s:// cannot be read", scheme)
	case o.Table == "" && strings.TrimSpace(o.Query) == "":
		return wrong("", "write table: orders, or query: SELECT …", "there is neither a table nor a query")
	case o.Table != "" && o.Query != "":
		return wrong("query", "keep one of them", "there are both a table and a query")
	case o.Table != "" && o.Path == "":
		return wrong("table", "name the database: path: shop.duckdb; or read files by a query", "a table without a database")
	case o.Memory != "" && !sizeOfMemory.MatchString(o.Memory):
		return wrong("memory", "write it as 4GiB, 512MiB or 1.5GB", "%q is no size", o.Memory)
	case o.Threads < 0:
		return wrong("threads", "leave it out for as many as the run has workers", "%d threads", o.Threads)
	}
	_, _, err := o.tableName()
	return err
}

// tableName splits Table into its schema, "" if it names none, and its name.
func (o DuckDB) tableName() (schema, name string, err error) {
	switch parts := strings.Split(o.Table, "."); {
	case len(parts) == 1:
		return "", parts[0], nil
	case len(parts) == 2 && parts[0] != "" && parts[1] != "":
		return parts[0], parts[1], nil
	default:
		return "", "", pipeline.Errorf(pipeline.ClassUsage, "table", "write orders or schema.orders; a name with a point in it needs a query", "%q names no table", o.Table)
	}
}
