package sinks

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/pipeline"
)

// The dates of a folder of which 1d keeps the last two, if the last one is
// published. The first was published twice and has a quarantine.
var (
	expiredDates = []string{"2024-03-01", "2024-03-02"}
	keptDates    = []string{"2024-03-30", asOf}
	dateTables   = map[string]int{"a": 3, "b": 2}
)

// keepingOne opens a folder of which only a day beside the newest is kept.
func (f folder) keepingOne(t *testing.T) *parquetSink {
	s := f.open(t)
	s.keeping = &keeping{days: 1}
	return s
}

// runDate publishes the small tables as of a date.
func runDate(ctx context.Context, s pipeline.Sink, date, runID string) error {
	p, err := s.Begin(ctx, pipeline.RunKey{Job: "shop", AsOf: date, RunID: runID})
	if err != nil {
		return err
	}
	for _, name := range []string{"a", "b"} {
		schema, next := small(name, dateTables[name])
		if _, err := p.Stage(ctx, schema, next); err != nil {
			return errors.Join(err, p.Discard(ctx))
		}
	}
	return p.Publish(ctx, pipeline.Journal{ContractVersion: 1})
}

// dated returns a folder with all of the dates.
func dated(t *testing.T) folder {
	t.Helper()
	f := folder(filepath.Join(t.TempDir(), "out"))
	s := f.open(t)
	for i, date := range slices.Concat(expiredDates[:1], expiredDates, keptDates) {
		if err := runDate(t.Context(), s, date, fmt.Sprint("r", i)); err != nil {
			t.Fatal(err)
		}
	}
	d := ledgerOf("rejected")
	rows := d.Record([]cents{{1, 2}})
	defer rows.Release()
	if err := s.Keep(t.Context(), expiredDates[0], d.Schema(), rows); err != nil {
		t.Fatal(err)
	}
	return f
}

