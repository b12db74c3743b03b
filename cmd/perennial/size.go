package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// size is a number of bytes as a flag: 4GiB, 512MiB, 1.5GB or plain bytes.
type size int64

// sizeUnits are the units of sizes, the longer names before those that end them.
var sizeUnits = []struct {
	name  string
	bytes float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}}

var errSize = errors.New("a size is a number and a unit, as 4GiB, 512MiB or 1.5GB")

// Set implements pflag.Value.
func (s *size) Set(text string) error {
	number, unit := strings.TrimSpace(text), 1.0
	for _, u := range sizeUnits {
		if before, ok := cutSuffixFold(number, u.name); ok {
			number, unit = strings.TrimSpace(before), u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !(n >= 0 && n*unit < 1<<62) {
		return errSize
	}
	*s = size(n * unit)
	return nil
}

// String returns the size in mebibytes, or in bytes where they are not whole.
func (s size) String() string {
	const mebibyte = 1 << 20
	switch {
	case s == 0:
		return "0"
	case s%mebibyte != 0:
		return fmt.Sprintf("%dB", int64(s))
	default:
		return fmt.Sprintf("%dMiB", s/mebibyte)
	}
}

// Type implements pflag.Value.
func (*size) Type() string { return "size" }

func cutSuffixFold(s, suffix string) (before string, ok bool) {
	at := len(s) - len(suffix)
	if at < 0 || !strings.EqualFold(s[at:], suffix) {
		return s, false
	}
	return s[:at], true
}
