package jobs_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/transforms/calendar"
)

// loadSet loads a job with values set beside it.
func loadSet(t *testing.T, text string, set ...string) *jobs.Job {
	t.Helper()
	job, err := jobs.Load("test.yaml", []byte(text), noEnvironment, adapters(), set...)
	if err != nil {
		t.Fatalf("%v: %v", set, err)
	}
	return job
}

// What is set is as if the file said it, wherever it stands: in place of a
// value, below a key that is not there, in a list and after it.
func TestSetIsAsIfTheFileSaidIt(t *testing.T) {
	job := loadSet(t, smallest+"cohorts: {grains: [week]}\n",
		"name=other", "value.discount_rate=0.25", "cohorts.grains[0]=day", "cohorts.grains[1]=year", "cohorts.max_offset=3",
		"rules.exclude[0].name=test", "rules.exclude[0].column=channel", "rules.exclude[0].in=[a, 1]",
		"models={time_unit: day}", "tables=[runs]")
	if job.Name != "other" || job.Value.DiscountRate != 0.25 || job.Value.TimeUnit.Name != "day" || job.MaxOffset[calendar.ByMonth] != 3 {
		t.Errorf("name %q, rate %g, unit %q, offset %d", job.Name, job.Value.DiscountRate, job.Value.TimeUnit.Name, job.MaxOffset[calendar.ByMonth])
	}
	if want := []calendar.Grain{calendar.ByDay, calendar.ByMonth, calendar.ByYear}; !slices.Equal(job.Grains, want) {
		t.Errorf("grains %v, want %v", job.Grains, want)
	}
	if r := job.Settings.Rules; len(r) != 1 || r[0].Name != "test" || r[0].Column != "channel" || len(r[0].In) != 2 {
		t.Errorf("rules %+v", r)
	}
	if !job.Tables["runs"] || job.Tables["customers"] {
		t.Errorf("tables %v", job.Tables)
	}
}

// The elements of a list are set one after the other, however long their
// paths are and in whatever order the flags stand.
func TestSetMakesAListOfSeveralElements(t *testing.T) {
	job := loadSet(t, smallest,
		"rules.exclude[1].in=[b]", "rules.exclude[1].name=second", "rules.exclude[1].column=channel",
		"rules.exclude[0].column=channel", "rules.exclude[0].equals=a", "rules.exclude[0].name=first")
	if r := job.Settings.Rules; len(r) != 2 || r[0].Name != "first" || r[1].Name != "second" {
		t.Errorf("rules %+v", r)
	}
	set := []string{"tables[00]=models"}
	for i := 11; i > 0; i-- {
		set = append(set, fmt.Sprintf("tables[%d]=runs", i))
	}
	if job := loadSet(t, smallest, set...); !job.Tables["models"] || !job.Tables["runs"] || job.Tables["customers"] {
		t.Errorf("tables %v", job.Tables)
	}
	if _, err := jobs.Load("job.yaml", []byte(smallest), noEnvironment, adapters(), "tables[0]=runs", "tables[00]=runs"); err == nil || !strings.Contains(err.Error(), "set twice") {
		t.Errorf("one place set twice: %v", err)
	}
}

// config_hash is that of the file where nothing is set; else it covers what
// was, and neither the order of the flags nor what the environment holds.
func TestConfigHashCoversWhatWasSet(t *testing.T) {
	sum := sha256.Sum256([]byte(smallest))
	if got, want := loadSet(t, smallest).ConfigHash, hex.EncodeToString(sum[:]); got != want {
		t.Errorf("without anything set %s, want %s", got, want)
	}
	one := loadSet(t, smallest, "value.discount_rate=0.2", "rules={refunds: ignore}", "rules.zero_amounts=purchase")
	two := loadSet(t, smallest, "rules.zero_amounts = purchase", "rules={refunds: ignore}", "value.discount_rate=0.2")
	if one.ConfigHash != two.ConfigHash || !slices.Equal(one.Set, two.Set) {
		t.Errorf("another order gives another hash or list: %v, %v", one.Set, two.Set)
	}
	// The mapping is set before what stands below it, in either order.
	if !one.Settings.IgnoreRefunds || !one.Settings.ZeroIsPurchase || !two.Settings.IgnoreRefunds || !two.Settings.ZeroIsPurchase {
		t.Errorf("settings %+v, %+v", one.Settings, two.Settings)
	}
	if other := loadSet(t, smallest, "value.discount_rate=0.3"); other.ConfigHash == one.ConfigHash || other.ConfigHash == hex.EncodeToString(sum[:]) {
		t.Error("another value has the same hash")
	}
}

// A path that cannot be set changes nothing of the file: the file's own
// problems are still those of the file.
func TestRefusedSetLeavesTheFileAsItIs(t *testing.T) {
	for _, set := range []string{"source.csv.paths[9]=x", "timezone.a.b=1", "source.csv.paths[0].x[3]=1", "rules.exclude[1]=1", "a b[]=1", "value[0].x=1", ".=1", "=", "", "x"} {
		_, err := jobs.Load("job.yaml", []byte(smallest), noEnvironment, adapters(), set)
		var file *jobs.FileError
		if !errors.As(err, &file) || len(file.Problems) != 1 || !strings.HasPrefix(file.Problems[0].Flag, "--set") || file.Problems[0].Hint == "" {
			t.Errorf("--set %q: %+v", set, err)
		}
	}
}

// FuzzSet: no text makes Load panic.
func FuzzSet(f *testing.F) {
	f.Add("rules.exclude[0].name=x", "tables=[runs]")
	f.Add("source={csv: {paths: [x]}}", "source.csv.paths[1]=y")
	f.Add("value: {=1", "a=&x [*x]")
	f.Fuzz(func(t *testing.T, a, b string) {
		job, err := jobs.Load("fuzz.yaml", []byte(smallest), noEnvironment, adapters(), a, b)
		if (job == nil) == (err == nil) {
			t.Errorf("job %v, error %v", job, err)
		}
	})
}
