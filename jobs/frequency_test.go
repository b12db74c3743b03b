package jobs_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/jobs"
)

// spendParameters are those of the models of spend, by id and symbol.
type spendParameters map[string]map[string]float64

// publishedSpend returns what model_parameters says of the models of spend.
func publishedSpend(rows []map[string]any) spendParameters {
	all := spendParameters{}
	for _, row := range rows {
		id := row["model_id"].(string)
		if all[id] == nil {
			all[id] = map[string]float64{}
		}
		all[id][row["parameter"].(string)] = row["estimate"].(float64)
	}
	return all
}

// expected returns the value of a purchase that a model expects of a row of
// customers: p(gamma + m·x)/(p·x + q − 1) (Fader & Hardie 2013, eq. 5).
func (all spendParameters) expected(id string, customer map[string]any) float64 {
	x, m := 0.0, 0.0
	if mean, ok := customer["mean_repeat_value"].(int64); ok && mean > 0 {
		x, m = float64(customer["frequency"].(int64)), float64(mean)/1e4
	}
	own := all[id]
	return own["p"] * (own["gamma"] + m*x) / (own["p"]*x + own["q"] - 1)
}

// dearer lets customers spend a third more with every further order up to the fifth.
func dearer(t *testing.T) func(log []byte) []byte {
	return func(log []byte) []byte {
		rows, err := csv.NewReader(bytes.NewReader(log)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		orders := map[string]map[string]bool{}
		for _, row := range rows[1:] {
			if orders[row[1]] == nil {
				orders[row[1]] = map[string]bool{}
			}
			orders[row[1]][row[0]] = true
		}
		for _, row := range rows[1:] {
			if amount, err := strconv.ParseFloat(row[3], 64); err == nil && row[1] != "" {
				row[3] = fmt.Sprintf("%.2f", amount*(1+float64(min(len(orders[row[1]]), 5)-1)/3))
			}
		}
		var b bytes.Buffer
		if err := csv.NewWriter(&b).WriteAll(rows); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
}

const lowest = "gamma_gamma/frequency/1"

// Where the value of a purchase depends on frequency, customers are valued by the
// model of theirs, one-time buyers by the lowest; whatever the workers, and read
// from a model file.
func TestValueThatDependsOnFrequencyIsPredictedByStrata(t *testing.T) {
	do := shopOf(t, dearer(t))
	out, summary, content := do(func(r *jobs.Run) { r.Workers = 1 })
	spend := publishedSpend(tableRows(t, out, "model_parameters"))
	var factor float64
	for _, row := range tableRows(t, out, "models") {
		id := row["model_id"].(string)
		switch isByFrequency := strings.HasPrefix(id, "gamma_gamma/frequency/"); {
		case id == "gamma_gamma/all/all":
			factor = row["net_revenue_factor"].(float64)
			if row["is_chosen"].(bool) || !strings.Contains(row["reason"].(string), "explain more") {
				t.Errorf("the model of all is chosen: %v, %v", row["is_chosen"], row["reason"])
			}
		case isByFrequency != (row["dimension_name"] == "frequency") || isByFrequency && row["is_chosen"] != true:
			t.Errorf("%s: %v, chosen %v", id, row["dimension_name"], row["is_chosen"])
		}
	}
	customers, values := tableRows(t, out, "customers"), map[any]map[string]any{}
	for _, row := range tableRows(t, out, "customer_values") {
		if row["horizon"] == "lifetime" && row["value_basis"] == "net_revenue" {
			values[row["customer_id"]] = row
		}
	}
	seen := map[string]bool{}
	for _, c := range customers {
		id, ok := c["spend_model_id"].(string)
		if !ok {
			continue
		}
		seen[id] = true
		if v := values[c["customer_id"]]; v["spend_model_id"] != id {
			t.Errorf("customer_values names %v, customers %s", v["spend_model_id"], id)
		} else {
			// Amounts and means are rounded to 4 decimals.
			within(t, "value of a purchase", float64(v["expected_purchase_value"].(int64))/1e4, factor*spend.expected(id, c), 1e-5)
		}
		if c["frequency"] == int64(0) && id != lowest {
			t.Errorf("a one-time buyer is valued by %s", id)
		}
	}
	if len(seen) < 3 || len(summary.Models) < 3+len(seen) || summary.SegmentModels != 0 {
		t.Errorf("models of spend %v; the summary has %d models and %d of segments", seen, len(summary.Models), summary.SegmentModels)
	}
	again, _, _ := do(func(r *jobs.Run) { r.Workers, r.ShardBits, r.BatchRows = 16, 6, 100 })
	wantSameFiles(t, "16 workers, 64 shards, small batches", dataFiles(t, again), dataFiles(t, out))
	earlier := readModels(t, content)
	if text := earlier.Text(); !strings.Contains(text, "mbg_nbd with gamma_gamma predicts") {
		t.Errorf("said of the model file: %s", text)
	}
	read, _, _ := do(func(r *jobs.Run) { r.Models = earlier })
	want, got := dataFiles(t, out), dataFiles(t, read)
	for _, files := range []map[string]string{want, got} {
		for name := range files {
			switch table, _, _ := strings.Cut(name, "/"); table {
			case "models", "backtests", "model_tracking":
				delete(files, name)
			}
		}
	}
	wantSameFiles(t, "with a model file", got, want)
	wantRefusedFrequencies(t, content)
}

// wantRefusedFrequencies reads a model file with strata that are wrong.
func wantRefusedFrequencies(t *testing.T, content []byte) {
	t.Helper()
	for what, edit := range map[string]func(m map[string]any){
		"without the lowest": func(m map[string]any) { m["model_id"], m["dimension_value"] = lowest+"-7", "1-7" },
		"no range":           func(m map[string]any) { m["model_id"], m["dimension_value"] = lowest+"-0", "1-0" },
		"not chosen":         func(m map[string]any) { m["is_chosen"] = false },
	} {
		var file map[string]any
		if err := json.Unmarshal(content, &file); err != nil {
			t.Fatal(err)
		}
		for _, m := range file["models"].([]any) {
			if m := m.(map[string]any); m["model_id"] == lowest {
				edit(m)
			}
		}
		edited, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jobs.ReadModels("models.json", edited); err == nil || !strings.Contains(err.Error(), "frequency") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// With segments the model of a segment predicts for its customers, and strata for
// those without.
func TestSegmentsKeepTheirModelsOfSpendBesideStrata(t *testing.T) {
	out, _, _ := shopOf(t, dearer(t))(func(r *jobs.Run) { r.Job.SegmentBy = "country" })
	chosen := map[string]bool{}
	for _, row := range tableRows(t, out, "models") {
		chosen[row["model_id"].(string)] = row["is_chosen"].(bool)
	}
	if !chosen[lowest] || !chosen["gamma_gamma/first_country/DE"] {
		t.Errorf("chosen are %v", chosen)
	}
	for _, c := range tableRows(t, out, "customers") {
		id, ok := c["spend_model_id"].(string)
		if own := "gamma_gamma/first_country/" + fmt.Sprint(c["first_country"]); ok && chosen[own] != (id == own) {
			t.Errorf("a customer of %v is valued by %s", c["first_country"], id)
		}
	}
}
