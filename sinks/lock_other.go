//go:build !unix

package sinks

import (
	"errors"
	"os"
)

// lock takes the lock of an open file. Only Unix has one that ends with the
// process.
func lock(*os.File, bool) error { return errors.ErrUnsupported }

func unlock(*os.File) {}
