package cloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"

	"gocloud.dev/blob"

	"github.com/perennial-clv/perennial/pipeline/conformance/services"
)

// onStores runs a test with a new bucket of each object store, in which a.txt,
// b/a.txt and the folder b/ are.
func onStores(t *testing.T, test func(t *testing.T, b *blob.Bucket)) {
	stores := services.ObjectStores(t)
	for _, scheme := range []string{"gs", "s3"} {
		t.Run(scheme, func(t *testing.T) {
			stores.Setenv(t)
			b, err := OpenBucket(t.Context(), stores.NewBucket(t, scheme))
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			for key, text := range map[string]string{"a.txt": "0123456789", "b/a.txt": "text", "b/": ""} {
				put(t, b, key, text)
			}
			test(t, b)
		})
	}
}

func put(t *testing.T, b *blob.Bucket, key, text string) {
	t.Helper()
	if err := b.WriteAll(t.Context(), key, []byte(text), nil); err != nil {
		t.Fatal(err)
	}
}

func TestListsAreOfObjectsAlone(t *testing.T) {
	onStores(t, func(t *testing.T, b *blob.Bucket) {
		for _, c := range []struct {
			prefix string
			isFlat bool
			want   string
		}{
			{"", false, "a.txt:10 b/a.txt:4 "},
			{"", true, "a.txt:10 "},
			{"b/", true, "b/a.txt:4 "},
			{"c", false, ""},
		} {
			var got string
			objects, err := List(t.Context(), b, c.prefix, c.isFlat)
			for _, o := range objects {
				got += fmt.Sprintf("%s:%d ", o.Key, o.Size)
				if alone, err := Stat(t.Context(), b, o.Key); err != nil || alone != o {
					t.Errorf("listed is %v, and alone %v, %v", o, alone, err)
				}
			}
			if err != nil || got != c.want {
				t.Errorf("prefix %q, flat %v: got %q, %v; want %q", c.prefix, c.isFlat, got, err, c.want)
			}
		}
		if _, err := Stat(t.Context(), b, "c"); KindOf(err) != Missing {
			t.Errorf("what is not there: got kind %d, want %d", KindOf(err), Missing)
		}
		for folder, want := range map[string]bool{"b": true, "a": false} {
			if got, err := HasFolder(t.Context(), b, folder); got != want || err != nil {
				t.Errorf("folder %s: got %v, %v", folder, got, err)
			}
		}
	})
}

func TestRangesAreOfOneVersion(t *testing.T) {
	onStores(t, func(t *testing.T, b *blob.Bucket) {
		o, err := Stat(t.Context(), b, "a.txt")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			offset, length int64
			want           string
		}{{0, 10, "0123456789"}, {3, 4, "3456"}, {9, 1, "9"}, {5, 0, ""}} {
			got, err := io.ReadAll(readerOf(t.Context(), o.Range(b, Patience{}, c.offset, c.length)))
			if err != nil || string(got) != c.want {
				t.Errorf("%d bytes from %d: got %q, %v; want %q", c.length, c.offset, got, err, c.want)
			}
		}
		put(t, b, "a.txt", "9876543210")
		if err := o.Range(b, Patience{}, 0, 4).ReadFull(t.Context(), make([]byte, 4)); !errors.Is(err, ErrChanged) {
			t.Errorf("a replaced object: got %v, want %v", err, ErrChanged)
		}
		if err := b.Delete(t.Context(), "a.txt"); err != nil {
			t.Fatal(err)
		}
		if err := o.Range(b, Patience{}, 0, 4).ReadFull(t.Context(), make([]byte, 4)); !errors.Is(err, ErrChanged) {
			t.Errorf("a deleted object: got %v, want %v", err, ErrChanged)
		}
	})
}

// A range is read on in another call's context, after one has ended.
func TestRangesOutliveTheContextOfACall(t *testing.T) {
	onStores(t, func(t *testing.T, b *blob.Bucket) {
		put(t, b, "large", string(bytes.Repeat([]byte("x"), 1<<20)))
		o, err := Stat(t.Context(), b, "large")
		if err != nil {
			t.Fatal(err)
		}
		r := o.Range(b, Patience{}, 0, o.Size)
		defer r.Close()
		ctx, cancel := context.WithCancel(t.Context())
		if err := r.ReadFull(ctx, make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		cancel()
		if _, err := r.Read(ctx, make([]byte, 1)); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
		rest, err := io.ReadAll(readerOf(t.Context(), r))
		if int64(len(rest)) != o.Size-10 || err != nil {
			t.Errorf("got %d bytes, %v; want %d", len(rest), err, o.Size-10)
		}
	})
}

type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func readerOf(ctx context.Context, r *Range) io.Reader {
	return readFunc(func(p []byte) (int, error) { return r.Read(ctx, p) })
}

func TestARequestThatIsNotAnsweredIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // its clock goes on by itself
		waits := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		if err := bounded(t.Context(), waits); KindOf(err) != Unavailable {
			t.Errorf("got error %v, want one that says that it may work later", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), stallTime/2)
		defer cancel()
		if err := bounded(ctx, waits); KindOf(err) != Ended {
			t.Errorf("got error %v, want the end of the caller's context", err)
		}
	})
}
