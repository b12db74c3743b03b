package sinks

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/api/bigquery/v2"

	"github.com/perennial-clv/perennial/pipeline"
)

// A job that has ended for a reason that may pass is attempted again under
// another id; one for a reason that will not is an error, at once.
func TestFailedJobsAreAttemptedAgainWhereThatHelps(t *testing.T) {
	const always = 100
	for _, c := range []struct {
		reason string
		fails  int
		wantOK bool
		class  pipeline.Class
	}{
		{"backendError", 1, true, 0},
		{"notFound", 2, true, 0}, // of a table made a moment ago
		{"internalError", maxAttempts - 1, true, 0},
		{"rateLimitExceeded", always, false, pipeline.ClassTemporary},
		{"invalid", always, false, pipeline.ClassUsage},
		{"accessDenied", always, false, pipeline.ClassPermission},
	} {
		for _, kind := range []string{"load", "copy"} {
			p, s := withOld(t, nil)
			left := c.fails
			p.fake.finish = func(j *bigquery.Job) *bigquery.ErrorProto {
				if essence(j.Configuration)[0] != kind || left == 0 {
					return nil
				}
				left--
				return &bigquery.ErrorProto{Reason: c.reason, Message: "no"}
			}
			err := tryRun(t.Context(), s, "new", newTables)
			what := fmt.Sprintf("%d times %s of a %s", c.fails, c.reason, kind)
			if (err == nil) != c.wantOK || err != nil && pipeline.ClassOf(err) != c.class {
				t.Errorf("%s: got %v of class %v, want %v", what, err, pipeline.ClassOf(err), c.class)
			}
			p.fake.finish = nil
			wantRunAgain(t, p, what)
		}
	}
}

// Two statements that change _runs at once: BigQuery fails one as an invalid
// query.
func TestAStatementThatMeetsAnotherIsMadeAgain(t *testing.T) {
	p, s := withOld(t, nil)
	met := 0
	p.fake.finish = func(j *bigquery.Job) *bigquery.ErrorProto {
		q := j.Configuration.Query
		if q == nil || !strings.HasPrefix(q.Query, "MERGE") && !strings.HasPrefix(q.Query, "UPDATE") || !strings.HasSuffix(j.JobReference.JobId, "_1") {
			return nil
		}
		met++
		return &bigquery.ErrorProto{Reason: "invalidQuery", Message: "Could not serialize access to table"}
	}
	if err := tryRun(t.Context(), s, "new", newTables); err != nil {
		t.Errorf("run: %v", err)
	}
	if met == 0 {
		t.Error("no statement met another")
	}
	wantWhole(t, p, "after statements that met others")
}

// What is staged is counted before anything is published.
func TestALoadThatLosesRowsIsNotPublished(t *testing.T) {
	for _, c := range []struct {
		what string
		lose func(rows [][]string) [][]string
	}{
		{"a row fewer", func(rows [][]string) [][]string { return rows[1:] }},
		{"every row twice", func(rows [][]string) [][]string { return append(rows, rows...) }},
		{"another amount", func(rows [][]string) [][]string { rows[1][2] = "-1.0001"; return rows }},
	} {
		p, s := withOld(t, nil)
		p.fake.lose = func(_ string, rows [][]string) [][]string { return c.lose(rows) }
		err := tryRun(t.Context(), s, "new", newTables)
		if pipeline.ClassOf(err) != pipeline.ClassTemporary {
			t.Errorf("%s: got error %v, want one of class temporary", c.what, err)
		}
		p.fake.lose = nil
		wantRunAgain(t, p, c.what)
	}
}

// What a run has staged expires, and tables are dropped: then there is nothing to
// finish, and the next run publishes everything anew.
func TestWhatCannotBeFinishedIsReplaced(t *testing.T) {
	for _, lost := range []string{stagingDir, "c"} {
		p, s := withOld(t, nil)
		p.fake.finish = func(j *bigquery.Job) *bigquery.ErrorProto {
			if j.Configuration.Copy != nil {
				return &bigquery.ErrorProto{Reason: "backendError", Message: "no"}
			}
			return nil
		}
		if err := tryRun(t.Context(), s, "new", newTables); pipeline.ClassOf(err) != pipeline.ClassTemporary {
			t.Errorf("a run that cannot copy: got %v, want an error of class temporary", err)
		}
		p.fake.finish = nil
		tables := p.fake.datasets["tables"].tables
		for _, name := range sortedNames(tables) {
			if strings.HasPrefix(name, lost) {
				delete(tables, name)
			}
		}
		next, err := p.Open(t).Begin(t.Context(), pipeline.RunKey{Job: "shop", AsOf: asOf, RunID: "next"})
		if err != nil {
			t.Fatalf("without %s…: the next run's Begin: %v", lost, err)
		}
		if _, err := p.Open(t).Check(t.Context(), asOf); pipeline.ClassOf(err) != pipeline.ClassTemporary {
			t.Errorf("without %s…: Check: got %v, want an error of class temporary", lost, err)
		}
		if err := next.Discard(t.Context()); err != nil {
			t.Error(err)
		}
		runOnce(t, p.Open(t), "last", tablesOfRun("last"))
		if got := wantWhole(t, p, "without "+lost); got != "last" {
			t.Errorf("without %s…: the date is of run %s, want last", lost, got)
		}
		p.wantTidyRuns(t, "without "+lost)
	}
}
