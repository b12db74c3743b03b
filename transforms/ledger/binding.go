package ledger

import (
	"fmt"
	"slices"

	"github.com/perennial-clv/perennial/transforms/calendar"
)

// Binding is a Mapping that fits a source: every column is there and has a
// type that can play its part. It is read-only and shared by all intakes.
type Binding struct {
	Columns []string // what to read, in this order

	mapping    Mapping
	settings   Settings
	format     calendar.Format
	noDate     string         // what is said of a text that the format does not fit
	position   map[string]int // of a column in Columns
	hasOrder   bool
	intKeys    bool
	civilTimes bool // occurred_at may hold times without a zone
}

// Problem says why a Mapping does not fit a source.
type Problem struct {
	Column  string // the source column concerned
	Message string
	Hint    string
}

// SourceColumn is what Bind needs to know of a source's column.
type SourceColumn struct {
	Name string
	Type ColumnType
}

// ColumnType is what kind of values a source column holds.
type ColumnType struct {
	IsText, IsInteger, IsFloat, IsDecimal, IsDay, IsTime, IsZoned bool
	Name                                                          string // as a person would call it
}

// Bind checks a mapping against the columns of a source. It returns every
// problem at once, and a Binding if there are none.
func Bind(m Mapping, s Settings, columns []SourceColumn) (*Binding, []Problem) {
	b := &Binding{mapping: m, settings: s, position: map[string]int{}}
	types := map[string]ColumnType{}
	var names []string
	for _, c := range columns {
		types[c.Name] = c.Type
		names = append(names, c.Name)
	}
	b.Columns = m.Columns(s.Rules)
	problems := missing(b.Columns, names)
	if s.DropDuplicates {
		b.Columns = names
	}
	for i, name := range b.Columns {
		b.position[name] = i
	}
	problems = append(problems, b.checkTypes(types)...)
	if len(problems) > 0 {
		return nil, problems
	}
	b.hasOrder = m.OrderID != ""
	b.intKeys = types[m.CustomerID].IsInteger
	occurred := types[m.OccurredAt.Column]
	b.civilTimes = !occurred.IsDay && !occurred.IsZoned
	return b, nil
}

// HasIntegerKeys reports whether customers are 64-bit integers, else text.
func (b *Binding) HasIntegerKeys() bool { return b.intKeys }

// HasOrders reports whether rows name their order.
func (b *Binding) HasOrders() bool { return b.hasOrder }

// NaiveZone returns the zone in which times without one are read, empty where
// the source's times are instants or dates.
func (b *Binding) NaiveZone() string {
	switch {
	case !b.civilTimes:
		return ""
	case b.mapping.OccurredAt.Zone != nil:
		return b.mapping.OccurredAt.Zone.String()
	default:
		return b.settings.Zone.String()
	}
}

// Until returns the column of occurred_at and, in microseconds since 1970-01-01
// 00:00, bounds at or after which every row happened after the as-of day: of
// instants, and of civil times as if they were in UTC; and the first day that is
// over. Civil times of another zone than the job's are bounded two days later,
// more than zones differ by, as a row too many does no harm.
func (b *Binding) Until() (column string, instant, civil int64, day calendar.Day) {
	s := b.settings
	civilDay := s.AsOf + 1
	if b.NaiveZone() != "" && b.NaiveZone() != s.Zone.String() {
		civilDay += 2
	}
	return b.mapping.OccurredAt.Column, s.Zone.End(s.AsOf), int64(civilDay) * calendar.MicrosPerDay, s.AsOf + 1
}

// Attributes returns the names of the attributes, in order.
func (b *Binding) Attributes() []string {
	names := make([]string, len(b.mapping.Attributes))
	for i, a := range b.mapping.Attributes {
		names[i] = a.Name
	}
	return names
}

func missing(wanted, have []string) []Problem {
	var problems []Problem
	for _, name := range wanted {
		if !slices.Contains(have, name) {
			problems = append(problems, Problem{Column: name, Message: fmt.Sprintf("the source has no column %q", name)})
		}
	}
	return problems
}

func (b *Binding) checkTypes(types map[string]ColumnType) []Problem {
	var problems []Problem
	complain := func(column, message, hint string) {
		problems = append(problems, Problem{Column: column, Message: fmt.Sprintf("column %q is %s: %s", column, types[column].Name, message), Hint: hint})
	}
	m := b.mapping
	if t, ok := types[m.CustomerID]; ok && !t.IsText && !t.IsInteger {
		complain(m.CustomerID, "customer_id must be text or an integer", "cast it in the source, without going through floating point")
	}
	b.checkTime(types, complain)
	for _, r := range b.settings.Rules {
		if t := types[r.Column]; r.comparesText() && (t.IsInteger || t.IsFloat || t.IsDecimal) {
			complain(r.Column, fmt.Sprintf("the rule %q compares it with text", r.Name), "write the number without quotes")
		}
	}
	for _, a := range []AmountColumns{m.Amount, m.Cost} {
		for _, name := range a.columns() {
			t, ok := types[name]
			isFactor := name == a.Quantity || name == a.UnitPrice
			switch {
			case !ok:
			case !t.IsText && !t.IsInteger && !t.IsFloat && !t.IsDecimal:
				complain(name, "an amount must be a number or text", "map another column")
			case t.IsFloat && !a.IsStated && !isFactor:
				complain(name, "its exact decimals are not known", fmt.Sprintf("state them: {column: %s, scale: 2}", name))
			}
		}
	}
	return problems
}

func (b *Binding) checkTime(types map[string]ColumnType, complain func(column, message, hint string)) {
	at := b.mapping.OccurredAt
	t, ok := types[at.Column]
	if !ok {
		return
	}
	format, err := calendar.ParseFormat(at.Format)
	switch {
	case err != nil:
		complain(at.Column, err.Error(), `write the format with %Y, %m, %d, …`)
	case t.IsText:
	case t.IsInteger && at.Format == "":
		complain(at.Column, "an integer needs a format", `add format: "%Y%m%d", unix, unix_ms or unix_us`)
	case t.IsInteger:
	case !t.IsDay && !t.IsTime:
		complain(at.Column, "occurred_at must be a time, a date, text or an integer with a format", "map another column")
	case at.Format != "":
		complain(at.Column, "a format applies to text and integers only", "remove the format")
	}
	b.format, b.noDate = format, "not a date in ISO 8601, as 2024-12-31"
	if at.Format != "" {
		b.noDate = "not a date in the format " + at.Format
	}
}
