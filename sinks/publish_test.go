package sinks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/table"
)

const asOf = "2024-03-31"

// cents is the row of this package's small test table.
type cents struct {
	id     int64
	amount int64
}

// ledgerOf declares a small table.
func ledgerOf(name string) table.Definition[cents] {
	return table.Definition[cents]{
		Name: name, Doc: "one row per id", Key: []string{"id"},
		Columns: []table.Field[cents]{
			table.Integers("id", "number", func(c *cents) int64 { return c.id }),
			table.NullAmounts("amount", "an amount", "for every third", func(c *cents) (int64, bool) { return c.amount, c.id%3 != 0 }),
		},
	}
}

// line is what row i of the small table looks like.
func line(i int) string {
	if i%3 == 0 {
		return fmt.Sprintf("%d|null", i)
	}
	return fmt.Sprintf("%d|-%d.0000", i, i)
}

// small delivers n rows of the small table in one record.
func small(name string, n int) (table.Schema, func() (arrow.Record, error)) {
	d := ledgerOf(name)
	rows := make([]cents, n)
	for i := range rows {
		rows[i] = cents{int64(i), -int64(i) * 10_000}
	}
	done := false
	return d.Schema(), func() (arrow.Record, error) {
		if done {
			return nil, io.EOF
		}
		done = true
		return d.Record(rows), nil
	}
}

// tryRun stages tables of so many rows and publishes them.
func tryRun(ctx context.Context, s pipeline.Sink, runID string, tables map[string]int) error {
	p, err := s.Begin(ctx, pipeline.RunKey{Job: "shop", AsOf: asOf, RunID: runID})
	if err != nil {
		return err
	}
	for _, name := range []string{"a", "b", "c"} { // in one order, so that step k is always the same
		rows, ok := tables[name]
		if !ok {
			continue
		}
		schema, next := small(name, rows)
		if _, err := p.Stage(ctx, schema, next); err != nil {
			return errors.Join(err, p.Discard(ctx))
		}
	}
	return p.Publish(ctx, pipeline.Journal{ContractVersion: 1})
}

func runOnce(t *testing.T, s pipeline.Sink, runID string, tables map[string]int) {
	t.Helper()
	if err := tryRun(t.Context(), s, runID, tables); err != nil {
		t.Fatalf("run %s: %v", runID, err)
	}
}

// The tables of the run that is there and of the one that is cut short: a
// changes, b is dropped, c is new.
var (
	oldTables = map[string]int{"a": 3, "b": 2}
	newTables = map[string]int{"a": 5, "c": 4}
)

// wantWholeTables fails unless each table is as the old or the new run has it.
// Without exchange there is a moment in which a table that both have is absent.
func wantWholeTables(t *testing.T, f folder, what string, exchange bool) {
	t.Helper()
	for _, name := range []string{"a", "b", "c"} {
		got := f.Rows(t, name, asOf)
		if got == nil && !exchange && len(pendings(t, f)) > 0 {
			continue
		}
		if !isCounted(got, oldTables, name) && !isCounted(got, newTables, name) {
			t.Errorf("%s: table %s is neither old nor new: %q", what, name, got)
		}
	}
}

func isCounted(rows []string, tables map[string]int, name string) bool {
	want, there := tables[name]
	if !there || rows == nil {
		return there == (rows != nil)
	}
	if len(rows) != want {
		return false
	}
	for i, row := range rows {
		if row != line(i) {
			return false
		}
	}
	return true
}

// wantTables fails unless the date is whole, of a run, and has its tables.
func wantTables(t *testing.T, f folder, what, runID string, tables map[string]int) {
	t.Helper()
	j, err := f.open(t).Check(t.Context(), asOf)
	if err != nil {
		t.Errorf("%s: Check: %v", what, err)
		return
	}
	if j.RunID != runID {
		t.Errorf("%s: the journal is of run %s, want %s", what, j.RunID, runID)
	}
	for _, name := range []string{"a", "b", "c"} {
		if got := f.Rows(t, name, asOf); !isCounted(got, tables, name) {
			t.Errorf("%s: table %s of run %s has rows %q, want %d", what, name, runID, got, tables[name])
		}
	}
}

