package calendar

import "strings"

// read reads the step at the beginning of s into c and returns how many bytes
// it took, -1 if s does not begin with such a text.
func (t *step) read(s string, c *clock) int {
	if t.most > 0 {
		return t.readNumber(s, c)
	}
	switch t.directive {
	case 0:
		return t.readLiteral(s)
	case 'b', 'B':
		return readMonth(s, t.directive == 'B', c)
	case 'p':
		return readHalf(s, c)
	case 'f':
		return readFraction(s, c)
	case 'z':
		return readOffset(s, c)
	case 'Z':
		return readUTC(s, c)
	default:
		panic("calendar: directive without a reader: %" + string(rune(t.directive)))
	}
}

func (t *step) readLiteral(s string) int {
	// Nearly all literals are one byte, which is cheaper to compare as such.
	if s == "" || s[0] != t.literal[0] || len(t.literal) > 1 && !strings.HasPrefix(s, t.literal) {
		return -1
	}
	return len(t.literal)
}

func (t *step) readNumber(s string, c *clock) int {
	if t.directive == 'e' && s != "" && s[0] == ' ' {
		if n, day := readDigits(s[1:], 1, 1); n == 1 {
			c.day = day
			return 2
		}
		return -1
	}
	n, v := readDigits(s, t.least, t.most)
	if n < 0 {
		return -1
	}
	switch t.directive {
	case 'Y':
		c.year = v
	case 'y':
		c.year = fullYear(v)
	case 'm':
		c.month = v
	case 'd', 'e':
		c.day = v
	case 'j':
		c.dayOfYear = v
	case 'H', 'I':
		c.hour, c.kind = v, max(c.kind, CivilTime)
	case 'M':
		c.minute = v
	case 'S':
		c.second = v
	}
	return n
}

// fullYear returns the year that two digits mean by POSIX's rule for %y.
func fullYear(v int) int {
	const pivot = 69
	if v < pivot {
		return 2000 + v
	}
	return 1900 + v
}

// readDigits reads as many digits as there are, up to most, and returns how
// many and their number; n is -1 if there are fewer than least.
func readDigits(s string, least, most int) (n, v int) {
	for n < most && n < len(s) && isDigit(s[n]) {
		v = v*10 + int(s[n]-'0')
		n++
	}
	if n < least {
		return -1, 0
	}
	return n, v
}

var monthNames = [...]string{
	"january", "february", "march", "april", "may", "june",
	"july", "august", "september", "october", "november", "december",
}

func readMonth(s string, full bool, c *clock) int {
	const letters = 3 // of an abbreviated name; they tell all months apart
	for i, name := range monthNames {
		if len(s) < letters || lower(s[0]) != name[0] || lower(s[1]) != name[1] || lower(s[2]) != name[2] {
			continue
		}
		if !full {
			name = name[:letters]
		}
		if len(s) < len(name) || !strings.EqualFold(s[:len(name)], name) {
			return -1
		}
		c.month = i + 1
		return len(name)
	}
	return -1
}

// lower returns an ASCII letter as a small one, and for any other byte one
// that is no letter.
func lower(c byte) byte { return c | 0x20 }

func readHalf(s string, c *clock) int {
	if len(s) < 2 || lower(s[1]) != 'm' {
		return -1
	}
	switch lower(s[0]) {
	case 'a':
		c.half = 'A'
	case 'p':
		c.half = 'P'
	default:
		return -1
	}
	return 2
}

// readFraction reads the digits after the decimal point of a second.
func readFraction(s string, c *clock) int {
	n, micros := 0, 0
	for scale := microsPerSec / 10; n < len(s) && isDigit(s[n]); n++ {
		micros += int(s[n]-'0') * scale
		scale /= 10
	}
	if n == 0 {
		return -1
	}
	c.micros = micros
	return n
}

// readOffset reads Z, ±hh, ±hhmm or ±hh:mm.
func readOffset(s string, c *clock) int {
	if strings.HasPrefix(s, "Z") {
		c.kind = Instant
		return 1
	}
	if len(s) < len("+hh") || s[0] != '+' && s[0] != '-' {
		return -1
	}
	n, hours := 3, twoDigits(s, 1)
	minutes := 0
	switch {
	case len(s) > n && s[n] == ':':
		if len(s) < len("+hh:mm") {
			return -1
		}
		n, minutes = 6, twoDigits(s, 4)
	case len(s) >= len("+hhmm") && isDigit(s[n]):
		n, minutes = 5, twoDigits(s, 3)
	}
	if hours < 0 || hours > 23 || minutes < 0 || minutes > 59 {
		return -1
	}
	c.offset, c.kind = (hours*60+minutes)*secondsPerMin, Instant
	if s[0] == '-' {
		c.offset = -c.offset
	}
	return n
}

// readUTC reads a name of UTC. Other abbreviations are refused: CST is three
// different zones.
func readUTC(s string, c *clock) int {
	for _, name := range [...]string{"UTC", "GMT", "Z"} {
		if strings.HasPrefix(s, name) {
			c.kind = Instant
			return len(name)
		}
	}
	return -1
}
