package cloud

import (
	"context"
	"net/url"
	"path"
	"strings"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/gcsblob" // gs://
	_ "gocloud.dev/blob/s3blob"  // s3://

	"github.com/perennial-clv/perennial/pipeline"
)

// Location is a place in an object store: a bucket and what names of objects in
// it begin with or match.
type Location struct {
	Bucket string // as gs://bucket or s3://bucket?region=eu-west-1, what OpenBucket takes
	Key    string // without a slash at its beginning or end; "" is the whole bucket
}

// IsLocation reports whether a path of the job file is in an object store.
func IsLocation(place string) bool {
	return strings.HasPrefix(place, "gs://") || strings.HasPrefix(place, "s3://")
}

// ParseLocation splits gs://bucket/key or s3://bucket/key?region=…&endpoint=…
// into bucket and key. What follows a question mark are options of the store,
// as gocloud.dev/blob names them. It fails with ClassUsage.
func ParseLocation(place string) (Location, error) {
	before, query, hasQuery := strings.Cut(place, "?")
	scheme, rest, ok := strings.Cut(before, "://")
	bucket, key, _ := strings.Cut(rest, "/")
	key = strings.Trim(key, "/")
	if _, err := url.ParseQuery(query); !ok || !IsLocation(place) || bucket == "" || err != nil || path.Clean("/"+key) != "/"+key {
		return Location{}, pipeline.Errorf(pipeline.ClassUsage, "", "write it as gs://bucket/folder or s3://bucket/folder", "%q is no place in an object store", place)
	}
	l := Location{Bucket: scheme + "://" + bucket, Key: key}
	if hasQuery {
		l.Bucket += "?" + query
	}
	return l, nil
}

// OpenBucket opens a bucket, with the platform's credentials. It may not ask the
// service anything yet, so that a wrong name shows only with the first use.
func OpenBucket(ctx context.Context, bucket string) (*blob.Bucket, error) {
	b, err := blob.OpenBucket(ctx, bucket)
	if err != nil {
		return nil, pipeline.Errorf(KindOf(err).Class(pipeline.ClassPermission), bucket, "check the name, and the credentials of the platform", "cannot open the bucket: %w", err)
	}
	return b, nil
}
