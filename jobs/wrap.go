package jobs

import (
	"strings"
	"unicode/utf8"
)

// wrapped returns text in lines of at most so many characters, where its words
// allow. The first line begins with first, those after it with rest.
func wrapped(first, rest, text string, width int) []string {
	var lines []string
	line, isEmpty := first, true
	for word := range strings.FieldsSeq(text) {
		switch {
		case isEmpty:
		case utf8.RuneCountInString(line)+len(" ")+utf8.RuneCountInString(word) > width:
			lines = append(lines, line)
			line = rest
		default:
			line += " "
		}
		line += word
		isEmpty = false
	}
	return append(lines, line)
}
