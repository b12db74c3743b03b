package jobs

import (
	"fmt"
	"strings"

	"github.com/perennial-clv/perennial/pipeline/table"
)

// textWidth is how wide explanations are printed, in characters.
const textWidth = 100

// Text returns a topic's explanation for people, and of the whole dictionary
// what can be asked for.
func (d *Dictionary) Text() string {
	var b strings.Builder
	if d.isWhole {
		d.writeTopics(&b)
		return b.String()
	}
	for i := range d.Tables {
		d.Tables[i].writeText(&b)
	}
	for i := range d.Keys {
		d.Keys[i].writeText(&b)
	}
	for _, t := range d.Terms {
		for _, term := range t.Listed {
			writeEntry(&b, term.Name, t.Kind+prefixed(", in ", t.Where), term.Doc)
		}
		if t.Symbols != "" {
			writeEntry(&b, "symbols", "of "+t.Topic(), t.Symbols)
		}
	}
	return b.String()
}

// writeTopics writes the list of topics, on about a screen.
func (d *Dictionary) writeTopics(b *strings.Builder) {
	b.WriteString("perennial explain TOPIC, where TOPIC is one of\n\ntables; also TABLE.COLUMN, or a COLUMN of any table\n")
	for _, t := range d.Tables {
		fmt.Fprintf(b, "  %-18s %s\n", t.Name, firstClause(t.Doc))
	}
	b.WriteString("\nkeys of the job file; also what stands below, as source.columns.amount\n")
	var keys []string
	for i := range d.Keys {
		if !strings.Contains(d.Keys[i].Path, ".") {
			keys = append(keys, d.Keys[i].Path)
		}
	}
	writeWrapped(b, "  ", strings.Join(keys, " "))
	for i := range d.Terms {
		t := &d.Terms[i]
		var words []string
		for _, term := range t.Listed {
			words = append(words, term.Name)
		}
		fmt.Fprintf(b, "\n%s%s\n", t.Topic(), prefixed(", in ", t.Where))
		writeWrapped(b, "  ", strings.Join(words, " "))
	}
}

// firstClause returns what a table has a row for.
func firstClause(doc string) string {
	for _, end := range []string{". ", ", ordered"} {
		doc, _, _ = strings.Cut(doc, end)
	}
	return strings.TrimSuffix(doc, ".")
}

func (t *TableEntry) writeText(b *strings.Builder) {
	prefix := t.Name + "."
	if t.Doc != "" {
		prefix = ""
		writeEntry(b, t.Name, "table, one row per "+strings.Join(t.Key, ", "), t.Doc)
	}
	for _, c := range t.Columns {
		about := strings.TrimSpace(c.Type + " " + c.Unit)
		if c.IsKey {
			about += ", key"
		}
		if c.Unit != "" {
			about += ", sums: " + c.Additivity
		}
		writeEntry(b, prefix+c.Name, about, c.description())
	}
}

// description returns the meaning together with that of NULL.
func (c *ColumnEntry) description() string {
	return table.Column{Doc: c.Doc, Null: c.Null}.Description()
}

func (k *Key) writeText(b *strings.Builder) {
	about := k.Value
	switch without := k.Without(); {
	case k.Default != "":
		about += "; default " + without
	case k.IsRequired || k.isAlternative:
		about += "; " + without
	default:
		about += "; without it: " + without
	}
	writeEntry(b, k.Path, about, k.Doc+".")
}

// writeEntry writes a name, what kind of thing it is, and its meaning below.
func writeEntry(b *strings.Builder, name, about, doc string) {
	writeWrapped(b, name+"  ", about)
	writeWrapped(b, continued, doc)
}

// continued is what lines after the first begin with.
const continued = "    "

// writeWrapped writes text in lines, of which the first begins with first.
func writeWrapped(b *strings.Builder, first, text string) {
	for _, line := range wrapped(first, continued, text, textWidth) {
		b.WriteString(line + "\n")
	}
}
