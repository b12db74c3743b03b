package sinks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/pipeline"
)

// datedBucket returns a bucket with all of the dates, one of them published twice,
// and a quarantine.
func datedBucket(t *testing.T) inMemory {
	t.Helper()
	m := newInMemory()
	s := m.open(leaseLife, nil)
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
	return m
}

// clone returns a bucket with the same objects.
func (m inMemory) clone(t *testing.T) inMemory {
	t.Helper()
	found, err := m.objects().list(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	other := newInMemory()
	for _, f := range found {
		content, _, err := m.objects().read(t.Context(), f.key)
		if err != nil {
			t.Fatal(err)
		}
		if err := other.objects().put(t.Context(), f.key, content); err != nil {
			t.Fatal(err)
		}
	}
	return other
}

// keepingOne opens the bucket with the option of the folder's tests.
func (m inMemory) keepingOne(t *testing.T, around func(string, func() error) error) *bucketSink {
	t.Helper()
	s := m.open(leaseLife, around)
	s.keeping = folder("out").keepingOne(t).keeping
	return s
}

// wantDate fails unless a date is whole.
func (m inMemory) wantDate(t *testing.T, what, date string) {
	t.Helper()
	if _, err := m.open(leaseLife, nil).Check(context.Background(), date); err != nil {
		t.Errorf("%s: Check of %s: %v", what, date, err)
	}
}

// wantRemoved fails unless nothing is left of the expired dates but the entry that
// says so, and perhaps a lease that expires, and the others are whole.
func (m inMemory) wantRemoved(t *testing.T, what string) {
	t.Helper()
	found, err := m.objects().list(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, date := range expiredDates {
		left := slices.DeleteFunc(keysOf(found), func(key string) bool { return !strings.Contains(key, date) || key == leaseKey(date) })
		if len(left) != 1 || !strings.HasPrefix(left[0], logPrefix(date)) {
			t.Errorf("%s: left of %s: %v, want the entry of its removal", what, date, left)
		}
		if _, err := m.open(leaseLife, nil).Check(context.Background(), date); pipeline.ClassOf(err) != pipeline.ClassTemporary {
			t.Errorf("%s: Check of %s: got error %v, want one of class temporary", what, date, err)
		}
	}
	for _, date := range keptDates {
		m.wantDate(t, what, date)
	}
	if j, err := m.open(leaseLife, nil).Latest(context.Background()); err != nil || j.AsOf != asOf {
		t.Errorf("%s: Latest: %v, %v, want %s", what, j, err, asOf)
	}
}

func TestExpiredDatesOfABucketAreRemoved(t *testing.T) {
	m := datedBucket(t)
	if got, err := m.keepingOne(t, nil).Expired(t.Context(), asOf); err != nil || !slices.Equal(got, expiredDates) {
		t.Errorf("Expired: %v, %v, want %v", got, err, expiredDates)
	}
	removed, err := m.keepingOne(t, nil).RemoveExpired(t.Context(), asOf)
	if err != nil || !slices.Equal(removed, expiredDates) {
		t.Errorf("RemoveExpired: %v, %v, want %v", removed, err, expiredDates)
	}
	m.wantRemoved(t, "after the removal")
	if removed, err := m.keepingOne(t, nil).RemoveExpired(t.Context(), asOf); err != nil || len(removed) > 0 {
		t.Errorf("a second removal: %v, %v, want nothing", removed, err)
	}
	if err := runDate(t.Context(), m.open(leaseLife, nil), expiredDates[0], "again"); err != nil {
		t.Fatal(err)
	}
	m.wantDate(t, "published again", expiredDates[0])
}

func TestAHeldDateOfABucketIsNotRemoved(t *testing.T) {
	m := datedBucket(t)
	p, err := m.open(leaseLife, nil).Begin(t.Context(), pipeline.RunKey{Job: "shop", AsOf: expiredDates[0], RunID: "holder"})
	if err != nil {
		t.Fatal(err)
	}
	removed, err := m.keepingOne(t, nil).RemoveExpired(t.Context(), asOf)
	if err != nil || !slices.Equal(removed, expiredDates[1:]) {
		t.Errorf("RemoveExpired beside a run of %s: %v, %v, want %v", expiredDates[0], removed, err, expiredDates[1:])
	}
	if err := p.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.wantDate(t, "held", expiredDates[0])
}

func TestADateOfABucketWithAnUnknownFileIsKept(t *testing.T) {
	m := datedBucket(t)
	note := partitionKey("a", expiredDates[0]) + "note.txt"
	if err := m.objects().put(t.Context(), note, nil); err != nil {
		t.Fatal(err)
	}
	removed, err := m.keepingOne(t, nil).RemoveExpired(t.Context(), asOf)
	if err == nil || !strings.Contains(err.Error(), note) || !slices.Equal(removed, expiredDates[1:]) {
		t.Errorf("RemoveExpired: %v, %v, want %v and an error that names %s", removed, err, expiredDates[1:], note)
	}
	if err := m.objects().remove(t.Context(), note); err != nil {
		t.Fatal(err)
	}
	m.wantDate(t, "kept", expiredDates[0])
}

// By the journals a date is whole or gone after a fault at any request, and the
// next removal, or the next run of the date, completes.
func TestAFaultAtAnyRequestOfARemovalLeavesDatesWholeOrGone(t *testing.T) {
	t.Parallel()
	whole := datedBucket(t)
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			for k := 1; ; k++ {
				m := whole.clone(t)
				failed := ""
				_, err := m.keepingOne(t, f.at(k, &failed)).RemoveExpired(t.Context(), asOf)
				if failed == "" {
					if err != nil || k < 40 {
						t.Fatalf("a removal without a fault made %d requests, with the error %v; want at least 40, and none", k-1, err)
					}
					return
				}
				m.wantWholeOrGone(t, fmt.Sprintf("request %d (%s)", k, failed))
				if t.Failed() {
					return
				}
			}
		})
	}
}

func (m inMemory) wantWholeOrGone(t *testing.T, what string) {
	t.Helper()
	for _, date := range keptDates {
		m.wantDate(t, what, date)
	}
	for _, date := range expiredDates {
		_, err := m.open(leaseLife, nil).Check(context.Background(), date)
		if err != nil && pipeline.ClassOf(err) != pipeline.ClassTemporary {
			t.Errorf("%s: Check of %s: got error %v, want none or one of class temporary", what, date, err)
		}
		if j, _ := m.objects().journal(context.Background(), date); err != nil && j != nil {
			for path := range pathsOf(j) { // whose removal has not come to the journal yet
				if found, err := m.objects().look(context.Background(), path); err != nil || found == nil {
					t.Errorf("%s: the journal of %s names %s, which is gone", what, date, path)
				}
			}
		}
	}
	again, later := expiredDates[0], func() *bucketSink { return m.open(expired, nil) } // when leases have ended
	if err := runDate(t.Context(), later(), again, "again"); err != nil {
		t.Errorf("%s: a run of %s: %v", what, again, err)
	}
	if _, err := later().RemoveExpired(t.Context(), asOf); err != nil {
		t.Errorf("%s: the next removal: %v", what, err)
	}
	m.wantDate(t, what+", run again", again)
	last := m.keepingOne(t, nil)
	last.life = expired
	if _, err := last.RemoveExpired(t.Context(), asOf); err != nil {
		t.Errorf("%s: the last removal: %v", what, err)
	}
	m.wantRemoved(t, what+", at last")
}
