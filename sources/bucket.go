package sources

import (
	"context"
	"errors"
	"path"
	"strings"

	"gocloud.dev/blob"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
)

// object is a file in an object store: one version of it, so that a file that is
// replaced while it is read is an error and never a mixture.
type object struct {
	bucket   *blob.Bucket
	version  cloud.Object
	patience cloud.Patience
}

// buckets opens each bucket of a source once.
type buckets struct {
	patience cloud.Patience
	opened   map[string]*blob.Bucket
}

func (b *buckets) open(ctx context.Context, bucket string) (*blob.Bucket, error) {
	if opened, ok := b.opened[bucket]; ok {
		return opened, nil
	}
	opened, err := cloud.OpenBucket(ctx, bucket)
	if err != nil {
		return nil, err
	}
	if b.opened == nil {
		b.opened = map[string]*blob.Bucket{}
	}
	b.opened[bucket] = opened
	return opened, nil
}

// list returns the objects that a path stands for, as the files of a disk: one
// that exists is itself, even with characters in it that would make it a pattern.
func (b *buckets) list(ctx context.Context, place, extension string) ([]dataFile, error) {
	at, err := cloud.ParseLocation(place)
	if err != nil {
		return nil, err
	}
	bucket, err := b.open(ctx, at.Bucket)
	if err != nil {
		return nil, err
	}
	p := prefix{buckets: b, bucket: bucket, name: unoptioned(at.Bucket) + "/", place: unoptioned(place), extension: extension}
	switch {
	case at.Key == "":
		return nil, p.folder(p.name)
	case strings.ContainsAny(at.Key, "*?["):
		return p.match(ctx, at.Key)
	default:
		return p.one(ctx, at.Key)
	}
}

// prefix is where the objects of one path are looked for.
type prefix struct {
	*buckets
	bucket    *blob.Bucket
	name      string // of the bucket, with a slash after it
	place     string // the path as written, without options
	extension string
}

func (p prefix) file(o cloud.Object) dataFile {
	return dataFile{path: p.name + o.Key, size: o.Size, object: &object{bucket: p.bucket, version: o, patience: p.patience}}
}

// one returns the object of a key.
func (p prefix) one(ctx context.Context, key string) ([]dataFile, error) {
	var found cloud.Object
	err := p.patience.Retry(ctx, func() (err error) {
		found, err = cloud.Stat(ctx, p.bucket, key)
		return err
	})
	if cloud.KindOf(err) == cloud.Missing {
		if isFolder, _ := cloud.HasFolder(ctx, p.bucket, key); isFolder { // else the first error says more
			return nil, p.folder(p.place)
		}
	}
	if err != nil {
		return nil, objectError(p.place, err)
	}
	return []dataFile{p.file(found)}, nil
}

func (p prefix) folder(place string) error {
	return pipeline.Errorf(pipeline.ClassSource, place, "name its files: "+strings.TrimSuffix(place, "/")+"/*"+p.extension, "this is a folder, not a file")
}

// match returns the objects whose keys match a pattern. Only those that begin
// with what stands before its first special character are listed.
func (p prefix) match(ctx context.Context, pattern string) ([]dataFile, error) {
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, pipeline.Errorf(pipeline.ClassUsage, p.place, "a [ needs its ]; write \\[ for the character itself", "%w", err)
	}
	fixed := pattern[:strings.IndexAny(pattern, `*?[\`)]
	isFlat := !strings.Contains(pattern[len(fixed):], "/")
	var listed []cloud.Object
	err := p.patience.Retry(ctx, func() (err error) {
		listed, err = cloud.List(ctx, p.bucket, fixed, isFlat)
		return err
	})
	if err != nil {
		return nil, objectError(p.place, err)
	}
	var files []dataFile
	for _, o := range listed {
		if o.Key == pattern {
			return []dataFile{p.file(o)}, nil
		}
		if ok, _ := path.Match(pattern, o.Key); ok {
			files = append(files, p.file(o))
		}
	}
	if len(files) == 0 {
		return nil, pipeline.Errorf(pipeline.ClassSource, p.place, "check the bucket and the pattern, in which * stands for no slash", "no object matches")
	}
	return files, nil
}

// unoptioned is a place without the options after it, as errors and descriptions
// name it.
func unoptioned(place string) string {
	before, _, _ := strings.Cut(place, "?")
	return before
}

// objectError gives an error of an object store its class.
func objectError(place string, err error) error {
	kind := cloud.KindOf(err)
	switch {
	case kind == cloud.Ended:
		return err
	case errors.Is(err, cloud.ErrChanged):
		return pipeline.Errorf(pipeline.ClassTemporary, place, "run again when nothing writes to it", "the object has changed while it was read")
	case kind == cloud.Denied && strings.HasPrefix(place, "s3://"):
		return pipeline.Errorf(pipeline.ClassPermission, place, "allow the job's identity s3:GetObject on the objects and s3:ListBucket on the bucket", "reading is not permitted: %s", cloud.Reason(err))
	case kind == cloud.Denied:
		return pipeline.Errorf(pipeline.ClassPermission, place, "grant the job's identity roles/storage.objectViewer on the bucket", "reading is not permitted: %s", cloud.Reason(err))
	case kind == cloud.Missing:
		return pipeline.Errorf(pipeline.ClassSource, place, "check the names of bucket and object", "there is no such object, or no such bucket")
	case kind == cloud.Unavailable:
		return pipeline.Errorf(pipeline.ClassTemporary, place, "run it again; if that does not help check the network, and STORAGE_EMULATOR_HOST or AWS_ENDPOINT_URL if they are set", "the object store cannot be reached: %s", cloud.Reason(err))
	default:
		return pipeline.Errorf(pipeline.ClassSource, place, "check the bucket, its region and the options of the place", "the object store refuses: %s", cloud.Reason(err))
	}
}
