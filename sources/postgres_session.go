package sources

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
)

const (
	// oldestPostgres is the first version that exports snapshots on a standby.
	// Amazon Redshift says that it is version 8.
	oldestPostgres = 10
	// tidRangePostgres is the first version that reads a range of pages without
	// reading all of them.
	tidRangePostgres = 14

	connectAttempts = 3
	connectTimeout  = 30 * time.Second // unless the URL says connect_timeout
	cancelTimeout   = 5 * time.Second  // for the request that a statement be stopped
	lockTimeout     = time.Minute      // behind ALTER TABLE, TRUNCATE and the like; nothing else is in the way
)

// configure reads the URL and the platform's environment for what it leaves out.
func (s *postgresSource) configure() (*pgconn.Config, error) {
	config, err := pgconn.ParseConfig(s.options.URL)
	if err != nil {
		// The parser's own text may show a piece of the password.
		if file, ok := errors.AsType[*fs.PathError](err); ok {
			return nil, pipeline.Errorf(pipeline.ClassUsage, "url", "correct sslrootcert, sslcert or sslkey, or PGSSLROOTCERT and the like", "%s: %v", file.Path, file.Err)
		}
		return nil, pipeline.Errorf(pipeline.ClassUsage, "url", "its options are those of psql, as ?sslmode=verify-full&sslrootcert=ca.pem; what PG* variables say counts too", "the address of the database cannot be used")
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "perennial"
	}
	config.RuntimeParams["client_encoding"] = "UTF8"
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	// Go's own dialer finds out within minutes that the other side is gone.
	config.DialFunc = (&net.Dialer{}).DialContext
	return config, nil
}

// server names the server and the database, without user and password.
func (s *postgresSource) server() string {
	host := s.config.Host
	if !strings.HasPrefix(host, "/") { // else the folder of a socket
		host = net.JoinHostPort(host, strconv.Itoa(int(s.config.Port)))
	}
	return "postgres://" + host + "/" + s.config.Database
}

// postgresSession is a connection with one transaction, which reads only.
type postgresSession struct {
	source *postgresSource
	conn   *pgconn.PgConn
	major  int // the server's version
}

// connect opens a connection. It tries again where that may help.
func (s *postgresSource) connect(ctx context.Context) (*postgresSession, error) {
	for failed := 0; ; failed++ {
		conn, err := pgconn.ConnectConfig(ctx, s.config)
		if err == nil {
			return s.greet(conn)
		}
		err = s.failure(ctx, err)
		if pipeline.ClassOf(err) != pipeline.ClassTemporary || failed+1 >= connectAttempts {
			return nil, err
		}
		if err := (cloud.Patience{}).Wait(ctx, failed, err); err != nil {
			return nil, err
		}
	}
}

// greet looks at the version of the server.
func (s *postgresSource) greet(conn *pgconn.PgConn) (*postgresSession, error) {
	version := conn.ParameterStatus("server_version")
	end := 0
	for end < len(version) && version[end] >= '0' && version[end] <= '9' {
		end++
	}
	session := &postgresSession{source: s, conn: conn}
	session.major, _ = strconv.Atoi(version[:end])
	if session.major < oldestPostgres {
		session.close()
		return nil, pipeline.Errorf(pipeline.ClassSource, s.server(), "PostgreSQL 10 or later can be read; of Amazon Redshift, UNLOAD to Parquet and read that with source.parquet",
			"the server says it is PostgreSQL %s", version)
	}
	return session, nil
}

// begin begins the transaction. With a snapshot it sees that and nothing else
// to its end; without one, every statement sees what is committed before it.
func (s *postgresSession) begin(ctx context.Context, snapshot string) error {
	statement := "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
	if snapshot != "" {
		statement = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	}
	if err := s.exec(ctx, statement); err != nil {
		return err
	}
	if snapshot != "" {
		if err := s.adopt(ctx, snapshot); err != nil {
			return err
		}
	}
	return s.exec(ctx, s.settings())
}

