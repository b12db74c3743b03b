//go:build duckdb

package sources

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unsafe"

	duckdb "github.com/duckdb/duckdb-go-bindings"
)

// rowIDs returns how many row ids a table has, also of rows that were deleted;
// -1 if what the options name is no table.
func (c *duckConnection) rowIDs(ctx context.Context, o DuckDB) (int64, error) {
	schema, name, err := o.tableName()
	if err != nil {
		return -1, err
	}
	if schema == "" {
		schema = "main"
	}
	return c.number(ctx, fmt.Sprintf("SELECT coalesce(max(estimated_size), -1) FROM duckdb_tables() WHERE database_name = current_database() AND lower(schema_name) = lower(%s) AND lower(table_name) = lower(%s)",
		duckQuoted(schema), duckQuoted(name)))
}

// duckQuoted returns a text as SQL takes it.
func duckQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// expectedRows returns how many rows DuckDB's planner expects of duckView, -1 if
// it does not say.
func (c *duckConnection) expectedRows(ctx context.Context) (int64, error) {
	const planColumn = 1 // after the name of the plan
	text, err := duckScalar(ctx, c, "EXPLAIN (FORMAT json) FROM "+duckView, planColumn, func(p unsafe.Pointer) string {
		return string(duckStringAt(p, int(*(*uint32)(p))))
	})
	var plan []struct {
		Info map[string]any `json:"extra_info"`
	}
	if err != nil || json.Unmarshal([]byte(text), &plan) != nil || len(plan) == 0 {
		return -1, err
	}
	expected, _ := plan[0].Info["Estimated Cardinality"].(string)
	if rows, err := strconv.ParseInt(expected, 10, 64); err == nil {
		return rows, nil
	}
	return -1, nil
}

// number returns the one BIGINT that a statement makes.
func (c *duckConnection) number(ctx context.Context, statement string) (int64, error) {
	return duckScalar(ctx, c, statement, 0, func(p unsafe.Pointer) int64 { return *(*int64)(p) })
}

// duckScalar returns a value of the first row that a statement makes; the zero T if
// there is none.
func duckScalar[T any](ctx context.Context, c *duckConnection, statement string, column int, value func(unsafe.Pointer) T) (found T, err error) {
	result, err := c.query(ctx, statement)
	if err != nil {
		return found, err
	}
	defer result.close()
	err = c.during(ctx, func() error {
		chunk, err := result.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		defer duckdb.DestroyDataChunk(&chunk)
		if v := duckVectorOf(chunk, column); v.isKnown(0) {
			found = value(v.data)
		}
		return nil
	})
	return found, err
}
