package sinks_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/sinks"
)

func TestProbeLeavesNothingBehind(t *testing.T) {
	for name, place := range map[string]string{"a folder that is there": "", "one that is not": filepath.Join("new", "out")} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			if err := os.Mkdir(filepath.Join(root, "customers"), 0o777); err != nil {
				t.Fatal(err)
			}
			p := probe(t, filepath.Join(root, place))
			if p.IsNew != (place != "") || p.Free == 0 {
				t.Errorf("got %+v", p)
			}
			for _, dir := range []string{root, filepath.Join(root, "customers")} {
				entries, err := os.ReadDir(dir)
				if err != nil || len(entries) > 1 || len(entries) == 1 && entries[0].Name() != "customers" {
					t.Errorf("%s holds %v, %v", dir, entries, err)
				}
			}
		})
	}
}

func TestProbeRefusesAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := prober(t, filepath.Join(path, "below")).Probe(context.Background())
	if pipeline.ClassOf(err) != pipeline.ClassUsage {
		t.Errorf("got %v, want an error of class usage", err)
	}
}

func probe(t *testing.T, path string) pipeline.Probe {
	t.Helper()
	p, err := prober(t, path).Probe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func prober(t *testing.T, path string) pipeline.Prober {
	t.Helper()
	sink, err := sinks.NewParquet(sinks.Parquet{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	return sink.(pipeline.Prober)
}
