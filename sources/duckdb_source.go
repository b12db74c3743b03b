//go:build duckdb

package sources

import (
	"context"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/perennial-clv/perennial/pipeline"
)

// openDuckDB returns a source of options that have been checked.
func openDuckDB(o DuckDB) (pipeline.Source, error) {
	return &duckSource{options: o, partRows: duckPartRows}, nil
}

// duckPartRows is how many row ids a part of a table has: eight of DuckDB's row
// groups, which it reads whole.
const duckPartRows = 8 * 122_880

// duckSource is a pipeline.Source and pipeline.Estimator that DuckDB reads.
type duckSource struct {
	options  DuckDB
	partRows int64

	// From Describe on.
	asOf   string
	schema *arrow.Schema
	casts  map[string]bool // columns that DuckDB makes text
	rowIDs int64           // of a table, also of rows that were deleted; -1 of a view or a query
}

// duckView is the name under which a connection knows what the source reads.
const duckView = "perennial_source"

// Describe implements pipeline.Source: it binds the query without running it.
func (s *duckSource) Describe(ctx context.Context, asOf string) (pipeline.Description, error) {
	s.asOf = asOf
	c, columns, err := s.bind(ctx, 1)
	if err != nil {
		return pipeline.Description{}, err
	}
	defer c.close()
	if s.rowIDs, err = c.rowIDs(ctx, s.options); err != nil {
		return pipeline.Description{}, err
	}
	if slices.ContainsFunc(columns, func(c duckColumn) bool { return strings.EqualFold(c.name, "rowid") }) {
		s.rowIDs = min(s.rowIDs, s.partRows) // the ids are hidden by the column: one part
	}
	rows, err := s.rows(ctx, c)
	if err != nil {
		return pipeline.Description{}, err
	}
	fields := make([]arrow.Field, len(columns))
	s.casts = map[string]bool{}
	for i, column := range columns {
		s.casts[column.name] = column.isCast
		fields[i] = arrow.Field{Name: column.name, Type: column.arrow, Nullable: true}
	}
	s.schema = arrow.NewSchema(fields, nil)
	return pipeline.Description{Name: s.name(), Columns: s.schema, Rows: rows, Bytes: -1}, nil
}

// place is where an error of what is read is, for people: the table, or the
// query in the job file.
func (s *duckSource) place() string {
	if s.options.Table != "" {
		return s.name()
	}
	return "source.duckdb.query"
}

// name names the source for people.
func (s *duckSource) name() string {
	switch {
	case s.options.Table != "":
		return s.options.Path + " " + s.options.Table
	case s.options.Path != "":
		return s.options.Path + ", by a query"
	default:
		return "a query of DuckDB"
	}
}

// bind opens a connection that knows what the source reads as duckView, and
// returns its columns.
func (s *duckSource) bind(ctx context.Context, threads int) (*duckConnection, []duckColumn, error) {
	c, err := openDuckInstance(ctx, s.options, threads)
	if err != nil {
		return nil, nil, err
	}
	columns, err := s.bindOn(ctx, c)
	if err != nil {
		c.close()
		return nil, nil, placedAt(s.place(), err)
	}
	return c, columns, nil
}

func (s *duckSource) bindOn(ctx context.Context, c *duckConnection) ([]duckColumn, error) {
	if err := c.oneStatement(s.options.Query); err != nil {
		return nil, err
	}
	if err := c.execute(ctx, s.view()); err != nil {
		return nil, err
	}
	prepared, err := c.prepare("FROM " + duckView)
	if err != nil {
		return nil, err
	}
	defer duckdb.DestroyPrepare(&prepared)
	var columns []duckColumn
	for i := range duckdb.PreparedStatementColumnCount(prepared) {
		t := duckdb.PreparedStatementColumnLogicalType(prepared, i)
		columns = append(columns, duckColumnOf(duckdb.PreparedStatementColumnName(prepared, i), t))
		duckdb.DestroyLogicalType(&t)
	}
	return columns, nil
}

// oneStatement refuses a query of several statements, of which a view would
// take the first and DuckDB run the others.
func (c *duckConnection) oneStatement(query string) error {
	if query == "" {
		return nil
	}
	var statements duckdb.ExtractedStatements
	defer duckdb.DestroyExtracted(&statements)
	if n := duckdb.ExtractStatements(c.handle, query, &statements); n > 1 {
		return pipeline.Errorf(pipeline.ClassUsage, "", "write one SELECT; its parts may be named by WITH", "there are %d statements", n)
	}
	return nil // what is no statement at all does not make a view either
}

// view returns the statement that makes duckView.
func (s *duckSource) view() string {
	return "CREATE TEMP VIEW " + duckView + " AS\n" + s.query()
}

// query returns the query with its as-of day, or one of the whole table.
func (s *duckSource) query() string {
	if s.options.Table != "" {
		return "FROM " + s.table()
	}
	day := "CAST(NULL AS DATE)"
	if s.asOf != "" {
		day = "DATE '" + s.asOf + "'"
	}
	query, _ := duckDBDialect.replaceAsOf(s.options.Query, day)
	return query
}

// table returns the table's name as SQL takes it.
func (s *duckSource) table() string {
	schema, name, _ := s.options.tableName()
	if schema == "" {
		return duckDBDialect.name(name)
	}
	return duckDBDialect.name(schema) + "." + duckDBDialect.name(name)
}

// Estimate implements pipeline.Estimator. Reading has no price, and how many
// bytes DuckDB reads only reading tells.
func (s *duckSource) Estimate(_ context.Context, r pipeline.Request) (pipeline.Estimate, error) {
	e := pipeline.Estimate{SQL: []string{s.selection(pick(s.schema, r.Columns), s.until(r))}, Bytes: -1}
	if s.options.Table == "" {
		e.SQL = append([]string{s.view()}, e.SQL...)
	}
	return e, nil
}

// isTable reports whether the source is a table itself, with row ids.
func (s *duckSource) isTable() bool { return s.rowIDs >= 0 }

// rows returns how many rows there are: of a table exactly, of anything else as
// DuckDB expects.
func (s *duckSource) rows(ctx context.Context, c *duckConnection) (int64, error) {
	if !s.isTable() {
		return c.expectedRows(ctx)
	}
	return c.number(ctx, "SELECT count(*)"+s.from())
}

// until returns the condition of the rows that are wanted, "" if all are.
func (s *duckSource) until(r pipeline.Request) string {
	if s.options.Table == "" {
		return ""
	}
	return duckDBDialect.until(r.Until, s.schema)
}

// selection returns a statement of columns and of the conditions that are not
// empty.
func (s *duckSource) selection(columns *arrow.Schema, conditions ...string) string {
	names := make([]string, columns.NumFields())
	for i, f := range columns.Fields() {
		names[i] = duckDBDialect.name(f.Name)
		if s.casts[f.Name] {
			names[i] = "CAST(" + names[i] + " AS VARCHAR) AS " + names[i]
		}
	}
	return "SELECT " + strings.Join(names, ", ") + s.from(conditions...)
}

// from returns the end of a statement: where the rows come from, and which.
func (s *duckSource) from(conditions ...string) string {
	end := " FROM " + duckView
	if s.options.Table != "" {
		end = " FROM " + s.table()
	}
	conditions = slices.DeleteFunc(conditions, func(c string) bool { return c == "" })
	if len(conditions) > 0 {
		end += " WHERE " + strings.Join(conditions, " AND ")
	}
	return end
}
