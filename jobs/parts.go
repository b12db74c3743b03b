package jobs

import (
	"errors"
	"fmt"

	"github.com/perennial-clv/perennial/transforms/ledger"
)

// timePart is a column's name, or {column, format, timezone}.
type timePart struct {
	Column   string `yaml:"column"`
	Format   string `yaml:"format"`
	Timezone string `yaml:"timezone"`
}

// UnmarshalYAML takes either form.
func (t *timePart) UnmarshalYAML(decode func(any) error) error {
	if decode(&t.Column) == nil {
		return nil
	}
	type fields timePart
	return decode((*fields)(t))
}

// amountPart is a column's name, or {column, scale, blank}, or
// {plus, minus, scale, blank}.
type amountPart struct {
	Column string   `yaml:"column"`
	Scale  *int     `yaml:"scale"`
	Plus   []string `yaml:"plus"`
	Minus  []string `yaml:"minus"`
	Blank  string   `yaml:"blank"` // unreadable | zero; default unreadable
}

// UnmarshalYAML takes any of the forms.
func (a *amountPart) UnmarshalYAML(decode func(any) error) error {
	if decode(&a.Column) == nil {
		return nil
	}
	type fields amountPart
	return decode((*fields)(a))
}

func (a *amountPart) isSet() bool { return a.Column != "" || len(a.Plus)+len(a.Minus) > 0 }

// operand is a text or a number to compare with.
type operand struct{ ledger.Operand }

// UnmarshalYAML takes either.
func (o *operand) UnmarshalYAML(decode func(any) error) error {
	var n number
	if decode(&n) == nil {
		value, ok := ledger.NumberOperand(string(n))
		if !ok {
			return errors.New("write the number in plain decimal notation, at most 18 digits")
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
	Name        string    `yaml:"name"`
	Column      string    `yaml:"column"`
	Equals      *operand  `yaml:"equals"`
	In          []operand `yaml:"in"`
	StartsWith  string    `yaml:"starts_with"`
	IsNull      *bool     `yaml:"is_null"`
	LessThan    *operand  `yaml:"less_than"`
	GreaterThan *operand  `yaml:"greater_than"`
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

// tableList is the word all, or a list of tables.
type tableList []string

// UnmarshalYAML takes either form.
func (t *tableList) UnmarshalYAML(decode func(any) error) error {
	var word string
	if decode(&word) == nil {
		if word != "all" {
			return fmt.Errorf("write all, or a list of tables, not %q", word)
		}
		*t = nil
		return nil
	}
	return decode((*[]string)(t))
}

// maxOffset is the word none, or a number of periods.
type maxOffset struct{ periods *int }

// UnmarshalYAML takes either form.
func (m *maxOffset) UnmarshalYAML(decode func(any) error) error {
	var periods int
	if decode(&periods) == nil {
		if m.periods = &periods; periods < 0 {
			return errors.New("a number of periods is not negative")
		}
		return nil
	}
	var word string
	err := decode(&word)
	if err == nil && word != "none" {
		return fmt.Errorf("write none, or a number of periods, not %q", word)
	}
	return err
}
