package jobs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perennial-clv/perennial/jobs"
	"github.com/perennial-clv/perennial/transforms/calendar"
)

// These tests run the jobs of this folder on real public data, which stand
// beside the project, not in it: ../shared/data with its README, and
// ../shared/reference with numbers that independent programs computed.

// shared returns a path beside the project. Where it is absent the test is
// skipped; under CI that is a failure, for nobody would see it.
func shared(t *testing.T, path string) string {
	t.Helper()
	path = filepath.Join("..", "..", "shared", path)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("the public data are not here: %v", err)
		}
		t.Skipf("the public data are not here: %v", err)
	}
	return path
}

// runJob runs a job file of this folder, with more YAML at its end, as of a
// day ("" for the file's own), and returns the folder of its tables.
func runJob(t *testing.T, file, more, asOf string) (out string, summary *jobs.Summary) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return runText(t, file, string(content)+more, asOf)
}

// runText runs the text of a job file.
func runText(t *testing.T, file, text, asOf string) (out string, summary *jobs.Summary) {
	t.Helper()
	data, parent := shared(t, "data"), t.TempDir()
	job := load(t, text, map[string]string{"PERENNIAL_DATA": data, "PERENNIAL_OUT": parent})
	day, _ := job.AsOf.Get()
	if asOf != "" {
		day, _ = calendar.ParseDay(asOf)
	}
	summary, err := newRun(job, day).Do(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(parent, strings.TrimSuffix(file, ".yaml")), summary
}

// reference is what of cdnow.json the tests use.
type reference struct {
	Summary struct {
		Customers int64 `json:"customers"`
		SumX      int64 `json:"sum_x"`
		X0        int64 `json:"customers_with_x0"`
	} `json:"summary"`
	Programs struct {
		Own map[string]json.RawMessage `json:"own_reference"`
	} `json:"programs"`
	Cohorts struct {
		Monthly map[string]struct {
			Size           int64
			Active, Orders []int64
			Revenue        []float64
		} `json:"monthly_cohorts"`
		Overall struct {
			Days2    int64   `json:"customers_days_ge2"`
			Rate     float64 `json:"repeat_rate_purchase_days_ge2"`
			Survival struct {
				Points map[string]struct {
					Survival float64 `json:"survival"`
					StdError float64 `json:"greenwood_se"`
					AtRisk   int64   `json:"at_risk"`
				} `json:"points"`
			} `json:"km_time_to_second_purchase_day"`
		} `json:"overall"`
	} `json:"cohorts_and_survival"`
}

// fitted is one program's fit.
type fitted struct {
	Params   map[string]float64            `json:"params"`
	LogLik   float64                       `json:"loglik"`
	StdError map[string]float64            `json:"se"`
	Alive    map[string]float64            `json:"palive"`
	Expected map[string]map[string]float64 `json:"cet"`
	Spend    map[string]float64            `json:"expected_mean_spend"`
}

func readReference(t *testing.T, data string) reference {
	t.Helper()
	content, err := os.ReadFile(shared(t, "reference/cdnow.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	var r reference
	if err := json.Unmarshal(content, &all); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(all[data], &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r reference) fit(t *testing.T, name string) fitted {
	t.Helper()
	var f fitted
	if err := json.Unmarshal(r.Programs.Own[name], &f); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return f
}

// within reports numbers that differ by more than a relative tolerance.
func within(t *testing.T, what string, got any, want, tolerance float64) {
	t.Helper()
	g, ok := got.(float64)
	if !ok || math.Abs(g-want) > tolerance*math.Abs(want) {
		t.Errorf("%s is %v, want %v within %g", what, got, want, tolerance)
	}
}

// rowBy returns the only row with these values.
func rowBy(t *testing.T, rows []map[string]any, columns ...any) map[string]any {
	t.Helper()
	where := naiveColumns{}
	for i := 0; i < len(columns); i += 2 {
		where[columns[i].(string)] = columns[i+1]
	}
	found := naiveSelect(rows, where)
	if len(found) != 1 {
		t.Fatalf("%d rows with %v, want 1", len(found), where)
	}
	return found[0]
}

// TestCDNOWAgreesWithReference: customers, Σx, cells, parameters, likelihoods,
// P(alive) and expected purchases of the sample and of the master file are
// those of independent programs (own_reference in cdnow.json, polished to the
// maximum: its parameters are good to 7 digits, so that 5 are asked for).
func TestCDNOWAgreesWithReference(t *testing.T) {
	for _, c := range []struct {
		file, data, key string
		cells           int64
	}{
		{"cdnow_sample.yaml", "cdnow_sample", "%04s", 1016},
		{"cdnow.yaml", "cdnow_master", "%05s", 8685},
	} {
		t.Run(c.data, func(t *testing.T) {
			want := readReference(t, c.data)
			out, _ := runJob(t, c.file, "value: {horizons: [91d, 273d, 364d]}\n", "")
			customers := tableRows(t, out, "customers")
			naiveWant(t, "customers", int64(len(customers)), want.Summary.Customers)
			naiveWant(t, "Σx", naiveTotal(customers, "frequency", nil), want.Summary.SumX)
			naiveWant(t, "customers with x = 0", int64(len(naiveSelect(customers, naiveColumns{"frequency": int64(0)}))), want.Summary.X0)
			models, parameters := tableRows(t, out, "models"), tableRows(t, out, "model_parameters")
			for family, name := range map[string]string{"nbd": "nbd", "bg_nbd": "bgcnbd_k1", "mbg_nbd": "mbgcnbd_k1", "gamma_gamma": "gammagamma_repeat_only"} {
				fit := want.fit(t, name)
				model := rowBy(t, models, "model_id", family+"/all/all")
				// The maximum itself: not below the reference, and no other maximum.
				if got := model["log_likelihood"].(float64); math.Abs(got-fit.LogLik) > 1e-6 {
					t.Errorf("%s: log-likelihood %.9f, want %.9f", family, got, fit.LogLik)
				}
				if family != "gamma_gamma" {
					naiveWant(t, family+" cells", model["cells"].(int64), c.cells)
				}
				for parameter, value := range fit.Params {
					row := rowBy(t, parameters, "model_id", family+"/all/all", "parameter", parameter)
					within(t, family+" "+parameter, row["estimate"], value, 1e-5)
					within(t, family+" std error of "+parameter, row["std_error"], fit.StdError[parameter], 1e-3)
				}
			}
			values := tableRows(t, out, "customer_values")
			mbg, spend := want.fit(t, "mbgcnbd_k1"), publishedSpend(parameters)
			for id, alive := range mbg.Alive {
				key := padded(c.key, id)
				within(t, "P(alive) of "+key, rowBy(t, customers, "customer_id", key)["probability_alive"], alive, 1e-5)
				for weeks, horizon := range map[string]string{"weeks_13": "91d", "weeks_39": "273d", "weeks_52": "364d"} {
					row := rowBy(t, values, "customer_id", key, "horizon", horizon)
					within(t, "expected purchases of "+key+" in "+horizon, row["expected_purchases"], mbg.Expected[weeks][id], 1e-5)
					// Without refunds the net revenue factor is 1: the value is that of the model
					// of spend that is named, by its formula, rounded to 4 decimals; the maximum of
					// all is the reference's, as are its predictions (models, TestFitsOfCDNOW…).
					within(t, "value of a purchase of "+key, float64(row["expected_purchase_value"].(int64))/1e4,
						spend.expected(row["spend_model_id"].(string), rowBy(t, customers, "customer_id", key)), 1e-5)
				}
			}
		})
	}
}

// TestRegularModelsOfCDNOWAgreeWithReference: their likelihoods hold the gaps
// between purchases, which are counted beside the cells: of the same customers,
// day by day.
func TestRegularModelsOfCDNOWAgreeWithReference(t *testing.T) {
	want := readReference(t, "cdnow_sample")
	out, _ := runJob(t, "cdnow_sample.yaml", "models: {candidates: [mbg_cnbd_2, mbg_cnbd_3], backtests: 0}\ntables: [models, model_parameters]\n", "")
	models, parameters := tableRows(t, out, "models"), tableRows(t, out, "model_parameters")
	for family, name := range map[string]string{"mbg_cnbd_2": "mbgcnbd_k2", "mbg_cnbd_3": "mbgcnbd_k3"} {
		fit := want.fit(t, name)
		if got := rowBy(t, models, "family", family)["log_likelihood"].(float64); math.Abs(got-fit.LogLik) > 1e-6 {
			t.Errorf("%s: log-likelihood %.9f, want %.9f", family, got, fit.LogLik)
		}
		for parameter, value := range fit.Params {
			row := rowBy(t, parameters, "model_id", family+"/all/all", "parameter", parameter)
			within(t, family+" "+parameter, row["estimate"], value, 1e-5)
			within(t, family+" std error of "+parameter, row["std_error"], fit.StdError[parameter], 1e-3)
		}
	}
}

// TestBGNBDAsTheSoleCandidate: bg_nbd can be asked for, and calls every
// one-time buyer alive, as the reference does.
func TestBGNBDAsTheSoleCandidate(t *testing.T) {
	want := readReference(t, "cdnow_sample").fit(t, "bgcnbd_k1")
	out, _ := runJob(t, "cdnow_sample.yaml", "models: {candidates: [bg_nbd]}\n", "")
	customers := tableRows(t, out, "customers")
	for id, alive := range want.Alive {
		within(t, "P(alive) of "+id, rowBy(t, customers, "customer_id", padded("%04s", id))["probability_alive"], alive, 1e-5)
	}
}

// TestCDNOWCohortsAgreeWithReference: cohort cells, repeat rate and survival to
// the second purchase of the master file up to June 1998 are those of plain
// group-bys; every row counts as an order there as here. Zero rows are
// purchases in both.
func TestCDNOWCohortsAgreeWithReference(t *testing.T) {
	want := readReference(t, "cdnow_master").Cohorts
	out, summary := runJob(t, "cdnow.yaml", "", "1998-06-30")
	cells := tableRows(t, out, "cohort_periods")
	for month, cohort := range want.Monthly {
		for offset := range cohort.Active {
			row := rowBy(t, cells, "cohort_start", month+"-01", "offset_mode", "calendar", "period_offset", int64(offset))
			what := fmt.Sprintf("%s offset %d: ", month, offset)
			naiveWant(t, what+"size", row["cohort_size"].(int64), cohort.Size)
			naiveWant(t, what+"active", row["active_customers"].(int64), cohort.Active[offset])
			naiveWant(t, what+"orders", row["orders"].(int64), cohort.Orders[offset])
			naiveWant(t, what+"revenue", row["net_revenue"].(int64), int64(math.Round(cohort.Revenue[offset]*1e4)))
		}
	}
	periods := tableRows(t, out, "business_periods")
	last := rowBy(t, periods, "period_start", "1998-06-01")
	naiveWant(t, "customers with two purchases", last["repeat_customers_ever"].(int64), want.Overall.Days2)
	within(t, "repeat rate", last["repeat_purchase_rate"], want.Overall.Rate, 1e-12)
	within(t, "repeat rate of the summary", summary.Result.RepeatRate, want.Overall.Rate, 1e-12)
	curves := tableRows(t, out, "retention_curves")
	for day, point := range want.Overall.Survival.Points {
		var offset int64
		fmt.Sscan(day, &offset)
		row := rowBy(t, curves, "curve_type", "survival_to_second", "period_offset", offset)
		naiveWant(t, "at risk on day "+day, row["exposed_customers"].(int64), point.AtRisk)
		within(t, "survival on day "+day, row["rate"], point.Survival, 1e-12)
		width := row["rate_high"].(float64) - row["rate_low"].(float64)
		within(t, "standard error on day "+day, width/2/1.6448536269514722, point.StdError, 1e-9)
	}
}

// TestCDNOWFormulas: the four steps of the third quarter of 1997 for active
// customers come to 119.45 dollars, with 4,263 of them, 2,289 of 5,376 of the
// second quarter among them; a year and the year before it are not there. By an
// independent program, from the master file.
func TestCDNOWFormulas(t *testing.T) {
	out, summary := runJob(t, "cdnow.yaml", "", "")
	formulas := tableRows(t, out, "clv_formulas")
	row := rowBy(t, formulas, "method", "four_step", "window_months", int64(3), "customer_denominator", "active")
	for column, want := range map[string]int64{"clv": 119_4477, "orders": 7558, "active_customers": 4263, "previous_customers": 5376, "retained_customers": 2289} {
		naiveWant(t, column, row[column].(int64), want)
	}
	year := rowBy(t, formulas, "method", "churn_discount", "window_months", int64(12))
	if want := "repeat_buying_used_as_retention,history_too_short,no_previous_customers"; year["clv"] != nil || year["warning"] != want {
		t.Errorf("of twelve months: %v, %v", year["clv"], year["warning"])
	}
	// Three quarters of nobody new after three months: a closed group, not data that begin late.
	if len(summary.Warnings) != 1 || !strings.HasPrefix(summary.Warnings[0], "the job file fixes the as-of day 1997-09-30") {
		t.Errorf("warnings %q", summary.Warnings)
	}
}

// padded returns a customer's number as the file has it: zeros are kept.
func padded(format, number string) string {
	return strings.ReplaceAll(fmt.Sprintf(format, number), " ", "0")
}
