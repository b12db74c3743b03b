package sinks

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/api/bigquery/v2"
	"google.golang.org/api/googleapi"

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

// A publication that could not be finished is not begun again behind a later
// one: it would clear a table which that one has filled already.
func TestAnEarlierPublicationClearsNothingOfALaterOne(t *testing.T) {
	p, s := withOld(t, nil)
	stuck := map[string]bool{"clear": true}
	p.fake.finish = func(j *bigquery.Job) *bigquery.ErrorProto {
		q := j.Configuration.Query
		switch {
		case stuck["clear"] && strings.HasPrefix(j.JobReference.JobId, "perennial_clear_"):
			return &bigquery.ErrorProto{Reason: "invalidQuery", Message: "Could not serialize access to table"}
		case stuck["record"] && q != nil && strings.Contains(q.Query, "SET state = IF("):
			return &bigquery.ErrorProto{Reason: "backendError", Message: "no"}
		}
		return nil
	}
	if err := tryRun(t.Context(), s, "new", map[string]int{"a": 2, "b": 0, "c": 1}); err == nil {
		t.Fatal("a run that cannot clear a table is published")
	}
	stuck["record"] = true
	if err := tryRun(t.Context(), p.Open(t), "last", tablesOfRun("last")); err == nil {
		t.Fatal("a run that cannot write its journal is published")
	}
	stuck["clear"], stuck["record"] = false, false
	next, err := p.Open(t).Begin(t.Context(), pipeline.RunKey{Job: "shop", AsOf: asOf, RunID: "next"})
	if err != nil {
		t.Fatal(err)
	}
	if got := wantWhole(t, p, "settled"); got != "last" {
		t.Errorf("the date is of run %s, want last", got)
	}
	if err := next.Discard(t.Context()); err != nil {
		t.Error(err)
	}
	p.wantTidyRuns(t, "settled")
}

// BigQuery also says "invalid" of a statement that met others too often: later it
// may work.
func TestAStatementThatMeetsOthersTooOftenIsTemporary(t *testing.T) {
	p, s := withOld(t, nil)
	p.fake.finish = func(j *bigquery.Job) *bigquery.ErrorProto {
		if q := j.Configuration.Query; q != nil && strings.HasPrefix(q.Query, "MERGE") {
			return &bigquery.ErrorProto{Reason: "resourcesExceeded", Message: "Too many DML statements outstanding against table"}
		}
		return nil
	}
	err := tryRun(t.Context(), s, "new", newTables)
	if pipeline.ClassOf(err) != pipeline.ClassTemporary || pipeline.HintOf(err) == "" {
		t.Errorf("got %v of class %v, want a hint and class temporary", err, pipeline.ClassOf(err))
	}
	p.fake.finish = nil
	wantRunAgain(t, p, "after statements that met others")
}

// What the next run of a date cannot finish for now it leaves, with all that is
// staged, to the one after.
func TestWhatMayStillBeFinishedIsNotGivenUp(t *testing.T) {
	temporary := pipeline.Errorf(pipeline.ClassTemporary, "", "", "job x has not ended within an hour")
	removed := unfinished(warehouseError("", failedJob{&googleapi.Error{Code: 404}}))
	if !mayPass(inStage("publish", "", temporary)) || mayPass(inStage("publish", "", removed)) {
		t.Error("want a job that has not ended to be waited for, and one whose table was removed not")
	}
}

// The first rows that are kept come into a table made a moment ago.
func TestAQuarantineThatIsNotFoundYetIsWaitedFor(t *testing.T) {
	p, s := withOld(t, nil)
	left := 2
	p.fake.finish = func(j *bigquery.Job) *bigquery.ErrorProto {
		if j.Configuration.Load == nil || left == 0 {
			return nil
		}
		left--
		return fakeNotFound
	}
	rows := probeTable.Record([]int64{1})
	defer rows.Release()
	if err := s.Keep(t.Context(), asOf, probeTable.Schema(), rows); err != nil {
		t.Error(err)
	}
	if got := p.Rows(t, quarantineDir, asOf); len(got) != 1 || left != 0 {
		t.Errorf("got rows %q, want 1", got)
	}
}