// wantRecovery fails unless a date whose run was cut short is whole per table
// and the next run completes.
func wantRecovery(t *testing.T, f folder, what string, exchange bool) {
	t.Helper()
	wantWholeTables(t, f, what, exchange)
	_, err := f.open(t).Check(t.Context(), asOf)
	if err == nil {
		j, _ := f.open(t).Check(t.Context(), asOf)
		wantTables(t, f, what, j.RunID, map[string]map[string]int{"old": oldTables, "new": newTables}[j.RunID])
	} else if pipeline.ClassOf(err) != pipeline.ClassTemporary {
		t.Errorf("%s: Check: got error %v, want none or one of class temporary", what, err)
	}
	behind := len(pendings(t, f)) > 0
	p, err := f.open(t).Begin(t.Context(), pipeline.RunKey{Job: "shop", AsOf: asOf, RunID: "next"})
	if err != nil {
		t.Errorf("%s: the next run's Begin: %v", what, err)
		return
	}
	if behind { // the next run has finished what it found
		wantTables(t, f, what+", finished", "new", newTables)
	}
	if err := p.Discard(t.Context()); err != nil {
		t.Errorf("%s: Discard: %v", what, err)
	}
	runOnce(t, f.open(t), "last", newTables)
	wantTables(t, f, what+", run again", "last", newTables)
	if left := f.Staged(t); len(left) > 0 {
		t.Errorf("%s: left in staging: %v", what, left)
	}
}