// filesOf returns all that a folder has of a date, but for its lock.
func filesOf(t *testing.T, f folder, date string) []string {
	t.Helper()
	var found []string
	for _, pattern := range []string{"*/as_of_date=" + date, "_runs/" + date + "*", "_quarantine/" + date, "_staging/*"} {
		names, err := filepath.Glob(filepath.Join(string(f), filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, names...)
	}
	return found
}

// wantDate fails unless a date is whole.
func wantDate(t *testing.T, f folder, what, date string) {
	t.Helper()
	if _, err := f.open(t).Check(t.Context(), date); err != nil {
		t.Errorf("%s: Check of %s: %v", what, date, err)
	}
	for name, rows := range dateTables {
		if got := f.Rows(t, name, date); len(got) != rows {
			t.Errorf("%s: table %s of %s has rows %q, want %d", what, name, date, got, rows)
		}
	}
}

// wantRemoved fails unless nothing is left of the expired dates, and the
// others are whole.
func wantRemoved(t *testing.T, f folder, what string) {
	t.Helper()
	for _, date := range expiredDates {
		if left := filesOf(t, f, date); len(left) > 0 {
			t.Errorf("%s: left of %s: %v", what, date, left)
		}
		if _, err := f.open(t).Check(t.Context(), date); pipeline.ClassOf(err) != pipeline.ClassTemporary {
			t.Errorf("%s: Check of %s: got error %v, want one of class temporary", what, date, err)
		}
	}
	for _, date := range keptDates {
		wantDate(t, f, what, date)
	}
	if j, err := f.open(t).Latest(t.Context()); err != nil || j.AsOf != asOf {
		t.Errorf("%s: Latest: %v, %v, want %s", what, j, err, asOf)
	}
}

// wantWholeOrGone fails unless each expired date is, after a removal was cut
// short, whole or gone by its journal, and each partition whole or gone; the
// others whole; and the next removal, or the next run of the date, completes.
func wantWholeOrGone(t *testing.T, f folder, what string) {
	t.Helper()
	for _, date := range keptDates {
		wantDate(t, f, what, date)
	}
	for _, date := range expiredDates {
		_, err := f.open(t).Check(t.Context(), date)
		if err == nil {
			wantDate(t, f, what, date)
		} else if pipeline.ClassOf(err) != pipeline.ClassTemporary {
			t.Errorf("%s: Check of %s: got error %v, want none or one of class temporary", what, date, err)
		}
		for name, rows := range dateTables {
			if got := f.Rows(t, name, date); got != nil && len(got) != rows {
				t.Errorf("%s: table %s of %s has rows %q, want %d or none", what, name, date, got, rows)
			}
		}
	}
	again := expiredDates[0]
	if err := runDate(t.Context(), f.open(t), again, "again"); err != nil {
		t.Errorf("%s: a run of %s: %v", what, again, err)
	}
	// Without the option a removal that has begun is finished, and no other
	// begins: what was published since stays.
	if _, err := f.open(t).RemoveExpired(t.Context(), asOf); err != nil {
		t.Errorf("%s: the next removal: %v", what, err)
	}
	wantDate(t, f, what+", run again", again)
	if _, err := f.keepingOne(t).RemoveExpired(t.Context(), asOf); err != nil {
		t.Errorf("%s: the last removal: %v", what, err)
	}
	wantRemoved(t, f, what+", at last")
}

func TestExpiredDatesAreRemovedWithAllThatIsOfThem(t *testing.T) {
	f := dated(t)
	if got, err := f.keepingOne(t).Expired(t.Context(), asOf); err != nil || !slices.Equal(got, expiredDates) {
		t.Errorf("Expired: %v, %v, want %v", got, err, expiredDates)
	}
	removed, err := f.keepingOne(t).RemoveExpired(t.Context(), asOf)
	if err != nil || !slices.Equal(removed, expiredDates) {
		t.Errorf("RemoveExpired: %v, %v, want %v", removed, err, expiredDates)
	}
	wantRemoved(t, f, "after the removal")
}

// The journal is read, then the files; between the two the date may go.
func TestADateThatIsRemovedDuringACheckIsNotDamaged(t *testing.T) {
	f := dated(t)
	s := f.keepingOne(t)
	j, err := s.Check(t.Context(), expiredDates[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.RemoveExpired(t.Context(), asOf); err != nil {
		t.Fatal(err)
	}
	missing := s.verify(t.Context(), j.AsOf, j.Tables[0])
	if missing == nil {
		t.Fatal("the removed date is whole")
	}
	if err := s.unlessReplaced(j, missing); pipeline.ClassOf(err) != pipeline.ClassTemporary {
		t.Errorf("got error %v, want one of class temporary", err)
	}
}

func TestWithoutKeepAsOfNothingIsRemoved(t *testing.T) {
	f := dated(t)
	if removed, err := f.open(t).RemoveExpired(t.Context(), asOf); err != nil || len(removed) > 0 {
		t.Errorf("RemoveExpired: %v, %v, want nothing", removed, err)
	}
	for _, date := range slices.Concat(expiredDates, keptDates) {
		wantDate(t, f, "without the option", date)
	}
}

func TestNoDateAsNewAsThePublishedOneExpires(t *testing.T) {
	f := dated(t)
	if got, err := f.keepingOne(t).Expired(t.Context(), expiredDates[1]); err != nil || len(got) > 0 {
		t.Errorf("Expired as of %s: %v, %v, want none: the other is a day older, the rest newer", expiredDates[1], got, err)
	}
}

func TestADateThatARunHoldsIsNotRemoved(t *testing.T) {
	f := dated(t)
	p, err := f.open(t).Begin(t.Context(), pipeline.RunKey{Job: "shop", AsOf: expiredDates[0], RunID: "holder"})
	if err != nil {
		t.Fatal(err)
	}
	removed, err := f.keepingOne(t).RemoveExpired(t.Context(), asOf)
	if err != nil || !slices.Equal(removed, expiredDates[1:]) {
		t.Errorf("RemoveExpired beside a run of %s: %v, %v, want %v", expiredDates[0], removed, err, expiredDates[1:])
	}
	if err := p.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantDate(t, f, "held", expiredDates[0])
}

// Between the list of removals that have begun and the lock of a date another
// run may finish the removal and publish the date.
func TestADatePublishedAgainSinceItsRemovalBeganStays(t *testing.T) {
	f := dated(t)
	s := f.open(t)
	date := expiredDates[0]
	if err := os.Rename(s.journalPath(date), s.removingPath(date)); err != nil { // the removal begins, and is cut short
		t.Fatal(err)
	}
	isFirst := true
	s.disk.step = func(string) error {
		if !isFirst {
			return nil
		}
		isFirst = false
		return runDate(t.Context(), f.open(t), date, "again")
	}
	if removed, err := s.RemoveExpired(t.Context(), asOf); err != nil || len(removed) > 0 {
		t.Errorf("RemoveExpired: %v, %v, want nothing", removed, err)
	}
	wantDate(t, f, "published again", date)
}

func TestADateWithAnUnknownFileIsKeptAndTheOthersGo(t *testing.T) {
	f := dated(t)
	note := filepath.Join(partition(string(f), "a", expiredDates[0]), "note.txt")
	unknown := filepath.Join(string(f), "a", "as_of_date=2024-01-01", "part.parquet") // of a date that no journal names
	for _, path := range []string{note, unknown} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	removed, err := f.keepingOne(t).RemoveExpired(t.Context(), asOf)
	if err == nil || !strings.Contains(err.Error(), note) || !slices.Equal(removed, expiredDates[1:]) {
		t.Errorf("RemoveExpired: %v, %v, want %v and an error that names %s", removed, err, expiredDates[1:], note)
	}
	if !exists(note) || !exists(unknown) {
		t.Error("an unknown file was removed")
	}
	if err := os.Remove(note); err != nil {
		t.Fatal(err)
	}
	wantDate(t, f, "kept", expiredDates[0])
}

func TestAnErrorAtAnyStepOfARemovalLeavesDatesWholeOrGone(t *testing.T) {
	t.Parallel() // it mostly waits for the disk
	for k := 1; ; k++ {
		f := dated(t)
		failed := ""
		s := f.keepingOne(t)
		s.disk.step = failAt(k, &failed, true)
		_, err := s.RemoveExpired(t.Context(), asOf)
		if failed == "" {
			if err != nil || k < 20 {
				t.Fatalf("a removal without a fault had %d steps and the error %v; want none, and at least 20", k-1, err)
			}
			return
		}
		what := fmt.Sprintf("step %d (%s)", k, failed)
		if err == nil {
			t.Errorf("%s: no error", what)
		}
		wantWholeOrGone(t, f, what)
		if t.Failed() {
			return
		}
	}
}
