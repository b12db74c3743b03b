//go:build !duckdb

package sources

import "github.com/perennial-clv/perennial/pipeline"

// openDuckDB refuses: DuckDB is a library in C++, which this program was built
// without.
func openDuckDB(DuckDB) (pipeline.Source, error) {
	return nil, pipeline.Errorf(pipeline.ClassUsage, "", "build it with DuckDB, which takes a C compiler: go build -tags duckdb ./cmd/perennial (docs/duckdb.md)", "this program was built without DuckDB")
}
