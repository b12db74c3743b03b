package jobs

import (
	"strings"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/ledger"
)

// timePart is a column's name, or {column, format, timezone}.
type timePart struct {
	Column   string `yaml:"column" absent:"the column occurred_at" doc:"the column"`
	Format   string `yaml:"format" absent:"ISO 8601" doc:"empty for ISO 8601 (2024-12-31, 2024-12-31 23:59:59, with an offset or without), unix, unix_ms, unix_us, or a pattern of %Y %y %m %b %B %d %e %j %H %I %p %M %S %f %z %Z %%"`
	Timezone string `yaml:"timezone" absent:"the job's" doc:"zone of times that name none"`
}

// timeFields is the longer form of a timePart.
type timeFields timePart

// Forms returns both forms.
func (timePart) Forms() []any { return []any{"", timeFields{}} }

// UnmarshalYAML takes either form.
func (t *timePart) UnmarshalYAML(decode func(any) error) error {
	if decode(&t.Column) == nil {
		return nil
	}
	return decode((*timeFields)(t))
}

// amountPart is a column's name, or {column, scale, blank}, or
// {plus, minus, scale, blank}.
type amountPart struct {
	Column string   `yaml:"column" absent:"the column amount" doc:"the column"`
	Scale  *int     `yaml:"scale" absent:"as the values are written, up to 4" doc:"number of decimals, 0 to 4. A floating-point column needs it, since its digits do not say where the amount ends"`
	Plus   []string `yaml:"plus" absent:"none" doc:"instead of column: columns to add. A blank counts as 0 unless all are blank"`
	Minus  []string `yaml:"minus" absent:"none" doc:"with plus: columns to subtract"`
	Blank  string   `yaml:"blank" default:"unreadable" one_of:"unreadable,zero" doc:"what a row without any amount is. zero: for exports that write an order's amount on its first line alone. The row is kept with 0, may be without a currency, and makes no order, purchase or refund, also where zero_amounts is purchase. Attributes come from rows with an amount"`
}

// amountFields is the longer form of an amountPart.
type amountFields amountPart

// Forms returns both forms.
func (amountPart) Forms() []any { return []any{"", amountFields{}} }

// UnmarshalYAML takes any of the forms.
func (a *amountPart) UnmarshalYAML(decode func(any) error) error {
	if decode(&a.Column) == nil {
		return nil
	}
	return decode((*amountFields)(a))
}

func (a *amountPart) isSet() bool { return a.Column != "" || len(a.Plus)+len(a.Minus) > 0 }

// costPart is an amountPart without blank: a row without a cost has the margin.
type costPart struct {
	Column string   `yaml:"column" absent:"the column cost" doc:"the column"`
	Scale  *int     `yaml:"scale" absent:"as the values are written, up to 4" doc:"number of decimals, as of an amount"`
	Plus   []string `yaml:"plus" absent:"none" doc:"instead of column: columns to add. A blank counts as 0 unless all are blank"`
	Minus  []string `yaml:"minus" absent:"none" doc:"with plus: columns to subtract"`
}

// costFields is the longer form of a costPart.
type costFields costPart

// Forms returns both forms.
func (costPart) Forms() []any { return []any{"", costFields{}} }

// UnmarshalYAML takes any of the forms.
func (c *costPart) UnmarshalYAML(decode func(any) error) error {
	if decode(&c.Column) == nil {
		return nil
	}
	return decode((*costFields)(c))
}

func (c *costPart) amount() *amountPart {
	return &amountPart{Column: c.Column, Scale: c.Scale, Plus: c.Plus, Minus: c.Minus}
}

// operand is a text or a number to compare with.
type operand struct{ ledger.Operand }

// Forms returns both forms.
func (operand) Forms() []any { return []any{"", number("")} }

// UnmarshalYAML takes either.
func (o *operand) UnmarshalYAML(decode func(any) error) error {
	var n number
	if decode(&n) == nil {
		value, ok := ledger.NumberOperand(string(n))
		if !ok {
			return pipeline.Errorf(pipeline.ClassUsage, "", "write it in plain decimal notation, at most 18 digits", "the number %s cannot be compared with", n)
		}
		o.Operand = value
		return nil
	}
	var text string
	err := decode(&text)
	o.Operand = ledger.TextOperand(text)
	return err
}

