package sinks

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"
	"google.golang.org/api/googleapi"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
)

// inMemory is a bucket in memory, on which every request can be made to fail.
type inMemory struct{ bucket *blob.Bucket }

func newInMemory() inMemory { return inMemory{memblob.OpenBucket(nil)} }

// expired is the life of a lease that anyone may take over at once.
const expired = -time.Hour

// open opens the bucket as another process would.
func (m inMemory) open(life time.Duration, around func(call string, do func() error) error) *bucketSink {
	l := cloud.Location{Bucket: "gs://shop", Key: "tables"}
	o := &objects{bucket: m.bucket, location: l, patience: cloud.Patience{First: time.Nanosecond}, around: around}
	return &bucketSink{location: l, cut: publishedCut, life: life, connected: o}
}

func (m inMemory) objects() *objects { return m.open(leaseLife, nil).connected }

// What a request may meet. The process is killed when no request of it is made
// any more.
var (
	errUnavailable = &googleapi.Error{Code: 503}
	errDenied      = &googleapi.Error{Code: 403}
	errKilled      = errors.New("the process is dead")
)

// fault fails the k-th request: before it is made, or after, when its answer is
// lost.
type fault struct {
	name   string
	err    error
	after  bool
	killed bool // no later request is made
}

var faults = []fault{
	{name: "unavailable", err: errUnavailable},
	{name: "answer lost", err: errUnavailable, after: true},
	{name: "denied", err: errDenied},
	{name: "killed before", err: errKilled, killed: true},
	{name: "killed after", err: errKilled, after: true, killed: true},
}

// at returns what makes the k-th request fail, and notes which it was.
func (f fault) at(k int, failed *string) func(string, func() error) error {
	return func(call string, do func() error) error {
		k--
		switch {
		case k > 0 || k < 0 && !f.killed:
			return do()
		case k < 0:
			return f.err
		}
		*failed = call
		if f.after {
			_ = do()
		}
		return f.err
	}
}

// wantByJournal fails unless who goes by the journal sees one whole run, old or
// new, and returns which.
func (m inMemory) wantByJournal(t *testing.T, what string) string {
	t.Helper()
	j, err := m.objects().journal(context.Background(), asOf)
	if err != nil || j == nil {
		t.Fatalf("%s: the journal: %v, %v", what, j, err)
	}
	tables := map[string]map[string]int{"old": oldTables}[j.RunID]
	if tables == nil {
		tables = newTables
	}
	if len(j.Tables) != len(tables) {
		t.Errorf("%s: the journal of run %s has %d tables, want %d", what, j.RunID, len(j.Tables), len(tables))
	}
	for _, r := range j.Tables {
		var rows []string
		for _, f := range r.Files {
			rows = append(rows, rowsIn(t, m.objects(), f.Path)...)
		}
		if !isCounted(rows, tables, r.Table) {
			t.Errorf("%s: by the journal of run %s table %s has %q, want %d rows", what, j.RunID, r.Table, rows, tables[r.Table])
		}
	}
	return j.RunID
}

// wantPublished fails unless exactly what a run has published is there: tables
// also to who does not ask the journal, the newest date, nothing staged, no lease.
func (m inMemory) wantPublished(t *testing.T, what, runID string) {
	t.Helper()
	s := m.open(leaseLife, nil)
	j, err := s.Check(context.Background(), asOf)
	if err != nil {
		t.Errorf("%s: Check: %v", what, err)
		return
	}
	if j.RunID != runID {
		t.Errorf("%s: the journal is of run %s, want %s", what, j.RunID, runID)
	}
	tables := newTables
	if runID == "old" {
		tables = oldTables
	}
	for _, name := range []string{"a", "b", "c"} {
		if got := rowsIn(t, m.objects(), partitionKey(name, asOf)); !isCounted(got, tables, name) {
			t.Errorf("%s: table %s has rows %q, want %d", what, name, got, tables[name])
		}
	}
	if j, err := s.Latest(context.Background()); err != nil || j.RunID != runID {
		t.Errorf("%s: Latest: %v, %v, want run %s", what, j, err, runID)
	}
	for _, prefix := range []string{stagingDir, locksDir} {
		found, err := m.objects().list(context.Background(), prefix)
		if err != nil || len(found) > 0 {
			t.Errorf("%s: left: %v, %v", what, keysOf(found), err)
		}
	}
}

func TestAFaultAtAnyRequestLeavesOneWholeResult(t *testing.T) {
	t.Parallel()
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			for k := 1; ; k++ {
				m := newInMemory()
				runOnce(t, m.open(leaseLife, nil), "old", oldTables)
				failed := ""
				err := tryRun(t.Context(), m.open(leaseLife, f.at(k, &failed)), "new", newTables)
				if failed == "" {
					if err != nil || k < 40 {
						t.Fatalf("a run without a fault made %d requests, with the error %v; want at least 40, and none", k-1, err)
					}
					return
				}
				what := fmt.Sprintf("request %d (%s)", k, failed)
				m.wantAfterFault(t, what, f, failed, err)
				if t.Failed() {
					return
				}
			}
		})
	}
}

