package calendar

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what a Moment means.
type Kind uint8

// The kinds of moments.
const (
	CivilDay  Kind = iota // a date without a time of day; no zone ever shifts it
	CivilTime             // a date and time as some clock on the wall showed them; the zone is not in the text
	Instant               // a point of time, the same everywhere
)

// Moment is what a text says of time. Micros counts microseconds from
// 1970-01-01 00:00: of an instant in UTC, of a civil day or time as if it were
// UTC.
type Moment struct {
	Kind   Kind
	Micros int64
}

// Format is how moments are written. The zero Format is ISO 8601. It is
// immutable and safe for concurrent use.
type Format struct {
	unit  int64  // microseconds of one unit if the text counts units since 1970, else 0
	steps []step // empty: ISO 8601, unless unit is set
	fixed int    // length to which zeros are restored to an integer, 0 for none
}

// step reads one part of a text: a directive, or literal text.
type step struct {
	directive byte   // the letter after '%', 0 for literal text
	least     int    // of a number: the fewest digits
	most      int    // of a number: the most digits
	literal   string // of literal text
}

// field is the part of a moment that a directive fills.
type field uint

const (
	fieldYear field = 1 << iota
	fieldMonth
	fieldDayOfMonth
	fieldDayOfYear
	fieldHour
	fieldHour12
	fieldHalf
	fieldMinute
	fieldSecond
	fieldFraction
	fieldOffset
)

// directives lists what may follow a '%'. digits is the full width of a
// number, 0 if it has no fixed one or is no number.
var directives = map[byte]struct {
	fills  field
	digits int
}{
	'Y': {fieldYear, 4}, 'y': {fieldYear, 2},
	'm': {fieldMonth, 2}, 'b': {fieldMonth, 0}, 'B': {fieldMonth, 0},
	'd': {fieldDayOfMonth, 2}, 'e': {fieldDayOfMonth, 2}, 'j': {fieldDayOfYear, 3},
	'H': {fieldHour, 2}, 'I': {fieldHour12, 2}, 'p': {fieldHalf, 0},
	'M': {fieldMinute, 2}, 'S': {fieldSecond, 2}, 'f': {fieldFraction, 0},
	'z': {fieldOffset, 0}, 'Z': {fieldOffset, 0},
}

var units = map[string]int64{"unix": microsPerSec, "%s": microsPerSec, "unix_ms": 1_000, "unix_us": 1}

