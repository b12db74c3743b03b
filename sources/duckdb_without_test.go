//go:build !duckdb

package sources

import (
	"testing"

	"github.com/perennial-clv/perennial/pipeline"
)

func TestWithoutDuckDBItSaysHowToBuildWithIt(t *testing.T) {
	_, err := NewDuckDB(DuckDB{Path: "shop.duckdb", Table: "orders"})
	wantError(t, err, pipeline.ClassUsage, "built without DuckDB", "go build -tags duckdb ./cmd/perennial")
}

func TestDuckDBOptionsAreCheckedOffline(t *testing.T) {
	for want, o := range map[string]DuckDB{
		"neither a table nor a query":           {Path: "a.duckdb", Query: " "},
		"both a table and a query":              {Path: "a.duckdb", Table: "t", Query: "SELECT 1"},
		"a table without a database":            {Table: "t"},
		"a database at s3:// cannot be read":    {Path: "s3://bucket/a.duckdb", Table: "t"},
		`"a.b.c" names no table`:                {Path: "a.duckdb", Table: "a.b.c"},
		`".t" names no table`:                   {Path: "a.duckdb", Table: ".t"},
		`"80%" is no size`:                      {Query: "SELECT 1", Memory: "80%"},
		"-1 threads":                            {Query: "SELECT 1", Threads: -1},
		"this program was built without DuckDB": {Query: "SELECT 1", Memory: "1.5GB"},
	} {
		_, err := NewDuckDB(o)
		wantError(t, err, pipeline.ClassUsage, want)
	}
}
