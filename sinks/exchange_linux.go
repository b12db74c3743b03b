package sinks

import (
	"errors"

	"golang.org/x/sys/unix"
)

// exchange swaps two folders at once. Where the file system cannot, it
// returns errors.ErrUnsupported and has done nothing.
func exchange(a, b string) error {
	err := unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP) {
		return errors.ErrUnsupported
	}
	return err
}
