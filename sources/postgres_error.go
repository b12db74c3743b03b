package sources

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
)

// failure gives an error of the server, or of the way there, its class. It keeps
// nothing of the cause but what it says itself, as the cause may know the
// password, or a customer.
func (s *postgresSource) failure(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	if known, ok := errors.AsType[*pipeline.Error](err); ok {
		return known
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return s.refused(e)
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return pipeline.Errorf(pipeline.ClassPermission, s.server(), "name the authority with sslrootcert=ca.pem in url, and the server by the name in its certificate",
			"the server's certificate is not trusted: %v", e.Err)
	}
	_, isConnecting := errors.AsType[*pgconn.ConnectError](err)
	switch kind := cloud.KindOf(err); {
	case isConnecting && kind == cloud.Unknown:
		return pipeline.Errorf(pipeline.ClassPermission, s.server(), "check sslmode in url, and user and password: in url, PGPASSWORD or ~/.pgpass", "no connection: %s", rootOf(err))
	case isConnecting:
		return pipeline.Errorf(pipeline.ClassTemporary, s.server(), "check host and port in url, that the server runs, and that it lets this machine in", "no connection: %s", rootOf(err))
	}
	return pipeline.Errorf(pipeline.ClassTemporary, s.server(), "run again; what has been read is thrown away", "the connection was lost: %s", rootOf(err))
}

// rootOf is the text of the first cause of err, of the last one where several
// ways were tried.
func rootOf(err error) string {
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return e.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	for {
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			if e.Unwrap() == nil {
				return err.Error()
			}
			err = e.Unwrap()
		case interface{ Unwrap() []error }:
			all := e.Unwrap()
			err = all[len(all)-1]
		default:
			return err.Error()
		}
	}
}

// isServerDown reports whether a code says that the server or the connection
// ended, not the statement.
func isServerDown(code string) bool {
	return strings.HasPrefix(code, "08") || strings.HasPrefix(code, "57P") || strings.HasPrefix(code, "53")
}

// refused gives an error of the server its class by its SQLSTATE.
func (s *postgresSource) refused(e *pgconn.PgError) error {
	class, hint := s.meaning(e.Code)
	message := e.Message
	if !isAboutNames(e.Code) {
		message = "the server refuses it for its data or by a rule of its own"
		hint = "run the query with psql, which shows what is wrong and may show a customer's data"
	}
	return pipeline.Errorf(class, s.place(), hint, "%s (SQLSTATE %s)", message, e.Code)
}

// isAboutNames reports whether the server's message of a code is about the
// statement, the user or the server, and so shows no value of a row.
func isAboutNames(code string) bool {
	for _, class := range []string{"08", "0A", "25", "28", "3D", "3F", "40", "42", "53", "54", "55", "57", "58", "XX"} {
		if strings.HasPrefix(code, class) {
			return true
		}
	}
	return false
}

// meaning returns the class of a SQLSTATE and what a person can do.
func (s *postgresSource) meaning(code string) (pipeline.Class, string) {
	const again = "run again; what has been read is thrown away"
	switch code {
	case "28P01":
		return pipeline.ClassPermission, "check user and password: in url, PGPASSWORD or ~/.pgpass"
	case "42501":
		return pipeline.ClassPermission, s.grant()
	case "3D000":
		return pipeline.ClassSource, "check the name of the database in url"
	case "53300":
		return pipeline.ClassTemporary, "lower connections in the job file, or --workers: each reads on a connection of its own; or raise the server's max_connections"
	case "55P03":
		return pipeline.ClassTemporary, "another transaction changes the table, as ALTER TABLE or VACUUM FULL do; run when it is done"
	case "57014":
		return pipeline.ClassTemporary, "raise statement_timeout in the job file if the statement takes long; somebody may also have cancelled it"
	case "40001":
		return pipeline.ClassTemporary, "a standby cancels what is in the way of its primary: raise its max_standby_streaming_delay, set hot_standby_feedback = on, or read the primary"
	case "25006":
		return pipeline.ClassSource, "let the query do nothing but read"
	case "08P01":
		return pipeline.ClassTemporary, "a pooler must keep a transaction together: PgBouncer in pool_mode session or transaction"
	}
	switch code[:min(2, len(code))] {
	case "28":
		return pipeline.ClassPermission, "check the user in url, and the server's pg_hba.conf"
	case "08", "53", "57", "58", "25", "40", "55":
		return pipeline.ClassTemporary, again
	case "42", "3F":
		return pipeline.ClassSource, "correct table or query in the job file; names that are not lower-case are written in quotes, as in SQL"
	default:
		return pipeline.ClassSource, ""
	}
}

// grant says how the user is allowed to read.
func (s *postgresSource) grant() string {
	if s.options.Table == "" {
		return "GRANT SELECT ON every table of the query TO " + postgresDialect.name(s.config.User)
	}
	hint := "GRANT SELECT ON " + s.options.Table + " TO " + postgresDialect.name(s.config.User)
	if schema, _, ok := strings.Cut(s.options.Table, "."); ok {
		hint += ", and GRANT USAGE ON SCHEMA " + schema + " TO " + postgresDialect.name(s.config.User)
	}
	return hint
}
