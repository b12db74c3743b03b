//go:build duckdb && unix

package sources

import (
	"os"

	"golang.org/x/sys/unix"
)

// isDuckWritten reports whether another process holds the lock that DuckDB
// takes on a database it may write to. No database of this process may be open:
// to close a file gives up all its locks.
func isDuckWritten(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	lock := unix.Flock_t{Type: unix.F_RDLCK}
	err = unix.FcntlFlock(file.Fd(), unix.F_GETLK, &lock)
	return err == nil && lock.Type != unix.F_UNLCK
}
