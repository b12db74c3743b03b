package sources

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/perennial-clv/perennial/pipeline"
)

// price is what BigQuery asks for, in US dollars for 2^40 bytes.
type price float64

// List prices of BigQuery's US multi-region without a reservation, of November
// 2026. Others are higher, allowances for every month are not taken off.
const (
	queryPrice price = 6.25 // of what queries read
	readPrice  price = 1.10 // of what the storage API reads of a table; results of queries are free
)

const tebibyte = 1 << 40

// of returns the price of bytes.
func (p price) of(bytes int64) float64 { return float64(p) * float64(bytes) / tebibyte }

// Estimate implements pipeline.Estimator, by dry runs, which cost nothing. The
// statements of a table say what the storage API is asked, which takes no SQL.
func (s *bigQuerySource) Estimate(ctx context.Context, r pipeline.Request) (pipeline.Estimate, error) {
	columns := fieldNames(pick(s.schema, r.Columns))
	if s.options.Query != "" {
		sql, _ := bigQueryDialect.replaceAsOf(s.options.Query, "DATE '"+s.asOf+"'")
		e := pipeline.Estimate{SQL: []string{sql}, Bytes: s.queryBytes, Price: &pipeline.Price{
			USD: queryPrice.of(s.queryBytes), Basis: fmt.Sprintf("%.2f USD per TiB that a query reads", queryPrice),
		}}
		return e, s.allow(e.Bytes, e.Price.USD)
	}
	restriction := bigQueryDialect.until(r.Until, s.schema)
	sql := []string{s.selectSQL(columns, restriction), s.countSQL(restriction, s.snapshot)}
	bytes, err := s.dryBytes(ctx, sql)
	if err != nil {
		return pipeline.Estimate{}, err
	}
	e := pipeline.Estimate{SQL: sql, Bytes: bytes[0] + bytes[1], Price: &pipeline.Price{
		USD:   readPrice.of(bytes[0]) + queryPrice.of(bytes[1]),
		Basis: fmt.Sprintf("%.2f USD per TiB that is read, and %.2f per TiB for counting the rows", readPrice, queryPrice),
	}}
	return e, s.allow(e.Bytes, e.Price.USD)
}

// dryBytes returns what statements would read.
func (s *bigQuerySource) dryBytes(ctx context.Context, statements []string) ([]int64, error) {
	jobs, err := s.jobs(ctx)
	if err != nil {
		return nil, err
	}
	defer jobs.close()
	bytes := make([]int64, len(statements))
	for i, sql := range statements {
		plan, err := jobs.dryRun(ctx, sql)
		if err != nil {
			return nil, s.failure(ctx, err, needsQuery)
		}
		bytes[i] = plan.bytes
	}
	return bytes, nil
}

// allow refuses what would read more than the options allow.
func (s *bigQuerySource) allow(bytes int64, usd float64) error {
	limit := int64(s.options.MaxBytesBilled)
	if limit == 0 || bytes <= limit {
		return nil
	}
	return pipeline.Errorf(pipeline.ClassCost, s.name(), fmt.Sprintf("set max_bytes_billed to %d or more to allow it, or read less: fewer columns, or fewer partitions", bytes),
		"reading takes %d bytes, about %.2f USD, and max_bytes_billed allows %d", bytes, usd, limit)
}

// selectSQL is what is read of a table.
func (s *bigQuerySource) selectSQL(columns []string, restriction string) string {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = bigQueryDialect.name(c)
	}
	return "SELECT " + strings.Join(quoted, ", ") + s.from(restriction, s.snapshot)
}

// countSQL counts what is read of a table.
func (s *bigQuerySource) countSQL(restriction string, at time.Time) string {
	return "SELECT COUNT(*)" + s.from(restriction, at)
}

// from is the rest of a statement: of the table, at a moment unless it is zero.
func (s *bigQuerySource) from(restriction string, at time.Time) string {
	sql := " FROM " + bigQueryDialect.name(s.table.String())
	if !at.IsZero() {
		sql += " FOR SYSTEM_TIME AS OF TIMESTAMP '" + at.UTC().Format("2006-01-02 15:04:05.999999") + "+00'"
	}
	if restriction != "" {
		sql += " WHERE " + restriction
	}
	return sql
}