// ParseFormat returns the format of a pattern.
//
// The empty pattern is ISO 8601: YYYY-MM-DD, alone or followed by T or one
// blank and hh:mm[:ss[.fraction]], and that by nothing, Z, ±hh, ±hh:mm, ±hhmm
// or " UTC".
//
// "unix" (or "%s"), "unix_ms" and "unix_us" are whole seconds, milliseconds
// and microseconds since 1970-01-01 00:00 UTC.
//
// Any other pattern is literal text with these directives:
//
//	%Y %y     year: four digits; two digits, 69 to 99 in the 20th century and 00 to 68 in the 21st
//	%m %b %B  month: number; English name of three letters; English name (in any case)
//	%d %e     day of the month: number; number that a blank may pad
//	%j        day of the year, 001 to 366
//	%H %I %p  hour: 00 to 23; 01 to 12, with %p, which is AM or PM (in any case)
//	%M %S %f  minute; second, 00 to 59; fraction of a second in any number of digits
//	%z %Z     offset from UTC: Z, ±hh, ±hhmm or ±hh:mm; UTC, GMT or Z
//	%%        a percent sign
//
// The leading zero of a number of two or three digits may be missing where
// neither neighbour is a digit: %m/%d/%Y reads 1/31/2024, %Y%m%d does not read
// 2024131.
//
// A pattern is an error, whose text names the directive, if it has an unknown
// directive, gives a field twice, has no full date, or has a part of the time
// without the one above it.
func ParseFormat(pattern string) (Format, error) {
	if pattern == "" {
		return Format{}, nil
	}
	if unit, ok := units[pattern]; ok {
		return Format{unit: unit}, nil
	}
	steps, err := split(pattern)
	if err == nil {
		err = checkFields(steps)
	}
	if err == nil {
		err = checkEnds(steps)
	}
	if err != nil {
		return Format{}, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	return Format{steps: steps, fixed: setWidths(steps)}, nil
}

// split cuts a pattern into its steps; literal text between two directives is
// one step.
func split(pattern string) ([]step, error) {
	var steps []step
	for len(pattern) > 0 {
		literal, rest, found := strings.Cut(pattern, "%")
		if found && strings.HasPrefix(rest, "%") {
			literal += "%"
			rest, found = rest[1:], false
		}
		if literal != "" {
			steps = appendLiteral(steps, literal)
		}
		if !found {
			pattern = rest
			continue
		}
		if rest == "" {
			return nil, errors.New("a directive is missing after the last %; write %% for a percent sign")
		}
		if err := known(rest[0]); err != nil {
			return nil, err
		}
		steps = append(steps, step{directive: rest[0]})
		pattern = rest[1:]
	}
	return steps, nil
}

func appendLiteral(steps []step, literal string) []step {
	if n := len(steps); n > 0 && steps[n-1].directive == 0 {
		steps[n-1].literal += literal
		return steps
	}
	return append(steps, step{literal: literal})
}

func known(directive byte) error {
	if directive == 's' {
		return errors.New("%s must be the whole pattern")
	}
	if _, ok := directives[directive]; !ok {
		return fmt.Errorf("unknown directive %q", "%"+string(rune(directive)))
	}
	return nil
}

// checkFields refuses patterns that say too little or too much of a moment.
func checkFields(steps []step) error {
	var filled field
	for _, s := range steps {
		if s.directive == 0 {
			continue
		}
		fills := directives[s.directive].fills
		if filled&fills != 0 {
			return fmt.Errorf("%%%c gives the same part a second time", s.directive)
		}
		filled |= fills
	}
	return checkWhole(filled)
}

func checkWhole(filled field) error {
	has := func(f field) bool { return filled&f != 0 }
	clock := has(fieldHour) || has(fieldHour12)
	switch {
	case !has(fieldYear):
		return errors.New("no full date: the year, %Y or %y, is missing")
	case has(fieldDayOfYear) && (has(fieldMonth) || has(fieldDayOfMonth)):
		return errors.New("%j with a month or a day of the month says the day twice")
	case !has(fieldDayOfYear) && !has(fieldMonth):
		return errors.New("no full date: the month, %m, %b or %B, is missing")
	case !has(fieldDayOfYear) && !has(fieldDayOfMonth):
		return errors.New("no full date: the day, %d or %e, is missing")
	case has(fieldHour) && has(fieldHour12):
		return errors.New("%H and %I both give the hour")
	case has(fieldHour12) && !has(fieldHalf):
		return errors.New("%I without %p does not tell morning from afternoon")
	case has(fieldHalf) && !has(fieldHour12):
		return errors.New("%p without %I")
	case has(fieldMinute) && !clock:
		return errors.New("%M without an hour, %H or %I; the month is %m")
	case has(fieldSecond) && !has(fieldMinute):
		return errors.New("%S without %M")
	case has(fieldFraction) && !has(fieldSecond):
		return errors.New("%f without %S")
	case has(fieldOffset) && !clock:
		return errors.New("%z or %Z without a time of day: a date never shifts")
	}
	return nil
}

// checkEnds refuses directives of open length before a digit: they would
// swallow it.
func checkEnds(steps []step) error {
	for i, s := range steps {
		open := s.directive == 'f' || s.directive == 'z'
		if open && i+1 < len(steps) && beginsWithDigit(steps[i+1]) {
			return fmt.Errorf("%%%c has no end where a digit follows it", s.directive)
		}
	}
	return nil
}

// setWidths fixes how many digits the numbers have and returns the length of
// every text in the format, 0 if they differ or begin with a year of four
// digits.
func setWidths(steps []step) int {
	total, fixed := 0, steps[0].directive != 'Y'
	for i := range steps {
		s := &steps[i]
		if s.directive == 0 {
			total += len(s.literal)
			continue
		}
		s.most = directives[s.directive].digits
		s.least = s.most
		alone := (i == 0 || !endsWithDigit(steps[i-1])) && (i+1 == len(steps) || !beginsWithDigit(steps[i+1]))
		if alone && directives[s.directive].fills != fieldYear {
			s.least = min(s.most, 1)
		}
		total += s.most
		fixed = fixed && s.most > 0 && s.least == s.most
	}
	if !fixed {
		return 0
	}
	return total
}

func beginsWithDigit(s step) bool {
	if s.directive == 0 {
		return isDigit(s.literal[0])
	}
	return numeric(s.directive)
}

func endsWithDigit(s step) bool {
	if s.directive == 0 {
		return isDigit(s.literal[len(s.literal)-1])
	}
	return numeric(s.directive)
}

// numeric reports whether the text of a directive may begin or end with a
// digit. An offset begins with a sign and is kept from following digits by
// checkEnds.
func numeric(directive byte) bool {
	return directives[directive].digits > 0 || directive == 'f'
}

func isDigit(c byte) bool { return c-'0' <= 9 }
