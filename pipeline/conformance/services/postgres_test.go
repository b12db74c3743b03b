package services

import "testing"

func TestPostgresKeepsWhatIsWrittenAcrossARestart(t *testing.T) {
	server := Postgres(t)
	name := server.NewDatabase(t)
	server.SQL(t, name, "CREATE TABLE t AS SELECT 1 AS a, NULL AS b; CHECKPOINT")
	server.Restart(t)
	if got := server.SQL(t, name, "SELECT * FROM t"); got != "1|" {
		t.Errorf("got %q, want %q", got, "1|")
	}
}
