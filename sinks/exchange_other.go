//go:build !linux

package sinks

import "errors"

// exchange swaps two folders at once, which only Linux can.
func exchange(_, _ string) error { return errors.ErrUnsupported }
