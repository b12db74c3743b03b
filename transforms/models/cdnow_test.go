package models

import (
	"bufio"
	"cmp"
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/perennial-clv/perennial/transforms/money"
)

// shared returns the path of a file beside the repository, which is too large or
// not ours to commit. Without it the test is skipped, except where CI = true.
func shared(t testing.TB, path string) string {
	t.Helper()
	full := filepath.Join("..", "..", "..", "shared", filepath.FromSlash(path))
	if _, err := os.Stat(full); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("shared/%s is missing", path)
		}
		t.Skipf("shared/%s is not beside the repository", path)
	}
	return full
}

// shopper is one customer of CDNOW at the end of calibration.
type shopper struct {
	x, tx, T int32
	sum      int64 // of the repeat purchases, in 10⁻⁴
	logGaps  float64
}

// cdnow reads a CDNOW file as of 1997-09-30: purchases of a day are merged, and
// amounts of zero are purchases, as in the published analyses.
func cdnow(t testing.TB, file string, idColumn int) map[string]shopper {
	t.Helper()
	f, err := os.Open(shared(t, "data/cdnow/"+file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	end := time.Date(1997, 9, 30, 0, 0, 0, 0, time.UTC)
	days := map[string]map[int32]int64{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if fields[0] == "customer_id" {
			continue
		}
		date, err := time.Parse("20060102", fields[len(fields)-3])
		if err != nil {
			t.Fatal(err)
		}
		age := int32(end.Sub(date) / (24 * time.Hour))
		if age < 0 || date.After(end) {
			continue
		}
		dollars, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		if err != nil {
			t.Fatal(err)
		}
		id := strings.TrimLeft(fields[idColumn], "0")
		if days[id] == nil {
			days[id] = map[int32]int64{}
		}
		days[id][age] += int64(math.Round(dollars * money.Scale))
	}
	shoppers := map[string]shopper{}
	for id, byAge := range days {
		s := shopper{x: int32(len(byAge)) - 1}
		ages := slices.Sorted(maps.Keys(byAge))
		s.T = ages[len(ages)-1]
		s.tx = s.T - ages[0]
		for i, age := range ages[:len(ages)-1] {
			s.sum += byAge[age]
			s.logGaps += math.Log(float64(ages[i+1] - age))
		}
		shoppers[id] = s
	}
	return shoppers
}

// cellsOf counts equal customers.
func cellsOf(shoppers map[string]shopper) (cells []Cell, spend []SpendCell) {
	for _, s := range shoppers {
		cells = append(cells, Cell{X: s.x, Tx: s.tx, T: s.T, Count: 1})
		spend = append(spend, SpendCell{X: s.x, Sum: s.sum, Count: 1})
	}
	return mergeCells(cells), mergeSpend(spend)
}

func mergeCells(cells []Cell) []Cell {
	slices.SortFunc(cells, func(a, b Cell) int {
		return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(a.Tx, b.Tx), cmp.Compare(a.T, b.T))
	})
	merged := cells[:0]
	for _, c := range cells {
		if k := len(merged); k > 0 && merged[k-1].X == c.X && merged[k-1].Tx == c.Tx && merged[k-1].T == c.T {
			merged[k-1].Count += c.Count
			continue
		}
		merged = append(merged, c)
	}
	return merged
}

func mergeSpend(cells []SpendCell) []SpendCell {
	slices.SortFunc(cells, func(a, b SpendCell) int { return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(a.Sum, b.Sum)) })
	merged := cells[:0]
	for _, c := range cells {
		if k := len(merged); k > 0 && merged[k-1].X == c.X && merged[k-1].Sum == c.Sum {
			merged[k-1].Count += c.Count
			continue
		}
		merged = append(merged, c)
	}
	return merged
}

// referenceFit is a model in shared/reference/cdnow.json.
type referenceFit struct {
	Params, SE  map[string]float64
	Loglik      float64
	Palive      map[string]float64
	Cet         map[string]map[string]float64
	NewCustomer float64 `json:"expectation_new_customer_52w"`
	Discounted  struct {
		Year struct {
			Delta  float64 `json:"discount_continuous_per_week"`
			Values map[string]float64
		} `json:"horizon_52_weeks"`
	} `json:"discounted_expected_transactions"`
	Value struct {
		Values map[string]float64
	} `json:"clv_52w_continuous"`
	Spend          map[string]float64 `json:"expected_mean_spend"`
	PopulationMean float64            `json:"population_mean"`
	N              int64
}

