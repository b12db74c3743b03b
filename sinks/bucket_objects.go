package sinks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"gocloud.dev/blob"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
)

// How long one attempt at a request may take before it counts as lost; all
// attempts together may take so many times that, waits included. A part is at most
// some hundred megabytes; the store copies it by itself.
const (
	requestTime = time.Minute
	partTime    = 5 * time.Minute
	timesInAll  = 3
)

// objects makes every request to the store, so that each is bounded in time and
// in number of attempts, each error has its class, and a test can cut a run short
// before or after any of them. Keys are relative to the sink's place.
type objects struct {
	bucket   *blob.Bucket
	location cloud.Location
	patience cloud.Patience
	around   func(call string, do func() error) error // for tests: does do, or fails before or after it; nil only does it
}

// key returns the store's name of a key.
func (o *objects) key(key string) string {
	if o.location.Key == "" {
		return key
	}
	return o.location.Key + "/" + key
}

// relative is the inverse of key.
func (o *objects) relative(key string) string { return key[len(o.key("")):] }

// name returns what a person calls a key, without the store's options.
func (o *objects) name(key string) string { return placeOf(o.location) + "/" + key }

// do makes one request, again as long as the store refuses it for now. The store's
// client also tries again by itself, so that the attempts do not bound the time.
func (o *objects) do(ctx context.Context, call, key string, limit time.Duration, request func(context.Context) error) error {
	all, stop := context.WithTimeout(ctx, timesInAll*limit)
	defer stop()
	var last error
	err := o.patience.Retry(all, func() error {
		bounded, cancel := context.WithTimeout(all, limit)
		defer cancel()
		last = o.step(call, key, func() error { return request(bounded) })
		if last != nil && bounded.Err() != nil {
			last = fmt.Errorf("no answer within %s: %w", limit, os.ErrDeadlineExceeded)
		}
		return last
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil && all.Err() != nil:
		err = last
	}
	return o.classed(key, err)
}

func (o *objects) step(call, key string, do func() error) error {
	if o.around == nil {
		return do()
	}
	return o.around(call+" "+key, do)
}

// read returns what a small object holds and when it was written, by the store's
// clock; a zero time if there is no such object.
func (o *objects) read(ctx context.Context, key string) (content []byte, at time.Time, err error) {
	err = o.do(ctx, "read", key, requestTime, func(ctx context.Context) error {
		r, err := o.bucket.NewReader(ctx, o.key(key), nil)
		if err != nil {
			return unlessMissing(err)
		}
		defer r.Close()
		at = r.ModTime()
		content, err = io.ReadAll(r)
		return err
	})
	return content, at, err
}

func unlessMissing(err error) error {
	if cloud.KindOf(err) == cloud.Missing {
		return nil
	}
	return err
}

// put writes a small object, whatever was there.
func (o *objects) put(ctx context.Context, key string, content []byte) error {
	return o.do(ctx, "put", key, requestTime, func(ctx context.Context) error {
		return o.bucket.WriteAll(ctx, o.key(key), content, &blob.WriterOptions{ContentType: jsonType})
	})
}

// putNew writes a small object if there is none of that name, and reports whether
// what is there is ours: content must be no other writer's. An answer that was
// lost is recognised by that. S3 refuses also while another such request is under
// way, with nothing there yet; then it is tried again.
func (o *objects) putNew(ctx context.Context, key string, content []byte) (isOurs bool, err error) {
	for failed := 0; ; failed++ {
		err = o.do(ctx, "put new", key, requestTime, func(ctx context.Context) error {
			return o.bucket.WriteAll(ctx, o.key(key), content, &blob.WriterOptions{ContentType: jsonType, IfNotExist: true})
		})
		if err == nil {
			return true, nil
		}
		if cloud.KindOf(err) != cloud.Exists {
			return false, err
		}
		there, at, readErr := o.read(ctx, key)
		if readErr != nil || !at.IsZero() {
			return string(there) == string(content), readErr
		}
		const most = 3
		if failed == most {
			return false, err
		}
		if err := o.patience.Wait(ctx, failed, err); err != nil {
			return false, err
		}
	}
}

// Content types, so that the library need not guess.
const (
	jsonType    = "application/json"
	parquetType = "application/vnd.apache.parquet"
)

// object is what the store says of an object.
type object struct {
	key   string
	bytes int64
	md5   []byte // nil if the store has none
	at    time.Time
}

// look returns what the store says of an object, nil if there is none.
func (o *objects) look(ctx context.Context, key string) (found *object, err error) {
	err = o.do(ctx, "look at", key, requestTime, func(ctx context.Context) error {
		a, err := o.bucket.Attributes(ctx, o.key(key))
		if err != nil {
			return unlessMissing(err)
		}
		found = &object{key, a.Size, a.MD5, a.ModTime}
		return nil
	})
	return found, err
}

// list returns the objects whose key begins with prefix, in order of their keys.
func (o *objects) list(ctx context.Context, prefix string) ([]object, error) {
	var found []object
	err := o.each(ctx, prefix, "", func(l *blob.ListObject) {
		found = append(found, object{o.relative(l.Key), l.Size, l.MD5, l.ModTime})
	})
	return found, err
}

// names returns the keys of the objects in a folder, without those of folders in it.
func (o *objects) names(ctx context.Context, folder string) ([]string, error) {
	var found []string
	err := o.each(ctx, folder, "/", func(l *blob.ListObject) {
		if !l.IsDir {
			found = append(found, o.relative(l.Key))
		}
	})
	return found, err
}

func (o *objects) each(ctx context.Context, prefix, delimiter string, visit func(*blob.ListObject)) error {
	const most = 1000 // as many as the stores give at once
	options := &blob.ListOptions{Prefix: o.key(prefix), Delimiter: delimiter}
	for token := blob.FirstPageToken; token != nil; {
		var page []*blob.ListObject
		var next []byte
		err := o.do(ctx, "list", prefix, requestTime, func(ctx context.Context) (err error) {
			page, next, err = o.bucket.ListPage(ctx, token, most, options)
			return err
		})
		if err != nil {
			return err
		}
		for _, l := range page {
			visit(l)
		}
		if token = next; len(token) == 0 {
			token = nil
		}
	}
	return nil
}

// copy copies an object inside the store.
func (o *objects) copy(ctx context.Context, to, from string) error {
	return o.do(ctx, "copy", to, partTime, func(ctx context.Context) error {
		return o.bucket.Copy(ctx, o.key(to), o.key(from), nil)
	})
}

// remove deletes an object, if it is there.
func (o *objects) remove(ctx context.Context, key string) error {
	return o.do(ctx, "remove", key, requestTime, func(ctx context.Context) error {
		return unlessMissing(o.bucket.Delete(ctx, o.key(key)))
	})
}

// removeAll deletes the objects whose key begins with prefix, and gives up
// uploads there that were never finished.
func (o *objects) removeAll(ctx context.Context, prefix string) error {
	found, err := o.list(ctx, prefix)
	if err != nil {
		return err
	}
	for _, f := range found {
		if err := o.remove(ctx, f.key); err != nil {
			return err
		}
	}
	return o.abortUploads(ctx, prefix, func(string) bool { return true })
}

// abortUploads gives up unfinished uploads. Who may not list them must let the
// bucket's lifecycle rule do it: nobody sees them, so that is no failure.
func (o *objects) abortUploads(ctx context.Context, prefix string, isLeft func(key string) bool) error {
	err := o.do(ctx, "abort uploads", prefix, requestTime, func(ctx context.Context) error {
		return cloud.AbortUploads(ctx, o.bucket, o.location, o.key(prefix), func(key string) bool { return isLeft(o.relative(key)) })
	})
	if pipeline.ClassOf(err) == pipeline.ClassTemporary {
		return err
	}
	return nil
}

// hash returns the checksum of a stored object by reading it.
func (o *objects) hash(ctx context.Context, key string) (sum string, err error) {
	err = o.do(ctx, "read", key, partTime, func(ctx context.Context) error {
		r, err := o.bucket.NewReader(ctx, o.key(key), nil)
		if err != nil {
			return err
		}
		defer r.Close()
		h := sha256.New()
		_, err = io.Copy(h, r)
		sum = hex.EncodeToString(h.Sum(nil))
		return err
	})
	return sum, err
}

// readJSON reads what a small object says into v, and reports whether there is one.
func (o *objects) readJSON(ctx context.Context, key string, v any) (isThere bool, err error) {
	content, at, err := o.read(ctx, key)
	if err != nil || at.IsZero() {
		return false, err
	}
	if err := json.Unmarshal(content, v); err != nil {
		return false, unreadable(o.name(key), err)
	}
	return true, nil
}

// classed gives an error of the store its class and its place. An error that has
// one, and a context's, stay as they are.
func (o *objects) classed(key string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*pipeline.Error](err); ok {
		return err
	}
	e := &pipeline.Error{Class: pipeline.ClassTemporary, Place: o.name(key), Hint: "run it again", Err: err}
	switch cloud.KindOf(err) {
	case cloud.Ended:
		return err
	case cloud.Denied:
		e.Class, e.Hint, e.Message = pipeline.ClassPermission, permissions(o.location), "publishing is not permitted: "
	case cloud.Missing:
		e.Class, e.Hint, e.Message = pipeline.ClassUsage, "make the bucket, or correct sink.parquet.path", "no such bucket, or the object is gone: "
	case cloud.Invalid:
		e.Class, e.Hint, e.Message = pipeline.ClassUsage, "check sink.parquet.path and the options after its question mark", "the object store refuses: "
	case cloud.Unavailable:
		e.Hint, e.Message = "run it again; if that does not help check the network, and STORAGE_EMULATOR_HOST or AWS_ENDPOINT_URL if they are set", "the object store cannot be reached: "
	}
	e.Message += cloud.Reason(err)
	return e
}
