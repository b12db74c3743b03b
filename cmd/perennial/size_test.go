package main

import "testing"

func TestSizes(t *testing.T) {
	for _, test := range []struct {
		text  string
		bytes size
	}{
		{"4GiB", 4 << 30}, {"512MiB", 512 << 20}, {"512mib", 512 << 20}, {"64 KiB", 64 << 10}, {"1TiB", 1 << 40},
		{"1.5GB", 1_500_000_000}, {"700MB", 700_000_000}, {"8kb", 8000}, {"2TB", 2_000_000_000_000}, {"100B", 100}, {"67108864", 64 << 20},
	} {
		var got size
		if err := got.Set(test.text); err != nil || got != test.bytes {
			t.Errorf("%s: got %d, %v, want %d", test.text, got, err, test.bytes)
		}
	}
	for _, text := range []string{"", "GiB", "4Gi", "4 G", "-1GiB", "NaN", "Inf", "1e40", "4GiB4", "four"} {
		var got size
		if err := got.Set(text); err == nil {
			t.Errorf("%q is taken for %d bytes", text, got)
		}
	}
}

func TestSizesAreShownInMebibytes(t *testing.T) {
	for shown, bytes := range map[string]size{"0": 0, "4096MiB": 4 << 30, "100B": 100} {
		if got := bytes.String(); got != shown {
			t.Errorf("got %s, want %s", got, shown)
		}
	}
}
