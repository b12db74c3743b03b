package jobs_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/ledger"
)

// Every topic that is offered is found, and what is found can be printed.
func TestEveryTopicIsFound(t *testing.T) {
	d := jobs.NewDictionary(adapters(), []string{"country"})
	for _, topic := range d.Topics() {
		found, err := d.Find(topic)
		if err != nil || found.Text() == "" || found.Markdown() == "" {
			t.Errorf("%q: %v", topic, err)
		}
	}
}

// A key is found by the path that --set and errors name, and the partition as
// a column of each table.
func TestPathsOfElementsAndPartitionsAreFound(t *testing.T) {
	d := jobs.NewDictionary(adapters(), nil)
	for topic, want := range map[string]string{
		"rules.exclude[0].name": "rules.exclude[].name  text; required",
		"rules.exclude[12]":     "rules.exclude[].name  text; required",
		"customers.as_of_date":  "customers.as_of_date  DATE, key",
	} {
		found, err := d.Find(topic)
		if err != nil || !strings.HasPrefix(found.Text(), want+"\n") {
			t.Errorf("%s: got %v, %v, want %s", topic, found, err, want)
		}
	}
}

// Every term says what it means, in whole sentences.
func TestEveryTermIsExplained(t *testing.T) {
	for _, kind := range jobs.NewDictionary(adapters(), nil).Terms {
		for _, term := range kind.Listed {
			if term.Name == "" || !strings.HasSuffix(term.Doc, ".") || strings.Contains(term.Doc, "..") {
				t.Errorf("%s %q: %q", kind.Kind, term.Name, term.Doc)
			}
		}
	}
}

// The reasons that are explained are those of run_exclusions, in their order.
func TestReasonsAreThoseOfTheLedger(t *testing.T) {
	var got []string
	for _, term := range ledger.ReasonTerms {
		got = append(got, term.Name)
	}
	if want := ledger.Reasons([]ledger.Rule{{Name: "<name>"}}); !slices.Equal(got, want) {
		t.Errorf("explained are %v, want %v", got, want)
	}
}

func TestChecksStandByName(t *testing.T) {
	byName := func(a, b jobs.Check) int { return strings.Compare(a.Name, b.Name) }
	if !slices.IsSortedFunc(jobs.Checks, byName) {
		t.Error("the checks do not stand by name")
	}
}

// Every class of errors has its exit code explained.
func TestExitsCoverTheClasses(t *testing.T) {
	for _, class := range []pipeline.Class{
		pipeline.ClassInternal, pipeline.ClassUsage, pipeline.ClassPermission, pipeline.ClassSource, pipeline.ClassQuality,
		pipeline.ClassCost, pipeline.ClassBusy, pipeline.ClassTemporary,
	} {
		if !slices.ContainsFunc(pipeline.Exits, func(e pipeline.Exit) bool { return e.Code == int(class) && e.Action != "" }) {
			t.Errorf("exit code %d is not explained", class)
		}
	}
}

// The nearest topic is named where there is none.
func TestUnknownTopicNamesTheNearest(t *testing.T) {
	_, err := jobs.NewDictionary(adapters(), nil).Find("cohort_period")
	if pipeline.ClassOf(err) != pipeline.ClassUsage {
		t.Fatalf("got %v, want an error of usage", err)
	}
	if hint := err.(*pipeline.Error).Hint; !strings.Contains(hint, `"cohort_periods"`) {
		t.Errorf("hint %q", hint)
	}
}
