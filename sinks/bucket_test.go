package sinks

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
	"github.com/perennial-clv/perennial/pipeline/conformance"
	"github.com/perennial-clv/perennial/pipeline/conformance/services"
)

// bucket is a place in an object store under test.
type bucket string

func TestBucketConformance(t *testing.T) {
	stores := services.ObjectStores(t)
	stores.Setenv(t)
	for _, scheme := range []string{"gs", "s3"} {
		t.Run(scheme, func(t *testing.T) {
			conformance.TestSink(t, func(t *testing.T) conformance.Place {
				return bucket(stores.NewBucket(t, scheme) + "/shop/tables" + options(scheme))
			})
		})
	}
}

// options are what the S3 under test needs: it has no names of buckets in DNS.
func options(scheme string) string {
	if scheme == "s3" {
		return "?use_path_style=true"
	}
	return ""
}

func (b bucket) open(t *testing.T) *bucketSink {
	t.Helper()
	s, err := NewParquet(Parquet{Path: string(b)})
	if err != nil {
		t.Fatalf("NewParquet(%s): %v", b, err)
	}
	return s.(*bucketSink)
}

// Open opens the place.
func (b bucket) Open(t *testing.T) pipeline.Sink { return b.open(t) }

func (b bucket) objects(t *testing.T) *objects {
	t.Helper()
	o, err := b.open(t).objects(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// Staged returns what stands under _staging, unfinished uploads too.
func (b bucket) Staged(t *testing.T) []string {
	t.Helper()
	o := b.objects(t)
	keys := b.keys(t, stagingDir+"/")
	err := cloud.AbortUploads(t.Context(), o.bucket, o.location, o.key(""), func(key string) bool {
		keys = append(keys, key+" (unfinished)")
		return false
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func (b bucket) keys(t *testing.T, prefix string) []string {
	t.Helper()
	found, err := b.objects(t).list(context.Background(), prefix)
	if err != nil {
		t.Fatal(err)
	}
	return keysOf(found)
}

func keysOf(found []object) []string {
	keys := make([]string, len(found))
	for i, f := range found {
		keys[i] = f.key
	}
	return keys
}

// Rows reads what a pattern on the partition finds, in the order of the names.
func (b bucket) Rows(t *testing.T, table, asOf string) []string {
	t.Helper()
	return rowsIn(t, b.objects(t), partitionKey(table, asOf))
}

func rowsIn(t *testing.T, o *objects, prefix string) []string {
	t.Helper()
	found, err := o.list(context.Background(), prefix)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		return nil
	}
	rows := []string{}
	for _, f := range found {
		content, _, err := o.read(context.Background(), f.key)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "part")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, readRows(t, path)...)
	}
	return rows
}

// The same rows have the same names and bytes in a folder and in a bucket: the
// receipts, with the checksums of the files, are equal.
func TestABucketHasTheFilesOfAFolder(t *testing.T) {
	stores := services.ObjectStores(t)
	stores.Setenv(t)
	disk := folder(filepath.Join(t.TempDir(), "out")).open(t)
	disk.cut = cut{groupRows: 10, partGroups: 3}
	runOnce(t, disk, "r1", map[string]int{"a": 65, "b": 0})
	want, err := disk.Check(t.Context(), asOf)
	if err != nil {
		t.Fatal(err)
	}
	for _, scheme := range []string{"gs", "s3"} {
		b := bucket(stores.NewBucket(t, scheme) + options(scheme))
		s := b.open(t)
		s.cut = disk.cut
		runOnce(t, s, "r1", map[string]int{"a": 65, "b": 0})
		got, err := s.Check(t.Context(), asOf)
		if err != nil {
			t.Fatal(err)
		}
		if string(asJSON(got)) != string(asJSON(want)) {
			t.Errorf("%s: the journal is\n%s\nwant\n%s", scheme, asJSON(got), asJSON(want))
		}
		keys := slices.DeleteFunc(b.keys(t, ""), func(key string) bool { return strings.HasPrefix(key, "a/") || strings.HasPrefix(key, "b/") })
		layout := []string{"_runs/" + asOf + ".json", "_runs/" + asOf + "/1.json", "_runs/latest.json"}
		if !slices.Equal(keys, layout) {
			t.Errorf("%s: beside the tables there is %v, want %v", scheme, keys, layout)
		}
	}
}
