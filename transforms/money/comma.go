package money

import "strings"

// Pointed returns a number that is written with a decimal comma as Parse and
// ParseDecimal read it: -1234,50 and -1.234,50 are -1234.50. A point may stand
// between groups of three digits, and then between all of them, the first of
// one to three digits and not of zeros; so that a number with a decimal point
// that has got among the others (12.50, 0.500) is none and not another one. The
// result is empty, which Parse finds Malformed, for what is no such number.
func Pointed(s string) string {
	whole, fraction, hasComma := strings.Cut(s, ",")
	if strings.Contains(fraction, ".") {
		return ""
	}
	if strings.Contains(whole, ".") {
		var ok bool
		if whole, ok = ungrouped(whole); !ok {
			return ""
		}
	}
	if !hasComma {
		return whole
	}
	return whole + "." + fraction
}

// ungrouped returns digits without the points between their groups.
func ungrouped(s string) (string, bool) {
	const group = 3
	sign := len(s) - len(strings.TrimLeft(s, "+-"))
	first, rest, _ := strings.Cut(s[sign:], ".")
	if first == "" || len(first) > group || first[0] == '0' {
		return "", false
	}
	for next := range strings.SplitSeq(rest, ".") {
		if len(next) != group {
			return "", false
		}
	}
	return s[:sign] + first + strings.ReplaceAll(rest, ".", ""), true
}
