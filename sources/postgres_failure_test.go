package sources

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/perennial-clv/perennial/pipeline"
)

// secret is a password with what has a meaning in addresses.
const secret = "s3cret/of@tests"

const escapedSecret = "s3cret%2Fof%40tests"

// failureOf reads all of a source and returns the first error.
func failureOf(source pipeline.Source) error {
	_, err := read(source, 0)
	return err
}

func TestPostgresOptionsAreCheckedOffline(t *testing.T) {
	const url = "postgres://localhost/shop"
	for _, c := range []struct {
		options Postgres
		pieces  []string
	}{
		{Postgres{Table: "t"}, []string{"url: this is no address"}},
		{Postgres{URL: "mysql://u@h/d", Table: "t"}, []string{"this is no address", "postgres://user@host"}},
		{Postgres{URL: "postgres://u:" + secret + "@h/d", Table: "t"}, []string{"this is no address", "@ is %40"}},
		{Postgres{URL: url}, []string{"table or query must be given"}},
		{Postgres{URL: url, Table: "t", Query: "SELECT 1"}, []string{"not both"}},
		{Postgres{URL: url, Table: "t", Connections: -1}, []string{"connections is -1"}},
		{Postgres{URL: url, Table: "t", StatementTimeout: "10"}, []string{`"10" is no length of time`, "10m"}},
		{Postgres{URL: url, Table: "t", StatementTimeout: "597h"}, []string{"up to 596h"}},
		{Postgres{URL: url, Table: "t", StatementTimeout: "-1s"}, []string{"is no length of time"}},
	} {
		_, err := NewPostgres(c.options)
		wantError(t, err, pipeline.ClassUsage, c.pieces...)
		wantNoSecret(t, err)
	}
}

// wantNoSecret wants an error, down to its causes, to hold no piece of the
// password.
func wantNoSecret(t *testing.T, err error) {
	t.Helper()
	var e *pipeline.Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is not classified", err)
	}
	if all := fmt.Sprintf("%+v %#v %s", e.Err, *e, e); strings.Contains(all, "s3cret") || strings.Contains(all, "of@tests") {
		t.Errorf("the password is in the error %s", all)
	}
}

