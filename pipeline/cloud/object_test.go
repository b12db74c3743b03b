package cloud

import (
	"bytes"
	"testing"

	"github.com/perennial-clv/perennial/pipeline/conformance/services"
)

func TestProbe(t *testing.T) {
	stores := services.ObjectStores(t)
	stores.Setenv(t)
	for _, scheme := range []string{"gs", "s3"} {
		b, err := OpenBucket(t.Context(), stores.NewBucket(t, scheme))
		if err != nil {
			t.Fatal(err)
		}
		content := bytes.Repeat([]byte("0123456789"), 100)
		if err := b.WriteAll(t.Context(), "a/b.txt", content, nil); err != nil {
			t.Fatal(err)
		}
		if err := b.WriteAll(t.Context(), "a/c/b.txt", content, nil); err != nil {
			t.Fatal(err)
		}
		o, err := Stat(t.Context(), b, "a/b.txt")
		t.Log(scheme, o, err)
		os, err := List(t.Context(), b, "a/", true)
		t.Log(scheme, os, err)
		os, err = List(t.Context(), b, "a/", false)
		t.Log(scheme, os, err)
		got := make([]byte, 15)
		err = o.Range(b, Patience{}, 7, 15).ReadFull(t.Context(), got)
		t.Log(scheme, string(got), err)
		if err := b.WriteAll(t.Context(), "a/b.txt", content[1:], nil); err != nil {
			t.Fatal(err)
		}
		err = o.Range(b, Patience{}, 7, 15).ReadFull(t.Context(), got)
		t.Log(scheme, err)
		_, err = Stat(t.Context(), b, "nix")
		t.Log(scheme, KindOf(err), err)
		b, _ = OpenBucket(t.Context(), scheme+"://nothere")
		_, err = Stat(t.Context(), b, "nix")
		t.Log(scheme, KindOf(err), err)
		_, err = List(t.Context(), b, "nix", false)
		t.Log(scheme, KindOf(err), err)
	}
}