// referenceOf returns what independent programs say of a data set.
func referenceOf(t *testing.T, dataset string) json.RawMessage {
	t.Helper()
	text, err := os.ReadFile(shared(t, "reference/cdnow.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]json.RawMessage
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file[dataset]
}

// reference returns the models of "own reference", an independent numpy/scipy
// program that polishes the maximum with Newton steps, and its count of cells.
func reference(t *testing.T, dataset string) (models map[string]referenceFit, cells int64) {
	t.Helper()
	var data struct {
		Programs struct {
			Own map[string]json.RawMessage `json:"own_reference"`
		}
	}
	if err := json.Unmarshal(referenceOf(t, dataset), &data); err != nil {
		t.Fatal(err)
	}
	models = map[string]referenceFit{}
	for _, name := range []string{"nbd", "bgcnbd_k1", "mbgcnbd_k1", "bgcnbd_k2", "mbgcnbd_k2", "bgcnbd_k3", "mbgcnbd_k3", "gammagamma_repeat_only"} {
		var m referenceFit
		if data.Programs.Own[name] == nil {
			continue // k = 3 was fitted to the sample alone
		}
		if err := json.Unmarshal(data.Programs.Own[name], &m); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		models[name] = m
	}
	if err := json.Unmarshal(data.Programs.Own["distinct_x_tx_T"], &cells); err != nil {
		t.Fatal(err)
	}
	return models, cells
}

// checkFit compares a fit with the reference. Parameters: 5 digits are asked for;
// the reference itself stopped within 1e-6. Standard errors: it differentiated
// numerically.
func checkFit(t *testing.T, f Fit, want referenceFit) {
	t.Helper()
	if f.Status != FitOK || !f.Converged {
		t.Fatalf("%s: status %s: %s", f.Family, f.Status, f.Reason)
	}
	for _, p := range f.Parameters {
		wantClose(t, string(f.Family)+" "+p.Name, p.Estimate, want.Params[p.Name], 1e-6)
		se, _ := p.StdError.Get()
		wantClose(t, string(f.Family)+" standard error of "+p.Name, se, want.SE[p.Name], 1e-4)
	}
	got, _ := f.LogLikelihood.Get()
	if got < want.Loglik-1e-6 || got > want.Loglik+1e-5 {
		t.Errorf("%s log-likelihood = %.9f, want %.9f, not less by more than 1e-6", f.Family, got, want.Loglik)
	}
}

func TestFitsOfCDNOWAgreeWithAnIndependentProgram(t *testing.T) {
	for _, data := range []struct {
		name, file string
		idColumn   int
	}{{"cdnow_sample", "CDNOW_sample.txt", 1}, {"cdnow_master", "CDNOW_master.txt", 0}} {
		t.Run(data.name, func(t *testing.T) {
			models, wantCells := reference(t, data.name)
			shoppers := cdnow(t, data.file, data.idColumn)
			cells, spendCells := cellsOf(shoppers)
			if int64(len(cells)) != wantCells {
				t.Fatalf("%d cells, want %d", len(cells), wantCells)
			}
			settings := DefaultFitSettings()
			spendFit := FitSpend(spendCells, settings)
			checkFit(t, spendFit, models["gammagamma_repeat_only"])
			spend, _ := spendFit.Spend()
			checkSpend(t, spendFit, shoppers, models["gammagamma_repeat_only"])
			nbd := FitPurchases(NBD, Data{Cells: cells}, settings)
			checkFit(t, nbd, models["nbd"])
			for family, name := range map[Family]string{BGNBD: "bgcnbd_k1", MBGNBD: "mbgcnbd_k1"} {
				f := FitPurchases(family, Data{Cells: cells}, settings)
				checkFit(t, f, models[name])
				t.Logf("%s: %d iterations", family, f.Iterations)
				m, _ := f.Purchases()
				checkPredictions(t, m.(Geometric), spend, cells, shoppers, models[name])
				candidate := Candidate{Fit: f, Reproduced: Reproduced(m, cells, 7)}
				if c := Choose([]Candidate{candidate}, nbd, false); c.Family != family {
					t.Errorf("the sole candidate %s was not chosen: %s", family, c.WhyNot[family])
				}
			}
		})
	}
}

// checkSpend compares the spend of single customers, 1e-6 as the parameters.
func checkSpend(t *testing.T, f Fit, shoppers map[string]shopper, want referenceFit) {
	t.Helper()
	s, ok := f.Spend()
	if !ok || f.Customers != want.N {
		t.Fatalf("gamma-gamma of %d customers (usable: %v), want %d", f.Customers, ok, want.N)
	}
	got, _ := s.PopulationMean().Get()
	wantClose(t, "mean value of the population", got, want.PopulationMean, 1e-6)
	for id, value := range want.Spend {
		c := shoppers[id]
		got, _ := s.Expected(int(c.x), meanOf(c)).Get()
		wantClose(t, "mean value of customer "+id, got, value, 1e-6)
	}
}

func meanOf(c shopper) float64 {
	if c.x == 0 {
		return 0
	}
	return float64(c.sum) / money.Scale / float64(c.x)
}

// checkPredictions compares the predictions for the named customers, by the
// model and by a Scorer. 2e-6: parameters that differ by 1e-7 move them so far.
func checkPredictions(t *testing.T, m Geometric, spend Spend, cells []Cell, shoppers map[string]shopper, want referenceFit) {
	t.Helper()
	const tolerance = 2e-6
	wantClose(t, "a new customer in 52 weeks", m.ExpectedNew(52), want.NewCustomer, tolerance)
	delta := want.Discounted.Year.Delta
	scorer := NewScorer(m, 7, delta/7, []float64{13 * 7, 39 * 7, 52 * 7}, cells, nil)
	for id, alive := range want.Palive {
		c := shoppers[id]
		what := string(m.Family) + " customer " + id
		score := scorer.Score(c.x, c.tx, c.T)
		wantClose(t, what+": P(alive)", score.Alive, alive, tolerance)
		for i, weeks := range []string{"weeks_13", "weeks_39", "weeks_52"} {
			wantClose(t, what+": expected in "+weeks, score.Outlook(i).Expected, want.Cet[weeks][id], tolerance)
		}
		wantClose(t, what+": discounted over a year", score.Outlook(2).Discounted, want.Discounted.Year.Values[id], tolerance)
		mean, _ := spend.Expected(int(c.x), meanOf(c)).Get()
		wantClose(t, what+": value of a year", mean*score.Outlook(2).Discounted, want.Value.Values[id], tolerance)
	}
}