func TestPostgresFailuresSayWhatToDo(t *testing.T) {
	s := newPostgresShop(t, "CREATE TABLE t AS SELECT 1 AS id, 'Zoë' AS name", "CREATE SEQUENCE counter", "GRANT UPDATE ON counter TO public", "CREATE SCHEMA closed", "CREATE TABLE closed.t (id int)",
		"CREATE ROLE clerk LOGIN PASSWORD '"+secret+"'", "CREATE ROLE busy LOGIN PASSWORD '"+secret+"' CONNECTION LIMIT 0", "GRANT SELECT (id) ON t TO clerk")
	t.Cleanup(func() { s.sql(t, "DROP OWNED BY clerk", "DROP ROLE clerk", "DROP ROLE busy") })
	as := func(user, password string) string {
		return fmt.Sprintf("postgres://%s:%s@127.0.0.1:%d/%s?sslmode=disable", user, password, s.Port, s.name)
	}
	clerk := as("clerk", escapedSecret)
	for name, c := range map[string]struct {
		options Postgres
		class   pipeline.Class
		pieces  []string
	}{
		"wrong password":      {Postgres{URL: as("clerk", "s3cret-no"), Table: "t"}, pipeline.ClassPermission, []string{"password authentication failed", "~/.pgpass"}},
		"no password":         {Postgres{URL: strings.Replace(clerk, ":"+escapedSecret, "", 1), Table: "t"}, pipeline.ClassPermission, []string{"PGPASSWORD"}},
		"no encryption":       {Postgres{URL: strings.Replace(clerk, "disable", "require", 1), Table: "t"}, pipeline.ClassPermission, []string{"no connection: server refused TLS", "sslmode"}},
		"unknown option":      {Postgres{URL: strings.Replace(clerk, "disable", "sometimes", 1), Table: "t"}, pipeline.ClassUsage, []string{"cannot be used", "sslmode=verify-full"}},
		"missing authority":   {Postgres{URL: clerk + "&sslrootcert=/nowhere/ca.pem", Table: "t"}, pipeline.ClassUsage, []string{"/nowhere/ca.pem", "sslrootcert"}},
		"no database":         {Postgres{URL: strings.Replace(clerk, s.name, "nowhere", 1), Table: "t"}, pipeline.ClassSource, []string{`database "nowhere" does not exist`, "check the name"}},
		"no table":            {Postgres{URL: clerk, Table: "Orders"}, pipeline.ClassSource, []string{"no such table or view", `sales."Orders"`}},
		"no name":             {Postgres{URL: clerk, Table: "a b"}, pipeline.ClassSource, []string{}},
		"no column":           {Postgres{URL: clerk, Query: "SELECT total FROM t"}, pipeline.ClassSource, []string{`column "total" does not exist`}},
		"no SQL":              {Postgres{URL: clerk, Query: "SELEKT"}, pipeline.ClassSource, []string{"syntax error"}},
		"two statements":      {Postgres{URL: clerk, Query: "SELECT 1); DROP TABLE t; SELECT (1"}, pipeline.ClassSource, []string{}},
		"no rows by itself":   {Postgres{URL: clerk, Query: "DELETE FROM t"}, pipeline.ClassSource, []string{"syntax error"}},
		"a query that writes": {Postgres{URL: clerk, Query: "SELECT setval('counter', 5)"}, pipeline.ClassSource, []string{"read-only"}},
		"two names":           {Postgres{URL: clerk, Query: "SELECT 1 AS id, 2 AS id"}, pipeline.ClassSource, []string{`two columns are named "id"`}},
		"no right to read":    {Postgres{URL: clerk, Table: "t"}, pipeline.ClassPermission, []string{"permission denied for table t", `GRANT SELECT ON t TO "clerk"`}},
		"no right to enter":   {Postgres{URL: clerk, Table: "closed.t"}, pipeline.ClassPermission, []string{"permission denied for schema closed", `GRANT USAGE ON SCHEMA closed TO "clerk"`}},
		"no right in query":   {Postgres{URL: clerk, Query: "SELECT name FROM t"}, pipeline.ClassPermission, []string{`GRANT SELECT ON every table of the query TO "clerk"`}},
		"too many":            {Postgres{URL: as("busy", escapedSecret), Table: "t"}, pipeline.ClassTemporary, []string{"too many connections", "connections", "--workers"}},
		"nobody listens":      {Postgres{URL: "postgres://clerk:" + escapedSecret + "@127.0.0.1:1/d", Table: "t"}, pipeline.ClassTemporary, []string{"postgres://127.0.0.1:1/d", "connection refused"}},
		"a value":             {Postgres{URL: clerk, Query: "SELECT ('Zoë' || i)::int FROM generate_series(1, 2) i"}, pipeline.ClassSource, []string{"22P02", "psql"}},
		"a slow statement":    {Postgres{URL: clerk, Query: "SELECT pg_sleep(60)", StatementTimeout: "50ms"}, pipeline.ClassTemporary, []string{"statement timeout", "raise statement_timeout"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := failureOf(s.source(t, c.options))
			wantError(t, err, c.class, c.pieces...)
			wantNoSecret(t, err)
			if strings.Contains(err.Error(), "Zoë") {
				t.Errorf("a value is in the error %v", err)
			}
		})
	}
	// A right to one column is enough for that column, also of a table of many pages.
	s.sql(t, "CREATE TABLE long AS SELECT 1 AS id, repeat('x', 500) AS filler FROM generate_series(1, 100)", "GRANT SELECT (id) ON long TO clerk")
	for table, rows := range map[string]int{"t": 1, "long": 100} {
		source := s.source(t, Postgres{URL: clerk, Table: table})
		source.partPages = 2
		if got, err := read(source, 0, "id"); err != nil || len(got.rows) != rows {
			t.Errorf("the column of %s that may be read: got %d rows, %v, want %d", table, len(got.rows), err, rows)
		}
	}
}

