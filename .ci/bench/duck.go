package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed sql
var statements embed.FS

// sql returns a file of sql with its places filled in, each a name and a value.
func sql(name string, places ...string) string {
	content, err := statements.ReadFile("sql/" + name)
	if err != nil {
		panic(err) // it is embedded
	}
	return strings.NewReplacer(places...).Replace(string(content))
}

// limits returns what bounds DuckDB's memory, beyond which it spills.
func (b *bench) limits(memory string) string {
	return fmt.Sprintf("SET memory_limit = '%s'; SET temp_directory = '%s';\n", memory, filepath.Join(b.dir, "spill"))
}

// usualMemory is what DuckDB may take where nothing is measured.
const usualMemory = "8GB"

// query returns the rows of the last statement.
func (b *bench) query(ctx context.Context, statement string) ([]map[string]any, error) {
	_, out, err := runOutput(ctx, b.limits(usualMemory)+statement, b.duckdb)
	if err != nil {
		return nil, err
	}
	var rows []map[string]any
	decoder := json.NewDecoder(bytes.NewReader(out))
	decoder.UseNumber() // counts must not become floats
	for {
		var row map[string]any
		if err := decoder.Decode(&row); errors.Is(err, io.EOF) {
			return rows, nil
		} else if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
}

// number returns a query's only number.
func (b *bench) number(ctx context.Context, statement string) (int64, error) {
	rows, err := b.query(ctx, statement)
	if err != nil {
		return 0, err
	}
	for _, value := range rows[0] {
		return strconv.ParseInt(fmt.Sprint(value), 10, 64)
	}
	return 0, errors.New("a query without columns")
}

// yardstick runs DuckDB's three tables within so much memory.
func (b *bench) yardstick(ctx context.Context, l log, memory string) (cost, error) {
	out := b.out("duckdb")
	if err := errors.Join(os.RemoveAll(out), os.MkdirAll(out, 0o755)); err != nil {
		return cost{}, err
	}
	return run(ctx, b.limits(memory)+sql("yardstick.sql", "{LOG}", b.path(l), "{OUT}", out, "{AS_OF}", strconv.Itoa(asOfDay)), b.duckdb)
}

// copyValues lets DuckDB copy the customer_values that were published.
func (b *bench) copyValues(ctx context.Context) (cost, error) {
	const copying = "COPY (SELECT * FROM read_parquet('%s')) TO '%s' (FORMAT parquet, COMPRESSION zstd); SELECT 1 AS done;"
	return run(ctx, b.limits(usualMemory)+fmt.Sprintf(copying, b.published("values", "customer_values"), filepath.Join(b.dir, "out", "copy.parquet")), b.duckdb)
}
