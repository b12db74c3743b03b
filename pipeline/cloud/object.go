package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"cloud.google.com/go/storage"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"gocloud.dev/blob"
)

// Object is one version of an object of a bucket.
type Object struct {
	Key     string
	Size    int64  // bytes, as stored
	Version string // what tells it from others of the same key: the generation of Google Cloud Storage, the ETag of S3

	generation int64 // of Google Cloud Storage; 0 in other stores
}

// ErrChanged says that a version of an object is not there any more: it has been
// replaced or deleted.
var ErrChanged = errors.New("the object has changed")

// Stat returns the current version of the object of a key.
func Stat(ctx context.Context, b *blob.Bucket, key string) (Object, error) {
	var attributes *blob.Attributes
	err := bounded(ctx, func(ctx context.Context) (err error) {
		attributes, err = b.Attributes(ctx, key)
		return err
	})
	if err != nil {
		return Object{}, err
	}
	o := Object{Key: key, Size: attributes.Size, Version: attributes.ETag}
	var gcs storage.ObjectAttrs
	if attributes.As(&gcs) {
		o.setGeneration(gcs.Generation)
	}
	return o, nil
}

// List returns the current versions of the objects whose keys begin with prefix,
// in the order of their keys. Where isFlat, those with a slash after it are left
// out, and so are everywhere those that end with one: some programs write them to
// stand for folders.
func List(ctx context.Context, b *blob.Bucket, prefix string, isFlat bool) ([]Object, error) {
	options := &blob.ListOptions{Prefix: prefix}
	if isFlat {
		options.Delimiter = "/"
	}
	var objects []Object
	for list := b.List(options); ; {
		item, err := next(ctx, list)
		switch {
		case err == io.EOF:
			return objects, nil
		case err != nil:
			return nil, err
		case !item.IsDir && !strings.HasSuffix(item.Key, "/"):
			objects = append(objects, listed(item))
		}
	}
}

// HasFolder reports whether keys begin with folder and a slash.
func HasFolder(ctx context.Context, b *blob.Bucket, folder string) (bool, error) {
	_, err := next(ctx, b.List(&blob.ListOptions{Prefix: folder + "/"}))
	if err == io.EOF {
		return false, nil
	}
	return err == nil, err
}

// next returns the next object of a list, for which there may be a request.
func next(ctx context.Context, list *blob.ListIterator) (item *blob.ListObject, err error) {
	err = bounded(ctx, func(ctx context.Context) (err error) {
		item, err = list.Next(ctx)
		return err
	})
	return item, err
}

// bounded makes one request, which counts as lost where there is no answer within
// stallTime: the clients wait without end.
func bounded(ctx context.Context, request func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, stallTime)
	defer cancel()
	err := request(limited)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return errStalled
	}
	return err
}

func listed(item *blob.ListObject) Object {
	o := Object{Key: item.Key, Size: item.Size}
	var gcs storage.ObjectAttrs
	var s3 types.Object
	switch {
	case item.As(&gcs):
		o.setGeneration(gcs.Generation)
	case item.As(&s3):
		o.Version = aws.ToString(s3.ETag)
	}
	return o
}

func (o *Object) setGeneration(generation int64) {
	o.generation, o.Version = generation, fmt.Sprint(generation)
}

// Read begins to read bytes of this version, at least one, from offset on. It
// fails with ErrChanged where it is not there any more. The body may end early
// with an error, or without one: who reads it counts. It tries once: see
// Patience.
func (o Object) Read(ctx context.Context, b *blob.Bucket, offset, length int64) (io.ReadCloser, error) {
	body, err := b.NewRangeReader(ctx, o.Key, offset, length, &blob.ReaderOptions{BeforeRead: o.pin})
	switch kind := KindOf(err); {
	case kind == Exists || kind == Missing:
		return nil, ErrChanged
	case err != nil:
		return nil, err
	}
	if err := o.check(body, offset, length); err != nil {
		body.Close()
		return nil, err
	}
	return body, nil
}

// pin asks for this version, as it is stored, and for no attempts but this one.
func (o Object) pin(as func(any) bool) error {
	var gcs **storage.ObjectHandle
	if as(&gcs) {
		*gcs = (*gcs).Generation(o.generation).ReadCompressed(true).Retryer(storage.WithPolicy(storage.RetryNever))
		return nil
	}
	var get *s3.GetObjectInput
	if as(&get) && o.Version != "" {
		get.IfMatch = &o.Version
	}
	var options *[]func(*s3.Options)
	if as(&options) {
		*options = append(*options, func(s *s3.Options) {
			s.Retryer = aws.NopRetryer{}
			s.DisableLogOutputChecksumValidationSkipped = true // a line on standard error for each range
		})
	}
	return nil
}

// check holds an answer against what was asked for: not every store that speaks
// the language of S3 knows ranges and conditions.
func (o Object) check(body *blob.Reader, offset, length int64) error {
	if body.Size() != o.Size {
		return ErrChanged
	}
	var got s3.GetObjectOutput
	if !body.As(&got) {
		return nil
	}
	if o.Version != "" && got.ETag != nil && *got.ETag != o.Version {
		return ErrChanged
	}
	if wanted := fmt.Sprintf("bytes %d-", offset); length < o.Size && !strings.HasPrefix(aws.ToString(got.ContentRange), wanted) {
		return errors.New("the store does not answer with the range asked for")
	}
	return nil
}
