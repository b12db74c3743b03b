package sources

import (
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/perennial-clv/perennial/pipeline"
)

// dialect is how a database writes what every source of SQL needs.
type dialect struct {
	quote      byte   // around names
	escape     string // of that quote within a name
	instant    string // the type of an instant, before its literal
	civil      string // the type of a civil time
	hasHash    bool   // # begins a comment
	hasSlash   bool   // a backslash escapes in texts and quoted names
	isPostgres bool   // $tag$ … $tag$ and E'…' with backslashes are texts, and comments nest
}

var (
	bigQueryDialect = dialect{quote: '`', escape: "\\`", instant: "TIMESTAMP", civil: "DATETIME", hasHash: true, hasSlash: true}
	postgresDialect = dialect{quote: '"', escape: `""`, instant: "TIMESTAMPTZ", civil: "TIMESTAMP", isPostgres: true}
	duckDBDialect   = dialect{quote: '"', escape: `""`, instant: "TIMESTAMPTZ", civil: "TIMESTAMP", isPostgres: true}
)

// name quotes the name of a column or table.
func (d dialect) name(name string) string {
	if d.hasSlash {
		name = strings.ReplaceAll(name, `\`, `\\`)
	}
	return string(d.quote) + strings.ReplaceAll(name, string(d.quote), d.escape) + string(d.quote)
}

// until returns the condition of the rows that are wanted of columns: half-open,
// on the column as it is, so that partitions and indexes are of use, and with
// the rows whose time is null, which count as unreadable. It is "" where nothing
// bounds them.
func (d dialect) until(u *pipeline.Until, columns *arrow.Schema) string {
	if u == nil {
		return ""
	}
	field, ok := columns.FieldsByName(u.Column)
	if !ok {
		return ""
	}
	bound := d.bound(u, field[0].Type)
	if bound == "" {
		return ""
	}
	column := d.name(u.Column)
	return "(" + column + " < " + bound + " OR " + column + " IS NULL)"
}

// bound returns the literal that a column of type t is compared with, "" if it
// bounds nothing.
func (d dialect) bound(u *pipeline.Until, t arrow.DataType) string {
	const seconds = "2006-01-02 15:04:05.999999"
	switch t := t.(type) {
	case *arrow.Date32Type:
		return "DATE '" + u.Day.Format(time.DateOnly) + "'"
	case *arrow.TimestampType:
		if t.TimeZone == "" {
			return d.civil + " '" + u.Civil.Format(seconds) + "'"
		}
		return d.instant + " '" + u.Instant.UTC().Format(seconds) + "+00'"
	default:
		return ""
	}
}

// asOfParameter stands in a query for the as-of day.
const asOfParameter = "@as_of"

// replaceAsOf returns a query with its parameter @as_of replaced, outside of
// texts, quoted names and comments, and whether there was one.
func (d dialect) replaceAsOf(query, with string) (string, bool) {
	var b strings.Builder
	found := false
	for i := 0; i < len(query); {
		if n := d.opaque(query, i); n > 0 {
			b.WriteString(query[i : i+n])
			i += n
			continue
		}
		if n := len(asOfParameter); strings.HasPrefix(query[i:], asOfParameter) && !isWordAt(query, i+n) && !isSignAt(query, i-1) {
			b.WriteString(with)
			i, found = i+n, true
			continue
		}
		b.WriteByte(query[i])
		i++
	}
	return b.String(), found
}

// isWordAt reports whether a name goes on at i.
func isWordAt(s string, i int) bool {
	if i < 0 || i >= len(s) {
		return false
	}
	c := s[i]
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// isSignAt reports whether an @ after i is part of an operator or a name, as in
// @@as_of.
func isSignAt(s string, i int) bool { return i >= 0 && (s[i] == '@' || isWordAt(s, i)) }

// opaque returns the length of the text, quoted name or comment that begins at
// from, to the end of the query if it is never closed; 0 if none begins there.
func (d dialect) opaque(query string, from int) int {
	s := query[from:]
	switch {
	case strings.HasPrefix(s, "--"), d.hasHash && s[0] == '#':
		return through(s, 1, "\n")
	case strings.HasPrefix(s, "/*"):
		return d.comment(s)
	case d.hasSlash && (strings.HasPrefix(s, `"""`) || strings.HasPrefix(s, "'''")):
		return quoted(s, s[:3], true)
	case s[0] == '\'' || s[0] == '"' || s[0] == '`':
		return quoted(s, s[:1], d.hasSlash)
	case d.isPostgres && (strings.HasPrefix(s, "E'") || strings.HasPrefix(s, "e'")) && !isWordAt(query, from-1):
		return 1 + quoted(s[1:], "'", true)
	case d.isPostgres && s[0] == '$':
		if tag := dollarTag(s); tag != "" {
			return through(s, len(tag), tag)
		}
	}
	return 0
}

// comment returns the length of the comment that s begins with.
func (d dialect) comment(s string) int {
	if !d.isPostgres {
		return through(s, 2, "*/")
	}
	depth := 0
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], "/*"):
			depth++
			i++
		case strings.HasPrefix(s[i:], "*/"):
			i++
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

// through returns the length of s up to and with end, which is looked for from
// a place on; all of s if it is not there.
func through(s string, from int, end string) int {
	if i := strings.Index(s[from:], end); i >= 0 {
		return from + i + len(end)
	}
	return len(s)
}

// quoted returns the length of what stands in quotes. A doubled quote does not
// end it, nor one behind a backslash where that escapes.
func quoted(s, quote string, hasSlash bool) int {
	for i := len(quote); i < len(s); i++ {
		switch {
		case hasSlash && s[i] == '\\':
			i++
		case len(quote) == 1 && strings.HasPrefix(s[i:], quote+quote):
			i++
		case strings.HasPrefix(s[i:], quote):
			return i + len(quote)
		}
	}
	return len(s)
}

// dollarTag returns $tag$ if s begins with it.
func dollarTag(s string) string {
	end := 1
	for isWordAt(s, end) {
		end++
	}
	if end < len(s) && s[end] == '$' && (end == 1 || s[1] < '0' || s[1] > '9') {
		return s[:end+1]
	}
	return ""
}