func TestPostgresPasswordFileIsThatOfPsql(t *testing.T) {
	s := newPostgresShop(t, "CREATE TABLE t AS SELECT 1 AS id", "CREATE ROLE filed LOGIN PASSWORD '"+secret+"'", "GRANT SELECT ON t TO filed")
	t.Cleanup(func() { s.sql(t, "DROP OWNED BY filed", "DROP ROLE filed") })
	file := filepath.Join(t.TempDir(), "pgpass")
	if err := os.WriteFile(file, []byte("*:*:*:filed:"+secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PGPASSFILE", file)
	t.Setenv("PGUSER", "filed")
	t.Setenv("PGDATABASE", s.name)
	if err := failureOf(s.source(t, Postgres{URL: fmt.Sprintf("postgres://127.0.0.1:%d?sslmode=disable", s.Port), Table: "t"})); err != nil {
		t.Error(err)
	}
}

// Amazon Redshift speaks the protocol and says that it is PostgreSQL 8.0.2.
func TestPostgresServersThatAreTooOldAreRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		backend := pgproto3.NewBackend(conn, conn)
		if _, err := backend.ReceiveStartupMessage(); err != nil {
			return
		}
		backend.Send(&pgproto3.AuthenticationOk{})
		backend.Send(&pgproto3.ParameterStatus{Name: "server_version", Value: "8.0.2"})
		backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		_ = backend.Flush()
		_, _ = backend.Receive()
	}()
	source, err := NewPostgres(Postgres{URL: "postgres://u@" + listener.Addr().String() + "/d?sslmode=disable", Table: "t"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = source.Describe(context.Background(), "")
	wantError(t, err, pipeline.ClassSource, "PostgreSQL 8.0.2", "Redshift", "UNLOAD")
}

// cutter forwards connections to a server and cuts them after so many bytes of
// the server's, counted from the beginning of the transaction that reads.
type cutter struct {
	net.Listener
	after atomic.Int64 // bytes; negative for never
	seen  atomic.Int64 // bytes of the last connection
}

func newCutter(t *testing.T, port int) *cutter {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{Listener: listener}
	c.after.Store(-1)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { c.forward(client, port) })
		}
	})
	t.Cleanup(func() { listener.Close(); all.Wait() })
	return c
}

func (c *cutter) forward(client net.Conn, port int) {
	defer client.Close()
	server, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return
	}
	defer server.Close()
	var counting atomic.Bool
	var all sync.WaitGroup
	all.Go(func() {
		defer server.Close()
		buffer := make([]byte, 64<<10)
		for {
			n, err := client.Read(buffer)
			if bytes.Contains(buffer[:n], []byte("LIMIT 0")) {
				c.seen.Store(0)
				counting.Store(true)
			}
			if _, err := server.Write(buffer[:n]); err != nil || n == 0 {
				return
			}
			if err != nil {
				return
			}
		}
	})
	all.Go(func() {
		defer client.Close()
		buffer := make([]byte, 64<<10)
		for {
			n, err := server.Read(buffer)
			if counting.Load() {
				after := c.after.Load()
				if seen := c.seen.Add(int64(n)); after >= 0 && seen > after {
					_, _ = client.Write(buffer[:max(0, n-int(seen-after))])
					return
				}
			}
			if _, werr := client.Write(buffer[:n]); werr != nil || err != nil {
				return
			}
		}
	})
	all.Wait()
}

func TestPostgresStreamsThatAreCutNeverEndWell(t *testing.T) {
	s := newPostgresShop(t, "CREATE TABLE t AS SELECT i AS id, 'name ' || i AS name, NULLIF(i % 3, 0)::numeric(9,2) AS amount FROM generate_series(1, 300) i")
	c := newCutter(t, s.Port)
	source := func() pipeline.Source {
		return s.source(t, Postgres{URL: "postgres://postgres@" + c.Addr().String() + "/" + s.name + "?sslmode=disable", Table: "t"})
	}
	if err := failureOf(source()); err != nil {
		t.Fatal(err)
	}
	whole := c.seen.Load()
	// By hand, a row is at least 5 bytes of message, 2 of row and 4 of each field.
	if whole < 300*(5+2+3*4) {
		t.Fatalf("the whole answer has %d bytes, fewer than its rows", whole)
	}
	cut := 0
	for after := int64(0); after < whole+40; after++ {
		if after > 100 && after < whole-100 && after%197 != 0 {
			continue
		}
		c.after.Store(after)
		got, err := read(source(), 0)
		switch {
		case err == nil && len(got.rows) != 300:
			t.Errorf("cut after %d of %d bytes: %d rows and no error", after, whole, len(got.rows))
		case err == nil && after < whole:
			t.Errorf("cut after %d of %d bytes: no error", after, whole)
		case err != nil && pipeline.ClassOf(err) != pipeline.ClassTemporary:
			t.Errorf("cut after %d of %d bytes: class %s: %v", after, whole, pipeline.ClassOf(err), err)
		case err != nil:
			cut++
		}
	}
	if cut < 200 { // all of the first and last hundred at least
		t.Errorf("%d reads were cut, want 200 or more", cut)
	}
}

