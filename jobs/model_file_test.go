package jobs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/transforms/models"
)

// shopWithModels writes a simulated log and returns how to run the demo's job on
// it, with mbg_nbd the only candidate and a change, as of its last day: the folder of its tables, the summary
// and the model file.
func shopWithModels(t *testing.T) func(change func(*jobs.Run)) (out string, s *jobs.Summary, file []byte) {
	t.Helper()
	return shopOf(t, func(log []byte) []byte { return log })
}

// shopOf is that of a changed log.
func shopOf(t *testing.T, changed func(log []byte) []byte) func(change func(*jobs.Run)) (out string, s *jobs.Summary, file []byte) {
	t.Helper()
	sample, err := jobs.NewSample(jobs.SampleOptions{Customers: 1500, Seed: 11})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	if err := sample.WriteCSV(t.Context(), 2, &log); err != nil {
		t.Fatal(err)
	}
	content := changed(log.Bytes())
	return func(change func(*jobs.Run)) (string, *jobs.Summary, []byte) {
		t.Helper()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "orders.csv"), content, 0o644); err != nil {
			t.Fatal(err)
		}
		run := newRun(load(t, jobs.DemoJob(filepath.ToSlash(dir)), nil), sample.LastDay())
		run.Job.Value.Candidates = []models.Family{models.MBGNBD}
		var file []byte
		run.OnModels = func(content []byte) error { file = content; return nil }
		change(run)
		s, err := run.Do(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Join(dir, "out"), s, file
	}
}

// readModels reads a model file that is right.
func readModels(t *testing.T, content []byte) *jobs.EarlierModels {
	t.Helper()
	earlier, err := jobs.ReadModels("models.json", content)
	if err != nil {
		t.Fatal(err)
	}
	return earlier
}

// What a run predicts with the models of a file is, to the last bit, what the run
// predicted that saved it: all tables are the same but for models, which says
// where they come from, and those with rows of backtests, of which there are none.
func TestRunWithAModelFilePredictsTheSame(t *testing.T) {
	do := shopWithModels(t)
	for _, segmentBy := range []string{"", "country"} {
		fitted, _, content := do(func(r *jobs.Run) { r.Job.SegmentBy = segmentBy })
		read, summary, again := do(func(r *jobs.Run) { r.Job.SegmentBy, r.Models = segmentBy, readModels(t, content) })
		want, got := dataFiles(t, fitted), dataFiles(t, read)
		for _, files := range []map[string]string{want, got} {
			for name := range files {
				switch table, _, _ := strings.Cut(name, "/"); table {
				case "models", "backtests", "model_tracking":
					delete(files, name)
				}
			}
		}
		wantSameFiles(t, "with a model file", got, want)
		const from = "; fitted by run r1, read from a model file"
		// The rows of models, with what backtests said and how intervals are widened.
		wantRows, gotRows := tableRows(t, fitted, "models"), tableRows(t, read, "models")
		for i, row := range gotRows {
			row["reason"] = strings.TrimSuffix(row["reason"].(string), from)
			if i < len(wantRows) && !reflect.DeepEqual(row, wantRows[i]) {
				t.Errorf("models has\n%v, want\n%v", row, wantRows[i])
			}
		}
		if len(gotRows) != len(wantRows) {
			t.Errorf("models has %d rows, want %d", len(gotRows), len(wantRows))
		}
		for _, m := range summary.Models {
			if !strings.Contains(m.Reason, from) {
				t.Errorf("%s: %s", m.ID, m.Reason)
			}
		}
		// Read and written again it is the same but for the reasons, and for the job
		// file's hash, in which the folder is.
		held := func(content []byte) string { return string(content[bytes.Index(content, []byte(`"factors"`)):]) }
		if unmarked := strings.ReplaceAll(held(again), from, ""); unmarked != held(content) {
			t.Errorf("the model file changed on its way:\n%s\nwas\n%s", unmarked, held(content))
		}
	}
}

// A search that begins at the maximum has none to find.
func TestRunThatStartsFromItsOwnModelsFindsThemAtOnce(t *testing.T) {
	do := shopWithModels(t)
	_, _, content := do(func(*jobs.Run) {})
	out, _, _ := do(func(r *jobs.Run) { r.StartFrom = readModels(t, content) })
	for _, row := range tableRows(t, out, "models") {
		if row["status"] == "ok" && row["iterations"] != int64(0) {
			t.Errorf("%v: %v iterations", row["model_id"], row["iterations"])
		}
	}
}

func TestModelsThatKnowWhatCameLaterAreWarnedOf(t *testing.T) {
	do := shopWithModels(t)
	_, _, content := do(func(*jobs.Run) {})
	_, summary, _ := do(func(r *jobs.Run) { r.Models, r.AsOf = readModels(t, content), r.AsOf-30 })
	if warnings := strings.Join(summary.Warnings, "\n"); !strings.Contains(warnings, "after the as-of day: they know what came later") {
		t.Errorf("warnings: %s", warnings)
	}
}

