package backtest

import (
	"encoding/json"
	"github.com/perennial-clv/perennial/transforms/ledger"
	"math"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/perennial-clv/perennial/transforms/calendar"
	"github.com/perennial-clv/perennial/transforms/cohort"
	"github.com/perennial-clv/perennial/transforms/models"
	"github.com/perennial-clv/perennial/transforms/numeric"
)

func dayOf(t *testing.T, date string) calendar.Day {
	t.Helper()
	day, ok := calendar.ParseDay(date)
	if !ok {
		t.Fatal(date)
	}
	return day
}

// one runs tasks one after the other, several at once in goroutines.
func one(n int, task func(i int)) {
	for i := range n {
		task(i)
	}
}

func several(n int, task func(i int)) {
	var tasks sync.WaitGroup
	for i := range n {
		tasks.Go(func() { task(n - 1 - i) })
	}
	tasks.Wait()
}

// CDNOW up to the middle of 1998 has the papers' end of calibration as its second
// origin; three years and more have horizons of a year.
func TestOriginsLieHalfAHorizonApart(t *testing.T) {
	for _, c := range []struct {
		first, asOf string
		most        int
		horizon     string
		origins     []string
	}{
		{"1997-01-01", "1998-06-30", 3, "182d", []string{"1997-12-30", "1997-09-30", "1997-07-01"}},
		{"1997-01-01", "1998-06-30", 1, "182d", []string{"1997-12-30"}},
		{"2020-01-01", "2023-12-31", 3, "365d", []string{"2022-12-31", "2022-07-02", "2022-01-01"}},
		{"2020-01-01", "2022-12-29", 9, "364d", []string{"2021-12-30", "2021-07-01", "2020-12-31"}}, // a day short of three years
		{"2024-01-01", "2024-03-24", 3, "28d", []string{"2024-02-25", "2024-02-11", "2024-01-28"}},
		{"2024-01-01", "2024-03-23", 3, "", nil},
		{"2024-01-01", "2024-12-31", 0, "", nil},
	} {
		o := PlanOrigins(numeric.Known(dayOf(t, c.first)), dayOf(t, c.asOf), c.most)
		var origins []string
		for _, day := range o.Days {
			origins = append(origins, day.String())
		}
		if o.Horizon.Name != c.horizon || !slices.Equal(origins, c.origins) || o.Reason == "" && len(origins) < c.most {
			t.Errorf("%s to %s: %s, %v (%s); want %s, %v", c.first, c.asOf, o.Horizon.Name, origins, o.Reason, c.horizon, c.origins)
		}
	}
	if o := PlanOrigins(numeric.Null[calendar.Day]{}, 0, 3); len(o.Days) > 0 || o.Reason == "" {
		t.Errorf("of nobody: %+v", o)
	}
}

// Origins of contracts are the last days of periods on or before those of others,
// each once.
func TestOriginsOfContractsEndPeriods(t *testing.T) {
	o := Origins{Days: []calendar.Day{dayOf(t, "2024-05-31"), dayOf(t, "2024-05-07"), dayOf(t, "2024-05-02"), dayOf(t, "2024-03-15")}}
	months := ledger.Opportunities{Grain: calendar.ByMonth, IsContractual: true}
	want := []calendar.Day{dayOf(t, "2024-05-31"), dayOf(t, "2024-04-30"), dayOf(t, "2024-02-29")}
	if got := o.between(months); !slices.Equal(got.Days, want) {
		t.Errorf("origins %v, want %v", got.Days, want)
	}
	months.IsContractual = false
	if got := o.between(months); !slices.Equal(got.Days, o.Days) {
		t.Errorf("without contracts %v, want %v", got.Days, o.Days)
	}
}

