package sinks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gocloud.dev/blob/memblob"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/conformance"
	"github.com/perennial-clv/perennial/pipeline/conformance/services"
)

// onStores runs a test on a new place of each object store.
func onStores(t *testing.T, test func(t *testing.T, b bucket)) {
	stores := services.ObjectStores(t)
	stores.Setenv(t)
	for _, scheme := range []string{"gs", "s3"} {
		t.Run(scheme, func(t *testing.T) { test(t, bucket(stores.NewBucket(t, scheme)+"/out"+options(scheme))) })
	}
}

// A store that encrypts, and one that took an object in pieces, has no MD5 of it.
func TestBucketConformanceWithoutMD5(t *testing.T) {
	conformance.TestSink(t, func(t *testing.T) conformance.Place {
		return inMemory{memblob.OpenBucket(&memblob.Options{NoMD5: true})}
	})
}

// Open opens the bucket.
func (m inMemory) Open(*testing.T) pipeline.Sink { return m.open(leaseLife, nil) }

// Rows reads what a pattern on the partition finds.
func (m inMemory) Rows(t *testing.T, table, asOf string) []string {
	return rowsIn(t, m.objects(), partitionKey(table, asOf))
}

// Staged returns what stands under _staging.
func (m inMemory) Staged(t *testing.T) []string {
	t.Helper()
	found, err := m.objects().list(context.Background(), stagingDir+"/")
	if err != nil {
		t.Fatal(err)
	}
	return keysOf(found)
}

func TestCheckOfABucketTellsDamage(t *testing.T) {
	onStores(t, func(t *testing.T, b bucket) {
		ctx, o := t.Context(), b.objects(t)
		runOnce(t, b.open(t), "r0", oldTables)
		for i, c := range []struct {
			name, says string
			damage     func(part string, content []byte) error
		}{
			{"missing", "is missing", func(part string, _ []byte) error { return o.remove(ctx, part) }},
			{"cut", "another size", func(part string, content []byte) error { return o.put(ctx, part, content[:10]) }},
			{"changed", "another checksum", func(part string, content []byte) error {
				content[len(content)/2] ^= 1
				return o.put(ctx, part, content)
			}},
			{"added", "is not in the journal", func(part string, content []byte) error { return o.put(ctx, part+".parquet", content) }},
		} {
			j, err := b.open(t).Check(ctx, asOf)
			if err != nil {
				t.Fatalf("before %s: %v", c.name, err)
			}
			part := j.Tables[1].Files[0].Path
			content, _, err := o.read(ctx, part)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.damage(part, content); err != nil {
				t.Fatal(err)
			}
			_, err = b.open(t).Check(ctx, asOf)
			if pipeline.ClassOf(err) != pipeline.ClassQuality || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "part-00000") {
				t.Errorf("%s: got error %v, want one of class quality that names the part and says %q", c.name, err, c.says)
			}
			// The hint is to run the date again, here with the very same rows.
			runOnce(t, b.open(t), fmt.Sprint("r", i+1), oldTables)
			if j, err := b.open(t).Check(ctx, asOf); err != nil || j.RunID != fmt.Sprint("r", i+1) {
				t.Errorf("%s, run again: %v", c.name, err)
			}
		}
	})
}

// A part is compared with what was written before readers see it: the store has
// changed it here.
func TestAStagedPartThatChangedIsNotPublished(t *testing.T) {
	m := newInMemory()
	runOnce(t, m.open(leaseLife, nil), "old", oldTables)
	s := m.open(leaseLife, func(call string, do func() error) error {
		part, isCopy := strings.CutPrefix(call, "copy a/")
		err := do()
		if isCopy {
			err = m.objects().put(context.Background(), "a/"+part, make([]byte, 824)) // as long as the part
		}
		return err
	})
	if err := tryRun(t.Context(), s, "new", newTables); pipeline.ClassOf(err) != pipeline.ClassTemporary {
		t.Errorf("got error %v, want one of class temporary", err)
	}
	m.wantPublished(t, "after it", "old")
}

// Google Cloud Storage forgets pieces by itself.
func TestAnUploadToS3ThatIsCutShortLeavesNoPieces(t *testing.T) {
	stores := services.ObjectStores(t)
	stores.Setenv(t)
	b := bucket(stores.NewBucket(t, "s3") + "/out" + options("s3"))
	ctx, o := t.Context(), b.objects(t)
	cutShort := func(runID string) {
		u, err := o.create(ctx, stagedPart(pipeline.RunKey{RunID: runID, AsOf: asOf}, "a", 0))
		if err != nil {
			t.Fatal(err)
		}
		for range 4 { // as many as S3 takes one by one
			if _, err := u.Write(make([]byte, uploadPiece)); err != nil {
				t.Fatal(err)
			}
		}
		u.abandon()
	}
	cutShort("lives")
	if err := o.removeAll(ctx, stagingDir+"/lives/"); err != nil {
		t.Fatal(err)
	}
	if left := b.Staged(t); len(left) > 0 {
		t.Errorf("a failed upload has left %v", left)
	}
	cutShort("killed") // and does no more
	runOnce(t, b.open(t), "next", newTables)
	if left := b.Staged(t); len(left) > 0 {
		t.Errorf("the next run has left %v", left)
	}
}

