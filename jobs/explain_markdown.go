package jobs

import (
	"fmt"
	"strings"
)

const tablesHead = `# Tables

<!-- Written by perennial explain --output markdown, from the definitions that the code uses;
to write it: go test ./cmd/perennial -run TestTablesAreDocumentedAsDeclared -update -->

Every table has ` + "`as_of_date`" + `, the partition, beside the columns below. Money is DECIMAL(18,4) in the job's currency. Key
columns are **bold**. A column that may be NULL says when it is. Sums say over which rows of one date, dimension_name, grain,
offset_mode and value_basis a column may be added up: additive over any, not_over_time not over periods, offsets and
horizons, never not at all. ` + "`first_country`" + ` stands for every attribute of the job;
` + "`customer_id`" + ` is an integer where the source's is one.

`

// Markdown returns a topic's explanation as Markdown, and of the whole
// dictionary docs/tables.md: the keys of the job file have a document of their
// own, docs/jobfile.md.
func (d *Dictionary) Markdown() string {
	var b strings.Builder
	if d.isWhole {
		b.WriteString(tablesHead)
		for _, t := range d.Tables {
			fmt.Fprintf(&b, "- [%s](#%s)\n", t.Name, t.Name)
		}
		for _, t := range d.Terms {
			fmt.Fprintf(&b, "- [%s](#%s)\n", t.Title, strings.ReplaceAll(strings.ToLower(t.Title), " ", "-"))
		}
	}
	for i := range d.Tables {
		d.Tables[i].writeMarkdown(&b)
	}
	if len(d.Keys) > 0 && !d.isWhole {
		b.WriteString("\n## Keys of the job file\n\n" + KeysMarkdown(d.Keys))
	}
	for _, t := range d.Terms {
		fmt.Fprintf(&b, "\n## %s\n\n%s", t.Title, t.Intro)
		if t.Where != "" {
			fmt.Fprintf(&b, " They stand in `%s`.", t.Where)
		}
		b.WriteString(prefixed(" ", t.Symbols))
		fmt.Fprintf(&b, "\n\n| %s | meaning |\n| --- | --- |\n", t.Kind)
		for _, term := range t.Listed {
			fmt.Fprintf(&b, "| `%s` | %s |\n", term.Name, inMarkdown.Replace(term.Doc))
		}
	}
	return strings.TrimPrefix(b.String(), "\n")
}

func (t *TableEntry) writeMarkdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n## %s\n\n", t.Name)
	if t.Doc != "" {
		fmt.Fprintf(b, "%s\n\n", t.Doc)
	}
	b.WriteString("| column | type | unit | sums | meaning |\n| --- | --- | --- | --- | --- |\n")
	for _, c := range t.Columns {
		name := "`" + c.Name + "`"
		if c.IsKey {
			name = "**" + name + "**"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", name, c.Type, c.Unit, c.Additivity, inMarkdown.Replace(c.description()))
	}
}

// KeysMarkdown returns keys as a table in Markdown, as docs/jobfile.md has it.
func KeysMarkdown(keys []Key) string {
	var b strings.Builder
	b.WriteString("| key | value | default | meaning |\n| --- | --- | --- | --- |\n")
	for i := range keys {
		k := &keys[i]
		without := inMarkdown.Replace(k.Without())
		if k.Default != "" {
			without = "`" + k.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Path, inMarkdown.Replace(k.Value), without, inMarkdown.Replace(k.Doc))
	}
	return b.String()
}

// inMarkdown keeps what would end a table's cell, begin a tag or emphasis as
// text.
var inMarkdown = strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`)