// The papers' hold-out of CDNOW: 39 weeks from 1997-09-30. Expected totals, MAE and
// RMSE of an independent program (own_reference), to 2e-6 as in the tests of fits.
func TestBacktestOfCDNOWAgreesWithTheReference(t *testing.T) {
	var reference struct {
		Sample struct {
			Programs struct {
				Own map[string]json.RawMessage `json:"own_reference"`
			}
		} `json:"cdnow_sample"`
	}
	if err := json.Unmarshal(shared(t, "reference/cdnow.json"), &reference); err != nil {
		t.Fatal(err)
	}
	h := historiesOf(MaxSample, shardOf(math.MaxInt32, cdnow(t)...))
	c := calibrate(settingsOf(models.BGNBD, models.MBGNBD), h.AsOf(dayOf(t, "1997-09-30")), nil, one)
	came := c.outcome(273)
	predictions := c.predict([]models.Family{models.BGNBD, models.MBGNBD}, dayOf(t, "1997-01-01"), 273, one)
	compared := 0
	for _, p := range predictions {
		name := map[string]string{string(models.BGNBD): "bgcnbd_k1", string(models.MBGNBD): "mbgcnbd_k1"}[p.name]
		content, ok := reference.Sample.Programs.Own[name]
		if !ok {
			continue
		}
		compared++
		var want struct {
			Holdout struct {
				Expected float64 `json:"expected_total"`
				Actual   float64 `json:"actual_total"`
				MAE      float64
				RMSE     float64
			}
		}
		if err := json.Unmarshal(content, &want); err != nil {
			t.Fatal(err)
		}
		m := sizes(p.purchases, came.purchases)
		for what, pair := range map[string][2]float64{
			"expected": {m.Predicted, want.Holdout.Expected}, "actual": {m.Actual, want.Holdout.Actual}, "mae": {m.MAE, want.Holdout.MAE}, "rmse": {m.RMSE, want.Holdout.RMSE},
		} {
			if math.Abs(pair[0]/pair[1]-1) > 2e-6 {
				t.Errorf("%s: %s is %v, want %v", p.name, what, pair[0], pair[1])
			}
		}
	}
	if compared != 2 {
		t.Errorf("%d models compared, want 2", compared)
	}
}

// Cutting off everything after the origin changes no bit of what is predicted.
func TestPredictionsDoNotSeeTheFuture(t *testing.T) {
	const until, origin, horizon = 500, 300, 150
	customers := simulated(2000, until, 3)
	var known [][]visit // who has come by the origin, so that they have the same numbers
	for _, visits := range customers {
		if visits[0].day <= origin {
			known = append(known, visits)
		}
	}
	predicted := func(last calendar.Day) []*prediction {
		h := historiesOf(MaxSample, shardOf(last, known...))
		list := calibrate(settingsOf(models.MBGNBD), h.AsOf(origin), nil, one).predict([]models.Family{models.MBGNBD}, 0, horizon, one)
		return list
	}
	whole, cut := predicted(until), predicted(origin)
	if len(whole) != 5 {
		t.Fatalf("%d predictions, want two models and three baselines", len(whole))
	}
	for i, p := range whole {
		if !reflect.DeepEqual(p, cut[i]) {
			t.Errorf("the predictions of %s differ", p.name)
		}
	}
}

// Whatever works on it, and however it is divided, the results are the same bits.
func TestResultsDoNotDependOnWorkers(t *testing.T) {
	customers := simulated(3000, 400, 4)
	run := func(each models.Each, cut int) Results {
		h := historiesOf(MaxSample, shardOf(math.MaxInt32, customers[:cut]...), shardOf(math.MaxInt32, customers[cut:]...))
		return Run(settingsOf(models.MBGNBD), frameOf(400), h, numeric.Known(calendar.Day(0)), 3, nil, each)
	}
	want := run(nil, 0)
	if len(want.Rows) == 0 || len(want.Days) != 3 {
		t.Fatalf("%d rows at %d origins: %s", len(want.Rows), len(want.Days), want.Reason)
	}
	for _, got := range []Results{run(several, 0), run(several, 1230)} {
		if !reflect.DeepEqual(got.Grades, want.Grades) {
			t.Errorf("grades differ: %+v", got.Grades.Widenings)
		}
		for i := range want.Rows {
			if got.Rows[i].Metrics != want.Rows[i].Metrics || got.Rows[i].WidenedCoverage != want.Rows[i].WidenedCoverage {
				t.Fatalf("row %d differs: %+v, want %+v", i, got.Rows[i], want.Rows[i])
			}
		}
	}
}