// wantAfterFault holds what is promised after a run with a fault: the result that
// the journal names is whole, and the next run completes.
func (m inMemory) wantAfterFault(t *testing.T, what string, f fault, failed string, err error) {
	t.Helper()
	isStream := strings.HasPrefix(failed, "create ") || strings.HasPrefix(failed, "write ") || strings.HasPrefix(failed, "finish ")
	switch {
	case f.err == errUnavailable && !isStream || f.name == "answer lost" && strings.HasPrefix(failed, "finish "):
		// Asked again, the store says yes.
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		m.wantPublished(t, what, "new")
	case f.err == errUnavailable && pipeline.ClassOf(err) != pipeline.ClassTemporary:
		t.Errorf("%s: got error %v, want one of class temporary", what, err)
	case f.err == errDenied && err != nil && (pipeline.ClassOf(err) != pipeline.ClassPermission || !strings.Contains(pipeline.HintOf(err), "roles/storage.objectAdmin")):
		t.Errorf("%s: got error %v with hint %q, want one of class permission that names the role", what, err, pipeline.HintOf(err))
	}
	seen := m.wantByJournal(t, what)
	if err == nil && seen != "new" {
		t.Errorf("%s: no error, but the journal is of run %s", what, seen)
	}
	_, checked := m.open(leaseLife, nil).Check(context.Background(), asOf)
	if checked != nil && pipeline.ClassOf(checked) != pipeline.ClassTemporary {
		t.Errorf("%s: Check: got error %v, want none or one of class temporary", what, checked)
	}
	h, logErr := m.objects().newest(context.Background(), asOf)
	if logErr != nil {
		t.Fatalf("%s: %v", what, logErr)
	}
	life := leaseLife // a run that lives gives its lease back, whatever failed
	if f.killed || f.err == errDenied {
		life = expired
	}
	p, err := m.open(life, nil).Begin(context.Background(), pipeline.RunKey{Job: "shop", AsOf: asOf, RunID: "next"})
	if err != nil {
		t.Errorf("%s: the next run's Begin: %v", what, err)
		return
	}
	if err := p.Discard(context.Background()); err != nil {
		t.Errorf("%s: Discard: %v", what, err)
	}
	m.wantPublished(t, what+", settled", h.Journal.RunID)
	runOnce(t, m.open(leaseLife, nil), "last", newTables)
	m.wantPublished(t, what+", run again", "last")
}

// Another run takes the date over at any request of one that is alive but has
// given no sign of life, and publishes the same rows, whose files have the same
// names. One wins, whole.
func TestARunThatIsTakenOverDoesNoHarm(t *testing.T) {
	t.Parallel()
	for from := 1; ; from++ {
		for to := from; ; to += 5 { // begins at one request, publishes at a later one
			m := newInMemory()
			runOnce(t, m.open(leaseLife, nil), "old", oldTables)
			o := &overtaking{t: t, memory: m, from: from, to: to}
			err := tryRun(t.Context(), m.open(leaseLife, o.around), "new", newTables)
			if o.other == nil && !o.isOver {
				return // no such request
			}
			o.publish()
			what := fmt.Sprintf("taken over at request %d (%s), published at %d (%s)", from, o.begunAt, to, o.publishedAt)
			switch {
			case err != nil && pipeline.ClassOf(err) != pipeline.ClassBusy:
				t.Errorf("%s: the first run: got error %v, want none or one of class busy", what, err)
			case o.err != nil && pipeline.ClassOf(o.err) != pipeline.ClassBusy:
				t.Errorf("%s: the other run: got error %v, want none or one of class busy", what, o.err)
			case o.err != nil && err != nil:
				t.Errorf("%s: neither has won: %v; %v", what, err, o.err)
			}
			winner := m.wantByJournal(t, what) // of two that succeed, the later
			if winner == "old" || winner == "new" && err != nil || winner == "other" && o.err != nil {
				t.Errorf("%s: run %s is published; the errors are %v and %v", what, winner, err, o.err)
			}
			m.wantPublished(t, what, winner)
			if t.Failed() {
				return
			}
			if o.publishedAt == "" {
				break
			}
		}
	}
}

// overtaking is a run inside another's requests.
type overtaking struct {
	t                    *testing.T
	memory               inMemory
	from, to, calls      int
	begunAt, publishedAt string
	other                pipeline.Publication
	err                  error
	isOver               bool
}

func (o *overtaking) around(call string, do func() error) error {
	o.calls++
	// Between a look at the log and a removal no run is stopped for the life of a
	// lease: no store removes only what one has looked at.
	if o.calls == o.from && strings.HasPrefix(call, "remove ") {
		o.from++
	}
	if o.calls == o.from {
		o.begunAt = call
		o.begin()
	}
	if o.calls >= o.to && o.other != nil && !strings.HasPrefix(call, "remove ") {
		o.publishedAt = call
		o.publish()
	}
	return do()
}

func (o *overtaking) begin() {
	ctx := context.Background()
	o.other, o.err = o.memory.open(expired, nil).Begin(ctx, pipeline.RunKey{Job: "shop", AsOf: asOf, RunID: "other"})
	if o.err != nil {
		o.other, o.isOver = nil, true
		return
	}
	for _, name := range slices.Sorted(slices.Values([]string{"a", "c"})) {
		schema, next := small(name, newTables[name])
		if _, err := o.other.Stage(ctx, schema, next); err != nil {
			o.t.Errorf("the other run: %v", err)
		}
	}
}

func (o *overtaking) publish() {
	if o.other != nil {
		o.err, o.other, o.isOver = o.other.Publish(context.Background(), pipeline.Journal{ContractVersion: 1}), nil, true
	}
}

func TestAStoreThatIsAwayIsAskedSevenTimes(t *testing.T) {
	for _, away := range []error{errUnavailable, os.ErrDeadlineExceeded} {
		calls := 0
		s := newInMemory().open(leaseLife, func(string, func() error) error {
			calls++
			return away
		})
		_, err := s.Begin(t.Context(), pipeline.RunKey{Job: "shop", AsOf: asOf, RunID: "r1"})
		if pipeline.ClassOf(err) != pipeline.ClassTemporary || calls != 7 { // as often as the usual patience says
			t.Errorf("%v: got error %v after %d requests, want one of class temporary after 7", away, err, calls)
		}
	}
}