func TestProbeOfABucketLeavesNothing(t *testing.T) {
	onStores(t, func(t *testing.T, b bucket) {
		for _, isNew := range []bool{true, false} {
			before := b.keys(t, "")
			p, err := b.open(t).Probe(t.Context())
			if err != nil || p.IsNew != isNew || p.Free != -1 || strings.Contains(p.Place, "?") {
				t.Errorf("got %+v, %v; want new %v, no figure of free space, and a place without options", p, err, isNew)
			}
			if after := b.keys(t, ""); !slices.Equal(before, after) {
				t.Errorf("before the probe there was %v, after it %v", before, after)
			}
			runOnce(t, b.open(t), fmt.Sprint("r", isNew), newTables)
		}
	})
}

func TestProbeRefusesAStoreWithoutConditions(t *testing.T) {
	m := newInMemory()
	s := m.open(leaseLife, func(call string, do func() error) error {
		key, isNew := strings.CutPrefix(call, "put new ")
		if isNew { // as a store does that does not know the header
			return m.objects().put(context.Background(), key, []byte("second\n"))
		}
		return do()
	})
	if _, err := s.Probe(t.Context()); pipeline.ClassOf(err) != pipeline.ClassUsage || !strings.Contains(pipeline.HintOf(err), "If-None-Match") {
		t.Errorf("got error %v with hint %q, want one of class usage that names the header", err, pipeline.HintOf(err))
	}
	if left := m.Staged(t); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestAMissingBucketIsAUsageError(t *testing.T) {
	stores := services.ObjectStores(t)
	stores.Setenv(t)
	for _, scheme := range []string{"gs", "s3"} {
		b := bucket(scheme + "://nosuch/out" + options(scheme))
		for name, try := range map[string]func(*bucketSink) error{
			"Begin": func(s *bucketSink) error {
				_, err := s.Begin(t.Context(), pipeline.RunKey{Job: "shop", AsOf: asOf, RunID: "r1"})
				return err
			},
			"Probe": func(s *bucketSink) error { _, err := s.Probe(t.Context()); return err },
		} {
			if err := try(b.open(t)); pipeline.ClassOf(err) != pipeline.ClassUsage || strings.Contains(err.Error(), "?") {
				t.Errorf("%s %s: got error %v, want one of class usage, without the options of the place", scheme, name, err)
			}
		}
	}
}

func TestQuarantineOfABucketIsReplacedAtOnce(t *testing.T) {
	onStores(t, func(t *testing.T, b bucket) {
		s := b.open(t)
		p, err := s.Begin(t.Context(), pipeline.RunKey{Job: "shop", AsOf: asOf, RunID: "r1"})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{3, 5, 0, 0, 2} {
			d := ledgerOf("quarantine")
			r := d.Record(make([]cents, n))
			if err := s.Keep(t.Context(), asOf, d.Schema(), r); err != nil {
				t.Fatalf("Keep of %d rows: %v", n, err)
			}
			r.Release()
			parts := b.keys(t, quarantineDir)
			if got := len(rowsIn(t, b.objects(t), quarantineDir)); got != n || len(parts) > 1 {
				t.Errorf("after Keep of %d rows the quarantine has %d rows in %v", n, got, parts)
			}
		}
		if err := p.Discard(t.Context()); err != nil {
			t.Error(err)
		}
		if left := b.Staged(t); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

// What a local disk has published can be copied into a bucket and goes on there.
func TestAFolderThatWasCopiedGoesOn(t *testing.T) {
	m := newInMemory()
	runOnce(t, m.open(leaseLife, nil), "old", oldTables)
	if err := m.objects().remove(t.Context(), entryKey(asOf, 1)); err != nil { // as if it had been copied: without a log
		t.Fatal(err)
	}
	m.wantPublished(t, "copied", "old")
	runOnce(t, m.open(leaseLife, nil), "new", newTables)
	m.wantPublished(t, "run", "new")
}

func TestALeaseIsRenewedByStagedParts(t *testing.T) {
	m := newInMemory()
	s := m.open(leaseLife, nil)
	p, err := s.Begin(t.Context(), pipeline.RunKey{Job: "shop", AsOf: asOf, RunID: "r1"})
	if err != nil {
		t.Fatal(err)
	}
	l := p.(*bucketPublication).lease
	written := l.at
	if l.at = written.Add(-leaseLife / 2); l.renew(t.Context(), written) != nil || !l.at.Equal(written) {
		t.Errorf("after half its life the lease was not renewed")
	}
	if _, at, err := l.holder(t.Context()); err != nil || !at.After(written) {
		t.Errorf("the lease in the store was written at %v, as before: %v", at, err)
	}
	if err := l.renew(t.Context(), l.at.Add(leaseLife/8)); err != nil || !l.at.Equal(written) {
		t.Errorf("soon after it the lease was renewed again, at %v: %v", l.at, err)
	}
	if err := p.Discard(t.Context()); err != nil {
		t.Error(err)
	}
}
