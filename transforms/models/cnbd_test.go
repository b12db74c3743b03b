package models

import (
	"math"
	"strconv"
	"testing"
)

// The parameters near the maxima on CDNOW, in weeks, at which points of high
// precision are known.
var (
	publishedBG2  = Erlang{Family: BGCNBD2, K: 2, R: 0.227, Alpha: 1.463, A: 0.944, B: 2.074}
	publishedMBG3 = Erlang{Family: MBGCNBD3, K: 3, R: 0.533, Alpha: 1.258, A: 1.289, B: 1.845}
)

func TestErlangPointsAgreeWithFortyDigits(t *testing.T) {
	// mpmath 1.2.1, 40 digits, with the gaps of each customer.
	var file struct {
		Points []struct {
			Point struct {
				Cust, X int
				Tx      float64 `json:"t_x"`
				T, Litt float64
			}
			Values map[string]struct{ Loglik, Palive string }
		}
	}
	readJSON(t, "cdnow_points_40digits.json", &file)
	for _, p := range file.Points {
		for name, m := range map[string]Erlang{"bgcnbd2": publishedBG2, "mbgcnbd3": publishedMBG3} {
			want := p.Values[name]
			x, tx, T := p.Point.X, p.Point.Tx, p.Point.T
			what := name + " of customer " + strconv.Itoa(p.Point.Cust)
			wantClose(t, what+": log-likelihood", m.LogLikelihood(x, tx, T)+float64(m.K-1)*p.Point.Litt, number(t, want.Loglik), 1e-12)
			wantClose(t, what+": P(alive)", At(m, x, tx, T).ProbabilityAlive(), number(t, want.Palive), 1e-12)
		}
	}
}

func TestErlangFuturesAgreeWithHighPrecision(t *testing.T) {
	// testdata/generate_erlang.py. New and old customers, regular and not, dropout
	// rare to frequent, horizons from a day to ten years. The tolerance is what the
	// quadratures are chosen for.
	var file struct {
		Rows []struct {
			K, Stage int
			Model    [4]float64
			What     string
			H, Delta float64
			From     float64
			Value    string
		}
	}
	readJSON(t, "erlang_futures.json", &file)
	for i, row := range file.Rows {
		f := erlangFuture{r: row.Model[0], alpha: row.Model[1], a: row.Model[2], b: row.Model[3], k: row.K, stage: row.Stage}
		var got float64
		switch row.What {
		case "expected":
			got = f.Expected(row.H)
		case "forever":
			got = f.Discounted(row.Delta, math.Inf(1))
		case "discounted":
			got = f.Discounted(row.Delta, row.H)
		case "retained":
			got = f.Retained(row.From, row.H)
		}
		if want := number(t, row.Value); !(relative(got, want) <= 1e-12) {
			t.Errorf("row %d %+v: %.15g (relative error %.1e)", i, row, got, relative(got, want))
		}
	}
}
