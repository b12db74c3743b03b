package calendar

// parseISO reads ISO 8601 as ParseFormat describes it. It does by fixed
// positions what a pattern does step by step, being the most common case.
func parseISO(s string) (Moment, bool) {
	const dateLength = len("YYYY-MM-DD")
	if len(s) < dateLength {
		return Moment{}, false
	}
	day, ok := ParseDay(s[:dateLength])
	if !ok || len(s) == dateLength {
		return Moment{Kind: CivilDay, Micros: int64(day) * MicrosPerDay}, ok
	}
	if s[dateLength] != 'T' && s[dateLength] != ' ' {
		return Moment{}, false
	}
	c := clock{kind: CivilTime}
	n := readTime(s[dateLength+1:], &c)
	if n < 0 || !readISOZone(s[dateLength+1+n:], &c) {
		return Moment{}, false
	}
	return c.on(day)
}

// readTime reads hh:mm[:ss[.fraction]] and returns how many bytes it took, -1
// if s does not begin with such a text.
func readTime(s string, c *clock) int {
	const minutes, seconds = len("hh:mm"), len("hh:mm:ss")
	if len(s) < minutes || s[2] != ':' {
		return -1
	}
	c.hour, c.minute = twoDigits(s, 0), twoDigits(s, 3)
	if len(s) == minutes || s[minutes] != ':' {
		return minutes
	}
	if len(s) < seconds {
		return -1
	}
	c.second = twoDigits(s, minutes+1)
	if len(s) == seconds || s[seconds] != '.' {
		return seconds
	}
	n := readFraction(s[seconds+1:], c)
	if n < 0 {
		return -1
	}
	return seconds + 1 + n
}

// readISOZone reads what may follow the time and reports whether it is the
// whole of s.
func readISOZone(s string, c *clock) bool {
	switch s {
	case "":
		return true
	case " UTC":
		c.kind = Instant
		return true
	default:
		return readOffset(s, c) == len(s)
	}
}
