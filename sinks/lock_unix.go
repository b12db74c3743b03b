//go:build unix

package sinks

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lock takes the lock of an open file, which the kernel frees when the file
// is closed or the process ends. Without wait it returns errHeld where
// another has the lock.
func lock(f *os.File, wait bool) error {
	how := unix.LOCK_EX
	if !wait {
		how |= unix.LOCK_NB
	}
	for {
		err := unix.Flock(int(f.Fd()), how)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EWOULDBLOCK):
			return errHeld
		default:
			return err
		}
	}
}

// unlock frees the lock. Closing the file would do so too, but not while a
// process that this one is just starting still has its copy of the file open.
func unlock(f *os.File) { unix.Flock(int(f.Fd()), unix.LOCK_UN) }
