package sinks

import (
	"path/filepath"
	"testing"

	"github.com/perennial-clv/perennial/pipeline"
)

func TestQuarantineIsReplacedAtOnceWhileTheDateIsHeld(t *testing.T) {
	for _, step := range []func(string) error{nil, noExchange} {
		f := folder(filepath.Join(t.TempDir(), "out"))
		s := f.open(t)
		s.disk.step = step
		p, err := s.Begin(t.Context(), pipeline.RunKey{Job: "shop", AsOf: asOf, RunID: "r1"})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{3, 5, 0, 0, 2} {
			d := ledgerOf("quarantine")
			r := d.Record(make([]cents, n))
			if err := s.Keep(t.Context(), asOf, d.Schema(), r); err != nil {
				t.Fatalf("Keep of %d rows: %v", n, err)
			}
			r.Release()
			parts, err := filepath.Glob(filepath.Join(string(f), quarantineDir, "*", "*"))
			if err != nil {
				t.Fatal(err)
			}
			got := 0
			for _, part := range parts {
				got += len(readRows(t, part))
			}
			if got != n || len(parts) > 1 {
				t.Errorf("after Keep of %d rows the quarantine has %d rows in %v", n, got, parts)
			}
		}
		if err := p.Discard(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
