package models

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"testing"
)

// relative returns |got/want − 1|, 0 where both are the same (also infinite).
func relative(got, want float64) float64 {
	if got == want {
		return 0
	}
	return math.Abs(got/want - 1)
}

// wantClose fails the test where got is not within tolerance of want, relatively.
func wantClose(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(relative(got, want) <= tolerance) {
		t.Errorf("%s = %.15g, want %.15g (relative error %.1e, allowed %.0e)", what, got, want, relative(got, want), tolerance)
	}
}

// readJSON reads a file of testdata.
func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// number parses a number of the files, which keep more digits than a float64.
func number(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The parameters that the literature prints for CDNOW, at which the tables of
// high precision are computed. Time in weeks.
var (
	publishedBG  = Geometric{Family: BGNBD, R: 0.243, Alpha: 4.414, A: 0.793, B: 2.426}
	publishedMBG = Geometric{Family: MBGNBD, R: 0.525, Alpha: 6.183, A: 0.891, B: 1.614}
)

func TestPointsAgreeWithFortyDigits(t *testing.T) {
	// mpmath 1.2.1, 40 digits. 1e-11: P(alive) of 1e-11 and its multiples carry
	// the rounding of an exponent of 25.
	var file struct {
		Points []struct {
			Point struct {
				Cust, X   int
				Tx        float64 `json:"t_x"`
				T         float64
				MeanValue float64 `json:"m_rep"`
			}
			Values map[string]struct {
				Params       []float64
				Loglik       string
				Palive       string
				Cet          map[string]string
				ExpectedMean string `json:"expected_mean"`
			}
		}
	}
	readJSON(t, "cdnow_points_40digits.json", &file)
	if len(file.Points) != 9 {
		t.Fatalf("%d points, want 9", len(file.Points))
	}
	for _, p := range file.Points {
		for name, m := range map[string]Geometric{"bgnbd_published": publishedBG, "mbgnbd": publishedMBG} {
			want := p.Values[name]
			x, tx, T := p.Point.X, p.Point.Tx, p.Point.T
			what := name + " of customer " + strconv.Itoa(p.Point.Cust)
			wantClose(t, what+": log-likelihood", m.LogLikelihood(x, tx, T), number(t, want.Loglik), 1e-13)
			wantClose(t, what+": P(alive)", m.ProbabilityAlive(x, tx, T), number(t, want.Palive), 1e-13)
			for weeks, value := range want.Cet {
				wantClose(t, what+": expected in "+weeks, m.Expected(x, tx, T, number(t, weeks)), number(t, value), 1e-12)
			}
		}
		if want, ok := p.Values["gg_published"]; ok {
			s := Spend{P: want.Params[0], Q: want.Params[1], Gamma: want.Params[2]}
			x, m := p.Point.X, p.Point.MeanValue
			wantClose(t, "gamma-gamma log-likelihood", s.LogLikelihood(x, m), number(t, want.Loglik), 1e-13)
			got, _ := s.Expected(x, m).Get()
			wantClose(t, "gamma-gamma mean", got, number(t, want.ExpectedMean), 1e-14)
		}
	}
}

func TestStressCellsAgreeWithHighPrecision(t *testing.T) {
	// From a cell of one day to 1,500 purchases and P(alive) of 1e-22. The table
	// prints 12 digits, which is the tolerance.
	var file struct {
		Rows []struct {
			Family        Family
			X             int
			Tx, T         float64
			LogLikelihood float64 `json:"log_likelihood"`
			Alive         float64
			Expected52    float64 `json:"expected_52"`
			Discounted    float64
		}
	}
	readJSON(t, "stress_cells.json", &file)
	if len(file.Rows) != 20 {
		t.Fatalf("%d rows, want 20", len(file.Rows))
	}
	for _, row := range file.Rows {
		m := publishedBG
		if row.Family == MBGNBD {
			m = publishedMBG
		}
		what := string(row.Family) + " x=" + strconv.Itoa(row.X) + " T=" + strconv.FormatFloat(row.T, 'g', 6, 64)
		wantClose(t, what+": log-likelihood", m.LogLikelihood(row.X, row.Tx, row.T), row.LogLikelihood, 1e-11) // of terms of 1,000 that add up to 0.1
		wantClose(t, what+": P(alive)", m.ProbabilityAlive(row.X, row.Tx, row.T), row.Alive, 3e-12)
		wantClose(t, what+": expected in 52", m.Expected(row.X, row.Tx, row.T, 52), row.Expected52, 3e-12)
		wantClose(t, what+": discounted", m.Discounted(row.X, row.Tx, row.T, 0.0027, math.Inf(1)), row.Discounted, 3e-12)
	}
}

func TestPublishedExpectationsIncludingThoseOtherProgramsMiss(t *testing.T) {
	// mpmath, 12 digits printed. Very long horizons; r = .11: lifetimes gives NaN
	// (its issue 302); a = 1: the closed form divides by 0.
	mle := Geometric{Family: BGNBD, R: .24259452, Alpha: 4.41360174, A: .79292197, B: 2.42590660}
	one := publishedBG
	one.A = 1
	rows := []struct {
		what      string
		got, want float64
		tolerance float64
	}{
		{"x=100, horizon 52", publishedBG.Expected(100, 100, 104, 52), 30.6435689879, 3e-12},
		{"x=500, horizon 52", publishedBG.Expected(500, 100, 104, 52), .000878739595899, 3e-12},
		{"x=100, horizon 5000", publishedBG.Expected(100, 104, 104, 5000), 593.466280534, 3e-12},
		{"x=300, horizon 5000", publishedBG.Expected(300, 104, 104, 5000), 1772.21842787, 3e-12},
		{"x=500, horizon 5000", publishedBG.Expected(500, 104, 104, 5000), 2950.96235263, 3e-12},
		{"a+b < 1", Geometric{BGNBD, .11, 2.24, .31, .5}.Expected(0, 0, 1, 30), .564588615533, 3e-12},
		{"a = 1", one.Expected(2, 30.43, 38.86, 39), 1.10213678604, 3e-12},
		// Printed with 8 decimals of parameters, so good to 1e-7 of the value.
		{"discounted at the maximum, x=2", mle.Discounted(2, 213.0/7, 272.0/7, .0027, math.Inf(1)), 5.15663189, 1e-7},
		{"discounted at the maximum, x=26", mle.Discounted(26, 216.0/7, 31, .0027, math.Inf(1)), 70.90910940, 1e-7},
		{"discounted at the maximum, x=0", mle.Discounted(0, 0, 272.0/7, .0027, math.Inf(1)), 1.01425729, 1e-7},
	}
	for _, row := range rows {
		wantClose(t, row.what, row.got, row.want, row.tolerance)
	}
}

func TestFuturesAgreeWithHighPrecision(t *testing.T) {
	// testdata/generate.py. New and old customers, dropout rare to frequent, horizons
	// from a day to a century, rates of discount from 0.05 % to 1200 % a year. The
	// tolerance is what the quadratures are chosen for, with a digit to spare.
	var file struct {
		Rows []struct {
			Model [4]float64
			H     *float64
			Delta float64
			Value string
		}
	}
	readJSON(t, "futures_25digits.json", &file)
	for _, row := range file.Rows {
		h := math.Inf(1)
		if row.H != nil {
			h = *row.H
		}
		f := future{r: row.Model[0], alpha: row.Model[1], a: row.Model[2], b: row.Model[3]}
		what := strconv.FormatFloat(h, 'g', 4, 64) + " at " + strconv.FormatFloat(row.Delta, 'g', 4, 64)
		if got, want := f.discounted(row.Delta, h), number(t, row.Value); !(relative(got, want) <= 1e-11) {
			t.Errorf("model %v, horizon %s: %.15g, want %.15g (relative error %.1e)", row.Model, what, got, want, relative(got, want))
		}
	}
}
