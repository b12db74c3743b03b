package jobs_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/jobs"
)

// TestTemplateIsValid: as it is, and with every key set that it shows.
func TestTemplateIsValid(t *testing.T) {
	load(t, jobs.Template, nil)

	hidden := regexp.MustCompile(`(?m)^( *)#( *[a-z-])`)
	whole := hidden.ReplaceAllString(jobs.Template, "$1$2")
	instead := regexp.MustCompile(`(?m)^ +(quantity|unit_price):.*\n`) // of amount, so not both
	load(t, instead.ReplaceAllString(whole, ""), nil)
}

// TestTemplateShowsEveryPart: each top-level key of a job file stands in it.
func TestTemplateShowsEveryPart(t *testing.T) {
	file := reflect.TypeFor[jobs.File]()
	for i := range file.NumField() {
		key := file.Field(i).Tag.Get("yaml")
		if !strings.Contains(jobs.Template, "\n"+key+":") && !strings.Contains(jobs.Template, "\n#"+key+":") {
			t.Errorf("the template lacks %s", key)
		}
	}
}