// rulePart is an exclusion rule: a name, a column and one condition.
type rulePart struct {
	Name        string    `yaml:"name" default:"required" doc:"the reason in run_exclusions, after rule:"`
	Column      string    `yaml:"column" default:"required" doc:"the column of the source to look at"`
	Equals      *operand  `yaml:"equals" default:"one of these" doc:"the value is this: a number compares as numbers, a quoted text as text, with the value as the source wrote it"`
	In          []operand `yaml:"in" default:"one of these" doc:"the value is one of these"`
	StartsWith  string    `yaml:"starts_with" default:"one of these" doc:"the text begins so"`
	IsNull      *bool     `yaml:"is_null" default:"one of these" doc:"true: there is no value. false: there is one"`
	LessThan    *operand  `yaml:"less_than" default:"one of these" doc:"the value is less"`
	GreaterThan *operand  `yaml:"greater_than" default:"one of these" doc:"the value is greater"`
}

func (r *rulePart) conditions() int {
	n := 0
	for _, set := range []bool{r.Equals != nil, len(r.In) > 0, r.StartsWith != "", r.IsNull != nil, r.LessThan != nil, r.GreaterThan != nil} {
		if set {
			n++
		}
	}
	return n
}

func (r *rulePart) rule() ledger.Rule {
	rule := ledger.Rule{Name: r.Name, Column: r.Column, StartsWith: r.StartsWith, IsNull: r.IsNull}
	rule.Equals, rule.LessThan, rule.GreaterThan = r.Equals.ledger(), r.LessThan.ledger(), r.GreaterThan.ledger()
	for _, o := range r.In {
		rule.In = append(rule.In, o.Operand)
	}
	return rule
}

func (o *operand) ledger() *ledger.Operand {
	if o == nil {
		return nil
	}
	return &o.Operand
}

// planPart is a month of the acquisition plan.
type planPart struct {
	Month     string `yaml:"month" default:"required" doc:"the month, as 2025-01"`
	Customers *int   `yaml:"customers" default:"required" doc:"customers acquired in it, first purchases; of the month of the as-of day also those who are there already"`
}

// tableList is the word all, or a list of tables.
type tableList []string

// Forms returns both forms.
func (tableList) Forms() []any { return []any{"all", TableNames()} }

// UnmarshalYAML takes either form.
func (t *tableList) UnmarshalYAML(decode func(any) error) error {
	var word string
	if decode(&word) == nil {
		if word != "all" {
			return pipeline.Errorf(pipeline.ClassUsage, "", "the tables are "+strings.Join(TableNames(), ", "), "write all, or a list of tables, not %q", word)
		}
		*t = nil
		return nil
	}
	return decode((*[]string)(t))
}

// candidateList is the word none, or a list of families.
type candidateList struct {
	isNone   bool
	families []string
}

// Forms returns both forms.
func (candidateList) Forms() []any { return []any{"none", []string{}} }

// UnmarshalYAML takes either form.
func (c *candidateList) UnmarshalYAML(decode func(any) error) error {
	var word string
	if decode(&word) == nil {
		if c.isNone = word == "none"; !c.isNone {
			return pipeline.Errorf(pipeline.ClassUsage, "", "for example candidates: [mbg_nbd]", "write none, or a list of models, not %q", word)
		}
		return nil
	}
	return decode(&c.families)
}

// maxOffset is the word none, or a number of periods.
type maxOffset struct{ periods *int }

// Forms returns both forms.
func (maxOffset) Forms() []any { return []any{"none", 0} }

// UnmarshalYAML takes either form.
func (m *maxOffset) UnmarshalYAML(decode func(any) error) error {
	var periods int
	if decode(&periods) == nil {
		if m.periods = &periods; periods < 0 {
			return pipeline.Errorf(pipeline.ClassUsage, "", "write none, or a number of periods from 0", "a number of periods is not negative")
		}
		return nil
	}
	var word string
	err := decode(&word)
	if err == nil && word != "none" {
		return pipeline.Errorf(pipeline.ClassUsage, "", "for example max_offset: 24", "write none, or a number of periods, not %q", word)
	}
	return err
}
