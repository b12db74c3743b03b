package cloud

import "testing"

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