func TestModelFilesThatCannotBeTrustedAreRefused(t *testing.T) {
	_, _, content := shopWithModels(t)(func(*jobs.Run) {})
	edited := func(edit func(file map[string]any)) []byte {
		var file map[string]any
		if err := json.Unmarshal(content, &file); err != nil {
			t.Fatal(err)
		}
		edit(file)
		changed, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		return changed
	}
	model := func(edit func(m map[string]any)) []byte {
		return edited(func(file map[string]any) {
			for _, m := range file["models"].([]any) {
				if m := m.(map[string]any); m["model_id"] == "mbg_nbd/all/all" {
					edit(m)
				}
			}
		})
	}
	parameter := func(value any) []byte {
		return model(func(m map[string]any) { m["parameters"].([]any)[0].(map[string]any)["estimate"] = value })
	}
	for what, c := range map[string]struct {
		content []byte
		want    string
	}{
		"nothing":              {nil, "cannot be read"},
		"cut short":            {content[:len(content)/2], "cannot be read: line "},
		"no JSON":              {[]byte("parameters: {}"), "cannot be read: line 1"},
		"another program's":    {[]byte(`{"model": 1}`), "format version 0"},
		"a later version":      {edited(func(f map[string]any) { f["format_version"] = 99 }), "format version 99"},
		"a field too many":     {edited(func(f map[string]any) { f["extra"] = 1 }), `unknown field "extra"`},
		"no as-of day":         {edited(func(f map[string]any) { f["as_of_date"] = "soon" }), "as_of_date is no date"},
		"no time unit":         {edited(func(f map[string]any) { f["time_unit"] = "fortnight" }), "time_unit is none"},
		"a narrowing":          {edited(func(f map[string]any) { f["widening"].(map[string]any)["total"] = -0.5 }), "widening is none"},
		"an unknown family":    {model(func(m map[string]any) { m["family"], m["model_id"] = "x_nbd", "x_nbd/all/all" }), `family "x_nbd" is not known`},
		"another id":           {model(func(m map[string]any) { m["model_id"] = "nbd/all/all" }), "model_id is not that of its family"},
		"another role":         {model(func(m map[string]any) { m["role"] = "spend" }), "mbg_nbd is no model of"},
		"an unknown status":    {model(func(m map[string]any) { m["status"] = "fine" }), `status "fine" is not known`},
		"a parameter of 0":     {parameter(0), "r of mbg_nbd is not a positive finite number"},
		"a negative parameter": {parameter(-1), "r of mbg_nbd is not a positive finite number"},
		"a parameter of text":  {parameter("1"), "cannot be a string"},
		"a parameter missing":  {model(func(m map[string]any) { m["parameters"] = m["parameters"].([]any)[1:] }), "mbg_nbd has 4 parameters, not 3"},
		"a covariance missing": {model(func(m map[string]any) { m["covariance"] = nil }), "it has a covariance if, and only if"},
		"two that are chosen":  {edited(func(f map[string]any) { f["models"].([]any)[0].(map[string]any)["is_chosen"] = true }), "two models of purchases of all/all are chosen"},
		"no parameters chosen": {model(func(m map[string]any) { m["status"], m["covariance"] = "not_identified", nil }), "has nothing to predict with"},
	} {
		_, err := jobs.ReadModels("models.json", c.content)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "models.json: ") || pipeline.ClassOf(err) != pipeline.ClassUsage || pipeline.HintOf(err) == "" {
			t.Errorf("%s: %v, want a usage error with a place, a hint and %q", what, err, c.want)
		}
	}
}

func TestModelFilesOfOtherUnitsAreRefused(t *testing.T) {
	_, _, content := shopWithModels(t)(func(*jobs.Run) {})
	earlier := readModels(t, content)
	job := func(set ...string) *jobs.Job {
		text := strings.Join(append([]string{"timezone: UTC", "source: {csv: {paths: [a.csv]}}", "sink: {parquet: {path: out}}"}, set...), "\n")
		return load(t, text, nil)
	}
	if err := earlier.Suits(job("currency: EUR")); err != nil {
		t.Error(err)
	}
	segmented := job("currency: EUR")
	segmented.SegmentBy = "country"
	if err := earlier.Predicts(segmented); err == nil || err.Error() != "models.json: the models are of segments by none, those of the job are by country" {
		t.Errorf("%v, want another segmentation refused", err)
	}
	for want, job := range map[string]*jobs.Job{
		"the models are in EUR, the job is in USD":              job("currency: USD"),
		"the models count time by the week, the job by the day": job("currency: EUR", "models: {time_unit: day}"),
		"the job asks for no models (models.candidates: none)":  job("currency: EUR", "models: {candidates: none}"),
	} {
		if err := earlier.Suits(job); err == nil || err.Error() != "models.json: "+want || pipeline.HintOf(err) == "" {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