// running is how many connections of perennial the server has.
func (s postgresShop) running(t *testing.T) string {
	return s.sql(t, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'perennial' AND datname = current_database()")
}

// wantRunning wants so many connections. The server has the time of a hundred
// psql to notice those that were closed.
func wantRunning(t *testing.T, s postgresShop, what, want string) {
	t.Helper()
	got := ""
	for range 100 {
		if got = s.running(t); got == want {
			return
		}
	}
	t.Errorf("%s: %s connections, want %s", what, got, want)
}

func TestPostgresStatementsEndWithTheirReader(t *testing.T) {
	s := newPostgresShop(t)
	// A sort of this is never done in the time of the test.
	const slow = "SELECT i FROM generate_series(1, 100000) i UNION ALL SELECT count(*) FROM generate_series(1, 1000000000000) i"
	for name, end := range map[string]func(*testing.T, pipeline.Reader){
		"closed": func(t *testing.T, r pipeline.Reader) {
			b, err := r.Next(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			b.Record.Release()
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		},
		"cancelled while the server is silent": func(t *testing.T, r pipeline.Reader) {
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			defer cancel()
			var err error
			for err == nil {
				var b pipeline.Batch
				if b, err = r.Next(ctx); err == nil {
					b.Record.Release()
				}
			}
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
			}
		},
	} {
		readers := openPostgres(t, s.source(t, Postgres{Query: slow}), 1)
		wantRunning(t, s, name+", while it reads", "1")
		end(t, readers[0])
		wantRunning(t, s, name, "0")
	}
}

func TestPostgresReadersGiveTheirConnectionsBack(t *testing.T) {
	s := newPostgresShop(t, "CREATE TABLE t AS SELECT i AS id, repeat('x', 500) AS filler FROM generate_series(1, 400) i")
	source := s.source(t, Postgres{Table: "t", Connections: 2})
	source.partPages = 2
	readers := openPostgres(t, source, 4)
	if len(readers) != 2 {
		t.Errorf("%d readers, want 2", len(readers))
	}
	wantRunning(t, s, "while they read", "2")
	wantIDs(t, "two readers", firstCells(t, readers), 400)
	wantRunning(t, s, "after the last row", "0")
}

func TestPostgresServerThatCrashesIsTemporary(t *testing.T) {
	s := newPostgresShop(t, "CREATE TABLE t AS SELECT i AS id, repeat('x', 1000) AS filler FROM generate_series(1, 50000) i", "CHECKPOINT")
	readers := openPostgres(t, s.source(t, Postgres{Table: "t"}), 1)
	b, err := readers[0].Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	b.Record.Release()
	s.Restart(t)
	rows := 0
	for err == nil {
		if b, err = readers[0].Next(context.Background()); err == nil {
			rows += int(b.Record.NumRows())
			b.Record.Release()
		}
	}
	if err == io.EOF {
		t.Fatalf("the read ends well after %d rows", rows)
	}
	wantError(t, err, pipeline.ClassTemporary, fmt.Sprintf("127.0.0.1:%d", s.Port))
}

// A balancer may give two connections to two servers, of which the second does
// not know the snapshot of the first.
func TestPostgresSnapshotOfAnotherServerIsRefused(t *testing.T) {
	s := newPostgresShop(t, "CREATE TABLE t AS SELECT 1 AS id")
	source := s.source(t, Postgres{Table: "t"})
	if _, err := source.Describe(context.Background(), ""); err != nil {
		t.Fatal(err)
	}
	session, err := source.connect(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer session.close()
	err = session.begin(context.Background(), "00000007-0000ABCD-1")
	wantError(t, err, pipeline.ClassUsage, "do not reach the same server", "let url name one server")
}
