package sinks

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/api/bigquery/v2"

	"github.com/perennial-clv/perennial/pipeline"
)

// tablesOfRun returns the tables of a run of these tests, by its id up to a dash.
func tablesOfRun(runID string) map[string]int {
	name, _, _ := strings.Cut(runID, "-")
	return map[string]map[string]int{"old": oldTables, "new": newTables, "last": {"a": 1, "b": 7}}[name]
}

// wantWhole fails unless the date is published and whole, exactly as the run
// that its journal names has it, and returns that run.
func wantWhole(t *testing.T, p bigQueryPlace, what string) string {
	t.Helper()
	j, err := p.Open(t).Check(t.Context(), asOf)
	if err != nil {
		t.Errorf("%s: Check: %v", what, err)
		return ""
	}
	wantTablesOf(t, p, what, j.RunID)
	return j.RunID
}

func wantTablesOf(t *testing.T, p bigQueryPlace, what, runID string) {
	t.Helper()
	for _, name := range []string{"a", "b", "c"} {
		if got := p.Rows(t, name, asOf); !isCounted(got, tablesOfRun(runID), name) {
			t.Errorf("%s: table %s of run %s has rows %q, want %d", what, name, runID, got, tablesOfRun(runID)[name])
		}
	}
}

// wantRunAgain fails unless the next run finds the date as it may be left,
// finishes what was behind its point of no return, and replaces it.
func wantRunAgain(t *testing.T, p bigQueryPlace, what string) {
	t.Helper()
	behind := p.isIn(statePublishing, "new")
	_, err := p.Open(t).Check(t.Context(), asOf)
	switch {
	case behind:
		if pipeline.ClassOf(err) != pipeline.ClassTemporary {
			t.Errorf("%s: Check while it is publishing: got %v, want an error of class temporary", what, err)
		}
	default:
		wantWhole(t, p, what)
	}
	p.fake.advance(claimLease)
	next, err := p.Open(t).Begin(t.Context(), pipeline.RunKey{Job: "shop", AsOf: asOf, RunID: "next"})
	if err != nil {
		t.Errorf("%s: the next run's Begin: %v", what, err)
		return
	}
	if got := wantWhole(t, p, what+", settled"); behind && got != "new" {
		t.Errorf("%s: settled, the date is of run %s, want new", what, got)
	}
	if err := next.Discard(t.Context()); err != nil {
		t.Errorf("%s: Discard: %v", what, err)
	}
	if err := tryRun(t.Context(), p.Open(t), "last", tablesOfRun("last")); err != nil {
		t.Errorf("%s: the run after: %v", what, err)
		return
	}
	if got := wantWhole(t, p, what+", run again"); got != "last" {
		t.Errorf("%s: run again, the date is of run %s, want last", what, got)
	}
	if left := p.Staged(t); len(left) > 0 {
		t.Errorf("%s: left staged: %v", what, left)
	}
	p.wantTidyRuns(t, what)
}

// isIn reports whether a run is in a state.
func (p bigQueryPlace) isIn(state, runID string) bool {
	p.fake.mu.Lock()
	defer p.fake.mu.Unlock()
	return slices.ContainsFunc(p.fake.datasets["tables"].runs, func(r *fakeRun) bool { return r.state == state && r.runID == runID })
}

// wantTidyRuns fails unless every row of _runs is of a run that is or was
// published.
func (p bigQueryPlace) wantTidyRuns(t *testing.T, what string) {
	t.Helper()
	p.fake.mu.Lock()
	defer p.fake.mu.Unlock()
	for _, r := range p.fake.datasets["tables"].of(asOf) {
		if r.state != statePublished && r.state != stateSuperseded || r.publication != "" {
			t.Errorf("%s: run %s is left %s", what, r.runID, r.state)
		}
	}
}

// advance lets time pass, somewhat more than d.
func (f *fakeBigQuery) advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d + time.Second)
}

// withOld returns a dataset in which the old run is published, and a sink whose
// requests a fault may befall.
func withOld(t *testing.T, fault func(n int, r *http.Request) mishap) (bigQueryPlace, *bigQuerySink) {
	t.Helper()
	published.Do(func() {
		p := bigQueryPlace{withOldPublished, withOldPublished.serve(t, nil)}
		runOnce(t, p.Open(t), "old", oldTables)
	})
	fake := withOldPublished.clone()
	return bigQueryPlace{fake, fake.serve(t, nil)}, sinkAt(t, fake.serve(t, fault))
}

