package services

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// PostgresServer is a running PostgreSQL server of one test binary. What one
// test writes another sees: a test takes databases of its own, by NewDatabase.
type PostgresServer struct {
	Port int    // on 127.0.0.1
	bin  string // folder of the server's programs
	data string // folder of its data
}

// Postgres returns the server, started by the first test that asks for it; it
// ends with the test binary.
func Postgres(t testing.TB) PostgresServer {
	t.Helper()
	server, err := startPostgres()
	skipUnlessStarted(t, err, "a PostgreSQL server", ".ci/postgres/server install installs Debian's, and go test -count=1 tries again")
	return server
}

var startPostgres = sync.OnceValues(func() (PostgresServer, error) {
	var server PostgresServer
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return server, err
	}
	server.Port = free.Addr().(*net.TCPAddr).Port
	if err := free.Close(); err != nil {
		return server, err
	}
	var says struct{ Bin, Data string }
	err = start(exec.Command(postgresScript(), "start", fmt.Sprint(server.Port)), &says)
	server.bin, server.data = says.Bin, says.Data
	return server, err
})

func postgresScript() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..", ".ci", "postgres", "server")
}

// URL is the address of a database for the superuser, who alone needs no password.
func (s PostgresServer) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", s.Port, database)
}

var databases atomic.Int64

// NewDatabase makes an empty database and returns its name.
func (s PostgresServer) NewDatabase(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", databases.Add(1))
	s.SQL(t, "postgres", "CREATE DATABASE "+name)
	return name
}

// SQL runs statements in a database as the superuser and returns what psql
// prints of them: a line for a row, columns joined by |, nothing for null.
func (s PostgresServer) SQL(t testing.TB, database, statements string) string {
	t.Helper()
	psql := exec.Command(filepath.Join(s.bin, "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", s.URL(database))
	psql.Env = append(os.Environ(), "PGCLIENTENCODING=UTF8")
	psql.Stdin = strings.NewReader(statements)
	out, err := psql.CombinedOutput()
	if err != nil {
		t.Fatalf("psql: %v\n%s", err, out)
	}
	return strings.TrimSuffix(string(out), "\n")
}

// Restart restarts the server as if it had crashed.
func (s PostgresServer) Restart(t testing.TB) {
	t.Helper()
	if out, err := exec.Command(postgresScript(), "restart", s.data).CombinedOutput(); err != nil {
		t.Fatalf("restart: %v\n%s", err, out)
	}
}
