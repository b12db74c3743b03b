package sinks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/pipeline"
)

func TestCheckTellsAPendingDateFromADamagedOne(t *testing.T) {
	f := folder(filepath.Join(t.TempDir(), "out"))
	runOnce(t, f.open(t), "old", oldTables)
	cutShortBehindCommit(t, f, "exchange ")
	if _, err := f.open(t).Check(t.Context(), asOf); pipeline.ClassOf(err) != pipeline.ClassTemporary {
		t.Errorf("Check of a pending date: got error %v, want one of class temporary", err)
	}
	runOnce(t, f.open(t), "next", oldTables)
	damages := []struct {
		name   string
		damage func(part string) error
		says   string
	}{
		{"missing", os.Remove, "is missing"},
		{"cut", func(p string) error { return os.Truncate(p, 10) }, "another size"},
		{"changed", flipByte, "another checksum"},
		{"added", func(p string) error { return os.WriteFile(p+".parquet", nil, 0o600) }, "is not in the journal"},
	}
	for _, c := range damages {
		j, err := f.open(t).Check(t.Context(), asOf)
		if err != nil {
			t.Fatalf("before %s: %v", c.name, err)
		}
		part := filepath.Join(string(f), j.Tables[1].Files[0].Path)
		if err := c.damage(part); err != nil {
			t.Fatal(err)
		}
		_, err = f.open(t).Check(t.Context(), asOf)
		if pipeline.ClassOf(err) != pipeline.ClassQuality || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "part-00000") {
			t.Errorf("%s: got error %v, want one of class quality that names the part and says %q", c.name, err, c.says)
		}
		// The hint is to run the date again, here with the very same rows.
		runOnce(t, f.open(t), "after-"+c.name, oldTables)
		wantTables(t, f, "after "+c.name, "after-"+c.name, oldTables)
	}
}

func flipByte(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	content[len(content)/2] ^= 1
	return os.WriteFile(path, content, 0o600)
}