// Rows have the key's order and say everything once; the parts of the base add up
// to the whole.
func TestRowsAddUp(t *testing.T) {
	h := historiesOf(MaxSample, shardOf(math.MaxInt32, simulated(3000, 400, 5)...))
	r := Run(settingsOf(models.MBGNBD), frameOf(400), h, numeric.Known(calendar.Day(0)), 2, nil, nil)
	r.Choose(models.MBGNBD)
	type key struct {
		origin                        calendar.Day
		name, value                   string
		grain, measure, model, chosen any
	}
	seen := map[key]bool{}
	type whole struct {
		origin  calendar.Day
		name    string
		measure Measure
		model   string
	}
	sums := map[whole]float64{}
	for _, row := range r.Rows {
		k := key{row.Origin, row.Dimension.Name, row.Dimension.Value, row.Grain, row.Measure, row.Model, nil}
		if seen[k] {
			t.Errorf("twice: %v", k)
		}
		seen[k] = true
		if row.IsChosen != (row.Model == string(models.MBGNBD)) {
			t.Errorf("%s: is chosen %v", row.Model, row.IsChosen)
		}
		if row.Grain == ByCustomer {
			sums[whole{row.Origin, row.Dimension.Name, row.Measure, row.Model}] += row.Predicted
		}
	}
	for w, sum := range sums {
		all := sums[whole{w.origin, cohort.All.Name, w.measure, w.model}]
		if math.Abs(sum-all) > 1e-9*max(1, math.Abs(all)) { // sums of thousands in another order
			t.Errorf("%v adds up to %v, all is %v", w, sum, all)
		}
	}
	if want := 2 * 5 * 2 * 3; len(sums) != want {
		t.Errorf("%d sums, want %d: origins × models × measures × dimensions", len(sums), want)
	}
}

// As of day 100 the window is (70, 100], the one before (40, 70]: of a 365-day
// window there is no room, nor of 91 days. Customers 0 and 1 are active, 1 and 2
// were before; one of these two came back. So 3 purchases, 10.00, of 2 customers in
// 30 days, each expected for 60 more days of which the horizon has 40.
func TestBaselinesByHand(t *testing.T) {
	c := calibrate(settingsOf(models.MBGNBD), historiesOf(MaxSample, shardOf(math.MaxInt32,
		[]visit{{0, 1_0000, 0}, {75, 4_0000, 0}, {90, 3_0000, 0}},
		[]visit{{50, 1_0000, 0}, {100, 5_0000, -2_0000}, {120, 9_0000, 0}},
		[]visit{{60, 2_0000, 0}},
	)).AsOf(100), nil, one)
	list := c.predict(nil, 0, 40, one)
	got := map[string][2][]float64{}
	for _, p := range list {
		got[p.name] = [2][]float64{p.purchases, p.money}
	}
	for name, want := range map[string][2][]float64{
		DoNothing:     {{0, 0, 0}, {0, 0, 0}},
		NaiveLastYear: {{2, 1, 0}, {7, 3, 0}},
		FourStep:      {{2, 2, 0}, {10.0 / 60 * 40, 10.0 / 60 * 40, 0}},
	} {
		for k := range want {
			for i := range want[k] {
				wantNear(t, name, got[name][k][i], want[k][i])
			}
		}
	}
	if len(got) != 3 {
		t.Errorf("%d predictions of three customers, want the baselines alone", len(got))
	}
	came := c.outcome(40)
	if !slices.Equal(came.purchases, []float64{0, 1, 0}) || !slices.Equal(came.money, []float64{0, 9, 0}) {
		t.Errorf("came %+v", came)
	}
}

// A base of which too few buy again has no backtests, and that is said.
func TestTooFewRepeatersLeaveNoBacktests(t *testing.T) {
	var customers [][]visit
	for i := range 200 {
		customers = append(customers, []visit{{calendar.Day(i), 1_0000, 0}})
	}
	r := Run(settingsOf(models.MBGNBD), frameOf(400), historiesOf(MaxSample, shardOf(math.MaxInt32, customers...)), numeric.Known(calendar.Day(0)), 3, nil, nil)
	if len(r.Rows) > 0 || len(r.Days) > 0 || len(r.Grades.Holdouts) > 0 || r.Reason == "" {
		t.Errorf("%d rows, %v: %s", len(r.Rows), r.Days, r.Reason)
	}
	if w := r.Grades.Widening(models.Choice{Family: models.NBD}); w != models.NoWidening() {
		t.Errorf("intervals are widened by %+v", w)
	}
}
