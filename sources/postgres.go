package sources

import (
	"context"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// Postgres says what to read of a PostgreSQL database: a table or a query.
type Postgres struct {
	URL              string `yaml:"url" default:"required" doc:"address of the database, as postgres://user@host:5432/shop?sslmode=verify-full. What it leaves out comes from PGHOST, PGUSER, PGPASSWORD and the like and from ~/.pgpass, as with psql. The password is never shown"`
	Table            string `yaml:"table" absent:"the query is read" doc:"table or view, written as in SQL: orders, sales.orders, \"Orders\""`
	Query            string `yaml:"query" absent:"the table is read" doc:"instead of table: a SELECT, in which @as_of stands for the as-of day, a DATE"`
	Connections      int    `yaml:"connections" absent:"one for each worker" doc:"at most so many connections read at once, with one more while they begin"`
	StatementTimeout string `yaml:"statement_timeout" absent:"the server's" doc:"how long one statement may take, as 10m or 1h30m. A query is one statement, a table several"`
}

// NewPostgres returns a source of one table, view or query of a PostgreSQL
// database. It checks the options without reaching for the server; an error is
// ClassUsage.
//
// Types become those of pipeline.SourceType:
//
//	smallint, integer, bigint          int64
//	numeric(p, s) of up to 38 digits   decimal128 of the same precision and scale
//	other numeric, money               utf8, every digit as the server has it
//	real, double precision             float64
//	boolean                            bool
//	date                               date32
//	timestamp                          timestamp[us]
//	timestamp with time zone           timestamp[us, UTC]
//	all others                         utf8, as the server casts them to text
//
// An infinite time or date and NaN in a numeric(p, s) are faults of their rows.
//
// All connections read the same snapshot: what is committed while they read is
// not seen. A table is read in parts of as many pages each; a view, a foreign
// table or a query in one.
func NewPostgres(o Postgres) (pipeline.Source, error) {
	if err := checkAddress(o.URL); err != nil {
		return nil, err
	}
	if isBlank(o.Table) == isBlank(o.Query) {
		return nil, pipeline.Errorf(pipeline.ClassUsage, "table", "write table: orders, or query: SELECT …", "table or query must be given, and not both")
	}
	if o.Connections < 0 {
		return nil, pipeline.Errorf(pipeline.ClassUsage, "connections", "leave it out for one connection for each worker", "connections is %d", o.Connections)
	}
	s := &postgresSource{options: o, partPages: partPages}
	if o.StatementTimeout == "" {
		return s, nil
	}
	var err error
	const longest = math.MaxInt32 * time.Millisecond // that the server takes, 596 hours
	if s.timeout, err = time.ParseDuration(o.StatementTimeout); err != nil || s.timeout < time.Millisecond || s.timeout > longest {
		return nil, pipeline.Errorf(pipeline.ClassUsage, "statement_timeout", "write it as 30s, 10m or 1h30m, up to 596h", "%q is no length of time that a statement may take", o.StatementTimeout)
	}
	return s, nil
}

func isBlank(s string) bool { return strings.TrimSpace(s) == "" }

// checkAddress refuses what is no URL of a database. The reason that the parser
// has is not shown: it may hold a piece of the password.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	if err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql") {
		return nil
	}
	hint := "write postgres://user@host:5432/database; in a password @ is %40, / is %2F, : is %3A and % is %25, or leave it to PGPASSWORD or ~/.pgpass"
	return pipeline.Errorf(pipeline.ClassUsage, "url", hint, "this is no address of a PostgreSQL database")
}

// postgresSource is a pipeline.Source of a PostgreSQL database.
type postgresSource struct {
	options Postgres
	timeout time.Duration // of a statement; 0 leaves it to the server

	partPages int64

	// From Describe on.
	config   *pgconn.Config
	relation postgresRelation
	columns  []postgresColumn
	schema   *arrow.Schema
	bytes    int64
}

// Describe implements pipeline.Source: the server prepares a statement and says
// what columns it has; nothing is run.
func (s *postgresSource) Describe(ctx context.Context, asOf string) (pipeline.Description, error) {
	var err error
	if s.config, err = s.configure(); err != nil {
		return pipeline.Description{}, err
	}
	session, err := s.connect(ctx)
	if err != nil {
		return pipeline.Description{}, err
	}
	defer session.close()
	if err := session.begin(ctx, ""); err != nil {
		return pipeline.Description{}, err
	}
	if s.relation, err = session.resolve(ctx, asOf); err != nil {
		return pipeline.Description{}, err
	}
	if s.columns, err = session.columns(ctx, s.relation); err != nil {
		return pipeline.Description{}, err
	}
	size, err := session.size(ctx, s.relation)
	if err != nil {
		return pipeline.Description{}, err
	}
	s.schema, s.bytes = postgresSchema(s.columns), size.bytes
	return pipeline.Description{Name: s.place(), Columns: s.schema, Rows: size.rows, Bytes: size.bytes}, nil
}

// place names the source for people.
func (s *postgresSource) place() string {
	what := "query"
	if s.options.Table != "" {
		what = s.options.Table
	}
	return s.server() + " " + what
}

// Open implements pipeline.Source. The readers share one snapshot, each on a
// connection of its own.
func (s *postgresSource) Open(ctx context.Context, r pipeline.Request) ([]pipeline.Reader, error) {
	wanted := s.request(r)
	first, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := wanted.hold(ctx, first); err != nil {
		first.close()
		return nil, err
	}
	if wanted.work.units == 1 {
		return []pipeline.Reader{wanted.reader(first)}, nil
	}
	defer first.close()
	return wanted.share(ctx, first, s.connections(r))
}

// connections is how many readers a request may have.
func (s *postgresSource) connections(r pipeline.Request) int {
	if s.options.Connections > 0 {
		return min(r.Readers, s.options.Connections)
	}
	return r.Readers
}

// request is what the readers of a request have in common, but for their parts.
func (s *postgresSource) request(r pipeline.Request) *postgresRequest {
	schema := pick(s.schema, r.Columns)
	columns := make([]postgresColumn, len(r.Columns))
	for i, name := range r.Columns {
		columns[i] = s.columns[slices.IndexFunc(s.columns, func(c postgresColumn) bool { return c.name == name })]
	}
	return &postgresRequest{source: s, schema: schema, columns: columns, until: s.until(r), rows: rowsOf(r), memory: new(table.Memory)}
}

// until is the condition of the rows that are wanted; a query has @as_of.
func (s *postgresSource) until(r pipeline.Request) string {
	if s.options.Query != "" {
		return ""
	}
	return postgresDialect.until(r.Until, s.schema)
}

// Estimate implements pipeline.Estimator: reading costs no money.
func (s *postgresSource) Estimate(_ context.Context, r pipeline.Request) (pipeline.Estimate, error) {
	return pipeline.Estimate{SQL: []string{s.request(r).selection("")}, Bytes: s.bytes}, nil
}
