package services

import (
	"testing"

	"github.com/perennial-clv/perennial/pipeline/cloud"
)

func TestObjectStoresKeepWhatIsWritten(t *testing.T) {
	stores := ObjectStores(t)
	stores.Setenv(t)
	for _, scheme := range []string{"gs", "s3"} {
		bucket, err := cloud.OpenBucket(t.Context(), stores.NewBucket(t, scheme))
		if err != nil {
			t.Fatal(err)
		}
		defer bucket.Close()
		if err := bucket.WriteAll(t.Context(), "a/b c.txt", []byte("text"), nil); err != nil {
			t.Fatalf("%s: %v", scheme, err)
		}
		if got, err := bucket.ReadAll(t.Context(), "a/b c.txt"); string(got) != "text" {
			t.Errorf("%s: got %q, %v; want what was written", scheme, got, err)
		}
	}
}

func TestEachBucketIsNew(t *testing.T) {
	stores := ObjectStores(t)
	if a, b := stores.NewBucket(t, "gs"), stores.NewBucket(t, "gs"); a == b {
		t.Errorf("two buckets are both %s", a)
	}
}
