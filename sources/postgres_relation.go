package sources

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-clv/perennial/pipeline"
)

// postgresRelation is what is read, as it stands after FROM.
type postgresRelation struct {
	from string // a quoted name, or a query in parentheses with a name
	oid  string // of a table; "" for a query
}

// resolve finds the table, or puts the as-of day into the query.
func (s *postgresSession) resolve(ctx context.Context, asOf string) (postgresRelation, error) {
	if s.source.options.Query != "" {
		query, err := s.source.query(asOf)
		return postgresRelation{from: "(\n" + query + "\n) AS query"}, err
	}
	// The server parses the name, so that it folds it as it does in a statement.
	const found = `SELECT c.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = pg_catalog.to_regclass($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`
	rows, err := s.table(ctx, found, s.source.options.Table)
	if err != nil {
		return postgresRelation{}, err
	}
	if len(rows) == 0 {
		return postgresRelation{}, pipeline.Errorf(pipeline.ClassSource, s.source.place(), `write the name as in SQL, with its schema: sales.orders, or sales."Orders" where it is not lower-case`, "there is no such table or view")
	}
	return postgresRelation{oid: *rows[0][0], from: *rows[0][1]}, nil
}

// query is the query of the job file with the as-of day in it. Where there is
// none, as when a job file is being proposed, it is the server's own day.
func (s *postgresSource) query(asOf string) (string, error) {
	literal := "CURRENT_DATE"
	if asOf != "" {
		day, err := time.Parse(time.DateOnly, asOf)
		if err != nil {
			return "", pipeline.Errorf(pipeline.ClassInternal, "", "", "the as-of day is no date: %w", err)
		}
		literal = "DATE '" + day.Format(time.DateOnly) + "'"
	}
	query, _ := postgresDialect.replaceAsOf(s.options.Query, literal)
	return strings.TrimRight(query, "; \t\r\n"), nil
}

// postgresSize is how large a relation is.
type postgresSize struct {
	rows  int64  // as the server estimates; -1 if unknown
	bytes int64  // -1 if unknown
	pages int64  // of the largest of its tables, 0 if they are not read by pages
	oids  string // of its tables, separated by commas
}

// sizeOf looks at a table and at those it is made of: its partitions, or the
// tables that inherit from it. Tables that have not been analysed have no
// estimate of their rows.
const sizeOf = `WITH RECURSIVE part(oid) AS (
  SELECT $1::pg_catalog.oid
  UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN part p ON i.inhparent = p.oid
), stored AS (
  SELECT c.oid, c.relkind, c.reltuples, c.relpages, coalesce(a.amname, 'heap') AS method,
    coalesce(pg_catalog.pg_relation_size(c.oid), 0) / pg_catalog.current_setting('block_size')::bigint AS pages,
    coalesce(pg_catalog.pg_table_size(c.oid), 0) AS bytes
  FROM part p JOIN pg_catalog.pg_class c ON c.oid = p.oid LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam
  WHERE c.relkind <> 'p'
)
SELECT coalesce(bool_and(relkind IN ('r', 'm')), true),
  coalesce(bool_and(method = 'heap') AND pg_catalog.has_table_privilege($1::pg_catalog.oid, 'SELECT'), true),
  coalesce(max(pages), 0), coalesce(sum(bytes), 0)::bigint,
  CASE WHEN bool_and(pages = 0 OR relpages > 0) THEN round(sum(coalesce(reltuples::numeric / nullif(relpages, 0) * pages, 0)))::bigint END,
  coalesce(pg_catalog.string_agg(oid::text, ', ' ORDER BY oid), '')
FROM stored`

// size asks how large a relation is, and whether it can be read by pages: an
// ordinary table, or partitions that all are, of which the user may read all
// columns. A grant of some columns is none of the place of a row.
func (s *postgresSession) size(ctx context.Context, r postgresRelation) (postgresSize, error) {
	unknown := postgresSize{rows: -1, bytes: -1}
	if r.oid == "" {
		return unknown, nil
	}
	row, err := s.row(ctx, sizeOf, r.oid)
	if err != nil || *row[0] != "t" {
		return unknown, err
	}
	size := postgresSize{rows: -1, bytes: integerAt(row[3]), oids: *row[5]}
	if row[4] != nil {
		size.rows = integerAt(row[4])
	}
	if *row[1] == "t" && s.major >= tidRangePostgres {
		size.pages = integerAt(row[2])
	}
	return size, nil
}

// integerAt reads an integer that the server has written; -1 if it is none.
func integerAt(text *string) int64 {
	if v, err := strconv.ParseInt(*text, 10, 64); err == nil {
		return v
	}
	return -1
}