// noted is a request that a server has seen, for the test to name.
type noted struct{ request atomic.Pointer[string] }

func (n *noted) note(r *http.Request) {
	text := r.Method + " " + r.URL.Path
	n.request.Store(&text)
}

// text returns the request, "" if there was none.
func (n *noted) text() string {
	if text := n.request.Load(); text != nil {
		return *text
	}
	return ""
}

var (
	published        sync.Once
	withOldPublished = newFakeBigQuery()
)

// clone returns another BigQuery of the same state.
func (f *fakeBigQuery) clone() *fakeBigQuery {
	c := newFakeBigQuery()
	c.now, c.jobs = f.now, maps.Clone(f.jobs)
	for name, d := range f.datasets {
		copied := &fakeDataset{Dataset: d.Dataset, tables: map[string]*fakeTable{}}
		for name, t := range d.tables {
			copied.tables[name] = &fakeTable{Table: t.Table, rows: maps.Clone(t.rows)}
		}
		for _, r := range d.runs {
			run := *r
			copied.runs = append(copied.runs, &run)
		}
		c.datasets[name] = copied
	}
	return c
}

func TestAFaultOfAnyRequestIsPassedOverOrLeavesAWholeDate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		faults  []mishap // in turns, so that the test takes less time
		mustRun bool     // one such fault is no reason to fail
	}{
		{"not done", []mishap{faultBusy, faultLimit, faultCut}, true},
		{"done and its answer lost", []mishap{faultLost}, true},
		{"taken", []mishap{faultTaken}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for k := 1; ; k++ {
				var hit noted
				p, s := withOld(t, func(n int, r *http.Request) mishap {
					if n != k {
						return faultNone
					}
					hit.note(r)
					return c.faults[k%len(c.faults)]
				})
				err := tryRun(t.Context(), s, "new", newTables)
				if hit.text() == "" {
					if k == 1 || err != nil {
						t.Fatalf("run without a fault: %v", err)
					}
					break
				}
				what := fmt.Sprintf("%s, request %d (%s)", c.name, k, hit.text())
				if err != nil && c.mustRun {
					t.Errorf("%s: %v", what, err)
				}
				if err != nil {
					wantRunAgain(t, p, what)
				} else if got := wantWhole(t, p, what); got != "new" {
					t.Errorf("%s: the date is of run %s, want new", what, got)
				}
				if t.Failed() {
					return
				}
			}
		})
	}
}

func TestARunKilledAtAnyRequestIsSettledByTheNext(t *testing.T) {
	t.Parallel()
	for _, last := range []mishap{faultCut, faultLost} { // what befalls the request that it dies in
		for k := 1; ; k++ {
			var hit noted
			p, s := withOld(t, func(n int, r *http.Request) mishap {
				switch {
				case n < k:
					return faultNone
				case n == k:
					hit.note(r)
					return last
				default:
					return faultCut
				}
			})
			s.patience.Attempts = 1
			err := tryRun(t.Context(), s, "new", newTables)
			if hit.text() == "" {
				break
			}
			what := fmt.Sprintf("killed in request %d (%s), fault %d", k, hit.text(), last)
			if err == nil && !p.isIn(statePublished, "new") {
				t.Errorf("%s: no error, and it is not published", what)
			}
			wantRunAgain(t, p, what)
			if t.Failed() {
				return
			}
		}
	}
}

