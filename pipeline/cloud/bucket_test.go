package cloud

import (
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/pipeline"
)

func TestPlacesInObjectStores(t *testing.T) {
	for place, want := range map[string]Location{
		"gs://shop":                            {"gs://shop", ""},
		"gs://shop/":                           {"gs://shop", ""},
		"gs://shop/a/b/":                       {"gs://shop", "a/b"},
		"s3://shop/a/*.csv?region=eu-west-1":   {"s3://shop?region=eu-west-1", "a/*.csv"},
		"s3://shop?endpoint=http://minio:9000": {"s3://shop?endpoint=http://minio:9000", ""},
	} {
		if got, err := ParseLocation(place); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", place, got, err, want)
		}
	}
	for _, place := range []string{"", "out", "ftp://shop/a", "gs://", "gs:///a", "gs://shop/../a", "gs://shop/a//b"} {
		if got, err := ParseLocation(place); err == nil {
			t.Errorf("%s: got %v, want an error", place, got)
		}
	}
}

// An endpoint may have a password in it.
func TestErrorsDoNotTellOptions(t *testing.T) {
	t.Setenv("AWS_REGION", "us-east-1")
	for _, place := range []string{
		"s3://shop/a//b?endpoint=https://u:secret@minio",
		"s3://shop/a?endpoint=https://u:secret@minio&nosuch=1",
		"s3://my shop/a?endpoint=https://u:secret@minio",
		"s3://key:secret@shop/a",
		"gs://shop/a?token=secret",
		"gs://shop/a?anonymous=secret",
	} {
		l, err := ParseLocation(place)
		if err == nil {
			_, err = OpenBucket(t.Context(), l.Bucket)
		}
		if pipeline.ClassOf(err) != pipeline.ClassUsage || strings.Contains(err.Error()+pipeline.HintOf(err), "secret") {
			t.Errorf("%s: got error %v, want one of class usage without the values of options", place, err)
		}
	}
}
