package jobs

import (
	"cmp"
	"math"
	"strconv"
	"strings"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"github.com/perennial-clv/perennial/transforms/money"
)

// mostly is the share of a column's values from which on it is taken for what
// they look like: exports have a few bad rows.
const mostly = 0.95

// numberLook is what a column's values are like as numbers.
type numberLook struct {
	comma     bool  // text has a decimal comma
	values    int64 // that are not blank
	numbers   int64 // of these, numbers as a run would read them
	fractions int64 // of these, written with decimals
	negatives int64
	adorned   int64 // no numbers as they stand, but they would be without currency signs and the like
	decimals  [5]int64
}

// add looks at a value that is not blank and returns its sign; what is no
// number has that of 1.
func (l *numberLook) add(written string, kind ledger.ColumnType) int {
	l.values++
	text, mark := written, "."
	if l.comma && kind.IsText {
		text, mark = money.Pointed(written), ","
	}
	d, ok := decimalOf(text, kind)
	if !ok {
		if kind.IsText && isAdorned(written) {
			l.adorned++
		}
		return 1
	}
	if isFraction(written, mark) {
		l.fractions++
	}
	l.numbers++
	sign := cmp.Compare(d.Coefficient, 0)
	if sign < 0 {
		l.negatives++
	}
	for d.Scale > 0 && d.Coefficient%10 == 0 {
		d.Coefficient /= 10
		d.Scale--
	}
	l.decimals[min(int(d.Scale), len(l.decimals)-1)]++
	return sign
}

// isFraction reports whether a number has decimals after a mark. Three digits
// after a comma may as well be thousands.
func isFraction(text, mark string) bool {
	const thousands = 3
	_, decimals, ok := strings.Cut(text, mark)
	return ok && (mark == "." || len(decimals) != thousands)
}

func decimalOf(text string, kind ledger.ColumnType) (money.Decimal, bool) {
	if !kind.IsFloat {
		d, fault := money.ParseDecimal(text)
		return d, fault == money.NoFault
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) {
		return money.Decimal{}, false
	}
	const most = 4
	amount, fault := money.FromFloat(v, most)
	return money.Decimal{Coefficient: amount, Scale: most}, fault == money.NoFault
}

// isAdorned reports whether a text is a number once signs of currencies, blanks,
// separators and parentheses are taken away.
func isAdorned(text string) bool {
	bare := strings.NewReplacer("€", "", "$", "", "£", "", " ", "", "\u00a0", "", ",", "", "'", "", "EUR", "", "USD", "", "GBP", "", "(", "", ")", "").Replace(text)
	_, fault := money.ParseDecimal(bare)
	return fault == money.NoFault
}

func (l *numberLook) isNumeric() bool {
	return l.values > 0 && float64(l.numbers) >= mostly*float64(l.values)
}

// isAdorned reports whether a column would be of numbers without what adorns
// some of them.
func (l *numberLook) isAdorned() bool {
	return l.adorned > 0 && float64(l.numbers+l.adorned) >= mostly*float64(l.values)
}

// isWhole reports whether no number is written with decimals.
func (l *numberLook) isWhole() bool { return l.fractions == 0 }

// scale is the number of decimals that nearly all values have at most.
func (l *numberLook) scale() int {
	for n := len(l.decimals) - 1; n > 0; n-- {
		if l.decimals[n]*1000 > l.numbers {
			return n
		}
	}
	return 0
}

// tried is a format and what it made of a column.
type tried struct {
	pattern string
	format  calendar.Format
	read    int64 // values that it reads
	days    int64 // of these, dates without a time
	civil   int64 // of these, times without a zone
	first   calendar.Day
	last    calendar.Day // of those up to today
	late    int64        // of these, after today
}

// timeLook is what a column's values are like as moments.
type timeLook struct {
	values int64
	tried  []tried
	today  calendar.Day
}

func newTimeLook(patterns []string) timeLook {
	l := timeLook{today: math.MaxInt32, tried: make([]tried, len(patterns))}
	for i, pattern := range patterns {
		format, err := calendar.ParseFormat(pattern)
		if err != nil {
			panic("jobs: " + err.Error())
		}
		l.tried[i] = tried{pattern: pattern, format: format}
	}
	return l
}

// formatsTried is how many values a format may fail at before it is given up.
const formatsTried = 50

// add looks at a value that is not blank.
func (l *timeLook) add(text string) {
	l.values++
	kept := l.tried[:0]
	for _, t := range l.tried {
		if m, ok := t.format.Parse(text); ok {
			t.note(m, l.today)
		}
		if t.read > 0 || l.values < formatsTried {
			kept = append(kept, t)
		}
	}
	l.tried = kept
}

func (t *tried) note(m calendar.Moment, today calendar.Day) {
	day := calendar.DayOf(m.Micros)
	if t.read == 0 || day < t.first {
		t.first = day
	}
	t.read++
	switch m.Kind {
	case calendar.CivilDay:
		t.days++
	case calendar.CivilTime:
		t.civil++
	}
	switch {
	case day > today:
		t.late++
	case t.read-t.late == 1 || day > t.last:
		t.last = day
	}
}

// best returns the format that reads most values, the first of equals, and
// nil where none reads nearly all. Seconds since 1970 are believed only where
// they fall into the years that shops have records of.
func (l *timeLook) best() *tried {
	var best *tried
	for i := range l.tried {
		t := &l.tried[i]
		isUnix := strings.HasPrefix(t.pattern, "unix")
		if isUnix && (t.first < calendar.Date(1995, 1, 1) || t.last > calendar.Date(2100, 1, 1)) {
			continue
		}
		if best == nil || t.read > best.read {
			best = t
		}
	}
	if best == nil || float64(best.read) < mostly*float64(l.values) {
		return nil
	}
	return best
}

// with returns what was tried with a pattern, or nil.
func (l *timeLook) with(pattern string) *tried {
	for i := range l.tried {
		if l.tried[i].pattern == pattern {
			return &l.tried[i]
		}
	}
	return nil
}

// swapped is a pattern with day and month exchanged.
func swapped(pattern string) string {
	return strings.NewReplacer("%d", "%m", "%m", "%d").Replace(pattern)
}

// The dates and times of day that exports write, in the order in which they
// are preferred where several read the same values.
var (
	datePatterns = []string{
		"%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d",
		"%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%Y-%m-%d",
	}
	timePatterns = []string{
		"", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S", "T%H:%M:%S", " %H:%M:%S %z", " %H:%M:%S.%f",
	}
)

// allFormats returns the patterns that a column of a type may be written in;
// the empty one is ISO 8601.
func allFormats(kind ledger.ColumnType) []string {
	switch {
	case kind.IsDay, kind.IsTime:
		return []string{""}
	case kind.IsInteger:
		return []string{"%Y%m%d", "unix", "unix_ms", "unix_us"}
	case !kind.IsText:
		return nil
	}
	patterns := []string{""}
	for _, date := range datePatterns {
		for _, time := range timePatterns {
			patterns = append(patterns, date+time)
		}
	}
	return append(patterns, "%Y%m%d%H%M%S", "unix", "unix_ms", "unix_us")
}
