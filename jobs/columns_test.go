package jobs_test

import (
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/pipeline/table"
)

// Every column says what it means, a number its unit, and what may be NULL
// when it is: a reader of table_columns finds no gap.
func TestEveryColumnIsExplained(t *testing.T) {
	for _, s := range jobs.Catalogue(false, []string{"country"}) {
		if !strings.HasSuffix(s.Doc, ".") || len(s.Key) == 0 {
			t.Errorf("%s: doc %q, key %v", s.Name, s.Doc, s.Key)
		}
		for _, c := range s.Columns {
			isNumber := c.Kind == table.Integer || c.Kind == table.Money || c.Kind == table.Number
			switch {
			case !strings.HasSuffix(c.Doc, ".") || strings.Contains(c.Doc, "NULL"):
				t.Errorf("%s.%s: doc %q", s.Name, c.Name, c.Doc)
			case c.Nullable != (c.Null != "") || strings.HasSuffix(c.Null, "."):
				t.Errorf("%s.%s: nullable %v, NULL %q", s.Name, c.Name, c.Nullable, c.Null)
			case isNumber != (c.Unit != ""):
				t.Errorf("%s.%s: unit %q of a %s", s.Name, c.Name, c.Unit, c.Kind)
			case !isNumber && c.Additivity != table.Never:
				t.Errorf("%s.%s: a %s is %s", s.Name, c.Name, c.Kind, c.Additivity)
			}
		}
		for _, key := range s.Key {
			if !containsColumn(s, key) {
				t.Errorf("%s: no column %s of its key", s.Name, key)
			}
		}
	}
}

func containsColumn(s table.Schema, name string) bool {
	for _, c := range s.Columns {
		if c.Name == name {
			return true
		}
	}
	return false
}
