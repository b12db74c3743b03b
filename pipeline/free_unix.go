//go:build linux || darwin

package pipeline

import "golang.org/x/sys/unix"

// FreeBytes returns the space that this user may still fill where a folder is,
// -1 if the system does not say.
func FreeBytes(dir string) int64 {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return -1
	}
	return int64(s.Bavail) * int64(s.Bsize)
}
