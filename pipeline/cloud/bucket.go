package cloud

import (
	"context"
	"net/url"
	"path"
	"strings"

	"cloud.google.com/go/storage"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob"
	"gocloud.dev/blob/gcsblob"
	_ "gocloud.dev/blob/s3blob" // s3://
	"google.golang.org/api/option"

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
	if strings.Contains(bucket, "@") { // said without it: it may be a password
		return Location{}, pipeline.Errorf(pipeline.ClassUsage, "", "leave out what stands before the @: credentials are those of the platform", "a bucket has no user and no password")
	}
	if _, err := url.ParseQuery(query); !ok || !IsLocation(place) || bucket == "" || err != nil || path.Clean("/"+key) != "/"+key {
		return Location{}, pipeline.Errorf(pipeline.ClassUsage, "", "write it as gs://bucket/folder or s3://bucket/folder", "%q is no place in an object store", withoutOptions(place))
	}
	l := Location{Bucket: scheme + "://" + bucket, Key: key}
	if hasQuery {
		l.Bucket += "?" + query
	}
	return l, nil
}

// OpenBucket opens a bucket, with the platform's credentials. It asks the
// service nothing yet, so that a wrong name shows only with the first use. It
// fails with ClassPermission where there are no credentials, and with ClassUsage
// where an option of the store is none.
//
// STORAGE_EMULATOR_HOST and AWS_ENDPOINT_URL name other services than the public
// ones, as all programs of the platforms have it.
func OpenBucket(ctx context.Context, bucket string) (*blob.Bucket, error) {
	if strings.HasPrefix(bucket, gcsblob.Scheme+"://") {
		return openGCS(ctx, bucket)
	}
	return openS3(ctx, bucket)
}

// openGCS makes the client itself: the library would print a warning where there
// are no credentials, and go on without.
func openGCS(ctx context.Context, bucket string) (*blob.Bucket, error) {
	u, err := url.Parse(bucket)
	if err != nil {
		return nil, wrongOption(bucket, err)
	}
	var options []option.ClientOption
	for name, values := range u.Query() {
		if name != "anonymous" || values[0] != "true" {
			return nil, pipeline.Errorf(pipeline.ClassUsage, withoutOptions(bucket), "gs:// has only anonymous=true, for public buckets", "%s is no option of the store, or has a value it does not take", name)
		}
		options = append(options, option.WithoutAuthentication())
	}
	client, err := storage.NewClient(ctx, options...)
	if err != nil {
		return nil, pipeline.Errorf(pipeline.ClassPermission, withoutOptions(bucket), "give the platform's identity a role, or run gcloud auth application-default login on a desk",
			"no credentials for Google Cloud Storage: %w", err)
	}
	client.SetRetry(storage.WithMaxAttempts(clientAttempts))
	return gcsblob.OpenBucket(ctx, nil, u.Host, &gcsblob.Options{Client: client})
}

// clientAttempts is how often a client of Google Cloud Storage tries by itself,
// which without a limit is for ever.
const clientAttempts = 4

func openS3(ctx context.Context, bucket string) (*blob.Bucket, error) {
	b, err := blob.OpenBucket(ctx, bucket)
	if err != nil {
		return nil, wrongOption(bucket, err)
	}
	var client *s3.Client
	if !b.As(&client) {
		return b, nil
	}
	if err := checkS3(ctx, withoutOptions(bucket), client.Options()); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// checkS3 asks for what the client would miss at its first request, and say in
// words that no program can tell from other errors.
func checkS3(ctx context.Context, bucket string, o s3.Options) error {
	if o.Region == "" {
		return pipeline.Errorf(pipeline.ClassUsage, bucket, "set AWS_REGION, or write s3://bucket/…?region=eu-west-1", "nothing says in which region the bucket is")
	}
	if o.Credentials == nil { // nobody is to be authenticated
		return nil
	}
	_, err := o.Credentials.Retrieve(ctx)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return pipeline.Errorf(pipeline.ClassPermission, bucket, "give the platform's identity a role, or run aws configure on a desk; for a public bucket write ?anonymous=true after the place", "no credentials for S3: %s", Reason(err))
	}
	return nil
}

// wrongOption says the innermost of what the library says: around it stand all
// options, and an endpoint may have a password in it.
func wrongOption(bucket string, err error) error {
	return pipeline.Errorf(pipeline.ClassUsage, withoutOptions(bucket), "check the name of the bucket and what follows the question mark", "cannot open the bucket: %s", Reason(err))
}

// withoutOptions is a bucket as an error names it.
func withoutOptions(bucket string) string {
	before, _, _ := strings.Cut(bucket, "?")
	return before
}