// adopt makes the transaction see a snapshot that another one has exported.
func (s *postgresSession) adopt(ctx context.Context, snapshot string) error {
	err := s.run(ctx, "SET TRANSACTION SNAPSHOT '"+strings.ReplaceAll(snapshot, "'", "''")+"'")
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && !isServerDown(e.Code) {
		return pipeline.Errorf(pipeline.ClassUsage, s.source.server(), "let url name one server, not a balancer or a pooler in front of several, or write connections: 1 and read a view or a query, which takes one connection",
			"two connections do not reach the same server, so that they cannot read the same state: %s (SQLSTATE %s)", e.Message, e.Code)
	}
	return s.source.failure(ctx, err)
}

// settings is the statement that makes the transaction one that may take its
// time. Which settings there are depends on the version.
func (s *postgresSession) settings() string {
	values := [][2]string{
		{"lock_timeout", millisecondsOf(lockTimeout)},
		{"idle_in_transaction_session_timeout", "0"}, // a reader that is waited for is idle
		{"transaction_timeout", "0"},
		{"synchronize_seqscans", "off"}, // rows are numbered in the order of the table
	}
	if s.conn.ParameterStatus("server_encoding") == "SQL_ASCII" {
		// The bytes as they are: else the server ends the read at the first that is
		// no UTF-8, which is a fault of its row alone.
		values = append(values, [2]string{"client_encoding", "SQL_ASCII"})
	}
	if s.source.options.Query == "" {
		// Workers of the server deliver rows in an order of their own.
		values = append(values, [2]string{"max_parallel_workers_per_gather", "0"})
	}
	if s.source.timeout > 0 {
		values = append(values, [2]string{"statement_timeout", millisecondsOf(s.source.timeout)})
	}
	rows := make([]string, len(values))
	for i, v := range values {
		rows[i] = "('" + v[0] + "', '" + v[1] + "')"
	}
	return "SELECT pg_catalog.set_config(name, value, true) FROM (VALUES " + strings.Join(rows, ", ") +
		") AS wanted(name, value) JOIN pg_catalog.pg_settings USING (name)"
}

func millisecondsOf(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// exec runs a statement whose result nobody wants.
func (s *postgresSession) exec(ctx context.Context, sql string) error {
	return s.source.failure(ctx, s.run(ctx, sql))
}

func (s *postgresSession) run(ctx context.Context, sql string) error {
	_, err := s.conn.Exec(ctx, sql).ReadAll()
	return err
}

// row returns the one row of a query in the server's texts, nil for null.
func (s *postgresSession) row(ctx context.Context, sql string, arguments ...string) ([]*string, error) {
	rows, err := s.table(ctx, sql, arguments...)
	if err == nil && len(rows) != 1 {
		err = pipeline.Errorf(pipeline.ClassInternal, s.source.server(), "", "%d rows where there is one", len(rows))
	}
	if err != nil {
		return nil, err
	}
	return rows[0], nil
}

// table returns the rows of a query.
func (s *postgresSession) table(ctx context.Context, sql string, arguments ...string) ([][]*string, error) {
	values := make([][]byte, len(arguments))
	for i, a := range arguments {
		values[i] = []byte(a)
	}
	result := s.conn.ExecParams(ctx, sql, values, nil, nil, nil).Read()
	if result.Err != nil {
		return nil, s.source.failure(ctx, result.Err)
	}
	rows := make([][]*string, len(result.Rows))
	for i, row := range result.Rows {
		for _, value := range row {
			var cell *string
			if value != nil {
				text := string(value)
				cell = &text
			}
			rows[i] = append(rows[i], cell)
		}
	}
	return rows, nil
}

// stop asks the server to end the statement that is running, and closes.
func (s *postgresSession) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), cancelTimeout)
	defer cancel()
	// A server that is gone needs no stopping.
	_ = s.conn.CancelRequest(ctx)
	s.close()
}

// close ends the transaction and the connection; it may be called twice.
func (s *postgresSession) close() {
	ctx, cancel := context.WithTimeout(context.Background(), cancelTimeout)
	defer cancel()
	// Nothing has been written that an error could lose.
	_ = s.conn.Close(ctx)
}
