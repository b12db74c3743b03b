package jobs

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// writer writes a proposed job file.
type writer struct {
	*parts
	*facts
	options   ProposeOptions
	text      strings.Builder
	found     []string
	questions []string
}

func newWriter(o ProposeOptions, p *parts, f *facts) *writer {
	w := &writer{parts: p, facts: f, options: o}
	if o.Names != "" {
		w.callColumns()
	}
	return w
}

// callColumns names the columns of a source that has no names after the parts
// they play.
func (w *writer) callColumns() {
	for role, c := range map[string]*sample{
		"customer_id": w.customer.column, "occurred_at": w.time.column, "order_id": w.order.column, "amount": w.amount.column,
	} {
		if c != nil {
			c.called = role
		}
	}
}

// lineWidth is how long a line with a comment may be.
const lineWidth = 120

func (w *writer) line(format string, args ...any) { fmt.Fprintf(&w.text, format+"\n", args...) }

// comment writes lines of comment.
func (w *writer) comment(indent, text string) {
	for _, line := range wrapped(indent+"# ", indent+"# ", text, lineWidth) {
		w.line("%s", line)
	}
}

// key writes a key with its comment beside it, or above it where that is too
// long.
func (w *writer) key(indent, text, comment string) {
	const column = 34 // where comments begin, if the key leaves room
	comment = inOneLine(comment)
	switch whole := fmt.Sprintf("%-*s  # %s", column-2, indent+text, comment); {
	case comment == "":
		w.line("%s", indent+text)
	case utf8.RuneCountInString(whole) <= lineWidth:
		w.line("%s", whole)
	default:
		w.comment(indent, comment)
		w.line("%s", indent+text)
	}
}

// suggest writes a line that is only to be uncommented. Unlike prose it has no
// blank after the #.
func (w *writer) suggest(format string, args ...any) {
	w.line("  #%s", fmt.Sprintf(format, args...))
}

// inOneLine takes line ends out of a text, which names of columns may hold.
func inOneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// ask writes a key with a question, which is also printed.
func (w *writer) ask(indent, text, about, question string) {
	w.questions = append(w.questions, inOneLine(about+": "+question))
	w.key(indent, text, "QUESTION: "+question)
}

// wonder writes a question that belongs to no key.
func (w *writer) wonder(indent, about, question string) {
	w.questions = append(w.questions, inOneLine(about+": "+question))
	w.comment(indent, "QUESTION: "+question)
}

func (w *writer) say(what, format string, args ...any) {
	w.found = append(w.found, fmt.Sprintf("%-10s %s", what, inOneLine(fmt.Sprintf(format, args...))))
}

// plain are texts that YAML takes for nothing but text, also inside [ ] and { }.
var plain = regexp.MustCompile(`^[\pL_][\pL\pN_./*()-]*( [\pL\pN_./*()-]+)*$`)

// scalar writes a text as YAML.
func scalar(text string) string {
	switch strings.ToLower(text) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null", "none":
		return strconv.Quote(text)
	}
	if plain.MatchString(text) {
		return text
	}
	return strconv.Quote(text)
}
