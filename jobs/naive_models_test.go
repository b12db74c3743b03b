package jobs_test

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/perennial-clv/perennial/jobs"
)

// naiveModel is MBG/NBD as published, in weeks, computed by integrals over the dropout probability in steps.
type naiveModel struct{ r, alpha, a, b float64 }

// overDropout is E_p[f(p)] with p ~ Beta(a, b): Simpson's rule on either side of ½, with u = p^a and u = (1 − p)^b, so that
// the ends are finite.
func (m naiveModel) overDropout(f func(p float64) float64) float64 {
	logBeta := naiveLogGamma(m.a) + naiveLogGamma(m.b) - naiveLogGamma(m.a+m.b)
	low := naiveSimpson(1000, math.Pow(0.5, m.a), func(u float64) float64 {
		p := math.Pow(u, 1/m.a)
		return f(p) * math.Pow(1-p, m.b-1) / m.a
	})
	high := naiveSimpson(1000, math.Pow(0.5, m.b), func(u float64) float64 {
		q := math.Pow(u, 1/m.b)
		return f(1-q) * math.Pow(1-q, m.a-1) / m.b
	})
	return (low + high) / math.Exp(logBeta)
}

func naiveLogGamma(x float64) float64 { value, _ := math.Lgamma(x); return value }

// naiveSimpson integrates f from 0 to end in an even number of steps. They shrink towards 0, where powers of the argument bend.
func naiveSimpson(steps int, end float64, f func(u float64) float64) float64 {
	sum := 0.0
	for i := range steps + 1 {
		x := float64(i) / float64(steps)
		weight := float64(2 + 2*(i%2))
		if i == 0 || i == steps {
			weight = 1
		}
		sum += weight * f(end*x*x*x) * end * 3 * x * x
	}
	return sum / 3 / float64(steps)
}

// retained is the probability that a new customer buys between two times: "E_p[(1 − p)·((α/(α + p·t1))^r − (α/(α + p·t1 +
// (t2 − t1)))^r)]": not gone after the first purchase, not gone by t1, and not silent until t2.
func (m naiveModel) retained(t1, t2 float64) float64 {
	return m.overDropout(func(p float64) float64 {
		return (1 - p) * (math.Pow(m.alpha/(m.alpha+p*t1), m.r) - math.Pow(m.alpha/(m.alpha+p*t1+t2-t1), m.r))
	})
}

// discountedRepeats is the integral over time of e^(−δt) times the rate of repeat purchases, for who stayed after the first.
func (m naiveModel) discountedRepeats(delta float64) float64 {
	return m.overDropout(func(p float64) float64 {
		// At most e^−40 is left out. The rate of who is alive falls as purchases do: (r/α)·(1 + p·t/α)^−(r+1).
		return (1 - p) * naiveSimpson(1000, 40/delta, func(t float64) float64 {
			return math.Exp(-delta*t) * m.r / m.alpha * math.Pow(1+p*t/m.alpha, -m.r-1)
		})
	})
}

// TestModelColumnsAgreeWithNaiveImplementation: on the sample, large enough for fits, what follows from the published
// parameters is published: labels, the model's curve, and the value of a new customer.
func TestModelColumnsAgreeWithNaiveImplementation(t *testing.T) {
	out, asOf := runSample(t)
	parameters := tableRows(t, out, "model_parameters")
	parameter := func(id, name string) float64 {
		return rowBy(t, parameters, "model_id", id, "parameter", name)["estimate"].(float64)
	}
	const id = "mbg_nbd/all/all"
	m := naiveModel{parameter(id, "r"), parameter(id, "alpha"), parameter(id, "a"), parameter(id, "b")}
	customers := tableRows(t, out, "customers")
	t.Run("labels", func(t *testing.T) { modelLabels(t, m, asOf, customers) })
	t.Run("curve", func(t *testing.T) { modelCurve(t, m, tableRows(t, out, "retention_curves")) })
	t.Run("new customer", func(t *testing.T) {
		p, q, gamma := parameter("gamma_gamma/all/all", "p"), parameter("gamma_gamma/all/all", "q"), parameter("gamma_gamma/all/all", "gamma")
		factor := rowBy(t, tableRows(t, out, "models"), "model_id", "gamma_gamma/all/all")["net_revenue_factor"].(float64)
		purchase := p * gamma / (q - 1) * factor
		modelOfNewCustomer(t, purchase*(1+m.discountedRepeats(math.Log(1.1)/365.25*7)), customers, tableRows(t, out, "clv_formulas"))
	})
}