// pendings returns the publish.json files in a folder.
func pendings(t *testing.T, f folder) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(string(f), stagingDir, "*", "publish.json"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestAnErrorAtAnyStepLeavesTheOldOrIsFinishedByTheNextRun(t *testing.T) {
	t.Parallel() // it mostly waits for the disk
	for _, exchange := range []bool{true, false} {
		for k := 1; ; k++ {
			f := folder(filepath.Join(t.TempDir(), "out"))
			runOnce(t, f.open(t), "old", oldTables)
			failed := ""
			s := f.open(t)
			s.disk.step = failAt(k, &failed, exchange)
			err := tryRun(t.Context(), s, "new", newTables)
			if failed == "" {
				if err != nil {
					t.Fatalf("run without a fault: %v", err)
				}
				break
			}
			what := fmt.Sprintf("exchange %v, step %d (%s)", exchange, k, failed)
			// Behind the journal only the staging folder is left to delete.
			if err == nil {
				wantTables(t, f, what, "new", newTables)
			}
			if err != nil && pipeline.ClassOf(err) != pipeline.ClassTemporary {
				t.Errorf("%s: got error %v of class %v, want temporary", what, err, pipeline.ClassOf(err))
			}
			if err != nil && !strings.Contains(err.Error(), "no space left") {
				t.Errorf("%s: error %q does not tell that the disk is full", what, err)
			}
			if len(pendings(t, f)) == 0 && err != nil {
				wantTables(t, f, what, "old", oldTables)
			}
			wantRecovery(t, f, what, exchange)
			if t.Failed() {
				return
			}
		}
	}
}

// failAt fills the disk at the k-th step and frees it after that.
func failAt(k int, failed *string, exchange bool) func(string) error {
	return func(name string) error {
		if k--; k == 0 {
			*failed = name
			return &os.PathError{Op: "write", Err: syscall.ENOSPC}
		}
		if !exchange {
			return noExchange(name)
		}
		return nil
	}
}

func TestAFullDiskLeavesNothingStaged(t *testing.T) {
	f := folder(filepath.Join(t.TempDir(), "out"))
	s := f.open(t)
	p, err := s.Begin(t.Context(), pipeline.RunKey{Job: "shop", AsOf: asOf, RunID: "r1"})
	if err != nil {
		t.Fatal(err)
	}
	s.disk.step = func(name string) error {
		if strings.HasPrefix(name, "write ") {
			return syscall.ENOSPC
		}
		return nil
	}
	schema, next := small("a", 3)
	p.(*publication).sink = s
	if _, err := p.Stage(t.Context(), schema, next); pipeline.ClassOf(err) != pipeline.ClassTemporary {
		t.Errorf("Stage: got error %v, want one of class temporary", err)
	}
	if exists(filepath.Join(s.staging("r1"), "a")) {
		t.Error("what was staged of the table is still there")
	}
	if err := p.Discard(t.Context()); err != nil {
		t.Errorf("Discard: %v", err)
	}
}

func TestADeniedFolderIsAPermissionError(t *testing.T) {
	s := folder(filepath.Join(t.TempDir(), "out")).open(t)
	for _, denied := range []error{syscall.EACCES, syscall.EPERM, syscall.EROFS} {
		s.disk.step = func(string) error { return denied }
		_, err := s.Begin(t.Context(), pipeline.RunKey{Job: "shop", AsOf: asOf, RunID: "r1"})
		if pipeline.ClassOf(err) != pipeline.ClassPermission {
			t.Errorf("Begin with %v: got error %v, want one of class permission", denied, err)
		}
	}
}

func TestAPlaceTakenByAFileIsRefusedBeforeThePointOfNoReturn(t *testing.T) {
	f := folder(filepath.Join(t.TempDir(), "out"))
	runOnce(t, f.open(t), "old", oldTables)
	if err := os.WriteFile(filepath.Join(string(f), "c"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := tryRun(t.Context(), f.open(t), "new", newTables)
	if pipeline.ClassOf(err) != pipeline.ClassUsage {
		t.Errorf("Publish: got error %v, want one of class usage", err)
	}
	if err := os.Remove(filepath.Join(string(f), "c")); err != nil {
		t.Fatal(err)
	}
	wantTables(t, f, "after the refusal", "old", oldTables)
}

func TestAnotherDatesKilledRunIsSettledToo(t *testing.T) {
	f := folder(filepath.Join(t.TempDir(), "out"))
	runOnce(t, f.open(t), "old", oldTables)
	cutShortBehindCommit(t, f, "exchange ")
	p, err := f.open(t).Begin(t.Context(), pipeline.RunKey{Job: "shop", AsOf: "2024-04-01", RunID: "r2"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Discard(t.Context())
	wantTables(t, f, "after Begin of another date", "new", newTables)
}

// A run is cut short at one of the steps behind its point of no return; the
// next run, finishing it, is cut short at each of its steps; the third one
// must find its way all the same.
func TestARecoveryMayItselfBeCutShort(t *testing.T) {
	t.Parallel() // it mostly waits for the disk
	for _, first := range []string{"exchange ", "rename /", "write /"} {
		for k := 1; ; k++ {
			f := folder(filepath.Join(t.TempDir(), "out"))
			runOnce(t, f.open(t), "old", oldTables)
			cutShortBehindCommit(t, f, first)
			failed := ""
			s := f.open(t)
			s.disk.step = failAt(k, &failed, true)
			p, err := s.Begin(t.Context(), pipeline.RunKey{Job: "shop", AsOf: asOf, RunID: "second"})
			if failed == "" {
				if err != nil {
					t.Fatalf("Begin without a fault: %v", err)
				}
				p.(*publication).end()
				break
			}
			what := fmt.Sprintf("cut short at %q, its recovery at step %d (%s)", first, k, failed)
			if err == nil {
				t.Fatalf("%s: Begin has no error", what)
			}
			wantRecovery(t, f, what, true)
			if t.Failed() {
				return
			}
		}
	}
}

// cutShortBehindCommit leaves a run of newTables as if killed at the first
// step behind publish.json that begins with name.
func cutShortBehindCommit(t *testing.T, f folder, name string) {
	t.Helper()
	s := f.open(t)
	s.disk.step = func(step string) error {
		if strings.HasPrefix(step, name) && len(pendings(t, f)) > 0 {
			return errors.New("cut short")
		}
		return nil
	}
	if err := tryRun(t.Context(), s, "new", newTables); err == nil {
		t.Fatalf("the run did not come to %q", name)
	}
}