// A process may be stopped for longer than its claim lasts, in any request, and
// go on when the next run of its date has come and gone.
func TestARunThatSleptThroughItsClaimHarmsNobody(t *testing.T) {
	t.Parallel()
	for k := 1; ; k++ {
		reached, wake := make(chan string, 1), make(chan bool)
		p, s := withOld(t, func(n int, r *http.Request) mishap {
			if n == k {
				reached <- r.Method + " " + r.URL.Path
				<-wake
			}
			return faultNone
		})
		ended := make(chan error, 1)
		go func() { ended <- tryRun(context.Background(), s, "new", newTables) }()
		select {
		case err := <-ended:
			if err != nil || k == 1 {
				t.Fatalf("run that does not sleep: %v", err)
			}
			return
		case hit := <-reached:
			what := fmt.Sprintf("asleep in request %d (%s)", k, hit)
			p.fake.advance(claimLease)
			if err := tryRun(t.Context(), p.Open(t), "last", tablesOfRun("last")); err != nil {
				t.Errorf("%s: the run meanwhile: %v", what, err)
			}
			close(wake)
			err := <-ended
			published := wantWhole(t, p, what+", awake again")
			if err != nil && pipeline.ClassOf(err) != pipeline.ClassBusy {
				t.Errorf("%s: it fails with %v, want an error of class busy", what, err)
			}
			// Asleep before it claimed the date it is simply the later run.
			if published == "new" && err != nil {
				t.Errorf("%s: it failed with %v and is published", what, err)
			}
			wantAllRemoved(t, p, what)
		}
		if t.Failed() {
			return
		}
	}
}

// wantAllRemoved fails unless the run after leaves nothing staged.
func wantAllRemoved(t *testing.T, p bigQueryPlace, what string) {
	t.Helper()
	p.fake.advance(claimLease)
	runOnce(t, p.Open(t), "old2", oldTables)
	if left := p.Staged(t); len(left) > 0 {
		t.Errorf("%s: left staged: %v", what, left)
	}
	p.wantTidyRuns(t, what)
}

func TestOfTwoRunsOfADateOneWins(t *testing.T) {
	p, _ := withOld(t, nil)
	for round := range 20 {
		errs := make(chan error, 2)
		for _, name := range []string{"new", "last"} {
			runID := fmt.Sprint(name, "-", round)
			go func() { errs <- tryRun(context.Background(), p.Open(t), runID, tablesOfRun(runID)) }()
		}
		first, second := <-errs, <-errs
		for _, err := range []error{first, second} {
			if err != nil && pipeline.ClassOf(err) != pipeline.ClassBusy {
				t.Errorf("one of two runs at once: %v, want none or an error of class busy", err)
			}
		}
		if first != nil && second != nil {
			t.Errorf("both of two runs failed: %v; %v", first, second)
		}
		wantWhole(t, p, "after two runs at once")
		if left := p.Staged(t); len(left) > 0 {
			t.Errorf("left staged: %v", left)
		}
	}
}

// A view looks back to a date that is whole, or to all: a date that never became
// whole, though it was first, hides no other.
func TestViewsBeginAtNoDateThatIsNotWhole(t *testing.T) {
	fake := newFakeBigQuery()
	p := bigQueryPlace{fake, fake.serve(t, nil)}
	run := func(date string) error {
		publication, err := p.Open(t).Begin(t.Context(), pipeline.RunKey{Job: "shop", AsOf: date, RunID: "of-" + date})
		if err != nil {
			return err
		}
		schema, next := small("a", 1)
		if _, err := publication.Stage(t.Context(), schema, next); err != nil {
			return err
		}
		return publication.Publish(t.Context(), pipeline.Journal{})
	}
	wantFrom := func(when, date string) {
		t.Helper()
		if text := fake.datasets["tables"].tables["a"+latestSuffix].View.Query; !strings.Contains(text, ">= DATE '"+date+"'") {
			t.Errorf("%s: the view does not begin at %s:\n%s", when, date, text)
		}
	}
	fake.finish = func(j *bigquery.Job) *bigquery.ErrorProto {
		if j.Configuration.Copy != nil {
			return &bigquery.ErrorProto{Reason: "accessDenied", Message: "no"}
		}
		return nil
	}
	if err := run("2024-03-31"); err == nil {
		t.Fatal("a run that cannot copy is published")
	}
	fake.finish = nil
	wantFrom("nothing is whole", firstDate)
	for _, c := range []struct{ date, from string }{{"2024-03-28", firstDate}, {"2024-03-30", "2024-03-28"}, {"2024-03-29", "2024-03-29"}} {
		if err := run(c.date); err != nil {
			t.Fatal(err)
		}
		wantFrom("after "+c.date, c.from)
	}
}