// runSample runs the demo's job on a sample of 1,500 customers and returns the folder of its tables.
func runSample(t *testing.T) (out string, asOf time.Time) {
	t.Helper()
	sample, err := jobs.NewSample(jobs.SampleOptions{Customers: 1500, Seed: 11})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	if err := sample.WriteCSV(context.Background(), 2, &log); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "orders.csv"), log.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := newRun(load(t, jobs.DemoJob(filepath.ToSlash(dir)), nil), sample.LastDay()).Do(context.Background()); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "out"), naiveParse(t, sample.LastDay().String())
}

// modelLabels: "value_tier: value_percentile top ≥ 99, high ≥ 90, medium ≥ 50, low · expected_next_purchase_date NULL (median
// given alive and silent up to as_of; NULL if probability_alive < 0.5)".
func modelLabels(t *testing.T, m naiveModel, asOf time.Time, customers []map[string]any) {
	seen := map[any]int{}
	for _, row := range customers {
		var tier any
		if percentile, ok := row["value_percentile"].(int64); ok {
			switch {
			case percentile >= 99:
				tier = "top"
			case percentile >= 90:
				tier = "high"
			case percentile >= 50:
				tier = "medium"
			default:
				tier = "low"
			}
		}
		var next any
		if alive, ok := row["probability_alive"].(float64); ok && alive >= 0.5 {
			next = naiveText(asOf.AddDate(0, 0, m.medianDays(float64(row["frequency"].(int64)), float64(row["age_days"].(int64)))))
			seen["next"]++
		}
		seen[tier]++
		if row["value_tier"] != tier || row["expected_next_purchase_date"] != next {
			t.Errorf("tier %v, next purchase %v; want %v, %v: %v", row["value_tier"], row["expected_next_purchase_date"], tier, next, row)
		}
	}
	for _, label := range []any{"top", "high", "medium", "low", "next"} {
		if seen[label] == 0 {
			t.Errorf("nobody has %v", label)
		}
	}
}

// medianDays is the first whole day by which at most half are still silent: ((α + T)/(α + T + h))^(r + x) ≤ ½.
func (m naiveModel) medianDays(x, age float64) int {
	silent := func(days int) float64 {
		return math.Pow((m.alpha+age/7)/(m.alpha+age/7+float64(days)/7), m.r+x)
	}
	low, high := 0, 1
	for silent(high) > 0.5 {
		low, high = high, 2*high
	}
	for high-low > 1 {
		if middle := (low + high) / 2; silent(middle) > 0.5 {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// modelCurve: "offsets 0 to as far as the same grain's rolling bounded curve reaches, plus as many periods as make one year".
// Simpson's rule is good to 1e-9 here.
func modelCurve(t *testing.T, m naiveModel, curves []map[string]any) {
	observed := naiveSelect(curves, naiveColumns{"dimension_name": "all", "curve_type": "bounded", "offset_mode": "rolling"})
	points := naiveSelect(curves, naiveColumns{"curve_type": "model"})
	if len(points) != len(observed)+12 || len(observed) < 12 {
		t.Fatalf("%d points of the model, %d of what was observed", len(points), len(observed))
	}
	const month = 365.25 / 12 / 7 // weeks
	for i, row := range points {
		for column, want := range map[string]any{
			"dimension_name": "all", "dimension_value": "all", "offset_mode": "rolling", "period_grain": "month", "period_offset": int64(i),
			"cohorts_included": nil, "exposed_customers": nil, "events": nil, "rate_low": nil, "rate_high": nil, "hazard": nil,
			"is_extrapolated": i >= len(observed), "model_id": "mbg_nbd/all/all",
		} {
			if row[column] != want {
				t.Errorf("offset %d: %s is %v, want %v", i, column, row[column], want)
			}
		}
		within(t, "rate", row["rate"], m.retained(float64(i)*month, float64(i+1)*month), 1e-8)
	}
}

// modelOfNewCustomer: model_clv stands in every row of the whole base and in none of a part; its contribution is the base's
// share of the net revenue.
func modelOfNewCustomer(t *testing.T, net float64, customers, formulas []map[string]any) {
	share := float64(naiveTotal(customers, "contribution", nil)) / float64(naiveTotal(customers, "net_revenue", nil))
	for _, row := range formulas {
		if row["dimension_name"] != "all" {
			if row["model_clv"] != nil || row["ratio_to_model"] != nil {
				t.Errorf("a part of the base has a model: %v", row)
			}
			continue
		}
		want := net
		if row["value_basis"] == "contribution" {
			want *= share
		}
		got := float64(row["model_clv"].(int64)) / naiveUnit
		within(t, "model_clv", got, want, 1e-6)
		if value, ok := row["clv"].(int64); ok {
			within(t, "ratio_to_model", row["ratio_to_model"], float64(value)/naiveUnit/got, 1e-12)
		}
	}
}
